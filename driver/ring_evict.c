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
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "ring.h"

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
	if (!ring->evict_ns || ring->evicting || !ring->active || !ring->producer)
		return;
	ring->evict_pos = pos;
	WRITE_ONCE(ring->evicting, true);
	schedule_delayed_work(&ring->evict_work, ring->evict_jiffies);
}

/*
 * Stop waiting for a consumer. Its program learns about it by oldest_pos, which
 * it checks after each record.
 */
static void mms_ring_evict(struct mms_ring *ring, struct mms_endpoint *c)
{
	const u64 bit = BIT_ULL(c->cursor);

	lockdep_assert_held(&ring->lock);
	WRITE_ONCE(c->may_lose, true);
	ring->active &= ~bit;
	ring->may_lose |= bit;
	ring->evicted |= bit;
	WRITE_ONCE(ring->head->may_lose, ring->may_lose);
	WRITE_ONCE(ring->head->evicted, ring->evicted);
	if (!(ring->active & ~ring->provisional)) {
		WRITE_ONCE(ring->retained_pos, MMAPSHARE_RING_RETAINS_NOTHING);
		WRITE_ONCE(ring->head->retained_pos, MMAPSHARE_RING_RETAINS_NOTHING);
	}
	mms_ring_publish_cleared(ring);
}

/*
 * Has the consumer that has @cursor not released what it could? It cannot release
 * a record that is still reserved. The position is untrusted: a consumer that holds
 * back the producer on purpose could as well attach again.
 */
static bool mms_ring_is_late(const struct mms_ring *ring, unsigned int cursor)
{
	const u64 pos = READ_ONCE(mms_cursor(ring, cursor)->pos);

	return !mms_pos_reached(pos, ring->evict_pos) && !mms_record_is_busy(ring, pos);
}

static void mms_ring_evict_work(struct work_struct *work)
{
	struct mms_ring *ring = container_of(to_delayed_work(work), struct mms_ring, evict_work);
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->evicting, false);
	if (ring->revoked)
		goto unlock;
	/* marks the corrupt ones, which do not count any more */
	mms_ring_min_pos(ring);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->active & ~ring->provisional & BIT_ULL(i) && mms_ring_is_late(ring, i))
			mms_ring_evict(ring, ring->consumers[i]);
	/* it rechecks, and if it has to wait still, starts the timer again */
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
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
	ring->evict_ns = ns;
	/* the current jiffy has begun already */
	ring->evict_jiffies = min_t(u64, nsecs_to_jiffies64(ns) + 1, MAX_JIFFY_OFFSET);
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

	cancel_delayed_work_sync(&ring->evict_work);
	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->evicting, false);
	spin_unlock_irqrestore(&ring->lock, flags);
}
