// SPDX-License-Identifier: GPL-2.0
/*
 * Helper of the selftests: publishes records to a ring in reserved memory, from a
 * thread on each CPU, until the kernel dies. After each commit a thread stores the
 * number of its record to a second region in reserved memory: the next boot knows
 * by that which records it must find.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "compat.h"
#include "mmapshare_ring.h"
#include "survive.h"

static char *ring = "ring";
module_param(ring, charp, 0444);
MODULE_PARM_DESC(ring, "Reserved memory of the ring (default ring)");

static char *counts = "counts";
module_param(counts, charp, 0444);
MODULE_PARM_DESC(counts, "Reserved memory of the numbers (default counts); empty for none");

static bool overwrite = true;
module_param(overwrite, bool, 0444);
MODULE_PARM_DESC(overwrite, "The ring overwrites old records (default)");

static struct mmapshare_source *source;
static struct mmapshare_region *region;
static struct task_struct *threads[SURVIVE_THREADS];

/* Constant while threads run. */
static unsigned int nr_threads;
static u64 first_numbers[SURVIVE_THREADS];

/* How many records a thread may be ahead of another one */
#define SURVIVE_AHEAD	64

/* Publish one record of a random length. Return: 0 or a negative errno. */
static int survive_publish(struct rnd_state *rnd, u32 thread, u64 number)
{
	const u32 length = prandom_u32_state(rnd) % SURVIVE_BYTES;
	struct survive_record *record;

	record = mmapshare_reserve(source, sizeof(*record) + length);
	if (IS_ERR(record))
		return PTR_ERR(record);
	record->number = number;
	record->thread = thread;
	prandom_bytes_state(rnd, record->bytes, length);
	/* without the CRC itself, which is the first member */
	record->crc = ~mms_crc32c(~0U, &record->thread,
				  sizeof(*record) - offsetof(struct survive_record, thread) +
				  length);
	mmapshare_commit(source, record);
	return 0;
}

/*
 * Is a thread far ahead of another one? If it went on, it could overwrite all records
 * of the other one, of which the next boot must find the last.
 */
static bool survive_is_ahead(const u64 *counts, const u64 *first, u64 done)
{
	unsigned int i;

	for (i = 0; i < nr_threads; i++)
		if (done > READ_ONCE(counts[i]) - first[i] + SURVIVE_AHEAD)
			return true;
	return false;
}

static int survive_thread(void *context)
{
	const u32 thread = (unsigned long)context;
	u64 *counts = mmapshare_region_address(region), *count = counts + thread;
	u64 number = READ_ONCE(*count);
	struct rnd_state rnd;

	prandom_seed_state(&rnd, number + thread);
	while (!kthread_should_stop()) {
		if (!survive_is_ahead(counts, first_numbers, number - first_numbers[thread]) &&
		    !survive_publish(&rnd, thread, number + 1))
			WRITE_ONCE(*count, ++number);
		cond_resched();
	}
	return 0;
}

static void survive_stop(void)
{
	unsigned int i;

	for (i = 0; i < SURVIVE_THREADS; i++)
		if (threads[i])
			kthread_stop(threads[i]);
	mmapshare_source_put(source);
	mmapshare_region_put(region);
}

static int __init survive_start(unsigned int i, unsigned int cpu)
{
	struct task_struct *thread = kthread_create(survive_thread, (void *)(unsigned long)i,
						    "survive/%u", i);

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	kthread_bind(thread, cpu);
	threads[i] = thread;
	wake_up_process(thread);
	return 0;
}

static int __init survive_init(void)
{
	struct mmapshare_params params = {
		.mode = 0600,
		.size = *counts ? 0 : PAGE_SIZE,
		.reserved = *counts ? counts : NULL,
	};
	unsigned int i = 0, cpu;
	int ret = 0;

	region = mmapshare_region_create(&params);
	if (IS_ERR(region))
		return PTR_ERR(region);
	params = (struct mmapshare_params) {
		.name = ring,
		.mode = 0600,
		.consumers = 2,
		.flags = MMAPSHARE_MULTI_PRODUCER | (overwrite ? MMAPSHARE_OVERWRITE : 0),
		.reserved = ring,
	};
	source = mmapshare_source_create(&params);
	if (IS_ERR(source)) {
		mmapshare_region_put(region);
		return PTR_ERR(source);
	}
	nr_threads = min_t(unsigned int, num_online_cpus(), SURVIVE_THREADS);
	memcpy(first_numbers, mmapshare_region_address(region), sizeof(first_numbers));
	for_each_online_cpu(cpu) {
		if (i == nr_threads || ret)
			break;
		ret = survive_start(i++, cpu);
	}
	if (ret)
		survive_stop();
	return ret;
}

static void __exit survive_exit(void)
{
	survive_stop();
}

module_init(survive_init);
module_exit(survive_exit);

MODULE_DESCRIPTION("mmapshare: a producer of the selftests that dies with the kernel");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
