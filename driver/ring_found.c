// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: going on with a ring that an earlier use of reserved memory has left, in
 * this boot or the one before.
 *
 * Nothing that is found is trusted: the memory may have lost bits, or lines that
 * were in a cache, and a program may have written it as a plain region. The first
 * page must be what a new ring of the same properties has, the positions must fit,
 * and each record, from the oldest on, must begin where the one before ends, with a
 * plausible length and sequence number. The ring is cut before the first record
 * that does not. A record that was reserved and never committed is discarded.
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
#include "ring.h"

/* The members of struct mmapshare_ring from this one on change. */
#define MMS_HEAD_CONSTANT	offsetof(struct mmapshare_ring, generation)

/**
 * struct mms_found - what the walk of the records has found so far
 * @pos: where the next record begins
 * @seq: the least sequence number that it may have
 * @seq_end: that of the first record that was not published
 * @records: number of records that are complete
 * @discarded: number of records that were not, and were discarded
 */
struct mms_found {
	u64 pos;
	u64 seq;
	u64 seq_end;
	u64 records;
	u64 discarded;
};

/*
 * Is the record at @found->pos valid, while the producer is at @head? Passes it if
 * so. Records that a producer dropped leave a gap of sequence numbers.
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
		record->length = bytes | MMAPSHARE_RECORD_DISCARD;
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
 * Reset what only a running kernel knows: endpoints, waiters, cursors. All records
 * are kept for the first consumer, as in a new ring.
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
 * mms_ring_resume - validate the ring that is in reserved memory, and go on with it
 * @ring: initialized, except that its pages are as they were found
 * @expected: the first page that a new ring of the same properties has
 * @name: of the reserved memory, for the kernel's log
 *
 * Context: process context, may sleep.
 * Return: false if there is no such ring; nothing is changed then.
 */
bool mms_ring_resume(struct mms_ring *ring, const struct mmapshare_ring *expected,
		     const char *name)
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
	pr_info("range '%s': found a ring: %llu records, %llu not committed, %llu of %llu bytes cut off\n",
		name, found.records, found.discarded, head - found.pos, head - oldest);
	p->seq = mms_found_seq(ring, &found);
	mms_record(ring, found.pos)->seq = p->seq;
	p->pos = found.pos;
	ring->generation = ring->head->generation;
	mms_found_reset(ring);
	return true;
}
