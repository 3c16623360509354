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
#include <asm/barrier.h>
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

/*
 * Lower the wake position to the next record. The program may have changed its position
 * since @wake_pos was derived from it. One that is far from @wake_pos would hide the wake
 * positions of other consumers. Return: false if the consumer waits for no more anyway.
 */
static bool mms_flush_lower(struct mms_endpoint *c)
{
	const u64 pos = READ_ONCE(mms_cursor(c->ring, c->cursor)->pos);
	const u64 next = ALIGN_DOWN(pos, MMS_RECORD_ALIGN) + MMS_RECORD_ALIGN;

	if (c->wake_pos - next - 1 >= c->ring->size)
		return false;
	c->wake_pos = next;
	return true;
}

/* The timer has expired: wake the consumer if its next record is complete. */
static bool mms_flush_wake(struct mms_endpoint *c)
{
	const u64 pos = READ_ONCE(mms_cursor(c->ring, c->cursor)->pos);

	c->flush_pos = mms_producer_pos(c->ring);
	if (!mms_flush_is_due(c, pos) || mms_record_is_busy(c->ring, pos))
		return false;
	WRITE_ONCE(c->notified, true);
	mms_endpoint_wake(c);
	return true;
}

/*
 * Wake the consumer if it is still armed and has a record; else have the next one that is
 * complete wake it. The timer may be that of an earlier sleep, whose records were taken
 * since: it then expires early, which is harmless, or counts no more as wake_us is 0.
 */
static enum hrtimer_restart mms_flush_expired(struct hrtimer *timer)
{
	struct mms_endpoint *c = container_of(timer, struct mms_endpoint, flush_timer);
	struct mms_ring *ring = c->ring;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->revoked || !c->armed || c->flush_waits || !c->flush_ns)
		goto unlock;
	if (!mms_flush_wake(c)) {
		mms_flush_lower(c);
		mms_ring_update_wake_pos(ring);
		/*
		 * Between the wake position and the record, as in mms_endpoint_arm(); pairs
		 * with smp_mb() in mms_source_notify(), and with the full fence of a program.
		 */
		smp_mb();
		mms_flush_wake(c);
	}
	mms_ring_update_wake_pos(ring);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return HRTIMER_NORESTART;
}

/*
 * The first record was published: rearm the consumer for wake_bytes, and start the timer.
 * One that is running and expires earlier is that of records which were there before.
 */
static void mms_flush_start(struct mms_endpoint *c)
{
	const ktime_t time = ns_to_ktime(c->flush_ns);

	c->flush_waits = false;
	c->wake_pos = c->flush_full_pos;
	if (!hrtimer_is_queued(&c->flush_timer) || hrtimer_get_remaining(&c->flush_timer) > time)
		hrtimer_start(&c->flush_timer, time, HRTIMER_MODE_REL_SOFT);
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
	const u64 full_pos = c->wake_pos;

	lockdep_assert_held(&c->ring->lock);
	if (c->producer)
		return;
	c->flush_ns = READ_ONCE(mms_cursor(c->ring, c->cursor)->wake_us) * (u64)NSEC_PER_USEC;
	if (!c->flush_ns || !mms_flush_lower(c))
		return;
	if (!c->has_flush_timer) {
		mms_hrtimer_setup(&c->flush_timer, mms_flush_expired, CLOCK_MONOTONIC,
				  HRTIMER_MODE_REL_SOFT);
		c->has_flush_timer = true;
	}
	c->flush_full_pos = full_pos;
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
 * mms_flush_recheck - start the timer if there is a complete record by now
 * @c: the consumer or producer, after mms_flush_arm()
 *
 * Context: @lock of the ring held.
 * Return: true if that has changed the wake position, which the caller publishes.
 */
bool mms_flush_recheck(struct mms_endpoint *c)
{
	if (!c->flush_waits ||
	    mms_record_is_busy(c->ring, READ_ONCE(mms_cursor(c->ring, c->cursor)->pos)))
		return false;
	return mms_flush_reached(c, mms_producer_pos(c->ring));
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
