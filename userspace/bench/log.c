// SPDX-License-Identifier: MIT
/*
 * log: write records of 512 bytes into a log of 150 KiB, whose oldest records
 * are overwritten, like a program that keeps its most recent records for
 * inspection after a crash.
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

static uint64_t record_offset(uint64_t i)
{
	return i % (LOG_SIZE / RECORD) * RECORD;
}

static void by_store(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++) {
		memcpy(l->memory.at + record_offset(i), l->record, RECORD);
		/* keep each store: other processes may read at any time */
		__asm__ volatile("" : : : "memory");
	}
}

static void by_write(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++)
		check("pwrite", pwrite(l->memory.fd, l->record, RECORD,
				       record_offset(i)) == RECORD);
}

static void by_uring(struct log *l)
{
	uint64_t i;

	for (i = 0; i < l->records; i++)
		uring_begin(l->ring, true, l->record, RECORD, record_offset(i));
	uring_finish(l->ring);
}

/* Returns the time per record, after a first pass over the log to warm up. */
static double time_records(struct log *l, void (*write_records)(struct log *l))
{
	const uint64_t records = options.instructions ? FIXED_RECORDS : options.records;
	uint64_t begin;

	l->records = LOG_SIZE / RECORD;
	write_records(l);
	l->records = records;
	settle();
	begin = read_clock();
	write_records(l);
	return (double)(read_clock() - begin) / records;
}

static const char *measure(enum memory_kind kind, bool uring, bool sqpoll,
			   void (*write_records)(struct log *l), double *value)
{
	struct log l = { .record = private_memory(RECORD) };
	const char *reason = memory_open(&l.memory, kind, LOG_SIZE);

	memset(l.record, 'x', RECORD);
	if (!reason && write_records == by_store)
		reason = memory_map(&l.memory, 0);
	if (!reason && uring)
		reason = uring_open(&l.ring, l.memory.fd, l.record, RECORD, sqpoll);
	if (!reason)
		*value = time_records(&l, write_records);
	if (l.ring)
		uring_close(l.ring);
	memory_close(&l.memory);
	private_memory_free(l.record, RECORD);
	return reason;
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

/*
 * Not measured when instructions are counted: those by which the SQPOLL thread
 * polls would be counted, too.
 */
static const char *polled(const struct contender *c, const struct group *g, double *values)
{
	(void)g;
	if (options.instructions)
		return "the kernel thread polls: its instructions are not counted";
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
		.metrics = time_metric,
	};

	compare(&g);
}

const struct experiment log_experiment = {
	.name = "log",
	.doc = "write records of 512 bytes into a log of 150 KiB, over and over",
	.run = run,
};
