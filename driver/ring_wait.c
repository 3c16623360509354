// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: sleeping until a peer has made progress, and waking.
 *
 * Records pass from the producer to the consumers without a system call. An
 * endpoint that has nothing to do sleeps; its peer reads a wake position after
 * it has published its own, and wakes the endpoint if that is reached. Sleeping
 * and waking are done under ring->lock, publishing is not: the kernel publishes
 * in any context, and leaves waking to an irq_work. Full fences order the two:
 *
 *	sleeper				publisher
 *	-------				---------
 *	mms_endpoint_sleep():		mms_source_publish(),
 *	  prepare_to_wait()		mms_complete_multi(),
 *	mms_endpoint_arm():		mms_sink_release(), or a program:
 *	  ep->armed = true		  store-release the position, or BUSY
 *	  mms_ring_update_wake_pos():	mms_source_notify(),
 *	    store consumer_wake_pos	mms_sink_release(), or a program:
 *	    or producer_wake_pos	  full fence
 *	  full fence			  load consumer_wake_pos
 *	  mms_check_locked():		  or producer_wake_pos
 *	    load the peer's position	  if the own position has reached it:
 *	    or BUSY			  mms_endpoint_notify(), or RING_NOTIFY
 *	mms_endpoint_sleep():		mms_ring_wake_peers():
 *	  schedule() if not ready	  wake up, under ring->lock
 *
 * The fences pair with each other: the sleeper sees what was published, or the
 * publisher sees the wake position, or both. The other sleepers pair in the
 * same way: mms_endpoint_poll() calls poll_wait() before mms_endpoint_arm(),
 * and mms_sink_work() schedules itself again if it need not sleep.
 *
 * mms_ring_apply_force() lowers the wake position of a sleeper under ring->lock,
 * followed by a full fence, too: a record that is BUSY then wakes the sleeper when
 * it is completed.
 *
 * Some changes do not move a position: the producer detaches, the last consumer
 * detaches, the ring is revoked, an endpoint becomes corrupt. Each is stored
 * before the sleepers are woken under ring->lock, and mms_check_locked() reads
 * it under that lock.
 */
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/irq_work.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "ring.h"
#include "trace.h"

/*
 * Bytes for which an endpoint is woken, from its untrusted @wake_bytes. Never
 * more than half of the ring, so that one side can always go on.
 */
static u64 mms_wake_threshold(const struct mms_ring *ring, u32 wake_bytes)
{
	return clamp_t(u64, ALIGN((u64)wake_bytes, MMS_RECORD_ALIGN),
		       MMS_RECORD_ALIGN, ring->size / 2);
}

/**
 * mms_ring_wake_all - make every sleeping endpoint recheck
 * @ring: the ring
 *
 * For changes that do not move a position, see the top of this file.
 *
 * Context: any in which @ring->lock may be taken.
 */
void mms_ring_wake_all(struct mms_ring *ring)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->consumers[i])
			mms_endpoint_wake(ring->consumers[i]);
	if (ring->producer)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/*
 * Is a consumer at @pos to be woken for any record, as the producer demanded? At
 * most @size bytes before @forced_pos: an outdated or impossible one forces
 * nothing.
 */
static bool mms_ring_is_forced(const struct mms_ring *ring, u64 pos)
{
	return ring->forced_pos - pos - 1 < ring->size;
}

/*
 * Can the consumer take records? Return: 0; -EPIPE; -EBADMSG; or -EAGAIN with
 * the position in @wake_pos that the producer must reach.
 */
static int mms_check_records(const struct mms_endpoint *c, u64 *wake_pos)
{
	const struct mms_ring *ring = c->ring;
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	u64 threshold = mms_wake_threshold(ring, READ_ONCE(cursor->wake_bytes));
	/*
	 * Before the producer's position, which is then the last one; pairs
	 * with the release in mms_ring_detach().
	 */
	const bool detached = smp_load_acquire(&ring->head->producer_state) ==
			      MMAPSHARE_RING_PRODUCER_DETACHED;
	/*
	 * Before the producer's position, which is then not behind it unless
	 * one of the two is corrupt.
	 */
	const u64 pos = smp_load_acquire(&cursor->pos);
	const u64 head = mms_producer_pos(ring);

	if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_pos_reached(head, pos))
		return -EBADMSG;
	/* The consumer was overrun, or is advancing concurrently. */
	if (head - pos > ring->size)
		return 0;
	if (mms_ring_is_forced(ring, pos) || mms_flush_is_due(c, pos))
		threshold = MMS_RECORD_ALIGN;
	*wake_pos = pos + threshold;
	/*
	 * Records that are BUSY when the producer detaches are never completed.
	 */
	if (detached)
		return head == pos || mms_record_is_busy(ring, pos) ? -EPIPE : 0;
	return head - pos >= threshold && !mms_record_is_busy(ring, pos) ? 0 : -EAGAIN;
}

/*
 * Up to which position can the producer reuse the bytes? Not past a record that
 * is still reserved, which a consumer that began behind it does not need.
 */
