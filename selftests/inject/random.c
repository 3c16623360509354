// SPDX-License-Identifier: GPL-2.0
/*
 * Several failures in a call, at random: what is done to get by without memory
 * can fail, too. Whatever comes of it, the region keeps its bytes, and nothing
 * is left. SEED= repeats a run, ROUNDS= makes it longer.
 */
#include "inject.h"
#include <time.h>

#define TASK		"/proc/thread-self/make-it-fail"
#define SEED_OF_BYTES	11

struct player {
	const struct device *dev;
	uint64_t state;
	char buf[8192];
};

static uint32_t any(struct player *p, uint32_t below)
{
	/* xorshift64* */
	p->state ^= p->state >> 12;
	p->state ^= p->state << 25;
	p->state ^= p->state >> 27;
	return ((p->state * 0x2545f4914f6cdd1dULL) >> 33) % below;
}

static bool set(const char *fault, const char *name, const char *value)
{
	char path[80];

	snprintf(path, sizeof(path), INJECT_DEBUG "%s/%s", fault, name);
	return inject_put(path, value);
}

/* This thread is in for it, or not; to switch it off can fail, too. */
static void make_it_fail(int fd, char yes)
{
	while (pwrite(fd, &yes, 1, 0) != 1)
		;
}

static void map_some(struct player *p)
{
	bool cow = has_feature(p->dev, MMAPSHARE_FEAT_COW);
	size_t page = p->dev->page, pages = p->dev->size / page;
	size_t first = any(p, pages), n = 1 + any(p, pages - first), i;
	int flags = cow && any(p, 2) ? MAP_PRIVATE : MAP_SHARED;
	volatile char *mem;

	if (!any(p, 3))
		flags |= MAP_POPULATE;
	mem = mmap(NULL, n * page, PROT_READ | PROT_WRITE, flags, p->dev->fd,
		   first * page);
	if (mem == MAP_FAILED)
		return;
	/* what is written is what was there */
	for (i = 0; i < n; i += 1 + any(p, 64)) {
		if (any(p, 2))
			(void)mem[i * page];
		else
			mem[i * page] = byte_at((first + i) * page,
						SEED_OF_BYTES);
	}
	if (n > 2 && any(p, 2))
		mprotect((char *)mem + page, page, PROT_READ);
	if (n > 4 && any(p, 2))
		munmap((char *)mem + 3 * page, page);
	if (any(p, 2)) {
		void *moved = mremap((char *)mem, page, page,
				     MREMAP_MAYMOVE | MREMAP_DONTUNMAP);

		if (moved != MAP_FAILED)
			while (munmap(moved, page))
				;
	}
	if (p->dev->info.strategy != MMAPSHARE_STRATEGY_PFN && !any(p, 4)) {
		long pid = fork_alone();

		if (!pid)
			_exit(0);
		while (pid > 0 && waitpid(pid, NULL, 0) != pid)
			;
	}
	while (munmap((char *)mem, n * page))
		;
}

static void read_and_write(struct player *p)
{
	size_t at = any(p, p->dev->size - sizeof(p->buf));
	size_t n = 1 + any(p, sizeof(p->buf));

	make_bytes(p->buf, n, at, SEED_OF_BYTES);
	if (any(p, 2))
		(void)!pwrite(p->dev->fd, p->buf, n, at);
	else
		(void)!pread(p->dev->fd, p->buf, n, at);
}

static void open_another(struct player *p)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct mmapshare_info info;

	if (fd < 0)
		return;
	device_info(fd, &info);
	kernel_checksum(fd, any(p, p->dev->size), 0);
	close(fd);
}

static void play(struct player *p)
{
	switch (any(p, 4)) {
	case 0:
		return read_and_write(p);
	case 1:
		return open_another(p);
	default:
		return map_some(p);
	}
}

static unsigned long env_number(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* What is left of so many. */
#define TIMES	1000000

static long injected(void)
{
	char path[80];
	long sum = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(inject_faults); i++) {
		snprintf(path, sizeof(path), INJECT_DEBUG "%s/times", inject_faults[i]);
		sum += TIMES - inject_read_long(path);
	}
	return sum;
}

FIXTURE_VARIANT(inject) {
	const char *percent;
};

FIXTURE_VARIANT_ADD(inject, some) { .percent = "3" };
FIXTURE_VARIANT_ADD(inject, many) { .percent = "20" };

TEST_F_TIMEOUT(inject, play, INJECT_TIMEOUT)
{
	unsigned long seed = env_number("SEED", time(NULL));
	unsigned long rounds = env_number("ROUNDS", 1200);
	struct player p = { .dev = &self->dev, .state = seed + 1 };
	int task = open(TASK, O_WRONLY | O_CLOEXEC);
	char *map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	size_t i;

	if (!inject_spare(self->dev.info.strategy == MMAPSHARE_STRATEGY_PFN ?
			  INJECT_SPARE_REMAP : INJECT_SPARE_VMALLOC))
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	TH_LOG("SEED=%lu ROUNDS=%lu", seed, rounds);
	ASSERT_LE(0, task);
	ASSERT_NE(MAP_FAILED, map);
	make_bytes(map, self->dev.size, 0, SEED_OF_BYTES);
	for (i = 0; i < ARRAY_SIZE(inject_faults); i++) {
		ASSERT_TRUE(set(inject_faults[i], "times", "1000000"));
		ASSERT_TRUE(set(inject_faults[i], "interval", "1"));
		ASSERT_TRUE(set(inject_faults[i], "task-filter", "Y"));
		ASSERT_TRUE(set(inject_faults[i], "probability", variant->percent));
	}
	while (rounds--) {
		make_it_fail(task, '1');
		play(&p);
		make_it_fail(task, '0');
	}
	for (i = 0; i < ARRAY_SIZE(inject_faults); i++)
		EXPECT_TRUE(set(inject_faults[i], "probability", "0"));
	self->in.injected = injected();
	EXPECT_LT(0, self->in.injected);
	EXPECT_TRUE(same_bytes(map, self->dev.size, 0, SEED_OF_BYTES));
	munmap(map, self->dev.size);
	close(task);
}

TEST_HARNESS_MAIN
