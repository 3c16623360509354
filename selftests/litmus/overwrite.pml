/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An overwriting ring: the producer replaces the oldest records, and may die at
 * every step; a consumer detects what it has lost.
 *
 * holds:
 * fails: -DMUTANT_NO_RELEASE_FENCE
 * fails: -DMUTANT_OLDEST_AFTER_BYTES
 * fails: -DMUTANT_PUBLISH_EARLY
 * fails: -DMUTANT_NO_NEXT_SEQ
 * fails: -DMUTANT_NO_NEXT_HEADER
 * fails: -DMUTANT_CHECK_FIRST
 * fails: -DMUTANT_NO_CHECK
 * fails: -DMUTANT_SKIP_UNCHECKED
 * fails: -DMUTANT_ATTACH_UNCHECKED
 *
 * Units are those of reclaim.pml. Steps are those of "The protocol" in ring.rst.
 *
 * Store buffers: the store of oldest_pos stays invisible to others for any time,
 * until a fence, while the bytes of a record are visible at once. That loads are
 * in order is in overwrite.litmus.
 *
 * Checked: a record that a consumer takes for intact is one, with its sequence
 * number; when it has all records, those that it took and those that it counted
 * as lost are all since its first one.
 */

#ifndef SIZE
#define SIZE	4		/* units of the ring */
#endif
#ifndef UNITS
#define UNITS	8		/* units that the producers publish */
#endif
#define END	UNITS
#define NONE	31

#define UNIT(pos, what)	((pos) * 4 + (what))
#define BYTES	0		/* bytes of a record */
#define ONE	1		/* header of a record of one unit */
#define TWO	2		/* header of a record of two units */
#define SEQ	3		/* header with the sequence number only */
#define HEADER(pos)	cell[(pos) % SIZE]
#define STEP_OF(unit)	(((unit) % 4 == TWO) -> 2 : 1)

/* Shared memory, as it is visible to all. */
byte cell[SIZE] = SEQ;
byte head, oldest;
byte sb_oldest = NONE;		/* store buffer: NONE if empty */

/*
 * The sequence number of the record at a position; also what a header that was
 * stored for that position has in it. Bytes of a record have any.
 */
byte seq_at[END + 3];
#define SEQ_OF(unit)	(((unit) % 4 == BYTES) -> NONE : seq_at[(unit) / 4])

byte kill;			/* 1: kill the producer now; 2: it was killed */

#define flush_oldest() \
	if \
	:: sb_oldest != NONE -> \
		oldest = sb_oldest; \
		sb_oldest = NONE \
	:: else \
	fi

active proctype environment()
{
end:	do
	:: atomic { sb_oldest != NONE -> flush_oldest() }
	:: atomic { kill == 0 -> kill = 1 }
	od
}

#ifdef MUTANT_NO_NEXT_HEADER
#define HAS_SPACE	(pos + step - old <= SIZE)
#else
#define HAS_SPACE	(pos + step - old <= SIZE - 1)
#endif

#ifdef MUTANT_NO_RELEASE_FENCE
#define release_fence()	skip
#else
#define release_fence()	flush_oldest()
#endif
#ifdef MUTANT_OLDEST_AFTER_BYTES
#define before_bytes()	skip
#define after_bytes()	oldest = old;
#else
#define before_bytes()	sb_oldest = old; release_fence()
#define after_bytes()
#endif
#ifdef MUTANT_PUBLISH_EARLY
#define publish_early()	head = pos + step;
#else
#define publish_early()
#endif
#ifdef MUTANT_NO_NEXT_SEQ
#define store_next_seq()
#else
#define store_next_seq() HEADER(pos + step) = UNIT(pos + step, SEQ);
#endif

