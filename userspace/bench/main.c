// SPDX-License-Identifier: MIT
/*
 * ring_bench [RUNS [SECONDS]]: records from one process to another, by rings and
 * by what there is besides, side by side and in turns; and how long it takes to
 * wake one another up. Prints each run as it was, and then the medians.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RUNS_MAX	99
#define AT_ONCE		256	/* between looks at the clock */

static const struct transport * const transports[] = {
	&ring_transport, &ring_batch_transport, &queue_transport, &pipe_transport,
	&seqpacket_transport,
};

static const struct signaller * const signallers[] = {
	&ring_signaller, &futex_signaller, &eventfd_signaller,
};

static const size_t lengths[] = { 64, 512, 4096 };

static double results[ARRAY_SIZE(lengths)][ARRAY_SIZE(transports)][RUNS_MAX];
/* On one processor, and on two. */
static double round_trips[2][ARRAY_SIZE(signallers)][RUNS_MAX];

void check(const char *what, bool good)
{
	if (good)
		return;
	fprintf(stderr, "ring_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

void *shared_memory(size_t size)
{
	int fd = memfd_create("bench", MFD_CLOEXEC);
	void *p;

	check("memfd", fd >= 0 && !ftruncate(fd, size));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	check("mmap", p != MAP_FAILED);
	close(fd);
	return p;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static pid_t start(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	check("fork", pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static void finish(pid_t pid)
{
	int status;

	check("child", waitpid(pid, &status, 0) == pid && !status);
}

/* Who takes a record looks at all of it. The first word of the last one is 1. */
static bool is_last(const void *record, size_t length)
{
	uint64_t sum = 0, word;
	size_t i;

	for (i = 0; i < length; i += 8) {
		memcpy(&word, (const char *)record + i, 8);
		sum += word;
	}
	memcpy(&word, record, 8);
	return word && sum;
}

static void take_all(const struct transport *t, struct channel *c, size_t wanted)
{
	const void *record;
	size_t length;

	do {
		record = t->take(c, &length);
		check("length", length == wanted);
	} while (!is_last(record, length));
}

static void measure(const struct transport *t, size_t length, double seconds,
		    int run, double *result)
{
	struct channel *c = t->make(length);
	char record[LENGTH_MAX] = "";
	uint64_t records = 1;
	double begin, took;
	pid_t pid = start();
	int i;

	if (!pid) {
		take_all(t, c, length);
		_exit(0);
	}
	begin = now();
	while (now() - begin < seconds)
		for (i = 0; i < AT_ONCE; i++, records++)
			t->put(c, record, length);
	record[0] = 1;
	t->put(c, record, length);
	t->flush(c);
	finish(pid);
	took = now() - begin;
	t->close(c);
	*result = took * 1e9 / records;
	printf("raw throughput %s %zu %d %llu %.6f %.1f\n", t->name, length, run,
	       (unsigned long long)records, took, *result);
}

/* This process runs on the processor @n of those there are. */
static void run_on(const cpu_set_t *all, int n)
{
	cpu_set_t one;
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (CPU_ISSET(cpu, all) && !n--)
			break;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	check("sched_setaffinity", !sched_setaffinity(0, sizeof(one), &one));
}

/* The rounds are counted by who begins them; the other one is killed in the end. */
static void measure_wakeup(const struct signaller *s, int processors, double seconds,
			   int run, double *result)
{
	struct channel *c = s->make();
	uint64_t rounds = 0;
	double begin, took;
	cpu_set_t all;
	pid_t pid;

	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	pid = start();
	run_on(&all, pid ? 0 : processors - 1);
	while (!pid) {
		s->sleep(c, 1);
		s->wake(c, 1);
	}
	begin = now();
	for (; now() - begin < seconds; rounds++) {
		s->wake(c, 0);
		s->sleep(c, 0);
	}
	took = now() - begin;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	s->close(c);
	sched_setaffinity(0, sizeof(all), &all);
	*result = took * 1e9 / rounds;
	printf("raw wakeup-%d-cpu %s 1 %d %llu %.6f %.1f\n", processors, s->name, run,
	       (unsigned long long)rounds, took, *result);
}

static int processors(void)
{
	cpu_set_t all;

	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	return CPU_COUNT(&all);
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

/* In nanoseconds, and as so many times the ring, which is the first. */
static void print_line(const char *what, const char *name, double value, double ring)
{
	printf("%-14s %-12s %12.1f %8.2f\n", what, name, value, value / ring);
}

static void print_medians(int runs, int cpus)
{
	char what[32];
	size_t i, j;

	printf("\n%-14s %-12s %12s %8s\n", "WHAT", "HOW", "NS", "RING=1");
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		snprintf(what, sizeof(what), "%zu bytes", lengths[i]);
		for (j = 0; j < ARRAY_SIZE(transports); j++)
			print_line(what, transports[j]->name, median(results[i][j], runs),
				   median(results[i][0], runs));
	}
	for (i = 0; i < (size_t)cpus; i++) {
		snprintf(what, sizeof(what), "wake-up, %zu cpu", i + 1);
		for (j = 0; j < ARRAY_SIZE(signallers); j++)
			print_line(what, signallers[j]->name, median(round_trips[i][j], runs),
				   median(round_trips[i][0], runs));
	}
}

static void run_all(int run, int cpus, double seconds)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (j = 0; j < ARRAY_SIZE(transports); j++)
			measure(transports[j], lengths[i], seconds, run, &results[i][j][run]);
	for (i = 0; i < (size_t)cpus; i++)
		for (j = 0; j < ARRAY_SIZE(signallers); j++)
			measure_wakeup(signallers[j], i + 1, seconds, run,
				       &round_trips[i][j][run]);
}

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 5, run;
	double seconds = argc > 2 ? atof(argv[2]) : 0.3;
	const int cpus = processors() > 1 ? 2 : 1;

	if (runs < 1 || runs > RUNS_MAX || !(seconds > 0)) {
		fprintf(stderr, "usage: ring_bench [RUNS [SECONDS]]\n");
		return 2;
	}
	printf("# raw WHAT HOW BYTES RUN COUNT SECONDS NS\n");
	for (run = 0; run < runs; run++)
		run_all(run, cpus, seconds);
	print_medians(runs, cpus);
	return 0;
}
