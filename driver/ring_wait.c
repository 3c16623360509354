// SPDX-License-Identifier: GPL-2.0
/*
 * Who waits in a ring, and who has to wake him.
 *
 * Records go from the producer to consumers without a call. Here is what is
 * done when somebody finds nothing to do, or has seen in the words "wake" and
 * "room" that somebody else has to be woken; all that under the ring's lock.
 * Against those who publish without it stands a full fence:
 *
 *	who sleeps			who publishes
 *	----------			-------------
 *	get into the queue		store the position
 *	store wake or room		full fence
 *	full fence			read wake or room;
 *	read the position		if the position is there:
 *	sleep if it is not there	take the lock, look, wake
 *
 * The fences pair with each other: either the sleeper reads the new position, or
 * who publishes reads that somebody sleeps, or both.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>
#include "ring.h"

/* What has to be there before it is worth waking for, by what a program says. */
static u64 mms_wake_threshold(const struct mms_ring *ring, u32 wake_bytes)
{
	return clamp_t(u64, ALIGN((u64)wake_bytes, MMS_RECORD_ALIGN),
		       MMS_RECORD_ALIGN, ring->size / 2);
}

/* Not complete yet? Bytes that were used again may look like that, too. */
static bool mms_is_busy(const struct mms_ring *ring, u64 pos)
{
	/* pairs with who takes BUSY away, and with the fence after a new tail */
	u32 length = smp_load_acquire(&mms_record(ring, pos)->length);

	return length & MMAPSHARE_RECORD_BUSY &&
	       mms_pos_reached(pos, READ_ONCE(ring->p->oldest_pos));
}

/* Have everybody look again, for what no position says. */
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

/* 0, -EPIPE, or -EAGAIN with the position the producer has to come to. */
static int mms_check_records(const struct mms_endpoint *c, u64 *at)
{
	const struct mms_ring *ring = c->region->ring;
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	const u64 want = mms_wake_threshold(ring, READ_ONCE(cursor->wake_bytes));
	/* before its last position is read */
	const bool gone = smp_load_acquire(&ring->head->producer_state) ==
			  MMAPSHARE_RING_PRODUCER_DETACHED;
	/* before the producer's, which is never behind it then */
	const u64 pos = smp_load_acquire(&cursor->pos);
	const u64 head = mms_producer_pos(ring);

	if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_pos_reached(head, pos))
		return -EBADMSG;
	/* it was overtaken, or goes on while we look */
	if (head - pos > ring->size)
		return 0;
	*at = pos + want;
	if (gone)
		return head == pos || mms_is_busy(ring, pos) ? -EPIPE : 0;
	return head - pos >= want && !mms_is_busy(ring, pos) ? 0 : -EAGAIN;
}

/* 0, -EPIPE, or -EAGAIN with the position the slowest consumer has to come to. */
static int mms_check_space(const struct mms_endpoint *p, u64 *at)
{
	struct mms_ring *ring = p->region->ring;
	const u64 want = mms_wake_threshold(ring, READ_ONCE(ring->p->wake_bytes));
	const u64 head = READ_ONCE(ring->p->pos);

	if (!mms_is_lossless(ring))
		return 0;
	if (!IS_ALIGNED(head, MMS_RECORD_ALIGN))
		return -EBADMSG;
	*at = head + want + sizeof(struct mmapshare_record) - ring->size;
	if (mms_pos_reached(mms_ring_min_pos(ring), *at))
		return 0;
	return !ring->active && ring->had_consumers ? -EPIPE : -EAGAIN;
}

static int mms_check_locked(const struct mms_endpoint *ep, u64 *at)
{
	int ret;

	lockdep_assert_held(&ep->region->ring->lock);
	*at = 0;
	if (mms_revoked(ep->region))
		return -ENODEV;
	ret = ep->producer ? mms_check_space(ep, at) :
			       mms_check_records(ep, at);
	return ep->corrupt ? -EBADMSG : ret;
}

/* From where on there is more than now, for edge-triggered epoll. */
static u64 mms_next_event_pos(const struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->region->ring;
	u64 now = ep->producer ? mms_ring_min_pos(ring) :
				   mms_producer_pos(ring);

	return (now & ~(MMS_RECORD_ALIGN - 1ULL)) + MMS_RECORD_ALIGN;
}

/**
 * mms_endpoint_check - can it go on?
 * @ep: attached
 *
 * Return: 0 if there are records, or is room; -EPIPE if there never will be, as
 * the other side is gone; -EBADMSG if somebody stored what cannot be; -ENODEV if
 * the ring was revoked; or -EAGAIN. Any context.
 */
