// SPDX-License-Identifier: MIT
/*
 * records: pass records to another process, by rings and other channels.
 * pingpong: two processes wake each other in turn.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

#define CLOCK_INTERVAL	256	/* records between two reads of the clock */
/* Limits of a burst that one process puts, then takes: it fits in each channel. */
#define BURST_BYTES	(32 * KIB)
#define BURST_RECORDS	64
#define FIXED_RECORDS	4096	/* maximum when instructions are counted */

pid_t fork_child(void)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	check("fork", pid >= 0);
	if (!pid)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

void wait_for_child(pid_t pid)
{
	int status;

	check("child", waitpid(pid, &status, 0) == pid && !status);
}

/* Reads all of a record. The first word of the last record is 1. */
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

/* Takes a record of @expected bytes. Returns whether it is the last one. */
bool take_record(const struct transport *t, struct channel *c, size_t expected)
{
	size_t length;
	const void *record = t->take(c, &length);

	check("length of a record", length == expected);
	return is_last(record, length);
}

/*
 * Bytes that are passed through a channel before the measurement: both
 * processes then have touched all memory of the channel, so that no page fault
 * is measured. Pipes and sockets have no such memory, and are slow: their
 * warm-up ends after options.seconds.
 */
#define WARM_BYTES	(2 * CHANNEL_SIZE)

static void warm_up(const struct transport *t, struct channel *c, const void *record,
		    size_t length)
{
	const uint64_t begin = read_clock();
	size_t bytes;

	for (bytes = 0; bytes < WARM_BYTES && read_clock() - begin < options.seconds * 1e9;
	     bytes += length)
		t->put(c, record, length);
}

/*
 * This process puts records, a child takes them. Returns the time per record.
 */
static double run_two_processes(const struct transport *t, size_t length)
{
	struct channel *c = t->make(length);
	static char record[LENGTH_MAX];
	uint64_t records = 1, begin, took;
	pid_t pid = fork_child();
	int i;

	if (!pid) {
		while (!take_record(t, c, length))
			;
		_exit(0);
	}
	record[0] = 0;
	warm_up(t, c, record, length);
	begin = read_clock();
	while (read_clock() - begin < options.seconds * 1e9)
		for (i = 0; i < CLOCK_INTERVAL; i++, records++)
			t->put(c, record, length);
	record[0] = 1;
	t->put(c, record, length);
	t->flush(c);
	wait_for_child(pid);
	took = read_clock() - begin;
	t->close(c);
	return (double)took / records;
}

static void run_bursts(const struct transport *t, struct channel *c, size_t length,
		       int burst, int rounds)
{
	static char record[LENGTH_MAX];
	int i;

	while (rounds--) {
		for (i = 0; i < burst; i++)
			t->put(c, record, length);
		t->flush(c);
		for (i = 0; i < burst; i++)
			take_record(t, c, length);
	}
}

/* One process puts and takes, without waiting. Returns the time per record. */
static double run_one_process(const struct transport *t, size_t length)
{
	const int fit = length < BURST_BYTES ? BURST_BYTES / length : 1;
	const int burst = fit < BURST_RECORDS ? fit : BURST_RECORDS;
	const int rounds = FIXED_RECORDS / BURST_RECORDS;
	struct channel *c = t->make(length);
	uint64_t begin, took;

	run_bursts(t, c, length, burst, WARM_BYTES / (length * burst) + 1);
	settle();
	begin = read_clock();
	run_bursts(t, c, length, burst, rounds);
	took = read_clock() - begin;
	t->close(c);
	return (double)took / rounds / burst;
}

static const char *measure_records(const struct contender *c, const struct group *g,
				   double *values)
{
	const struct transport *t = c->data;

	*values = options.instructions ? run_one_process(t, g->size) :
					 run_two_processes(t, g->size);
	return NULL;
}

/* Binds this process to processor number @n of @all. */
static void bind_to_processor(const cpu_set_t *all, int n)
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

/*
 * The parent wakes the child and sleeps until the child has woken it, and kills
 * the child at the end. Returns the time of a round trip.
 */
static double run_rounds(const struct signaller *s, const cpu_set_t *all, int child_cpu)
{
	struct channel *c = s->make();
	uint64_t rounds = 0, begin, took;
	pid_t pid = fork_child();

	bind_to_processor(all, pid ? 0 : child_cpu);
	while (!pid) {
		s->sleep(c, 1);
		s->wake(c, 1);
	}
	begin = read_clock();
	do {
		s->wake(c, 0);
		s->sleep(c, 0);
		rounds++;
		took = read_clock() - begin;
	} while (took < options.seconds * 1e9);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	s->close(c);
	return (double)took / rounds;
}

static const char *measure_rounds(const struct contender *c, const struct group *g,
				  double *values)
{
	cpu_set_t all;

	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	if (CPU_COUNT(&all) < (int)g->size)
		return "too few processors";
	*values = run_rounds(c->data, &all, g->size - 1);
	sched_setaffinity(0, sizeof(all), &all);
	return NULL;
}

static const struct contender transports[] = {
	{ "ring", measure_records, 0, &ring_transport },
	{ "ring-by-16", measure_records, 0, &ring_by_16_transport },
	{ "ring-by-1", measure_records, 0, &ring_by_1_transport },
	{ "ring-eager", measure_records, 0, &ring_eager_transport },
	{ "queue", measure_records, 0, &queue_transport },
	{ "queue-by-16", measure_records, 0, &queue_by_16_transport },
	{ "queue-futex", measure_records, 0, &queue_futex_transport },
	{ "queue-eventfd", measure_records, 0, &queue_eventfd_transport },
	{ "pipe", measure_records, 0, &pipe_transport },
	{ "seqpacket", measure_records, 0, &seqpacket_transport },
};

static const struct contender signallers[] = {
	{ "ring", measure_rounds, 0, &ring_signaller },
	{ "futex", measure_rounds, 0, &futex_signaller },
	{ "eventfd", measure_rounds, 0, &eventfd_signaller },
};

/* A ring that polls, or is woken for each record, against a queue that does. */
static const struct pair transport_pairs[] = {
	{ "ring", "queue" },
	{ "ring-by-1", "queue" },
	{ "ring-by-16", "queue-by-16" },
	{ "ring-eager", "queue-futex" },
	{ NULL, NULL }
};

static void run_records(void)
{
	static const uint64_t own[] = { 8, 64, 512, 4096, 65536 };
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), GIB, sizes);
	struct group g = {
		.experiment = "records",
		.what = "record",
		.x = "bytes",
		.contenders = transports,
		.n_contenders = ARRAY_SIZE(transports),
		.pairs = transport_pairs,
		.metrics = time_metric,
	};
	size_t i;

	for (i = 0; i < n; i++) {
		g.size = sizes[i];
		g.bytes = sizes[i];
		if (g.size <= LENGTH_MAX)
			compare(&g);
	}
}

static void run_pingpong(void)
{
	struct group g = {
		.experiment = "pingpong",
		.what = "round-trip",
		.x = "processors",
		.contenders = signallers,
		.n_contenders = ARRAY_SIZE(signallers),
		.metrics = time_metric,
	};

	for (g.size = 1; g.size <= 2; g.size++)
		compare(&g);
}

const struct experiment records_experiment = {
	.name = "records",
	.doc = "records from one process to another: rings, pipes, sockets",
	.run = run_records,
};

const struct experiment pingpong_experiment = {
	.name = "pingpong",
	.doc = "two processes wake each other in turn",
	.run = run_pingpong,
	.timed_only = true,
};
