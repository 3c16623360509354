// SPDX-License-Identifier: MIT
/*
 * Each way in turn, for each length of records, some times over. Prints each run
 * as it was, and then the medians.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "kernel.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RUNS_MAX	99

static const struct kernel_way * const ways[] = {
	&kernel_ring, &kernel_ring_by_16, &kernel_read,
#ifdef HAVE_LIBURING
	&kernel_iouring,
#endif
	&kernel_pipe, &kernel_pipe_64k, &kernel_netlink,
#ifdef HAVE_LIBBPF
	&kernel_bpf,
#endif
};

static const size_t lengths[] = { 64, 512, 4096 };

static double results[ARRAY_SIZE(lengths)][ARRAY_SIZE(ways)][RUNS_MAX];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* This program is on the first processor, and the kernel thread on the last one. */
static uint32_t choose_processors(void)
{
	cpu_set_t all, one;
	int cpu, first = -1, last = 0;

	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
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

/* None is missing, and none came twice. */
static bool is_complete(const struct feed *feed)
{
	return feed->records == feed->total &&
	       feed->sequences == feed->total * (feed->total - 1) / 2;
}

static double measure(const struct kernel_way *way, size_t length, double seconds,
		      uint32_t processor, int run)
{
	struct feed feed = { .length = length };
	struct bench_start start = {
		.way = way->way,
		.length = length,
		.milliseconds = seconds * 1000,
		.processor = processor,
	};
	double began, took, ns;

	feed.device = open(BENCH_DEVICE, O_RDONLY | O_CLOEXEC);
	check(BENCH_DEVICE, feed.device >= 0);
	if (way->begin)
		start.to = way->begin(&feed);
	began = now();
	feed.ring = ioctl(feed.device, BENCH_IOC_START, &start);
	check("start", feed.ring >= 0);
	way->drain(&feed);
	took = now() - began;
	close(feed.device);
	if (way->end)
		way->end(&feed);
	errno = 0;
	check("records are missing", is_complete(&feed));
	ns = took * 1e9 / feed.records;
	printf("raw kernel %s %zu %d %llu %.6f %.1f\n", way->name, length, run,
	       (unsigned long long)feed.records, took, ns);
	fflush(stdout);
	return ns;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, int n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

static void print_medians(int runs)
{
	char what[32];
	double ns, ring;
	size_t i, j;

	printf("\n%-14s %-12s %12s %8s\n", "FROM KERNEL", "HOW", "NS", "RING=1");
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		snprintf(what, sizeof(what), "%zu bytes", lengths[i]);
		ring = median(results[i][0], runs);
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			ns = median(results[i][j], runs);
			printf("%-14s %-12s %12.1f %8.2f\n", what, ways[j]->name, ns, ns / ring);
		}
	}
}

int bench_kernel(int argc, char **argv)
{
	const int runs = argc > 1 ? atoi(argv[1]) : 5;
	const double seconds = argc > 2 ? atof(argv[2]) : 0.3;
	uint32_t processor;
	size_t i, j;
	int run;

	if (argc > 3 || runs < 1 || runs > RUNS_MAX || !(seconds > 0)) {
		fprintf(stderr, "usage: %s [RUNS [SECONDS]]\n", argv[0]);
		return 2;
	}
	processor = choose_processors();
	printf("# raw WHAT HOW BYTES RUN COUNT SECONDS NS\n");
	for (run = 0; run < runs; run++)
		for (i = 0; i < ARRAY_SIZE(lengths); i++)
			for (j = 0; j < ARRAY_SIZE(ways); j++)
				results[i][j][run] = measure(ways[j], lengths[i], seconds,
							     processor, run);
	print_medians(runs);
	return 0;
}
