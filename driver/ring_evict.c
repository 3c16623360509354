// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: consumers that a lossless ring no longer waits for.
 *
 * If a record does not fit, the producer's program waits, or the kernel drops it:
 * both start a timer. A consumer that has not released, when it expires, what that
 * record needed becomes one that may lose. Positions never decrease, so that it
 * has not released it in all that time: the producer does not wait longer than
 * @evict_ns for a record, even if a consumer releases a little now and then.
 *
 * A consumer that is evicted last leaves a ring that retains nothing: otherwise
 * the producer would have to wait for the next consumer.
 *
 * A cursor that has a name may keep records without a consumer. For it there is a
 * second timer, as its time begins when the last consumer detaches.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "ring_named.h"

/* The current jiffy has begun already. */
static unsigned long mms_ns_to_jiffies(u64 ns)
{
	return min_t(u64, nsecs_to_jiffies64(ns) + 1, MAX_JIFFY_OFFSET);
}

/* Nanoseconds for which the producer waits for a cursor that has no consumer. */
static u64 mms_named_remaining(const struct mms_named *named)
{
	const u64 passed = ktime_get_ns() - named->detached_ns;

	return named->keep_ns > passed ? named->keep_ns - passed : 0;
}

/*
 * A record does not fit: have the cursors evicted that hold it back without a
 * consumer, when their time is over.
 */
static void mms_ring_start_keep(struct mms_ring *ring, u64 pos)
{
	u64 remaining = U64_MAX;
	unsigned int i;

	if (!ring->expiring || ring->keeping)
		return;
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->expiring & BIT_ULL(i))
			remaining = min(remaining, mms_named_remaining(ring->named[i]));
	ring->keep_pos = pos;
	WRITE_ONCE(ring->keeping, true);
	schedule_delayed_work(&ring->keep_work, mms_ns_to_jiffies(remaining));
}

/*
 * The consumers whose next record is still reserved. Their positions are untrusted: one
 * that is inside a record may find BUSY in bytes that are no header.
 */
static u64 mms_ring_blocked(const struct mms_ring *ring)
{
	u64 blocked = 0;
	unsigned int i;

	for (i = 0; i < ring->consumers_max; i++)
		if (ring->active & BIT_ULL(i) &&
		    mms_record_is_busy(ring, READ_ONCE(mms_cursor(ring, i)->pos)))
			blocked |= BIT_ULL(i);
	return blocked;
}

/* Is the oldest record still reserved? Its position is the kernel's. */
static bool mms_ring_oldest_is_busy(const struct mms_ring *ring)
{
	return mms_record_is_busy(ring, READ_ONCE(ring->p->oldest_pos));
}

/**
 * mms_ring_start_eviction - a record does not fit: start the timer
 * @ring: the ring, locked
 * @pos: the position that each consumer must reach before there is space
 *
 * Nothing happens if the timer runs: the consumers that hold back a later record
 * are evicted after the next time.
 *
 * Context: @ring->lock held.
 */
void mms_ring_start_eviction(struct mms_ring *ring, u64 pos)
{
	lockdep_assert_held(&ring->lock);
	if (!ring->active || !ring->producer)
		return;
	mms_ring_start_keep(ring, pos);
	if (!ring->evict_ns || ring->evicting)
		return;
	ring->evict_pos = pos;
	ring->evict_blocked = mms_ring_blocked(ring);
	WRITE_ONCE(ring->evicting, true);
	schedule_delayed_work(&ring->evict_work, ring->evict_jiffies);
}

/*
 * Stop waiting for a consumer. Its program learns about it by oldest_pos, which
 * it checks after each record. A cursor that has no consumer is as if it had kept
 * nothing from the beginning.
 */
static void mms_ring_evict(struct mms_ring *ring, struct mms_endpoint *c)
{
	const u64 bit = BIT_ULL(c->cursor);

	lockdep_assert_held(&ring->lock);
	ring->active &= ~bit;
	ring->expiring &= ~bit;
	if (ring->unheld & bit) {
		ring->named[c->cursor]->evicted = true;
	} else {
		WRITE_ONCE(c->may_lose, true);
		ring->may_lose |= bit;
		ring->evicted |= bit;
		WRITE_ONCE(ring->head->may_lose, ring->may_lose);
		WRITE_ONCE(ring->head->evicted, ring->evicted);
	}
	if (!(ring->active & ~ring->provisional)) {
		WRITE_ONCE(ring->retained_pos, MMAPSHARE_RING_RETAINS_NOTHING);
		WRITE_ONCE(ring->head->retained_pos, MMAPSHARE_RING_RETAINS_NOTHING);
	}
	mms_ring_publish_cleared(ring);
}

