// SPDX-License-Identifier: GPL-2.0
/*
 * Several random faults per call, so that faults also hit error paths. The
 * region keeps its bytes, and nothing is leaked. $SEED repeats a run, $ROUNDS
 * sets its length.
 */
#include "inject.h"
#include <time.h>

#define TASK		"/proc/thread-self/make-it-fail"
#define SEED_OF_BYTES	11

struct runner {
	const struct device *dev;
	uint64_t state;
	char buf[8192];
};

static uint32_t random_below(struct runner *p, uint32_t limit)
{
	/* xorshift64* */
	p->state ^= p->state >> 12;
	p->state ^= p->state << 25;
	p->state ^= p->state >> 27;
	return ((p->state * 0x2545f4914f6cdd1dULL) >> 33) % limit;
}

static bool set_fault(const char *fault, const char *name, const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), INJECT_DEBUG "%s/%s", fault, name);
	return inject_put(path, value);
}

/*
 * Enable or disable faults for this thread. Retries, because a fault can hit
 * the write that disables them.
 */
static void enable_faults(int fd, char enable)
{
	while (pwrite(fd, &enable, 1, 0) != 1)
		;
}

static void map_and_touch(struct runner *p)
{
	bool cow = has_feature(p->dev, MMAPSHARE_FEAT_COW);
	size_t page = p->dev->page, pages = p->dev->size / page;
	size_t first = random_below(p, pages), n = 1 + random_below(p, pages - first), i;
	int flags = cow && random_below(p, 2) ? MAP_PRIVATE : MAP_SHARED;
	volatile char *mem;

	if (!random_below(p, 3))
		flags |= MAP_POPULATE;
	mem = mmap(NULL, n * page, PROT_READ | PROT_WRITE, flags, p->dev->fd,
		   first * page);
	if (mem == MAP_FAILED)
		return;
	/* store the bytes the region holds already */
	for (i = 0; i < n; i += 1 + random_below(p, 64)) {
		if (random_below(p, 2))
			(void)mem[i * page];
		else
			mem[i * page] = byte_at((first + i) * page,
						SEED_OF_BYTES);
	}
	if (n > 2 && random_below(p, 2))
		mprotect((char *)mem + page, page, PROT_READ);
	if (n > 4 && random_below(p, 2))
		munmap((char *)mem + 3 * page, page);
	if (random_below(p, 2)) {
		void *moved = mremap((char *)mem, page, page,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP);

		if (moved != MAP_FAILED)
			while (munmap(moved, page))
				;
	}
	if (p->dev->info.strategy != MMAPSHARE_STRATEGY_PFN && !random_below(p, 4)) {
		long pid = fork_raw();

		if (!pid)
			_exit(0);
		while (pid > 0 && waitpid(pid, NULL, 0) != pid)
			;
	}
	while (munmap((char *)mem, n * page))
		;
}

static void read_and_write(struct runner *p)
{
	size_t at = random_below(p, p->dev->size - sizeof(p->buf));
	size_t n = 1 + random_below(p, sizeof(p->buf));

	make_bytes(p->buf, n, at, SEED_OF_BYTES);
	if (random_below(p, 2))
		(void)!pwrite(p->dev->fd, p->buf, n, at);
	else
		(void)!pread(p->dev->fd, p->buf, n, at);
}

static void open_and_query(struct runner *p)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct mmapshare_info info;

	if (fd < 0)
		return;
	device_info(fd, &info);
	kernel_checksum(fd, random_below(p, p->dev->size), 0);
	close(fd);
}

static void do_random_call(struct runner *p)
{
	switch (random_below(p, 4)) {
	case 0:
		return read_and_write(p);
	case 1:
		return open_and_query(p);
	default:
		return map_and_touch(p);
	}
}

static unsigned long env_number(const char *name, unsigned long fallback)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : fallback;
}

/*
 * The kernel injects at most this many faults of each kind. It counts "times"
 * down from there.
 */
#define FAULTS_MAX	1000000

static long count_injected(void)
{
	char path[80];
	long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(inject_faults); i++) {
		snprintf(path, sizeof(path), INJECT_DEBUG "%s/times", inject_faults[i]);
		sum += FAULTS_MAX - inject_read_long(path);
	}
	return sum;
}

FIXTURE_VARIANT(inject) {
	const char *percent;
};

FIXTURE_VARIANT_ADD(inject, few_faults) { .percent = "3" };
FIXTURE_VARIANT_ADD(inject, many_faults) { .percent = "20" };

TEST_F_TIMEOUT(inject, random_calls, INJECT_TIMEOUT)
{
	unsigned long seed = env_number("SEED", time(NULL));
	unsigned long rounds = env_number("ROUNDS", 1200);
	struct runner p = { .dev = &self->dev, .state = seed + 1 };
	int task = open(TASK, O_WRONLY | O_CLOEXEC);
	char *map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	size_t i;

	if (!inject_reject_caller(self->dev.info.strategy == MMAPSHARE_STRATEGY_PFN ?
				  INJECT_REJECT_REMAP : INJECT_REJECT_VMALLOC))
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	TH_LOG("SEED=%lu ROUNDS=%lu", seed, rounds);
	ASSERT_LE(0, task);
	ASSERT_NE(MAP_FAILED, map);
	make_bytes(map, self->dev.size, 0, SEED_OF_BYTES);
	for (i = 0; i < ARRAY_SIZE(inject_faults); i++) {
		ASSERT_TRUE(set_fault(inject_faults[i], "times", "1000000"));
		ASSERT_TRUE(set_fault(inject_faults[i], "interval", "1"));
		ASSERT_TRUE(set_fault(inject_faults[i], "task-filter", "Y"));
		ASSERT_TRUE(set_fault(inject_faults[i], "probability", variant->percent));
	}
	while (rounds--) {
		enable_faults(task, '1');
		do_random_call(&p);
		enable_faults(task, '0');
	}
	for (i = 0; i < ARRAY_SIZE(inject_faults); i++)
		EXPECT_TRUE(set_fault(inject_faults[i], "probability", "0"));
	self->in.injected = count_injected();
	EXPECT_LT(0, self->in.injected);
	EXPECT_TRUE(same_bytes(map, self->dev.size, 0, SEED_OF_BYTES));
	munmap(map, self->dev.size);
	close(task);
}

TEST_HARNESS_MAIN
