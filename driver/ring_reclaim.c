// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer of a ring: making space for the next record, by passing
 * the oldest ones.
 */
#include <asm/barrier.h>
#include <linux/bitops.h>
#include <linux/compiler.h>
#include <linux/types.h>
#include "ring.h"
#include "ring_source.h"

/*
 * Advance oldest_pos, which is not @source->head, past one record or filler,
 * unless that is BUSY. It moves by lengths of records, which are trusted: it is
 * the beginning of a record even if the position of a consumer is not. A length
 * that leads past @source->head is none: the memory was changed by something else
 * than this ring, and following it would never end. Adds the number of records,
 * which is 0 for a filler, to @records.
 */
static bool mms_source_advance_oldest(struct mmapshare_source *source, u64 *records)
{
	const u32 length = READ_ONCE(mms_source_record(source, source->oldest_pos)->length);
	const u64 step = mms_record_step(length);

	if (length & MMAPSHARE_RECORD_BUSY || step > source->head - source->oldest_pos)
		return false;
	source->oldest_pos += step;
	*records += mms_record_seqs(length);
	return true;
}

/*
 * Records to pass at a time: limits how long a producer holds source->lock, with
 * interrupts disabled.
 */
#define MMS_SOURCE_BATCH	64

/* Make space in an overwrite ring, by giving up the oldest records. */
static void mms_source_overwrite(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;
	unsigned int n;

	for (n = 0; n < MMS_SOURCE_BATCH && !mms_source_has_space(source, step); n++) {
		if (!mms_source_advance_oldest(source, &source->overwritten))
			break;
		source->limit = source->oldest_pos;
	}
	WRITE_ONCE(ring->p->overwritten, source->overwritten);
	/*
	 * After the position, which was published without a full fence if nothing
	 * was to be woken; pairs with the acquire in mms_read_skip_overwritten(),
	 * or in a program.
	 */
	smp_store_release(&ring->p->oldest_pos, source->oldest_pos);
	/*
	 * Before the bytes of these records are reused; pairs with smp_rmb() in
	 * mms_ring_is_intact(), the acquire in mms_record_is_busy(), and the
	 * acquire fence of a program between a record and oldest_pos.
	 */
	smp_wmb();
}

/*
 * As mms_ring_min_pos(), for a lossless ring and without ring->lock. A position
 * that is impossible holds back the producer for now. It may be corrupt, or that
 * of a consumer that is just attaching: mms_ring_wake_peers() checks it under
 * the lock.
 */
static u64 mms_source_min_pos(struct mmapshare_source *source)
{
	struct mms_ring *ring = source->ring;
	/*
	 * Before consumers; pairs with the second release in
	 * mms_ring_publish_cleared().
	 */
	const u64 gen = smp_load_acquire(&ring->head->consumers_gen);
	/*
	 * Before the positions, and before retained_pos; pairs with the
	 * releases in mms_ring_activate() and in mms_ring_publish_cleared().
	 */
	u64 active = smp_load_acquire(&ring->head->consumers), min_pos = source->head;
	const u64 retained = READ_ONCE(ring->retained_pos);

	if (!active && retained != MMAPSHARE_RING_RETAINS_NOTHING)
		min_pos = retained;
	for (; active; active &= active - 1) {
		/*
		 * The consumer's loads of the records before pos are complete;
		 * pairs with the release in mms_ring_set_cursor(), or in a
		 * program.
		 */
		u64 pos = smp_load_acquire(&mms_cursor(ring, __ffs64(active))->pos);

		if (!mms_pos_ok(pos, source->head, ring->size)) {
			WRITE_ONCE(ring->check_cursors, true);
			mms_endpoint_notify(&source->ep);
			return source->limit;
		}
		if (!mms_pos_reached(pos, min_pos))
			min_pos = pos;
	}
	/* A position may be that of a consumer which may lose records. */
	if (READ_ONCE(ring->head->consumers_gen) != gen)
		return source->limit;
	return min_pos;
}

/*
 * Make space in a lossless ring, by reclaiming records that all consumers have
 * released, and the released bytes of the next one, if a consumer has stored a
 * position inside of it: so all bytes that mms_check_space() counts as free are.
 * oldest_pos is then behind that record.
 *
 * A consumer that attaches meanwhile begins at the new oldest_pos, or its cursor
 * is seen here and keeps the bytes. oldest_pos, once published, never moves
 * back: every consumer that is not seen begins there or later.
 */
static void mms_source_reclaim(struct mmapshare_source *source)
{
	struct mms_ring *ring = source->ring;
	u64 min_pos = mms_source_min_pos(source), records = 0;
	unsigned int n;

	for (n = 0; n < MMS_SOURCE_BATCH && !mms_pos_reached(source->oldest_pos, min_pos); n++)
		if (!mms_source_advance_oldest(source, &records))
			break;
	if (n) {
		/* after the position, as in mms_source_overwrite() */
		smp_store_release(&ring->p->oldest_pos, source->oldest_pos);
		/*
		 * Between storing oldest_pos and loading consumers again; pairs
		 * with smp_mb() in mms_ring_activate(). Also before the bytes
		 * of these records are reused; pairs with smp_rmb() in
		 * mms_ring_is_intact(), and with the acquire fence of a program
		 * that may lose records.
		 */
		smp_mb();
		min_pos = mms_source_min_pos(source);
	}
	if (mms_pos_reached(min_pos, source->oldest_pos))
		source->limit = source->oldest_pos;
	else if (mms_pos_reached(min_pos, source->limit))
		source->limit = min_pos;
}

/**
 * mms_source_make_space - make space for a record
 * @source: the ring, with its @lock held if there are several producers
 * @step: bytes of the record with its header
 *
 * Passes a limited number of records.
 *
 * Context: any.
 * Return: true if it made some space, but not enough yet.
 */
bool mms_source_make_space(struct mmapshare_source *source, u64 step)
{
	const u64 before = source->limit;

	if (mms_is_lossless(source->ring))
		mms_source_reclaim(source);
	else
		mms_source_overwrite(source, step);
	return source->limit != before && !mms_source_has_space(source, step);
}
