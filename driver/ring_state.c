// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: the state under ring->lock: which endpoints count, from where on
 * records are needed, and at which positions a sleeping endpoint must be woken.
 *
 * Every position, length and size here may have been written by userspace. Each
 * is read once, leads nowhere outside the ring, and is untrusted: a bad value
 * harms only the task that stored it.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/wait.h>
#include "ring.h"

/* The words by which those who publish know that somebody sleeps. */
void mms_ring_update_wake_pos(struct mms_ring *ring)
{
	const struct mms_endpoint *p = ring->producer;
	u64 consumer_wake_pos = 0, producer_wake_pos = 0;
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	for (i = 0; i < ring->consumers_max; i++) {
		const struct mms_endpoint *c = ring->consumers[i];

		if (c && c->armed && (!consumer_wake_pos ||
		     !mms_pos_reached(c->wake_pos, consumer_wake_pos)))
			consumer_wake_pos = c->wake_pos | 1;
	}
	if (p && p->armed)
		producer_wake_pos = p->wake_pos | 1;
	WRITE_ONCE(ring->consumer_wake_pos, consumer_wake_pos);
	WRITE_ONCE(ring->producer_wake_pos, producer_wake_pos);
	if (READ_ONCE(ring->head->consumer_wake_pos) != consumer_wake_pos)
		WRITE_ONCE(ring->head->consumer_wake_pos, consumer_wake_pos);
	if (READ_ONCE(ring->head->producer_wake_pos) != producer_wake_pos)
		WRITE_ONCE(ring->head->producer_wake_pos, producer_wake_pos);
}

void mms_endpoint_wake(struct mms_endpoint *ep)
{
	ep->armed = false;
	if (ep->wake)
		ep->wake(ep);
	else
		wake_up_all(&ep->waiters);
}

/*
 * A consumer counts no longer. If it was the last, a lossless ring keeps for the
 * next one what it has not taken, or all if it is not to be believed.
 */
void mms_ring_deactivate(struct mms_ring *ring, const struct mms_endpoint *c)
{
	const u64 head = READ_ONCE(ring->p->pos);
	const u64 oldest = READ_ONCE(ring->p->oldest_pos);
	u64 retained = READ_ONCE(mms_cursor(ring, c->cursor)->pos);

	lockdep_assert_held(&ring->lock);
	if (!(ring->active & BIT_ULL(c->cursor)))
		return;
	ring->active &= ~BIT_ULL(c->cursor);
	if (!ring->active) {
		if (c->corrupt || !mms_pos_ok(retained, head, ring->size))
			retained = mms_pos_ok(oldest, head, ring->size) ? oldest : head;
		ring->retained_pos = retained;
		WRITE_ONCE(ring->head->retained_pos, retained);
	}
	/* after "kept"; pairs with the acquire of who finds no consumer there */
	smp_store_release(&ring->head->consumers, ring->active);
}

/* What it stored cannot be: from now on it is as if it was gone. */
static void mms_endpoint_mark_corrupt(struct mms_ring *ring, struct mms_endpoint *ep)
{
	lockdep_assert_held(&ring->lock);
	ep->corrupt = true;
	if (!ep->producer)
		mms_ring_deactivate(ring, ep);
	mms_endpoint_wake(ep);
	mms_ring_update_wake_pos(ring);
}

static void mms_ring_mark_producer_corrupt(struct mms_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	WRITE_ONCE(ring->producer_corrupt, true);
	if (ring->producer)
		mms_endpoint_mark_corrupt(ring, ring->producer);
}

/* The kernel as a consumer does not believe its producer any more. */
void mms_ring_producer_is_corrupt(struct mms_ring *ring)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	mms_ring_mark_producer_corrupt(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

/* A consumer cannot be there, with the producer where it says. One is wrong. */
static void mms_ring_mark_corrupt(struct mms_ring *ring, struct mms_endpoint *c)
{
	if (ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER)
		mms_ring_mark_producer_corrupt(ring);
	else
		mms_endpoint_mark_corrupt(ring, c);
}

/**
 * mms_ring_min_pos - from where on somebody needs the records
 * @ring: locked; in one that is not lossless nobody counts
 *
 * Both sides may be at it. A position is at least what the producer's was
 * before it was read, less the size, and at most what that is afterwards, or
 * else it cannot be.
 *
 * Return: the position.
 */
u64 mms_ring_min_pos(struct mms_ring *ring)
{
	const u64 before = mms_producer_pos(ring);
	u64 min_pos = before;
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	if (!mms_is_lossless(ring))
		return before;
	for (i = 0; i < ring->consumers_max; i++) {
		u64 pos, after;

		if (!(ring->active & BIT_ULL(i)))
			continue;
		/* what it has used it has used before; pairs with its release */
		pos = smp_load_acquire(&mms_cursor(ring, i)->pos);
		after = mms_producer_pos(ring);
		if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_pos_reached(after, pos) ||
		    !mms_pos_reached(pos, before - ring->size))
			mms_ring_mark_corrupt(ring, ring->consumers[i]);
		else if (!mms_pos_reached(pos, min_pos))
			min_pos = pos;
	}
	return ring->active ? min_pos : ring->retained_pos;
}
