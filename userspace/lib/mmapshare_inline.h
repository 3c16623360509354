/* SPDX-License-Identifier: MIT */
/*
 * mmapshare_inline.h: the per-record functions of a ring as inline functions.
 *
 * A file that includes this instead of <mmapshare.h> has the common cases of
 * mmapshare_ring_reserve(), _commit(), _next() and _release() compiled into the
 * caller: some twenty instructions each, which take as long as a function call.
 * In all other cases the library's functions are called. The results are the
 * same; one program may use both headers in different files.
 *
 * Identifiers that begin with mms_ or MMS_ are internal. The layout of struct
 * mmapshare_endpoint is part of the ABI of libmmapshare.so.1, which may only
 * append members.
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

/* REVOKED: the ring was revoked, and zeroes are mapped in its place. */
enum mms_role {
	MMS_ROLE_REVOKED,
	MMS_ROLE_PRODUCER,
	MMS_ROLE_CONSUMER,
};

/*
 * struct mmapshare_endpoint - a producer or consumer
 * @role: which of the two
 * @overwrite: (producer) the ring is not lossless; (consumer) records may be
 *	overwritten before they are released
 * @stale: (consumer) mmapshare_ring_check() found the record at @last_pos
 *	overwritten
 * @more: (consumer) mmapshare_ring_next() returned -EAGAIN although records may
 *	follow; makes the next wait return at once
 * @held: (consumer) the producer may wait for this one
 * @ring: the first page; written by the kernel only
 * @producer: the producer's page; written by the producer
 * @cursor: (consumer) its own page; written by this endpoint
 * @writable_producer: (producer) @producer, else NULL
 * @writable_cursor: (consumer, unless @overwrite) @cursor, else NULL
 * @reserve_limit: lengths below this can be reserved inline; 0 if not a
 *	producer, and with @features
 * @next_limit: records with a length below this can be taken inline; 0 if
 *	@writable_cursor is NULL
 * @data: the records, followed by their mirror
 * @mask: bytes of records less 8, the size of a header. Positions are multiples
 *	of 8, so this is also the mask that turns one into an offset
 * @record_max: maximum length of a record
 * @pos: where the next record is reserved (producer) or taken (consumer)
 * @seq: sequence number of that record
 * @last_pos: where the last reserved or taken record begins. (consumer) Equal
 *	to @pos if no record is taken and not released
 * @published_pos: the @pos that peers can see, in @producer or @cursor
 * @producer_pos: (consumer) the producer's position as it was last loaded
 * @limit: (producer) bytes of records before this may be overwritten
 * @lost: (consumer) records that were overwritten before it took them, those that the
 *	name of its cursor has lost before included
 * @map_size: bytes of the mapping, with the mirror
 * @fd: the descriptor
 * @wake_bytes: set by mmapshare_ring_set_wake_bytes()
 * @spins_max: set by mmapshare_ring_set_spins()
 * @spins: number of polls before the next sleep, adapted to past success
 * @known_pos: (producer of a lossless ring) an earlier @published_pos, not
 *	before @oldest_pos: a record begins there
 * @oldest_pos: (producer) where the oldest record begins, as peers see it. Not
 *	before @limit
 * @features: MMAPSHARE_RING_FEAT_* of the ring
 * @info_bytes: bytes of struct mmapshare_record_info in front of the bytes of each
 *	record; 0 without @features. They count in the length in the header
 * @read_info: (consumer) that of the record which mmapshare_ring_read() copied
 * @read_seq: (consumer) @seq after that record, if @has_read
 * @has_read: (consumer) mmapshare_ring_read() has copied a record
 * @resumed: (consumer) it goes on at the position of its name
 * @generation: of the ring
 *
 * One thread at a time uses an endpoint, so no member is atomic. The members
 * are in private memory. What a peer stores to shared memory is checked before
 * it is copied to one of them, and mms_record() is inside the ring for any
 * position.
 */
struct mmapshare_endpoint {
	enum mms_role role;
	bool overwrite;
	bool stale;
	bool more;
	bool held;
	const struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *producer;
	struct mmapshare_ring_cursor *cursor;
	struct mmapshare_ring_producer *writable_producer;
	struct mmapshare_ring_cursor *writable_cursor;
	uint64_t reserve_limit;
	uint64_t next_limit;
	char *data;
	uint64_t mask;
	uint64_t record_max;
	uint64_t pos;
	uint64_t seq;
	uint64_t last_pos;
	uint64_t published_pos;
	uint64_t producer_pos;
	uint64_t limit;
	uint64_t lost;
	uint64_t map_size;
	int fd;
	uint32_t wake_bytes;
	unsigned int spins_max;
	unsigned int spins;
	uint64_t known_pos;
	uint64_t oldest_pos;
	uint64_t features;
	uint32_t info_bytes;
	struct mmapshare_record_info read_info;
	uint64_t read_seq;
	bool has_read;
	bool resumed;
	uint64_t generation;
};

