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
#include "mmapshare.h"
#include "ring.h"

/* What has to be there before it is worth waking for, by what a program says. */
static u64 mms_wanted(const struct mms_ring *ring, u32 wake_bytes)
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
	       mms_reached(pos, READ_ONCE(ring->p->tail));
}

/* The words by which those who publish know that somebody sleeps. */
void mms_ring_set_words(struct mms_ring *ring)
{
	const struct mms_part *p = ring->producer;
	u64 wake = 0, room = 0;
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	for (i = 0; i < ring->consumers_max; i++) {
		const struct mms_part *c = ring->consumers[i];

		if (c && c->armed && (!wake || !mms_reached(c->wake_at, wake)))
			wake = c->wake_at | 1;
	}
	if (p && p->armed)
		room = p->wake_at | 1;
	WRITE_ONCE(ring->wake, wake);
	WRITE_ONCE(ring->room, room);
	if (READ_ONCE(ring->head->wake) != wake)
		WRITE_ONCE(ring->head->wake, wake);
	if (READ_ONCE(ring->head->room) != room)
		WRITE_ONCE(ring->head->room, room);
}

void mms_part_wake(struct mms_part *part)
{
	part->armed = false;
	if (part->wake)
		part->wake(part);
	else
		wake_up_all(&part->waiters);
}

