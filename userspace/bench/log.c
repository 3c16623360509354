// SPDX-License-Identifier: MIT
/*
 * log: records of 512 bytes into 150 KiB, over and over, as a program does that
 * keeps its last records for who comes after it
 */
#include <string.h>
#include <unistd.h>
#include "bench.h"

#define RECORD		512
#define LOG_SIZE	(150 * KIB)
#define FIXED_RECORDS	20000

struct log {
	struct memory memory;
	struct uring *ring;
	char *record;
	uint64_t records;
};

static uint64_t place(uint64_t i)
{
	return i % (LOG_SIZE / RECORD) * RECORD;
}

static void by_store(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++) {
		memcpy(l->memory.at + place(i), l->record, RECORD);
		/* somebody else may look at any time */
		__asm__ volatile("" : : : "memory");
	}
}

static void by_write(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++)
		check("pwrite", pwrite(l->memory.fd, l->record, RECORD,
				       place(i)) == RECORD);
}

static void by_uring(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++)
		uring_begin(l->ring, true, l->record, RECORD, place(i));
	uring_finish(l->ring);
}

/* One pass over the log to get warm. */
static double time_records(struct log *l, void (*way)(struct log *l))
{
	const uint64_t records = options.instructions ? FIXED_RECORDS : options.records;
	uint64_t begin;

	l->records = LOG_SIZE / RECORD;
	way(l);
	l->records = records;
	settle();
	begin = ticks();
	way(l);
	return (double)(ticks() - begin) / records;
}

static const char *measure(enum memory_kind kind, bool uring, bool sqpoll,
			   void (*way)(struct log *l), double *value)
{
	struct log l = { .record = private_memory(RECORD) };
	const char *why = memory_open(&l.memory, kind, LOG_SIZE);

	memset(l.record, 'x', RECORD);
	if (!why && way == by_store)
		why = memory_map(&l.memory, 0);
	if (!why && uring)
		why = uring_open(&l.ring, l.memory.fd, l.record, RECORD, sqpoll);
	if (!why)
		*value = time_records(&l, way);
	if (l.ring)
		uring_close(l.ring);
	memory_close(&l.memory);
	private_memory_free(l.record, RECORD);
	return why;
}

static const char *store(const struct contender *c, const struct group *g, double *values)
{
	(void)g;
	return measure(c->kind, false, false, by_store, values);
}

static const char *call(const struct contender *c, const struct group *g, double *values)
{
	(void)g;
	return measure(c->kind, false, false, by_write, values);
}

static const char *batch(const struct contender *c, const struct group *g, double *values)
{
	(void)g;
	return measure(c->kind, true, false, by_uring, values);
}

/* How much the kernel's thread looks around while it waits is nobody's work. */
static const char *polled(const struct contender *c, const struct group *g, double *values)
{
	(void)g;
	if (options.instructions)
		return "polls";
	return measure(c->kind, true, true, by_uring, values);
}

static const struct contender contenders[] = {
	{ "memory", store, MALLOC, NULL },
	{ "map-fault", store, FAULT, NULL },
	{ "map-huge", store, HUGE, NULL },
	{ "map-vmalloc", store, VMALLOC, NULL },
	{ "map-pfn", store, PFN, NULL },
	{ "memfd", store, MEMFD, NULL },
	{ "write-device", call, FAULT, NULL },
	{ "write-tmpfs", call, TMPFS, NULL },
	{ "uring-device", batch, FAULT, NULL },
	{ "uring-tmpfs", batch, TMPFS, NULL },
	{ "sqpoll-device", polled, FAULT, NULL },
	{ "sqpoll-tmpfs", polled, TMPFS, NULL },
};

static void run(void)
{
	const struct group g = {
		.experiment = "log",
		.what = "record",
		.size = RECORD,
		.x = "bytes",
		.bytes = RECORD,
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = one_metric,
	};

	compare(&g);
}

const struct experiment log_experiment = {
	.name = "log",
	.doc = "records of 512 bytes into 150 KiB, over and over",
	.run = run,
};
