/* SPDX-License-Identifier: MIT */
/*
 * A log that survives the death of its writer. The region is an array of
 * records. The record at index i has the sequence number i + 1. The writer
 * stores this number last, with release order; a reader that loads it with
 * acquire order sees the complete record. If the writer dies before that store,
 * the number remains 0: there is no record.
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
	unsigned int crc32c;	/* of length and of the valid bytes of data */
	unsigned int length;	/* valid bytes of data */
	char data[RECORD_DATA];
};

static_assert(sizeof(struct record) == RECORD_SIZE, "no padding");

static inline unsigned int record_crc(const struct record *r)
{
	return crc32c(&r->length, sizeof(r->length) + r->length);
}

/* Writer: publish a record whose data and length are filled in. */
static inline void record_commit(struct record *r, unsigned int seq)
{
	r->crc32c = record_crc(r);
	/* pairs with record_is_committed() and record_is_intact() */
	atomic_store_explicit(&r->seq, seq, memory_order_release);
}

static inline bool record_is_committed(struct record *r)
{
	return atomic_load_explicit(&r->seq, memory_order_acquire);
}

static inline bool record_is_intact(struct record *r, unsigned int seq)
{
	return atomic_load_explicit(&r->seq, memory_order_acquire) == seq &&
	       r->length <= RECORD_DATA && r->crc32c == record_crc(r);
}

#endif /* EXAMPLES_LOG_H */