/* Have everybody look again, for what no position says. */
void mms_ring_wake_all(struct mms_ring *ring)
{
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->consumers[i])
			mms_part_wake(ring->consumers[i]);
	if (ring->producer)
		mms_part_wake(ring->producer);
	mms_ring_set_words(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* 0, -EPIPE, or -EAGAIN with the position the producer has to come to. */
static int mms_look_for_records(const struct mms_part *c, u64 *at)
{
	const struct mms_ring *ring = c->region->ring;
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	const u64 want = mms_wanted(ring, READ_ONCE(cursor->wake_bytes));
	/* before its last position is read */
	const bool gone = smp_load_acquire(&ring->head->producer) ==
			  MMAPSHARE_RING_PRODUCER_GONE;
	/* before the producer's, which is never behind it then */
	const u64 pos = smp_load_acquire(&cursor->position);
	const u64 head = mms_ring_position(ring);

	if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_reached(head, pos))
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
static int mms_look_for_room(const struct mms_part *p, u64 *at)
{
	struct mms_ring *ring = p->region->ring;
	const u64 want = mms_wanted(ring, READ_ONCE(ring->p->wake_bytes));
	const u64 head = READ_ONCE(ring->p->position);

	if (!mms_is_lossless(ring))
		return 0;
	if (!IS_ALIGNED(head, MMS_RECORD_ALIGN))
		return -EBADMSG;
	*at = head + want + sizeof(struct mmapshare_record) - ring->size;
	if (mms_reached(mms_ring_least(ring), *at))
		return 0;
	return !ring->active && ring->had_consumers ? -EPIPE : -EAGAIN;
}

static int mms_look(const struct mms_part *part, u64 *at)
{
	int ret;

	lockdep_assert_held(&part->region->ring->lock);
	*at = 0;
	if (mms_revoked(part->region))
		return -ENODEV;
	ret = part->producer ? mms_look_for_room(part, at) :
			       mms_look_for_records(part, at);
	return part->broken ? -EBADMSG : ret;
}

/* From where on there is more than now, for edge-triggered epoll. */
static u64 mms_anything_more(const struct mms_part *part)
{
	struct mms_ring *ring = part->region->ring;
	u64 now = part->producer ? mms_ring_least(ring) :
				   mms_ring_position(ring);

	return (now & ~(MMS_RECORD_ALIGN - 1ULL)) + MMS_RECORD_ALIGN;
}

/**
 * mms_part_look - can it go on?
 * @part: attached
 *
 * Return: 0 if there are records, or is room; -EPIPE if there never will be, as
 * the other side is gone; -EBADMSG if somebody stored what cannot be; -ENODEV if
 * the ring was revoked; or -EAGAIN. Any context.
 */
int mms_part_look(struct mms_part *part)
{
	struct mms_ring *ring = part->region->ring;
	unsigned long flags;
	u64 at;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_look(part, &at);
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/**
 * mms_part_arm - the same, and see to it that the part is woken
 * @part: attached, and its sleeper is in the queue
 * @more: if it can go on: when there is even more
 */
int mms_part_arm(struct mms_part *part, bool more)
{
	struct mms_ring *ring = part->region->ring;
	unsigned long flags;
	u64 at;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_look(part, &at);
	if (ret && ret != -EAGAIN && ret != -EPIPE)
		goto unlock;
	if (!ret && !more)
		goto unlock;
	part->wake_at = ret ? at : mms_anything_more(part);
	part->armed = true;
	WRITE_ONCE(part->told, false);
	mms_ring_set_words(ring);
	/* before the position is read again; pairs with who publishes one */
	smp_mb();
	ret = mms_look(part, &at);
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/*
 * What was published is no use to a consumer while the first record is BUSY. Only
 * the kernel has such records, and a sleeper's cursor does not move.
 */
static bool mms_is_held_up(const struct mms_part *part)
{
	const struct mms_ring *ring = part->region->ring;

	return !part->producer && ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER &&
	       mms_is_busy(ring, mms_part_position(part));
}

/*
 * Wake who has what he waits for. That is not looked at here, nor by him again:
 * every look is at pages that are not at hand after another process has run.
 */
static void mms_part_told(struct mms_part *part, u64 pos)
{
	if (!part->armed || !mms_reached(pos, part->wake_at) || mms_is_held_up(part))
		return;
	WRITE_ONCE(part->told, true);
	mms_part_wake(part);
}

/* The producer is where some consumer waits for it. Any context. */
void mms_ring_wake_consumers(struct mms_ring *ring)
{
	unsigned long flags;
	unsigned int i;
	u64 head;

	spin_lock_irqsave(&ring->lock, flags);
	head = READ_ONCE(ring->p->position);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->consumers[i])
			mms_part_told(ring->consumers[i], head);
	mms_ring_set_words(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* Some consumer is where the producer waits for it. Any context. */
void mms_ring_wake_producer(struct mms_ring *ring)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->producer && ring->producer->armed)
		mms_part_told(ring->producer, mms_ring_least(ring));
	mms_ring_set_words(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

static bool mms_is_over(int ret, bool stay)
{
	return ret != -EAGAIN && !(stay && ret == -EPIPE);
}

static int mms_part_sleep(struct mms_part *part, bool stay, ktime_t *end)
{
	bool late = false;
	DEFINE_WAIT(wait);
	int ret;

	for (;;) {
		prepare_to_wait(&part->waiters, &wait, TASK_INTERRUPTIBLE);
		ret = mms_part_arm(part, false);
		if (mms_is_over(ret, stay))
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		ret = -ETIMEDOUT;
		if (late)
			break;
		late = !mms_schedule(end);
		/* who was woken is not in the queue, and seldom has to be again */
		ret = READ_ONCE(part->told) ? 0 : mms_part_look(part);
		if (mms_is_over(ret, stay))
			break;
	}
	finish_wait(&part->waiters, &wait);
	return ret;
}

/**
 * mms_part_wait - sleep until the part can go on
 * @part: attached
 * @stay: also when the other side is gone, for the next
 * @timeout: in nanoseconds, negative for ever
 *
 * Return: as mms_part_look(), but instead of -EAGAIN -ETIMEDOUT, or -EINTR for a
 * signal.
 */
int mms_part_wait(struct mms_part *part, bool stay, s64 timeout)
{
	ktime_t end;
	int ret;

	if (timeout < 0)
		return mms_part_sleep(part, stay, NULL);
	if (timeout) {
		end = mms_deadline(timeout);
		return mms_part_sleep(part, stay, &end);
	}
	ret = mms_part_look(part);
	return mms_is_over(ret, stay) ? ret : -ETIMEDOUT;
}
