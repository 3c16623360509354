/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the ring_*.c files know of each other. The layout, and who stores what,
 * is in <linux/mmapshare.h>, the protocol in Documentation/ring.rst.
 *
 * ring.c and ring_wait.c have what is true of a ring whoever takes part: its
 * memory, who is there, who sleeps. ring_file.c is what programs see of it.
 * ring_source.c and ring_sink.c are the kernel as producer and as consumer, with
 * kernel.c for what these have in common.
 */
#ifndef MMAPSHARE_RING_INTERNAL_H
#define MMAPSHARE_RING_INTERNAL_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "region.h"

#define MMS_RECORD_ALIGN	8

/**
 * struct mms_endpoint - a producer or consumer
 * @region: holds a reference, or is kept by who has the part
 * @producer: which of the two
 * @cursor: a consumer's
 * @waiters: where it sleeps
 * @wake: if not NULL: what is done instead of waking @waiters, with the ring's
 *	lock held and in any context
 * @armed: somebody sleeps, or may: wake when the other side is at @wake_pos
 * @wake_pos: where that is
 * @notified: the last sleeper was woken because it was there; read without the lock
 * @corrupt: stored nonsense, and is as if it was gone
 *
 * The last four change with the ring's lock.
 */
struct mms_endpoint {
	struct mms_region *region;
	bool producer;
	unsigned int cursor;
	wait_queue_head_t waiters;
	void (*wake)(struct mms_endpoint *ep);
	bool armed;
	u64 wake_pos;
	bool notified;
	bool corrupt;
};

/**
 * struct mms_ring - what is beyond the programs' reach
 * @flags: MMAPSHARE_RING_*
 * @size: bytes of records, a power of two
 * @consumers_max: how many cursors there are
 * @head: the first page, which only the kernel stores to
 * @p: the producer's page
 * @data: the records, and once more behind them
 * @attach: held while somebody comes or goes
 * @lock: for all below; taken in any context
 * @producer: NULL if there is none
 * @consumers: by cursor; those who are broken are here, but not in @active
 * @active: bits of cursors that count
 * @consumer_wake_pos: what @head->consumer_wake_pos is to be, whatever becomes of that
 * @producer_wake_pos: what @head->producer_wake_pos is to be
 * @retained_pos: what @head->retained_pos is to be
 * @had_consumers: there was one at some time
 * @producer_corrupt: the producer of a kernel consumer has stored nonsense, and what it
 *	stores does not count until it is gone
 */
struct mms_ring {
	u32 flags;
	u64 size;
	unsigned int consumers_max;
	struct mmapshare_ring *head;
	struct mmapshare_ring_producer *p;
	void *data;
	struct mutex attach;	/* see above */
	spinlock_t lock;	/* see above */
	struct mms_endpoint *producer;
	struct mms_endpoint *consumers[MMAPSHARE_RING_CONSUMERS_MAX];
	u64 active;
	u64 consumer_wake_pos;
	u64 producer_wake_pos;
	u64 retained_pos;
	bool had_consumers;
	bool producer_corrupt;
};

static inline struct mmapshare_ring_cursor *mms_cursor(const struct mms_ring *ring,
						       unsigned int n)
{
	return (void *)ring->head + ((n + 1UL) << PAGE_SHIFT);
}

/* Where the producer is; what is before that is there. */
static inline u64 mms_producer_pos(const struct mms_ring *ring)
{
	/* pairs with the release of who publishes */
	return smp_load_acquire(&ring->p->pos);
}

/* Any @pos leads into the ring, and what begins there ends before the mirror does. */
static inline struct mmapshare_record *mms_record(const struct mms_ring *ring, u64 pos)
{
	return ring->data + (pos & (ring->size - MMS_RECORD_ALIGN));
}

/* Where a part says that it is. */
static inline u64 mms_endpoint_pos(const struct mms_endpoint *ep)
{
	const struct mms_ring *ring = ep->region->ring;

	return ep->producer ? READ_ONCE(ring->p->pos) :
				READ_ONCE(mms_cursor(ring, ep->cursor)->pos);
}

static inline bool mms_is_lossless(const struct mms_ring *ring)
{
	return !(ring->flags & MMAPSHARE_RING_OVERWRITE);
}

/* Is @pos at @at, or beyond? Neither is more than 2^63 away. */
static inline bool mms_pos_reached(u64 pos, u64 at)
{
	return (s64)(pos - at) >= 0;
}

/* Can a record begin at @pos, with the producer at @head, in @size bytes? */
static inline bool mms_pos_ok(u64 pos, u64 head, u64 size)
{
	return IS_ALIGNED(pos, MMS_RECORD_ALIGN) && head - pos <= size;
}

/* Bytes from a header to the next. */
static inline u64 mms_record_step(u32 length)
{
	return sizeof(struct mmapshare_record) +
	       ALIGN((u64)(length & MMAPSHARE_RECORD_LENGTH), MMS_RECORD_ALIGN);
}

/* 64 bits of a number whose lower 32 are @low, and that is about @records. */
static inline u64 mms_extend_seq(u32 low, u64 records)
{
	return records + (s32)(low - (u32)records);
}

static inline u64 mms_record_max(u64 size)
{
	return min_t(u64, size / 2, MMAPSHARE_RECORD_DISCARD) -
	       sizeof(struct mmapshare_record);
}

/* A word |1, as programs see it; its lower bits are free. */
static inline bool mms_wake_pos_reached(u64 word, u64 pos)
{
	return word && mms_pos_reached(pos, word & ~7ULL);
}

/* ring_state.c */
void mms_ring_update_wake_pos(struct mms_ring *ring);
void mms_endpoint_wake(struct mms_endpoint *ep);
void mms_ring_deactivate(struct mms_ring *ring, const struct mms_endpoint *c);
void mms_ring_producer_is_corrupt(struct mms_ring *ring);
u64 mms_ring_min_pos(struct mms_ring *ring);

/* ring.c */
u64 mms_ring_geometry(u64 *size, unsigned int consumers);
struct mms_region *mms_ring_create(u32 flags, u64 size, unsigned int consumers);
void mms_endpoint_writable_range(const struct mms_endpoint *ep, u64 *offset, u64 *size);
void mms_endpoint_init(struct mms_endpoint *ep, struct mms_region *r, bool producer);
int mms_ring_attach(struct mms_endpoint *ep, bool latest);
void mms_ring_detach(struct mms_endpoint *ep);

/* ring_wait.c */
void mms_ring_wake_all(struct mms_ring *ring);
int mms_endpoint_check(struct mms_endpoint *ep);
int mms_endpoint_arm(struct mms_endpoint *ep, bool more);
int mms_endpoint_wait(struct mms_endpoint *ep, bool ignore_hup, s64 timeout);
void mms_ring_wake_consumers(struct mms_ring *ring);
void mms_ring_wake_producer(struct mms_ring *ring);

#endif /* MMAPSHARE_RING_INTERNAL_H */
