/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lossless ring: reserve, reclaim, publish; attach, read, release, detach; and
 * death at every step of a program.
 *
 * holds: -DUNITS=6
 * holds: -DUNITS=4 -DLIVES=2
 * holds: -DHOSTILE
 * holds: -DUNITS=4 -DSIZE=3 -DREADER
 * fails: -DMUTANT_NO_PRODUCER_FENCE
 * fails: -DMUTANT_NO_RECHECK
 * fails: -DMUTANT_NO_ATTACH_FENCE
 * fails: -DMUTANT_NO_ATTACH_RECHECK
 * fails: -DMUTANT_NO_PROVISIONAL_POS
 * fails: -DMUTANT_RETAINED_NEVER
 * fails: -DUNITS=4 -DLIVES=2 -DMUTANT_PROVISIONAL_RETAINS
 * fails: -DMUTANT_RELEASE_EARLY
 * fails: -DMUTANT_PUBLISH_EARLY
 * fails: -DMUTANT_NO_NEXT_HEADER
 * fails: -DMUTANT_KNOWS_LIMIT
 * fails: -DUNITS=4 -DSIZE=3 -DREADER -DMUTANT_NO_GEN
 * fails: -DUNITS=4 -DSIZE=3 -DREADER -DMUTANT_GEN_EARLY
 * fails: -DHOSTILE -DMUTANT_TRUST_CURSOR
 * fails: -DHOSTILE -DMUTANT_TRUST_PEERS
 * fails: -DHOSTILE -DMUTANT_TAKE_BACK
 *
 * A unit is 8 bytes: a record is a header, and perhaps one unit behind it, which
 * looks like a header. Steps are those of "The protocol" in ring.rst.
 *
 * Processes: a producer, which is killed once, at any step, and replaced; a
 * consumer that attaches, takes some records and detaches, LIVES times, and may be
 * killed at any step; one that attaches at some time and takes all records that
 * follow. With HOSTILE the first consumer stores up to two positions to its
 * cursor, valid or not. With READER there is a consumer that may lose records: it
 * takes a cursor that is free, and stores the producer's position to it. Programs
 * take no lock.
 *
 * Store buffers: the producer's store of oldest_pos, and the kernel's store of
 * consumers while it attaches a consumer, stay invisible to others for any time,
 * until a fence.
 *
 * Checked: whatever a consumer takes is a published record with all its units
 * intact, and the next one after the one before; a consumer begins at a record,
 * with the first that the last consumer has not released; the second consumer
 * gets the last record, so that neither side is stuck.
 */

#ifndef SIZE
#define SIZE	4		/* units of the ring */
#endif
#ifndef UNITS
#define UNITS	5		/* units that the producers publish */
#endif
#ifndef LIVES
#define LIVES	1		/* of the consumer that detaches */
#endif
#define FIRST	SIZE		/* first position: none is negative then */
#define END	(FIRST + UNITS)
#define SLOTS	2

/* A unit in the ring: where it was stored for, and what is there. */
#define UNIT(pos, what)	((pos) * 4 + (what))
#define FORGED	0		/* bytes of a record, which read as a header */
#define ONE	1		/* header of a record of one unit */
#define TWO	2		/* header of a record of two units */
#define SEQ	3		/* header with the sequence number only */
#define HEADER(pos)	cell[(pos) % SIZE]
#define STEP(pos)	((HEADER(pos) % 4 == TWO) -> 2 : 1)

/* Shared memory, as it is visible to all. */
byte cell[SIZE];
byte head = FIRST;		/* producer.pos */
byte oldest = FIRST;		/* producer.oldest_pos */
byte consumers;			/* ring.consumers */
byte gen;			/* ring.consumers_gen */
byte retained = FIRST;		/* ring.retained_pos */
byte cur[SLOTS];		/* cursor.pos */

/* Store buffers: the value that is not yet visible, 0 for none. */
byte sb_oldest;
byte sb_consumers;		/* plus 1 */

/* Private state of the kernel, under the lock. */
bool locked;
byte attached, provisional;
bool used[SLOTS];

/* What the checks need: the positions where published records begin. */
int starts;
byte kept = FIRST;		/* where the last consumer detached, 0 if unknown */
byte kill;			/* 1: kill the producer now; 2: it was killed */

#define BIT(i)		(1 << (i))
#define IS_START(pos)	((starts >> ((pos) - FIRST)) & 1)
#define MAX(a, b)	((a) > (b) -> (a) : (b))
#define MIN(a, b)	((a) < (b) -> (a) : (b))

#define flush_oldest()	d_step { if :: sb_oldest -> oldest = sb_oldest; sb_oldest = 0 \
				    :: else fi }