active proctype producer()
{
	byte pos, old, step;

attach:	atomic {
		pos = head;
		old = oldest
	}
	{
		do
		:: pos == END -> break
		:: d_step { pos < END && !step -> step = 1 }
		:: d_step { pos + 1 < END && !step -> step = 2 }
		:: d_step { step && !HAS_SPACE ->
			/* step 3 */
			do
			:: !HAS_SPACE -> old = old + STEP_OF(HEADER(old))
			:: else -> break
			od;
			before_bytes()
		   }
		:: step && HAS_SPACE ->
			/* step 5: what the next header says is true once it is used */
			seq_at[pos + step] = seq_at[pos] + 1;
			publish_early()
			HEADER(pos) = UNIT(pos, step);
			if
			:: step == 2 -> HEADER(pos + 1) = UNIT(pos + 1, BYTES)
			:: else
			fi;
			store_next_seq()
			after_bytes()
			d_step {
				pos = pos + step;
				head = pos;
				step = 0
			}
		od
	} unless {
		atomic {
			kill == 1;
			kill = 2;
			flush_oldest();
			pos = 0; old = 0; step = 0;
			goto attach
		}
	}
}

/* Is what was loaded from @pos intact? */
#define INTACT(pos)	(oldest <= (pos))
#ifdef MUTANT_NO_CHECK
#define TAKEN_INTACT	true
#else
#define TAKEN_INTACT	INTACT(pos)
#endif
#ifdef MUTANT_SKIP_UNCHECKED
#define SKIP_INTACT	true
#else
#define SKIP_INTACT	INTACT(to)
#endif
#ifdef MUTANT_ATTACH_UNCHECKED
#define ATTACH_INTACT	true
#else
#define ATTACH_INTACT	INTACT(to)
#endif

/* Load a record: one unit, and perhaps another. */
#define load() \
	header = HEADER(pos); \
	if \
	:: STEP_OF(header) == 2 -> bytes = HEADER(pos + 1) \
	:: else \
	fi

#define deliver() \
	assert(header == UNIT(pos, ONE) || \
	       header == UNIT(pos, TWO) && bytes == UNIT(pos + 1, BYTES)); \
	assert(seq == seq_at[pos]); \
	pos = pos + STEP_OF(header); \
	seq++; \
	taken++; \
	header = 0; \
	bytes = 0

active proctype consumer()
{
	byte pos, seq, to, header, bytes, taken, lost, first, known;

	/* mms_ring_init_cursor(): the oldest record */
	do
	:: to = oldest;
		header = HEADER(to);
		if
		:: atomic {
			ATTACH_INTACT ->
			pos = to;
			seq = SEQ_OF(header);
			assert(seq == seq_at[pos]);
			first = seq;
			to = 0;
			header = 0
		   } -> break
		:: !ATTACH_INTACT
		fi
	od;
	known = pos;
	do
	:: pos == END -> break
	:: pos != END && pos == known ->
		/* wait, then refresh_producer_pos() */
		head != known || !INTACT(pos);
		known = head;
		if
		:: !INTACT(pos) -> goto skip_overwritten
		:: else
		fi
	:: pos != END && pos != known ->
		/* steps 7 and 8 */
#ifdef MUTANT_CHECK_FIRST
		if
		:: TAKEN_INTACT
		:: !TAKEN_INTACT -> goto skip_overwritten
		fi;
		load();
		atomic { deliver() }
#else
		load();
		if
		:: atomic { TAKEN_INTACT -> deliver() }
		:: atomic { !TAKEN_INTACT -> header = 0; bytes = 0; goto skip_overwritten }
		fi
#endif
	:: false ->
skip_overwritten:
		do
		:: to = oldest;
			header = HEADER(to);
			known = head;
			if
			:: atomic {
				SKIP_INTACT ->
				assert(SEQ_OF(header) == seq_at[to]);
				assert(known >= to && to >= pos);
				lost = lost + SEQ_OF(header) - seq;
				seq = SEQ_OF(header);
				pos = to;
				to = 0;
				header = 0
			   } -> break
			:: !SKIP_INTACT
			fi
		od
	od;
	assert(seq == seq_at[END] && first + taken + lost == seq)
}