#define MMS_HEADER	sizeof(struct mmapshare_record)

/* Bytes from the header of a record to the next header. */
static inline uint64_t mms_record_step(uint32_t length)
{
	return MMS_HEADER + (((length & MMAPSHARE_RECORD_LENGTH) + 7ULL) & ~7ULL);
}

/* Is @pos equal to @target or past it? They are less than 2^63 apart. */
static inline bool mms_pos_reached(uint64_t pos, uint64_t target)
{
	return MMS_CAST(int64_t, pos - target) >= 0;
}

/*
 * Has @pos reached the wake threshold @wake_pos? The kernel stores it with bit
 * 0 set; 0 means that no peer sleeps.
 */
static inline bool mms_wake_pos_reached(uint64_t pos, uint64_t wake_pos)
{
	return (wake_pos & 1) && mms_pos_reached(pos, wake_pos & ~7ULL);
}

/* The header at @pos; inside the ring for any @pos, even an invalid one. */
static inline struct mmapshare_record *mms_record(const struct mmapshare_endpoint *ep,
						  uint64_t pos)
{
	void *header = ep->data + (pos & ep->mask);

	return MMS_CAST(struct mmapshare_record *, header);
}

/* Step 2: is there space for @step bytes, and for the header behind them? */
static inline bool mms_has_space(const struct mmapshare_endpoint *ep, uint64_t step)
{
	return ep->pos + step - ep->limit <= ep->mask;
}

/*
 * Store the length of the record at @header, and @next_seq to the next header,
 * which is inside the records or their mirror.
 */
static inline void mms_set_length(struct mmapshare_record *header, uint32_t length,
				  uint64_t next_seq)
{
	void *end = MMS_CAST(char *, MMS_CAST(void *, header)) + mms_record_step(length);
	struct mmapshare_record *next = MMS_CAST(struct mmapshare_record *, end);

	header->length = length;
	next->seq = MMS_CAST(uint32_t, next_seq);
}

/*
 * Reserve a record, for which there is space. Its header already contains the
 * sequence number: mms_set_length() stored it with the record before.
 */
static inline int mms_begin_record(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	struct mmapshare_record *header = mms_record(ep, ep->pos);

	mms_set_length(header, length, ++ep->seq);
	ep->last_pos = ep->pos;
	ep->pos += mms_record_step(length);
	*record = header + 1;
	return 0;
}

/*
 * Step 5: publish all reserved records, of which there are some. Release: after
 * the stores to the records. Pairs with the acquire in refresh_producer_pos(), and
 * in the kernel's mms_producer_pos(). @order: __ATOMIC_RELEASE, or more.
 */
static inline void mms_producer_store_pos(struct mmapshare_endpoint *ep, int order)
{
	__atomic_store_n(&ep->writable_producer->seq, ep->seq, __ATOMIC_RELAXED);
	ep->published_pos = ep->pos;
	__atomic_store_n(&ep->writable_producer->pos, ep->pos, order);
}

/*
 * Steps 5 and 6: publish all reserved records. True if RING_NOTIFY must be
 * called, because a consumer may be asleep that waits for this position.
 */
static inline bool mms_producer_publish(struct mmapshare_endpoint *ep)
{
	const uint64_t pos = ep->pos;

	if (pos == ep->published_pos)
		return false;
	/*
	 * Sequentially consistent: before the load of consumer_wake_pos. Pairs
	 * with the full fence in the kernel's mms_endpoint_arm(), between its
	 * store of consumer_wake_pos and its load of the position.
	 */
	mms_producer_store_pos(ep, __ATOMIC_SEQ_CST);
	return mms_wake_pos_reached(pos, __atomic_load_n(&ep->ring->consumer_wake_pos,
							 __ATOMIC_SEQ_CST));
}

/*
 * Is there a record, known to be published, that can be taken without further
 * checks? Valid lengths below @next_limit have no flag set. One that has no space
 * for @info_bytes wraps around, and is not below it.
 */