#define flush_consumers() d_step { if :: sb_consumers -> consumers = sb_consumers - 1; \
					sb_consumers = 0 :: else fi }

/* A position that mms_ring_min_pos_of() does not take for corrupt. */
#define POS_OK(pos)	((pos) <= head && (pos) + SIZE >= head)
#define CUR(i, bits)	(((bits) & BIT(i)) -> cur[i] : head)
#define MIN_POS(bits)	((bits) -> MIN(CUR(0, bits), CUR(1, bits)) : retained)

/*
 * mms_ring_min_pos(): what the kernel does to a consumer whose position is
 * impossible. Called with the lock held, in one step.
 */
#define drop_corrupt() \
	for (k : 0 .. SLOTS - 1) { \
		if \
		:: (attached & BIT(k)) && !POS_OK(cur[k]) -> \
			attached = attached & ~BIT(k); \
			if \
			:: !(provisional & BIT(k)) && !(attached & ~provisional) -> \
				retained = oldest; \
				kept = 0 \
			:: else \
			fi; \
			provisional = provisional & ~BIT(k); \
			consumers = attached; \
			gen++ \
		:: else \
		fi \
	} \
	k = 0

/* At any time a store becomes visible, and once the producer is killed. */
active proctype environment()
{
end:	do
	:: atomic { sb_oldest -> flush_oldest() }
	:: atomic { sb_consumers -> flush_consumers() }
	:: atomic { kill == 0 -> kill = 1 }
	od
}

/*
 * min_consumer_pos() of the library, and then AFTER. An impossible position, and
 * one that is before the limit, count as the limit; and so do all if a consumer
 * detached meanwhile, as they may be of another consumer that has its cursor.
 */
#ifdef MUTANT_NO_GEN
#define IS_SAME_GEN	true
#else
#define IS_SAME_GEN	(gen == gen_)
#endif
#define CHECKED(pos)	(((pos) >= limit && (pos) <= pos_) -> (pos) : limit)
#define min_consumer_pos(AFTER) \
	gen_ = gen; \
	d_step { bits = consumers; min_pos = pos_ }; \
	do \
	:: d_step { \
		bits == 3 -> \
		min_pos = MIN(min_pos, CHECKED(cur[0])); \
		bits = 2 \
	   } \
	:: d_step { \
		bits < 3 -> \
		min_pos = (bits -> MIN(min_pos, CHECKED(cur[(bits + 1) % SLOTS])) : \
			   CHECKED(retained)); \
		min_pos = (IS_SAME_GEN -> min_pos : limit); \
		bits = 0; \
		gen_ = 0; \
		AFTER \
	   } -> break \
	od

/*
 * find_oldest_pos(): pass whole records only. Nothing else stores to cells, so
 * that this can be one step. Then store the new oldest_pos, if there is one, and
 * keep the former one in "before".
 */
#ifdef MUTANT_TRUST_CURSOR
#define find_oldest_pos()	new = MAX(old, min_pos)
#else
#define find_oldest_pos() \
	new = old; \
	if \
	:: min_pos < old \
	:: min_pos >= old && min_pos == pos_ -> new = min_pos \
	:: min_pos >= old && min_pos != pos_ && min_pos >= known -> new = known \
	:: else \
	fi; \
	do \
	:: new < min_pos && new + STEP(new) <= min_pos -> new = new + STEP(new) \
	:: else -> break \
	od
#endif

#define store_oldest_pos() \
	before = old; \
	find_oldest_pos(); \
	if \
	:: new != old -> \
		sb_oldest = new; \
		old = new \
	:: else -> \
		before = 0 \
	fi; \
	new = 0

/* refresh_limit(), from the second load of the positions on */
#ifdef MUTANT_TAKE_BACK
#define set_limit() \
	if \
	:: min_pos < old -> \
		old = before; \
		find_oldest_pos(); \
		old = new; \
		sb_oldest = new; \
		new = 0 \
	:: else \
	fi; \
	finish(old)
#else
#define set_limit()	finish(MIN(min_pos, old))
#endif
#define finish(new_limit) \
	before = 0; \
	if \
	:: old >= known -> known = pos_ \
	:: else \
	fi; \
	limit = new_limit; \
	needed = step + MAX(min_pos, limit) - limit; \
	min_pos = 0

#ifdef MUTANT_NO_NEXT_HEADER
#define HAS_SPACE	(pos_ + step - limit <= SIZE)
#else
#define HAS_SPACE	(pos_ + step - limit <= SIZE - 1)
#endif

#ifdef MUTANT_NO_PRODUCER_FENCE
#define producer_fence()
#else
#define producer_fence()	flush_oldest();
#endif
#ifdef MUTANT_NO_RECHECK
#define recheck()	d_step { min_pos = old; set_limit() }
#else
#define recheck()	min_consumer_pos(set_limit())
#endif

