// SPDX-License-Identifier: MIT
/*
 * records: from one process to another, by rings and by what there is besides.
 * pingpong: how long it takes to wake one another up.
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

#define AT_ONCE	256	/* between looks at the clock */
/* In one process so many are between its two sides at most: all have room for that. */
#define BYTES_IN_TURN	(32 * KIB)
#define RECORDS_IN_TURN	64
#define FIXED_RECORDS	4096

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

static bool take_one(const struct transport *t, struct channel *c, size_t wanted)
{
	size_t length;
	const void *record = t->take(c, &length);

	check("length", length == wanted);
	return is_last(record, length);
}

/*
 * What a first touch costs is for another experiment: who has put so many bytes
 * has been everywhere, and so has who takes them. But where there is no memory to
 * be touched, it need not be so many.
 */
#define WARM_BYTES	(2 * CHANNEL_SIZE)

static void get_warm(const struct transport *t, struct channel *c, const void *record,
		     size_t length)
{
	const uint64_t begin = ticks();
	size_t bytes;

	for (bytes = 0; bytes < WARM_BYTES && ticks() - begin < options.seconds * 1e9;
	     bytes += length)
		t->put(c, record, length);
}

/* One process puts, another takes. */
static double run_both(const struct transport *t, size_t length)
{
	struct channel *c = t->make(length);
	static char record[LENGTH_MAX];
	uint64_t records = 1, begin, took;
	pid_t pid = start();
	int i;

	if (!pid) {
		while (!take_one(t, c, length))
			;
		_exit(0);
	}
	record[0] = 0;
	get_warm(t, c, record, length);
	begin = ticks();
	while (ticks() - begin < options.seconds * 1e9)
		for (i = 0; i < AT_ONCE; i++, records++)
			t->put(c, record, length);
	record[0] = 1;
	t->put(c, record, length);
	t->flush(c);
	finish(pid);
	took = ticks() - begin;
	t->close(c);
	return (double)took / records;
}

static void take_turns(const struct transport *t, struct channel *c, size_t length,
		       int burst, int rounds)
{
	static char record[LENGTH_MAX];
	int i;

	while (rounds--) {
		for (i = 0; i < burst; i++)
			t->put(c, record, length);
		t->flush(c);
		for (i = 0; i < burst; i++)
			take_one(t, c, length);
	}
}

/* What both sides do for each record, when neither has to wait. */
static double run_in_turns(const struct transport *t, size_t length)
{
	const int fit = length < BYTES_IN_TURN ? BYTES_IN_TURN / length : 1;
	const int burst = fit < RECORDS_IN_TURN ? fit : RECORDS_IN_TURN;
	const int rounds = FIXED_RECORDS / RECORDS_IN_TURN;
	struct channel *c = t->make(length);
	uint64_t begin;

	take_turns(t, c, length, burst, WARM_BYTES / (length * burst) + 1);
	settle();
	begin = ticks();
	take_turns(t, c, length, burst, rounds);
	begin = ticks() - begin;
	t->close(c);
	return (double)begin / rounds / burst;
}

static const char *measure_records(const struct contender *c, const struct group *g,
				   double *values)
{
	const struct transport *t = c->data;

	*values = options.instructions ? run_in_turns(t, g->size) : run_both(t, g->size);
	return NULL;
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
static double run_rounds(const struct signaller *s, const cpu_set_t *all, int other)
{
	struct channel *c = s->make();
	uint64_t rounds = 0, begin, took;
	pid_t pid = start();

	run_on(all, pid ? 0 : other);
	while (!pid) {
		s->sleep(c, 1);
		s->wake(c, 1);
	}
	begin = ticks();
	do {
		s->wake(c, 0);
		s->sleep(c, 0);
		rounds++;
		took = ticks() - begin;
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
	{ "pipe", measure_records, 0, &pipe_transport },
	{ "seqpacket", measure_records, 0, &seqpacket_transport },
};

static const struct contender signallers[] = {
	{ "ring", measure_rounds, 0, &ring_signaller },
	{ "futex", measure_rounds, 0, &futex_signaller },
	{ "eventfd", measure_rounds, 0, &eventfd_signaller },
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
		.metrics = one_metric,
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
		.metrics = one_metric,
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
	.doc = "wake another process, and be woken by it",
	.run = run_pingpong,
	.timed_only = true,
};
