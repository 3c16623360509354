/* SPDX-License-Identifier: MIT */
/*
 * mmapshare_inline.h: what is done for each record, without calling a function.
 *
 * Who includes this instead of <mmapshare.h> has mmapshare_ring_reserve(), _commit(),
 * _next() and _release() compiled into the program, but for what is seldom: the
 * usual case is some twenty instructions each, and to call a function for them
 * takes as long. They do the same; a program may use both in different files.
 *
 * Nothing else here is for use. The structure is as it is for all libraries with
 * the name libmmapshare.so.1, which may add to its end.
 */
#ifndef MMAPSHARE_INLINE_H
#define MMAPSHARE_INLINE_H

#include <errno.h>
#include <stdbool.h>
#include "mmapshare.h"

/* A part in a ring that was revoked is none. */
enum mms_role {
	MMS_NO_ROLE,
	MMS_PRODUCER,
	MMS_CONSUMER,
};

/*
 * struct mmapshare_part - a producer or consumer; for one thread at a time
 * @role: which of the two
 * @overwrite: the ring is not lossless
 * @stale: a consumer's: the record at @last is known to be overwritten
 * @ring: the first page, only the kernel stores there
 * @p: the producer's page
 * @c: a consumer's own one
 * @own_p: @p, of the producer, else NULL
 * @own_c: @c, of a consumer in a ring that does not overwrite, else NULL
 * @put_below: shorter records than that can be reserved; 0 but of the producer
 * @take_below: shorter ones are taken without much ado; 0 where @own_c is NULL
 * @data: the records, and once more behind them
 * @mask: bytes of records, less those of a header
 * @record_max: bytes of a record
 * @position: a producer's: where the next record will be; a consumer's: where
 *	the next one is
 * @number: of that record
 * @last: where the last one is, which was reserved or taken; a consumer's is
 *	@position if it has none
 * @shared: what is said to be @position to others
 * @seen: a consumer's: where the producer was when last looked at
 * @tail: a producer's: what is before that can be stored over
 * @lost: a consumer's: how many it has missed
 * @map_size: bytes of everything
 * @fd: the descriptor
 * @wake_bytes: what the caller wants there to be before it is woken
 * @spins_max: how often to look before it sleeps, at most
 * @spins: how often it is worth it, as things went till now
 *
 * What is from @position on is the part's own, and nothing that others can store
 * to leads it astray.
 */
struct mmapshare_part {
	enum mms_role role;
	bool overwrite;
	bool stale;
	const struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	struct mmapshare_ring_producer *own_p;
	struct mmapshare_ring_cursor *own_c;
	uint64_t put_below;
	uint64_t take_below;
	char *data;
	uint64_t mask;
	uint64_t record_max;
	uint64_t position;
	uint64_t number;
	uint64_t last;
	uint64_t shared;
	uint64_t seen;
	uint64_t tail;
	uint64_t lost;
	uint64_t map_size;
	int fd;
	uint32_t wake_bytes;
	unsigned int spins_max;
	unsigned int spins;
};

#define MMS_HEADER	sizeof(struct mmapshare_record)

/* Bytes from a record's header to the next. */
static inline uint64_t mms_step(uint32_t length)
{
	return MMS_HEADER + (((length & MMAPSHARE_RECORD_LENGTH) + 7ULL) & ~7ULL);
}

/* Is @position at @at, or beyond? Neither is more than 2^63 away. */
static inline bool mms_reached(uint64_t position, uint64_t at)
{
	return (int64_t)(position - at) >= 0;
}

/* Any @position leads into the ring. */
static inline struct mmapshare_record *mms_record(const struct mmapshare_part *part,
						  uint64_t position)
{
	return (struct mmapshare_record *)(part->data +
					   (position & part->mask));
}

/* Step 2: a record, and the number of the one behind it. */
static inline bool mms_fits(const struct mmapshare_part *part, uint64_t step)
{
	return part->position + step - part->tail <= part->mask;
}

/*
 * The record at @header is @length bytes long, and the next one is @number. That is
 * in the ring, or in the second sight of it.
 */
static inline void mms_set_length(struct mmapshare_record *header, uint32_t length,
				  uint64_t number)
{
	char *next = (char *)header + mms_step(length);

	header->length = length;
	((struct mmapshare_record *)next)->number = (uint32_t)number;
}

/* Begin the record that fits; its number is there. */
static inline int mms_begin(struct mmapshare_part *part, uint32_t length, void **record)
{
	struct mmapshare_record *header = mms_record(part, part->position);

	mms_set_length(header, length, ++part->number);
	part->last = part->position;
	part->position += mms_step(length);
	*record = header + 1;
	return 0;
}

