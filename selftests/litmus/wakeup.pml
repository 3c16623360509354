/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sleeping and waking in a lossless ring: consumers wait for records, the
 * producer waits for space, and either side may die.
 *
 * holds:
 * holds: -DKERNEL_PRODUCER
 * holds: -DASYMMETRIC
 * fails: -DMUTANT_NO_PUBLISH_FENCE
 * fails: -DMUTANT_NO_RELEASE_FENCE
 * fails: -DMUTANT_NO_ARM_FENCE
 * fails: -DMUTANT_CHECK_BEFORE_ARM
 * fails: -DMUTANT_QUEUE_LATE
 * fails: -DMUTANT_WAKE_HIGHEST
 * fails: -DMUTANT_SILENT_DETACH
 * fails: -DMUTANT_SILENT_CONSUMER
 * fails: -DMUTANT_DISARM_ALL
 * fails: -DKERNEL_PRODUCER -DMUTANT_IRQ_WORK_LOST
 * fails: -DASYMMETRIC -DMUTANT_NO_MEMBARRIER
 * fails: -DASYMMETRIC -DMUTANT_MEMBARRIER_EARLY
 * fails: -DASYMMETRIC -DMUTANT_NO_COMPILER_BARRIER
 *
 * All records have one unit. The ring has four, of which three can be used, as
 * the next header needs one. Consumer 0 waits for one record and may die, consumer
 * 1 for two; the producer waits for space for one and may die. Steps are those
 * of "The protocol" in ring.rst.
 *
 * Store buffers: the stores of pos, of a cursor, and of a wake position stay
 * invisible to others for any time, until a fence. Each word has a buffer of its
 * own: stores may become visible in any order. A store and a fence right after
 * it are one step: what others do in between is what they could do before.
 *
 * KERNEL_PRODUCER: the producer is the kernel, wakes by irq_work, and cannot die.
 * ASYMMETRIC: publishing has no fence, only an order for the compiler. A task
 * that goes to sleep executes membarrier(), a full fence on each processor that
 * runs a peer, one after the other.
 *
 * Checked: if nothing can happen any more, all have ended. A task that sleeps
 * then has lost a wake-up. A consumer that finds the producer detached and ends
 * has taken all records.
 */

#ifndef RECORDS
#define RECORDS	4
#endif
#define SIZE	4		/* units of the ring */
#define P	2		/* the producer; 0 and 1 are consumers */
#define NONE	15

/* Shared memory, as it is visible to all; what the kernel alone stores, too. */
byte pos;			/* producer.pos */
byte cur[2];			/* cursor.pos */
byte consumer_wake = NONE;	/* ring.consumer_wake_pos */
byte producer_wake = NONE;	/* ring.producer_wake_pos */
bool detached;			/* ring.producer_state */

/* Store buffers: the value that is not yet visible, NONE if empty. */
byte sb_pos = NONE;
byte sb_cur[2] = NONE;
byte sb_consumer_wake = 16;	/* 16 if empty */
byte sb_producer_wake = 16;

/* struct mms_endpoint, under ring->lock */
bool locked;
bool armed[3];
byte wake_pos[3];
bool waiting[3];		/* the task is in the wait queue, or not woken */
byte attached = 3;		/* consumers */
bool pending;			/* irq_work */

#define REACHED(at, target)	((target) != NONE && (at) >= (target))
#define THRESHOLD(c)		((c) + 1)
#define CUR(c)			((attached & (1 << (c))) -> cur[c] : NONE)
#define MIN_POS			((CUR(0) < CUR(1)) -> CUR(0) : CUR(1))

#define flush(word, sb, empty) \
	if \
	:: sb != empty -> \
		word = sb; \
		sb = empty \
	:: else \
	fi
#define flush_pos()	flush(pos, sb_pos, NONE)
#define flush_cur(c)	flush(cur[c], sb_cur[c], NONE)
#define flush_wake() \
	flush(consumer_wake, sb_consumer_wake, 16); \
	flush(producer_wake, sb_producer_wake, 16)

/* Stores become visible at any time. */
active proctype store_buffers()
{
end:	do
	:: atomic { sb_pos != NONE -> flush_pos() }
	:: atomic { sb_cur[0] != NONE -> flush_cur(0) }
	:: atomic { sb_cur[1] != NONE -> flush_cur(1) }
	:: atomic { sb_consumer_wake != 16 ->
			flush(consumer_wake, sb_consumer_wake, 16) }
	:: atomic { sb_producer_wake != 16 ->
			flush(producer_wake, sb_producer_wake, 16) }
	od
}