/* Steps 3 and 4 */
#define make_space() \
	min_consumer_pos(store_oldest_pos()); \
	if \
	:: before -> \
		producer_fence() \
		recheck() \
	:: d_step { !before -> set_limit() } \
	fi

/* mms_check_space(): can the kernel promise the space that was asked for? */
#define WAKE_POS	(pos_ + MIN(needed, SIZE / 2) + 1 - SIZE)

#define publish() \
	d_step { \
		starts = starts | BIT(pos_ - FIRST); \
		pos_ = pos_ + step; \
		head = pos_; \
		step = 0 \
	}
#ifdef MUTANT_PUBLISH_EARLY
#define publish_early() \
	d_step { \
		HAS_SPACE -> \
		starts = starts | BIT(pos_ - FIRST); \
		head = pos_ + step \
	};
#else
#define publish_early()
#endif

#if defined MUTANT_KNOWS_LIMIT || defined MUTANT_TAKE_BACK
#define INITIAL_LIMIT	old
#else
#define INITIAL_LIMIT	(pos_ - SIZE)
#endif

#ifdef MUTANT_TAKE_BACK
/* mms_ring_repair_oldest_pos() of former versions */
#define repair_oldest_pos()	oldest = MIN(oldest, MIN_POS(attached))
#else
#define repair_oldest_pos()
#endif

active proctype producer()
{
	byte pos_, limit, old, known;	/* of struct mmapshare_endpoint */
	byte step, min_pos, new, before, bits, needed, gen_, k;

attach:	atomic {
		!locked;
		drop_corrupt();
		repair_oldest_pos();
		pos_ = head;
		old = oldest;
		known = head;
		limit = INITIAL_LIMIT
	}
	{
		do
		:: pos_ == END -> goto done
		:: d_step { pos_ < END && !step -> step = 1 }
		:: d_step { pos_ + 1 < END && !step -> step = 2 }
		:: step && !HAS_SPACE && !needed ->
			make_space()
		:: atomic {
			step && !HAS_SPACE && needed && !locked ->
			/* RING_WAIT */
			drop_corrupt();
			MIN_POS(attached) >= WAKE_POS;
			needed = 0
		   }
		:: step && HAS_SPACE ->
			/* step 5 */
			publish_early()
			d_step {
				needed = 0;
				HEADER(pos_) = UNIT(pos_, step);
				HEADER(pos_ + step) = UNIT(pos_ + step, SEQ);
				if
				:: step == 2 -> HEADER(pos_ + 1) = UNIT(pos_ + 1, FORGED)
				:: else
				fi
			};
			publish()
		od
	} unless {
		atomic {
			kill == 1;
			kill = 2;
			flush_oldest();
			pos_ = 0; limit = 0; old = 0; known = 0; step = 0;
			min_pos = 0; new = 0; before = 0; bits = 0; needed = 0; gen_ = 0; k = 0;
			goto attach
		}
	}
done:
	skip
}

/* mms_ring_activate() */
#define store_cursor() \
	d_step { \
		pos = oldest; \
		cur[me] = pos; \
		sb_consumers = attached + 1 \
	}
#ifdef MUTANT_NO_ATTACH_FENCE
#define attach_fence()
#else
#define attach_fence()	flush_consumers();
#endif
#ifdef MUTANT_NO_ATTACH_RECHECK
#define IS_UNCHANGED	true
#else
#define IS_UNCHANGED	(pos == oldest)
#endif
#ifdef MUTANT_NO_PROVISIONAL_POS
#define activate()	d_step { pos = oldest; locked = false }
#else
#define activate() \
	do \
	:: store_cursor(); \
	   attach_fence() \
	   if \
	   :: d_step { IS_UNCHANGED -> locked = false } -> break \
	   :: !IS_UNCHANGED \
	   fi \
	od
#endif

/* mms_ring_attach_consumer(), until the walk */
#define add_consumer() \
	atomic { \
		!locked && !(used[0] && used[1]) -> locked = true; \
		drop_corrupt(); \
		if \
		:: !used[0] -> me = 0 \
		:: else -> me = 1 \
		fi; \
		used[me] = true; \
		/* mms_ring_min_pos_of() without the provisional ones */ \
		to = MIN_POS(attached & ~provisional); \
		least = ((attached & ~provisional) -> 0 : kept); \
		cur[me] = 0; \
		attached = attached | BIT(me); \
		provisional = provisional | BIT(me) \
	}; \
	activate()

#ifdef MUTANT_TRUST_PEERS
#define WALKED	(to -> to : pos)
#else
#define WALKED	(at == to -> to : pos)
#endif
#ifdef MUTANT_NO_PROVISIONAL_POS
#define settled()	consumers = attached
#else
#define settled()
#endif

