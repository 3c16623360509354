// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: attaching and detaching endpoints.
 *
 * What programs have stored is untrusted, as described in ring_state.c.
 */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "ring_named.h"
#include "trace.h"

/*
 * Initialize a zeroed endpoint of @r, to be attached. The caller has a
 * reference to @r, and keeps it until it has detached the endpoint.
 */
void mms_endpoint_init(struct mms_endpoint *ep, struct mms_region *r, bool producer)
{
	ep->region = r;
	ep->ring = r->ring;
	ep->members = 1;
	ep->producer = producer;
	init_waitqueue_head(&ep->own_waiters);
	ep->waiters = &ep->own_waiters;
	init_irq_work(&ep->notify, mms_endpoint_irq_work);
	mutex_init(&ep->read_lock);
}

/*
 * Publish oldest_pos as provisional position of a consumer that is in ring->active:
 * from then on the producer of a lossless ring does not go past that. A producer that
 * did not see the consumer yet may just have moved oldest_pos, so that it is read
 * again. A malicious one can only keep its own records from the consumer.
 *
 * Return: the provisional position.
 */
static u64 mms_ring_hold_oldest(struct mms_ring *ring, const struct mms_endpoint *c)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	unsigned int tries = 0;
	u64 oldest;

	lockdep_assert_held(&ring->lock);
	ring->provisional |= BIT_ULL(c->cursor);
	do {
		oldest = READ_ONCE(ring->p->oldest_pos);
		WRITE_ONCE(cursor->pos, oldest);
		/*
		 * After the cursor's position; pairs with the acquire in
		 * mms_source_min_pos(), or in a producing program, which then
		 * load that position.
		 */
		smp_store_release(&ring->head->consumers, ring->active);
		/*
		 * Between storing consumers and loading oldest_pos; pairs with
		 * the full fence in mms_source_reclaim(), or of a program, which
		 * have stored a new oldest_pos and load consumers again.
		 */
		smp_mb();
	} while (mms_is_lossless(ring) && READ_ONCE(ring->p->oldest_pos) != oldest &&
		 ++tries < MMS_ATTACH_TRIES);
	return oldest;
}

/* Activate the consumer. Return: its provisional position. */
static u64 mms_ring_activate(struct mms_ring *ring, const struct mms_endpoint *c)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);

	lockdep_assert_held(&ring->lock);
	mms_clear_shared(cursor, sizeof(*cursor));
	ring->active |= BIT_ULL(c->cursor);
	ring->had_consumers = true;
	return mms_ring_hold_oldest(ring, c);
}

/*
 * The cursor has kept records for its name, from @place->pos on. Return: the
 * provisional position, which is before that if the consumer wants to begin elsewhere.
 * A producer that died may have left oldest_pos behind it: the bytes from @place->pos
 * on are then kept nevertheless.
 */
static u64 mms_ring_rewind(struct mms_ring *ring, const struct mms_place *place)
{
	const u64 oldest = READ_ONCE(ring->p->oldest_pos);

	if (place->counts)
		return place->pos;
	if (mms_pos_reached(place->pos, oldest))
		return mms_ring_hold_oldest(ring, place->c);
	ring->provisional |= BIT_ULL(place->c->cursor);
	return oldest;
}

/*
 * Is no consumer left but evicted ones, for which the ring keeps nothing? Called
 * with ring->lock held.
 */
static bool mms_ring_retains_nothing(const struct mms_ring *ring)
{
	return !(ring->active & ~ring->provisional) &&
	       ring->retained_pos == MMAPSHARE_RING_RETAINS_NOTHING;
}

/*
 * Find the cursor that has the name of @place, or a free one if there is none.
 * Return: the cursor; those of mms_named_check() and mms_ring_choose_cursor(); -ENOENT.
 */
static int mms_ring_find_cursor(struct mms_place *place, kuid_t uid)
{
	struct mms_start *start = place->start;
	struct mms_ring *ring = place->c->ring;
	int cursor = -ENOENT, ret;

	if (start->name)
		cursor = mms_named_find(ring, start->name);
	if (cursor >= 0) {
		ret = mms_named_check(place, cursor);
		if (ret)
			return ret;
		mms_named_claim(place, cursor);
		return cursor;
	}
	if (start->flags & MMAPSHARE_RING_ATTACH_EXISTING)
		return -ENOENT;
	cursor = mms_ring_choose_cursor(place->c, uid, place->exempt, place->allowed);
	if (cursor >= 0 && place->named) {
		ring->named[cursor] = place->named;
		place->named->ep.cursor = cursor;
		place->named = NULL;
	}
	return cursor;
}