int mms_endpoint_check(struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->region->ring;
	unsigned long flags;
	u64 at;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_check_locked(ep, &at);
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/**
 * mms_endpoint_arm - the same, and see to it that the part is woken
 * @ep: attached, and its sleeper is in the queue
 * @more: if it can go on: when there is even more
 *
 * Return: as mms_part_look(). The part is armed after -EAGAIN and -EPIPE, and
 * after 0 if @more.
 */
int mms_endpoint_arm(struct mms_endpoint *ep, bool more)
{
	struct mms_ring *ring = ep->region->ring;
	unsigned long flags;
	u64 at;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_check_locked(ep, &at);
	if (ret && ret != -EAGAIN && ret != -EPIPE)
		goto unlock;
	if (!ret && !more)
		goto unlock;
	ep->wake_pos = ret ? at : mms_next_event_pos(ep);
	ep->armed = true;
	WRITE_ONCE(ep->notified, false);
	mms_ring_update_wake_pos(ring);
	/* before the position is read again; pairs with who publishes one */
	smp_mb();
	ret = mms_check_locked(ep, &at);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/*
 * What was published is no use to a consumer while the first record is BUSY. Only
 * the kernel has such records, and a sleeper's cursor does not move.
 */
static bool mms_is_blocked(const struct mms_endpoint *ep)
{
	const struct mms_ring *ring = ep->region->ring;

	return !ep->producer && ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER &&
	       mms_is_busy(ring, mms_endpoint_pos(ep));
}

/*
 * Wake who has what he waits for. That is not looked at here, nor by him again:
 * every look is at pages that are not at hand after another process has run.
 */
static void mms_endpoint_wake_at(struct mms_endpoint *ep, u64 pos)
{
	if (!ep->armed || !mms_pos_reached(pos, ep->wake_pos) || mms_is_blocked(ep))
		return;
	WRITE_ONCE(ep->notified, true);
	mms_endpoint_wake(ep);
}

/* The producer is where some consumer waits for it. Any context. */
void mms_ring_wake_consumers(struct mms_ring *ring)
{
	unsigned long flags;
	unsigned int i;
	u64 head;

	spin_lock_irqsave(&ring->lock, flags);
	head = READ_ONCE(ring->p->pos);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->consumers[i])
			mms_endpoint_wake_at(ring->consumers[i], head);
	mms_ring_update_wake_pos(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* Some consumer is where the producer waits for it. Any context. */
void mms_ring_wake_producer(struct mms_ring *ring)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake_at(ring->producer, mms_ring_min_pos(ring));
	mms_ring_update_wake_pos(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

static bool mms_wait_is_over(int ret, bool ignore_hup)
{
	return ret != -EAGAIN && !(ignore_hup && ret == -EPIPE);
}

static int mms_endpoint_sleep(struct mms_endpoint *ep, bool ignore_hup, ktime_t *end)
{
	bool late = false;
	DEFINE_WAIT(wait);
	int ret;

	for (;;) {
		prepare_to_wait(&ep->waiters, &wait, TASK_INTERRUPTIBLE);
		ret = mms_endpoint_arm(ep, false);
		if (mms_wait_is_over(ret, ignore_hup))
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		ret = -ETIMEDOUT;
		if (late)
			break;
		late = !mms_schedule(end);
		/* who was woken is not in the queue, and seldom has to be again */
		ret = READ_ONCE(ep->notified) ? 0 : mms_endpoint_check(ep);
		if (mms_wait_is_over(ret, ignore_hup))
			break;
	}
	finish_wait(&ep->waiters, &wait);
	return ret;
}

/**
 * mms_endpoint_wait - sleep until the part can go on
 * @ep: attached
 * @ignore_hup: also when the other side is gone, for the next
 * @timeout: in nanoseconds, negative for ever
 *
 * Return: as mms_endpoint_check(), but instead of -EAGAIN -ETIMEDOUT, or -EINTR for a
 * signal.
 */
int mms_endpoint_wait(struct mms_endpoint *ep, bool ignore_hup, s64 timeout)
{
	ktime_t end;
	int ret;

	if (timeout < 0)
		return mms_endpoint_sleep(ep, ignore_hup, NULL);
	if (timeout) {
		end = mms_deadline(timeout);
		return mms_endpoint_sleep(ep, ignore_hup, &end);
	}
	ret = mms_endpoint_check(ep);
	return mms_wait_is_over(ret, ignore_hup) ? ret : -ETIMEDOUT;
}
