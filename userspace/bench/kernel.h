/* SPDX-License-Identifier: MIT */
/*
 * Records from the kernel to this program, in each way that driver/bench
 * offers. A kernel thread produces records as fast as it can, and no record is
 * lost.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "../../driver/bench/bench.h"

/**
 * struct feed - state of one measurement
 * @device: open file of /dev/mms-bench
 * @ring: result of START: the ring's descriptor, for BENCH_RING
 * @length: bytes of each record
 * @records: number of records received
 * @sum: sum of all words but each record's first two, to read every byte
 * @sequences: sum of the records' sequence numbers
 * @total: number of records sent, 0 until the last record was received
 * @own: private data of the way
 */
struct feed {
	int device;
	int ring;
	size_t length;
	uint64_t records;
	uint64_t sum;
	uint64_t sequences;
	uint64_t total;
	void *own;
};

/**
 * struct kernel_way - a way to receive records from the kernel
 * @name: its name
 * @way: enum bench_way
 * @missing: returns what the kernel lacks, or NULL; optional
 * @begin: prepare; returns bench_start.to; optional
 * @drain: receive all records
 * @end: release what @begin prepared; optional
 */
struct kernel_way {
	const char *name;
	uint32_t way;
	const char *(*missing)(void);
	uint32_t (*begin)(struct feed *feed);
	void (*drain)(struct feed *feed);
	void (*end)(struct feed *feed);
};

extern const struct kernel_way kernel_ring, kernel_ring_by_16, kernel_ring_eager;
extern const struct kernel_way kernel_read, kernel_iouring, kernel_pipe, kernel_pipe_64k;
extern const struct kernel_way kernel_netlink, kernel_bpf;

/* Count a record, and read all of it. */
static inline void count_record(struct feed *feed, const void *data)
{
	const uint64_t *words = data;
	size_t i;

	for (i = 2; i < feed->length / 8; i++)
		feed->sum += words[i];
	feed->sequences += words[1];
	feed->total += words[0];
	feed->records++;
}

/*
 * Have all records arrived? @total is not sufficient: io_uring may complete the
 * read of the last record before that of others.
 */
static inline bool is_done(const struct feed *feed)
{
	return feed->total && feed->records == feed->total;
}

#endif /* BENCH_KERNEL_H */