static u64 mms_ring_reusable_pos(struct mms_ring *ring)
{
	const u64 min_pos = mms_ring_min_pos(ring), oldest = READ_ONCE(ring->p->oldest_pos);

	if (!ring->multi_producer || mms_pos_reached(oldest, min_pos))
		return min_pos;
	return mms_record_is_busy(ring, oldest) ? oldest : min_pos;
}

/*
 * Is there space for the producer? Return: 0; -EPIPE; -EBADMSG; or -EAGAIN with
 * the position in @wake_pos that mms_ring_reusable_pos() must reach.
 */
static int mms_check_space(const struct mms_endpoint *p, u64 *wake_pos)
{
	struct mms_ring *ring = p->ring;
	const u64 threshold = mms_wake_threshold(ring, READ_ONCE(ring->p->wake_bytes));
	const u64 head = READ_ONCE(ring->p->pos);

	if (!mms_is_lossless(ring) && !ring->multi_producer)
		return 0;
	if (!IS_ALIGNED(head, MMS_RECORD_ALIGN))
		return -EBADMSG;
	/*
	 * The header behind the record needs space, too: it has the next seq.
	 */
	*wake_pos = head + threshold + sizeof(struct mmapshare_record) - ring->size;
	if (mms_pos_reached(mms_ring_reusable_pos(ring), *wake_pos))
		return 0;
	return mms_is_lossless(ring) && !ring->active && ring->had_consumers ? -EPIPE : -EAGAIN;
}

/* As mms_endpoint_check(); @wake_pos is what to wait for after -EAGAIN. */
static int mms_check_locked(const struct mms_endpoint *ep, u64 *wake_pos)
{
	int ret;

	lockdep_assert_held(&ep->ring->lock);
	*wake_pos = 0;
	if (mms_revoked(ep->region))
		return -ENODEV;
	if (ep->ring->revoked)
		return -EIO;
	ret = ep->producer ? mms_check_space(ep, wake_pos) :
			     mms_check_records(ep, wake_pos);
	/* mms_ring_min_pos() may have set ep->corrupt just now */
	return ep->corrupt ? -EBADMSG : ret;
}

/*
 * The lowest position of the peer that counts as progress. Edge-triggered epoll
 * needs an endpoint that is ready to be armed for it. With several kernel producers
 * that is the present position: to complete a record that was published BUSY is
 * progress, too, but moves no position.
 */
static u64 mms_next_event_pos(const struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->ring;
	u64 now = ep->producer ? mms_ring_min_pos(ring) :
				 mms_producer_pos(ring);

	now &= ~(MMS_RECORD_ALIGN - 1ULL);
	return ring->multi_producer ? now : now + MMS_RECORD_ALIGN;
}

/**
 * mms_endpoint_check - is the endpoint ready?
 * @ep: the endpoint, attached
 *
 * A consumer is ready when its wake_bytes of records are published, or any if
 * the producer has detached, and the first of them is complete; and when it was
 * overrun. A producer is ready when its wake_bytes are free, and always in an
 * overwrite ring.
 *
 * Context: any in which @lock of the ring may be taken.
 * Return: 0 if it is ready; -EAGAIN if it is not; -EPIPE if it is not and its
 * peers have detached; -EBADMSG if the shared state is corrupt; -ENODEV if the
 * ring was revoked; -EIO if the memory of a page failed.
 */
