// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: where a consumer begins.
 *
 * The consumer is attached, with a provisional position that keeps the records of
 * a lossless ring. They are walked without ring->lock, a batch at a time. What
 * programs have stored is untrusted, as described in ring_state.c.
 */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include "ring.h"

/* Records that are passed in one RCU read-side section. */
#define MMS_WALK_BATCH		1024

static struct mms_ring *mms_place_ring(const struct mms_place *place)
{
	return place->c->ring;
}

/*
 * Read the sequence number of the record at @pos. Return: 0, or -EAGAIN if the
 * record was overwritten meanwhile.
 */
static int mms_ring_read_seq(const struct mms_ring *ring, const struct mms_endpoint *c, u64 pos,
			     u64 *seq)
{
	const u32 low = READ_ONCE(mms_record(ring, pos)->seq);

	*seq = mms_extend_seq(low, READ_ONCE(ring->p->seq));
	/* the provisional position keeps the record */
	if (mms_consumer_holds_back(c))
		return 0;
	return mms_ring_is_intact(ring, pos) ? 0 : -EAGAIN;
}

/*
 * Pass records from @pos on, up to @to. @start: if not NULL, the records from
 * there on may be overwritten meanwhile.
 */
static int mms_ring_walk_batch(const struct mms_ring *ring, const u64 *start, u64 *pos, u64 to)
{
	unsigned int n;
	int ret = 0;

	/* pairs with synchronize_rcu_expedited() in mms_ring_stop() */
	rcu_read_lock();
	if (READ_ONCE(ring->revoked))
		ret = -ENODEV;
	for (n = 0; !ret && n < MMS_WALK_BATCH && *pos != to; n++) {
		u64 step = mms_record_step(READ_ONCE(mms_record(ring, *pos)->length));

		if (step > to - *pos)
			ret = -EBADMSG;
		else
			*pos += step;
	}
	if (!ret && start && !mms_ring_is_intact(ring, *start))
		ret = -EBADMSG;
	rcu_read_unlock();
	return ret;
}

/* Between two batches. Return: 0; -EINTR for a signal. */
static int mms_walk_pause(void)
{
	if (signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

/*
 * Begin at @min_pos if the records from @first on lead there: it is a position of
 * another consumer, which must not decide alone where a new one begins. No producer
 * reuses the records meanwhile, because of the provisional position. A consumer has
 * none if it may lose: then it begins at @first if that was passed by oldest_pos.
 *
 * Return: 0; -EINTR for a signal; -ENODEV if the ring was revoked.
 */
static int mms_ring_seek_needed(struct mms_place *place)
{
	const struct mms_ring *ring = mms_place_ring(place);
	const u64 start = place->first, to = place->min_pos;
	u64 from = start;
	int ret;

	if (to - from > ring->size)
		return 0;
	while (from != to) {
		ret = mms_ring_walk_batch(ring, place->c->may_lose ? &start : NULL, &from, to);
		if (!ret && from != to)
			ret = mms_walk_pause();
		if (ret)
			return ret == -EBADMSG ? 0 : ret;
	}
	place->first = to;
	return 0;
}

/*
 * The oldest position, and the producer's. They contradict each other if the ring is
 * corrupt, or the producer has moved both between the loads: then @oldest is past.
 * Return: 0; -ENODEV; -EBADMSG.
 */
static int mms_ring_bounds(const struct mms_ring *ring, u64 *oldest, u64 *head)
{
	unsigned int tries = 0;
	int ret = -ENODEV;

	/* pairs with synchronize_rcu_expedited() in mms_ring_stop() */
	rcu_read_lock();
	if (READ_ONCE(ring->revoked))
		goto unlock;
	do {
		/* before the producer's position, as in mms_read_skip_overwritten() */
		*oldest = smp_load_acquire(&ring->p->oldest_pos);
		*head = mms_producer_pos(ring);
		ret = mms_pos_ok(*oldest, *head, ring->size) ? 0 : -EBADMSG;
	} while (ret && !mms_ring_is_intact(ring, *oldest) && ++tries < MMS_ATTACH_TRIES);
unlock:
	rcu_read_unlock();
	return ret;
}

/*
 * Pass records from @pos on, up to one whose sequence number is @want or larger, if
 * that is not NULL, at most up to @to. Return: 0 if there is such a record at @pos;
 * 1 to be called again; -ENODATA if the record is before @place->first; -ERANGE if
 * @pos is @to; -EAGAIN if the record at @pos was overwritten; -EBADMSG if no record
 * begins at @to; -ENODEV.
 */
static int mms_ring_find_batch(const struct mms_place *place, const u64 *want, u64 *pos, u64 to)
{
	const struct mms_ring *ring = mms_place_ring(place);
	unsigned int n;
	int ret = 1;

	/* pairs with synchronize_rcu_expedited() in mms_ring_stop() */
	rcu_read_lock();
	if (READ_ONCE(ring->revoked))
		ret = -ENODEV;
	for (n = 0; ret > 0 && n < MMS_WALK_BATCH; n++) {
		const u64 step = mms_record_step(READ_ONCE(mms_record(ring, *pos)->length));
		u64 seq;

		if (mms_ring_read_seq(ring, place->c, *pos, &seq))
			ret = -EAGAIN;
		else if (want && mms_pos_reached(seq, *want))
			ret = *pos == place->first && seq != *want ? -ENODATA : 0;
		else if (*pos == to)
			ret = -ERANGE;
		else if (step > to - *pos)
			ret = -EBADMSG;
		else
			*pos += step;
	}
	rcu_read_unlock();
	return ret;
}

/* As mms_ring_find_batch(), repeated. Return: not 1, but perhaps -EINTR. */
static int mms_ring_find(const struct mms_place *place, const u64 *want, u64 *pos, u64 to)
{
	int ret;

	while ((ret = mms_ring_find_batch(place, want, pos, to)) > 0) {
		ret = mms_walk_pause();
		if (ret)
			break;
	}
	return ret;
}

/* Begin with the record that has a certain sequence number. */
static int mms_ring_seek_seq(struct mms_place *place)
{
	const struct mms_ring *ring = mms_place_ring(place);
	unsigned int tries = 0;
	u64 pos, head;
	int ret;

	do {
		ret = mms_ring_bounds(ring, &place->first, &head);
		if (ret)
			return ret;
		pos = place->first;
		ret = mms_ring_find(place, &place->expected, &pos, head);
	} while (ret == -EAGAIN && ++tries < MMS_ATTACH_TRIES);
	place->first = pos;
	return ret == -EAGAIN ? -EBADMSG : ret;
}

/*
 * Go on where the name of the cursor was, if a record begins there: those from there
 * on then lead to the producer's position. If that was overwritten, begin with the
 * oldest record, or with a later one if that is overwritten, too.
 */
static int mms_ring_seek_named(struct mms_place *place)
{
	const struct mms_ring *ring = mms_place_ring(place);
	u64 pos = place->pos, oldest, head;
	int ret = mms_ring_bounds(ring, &oldest, &head);

	if (ret)
		return ret;
	place->first = oldest;
	place->corrupt |= !IS_ALIGNED(pos, MMS_RECORD_ALIGN) || !mms_pos_reached(head, pos);
	if (!place->corrupt && !place->kept && !mms_pos_reached(pos, oldest))
		return 0;
	place->corrupt |= head - pos > ring->size;
	ret = place->corrupt ? -EBADMSG : mms_ring_find(place, NULL, &pos, head);
	place->corrupt = ret == -EBADMSG;
	if (ret == -ERANGE)
		place->first = place->pos;
	return ret == -ERANGE || ret == -EAGAIN ? 0 : ret;
}

/*
 * Move the cursor from its provisional position to @pos. Return: 0; -EAGAIN if
 * the record there was overwritten meanwhile; -EBADMSG.
 */
static int mms_ring_set_cursor(const struct mms_place *place, u64 pos)
{
	const struct mms_ring *ring = mms_place_ring(place);
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, place->c->cursor);
	u64 seq, lost = place->lost;

	if (mms_ring_read_seq(ring, place->c, pos, &seq))
		return -EAGAIN;
	if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) ||
	    !mms_pos_reached(READ_ONCE(ring->p->pos), pos))
		return -EBADMSG;
	if (place->counts && mms_pos_reached(seq, place->expected))
		lost += seq - place->expected;
	WRITE_ONCE(cursor->lost, lost);
	WRITE_ONCE(cursor->seq, seq);
	/*
	 * The records before pos may be reused from here on. After loading
	 * them; pairs with the acquire in mms_source_min_pos(),
	 * mms_ring_min_pos(), or in a program.
	 */
	smp_store_release(&cursor->pos, pos);
	return 0;
}