static inline bool mms_has_plain_record(const struct mmapshare_endpoint *ep, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(ep, ep->pos);

	if (ep->pos == ep->producer_pos)
		return false;
	/* Pairs with the release that clears BUSY in mms_complete_multi(). */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	return *length - ep->info_bytes < ep->next_limit &&
	       mms_record_step(*length) <= ep->producer_pos - ep->pos &&
	       __atomic_load_n(&record->seq, __ATOMIC_RELAXED) == MMS_CAST(uint32_t, ep->seq);
}

/*
 * Consumer that loses nothing: is there no record, and no unpublished position of
 * which the producer would have to be notified?
 */
static inline bool mms_is_idle(const struct mmapshare_endpoint *ep)
{
	return ep->writable_cursor && ep->pos == ep->producer_pos &&
	       ep->pos == ep->published_pos &&
	       __atomic_load_n(&ep->producer->pos, __ATOMIC_RELAXED) == ep->producer_pos;
}

/* Take the record at @pos, with @length bytes and no flags in its header. */
static inline int mms_take_record(struct mmapshare_endpoint *ep, uint32_t length,
				  const void **record, size_t *record_length)
{
	ep->last_pos = ep->pos;
	ep->pos += mms_record_step(length);
	ep->seq++;
	*record = MMS_CAST(const char *, MMS_CAST(const void *, mms_record(ep, ep->last_pos) + 1)) +
		  ep->info_bytes;
	*record_length = length - ep->info_bytes;
	return 0;
}

/* Mark all records of a consumer as released, without publishing that. */
static inline void mms_release_records(struct mmapshare_endpoint *ep)
{
	ep->last_pos = ep->pos;
}

/*
 * Step 9 if the producer may wait for this consumer: publish its position. True if
 * RING_NOTIFY must be called, because the producer may be asleep and the
 * position has now reached producer_wake_pos.
 */
static inline bool mms_cursor_publish(struct mmapshare_endpoint *ep)
{
	const uint64_t before = ep->published_pos, pos = ep->pos;
	uint64_t wake_pos;

	if (pos == before)
		return false;
	ep->published_pos = pos;
	ep->cursor->seq = ep->seq;
	/*
	 * Release: after the loads of the records. Pairs with the acquire in
	 * min_consumer_pos(), and in the kernel's mms_source_min_pos() and
	 * mms_ring_min_pos_of().
	 *
	 * Sequentially consistent: before the load of producer_wake_pos. Pairs
	 * with the full fence in the kernel's mms_endpoint_arm(), between its
	 * store of producer_wake_pos and its load of the position.
	 */
	__atomic_store_n(&ep->cursor->pos, pos, __ATOMIC_SEQ_CST);
	wake_pos = __atomic_load_n(&ep->ring->producer_wake_pos, __ATOMIC_SEQ_CST);
	return mms_wake_pos_reached(pos, wake_pos) &&
	       !mms_wake_pos_reached(before, wake_pos);
}

/* The library itself defines the functions that these macros replace. */
#ifndef MMAPSHARE_LIBRARY
static inline int mms_inline_reserve(struct mmapshare_endpoint *ep, size_t length,
				     void **record)
{
	const uint32_t n = MMS_CAST(uint32_t, length);

	if (length >= ep->reserve_limit || !mms_has_space(ep, mms_record_step(n)))
		return mmapshare_ring_reserve(ep, length, record);
	return mms_begin_record(ep, n, record);
}

static inline int mms_inline_commit(struct mmapshare_endpoint *ep)
{
	if (!ep->writable_producer)
		return mmapshare_ring_commit(ep);
	return mms_producer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

static inline int mms_inline_next(struct mmapshare_endpoint *ep, const void **record,
				  size_t *length)
{
	uint32_t n;

	if (mms_has_plain_record(ep, &n))
		return mms_take_record(ep, n, record, length);
	return mms_is_idle(ep) ? -EAGAIN : mmapshare_ring_next(ep, record, length);
}

static inline int mms_inline_release(struct mmapshare_endpoint *ep)
{
	if (!ep->writable_cursor)
		return mmapshare_ring_release(ep);
	mms_release_records(ep);
	return mms_cursor_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

#define mmapshare_ring_reserve(ep, length, record)	\
	mms_inline_reserve(ep, length, record)
#define mmapshare_ring_commit(ep)			mms_inline_commit(ep)
#define mmapshare_ring_next(ep, record, length)	\
	mms_inline_next(ep, record, length)
#define mmapshare_ring_release(ep)			mms_inline_release(ep)
#endif /* MMAPSHARE_LIBRARY */

#endif /* MMAPSHARE_INLINE_H */
