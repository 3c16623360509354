/* SPDX-License-Identifier: MIT */
/*
 * What the ring*.c know of each other. What is in a ring, and who may store it,
 * is in <linux/mmapshare.h>; the numbers of steps in comments are those of "The
 * protocol" in Documentation/ring.rst.
 */
#ifndef MMAPSHARE_LIB_RING_H
#define MMAPSHARE_LIB_RING_H

#include <errno.h>
#include "lib.h"

#define HEADER	sizeof(struct mmapshare_record)

/* A part in a ring that was revoked is none. */
enum mms_role {
	MMS_NO_ROLE,
	MMS_PRODUCER,
	MMS_CONSUMER,
};

/*
 * struct mmapshare_part - a producer or consumer; for one thread at a time
 * @ring: the first page, only the kernel stores there
 * @p: the producer's page
 * @c: a consumer's own one
 * @data: the records, and once more behind them
 * @size: bytes of records
 * @record_max: bytes of a record
 * @wake_bytes: what the caller wants there to be before it is woken
 * @spins_max: how often to look before it sleeps, at most
 * @spins: how often it is worth it, as things went till now
 * @position: a producer's: where the next record will be; a consumer's: where
 *	the next one is
 * @number: of that record
 * @last: where the last one is, which was reserved or taken
 * @shared: what is said to be @position to others
 * @seen: a consumer's: where the producer was when last looked at
 * @held: a consumer's: how many records are taken and not released
 * @lost: a consumer's: how many it has missed
 * @tail: a producer's: what is before that can be stored over
 * @first: a producer's: number of the record at @shared
 *
 * What is from @position on is the part's own, and nothing that others can store
 * to leads it astray.
 */
struct mmapshare_part {
	int fd;
	enum mms_role role;
	bool overwrite;
	const struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	char *data;
	uint64_t size;
	uint64_t map_size;
	uint64_t record_max;
	uint32_t wake_bytes;
	unsigned int spins_max;
	unsigned int spins;
	uint64_t position;
	uint64_t number;
	uint64_t last;
	uint64_t shared;
	uint64_t seen;
	uint64_t held;
	uint64_t lost;
	uint64_t tail;
	uint64_t first;
};

/* What the kernel says of a ring can be believed, if it speaks of it as we do. */
static inline bool mms_ring_is_known(const struct mmapshare_ring *ring)
{
	return ring->magic == MMAPSHARE_RING_MAGIC &&
	       ring->version == MMAPSHARE_RING_VERSION && !ring->features;
}

static inline uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/* Bytes from a record's header to the next. */
static inline uint64_t mms_step(uint32_t length)
{
	return HEADER + round8(length & MMAPSHARE_RECORD_LENGTH);
}

/* Is @position at @at, or beyond? Neither is more than 2^63 away. */
static inline bool mms_reached(uint64_t position, uint64_t at)
{
	return (int64_t)(position - at) >= 0;
}

/* Has @position, which was before, come to what the kernel's @word asks for? */
static inline bool mms_comes_to(uint64_t word, uint64_t before, uint64_t position)
{
	return word & 1 && mms_reached(position, word & ~7ULL) &&
	       !mms_reached(before, word & ~7ULL);
}

/* Any @position leads into the ring. */
static inline struct mmapshare_record *mms_record(const struct mmapshare_part *part,
						  uint64_t position)
{
	return (void *)(part->data + (position & (part->size - HEADER)));
}

/* 64 bits of a number that is about @near. */
static inline uint64_t mms_number(uint32_t low, uint64_t near)
{
	return near + (int32_t)(low - (uint32_t)near);
}

static inline const struct mmapshare_ring_cursor *
mms_cursor(const struct mmapshare_ring *ring, unsigned int n)
{
	return (void *)((char *)ring + ring->cursor_offset + n * ring->cursor_stride);
}

/* What is said to who asks for what the other side does. */
static inline int mms_not_its_role(const struct mmapshare_part *part)
{
	return part->role == MMS_NO_ROLE ? -ENODEV : -EBADF;
}

/* Somebody sleeps until it is where it is now. */
MMS_HIDDEN int mms_ring_notify(struct mmapshare_part *part);

/* Each side's half of the functions for both. */
MMS_HIDDEN void mms_producer_begin(struct mmapshare_part *part);
MMS_HIDDEN bool mms_producer_can_go_on(struct mmapshare_part *part);
MMS_HIDDEN void mms_consumer_begin(struct mmapshare_part *part);
MMS_HIDDEN bool mms_consumer_can_go_on(struct mmapshare_part *part);
/* Say where it is, if nobody was told. */
MMS_HIDDEN int mms_consumer_share(struct mmapshare_part *part);

#endif /* MMAPSHARE_LIB_RING_H */
