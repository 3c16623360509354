// SPDX-License-Identifier: GPL-2.0
/* What mapping and touching 256 MiB costs with each strategy, in one run. */
#include "map_fixture.h"
#include <sys/syscall.h>
#include <time.h>

#define MODULE	"/sys/module/mmapshare"
#define SIZE	(256UL << 20)
#define REPEAT	2
#define ROUNDS	12	/* at most, on a machine with much else to do */
#define TOO_SLOW	100e3	/* milliseconds for less than a round */

enum { FAULT, HUGE, VMALLOC, PFN, MEMFD, KINDS };

static const char * const names[] = {
	"fault", "huge", "vmalloc", "pfn", "memfd",
};

/* The best of all: milliseconds and page faults. */
struct cost {
	double map;
	double touch;
	long faults;
};

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

static bool measure(int fd, int flags, struct cost *best)
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

static bool load(const char *file, const char *params)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	bool ok = !syscall(SYS_finit_module, fd, params, 0);

	close(fd);
	return ok;
}

static bool unload(void)
{
	return !syscall(SYS_delete_module, "mmapshare", O_NONBLOCK);
}

/* A module parameter as sysfs shows it. */
static bool parameter(const char *name, char *value, int size)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), MODULE "/parameters/%s", name);
	f = fopen(path, "r");
	if (!f || !fgets(value, size, f))
		return false;
	value[strcspn(value, "\n")] = '\0';
	fclose(f);
	return true;
}

FIXTURE(touch) {
	const char *file;
	char params[128];	/* as the module was loaded */
};

FIXTURE_SETUP(touch)
{
	char size[32], strategy[32], exec[32];

	SKIP_IF_INSTRUMENTED();
	self->file = getenv("MMAPSHARE_KO");
	if (!self->file || geteuid())
		SKIP(return, "needs root, and MMAPSHARE_KO=mmapshare.ko");
	if (!parameter("size", size, sizeof(size)) ||
	    !parameter("strategy", strategy, sizeof(strategy)) ||
	    !parameter("exec", exec, sizeof(exec)))
		SKIP(return, "load the module first");
	if (strcmp(strategy, "fault"))
		SKIP(return, "covered when loaded with fault");
	snprintf(self->params, sizeof(self->params),
		 "size=%s strategy=%s exec=%s", size, strategy, exec);
	ASSERT_TRUE(unload());
}

FIXTURE_TEARDOWN(touch)
{
	unload();
	if (self->params[0])
		load(self->file, self->params);
}

/* The other kinds have all pages before they are mapped: so has this one. */
static int make_memfd(void)
{
	int fd = memfd_create("touch", MFD_CLOEXEC);

	if (fd >= 0 && fallocate(fd, 0, 0, SIZE)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A file of SIZE bytes to map; @huge is how many of them in huge pages. */
static int open_kind(const char *file, int kind, uint64_t *huge)
{
	struct mmapshare_info info = { };
	char params[64];
	int fd;

	if (kind == MEMFD)
		return make_memfd();
	snprintf(params, sizeof(params), "size=%lu strategy=%s", SIZE,
		 names[kind]);
	if (!load(file, params))
		return -1;
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (kind == HUGE && !device_info(fd, &info))
		*huge = info.huge_bytes;
	return fd;
}

/* With the same flags, and with what is best for each. */
static bool fault_is_as_cheap(void)
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

TEST_F_TIMEOUT(touch, all, 280)
{
	const struct device dev = { .page = getpagesize() };
	const long clean = stores_fault_anyway() ? SIZE / dev.page : 0;
	const long most = SIZE / fault_window(&dev) + 2 + clean;
	const double start = now();
	uint64_t huge = 0;
	int round, i, kind, fd;

	for (round = 0; round < ROUNDS; round++) {
		if (round && fault_is_as_cheap())
			break;
		for (kind = 0; kind < KINDS; kind++) {
			if (!round && now() - start > TOO_SLOW)
				SKIP(return, "a machine too slow to compare");
			fd = open_kind(self->file, kind, &huge);
			ASSERT_LE(0, fd) TH_LOG("%s", names[kind]);
			for (i = 0; i < REPEAT; i++) {
				ASSERT_TRUE(measure(fd, 0, &costs[kind][0]));
				ASSERT_TRUE(measure(fd, MAP_POPULATE,
						    &costs[kind][1]));
			}
			close(fd);
			if (kind != MEMFD)
				ASSERT_TRUE(unload());
		}
	}
	print_table();

	EXPECT_TRUE(fault_is_as_cheap());
	EXPECT_GE(most, costs[FAULT][0].faults);
	EXPECT_GE(clean, costs[FAULT][1].faults);
	if (huge != SIZE)
		SKIP(return, "huge got too few huge pages");
	EXPECT_GE(most, costs[HUGE][0].faults);
}

TEST_HARNESS_MAIN