/* mms_ring_update_wake_pos(): the lowest position of those that are armed */
#ifdef MUTANT_WAKE_HIGHEST
#define FIRST_OF(a, b)	((a) == NONE || ((b) != NONE && (b) > (a)) -> (b) : (a))
#else
#define FIRST_OF(a, b)	((a) < (b) -> (a) : (b))
#endif
#define ARMED_AT(ep)	(armed[ep] -> wake_pos[ep] : NONE)
#define update_wake_pos() \
	sb_consumer_wake = FIRST_OF(ARMED_AT(0), ARMED_AT(1)); \
	sb_producer_wake = ARMED_AT(P)

/* mms_endpoint_wake() */
#define wake(ep) \
	armed[ep] = false; \
	waiting[ep] = false

#define wake_if_reached(ep, at) \
	if \
	:: armed[ep] && (at) >= wake_pos[ep] -> wake(ep); woken = true \
	:: else \
	fi

#ifdef MUTANT_DISARM_ALL
#define disarm_all() \
	if \
	:: woken -> sb_consumer_wake = NONE \
	:: else \
	fi
#else
#define disarm_all()
#endif

/* mms_ring_wake_peers(), which runs under the lock */
#define wake_consumers() \
	wake_if_reached(0, pos); \
	wake_if_reached(1, pos); \
	update_wake_pos(); \
	disarm_all(); \
	flush_wake(); \
	woken = false
#define wake_producer() \
	wake_if_reached(P, MIN_POS); \
	update_wake_pos(); \
	flush_wake(); \
	woken = false

/* irq_work: it can be queued again as soon as it has begun. */
#ifdef KERNEL_PRODUCER
active proctype irq_work()
{
	bool woken;

end:	do
#ifdef MUTANT_IRQ_WORK_LOST
	:: atomic { pending && !locked -> wake_consumers() };
		pending = false
#else
	:: d_step { pending -> pending = false };
		atomic { !locked -> wake_consumers() }
#endif
	od
}
#define notify_consumers()	pending = true
#else
/* RING_NOTIFY, with a full fence */
#define notify_consumers() \
	atomic { !locked -> flush_pos(); wake_consumers() }
#endif

#ifdef ASYMMETRIC
#define publish_fence()
#define release_fence(c)
#else
#ifdef MUTANT_NO_PUBLISH_FENCE
#define publish_fence()
#else
#define publish_fence()	flush_pos()
#endif
#ifdef MUTANT_NO_RELEASE_FENCE
#define release_fence(c)
#else
#define release_fence(c) flush_cur(c)
#endif
#endif

/*
 * The fence of mms_endpoint_arm(). With membarrier(), each peer has a full fence,
 * too, some time between the begin and the end of the call.
 */
#ifdef MUTANT_NO_ARM_FENCE
#define arm_fence()
#else
#define arm_fence()	flush_wake()
#endif
#if !defined ASYMMETRIC || defined MUTANT_NO_MEMBARRIER
#define early_fence(PEERS)
#define peer_fences(PEERS)
#elif defined MUTANT_MEMBARRIER_EARLY
#define early_fence(PEERS)	PEERS;
#define peer_fences(PEERS)
#else
#define early_fence(PEERS)
#define peer_fences(PEERS)	PEERS;
#endif

#ifdef MUTANT_QUEUE_LATE
#define queue_early(ep)
#define queue_late(ep)	waiting[ep] = true;
#else
#define queue_early(ep)	waiting[ep] = true;
#define queue_late(ep)
#endif

#define READY	1
#define AGAIN	2
#define EPIPE	3

/*
 * mms_check_records(). producer_state changes under the lock, which is held here:
 * the order of the two loads makes no difference.
 */
#define check_records() \
	ret = (detached -> (pos == mine -> EPIPE : READY) : \
			   (pos - mine >= THRESHOLD(me) -> READY : AGAIN))

/* mms_check_space() */
#define SPACE_POS	(pos_ + 2 - SIZE)
#define check_space() \
	ret = (attached -> (MIN_POS + SIZE >= pos_ + 2 -> READY : AGAIN) : EPIPE)