int mms_endpoint_check(struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->ring;
	unsigned long flags;
	u64 wake_pos;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_check_locked(ep, &wake_pos);
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/**
 * mms_endpoint_arm - check, and have the endpoint woken if it is not ready
 * @ep: the endpoint, attached; the task that will sleep is in its queue
 * @always: if the endpoint is ready, have it woken at the next progress
 *
 * The state is checked again after arming, see the top of this file: 0 does not
 * mean that the endpoint is not armed. A needless wake-up is harmless.
 *
 * Context: any in which @lock of the ring may be taken.
 * Return: as mms_endpoint_check(). The endpoint is armed after -EAGAIN and
 * -EPIPE, and after 0 if @always.
 */
int mms_endpoint_arm(struct mms_endpoint *ep, bool always)
{
	struct mms_ring *ring = ep->ring;
	unsigned long flags;
	u64 wake_pos;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	/* first: a corrupt endpoint of a set is not armed, and must not seem woken */
	WRITE_ONCE(ep->notified, false);
	ret = mms_check_locked(ep, &wake_pos);
	if (ret && ret != -EAGAIN && ret != -EPIPE)
		goto unlock;
	if (!ret && !always)
		goto unlock;
	ep->wake_pos = ret ? wake_pos : mms_next_event_pos(ep);
	ep->armed = true;
	ep->flush_waits = false;
	if (ret)
		mms_flush_arm(ep);
	if (ep->producer && ret == -EAGAIN)
		mms_ring_start_eviction(ring, wake_pos);
	mms_ring_update_wake_pos(ring);
	/*
	 * Between the wake position and loading the peer's position again;
	 * pairs with smp_mb() in mms_source_notify(), in mms_sink_release() or
	 * in mms_ioctl_ring_notify(), and with the full fence of a program.
	 */
	smp_mb();
	ret = mms_check_locked(ep, &wake_pos);
	if (ret == -EAGAIN && mms_flush_recheck(ep))
		mms_ring_update_wake_pos(ring);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/*
 * Is the consumer's next record BUSY? Then it cannot use later ones, and need
 * not be woken: it stays armed, and mms_complete_multi() for that record finds
 * its wake position and wakes it. A sleeping consumer's cursor does not move.
 */
static bool mms_consumer_is_blocked(const struct mms_endpoint *ep)
{
	const struct mms_ring *ring = ep->ring;

	return !ep->producer && mms_record_is_busy(ring, mms_endpoint_pos(ep));
}

/*
 * Wake the endpoint if its peer, at @pos, has reached its wake position.
 * Neither this function nor the woken task checks the threshold again: that
 * would touch pages that are cold after another process has run.
 */
static void mms_endpoint_wake_if_reached(struct mms_endpoint *ep, u64 pos)
{
	if (!ep->armed || !mms_pos_reached(pos, ep->wake_pos) || mms_consumer_is_blocked(ep))
		return;
	if (mms_flush_reached(ep, pos))
		return;
	WRITE_ONCE(ep->notified, true);
	mms_endpoint_wake(ep);
}

/*
 * The producer has called mms_ring_force_wakeup(): lower the wake position of each
 * consumer that sleeps, and of those that will. Called with ring->lock held.
 */
static void mms_ring_apply_force(struct mms_ring *ring)
{
	unsigned int i;

	/*
	 * xchg() is a full fence. Between force_wakeup and the producer's
	 * position: pairs with the release in mms_ring_force_wakeup().
	 */
	if (!READ_ONCE(ring->force_wakeup) || !xchg(&ring->force_wakeup, 0))
		return;
	ring->forced_pos = READ_ONCE(ring->p->pos);
	for (i = 0; i < ring->consumers_max; i++) {
		struct mms_endpoint *c = ring->consumers[i];
		u64 pos = c ? READ_ONCE(mms_cursor(ring, i)->pos) : ring->forced_pos;

		if (!mms_ring_is_forced(ring, pos))
			continue;
		c->flush_waits = false;
		c->wake_pos = ALIGN_DOWN(pos, MMS_RECORD_ALIGN) + MMS_RECORD_ALIGN;
	}
	mms_ring_update_wake_pos(ring);
	/*
	 * Between the wake positions and BUSY, as in mms_endpoint_arm(); pairs
	 * with smp_mb() in mms_source_notify().
	 */
	smp_mb();
}

static void mms_ring_wake_consumers(struct mms_ring *ring)
{
	const u64 refused = READ_ONCE(ring->refused_pos);
	unsigned int i;
	u64 head;

	mms_ring_apply_force(ring);
	head = READ_ONCE(ring->p->pos);
	if (refused) {
		WRITE_ONCE(ring->refused_pos, 0);
		mms_ring_start_eviction(ring, refused & ~1ULL);
	}
	if (READ_ONCE(ring->check_cursors)) {
		WRITE_ONCE(ring->check_cursors, false);
		mms_ring_min_pos(ring);
	}
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->consumers[i])
			mms_endpoint_wake_if_reached(ring->consumers[i], head);
}

/* The producer is woken if there is as much free space as it waits for. */
static void mms_ring_wake_producer(struct mms_ring *ring)
{
	if (mms_producer_is_corrupt(ring))
		mms_ring_mark_producer_corrupt(ring);
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake_if_reached(ring->producer, mms_ring_reusable_pos(ring));
}

/**
 * mms_ring_wake_peers - wake the peers whose wake position is reached
 * @ep: an endpoint that has published its position or, for a consumer that was
 *	blocked or another producer, has completed a record
 *
 * Context: any in which @lock of the ring may be taken.
 */
void mms_ring_wake_peers(const struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->ring;
	unsigned long flags;

	trace_mmapshare_ring_notify(ep, 0);
	spin_lock_irqsave(&ring->lock, flags);
	if (ring->revoked)
		goto unlock;
	if (ep->producer)
		mms_ring_wake_consumers(ring);
	if (!ep->producer || ring->multi_producer)
		mms_ring_wake_producer(ring);
	mms_ring_update_wake_pos(ring);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
}

/**
 * mms_ring_force_wakeup - have consumers woken for what is published by now
 * @ring: the ring, whose producer has published its position
 *
 * The caller calls mms_ring_wake_peers() afterwards, or mms_endpoint_notify().
 * wake_bytes of a consumer then does not count until it has taken these records.
 *
 * Context: any.
 */
void mms_ring_force_wakeup(struct mms_ring *ring)
{
	/* after the position; pairs with xchg() in mms_ring_apply_force() */
	smp_store_release(&ring->force_wakeup, 1);
}

/*
 * Runs in a hard interrupt, on PREEMPT_RT in a thread. A probe that publishes
 * while this function holds a lock queues the work again: no recursion.
 */
void mms_endpoint_irq_work(struct irq_work *work)
{
	mms_ring_wake_peers(container_of(work, struct mms_endpoint, notify));
}
