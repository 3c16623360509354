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

/* -Wold-style-cast objects to the C form in C++. */
#ifdef __cplusplus
#define MMS_CAST(type, x)	(static_cast<type>(x))
#else
#define MMS_CAST(type, x)	((type)(x))
#endif

/* A part in a ring that was revoked is none. */
enum mms_role {
	MMS_ROLE_NONE,
	MMS_ROLE_PRODUCER,
	MMS_ROLE_CONSUMER,
};

/*
 * struct mmapshare_endpoint - a producer or consumer; for one thread at a time
 * @role: which of the two
 * @overwrite: the ring is not lossless
 * @stale: a consumer's: the record at @last is known to be overwritten
 * @ring: the first page, only the kernel stores there
 * @p: the producer's page
 * @c: a consumer's own one
 * @writable_p: @p, of the producer, else NULL
 * @writable_c: @c, of a consumer in a ring that does not overwrite, else NULL
 * @reserve_below: shorter records than that can be reserved; 0 but of the producer
 * @take_below: shorter ones are taken without much ado; 0 where @writable_c is NULL
 * @data: the records, and once more behind them
 * @mask: bytes of records, less those of a header
 * @record_max: bytes of a record
 * @pos: a producer's: where the next record will be; a consumer's: where
 *	the next one is
 * @seq: of that record
 * @last: where the last one is, which was reserved or taken; a consumer's is
 *	@pos if it has none
 * @published: what is said to be @pos to others
 * @seen: a consumer's: where the producer was when last looked at
 * @oldest_pos: a producer's: what is before that can be stored over
 * @lost: a consumer's: how many it has missed
 * @map_size: bytes of everything
 * @fd: the descriptor
 * @wake_bytes: what the caller wants there to be before it is woken
 * @spins_max: how often to look before it sleeps, at most
 * @spins: how often it is worth it, as things went till now
 *
 * What is from @pos on is the part's own, and nothing that others can store
 * to leads it astray.
 */