/*
 * Give the consumer a cursor, and set the members of @place behind @exempt and @admin.
 * Return: 0; -ENODEV; those of mms_ring_find_cursor().
 */
static int mms_ring_add_consumer(struct mms_place *place)
{
	const kuid_t uid = mms_current_payer();
	struct mms_endpoint *c = place->c;
	struct mms_ring *ring = c->ring;
	unsigned long flags;
	int ret = -ENODEV;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->revoked)
		goto unlock;
	/* marks a named cursor corrupt if it is */
	place->min_pos = mms_ring_min_pos_of(ring, ring->active & ~ring->provisional);
	/* what was not overwritten is there still */
	if (mms_ring_retains_nothing(ring))
		place->min_pos = READ_ONCE(ring->p->oldest_pos);
	ret = mms_ring_find_cursor(place, uid);
	if (ret < 0)
		goto unlock;
	c->cursor = ret;
	c->named = ring->named[ret];
	ring->consumers[ret] = c;
	if (place->kept)
		place->first = mms_ring_rewind(ring, place);
	else if (c->may_lose)
		place->first = mms_ring_add_may_lose(ring, c);
	else
		place->first = mms_ring_activate(ring, c);
	mms_ring_consumers_changed(ring);
	mms_ring_update_wake_pos(ring);
	ret = 0;
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/*
 * A consumer no longer counts. The producer may have waited for this one only, or no
 * consumer is left, which is -EPIPE. Called with ring->lock held.
 */
static void mms_ring_recheck_producer(struct mms_ring *ring)
{
	mms_ring_consumers_changed(ring);
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
}

/*
 * Detach a consumer. Called with ring->lock held. Return: its name, to be freed, if the
 * attach that has created the name failed; else NULL.
 */
static struct mms_named *mms_ring_del_locked(struct mms_ring *ring, struct mms_endpoint *c)
{
	struct mms_named *named = c->named;

	if (named && !named->fresh) {
		mms_named_park(ring, c);
		named = NULL;
	} else {
		mms_ring_deactivate(ring, c);
		mms_ring_del_may_lose(ring, c);
		ring->consumers[c->cursor] = NULL;
		ring->named[c->cursor] = NULL;
		c->named = NULL;
	}
	mms_ring_recheck_producer(ring);
	return named;
}

static void mms_ring_del_consumer(struct mms_ring *ring, struct mms_endpoint *c)
{
	struct mms_named *named;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	named = mms_ring_del_locked(ring, c);
	spin_unlock_irqrestore(&ring->lock, flags);
	kfree(named);
}

/*
 * The cursor had its name before: put back what was in it. It does not keep records
 * any more if its position is impossible.
 */
static void mms_ring_restore(struct mms_ring *ring, const struct mms_place *place)
{
	struct mmapshare_ring_cursor *words = mms_cursor(ring, place->c->cursor);

	if (place->corrupt)
		WRITE_ONCE(place->c->corrupt, true);
	if (!place->kept || place->c->corrupt)
		mms_ring_deactivate(ring, place->c);
	ring->provisional &= ~BIT_ULL(place->c->cursor);
	if (ring->revoked)
		return;
	WRITE_ONCE(words->lost, place->lost);
	WRITE_ONCE(words->seq, place->expected);
	/* not before the provisional position; as in mms_ring_set_cursor() */
	smp_store_release(&words->pos, place->pos);
}

/**
 * mms_consumer_unclaim - undo mms_consumer_claim()
 * @place: the consumer
 *
 * Context: process context.
 */
void mms_consumer_unclaim(const struct mms_place *place)
{
	struct mms_endpoint *c = place->c;
	struct mms_ring *ring = c->ring;
	struct mms_named *named;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	/* once it is settled, the records before its position may be gone */
	if (place->existed && !place->settled)
		mms_ring_restore(ring, place);
	named = mms_ring_del_locked(ring, c);
	spin_unlock_irqrestore(&ring->lock, flags);
	kfree(named);
}

/* The consumer has its first position. */
static void mms_ring_settle(struct mms_ring *ring, const struct mms_endpoint *c)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	ring->provisional &= ~BIT_ULL(c->cursor);
	if (c->named)
		mms_named_settle(c->named);
	spin_unlock_irqrestore(&ring->lock, flags);
	/*
	 * The position may be past the provisional one: wake the producer, as
	 * there may be space now.
	 */
	mms_ring_wake_peers(c);
}

