// SPDX-License-Identifier: GPL-2.0
/*
 * A flight recorder of the kernel: an example of a ring in memory that the boot has
 * reserved. It records the lines of the kernel's log, context switches, oopses and
 * the panic. The ring overwrites its oldest records, and keeps the others over a
 * reboot: the next boot reads the last seconds of this one, see
 * userspace/examples/blackbox.c.
 *
 *	(command line of the kernel)	reserve_mem=5M:4096:blackbox
 *	insmod mmapshare.ko reserved=blackbox
 *	insmod mmapshare_blackbox.ko
 *
 * Records are published in the context of what they describe: in the scheduler with
 * the lock of a run queue, in printk(), in an NMI. mmapshare_reserve() allows that.
 */
#include <linux/crc32.h>
#include <linux/err.h>
#include <linux/kdebug.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/tracepoint.h>
#include <linux/utsname.h>
#include <mmapshare_ring.h>
#include "blackbox.h"

static char *reserved = "blackbox";
module_param(reserved, charp, 0444);
MODULE_PARM_DESC(reserved, "Reserved memory for the ring, and NAME of /dev/mmapshare-NAME (default blackbox)");

static bool sched = true;
module_param(sched, bool, 0444);
MODULE_PARM_DESC(sched, "Record context switches (default Y)");

static struct mmapshare_source *source;

/* Return: where the @length bytes of the record go, or NULL. */
static void *blackbox_reserve(enum blackbox_type type, u32 length)
{
	struct blackbox_record *record;

	record = mmapshare_reserve(source, sizeof(*record) + length);
	if (IS_ERR(record))
		return NULL;
	*record = (struct blackbox_record) {
		.type = type,
		.time = ktime_get_boot_fast_ns(),
		.cpu = raw_smp_processor_id(),
		.length = length,
	};
	return record + 1;
}

/* Readers are not woken for each record: that would be another context switch. */
static void blackbox_commit(void *bytes)
{
	struct blackbox_record *record = bytes - sizeof(*record);
	const size_t skip = sizeof(record->crc);

	record->crc = ~crc32_le(~0U, (u8 *)record + skip,
				sizeof(*record) - skip + record->length);
	mmapshare_commit_flags(source, record, MMAPSHARE_NO_WAKEUP);
}

static void blackbox_text(enum blackbox_type type, const char *text, size_t length)
{
	void *record;

	length = min_t(size_t, length, BLACKBOX_TEXT_MAX);
	record = blackbox_reserve(type, length);
	if (!record)
		return;
	memcpy(record, text, length);
	blackbox_commit(record);
}

static void blackbox_start(void)
{
	struct blackbox_start *start = blackbox_reserve(BLACKBOX_START, sizeof(*start));

	if (!start)
		return;
	memset(start, 0, sizeof(*start));
	start->time = ktime_get_real_ns();
	strscpy(start->release, utsname()->release, sizeof(start->release));
	blackbox_commit(start);
}

/* Probe of the tracepoint "console": printk() has stored a line. Any context. */
static void blackbox_log(void *unused, const char *text, size_t length)
{
	while (length && text[length - 1] == '\n')
		length--;
	blackbox_text(BLACKBOX_LOG, text, length);
}

/* Probe of the tracepoint "sched_switch". The lock of the run queue is held. */
static void blackbox_switch(void *unused, bool preempt, struct task_struct *prev,
			    struct task_struct *next, unsigned int prev_state)
{
	struct blackbox_switch *record = blackbox_reserve(BLACKBOX_SWITCH, sizeof(*record));

	if (!record)
		return;
	record->prev_pid = prev->pid;
	record->next_pid = next->pid;
	record->prev_state = preempt ? 0 : prev_state;
	record->reserved = 0;
	memcpy(record->prev_comm, prev->comm, sizeof(record->prev_comm));
	memcpy(record->next_comm, next->comm, sizeof(record->next_comm));
	blackbox_commit(record);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} probes[] = {
	{ .name = "console", .probe = blackbox_log },
	{ .name = "sched_switch", .probe = blackbox_switch },
};

/* The kernel does not export these tracepoints: find them by their names. */
static void blackbox_find(struct tracepoint *tp, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(tp->name, probes[i].name))
			probes[i].tp = tp;
}

static void blackbox_unprobe(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		if (probes[i].tp)
			tracepoint_probe_unregister(probes[i].tp, probes[i].probe, NULL);
	/* no probe is running any more */
	tracepoint_synchronize_unregister();
}

/* A tracepoint that the kernel lacks is not recorded. */
static void blackbox_probe(void)
{
	size_t i;

	for_each_kernel_tracepoint(blackbox_find, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].probe == blackbox_switch && !sched)
			probes[i].tp = NULL;
		if (probes[i].tp &&
		    tracepoint_probe_register(probes[i].tp, probes[i].probe, NULL))
			probes[i].tp = NULL;
	}
}

static int blackbox_die(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct die_args *args = data;

	if (action == DIE_OOPS && args->str)
		blackbox_text(BLACKBOX_OOPS, args->str, strlen(args->str));
	return NOTIFY_DONE;
}

static struct notifier_block die_notifier = { .notifier_call = blackbox_die };

static int blackbox_panic(struct notifier_block *nb, unsigned long action, void *data)
{
	const char *text = data ?: "";

	blackbox_text(BLACKBOX_PANIC, text, strlen(text));
	return NOTIFY_DONE;
}

static struct notifier_block panic_notifier = { .notifier_call = blackbox_panic };

static int blackbox_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	const char *text = action == SYS_RESTART ? "restart" :
			   action == SYS_HALT ? "halt" : "power off";

	blackbox_text(BLACKBOX_DOWN, text, strlen(text));
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = blackbox_reboot };

static int __init blackbox_init(void)
{
	const struct mmapshare_params params = {
		.name = reserved,
		.mode = 0400,
		.consumers = 4,
		.flags = MMAPSHARE_OVERWRITE | MMAPSHARE_MULTI_PRODUCER,
		.reserved = reserved,
	};

	source = mmapshare_source_create(&params);
	if (IS_ERR(source))
		return PTR_ERR(source);
	blackbox_start();
	blackbox_probe();
	register_die_notifier(&die_notifier);
	atomic_notifier_chain_register(&panic_notifier_list, &panic_notifier);
	register_reboot_notifier(&reboot_notifier);
	return 0;
}

static void __exit blackbox_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
	atomic_notifier_chain_unregister(&panic_notifier_list, &panic_notifier);
	unregister_die_notifier(&die_notifier);
	blackbox_unprobe();
	blackbox_text(BLACKBOX_STOP, "unloaded", strlen("unloaded"));
	mmapshare_source_put(source);
}

module_init(blackbox_init);
module_exit(blackbox_exit);

MODULE_DESCRIPTION("mmapshare: a flight recorder that survives the kernel");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