/* Steps 5 and 6: does a consumer sleep until the producer is where it is now? */
static inline bool mms_producer_share(struct mmapshare_part *part)
{
	const uint64_t position = part->position;
	uint64_t wake;

	if (position == part->shared)
		return false;
	__atomic_store_n(&part->own_p->records, part->number, __ATOMIC_RELAXED);
	part->shared = position;
	/*
	 * After the records; pairs with the acquire of consumers. And before the
	 * load; pairs with the kernel's fence between "wake" and its look at the
	 * position.
	 */
	__atomic_store_n(&part->own_p->position, position, __ATOMIC_SEQ_CST);
	wake = __atomic_load_n(&part->ring->wake, __ATOMIC_SEQ_CST);
	return wake & 1 && mms_reached(position, wake & ~7ULL);
}

/*
 * Is there a record that was seen before, with nothing special about it? No flag is
 * in a length that can be.
 */
static inline bool mms_is_plain(const struct mmapshare_part *part, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(part, part->position);

	if (part->position == part->seen)
		return false;
	/* pairs with who takes BUSY away */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	return *length < part->take_below &&
	       mms_step(*length) <= part->seen - part->position &&
	       __atomic_load_n(&record->number, __ATOMIC_RELAXED) == (uint32_t)part->number;
}

/* Is there no record, and nobody to be told that some were passed by? */
static inline bool mms_is_idle(const struct mmapshare_part *part)
{
	return part->own_c && part->position == part->seen &&
	       part->position == part->shared &&
	       __atomic_load_n(&part->p->position, __ATOMIC_RELAXED) == part->seen;
}

/* The record there is the caller's. */
static inline int mms_take(struct mmapshare_part *part, uint32_t length,
			   const void **record, size_t *n)
{
	part->last = part->position;
	part->position += mms_step(length);
	part->number++;
	*record = mms_record(part, part->last) + 1;
	*n = length;
	return 0;
}

/* Has @position, which was before, come to what the kernel's @word asks for? */
static inline bool mms_comes_to(uint64_t word, uint64_t before, uint64_t position)
{
	return word & 1 && mms_reached(position, word & ~7ULL) &&
	       !mms_reached(before, word & ~7ULL);
}

/* A consumer is done with the records it had. */
static inline void mms_put_back(struct mmapshare_part *part)
{
	part->last = part->position;
}

/*
 * Step 9, where nothing is overwritten: does the producer sleep until the consumer
 * is where it is now?
 */
static inline bool mms_give_room(struct mmapshare_part *part)
{
	const uint64_t before = part->shared, position = part->position;

	if (position == before)
		return false;
	part->shared = position;
	part->own_c->number = part->number;
	/*
	 * After loads of the records; pairs with the acquire in least(). And before
	 * the load; pairs with the kernel's fence between "room" and its look at the
	 * position.
	 */
	__atomic_store_n(&part->own_c->position, position, __ATOMIC_SEQ_CST);
	return mms_comes_to(__atomic_load_n(&part->ring->room, __ATOMIC_SEQ_CST), before,
			    position);
}

#ifndef MMAPSHARE_LIBRARY
static inline int mms_inline_reserve(struct mmapshare_part *part, size_t length,
				     void **record)
{
	if (length >= part->put_below || !mms_fits(part, mms_step((uint32_t)length)))
		return mmapshare_ring_reserve(part, length, record);
	return mms_begin(part, (uint32_t)length, record);
}

static inline int mms_inline_commit(struct mmapshare_part *part)
{
	if (!part->own_p)
		return mmapshare_ring_commit(part);
	return mms_producer_share(part) ? mmapshare_ring_notify(part) : 0;
}

static inline int mms_inline_next(struct mmapshare_part *part, const void **record,
				  size_t *length)
{
	uint32_t n;

	if (mms_is_plain(part, &n))
		return mms_take(part, n, record, length);
	return mms_is_idle(part) ? -EAGAIN : mmapshare_ring_next(part, record, length);
}

static inline int mms_inline_release(struct mmapshare_part *part)
{
	if (!part->own_c)
		return mmapshare_ring_release(part);
	mms_put_back(part);
	return mms_give_room(part) ? mmapshare_ring_notify(part) : 0;
}

#define mmapshare_ring_reserve(part, length, record)	\
	mms_inline_reserve(part, length, record)
#define mmapshare_ring_commit(part)			mms_inline_commit(part)
#define mmapshare_ring_next(part, record, length)	\
	mms_inline_next(part, record, length)
#define mmapshare_ring_release(part)			mms_inline_release(part)
#endif /* MMAPSHARE_LIBRARY */

#endif /* MMAPSHARE_INLINE_H */