/**
 * mms_consumer_claim - give a consumer a cursor, with a provisional position
 * @place: the consumer; @start, @c and @allowed are set, the others 0
 *
 * A name that no cursor has yet is created.
 *
 * The caller calls mms_consumer_begin(), or mms_consumer_unclaim().
 *
 * Context: process context, may sleep.
 * Return: 0; -ENODEV; -ENOMEM; -ENOENT, -ENOSPC, -EDQUOT, and those of
 * mms_named_check(), as mms_ring_attach_at().
 */
int mms_consumer_claim(struct mms_place *place)
{
	const struct mms_start *start = place->start;
	int ret;

	if (start->name) {
		place->named = mms_named_alloc(place->c, start->name, start->keep_ns);
		if (!place->named)
			return -ENOMEM;
	}
	ret = mms_ring_add_consumer(place);
	if ((ret == -EDQUOT || ret == -ENOSPC) && capable(CAP_SYS_RESOURCE)) {
		place->exempt = true;
		ret = mms_ring_add_consumer(place);
	} else if (ret == -EPERM && capable(CAP_SYS_ADMIN)) {
		place->admin = true;
		ret = mms_ring_add_consumer(place);
	}
	kfree(place->named);
	place->named = NULL;
	return ret;
}

/**
 * mms_consumer_begin - give a consumer its first position
 * @place: the consumer, from mms_consumer_claim()
 *
 * Context: process context, may sleep.
 * Return: 0; those of mms_ring_seek(): the caller calls mms_consumer_unclaim().
 */
int mms_consumer_begin(struct mms_place *place)
{
	const int ret = mms_ring_seek(place);

	if (ret)
		return ret;
	if (place->existed && !(place->start->flags & MMS_START_FLAGS))
		place->start->flags |= MMAPSHARE_RING_ATTACH_RESUMED;
	mms_ring_settle(place->c->ring, place->c);
	place->settled = true;
	return 0;
}

/**
 * mms_consumer_set_corrupt - attach a consumer of a set to a ring that is corrupt
 * @place: the consumer, for which mms_consumer_begin() has returned -EBADMSG
 *
 * It counts as detached from that ring. So does its name, if it has one. The position
 * in its cursor becomes one that the producer never reaches, lest a program that maps
 * the cursor takes what is at the former one for records.
 *
 * Context: process context.
 */
