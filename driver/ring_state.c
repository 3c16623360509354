// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: the state under ring->lock: which endpoints count, which records are
 * still needed, and at which positions a sleeping endpoint must be woken.
 *
 * Programs may have written any value to positions, lengths and sizes. Each is
 * read once, never leads to an access outside the ring, and is untrusted: a bad
 * value harms only the task that stored it.
 */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "ring.h"

/**
 * mms_record_is_busy - is a record reserved but not complete?
 * @ring: the ring, whose pages can be read
 * @pos: where the record begins; untrusted
 *
 * Only kernel producers publish such records: consumers of other rings treat BUSY
 * as corrupt. BUSY is ignored if @pos was overwritten, as the word may then be
 * part of another record.
 *
 * Context: any.
 * Return: true if it is.
 */
bool mms_record_is_busy(const struct mms_ring *ring, u64 pos)
{
	u32 length;

	if (!(ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER))
		return false;
	/*
	 * Pairs with the release in mms_complete_multi(), which clears BUSY.
	 * Also orders the load of oldest_pos after this one; that pairs with
	 * smp_wmb() in mms_source_overwrite(), and with smp_mb() in
	 * mms_source_reclaim().
	 */
	length = smp_load_acquire(&mms_record(ring, pos)->length);
	return length & MMAPSHARE_RECORD_BUSY &&
	       mms_pos_reached(pos, READ_ONCE(ring->p->oldest_pos));
}

/**
 * mms_ring_update_wake_pos - publish at which positions endpoints must be woken
 * @ring: the ring, locked
 *
 * Sets the wake position of consumers to the lowest one of those that are
 * armed, and the producer's to its own. The words in @ring->head are only
 * written if they change, to keep their cache lines shared with the programs
 * that read them. mms_endpoint_arm() orders these stores with a full fence.
 *
 * Context: @ring->lock held.
 */
