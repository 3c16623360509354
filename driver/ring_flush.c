// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: wake a consumer at wake_bytes, or wake_us after the first record.
 *
 * A consumer with @wake_us in its cursor sleeps in two steps. First it is armed for the
 * next record. The producer that publishes this record calls mms_ring_wake_peers(), as
 * for any sleeping consumer. Instead of waking this one, that rearms it for wake_bytes
 * and starts a timer. Whichever is reached first wakes the consumer. This costs the
 * producer one more call for each sleep, and no call if it publishes nothing more.
 *
 * When the timer expires, @flush_pos is the producer's position. Before @flush_pos, a
 * consumer is ready with any number of bytes.
 */
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>
#include "compat.h"
#include "ring.h"

/*
 * Wake the consumer if it is still armed and has a record. The timer may be that of an
 * earlier sleep, whose records were taken since: it then expires early, which is harmless.
 */
static enum hrtimer_restart mms_flush_expired(struct hrtimer *timer)
{
	struct mms_endpoint *c = container_of(timer, struct mms_endpoint, flush_timer);
	struct mms_ring *ring = c->ring;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	if (!ring->revoked && c->armed && !c->flush_waits) {
		c->flush_pos = mms_producer_pos(ring);
		WRITE_ONCE(c->notified, true);
		mms_endpoint_wake(c);
		mms_ring_update_wake_pos(ring);
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	return HRTIMER_NORESTART;
}

/* The first record was published: rearm the consumer for wake_bytes, and start the timer. */
static void mms_flush_start(struct mms_endpoint *c)
{
	c->flush_waits = false;
	c->wake_pos = c->flush_full_pos;
	if (!hrtimer_is_queued(&c->flush_timer))
		hrtimer_start(&c->flush_timer, ns_to_ktime(c->flush_ns), HRTIMER_MODE_REL_SOFT);
}

/**
 * mms_flush_is_due - has the timer expired for the records at a position?
 * @c: the consumer
 * @pos: its position; untrusted
 *
 * Context: @lock of the ring held.
 * Return: true if @pos is before @c->flush_pos: then any number of bytes is enough.
 */
bool mms_flush_is_due(const struct mms_endpoint *c, u64 pos)
{
	return c->flush_pos - pos - 1 < c->ring->size;
}

/**
 * mms_flush_arm - lower the wake position of a consumer with wake_us to the next record
 * @c: an endpoint that is not ready; @wake_pos is set, and @flush_waits is false. Nothing
 *	is done for a producer
 *
 * The caller publishes the wake position, and after a full fence calls
 * mms_flush_recheck().
 *
 * Context: @lock of the ring held.
 */
void mms_flush_arm(struct mms_endpoint *c)
{
	const struct mmapshare_ring_cursor *cursor;
	u64 next;
	u32 us;

	lockdep_assert_held(&c->ring->lock);
	if (c->producer)
		return;
	cursor = mms_cursor(c->ring, c->cursor);
	us = READ_ONCE(cursor->wake_us);
	next = ALIGN_DOWN(READ_ONCE(cursor->pos), MMS_RECORD_ALIGN) + MMS_RECORD_ALIGN;
	/*
	 * The program may have changed the position since @wake_pos was derived from it.
	 * One that is far from @wake_pos would hide the wake positions of other consumers.
	 */
	if (!us || c->wake_pos - next - 1 >= c->ring->size)
		return;
	if (!c->has_flush_timer) {
		mms_hrtimer_setup(&c->flush_timer, mms_flush_expired, CLOCK_MONOTONIC,
				  HRTIMER_MODE_REL_SOFT);
		c->has_flush_timer = true;
	}
	c->flush_ns = (u64)us * NSEC_PER_USEC;
	c->flush_full_pos = c->wake_pos;
	c->wake_pos = next;
	c->flush_waits = true;
}

/**
 * mms_flush_reached - start the timer if the first record was published
 * @c: a consumer, armed, that is not blocked by a BUSY record
 * @head: the producer's position
 *
 * The caller publishes the wake position afterwards. A producer that
 * publishes more in the meantime finds the lower wake position, and calls again.
 *
 * Context: @lock of the ring held.
 * Return: true if the timer was started, and the consumer must not be woken yet.
 */
bool mms_flush_reached(struct mms_endpoint *c, u64 head)
{
	lockdep_assert_held(&c->ring->lock);
	if (!c->flush_waits || !mms_pos_reached(head, c->wake_pos))
		return false;
	if (mms_pos_reached(head, c->flush_full_pos))
		return false;
	mms_flush_start(c);
	return true;
}

/**
 * mms_flush_recheck - start the timer if there is a record by now
 * @c: the consumer or producer, after mms_flush_arm()
 *
 * Context: @lock of the ring held.
 * Return: true if that has changed the wake position, which the caller publishes.
 */
bool mms_flush_recheck(struct mms_endpoint *c)
{
	return c->flush_waits && mms_flush_reached(c, mms_producer_pos(c->ring));
}

/**
 * mms_flush_stop - cancel the timer of an endpoint that has detached
 * @c: the consumer or producer; it is not armed again
 *
 * Context: process context, may sleep.
 */
void mms_flush_stop(struct mms_endpoint *c)
{
	if (c->has_flush_timer)
		hrtimer_cancel(&c->flush_timer);
}