/*
 * mms_ring_walk() and mms_ring_set_cursor() in one step, as nothing else stores
 * to the cursor; then mms_ring_settle().
 */
#define settle() \
	atomic { \
		at = pos; \
		if \
		:: to < pos || to - pos > SIZE -> to = 0 \
		:: else \
		fi; \
		do \
		:: to && at < to -> at = at + STEP(at) \
		:: else -> break \
		od; \
		pos = WALKED; \
		if \
		:: attached & BIT(me) -> \
			assert(pos == head || IS_START(pos)); \
			assert(!least || pos == least); \
			cur[me] = pos \
		:: else \
		fi; \
		least = 0; \
		at = 0; \
		to = 0 \
	}; \
	atomic { \
		!locked -> \
		provisional = provisional & ~BIT(me); \
		settled() \
	}

/*
 * mms_ring_deactivate(): the retained position first, then consumers, then its
 * generation. HONEST: the next consumer must begin with the first record that this
 * one has not released.
 */
#ifdef MUTANT_PROVISIONAL_RETAINS
#define IS_LAST		(attached == BIT(me))
#else
#define IS_LAST		(!(provisional & BIT(me)) && \
			 !(attached & ~provisional & ~BIT(me)))
#endif
#ifdef MUTANT_RETAINED_NEVER
#define retain(pos)	skip
#else
#define retain(pos)	retained = (POS_OK(pos) -> MAX(pos, oldest) : oldest)
#endif

#ifdef MUTANT_GEN_EARLY
#define change_gen_early()	gen++;
#define change_gen()	skip
#else
#define change_gen_early()
#define change_gen()	gen++
#endif

#define del_consumer(HONEST) \
	atomic { \
		!locked -> locked = true; \
		if \
		:: (attached & BIT(me)) && IS_LAST -> \
			if \
			:: !(provisional & BIT(me)) -> kept = (HONEST -> cur[me] : 0) \
			:: else \
			fi; \
			retain(cur[me]) \
		:: else \
		fi; \
		attached = attached & ~BIT(me); \
		provisional = provisional & ~BIT(me) \
	}; \
	change_gen_early() \
	consumers = attached; \
	d_step { \
		change_gen(); \
		used[me] = false; \
		pos = 0; to = 0; least = 0; me = 0; \
		locked = false \
	}

/*
 * Steps 7 and 9: take a record, and release it. This is one step: if bytes are
 * reused between the two, that is found at the end of it.
 */
#define take() \
	release_early() \
	d_step { \
		assert(HEADER(pos) == UNIT(pos, ONE) || HEADER(pos) == UNIT(pos, TWO)); \
		if \
		:: STEP(pos) == 2 -> assert(HEADER(pos + 1) == UNIT(pos + 1, FORGED)) \
		:: else \
		fi; \
		pos = pos + STEP(pos); \
		cur[me] = pos \
	}
#ifdef MUTANT_RELEASE_EARLY
#define release_early()	cur[me] = pos + STEP(pos);
#else
#define release_early()
#endif

/* Attaches, takes some records or none, detaches or dies. */
active proctype visitor()
{
	byte pos, to, least, at, me, lives, k;

	do
	:: d_step { lives < LIVES -> lives++ };
		add_consumer();
		if
		:: goto detach		/* a signal, while the kernel walks */
		:: settle()
		fi;
#ifdef HOSTILE
		/* "to" counts the stores */
		do
		:: d_step { to < 2 -> cur[me] = head; to++ }
		:: d_step { to < 2 -> cur[me] = FIRST; to++ }
		:: d_step { to < 2 -> cur[me] = FIRST + 1; to++ }
		:: d_step { to < 2 -> cur[me] = FIRST + 3; to++ }
		:: d_step { to < 2 -> cur[me] = END + 1; to++ }
		:: goto detach
		od;
#else
		do
		:: pos < head -> take()
		:: goto detach
		od;
#endif
detach:
#ifdef HOSTILE
		del_consumer(false)
#else
		del_consumer(true)
#endif
	:: lives == LIVES -> break
	od
}

/* Attaches at some time, and takes all records until the last one. */
active proctype stayer()
{
	byte pos, to, least, at, me, k;

	add_consumer();
	settle();
	do
	:: pos < head && pos < END -> take()
	:: pos == END -> break
	od
}

#ifdef READER
/* mms_ring_add_may_lose(), and mms_ring_del_may_lose() */
active proctype reader()
{
	byte me;

	atomic {
		!locked && !(used[0] && used[1]) ->
		me = (used[0] -> 1 : 0);
		used[me] = true;
		cur[me] = 0
	}
	cur[me] = head;
	atomic { !locked -> used[me] = false }
}
#endif