void mms_consumer_set_corrupt(const struct mms_place *place)
{
	struct mms_endpoint *c = place->c;
	struct mms_ring *ring = c->ring;
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	if (place->existed)
		mms_ring_restore(ring, place);
	WRITE_ONCE(c->corrupt, true);
	mms_ring_deactivate(ring, c);
	mms_ring_del_may_lose(ring, c);
	if (!ring->revoked)
		WRITE_ONCE(mms_cursor(ring, c->cursor)->pos,
			   (READ_ONCE(ring->p->pos) | (MMS_RECORD_ALIGN - 1)) + BIT_ULL(62));
	mms_ring_recheck_producer(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

static int mms_ring_attach_consumer(struct mms_endpoint *c, struct mms_start *start)
{
	struct mms_place place = { .start = start, .c = c, .allowed = ~0ULL };
	int ret = mms_consumer_claim(&place);

	if (ret)
		return ret;
	ret = mms_consumer_begin(&place);
	if (ret)
		mms_consumer_unclaim(&place);
	return ret;
}

static bool mms_ring_is_consistent(const struct mms_ring *ring)
{
	const u64 head = READ_ONCE(ring->p->pos);

	return !mms_producer_is_corrupt(ring) && IS_ALIGNED(head, MMS_RECORD_ALIGN) &&
	       mms_pos_ok(READ_ONCE(ring->p->oldest_pos), head, ring->size);
}

/*
 * A kernel consumer gets the next producer. If what the previous one has left is
 * inconsistent, it is dropped: the new one begins at the kernel's position. The
 * kernel wrote the cursor, which can be trusted. mms_sink_take() follows if it
 * released a record of the previous producer meanwhile, and knows by first_pos
 * which records are that one's.
 */
static void mms_ring_next_producer(struct mms_ring *ring)
{
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, 0);
	const u64 nr = ring->producer_nr + 1, pos = READ_ONCE(cursor->pos);
	u64 first = READ_ONCE(ring->p->pos);

	if (!mms_ring_is_consistent(ring) || !IS_ALIGNED(first, MMS_RECORD_ALIGN) ||
	    !mms_pos_ok(pos, first, ring->size)) {
		const u64 seq = READ_ONCE(cursor->seq);

		first = pos;
		WRITE_ONCE(mms_record(ring, pos)->seq, seq);
		mms_clear_shared(ring->p, sizeof(*ring->p));
		WRITE_ONCE(ring->p->oldest_pos, pos);
		WRITE_ONCE(ring->p->seq, seq);
		WRITE_ONCE(ring->p->pos, pos);
		WRITE_ONCE(ring->reset_pos, pos);
		WRITE_ONCE(ring->reset_nr, nr);
	}
	WRITE_ONCE(ring->first_pos, first);
	/*
	 * After the reset and first_pos; pairs with the acquire in
	 * mms_sink_follow().
	 */
	smp_store_release(&ring->producer_nr, nr);
}

static int mms_ring_attach_producer(struct mms_ring *ring, struct mms_endpoint *p)
{
	unsigned long flags;
	int ret = -ENODEV;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->revoked)
		goto unlock;
	ret = -EBUSY;
	if (ring->producer)
		goto unlock;
	ret = -EBADMSG;
	/*
	 * Check the cursors: this marks the previous producer corrupt if it left
	 * its position before the kernel consumer's. A cursor before oldest_pos
	 * is valid: the new producer keeps the bytes from there on.
	 */
	if (mms_ring_is_consistent(ring))
		mms_ring_min_pos(ring);
	if (ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER)
		mms_ring_next_producer(ring);
	if (!mms_ring_is_consistent(ring))
		goto unlock;
	ring->producer = p;
	WRITE_ONCE(ring->head->producer_state, MMAPSHARE_RING_PRODUCER_ATTACHED);
	/*
	 * mms_sink_work() stopped if it found the previous producer corrupt.
	 * There is no consumer any more after mmapshare_sink_put().
	 */
	if (ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER && ring->consumers[0])
		mms_endpoint_wake(ring->consumers[0]);
	ret = 0;
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/**
 * mms_ring_attach_at - attach an endpoint to its ring
 * @ep: the endpoint, from mms_endpoint_init()
 * @start: where a consumer begins; the producer ignores it. Out: RESUMED is added to
 *	@flags if it has gone on at the position of its name
 *
 * The caller must call mms_ring_detach() after success.
 *
 * By default, a consumer of a lossless ring begins with the first record that
 * others still need. It is looked for from the oldest one on, record by record. One
 * that may lose begins at the oldest one if the producer reuses records meanwhile.
 *
 * Context: process context, may sleep.
 * Return: 0; -EBUSY if a producer is attached already; those of mms_named_check();
 * -ENOENT if the name must exist; -ENOSPC if all cursors are in use, or
 * those left are reserved; -EDQUOT if the user has its share of them; -ENODATA if the
 * record with which the consumer is to begin is gone, -ERANGE if it is not published
 * yet; -EBADMSG if the shared state is corrupt; -EINTR for a signal; -ENOMEM; -ENODEV
 * if the ring was revoked; -EIO if the memory of a page failed.
 */
int mms_ring_attach_at(struct mms_endpoint *ep, struct mms_start *start)
{
	struct mms_ring *ring = ep->ring;
	int ret = ep->producer ? mms_ring_attach_producer(ring, ep) :
				 mms_ring_attach_consumer(ep, start);

	if (ret == -ENODEV && !mms_revoked(ep->region))
		ret = -EIO;
	trace_mmapshare_ring_attach(ep, ret);
	return ret;
}

/* As mms_ring_attach_at(). @latest: skip the records that are in the ring. */
int mms_ring_attach(struct mms_endpoint *ep, bool latest)
{
	struct mms_start start = {
		.flags = latest ? MMAPSHARE_RING_ATTACH_LATEST : 0,
	};

	return mms_ring_attach_at(ep, &start);
}

/**
 * mms_ring_detach - detach an endpoint from its ring
 * @ep: the endpoint, attached
 *
 * Records that a producer has published remain, and its consumers get -EPIPE
 * when they have taken all. When the last consumer detaches that may not lose
 * records, a producer that waits for space gets -EPIPE.
 *
 * Context: process context, may sleep.
 */
void mms_ring_detach(struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->ring;
	unsigned long flags;

	trace_mmapshare_ring_detach(ep, READ_ONCE(ep->corrupt) ? -EBADMSG : 0);
	if (!ep->producer) {
		mms_ring_del_consumer(ring, ep);
		mms_flush_stop(ep);
		return;
	}
	mms_ring_stop_eviction(ring);
	spin_lock_irqsave(&ring->lock, flags);
	ring->producer = NULL;
	if (!ring->revoked)
		/*
		 * After the producer's last position; pairs with the acquire in
		 * mms_check_records(), or in a program.
		 */
		smp_store_release(&ring->head->producer_state,
				  MMAPSHARE_RING_PRODUCER_DETACHED);
	spin_unlock_irqrestore(&ring->lock, flags);
	mms_ring_wake_all(ring);
}
