/* SPDX-License-Identifier: MIT */
/*
 * A log that outlives its writer. The region is an array of records; the one
 * at index i has sequence number i + 1, stored last and with release order.
 * Whoever reads that number, with acquire order, finds the rest complete. A
 * writer that dies earlier leaves 0 there, and no record.
 */
#ifndef EXAMPLES_LOG_H
#define EXAMPLES_LOG_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "crc32c.h"

#define RECORD_SIZE	512
#define RECORD_DATA	(RECORD_SIZE - 12)

struct record {
	atomic_uint seq;
	unsigned int crc32c;	/* of all that follows, as far as length says */
	unsigned int length;	/* of data */
	char data[RECORD_DATA];
};

static_assert(sizeof(struct record) == RECORD_SIZE, "no padding");

static inline unsigned int record_crc(const struct record *r)
{
	return crc32c(&r->length, sizeof(r->length) + r->length);
}

/* The caller has filled in data and length. */
static inline void record_commit(struct record *r, unsigned int seq)
{
	r->crc32c = record_crc(r);
	atomic_store_explicit(&r->seq, seq, memory_order_release);
}

static inline bool record_committed(struct record *r)
{
	return atomic_load_explicit(&r->seq, memory_order_acquire);
}

static inline bool record_intact(struct record *r, unsigned int seq)
{
	return atomic_load_explicit(&r->seq, memory_order_acquire) == seq &&
	       r->length <= RECORD_DATA && r->crc32c == record_crc(r);
}

#endif /* EXAMPLES_LOG_H */
