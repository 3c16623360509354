// SPDX-License-Identifier: MIT
/*
 * readers: one process puts records, and each of several processes takes all of
 * them. A ring has them once; of other channels each reader has one of its own.
 */
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define LENGTH		64
#define CLOCK_INTERVAL	256	/* records between two reads of the clock */

enum { PRODUCER, ELAPSED };

static const char * const metrics[] = {
	[PRODUCER] = "time",
	[ELAPSED] = "elapsed",
	NULL
};

/**
 * struct readers - the channels of one producer
 * @transport: their kind
 * @channels: each child takes from one
 * @n: number of @channels
 * @n_puts: number of @channels that a record is put into
 */
struct readers {
	const struct transport *transport;
	struct channel *channels[READERS_MAX];
	int n, n_puts;
};

static void make_channels(struct readers *r)
{
	const struct transport *t = r->transport;

	r->n_puts = 1;
	if (t->make_readers) {
		t->make_readers(LENGTH, r->channels, r->n);
		return;
	}
	for (r->n_puts = 0; r->n_puts < r->n; r->n_puts++)
		r->channels[r->n_puts] = t->make(LENGTH);
}

static void put(const struct readers *r, const void *record)
{
	int i;

	for (i = 0; i < r->n_puts; i++)
		r->transport->put(r->channels[i], record, LENGTH);
}

static void start_reader(const struct readers *r, int i, pid_t *pid)
{
	*pid = fork_child();
	if (*pid)
		return;
	while (!take_record(r->transport, r->channels[i], LENGTH))
		;
	_exit(0);
}

/* Nanoseconds that this process has executed. */
static uint64_t read_own_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* All memory of the channels has then been touched. */
static void warm_up(const struct readers *r, const void *record)
{
	size_t bytes;

	for (bytes = 0; bytes < 2 * CHANNEL_SIZE; bytes += LENGTH)
		put(r, record);
}

/* Puts records until the time is over, and the last one. Returns their number. */
static uint64_t put_records(const struct readers *r, char *record)
{
	const uint64_t begin = read_clock();
	uint64_t records = 1;
	int i;

	while (read_clock() - begin < options.seconds * 1e9)
		for (i = 0; i < CLOCK_INTERVAL; i++, records++)
			put(r, record);
	record[0] = 1;
	put(r, record);
	for (i = 0; i < r->n_puts; i++)
		r->transport->flush(r->channels[i]);
	return records;
}

static const char *measure(const struct contender *c, const struct group *g, double *values)
{
	struct readers r = { .transport = c->data, .n = g->size };
	char record[LENGTH] = { 0 };
	pid_t pids[READERS_MAX];
	uint64_t begin, own, records;
	int i;

	make_channels(&r);
	for (i = 0; i < r.n; i++)
		start_reader(&r, i, &pids[i]);
	warm_up(&r, record);
	begin = read_clock();
	own = read_own_time();
	records = put_records(&r, record);
	values[PRODUCER] = (double)(read_own_time() - own) / records;
	for (i = 0; i < r.n; i++)
		wait_for_child(pids[i]);
	values[ELAPSED] = (double)(read_clock() - begin) / records;
	for (i = 0; i < r.n; i++)
		r.transport->close(r.channels[i]);
	return NULL;
}

static const struct contender contenders[] = {
	{ "ring", measure, 0, &ring_transport },
	{ "ring-by-16", measure, 0, &ring_by_16_transport },
	{ "queue", measure, 0, &queue_transport },
	{ "queue-by-16", measure, 0, &queue_by_16_transport },
	{ "pipe", measure, 0, &pipe_transport },
};

static const struct pair pairs[] = {
	{ "ring", "queue" },
	{ "ring-by-16", "queue-by-16" },
	{ NULL, NULL }
};

static void run(void)
{
	struct group g = {
		.experiment = "readers",
		.what = "record",
		.x = "readers",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.pairs = pairs,
		.metrics = metrics,
	};

	for (g.size = 1; g.size <= READERS_MAX; g.size *= 2)
		compare(&g);
}

const struct experiment readers_experiment = {
	.name = "readers",
	.doc = "what records of 64 bytes to one, two and four readers cost the producer",
	.run = run,
	.timed_only = true,
};
