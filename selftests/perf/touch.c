// SPDX-License-Identifier: GPL-2.0
/* Time and page faults of mapping and touching 256 MiB, with each strategy. */
#include "map_fixture.h"
#include "region_test.h"
#include <time.h>

#define SIZE	(256UL << 20)
#define REPEAT	2
#define ROUNDS	24	/* maximum, on a busy machine */
#define TOO_SLOW	100e3	/* ms; later no further kind is measured */

/* The strategies, numbered as in the ABI, and a memfd to compare them with. */
enum {
	FAULT = MMAPSHARE_STRATEGY_FAULT,
	HUGE = MMAPSHARE_STRATEGY_HUGE,
	VMALLOC = MMAPSHARE_STRATEGY_VMALLOC,
	PFN = MMAPSHARE_STRATEGY_PFN,
	MEMFD,
	KINDS,
};

static const char * const names[] = {
	[FAULT] = "fault", [HUGE] = "huge", [VMALLOC] = "vmalloc", [PFN] = "pfn",
	[MEMFD] = "memfd",
};

/*
 * Costs in the fastest round: milliseconds of mmap(), milliseconds of touching
 * all pages, and the page faults of touching them.
 */
struct cost {
	double map;
	double touch;
	long faults;
};

/* [kind][0] is without, [kind][1] with MAP_POPULATE */
static struct cost costs[KINDS][2];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static double total(const struct cost *c)
{
	return c->map + c->touch;
}

static void touch(const struct device *dev, volatile char *mem)
{
	size_t pos;

	for (pos = 0; pos < dev->size; pos += dev->page)
		mem[pos] = 1;
}

static bool measure_once(int fd, int flags, struct cost *best)
{
	const struct device dev = { .size = SIZE, .page = getpagesize() };
	double start = now();
	char *mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | flags, fd, 0);
	struct cost c;

	if (mem == MAP_FAILED)
		return false;
	c.map = now() - start;
	c.faults = count_faults();
	start = now();
	touch(&dev, mem);
	c.touch = now() - start;
	c.faults = count_faults() - c.faults;
	munmap(mem, SIZE);
	if (!best->map || total(&c) < total(best))
		*best = c;
	return true;
}

static bool measure(int fd, int kind)
{
	return measure_once(fd, 0, &costs[kind][0]) &&
	       measure_once(fd, MAP_POPULATE, &costs[kind][1]);
}

FIXTURE(touch) {
	struct device dev;
	int fds[KINDS];
};

FIXTURE_SETUP(touch)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		self->fds[kind] = -1;
	SKIP_IF_INSTRUMENTED();
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root: other users' regions are limited in size");
	if (self->dev.info.strategy != MMAPSHARE_STRATEGY_FAULT)
		SKIP(return, "runs only if the module was loaded with strategy fault");
}

FIXTURE_TEARDOWN(touch)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		close(self->fds[kind]);
	close(self->dev.fd);
}

/* Allocates all pages, as a region does before it is mapped. */
static int make_memfd(void)
{
	int fd = memfd_create("touch", MFD_CLOEXEC);

	if (fd >= 0 && fallocate(fd, 0, 0, SIZE)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Returns a file of SIZE bytes to map, or minus errno. */
static int open_kind(const struct device *dev, int kind)
{
	return kind == MEMFD ? make_memfd() : region_create_as(dev->fd, NULL, SIZE, kind, 0);
}

/*
 * Is fault as fast as vmalloc? With MAP_POPULATE, fault must take no longer
 * than vmalloc. Without it, vmalloc maps everything in mmap() too, and is
 * compared with the faster way to map with fault.
 */
static bool is_fault_as_cheap(void)
{
	const double fault[] = {
		total(&costs[FAULT][0]), total(&costs[FAULT][1]),
	};
	const double vmalloc[] = {
		total(&costs[VMALLOC][0]), total(&costs[VMALLOC][1]),
	};

	return fault[1] <= vmalloc[1] &&
	       (fault[0] <= vmalloc[0] || fault[1] <= vmalloc[0]);
}

static void print_table(void)
{
	int kind;

	ksft_print_msg("%lu MiB: best milliseconds, and page faults\n",
		       SIZE >> 20);
	ksft_print_msg("|         |          mmap()           |       MAP_POPULATE        |\n");
	ksft_print_msg("|         |    map |  touch |  faults |    map |  touch |  faults |\n");
	ksft_print_msg("|---------|-------:|-------:|--------:|-------:|-------:|--------:|\n");
	for (kind = 0; kind < KINDS; kind++) {
		const struct cost *lazy = &costs[kind][0], *pop = lazy + 1;

		ksft_print_msg("| %-7s | %6.2f | %6.2f | %7ld | %6.2f | %6.2f | %7ld |\n",
			       names[kind], lazy->map, lazy->touch,
			       lazy->faults, pop->map, pop->touch, pop->faults);
	}
}

/*
 * fault and vmalloc are measured last, alternately, because their times are
 * compared. Each other kind is measured alone and then closed.
 */
TEST_F_TIMEOUT(touch, all, 280)
{
	const struct device *dev = &self->dev;
	const long dirty_faults = stores_fault_anyway() ? SIZE / dev->page : 0;
	const long max_faults = SIZE / fault_window(dev) + 2 + dirty_faults;
	static const int order[] = { HUGE, PFN, MEMFD, FAULT, VMALLOC };
	const double start = now();
	struct mmapshare_info huge;
	int round, i;

	for (i = 0; i < KINDS; i++) {
		const int kind = order[i];
		int *fd = &self->fds[kind];

		if (now() - start > TOO_SLOW)
			SKIP(return, "the machine is too slow");
		*fd = open_kind(dev, kind);
		ASSERT_LE(0, *fd) TH_LOG("%s", names[kind]);
		if (kind == HUGE)
			ASSERT_EQ(0, device_info(*fd, &huge));
		if (kind == FAULT || kind == VMALLOC)
			continue;
		for (round = 0; round < (kind == MEMFD ? 1 : REPEAT); round++)
			ASSERT_TRUE(measure(*fd, kind));
		close(*fd);
		*fd = -1;
	}
	for (round = 0; round < ROUNDS; round++) {
		if (round >= REPEAT && is_fault_as_cheap())
			break;
		ASSERT_TRUE(measure(self->fds[FAULT], FAULT));
		ASSERT_TRUE(measure(self->fds[VMALLOC], VMALLOC));
	}
	print_table();

	EXPECT_TRUE(is_fault_as_cheap());
	EXPECT_GE(max_faults, costs[FAULT][0].faults);
	EXPECT_GE(dirty_faults, costs[FAULT][1].faults);
	if (huge.huge_bytes != SIZE)
		SKIP(return, "the region of strategy huge has too few huge pages");
	EXPECT_GE(max_faults, costs[HUGE][0].faults);
}

TEST_HARNESS_MAIN
