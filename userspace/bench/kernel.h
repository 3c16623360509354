/* SPDX-License-Identifier: MIT */
/*
 * From the kernel to this program, in all the ways that driver/bench knows, to be
 * measured side by side. The kernel thread makes records as fast as it can, and
 * every one arrives.
 */
#ifndef BENCH_KERNEL_H
#define BENCH_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "../../driver/bench/bench.h"

/*
 * struct feed - one measurement
 * @device: the open device
 * @ring: what START has returned
 * @length: bytes of each record
 * @records: how many have come
 * @sum: of all words but the first two, so that each byte was looked at
 * @sequences: the sum of theirs
 * @total: how many there are, as soon as the last one has come
 * @own: what the way needs
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

/*
 * struct kernel_way - a way for records from the kernel
 * @missing: what this kernel does not have for it, or NULL; may be NULL
 * @begin: before START: returns what that is to have for @to
 * @drain: take them all
 * @end: may be NULL
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

/* Look at all of a record. */
static inline void take(struct feed *feed, const void *data)
{
	const uint64_t *words = data;
	size_t i;

	for (i = 2; i < feed->length / 8; i++)
		feed->sum += words[i];
	feed->sequences += words[1];
	feed->total += words[0];
	feed->records++;
}

/* The last one may be overtaken by others. */
static inline bool is_done(const struct feed *feed)
{
	return feed->total && feed->records == feed->total;
}

#endif /* BENCH_KERNEL_H */