/*
 * Has the consumer that has @cursor not released all up to @wanted? The position is
 * untrusted: a consumer that holds back the producer on purpose could as well attach again.
 */
static bool mms_ring_is_late(const struct mms_ring *ring, unsigned int cursor, u64 wanted)
{
	return !mms_pos_reached(READ_ONCE(mms_cursor(ring, cursor)->pos), wanted);
}

/* The producer rechecks, and if it has to wait still, starts the timer again. */
static void mms_ring_evicted(struct mms_ring *ring)
{
	/* the cursor of a name counts no longer */
	mms_ring_consumers_changed(ring);
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
}

/*
 * A consumer that is blocked cannot release more, and one that was when the timer was
 * started may just have been woken. Either is spared, but not twice for the same record
 * that was refused, as its position is untrusted.
 */
static void mms_ring_evict_late(struct mms_ring *ring)
{
	const u64 candidates = ring->active & ~ring->provisional;
	const u64 blocked = ring->evict_blocked | mms_ring_blocked(ring);
	const u64 spare = blocked & ~ring->evict_spared;
	unsigned int i;

	ring->evict_spared = 0;
	/* no consumer can have it overwritten: eviction would make no space */
	if (mms_ring_oldest_is_busy(ring))
		return;
	for (i = 0; i < ring->consumers_max; i++) {
		if (!(candidates & BIT_ULL(i)) || !mms_ring_is_late(ring, i, ring->evict_pos))
			continue;
		if (spare & BIT_ULL(i))
			ring->evict_spared |= BIT_ULL(i);
		else
			mms_ring_evict(ring, ring->consumers[i]);
	}
}

static void mms_ring_evict_work(struct work_struct *work)
{
	struct mms_ring *ring = container_of(to_delayed_work(work), struct mms_ring, evict_work);
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->evicting, false);
	if (ring->revoked)
		goto unlock;
	/* marks the corrupt ones, which do not count any more */
	mms_ring_min_pos(ring);
	mms_ring_evict_late(ring);
	mms_ring_evicted(ring);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
}

static void mms_ring_keep_work(struct work_struct *work)
{
	struct mms_ring *ring = container_of(to_delayed_work(work), struct mms_ring, keep_work);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->keeping, false);
	if (ring->revoked)
		goto unlock;
	mms_ring_min_pos(ring);
	for (i = 0; !mms_ring_oldest_is_busy(ring) && i < ring->consumers_max; i++)
		if (ring->expiring & BIT_ULL(i) && !mms_named_remaining(ring->named[i]) &&
		    mms_ring_is_late(ring, i, ring->keep_pos))
			mms_ring_evict(ring, ring->consumers[i]);
	mms_ring_evicted(ring);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
}

/**
 * mms_ring_init_eviction - prepare a new ring
 * @ring: the ring
 * @ns: how long a record waits for a consumer, 0 for no limit
 *
 * Context: any.
 */
void mms_ring_init_eviction(struct mms_ring *ring, u64 ns)
{
	INIT_DELAYED_WORK(&ring->evict_work, mms_ring_evict_work);
	INIT_DELAYED_WORK(&ring->keep_work, mms_ring_keep_work);
	ring->evict_ns = ns;
	ring->evict_jiffies = mms_ns_to_jiffies(ns);
}

/**
 * mms_ring_stop_eviction - the producer is about to detach
 * @ring: the ring. Its producer does not wait, and drops no record
 *
 * Context: process context, may sleep.
 */
void mms_ring_stop_eviction(struct mms_ring *ring)
{
	unsigned long flags;

	/* first: mms_named_park() starts the work if @keeping is set */
	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->evicting, false);
	WRITE_ONCE(ring->keeping, false);
	spin_unlock_irqrestore(&ring->lock, flags);
	cancel_delayed_work_sync(&ring->evict_work);
	cancel_delayed_work_sync(&ring->keep_work);
}
