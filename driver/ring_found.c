// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: resuming a ring that is in reserved memory since an earlier use, in this boot
 * or an earlier one.
 *
 * The contents are untrusted: bits or cache lines may have been lost, and a program may
 * have written to the memory as to a plain region. The constant part of the first page
 * must be that of a new ring with the same properties, and the positions must be valid.
 * Each record, from the oldest one on, must begin where the one before ends, and have a
 * plausible length and sequence number. The ring is truncated before the first record
 * that fails this. A record that was reserved and never committed is discarded.
 *
 * No other task can find the ring, and no endpoint is attached.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>
#include "range.h"
#include "ring.h"

/* Bytes of struct mmapshare_ring that are equal in all rings with the same properties. */
#define MMS_HEAD_CONSTANT	offsetof(struct mmapshare_ring, generation)

/**
 * struct mms_found - what the walk of the records has found so far
 * @pos: where the next record begins
 * @seq: the least sequence number that it may have
 * @seq_end: that of the first record that was not published
 * @records: number of committed records
 * @discarded: number of records that were reserved but not committed, and are now discarded
 */
struct mms_found {
	u64 pos;
	u64 seq;
	u64 seq_end;
	u64 records;
	u64 discarded;
};

/*
 * Validate the record at @found->pos, with the producer's position @head. Return: true,
 * and @found is advanced past it; or false. Dropped records have sequence numbers, so a
 * gap in these is valid.
 */
static bool mms_found_next(struct mms_ring *ring, struct mms_found *found, u64 head)
{
	struct mmapshare_record *record = mms_record(ring, found->pos);
	const u32 bytes = record->length & MMAPSHARE_RECORD_LENGTH;
	const u64 step = mms_record_step(bytes), left = head - found->pos;
	const u64 seq = mms_extend_seq(record->seq, found->seq);
	const bool filler = record->length & MMAPSHARE_RECORD_FILLER;
	const u64 next_seq = seq + mms_record_seqs(record->length);

	if (step > left || bytes > mms_record_max(ring->size) ||
	    !mms_pos_reached(seq, found->seq) || !mms_pos_reached(found->seq_end, next_seq) ||
	    (bytes < mms_info_bytes(ring->features) && !filler) ||
	    (filler && !(record->length & MMAPSHARE_RECORD_DISCARD)))
		return false;
	if (record->length & MMAPSHARE_RECORD_BUSY) {
		record->length &= ~MMAPSHARE_RECORD_BUSY;
		record->length |= MMAPSHARE_RECORD_DISCARD;
		found->discarded++;
	} else if (!(record->length & MMAPSHARE_RECORD_DISCARD)) {
		found->records++;
	}
	found->seq = next_seq;
	found->pos += step;
	return true;
}

/*
 * The sequence number of the next record, at @found->pos: records may have been
 * dropped before it.
 */
static u64 mms_found_seq(const struct mms_ring *ring, const struct mms_found *found)
{
	const u64 seq = mms_extend_seq(mms_record(ring, found->pos)->seq, found->seq);

	return mms_pos_reached(seq, found->seq) && mms_pos_reached(found->seq_end, seq) ?
	       seq : found->seq;
}

/*
 * Clear what refers to the endpoints of the earlier use: attached consumers, wake
 * thresholds, cursors. The first consumer gets all records, as in a new ring.
 */
static void mms_found_reset(struct mms_ring *ring)
{
	struct mmapshare_ring *head = ring->head;
	unsigned int i;

	memset((void *)head + offsetof(struct mmapshare_ring, consumers), 0,
	       PAGE_SIZE - offsetof(struct mmapshare_ring, consumers));
	ring->retained_pos = ring->p->oldest_pos;
	head->retained_pos = ring->retained_pos;
	head->producer_state = MMAPSHARE_RING_PRODUCER_DETACHED;
	for (i = 0; i < ring->consumers_max; i++)
		memset(mms_cursor(ring, i), 0, PAGE_SIZE);
	ring->p->wake_bytes = 0;
}

/**
 * mms_ring_resume - validate the ring in reserved memory, and resume it
 * @ring: initialized, except for the contents of its pages
 * @expected: the first page that a new ring of the same properties has
 * @range: the reserved memory
 *
 * The ring gets the generation of @expected if records that programs have seen may be
 * missing at its end: new ones will have their sequence numbers.
 *
 * Context: process context, may sleep.
 * Return: true; false if there is no such ring, and then the memory is unchanged.
 */
bool mms_ring_resume(struct mms_ring *ring, const struct mmapshare_ring *expected,
		     struct mms_range *range)
{
	struct mmapshare_ring_producer *p = ring->p;
	const u64 head = p->pos, oldest = p->oldest_pos;
	struct mms_found found = { .pos = oldest, .seq_end = p->seq };

	/* there is always space for the header at @head */
	if (memcmp(ring->head, expected, MMS_HEAD_CONSTANT) || !ring->head->generation ||
	    !IS_ALIGNED(head, MMS_RECORD_ALIGN) ||
	    !mms_pos_ok(oldest, head, ring->size - MMS_RECORD_ALIGN))
		return false;
	/* p->seq is near the sequence number of each record in the ring */
	found.seq = mms_extend_seq(mms_record(ring, oldest)->seq, p->seq);
	while (found.pos != head && mms_found_next(ring, &found, head))
		cond_resched();
	pr_info("range '%s': found a ring: %llu records, %llu not committed, %llu of %llu bytes truncated\n",
		range->name, found.records, found.discarded, head - found.pos, head - oldest);
	p->seq = mms_found_seq(ring, &found);
	mms_record(ring, found.pos)->seq = p->seq;
	p->pos = found.pos;
	if (range->stale || found.pos != head)
		ring->head->generation = ring->generation;
	ring->generation = ring->head->generation;
	mms_found_reset(ring);
	mms_range_renew(range);
	return true;
}