/*
 * Begin at the producer's position if LATEST; at @place->first if that was not
 * overwritten; else at the oldest record, or fail if a certain one was wanted.
 */
static int mms_ring_init_cursor(const struct mms_place *place)
{
	const struct mms_ring *ring = mms_place_ring(place);
	unsigned int tries = 0;
	u64 pos;
	int ret;

	do {
		if (tries && place->start->flags & MMAPSHARE_RING_ATTACH_SEQ)
			return -ENODATA;
		/* pairs with synchronize_rcu_expedited() in mms_ring_stop() */
		rcu_read_lock();
		ret = -ENODEV;
		if (!READ_ONCE(ring->revoked)) {
			pos = tries ? READ_ONCE(ring->p->oldest_pos) : place->first;
			if (place->start->flags & MMAPSHARE_RING_ATTACH_LATEST)
				pos = mms_producer_pos(ring);
			ret = mms_ring_set_cursor(place, pos);
		}
		rcu_read_unlock();
	} while (ret == -EAGAIN && ++tries < MMS_ATTACH_TRIES);
	return ret == -EAGAIN ? -EBADMSG : ret;
}

/**
 * mms_ring_seek - find the first record of a consumer, and set its cursor
 * @place: the consumer, attached with a provisional position
 *
 * Context: process context, may sleep. A signal ends it.
 * Return: 0; -ENODATA if the record is gone; -ERANGE if it is not published yet;
 * -EBADMSG if the shared state is corrupt; -EINTR; -ENODEV if the ring was revoked.
 */
int mms_ring_seek(struct mms_place *place)
{
	const u32 flags = place->start->flags;
	int ret = 0;

	if (flags & MMAPSHARE_RING_ATTACH_SEQ) {
		place->expected = place->start->seq;
		place->counts = true;
		ret = mms_ring_seek_seq(place);
	} else if (flags & MMS_START_FLAGS) {
		/* LATEST, or OLDEST, which is the provisional position */
	} else if (place->existed) {
		ret = mms_ring_seek_named(place);
	} else if (mms_is_lossless(mms_place_ring(place))) {
		ret = mms_ring_seek_needed(place);
	}
	return ret ?: mms_ring_init_cursor(place);
}