#ifdef MUTANT_CHECK_BEFORE_ARM
#define recheck(CHECK)
#else
#define recheck(CHECK)	d_step { CHECK };
#endif

/* mms_endpoint_arm() */
#define arm(ep, CHECK, TARGET, PEERS) \
	atomic { \
		!locked; \
		queue_early(ep) \
		CHECK; \
		locked = (ret != READY) \
	}; \
	if \
	:: ret != READY -> \
		early_fence(PEERS) \
		d_step { \
			wake_pos[ep] = TARGET; \
			armed[ep] = true; \
			update_wake_pos(); \
			arm_fence() \
		}; \
		peer_fences(PEERS) \
		recheck(CHECK) \
		d_step { \
			flush_wake(); \
			locked = false \
		} \
	:: else \
	fi

/* mms_endpoint_sleep(), once */
#define sleep(ep) \
	queue_late(ep) \
	if \
	:: d_step { ret == AGAIN && !waiting[ep] -> ret = 0 } \
	:: d_step { ret == READY -> waiting[ep] = false; ret = 0 } \
	:: d_step { ret == EPIPE -> waiting[ep] = false } \
	fi

active proctype producer()
{
	byte pos_, limit, wake_at, ret;
	bool woken;

	do
	:: pos_ == RECORDS -> break
	:: pos_ < RECORDS && pos_ - limit >= SIZE - 1 ->
		d_step { limit = (attached -> MIN_POS : limit) };
		if
		:: pos_ - limit >= SIZE - 1 ->
			arm(P, check_space(), SPACE_POS,
			    d_step { flush_cur(0) }; d_step { flush_cur(1) });
			sleep(P);
			if
			:: ret == EPIPE -> goto dead
			:: else
			fi
		:: else
		fi
	:: pos_ < RECORDS && pos_ - limit < SIZE - 1 ->
#ifdef MUTANT_NO_COMPILER_BARRIER
		wake_at = consumer_wake;
#endif
		d_step { pos_++; sb_pos = pos_; publish_fence() };
#ifndef MUTANT_NO_COMPILER_BARRIER
		wake_at = consumer_wake;
#endif
		if
		:: d_step { REACHED(pos_, wake_at) -> wake_at = 0 };
			notify_consumers()
		:: d_step { !REACHED(pos_, wake_at) -> wake_at = 0 }
#ifndef KERNEL_PRODUCER
		:: goto dead		/* killed before RING_NOTIFY */
#endif
		fi
#ifndef KERNEL_PRODUCER
	:: goto dead
#endif
	od;
	/* all are woken for the last records, too, and not by detaching */
	(!(attached & 1) || cur[0] == RECORDS) && cur[1] + THRESHOLD(1) > RECORDS;
dead:
	/* mms_ring_detach() */
	atomic {
		!locked;
		flush_pos();
		armed[P] = false;
		detached = true
	};
#ifndef MUTANT_SILENT_DETACH
	atomic {
		!locked;
		wake(0);
		wake(1);
		update_wake_pos();
		flush_wake()
	}
#endif
}

proctype consumer(byte me)
{
	byte mine, wake_at, ret;
	bool woken;

	do
	:: mine < pos ->
		/* step 9 */
		d_step { mine++; sb_cur[me] = mine; release_fence(me) };
		wake_at = producer_wake;
		if
		:: d_step { wake_at == mine -> wake_at = 0 };
			atomic { !locked -> flush_cur(me); wake_producer() }
		:: d_step { wake_at != mine -> wake_at = 0 }
		:: me == 0 -> goto dead		/* killed before RING_NOTIFY */
		fi
	:: mine == pos ->
		arm(me, check_records(), mine + THRESHOLD(me), d_step { flush_pos() });
		sleep(me);
		if
		:: ret == EPIPE -> break
		:: else
		fi
	:: me == 0 -> goto dead
	od;
	assert(mine == pos);
dead:
	/* mms_ring_del_consumer() */
	atomic {
		!locked;
		flush_cur(me);
		attached = attached & ~(1 << me);
		armed[me] = false;
#ifndef MUTANT_SILENT_CONSUMER
		if
		:: armed[P] -> wake(P)
		:: else
		fi;
#endif
		update_wake_pos();
		flush_wake()
	}
}

init {
	atomic {
		run consumer(0);
		run consumer(1)
	}
}