struct mmapshare_endpoint {
	enum mms_role role;
	bool overwrite;
	bool stale;
	const struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	struct mmapshare_ring_producer *writable_p;
	struct mmapshare_ring_cursor *writable_c;
	uint64_t reserve_below;
	uint64_t take_below;
	char *data;
	uint64_t mask;
	uint64_t record_max;
	uint64_t pos;
	uint64_t seq;
	uint64_t last;
	uint64_t published;
	uint64_t seen;
	uint64_t oldest_pos;
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

/* Is @pos at @at, or beyond? Neither is more than 2^63 away. */
static inline bool mms_pos_reached(uint64_t pos, uint64_t at)
{
	return MMS_CAST(int64_t, pos - at) >= 0;
}

/* Any @pos leads into the ring. */
static inline struct mmapshare_record *mms_record(const struct mmapshare_endpoint *ep,
						  uint64_t pos)
{
	void *header = ep->data + (pos & ep->mask);

	return MMS_CAST(struct mmapshare_record *, header);
}

/* Step 2: a record, and the number of the one behind it. */
static inline bool mms_fits(const struct mmapshare_endpoint *ep, uint64_t step)
{
	return ep->pos + step - ep->oldest_pos <= ep->mask;
}

/*
 * The record at @header is @length bytes long, and the next one is @seq. That is
 * in the ring, or in the second sight of it.
 */
static inline void mms_set_length(struct mmapshare_record *header, uint32_t length,
				  uint64_t seq)
{
	void *end = MMS_CAST(char *, MMS_CAST(void *, header)) + mms_step(length);
	struct mmapshare_record *next = MMS_CAST(struct mmapshare_record *, end);

	header->length = length;
	next->seq = MMS_CAST(uint32_t, seq);
}

/* Begin the record that fits; its number is there. */
static inline int mms_begin_record(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	struct mmapshare_record *header = mms_record(ep, ep->pos);

	mms_set_length(header, length, ++ep->seq);
	ep->last = ep->pos;
	ep->pos += mms_step(length);
	*record = header + 1;
	return 0;
}

/* Steps 5 and 6: does a consumer sleep until the producer is where it is now? */
static inline bool mms_producer_publish(struct mmapshare_endpoint *ep)
{
	const uint64_t pos = ep->pos;
	uint64_t wake;

	if (pos == ep->published)
		return false;
	__atomic_store_n(&ep->writable_p->seq, ep->seq, __ATOMIC_RELAXED);
	ep->published = pos;
	/*
	 * After the records; pairs with the acquire of consumers. And before the
	 * load; pairs with the kernel's fence between "wake" and its look at the
	 * position.
	 */
	__atomic_store_n(&ep->writable_p->pos, pos, __ATOMIC_SEQ_CST);
	wake = __atomic_load_n(&ep->ring->consumer_wake_pos, __ATOMIC_SEQ_CST);
	return wake & 1 && mms_pos_reached(pos, wake & ~7ULL);
}

/*
 * Is there a record that was seen before, with nothing special about it? No flag is
 * in a length that can be.
 */
static inline bool mms_is_plain(const struct mmapshare_endpoint *ep, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(ep, ep->pos);

	if (ep->pos == ep->seen)
		return false;
	/* pairs with who takes BUSY away */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	return *length < ep->take_below &&
	       mms_step(*length) <= ep->seen - ep->pos &&
	       __atomic_load_n(&record->seq, __ATOMIC_RELAXED) == MMS_CAST(uint32_t, ep->seq);
}

/* Is there no record, and nobody to be told that some were passed by? */
static inline bool mms_is_idle(const struct mmapshare_endpoint *ep)
{
	return ep->writable_c && ep->pos == ep->seen &&
	       ep->pos == ep->published &&
	       __atomic_load_n(&ep->p->pos, __ATOMIC_RELAXED) == ep->seen;
}

/* The record there is the caller's. */
static inline int mms_take(struct mmapshare_endpoint *ep, uint32_t length,
			   const void **record, size_t *n)
{
	ep->last = ep->pos;
	ep->pos += mms_step(length);
	ep->seq++;
	*record = mms_record(ep, ep->last) + 1;
	*n = length;
	return 0;
}

/* Has @pos, which was before, come to what the kernel's @word asks for? */
static inline bool mms_passes_wake_pos(uint64_t word, uint64_t before, uint64_t pos)
{
	return word & 1 && mms_pos_reached(pos, word & ~7ULL) &&
	       !mms_pos_reached(before, word & ~7ULL);
}

/* A consumer is done with the records it had. */
static inline void mms_release_taken(struct mmapshare_endpoint *ep)
{
	ep->last = ep->pos;
}

/*
 * Step 9, where nothing is overwritten: does the producer sleep until the consumer
 * is where it is now?
 */
static inline bool mms_publish_release(struct mmapshare_endpoint *ep)
{
	const uint64_t before = ep->published, pos = ep->pos;

	if (pos == before)
		return false;
	ep->published = pos;
	ep->writable_c->seq = ep->seq;
	/*
	 * After loads of the records; pairs with the acquire in min_consumer_pos(). And before
	 * the load; pairs with the kernel's fence between "room" and its look at the
	 * position.
	 */
	__atomic_store_n(&ep->writable_c->pos, pos, __ATOMIC_SEQ_CST);
	return mms_passes_wake_pos(__atomic_load_n(&ep->ring->producer_wake_pos, __ATOMIC_SEQ_CST), before,
			    pos);
}

#ifndef MMAPSHARE_LIBRARY
static inline int mms_inline_reserve(struct mmapshare_endpoint *ep, size_t length,
				     void **record)
{
	const uint32_t n = MMS_CAST(uint32_t, length);

	if (length >= ep->reserve_below || !mms_fits(ep, mms_step(n)))
		return mmapshare_ring_reserve(ep, length, record);
	return mms_begin_record(ep, n, record);
}

static inline int mms_inline_commit(struct mmapshare_endpoint *ep)
{
	if (!ep->writable_p)
		return mmapshare_ring_commit(ep);
	return mms_producer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

static inline int mms_inline_next(struct mmapshare_endpoint *ep, const void **record,
				  size_t *length)
{
	uint32_t n;

	if (mms_is_plain(ep, &n))
		return mms_take(ep, n, record, length);
	return mms_is_idle(ep) ? -EAGAIN : mmapshare_ring_next(ep, record, length);
}

static inline int mms_inline_release(struct mmapshare_endpoint *ep)
{
	if (!ep->writable_c)
		return mmapshare_ring_release(ep);
	mms_release_taken(ep);
	return mms_publish_release(ep) ? mmapshare_ring_notify(ep) : 0;
}

#define mmapshare_ring_reserve(ep, length, record)	\
	mms_inline_reserve(ep, length, record)
#define mmapshare_ring_commit(ep)			mms_inline_commit(ep)
#define mmapshare_ring_next(ep, record, length)	\
	mms_inline_next(ep, record, length)
#define mmapshare_ring_release(ep)			mms_inline_release(ep)
#endif /* MMAPSHARE_LIBRARY */

#endif /* MMAPSHARE_INLINE_H */