void mms_ring_update_wake_pos(struct mms_ring *ring)
{
	const struct mms_endpoint *p = ring->producer;
	u64 consumer_wake_pos = 0, producer_wake_pos = 0;
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	if (ring->revoked)
		return;
	for (i = 0; i < ring->consumers_max; i++) {
		const struct mms_endpoint *c = ring->consumers[i];

		if (!c || !c->armed)
			continue;
		if (!consumer_wake_pos || !mms_pos_reached(c->wake_pos, consumer_wake_pos))
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

/*
 * Disarm the endpoint and wake its tasks, or call its @wake. Wake positions are
 * left to the caller. Called with ring->lock held.
 */
void mms_endpoint_wake(struct mms_endpoint *ep)
{
	ep->armed = false;
	if (ep->wake)
		ep->wake(ep);
	else
		wake_up_all(ep->waiters);
}

/* Publish which types of records the consumers want that count. */
static void mms_ring_update_types(struct mms_ring *ring)
{
	const u64 consumers = ring->active | ring->may_lose;
	u64 types = 0;
	unsigned int i;

	for (i = 0; i < ring->consumers_max && !ring->revoked; i++)
		if (consumers & BIT_ULL(i))
			types |= ring->consumers[i]->types ?: ~0ULL;
	WRITE_ONCE(ring->types, types);
	if (!ring->revoked)
		WRITE_ONCE(ring->head->types, types);
}

/**
 * mms_ring_consumers_changed - a consumer counts now, or counts no longer
 * @ring: the ring, locked
 *
 * Context: @ring->lock held.
 */
void mms_ring_consumers_changed(struct mms_ring *ring)
{
	struct mms_endpoint *p = ring->producer;

	lockdep_assert_held(&ring->lock);
	mms_ring_update_types(ring);
	if (p && p->consumers_changed)
		p->consumers_changed(p);
}

/**
 * mms_ring_publish_cleared - tell the producer that a consumer no longer counts
 * @ring: the ring, locked; a bit of its @active was cleared
 *
 * Context: @ring->lock held.
 */
void mms_ring_publish_cleared(struct mms_ring *ring)
{
	struct mmapshare_ring *head = ring->head;

	lockdep_assert_held(&ring->lock);
	/*
	 * After retained_pos; pairs with the acquire in mms_source_min_pos(), or
	 * in a program, which reads retained_pos if it finds no consumer.
	 */
	smp_store_release(&head->consumers, ring->active);
	/*
	 * After consumers, and before another consumer stores to this cursor:
	 * that needs the lock. Pairs with the loads before and after the
	 * positions in mms_source_min_pos(), or in a program: if both find the
	 * same generation, the positions are those of the consumers.
	 */
	smp_store_release(&head->consumers_gen, READ_ONCE(head->consumers_gen) + 1);
}

/**
 * mms_ring_deactivate - stop taking a consumer into account
 * @ring: the ring, locked
 * @c: the consumer; nothing happens if it is not active, as one that may lose
 *
 * When the last active consumer detaches, a lossless ring retains for the next
 * one the records that this one has not released, or all records if its
 * position is corrupt. None before oldest_pos, where the next one begins at the
 * earliest. One that never got its first position changes nothing.
 *
 * Context: @ring->lock held.
 */
void mms_ring_deactivate(struct mms_ring *ring, const struct mms_endpoint *c)
{
	const u64 bit = BIT_ULL(c->cursor);
	u64 head, oldest, retained;
	bool valid;

	lockdep_assert_held(&ring->lock);
	if (ring->revoked || !(ring->active & bit))
		return;
	head = READ_ONCE(ring->p->pos);
	oldest = READ_ONCE(ring->p->oldest_pos);
	retained = READ_ONCE(mms_cursor(ring, c->cursor)->pos);
	ring->active &= ~bit;
	ring->expiring &= ~bit;
	if (!(ring->provisional & bit) && !(ring->active & ~ring->provisional)) {
		valid = !c->corrupt && mms_pos_ok(retained, head, ring->size);
		if (!mms_pos_ok(oldest, head, ring->size))
			oldest = valid ? retained : head;
		if (!valid || !mms_pos_reached(retained, oldest))
			retained = oldest;
		WRITE_ONCE(ring->retained_pos, retained);
		WRITE_ONCE(ring->head->retained_pos, retained);
	}
	ring->provisional &= ~bit;
	mms_ring_publish_cleared(ring);
}

/* The program stored an impossible position: treat its endpoint as detached. */
static void mms_endpoint_mark_corrupt(struct mms_ring *ring, struct mms_endpoint *ep)
{
	lockdep_assert_held(&ring->lock);
	WRITE_ONCE(ep->corrupt, true);
	if (!ep->producer) {
		mms_ring_deactivate(ring, ep);
		mms_ring_consumers_changed(ring);
	}
	mms_endpoint_wake(ep);
	mms_ring_update_wake_pos(ring);
}

/**
 * mms_ring_mark_producer_corrupt - ignore the producer of a kernel consumer
 * @ring: the ring, locked
 *
 * From now on the records are ignored, and the producer's calls get -EBADMSG,
 * until the next producer attaches.
 *
 * Context: @ring->lock held.
 */
void mms_ring_mark_producer_corrupt(struct mms_ring *ring)
{
	lockdep_assert_held(&ring->lock);
	WRITE_ONCE(ring->corrupt_nr, ring->producer_nr);
	if (ring->producer)
		mms_endpoint_mark_corrupt(ring, ring->producer);
}

/*
 * The positions of @c and of the producer contradict each other. The one that a
 * program wrote is wrong; between two programs, the consumer's counts as wrong.
 */
static void mms_ring_mark_mismatch(struct mms_ring *ring, struct mms_endpoint *c)
{
	if (ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER)
		mms_ring_mark_producer_corrupt(ring);
	else
		mms_endpoint_mark_corrupt(ring, c);
}

/**
 * mms_ring_min_pos_of - up to which position have some consumers released all?
 * @ring: the ring, locked
 * @consumers: bits of @ring->active
 *
 * Producer and consumers may advance meanwhile. A valid position of a consumer
 * is at most @ring->size before a position of the producer that was read
 * earlier, and not beyond one that is read later. An endpoint whose position
 * contradicts that is marked corrupt.
 *
 * Context: @ring->lock held.
 * Return: the lowest position of these @consumers in a lossless ring, or
 * @ring->retained_pos if there are none; the producer's position if the ring
 * retains nothing, and in an overwrite ring, where consumers hold back nothing.
 */
u64 mms_ring_min_pos_of(struct mms_ring *ring, u64 consumers)
{
	const u64 before = mms_producer_pos(ring);
	u64 min_pos = before;
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	if (!mms_is_lossless(ring))
		return before;
	for (i = 0; i < ring->consumers_max; i++) {
		u64 pos, after;

		if (!(consumers & BIT_ULL(i)))
			continue;
		/*
		 * The consumer's loads of the records before pos are complete;
		 * pairs with the release in mms_sink_release(), or in a
		 * program.
		 */
		pos = smp_load_acquire(&mms_cursor(ring, i)->pos);
		after = mms_producer_pos(ring);
		if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_pos_reached(after, pos) ||
		    !mms_pos_reached(pos, before - ring->size))
			mms_ring_mark_mismatch(ring, ring->consumers[i]);
		else if (!mms_pos_reached(pos, min_pos))
			min_pos = pos;
	}
	if (ring->active & consumers)
		return min_pos;
	return ring->retained_pos == MMAPSHARE_RING_RETAINS_NOTHING ? before : ring->retained_pos;
}

/* Up to which position have all consumers released the records? */
u64 mms_ring_min_pos(struct mms_ring *ring)
{
	return mms_ring_min_pos_of(ring, ring->active);
}
