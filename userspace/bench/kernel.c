// SPDX-License-Identifier: MIT
/*
 * kernel: records from a kernel thread to this program, through rings and
 * through the other interfaces that drivers use.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "bench.h"
#include "kernel.h"

/*
 * Binds this program to the first processor and returns the last, for the
 * kernel thread.
 */
static uint32_t bind_to_first_processor(const cpu_set_t *all)
{
	int cpu, first = -1, last = 0;
	cpu_set_t one;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, all))
			continue;
		if (first < 0)
			first = cpu;
		last = cpu;
	}
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	check("sched_setaffinity", !sched_setaffinity(0, sizeof(one), &one));
	return last;
}

/* Have all records arrived, each of them once? */
static bool is_complete(const struct feed *feed)
{
	return feed->records == feed->total &&
	       feed->sequences == feed->total * (feed->total - 1) / 2;
}

/* Returns the time per record, from START to the arrival of the last record. */
static double run_feed(const struct kernel_way *way, struct feed *feed, uint32_t processor)
{
	struct bench_start start = {
		.way = way->way,
		.length = feed->length,
		.milliseconds = options.seconds * 1000 + 1,
		.processor = processor,
	};
	uint64_t began, took;

	if (way->begin)
		start.to = way->begin(feed);
	began = read_clock();
	feed->ring = ioctl(feed->device, BENCH_IOC_START, &start);
	check("BENCH_IOC_START", feed->ring >= 0);
	way->drain(feed);
	took = read_clock() - began;
	close(feed->device);
	if (way->end)
		way->end(feed);
	errno = 0;
	check("records are missing or duplicate", is_complete(feed));
	return (double)took / feed->records;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	struct feed feed = { .length = g->size };
	const struct kernel_way *way = c->data;
	cpu_set_t all;

	if (options.memfd)
		return NEEDS_MODULE;
	if (!way)
		return "built without its library";
	if (way->missing && way->missing())
		return way->missing();
	feed.device = open(BENCH_DEVICE, O_RDONLY | O_CLOEXEC);
	if (feed.device < 0)
		return errno == ENOENT ? "no " BENCH_DEVICE "; load mmapshare_bench.ko" :
					 strerror(errno);
	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	*values = run_feed(way, &feed, bind_to_first_processor(&all));
	check("sched_setaffinity", !sched_setaffinity(0, sizeof(all), &all));
	return NULL;
}

#ifdef HAVE_LIBURING
#define IOURING	(&kernel_iouring)
#else
#define IOURING	NULL
#endif

#ifdef HAVE_LIBBPF
#define BPF	(&kernel_bpf)
#else
#define BPF	NULL
#endif

static const struct contender contenders[] = {
	{ "ring", measure, 0, &kernel_ring },
	{ "ring-by-16", measure, 0, &kernel_ring_by_16 },
	{ "ring-eager", measure, 0, &kernel_ring_eager },
	{ "read", measure, 0, &kernel_read },
	{ "uring", measure, 0, IOURING },
	{ "pipe", measure, 0, &kernel_pipe },
	{ "pipe-64k", measure, 0, &kernel_pipe_64k },
	{ "netlink", measure, 0, &kernel_netlink },
	{ "bpf-ringbuf", measure, 0, BPF },
};

static void run(void)
{
	static const uint64_t own[] = { 16, 64, 512, 4096 };
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), GIB, sizes);
	struct group g = {
		.experiment = "kernel",
		.what = "record",
		.x = "bytes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = time_metric,
	};
	size_t i;

	for (i = 0; i < n; i++) {
		g.size = sizes[i];
		g.bytes = sizes[i];
		if (g.size >= BENCH_LENGTH_MIN && g.size <= BENCH_LENGTH_MAX)
			compare(&g);
	}
}

const struct experiment kernel_experiment = {
	.name = "kernel",
	.doc = "records from the kernel: rings, read, pipe, netlink, BPF ring buffer",
	.run = run,
	.timed_only = true,
};
