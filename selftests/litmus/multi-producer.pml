/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A lossless ring of the kernel with several producers: records are published
 * BUSY and completed in any order. A consumer waits, or polls.
 *
 * holds: -DWAIT -DSPACE=2
 * holds: -DLEVEL -DSPACE=2
 * holds: -DEDGE
 * fails: -DEDGE -DMUTANT_NEXT_POSITION
 * fails: -DEDGE -DMUTANT_READY_UNARMED
 * fails: -DEDGE -DMUTANT_OWN_POSITION
 * fails: -DEDGE -DMUTANT_WAKE_AT_PUBLICATION
 * fails: -DWAIT -DMUTANT_WAKE_AT_PUBLICATION
 * fails: -DEDGE -DMUTANT_NO_COMPLETE_FENCE
 * fails: -DWAIT -DMUTANT_NO_COMPLETE_FENCE
 * fails: -DEDGE -DMUTANT_NO_ARM_FENCE
 * fails: -DLEVEL -DMUTANT_NO_ARM_FENCE
 * fails: -DWAIT -DMUTANT_CHECK_BEFORE_ARM
 * fails: -DWAIT -DMUTANT_BLOCKED_DISARMS
 * fails: -DWAIT -DMUTANT_IRQ_WORK_LOST
 * fails: -DWAIT -DMUTANT_IGNORE_BUSY
 * fails: -DWAIT -DMUTANT_NO_LOCK
 * fails: -DWAIT -DMUTANT_NMI_WAITS
 * fails: -DWAIT -DSPACE=2 -DMUTANT_DROP_NOT_ATOMIC
 *
 * A record is one unit, and its position is its number. A task on processor 0
 * writes two records, one on processor 1 writes or discards one. An NMI interrupts
 * processor 0 at any time, once, and writes one. What finds no space, or in the
 * NMI the lock held, is dropped. The consumer is one of three programs:
 *
 * WAIT: calls RING_WAIT when it finds no complete record.
 * LEVEL: takes one record each time that epoll reports one.
 * EDGE: takes all each time that edge-triggered epoll reports some, and may keep
 * them for a while before it releases them.
 *
 * Store buffers: completing a record, and storing the wake position, stay
 * invisible to others for any time, until a fence. A store and a fence right
 * after it are one step.
 *
 * Checked: if nothing can happen any more, the consumer has taken all records,
 * each of them complete and in order, and each attempt to write one has led to a
 * record or was counted in "dropped".
 */

#ifndef SPACE
#define SPACE	3		/* records that fit */
#endif
#define TRIES	(2 - _pid)	/* of a task */
#define ATTEMPTS 4		/* of all tasks and the NMI */
#define NONE	15

#define FREE	0
#define BUSY	1
#define DONE	2
#define DISCARD	3

/* Shared memory, as it is visible to all. */
byte head;			/* producer.pos */
byte dropped;			/* producer.dropped */
byte cur;			/* cursor.pos */
byte record[ATTEMPTS];		/* record.length, by position */
byte wake_word = NONE;		/* ring.consumer_wake_pos */

/* Store buffers: what completes a record, plus 1 its position; wake_word. */
byte sb_record[3], sb_what[3];
byte sb_wake = 16;		/* 16 if empty */

/* struct mms_endpoint of the consumer, under ring->lock; irq_work */
bool locked;
bool armed;
byte wake_pos;
bool pending;
bool waiting;			/* WAIT: in the wait queue, not woken */
bool ready;			/* epoll: on the list of what may be ready */

/* struct mmapshare_source */
bool source_locked;
bool nesting;			/* of processor 0 */
bool in_nmi;
byte finished;			/* producers */

byte mine;			/* the consumer's next record */

#define flush_record(p) \
	if \
	:: sb_record[p] -> \
		record[sb_record[p] - 1] = sb_what[p]; \
		sb_record[p] = 0; \
		sb_what[p] = 0 \
	:: else \
	fi
#define flush_wake() \
	if \
	:: sb_wake != 16 -> \
		wake_word = sb_wake; \
		sb_wake = 16 \
	:: else \
	fi

/*
 * mms_complete_multi() and mms_source_notify(). ME has a store buffer; "wake_at"
 * is what was loaded, which may be outdated when it is compared.
 */
#ifdef MUTANT_NO_COMPLETE_FENCE
#define complete_fence(ME)
#else
#define complete_fence(ME)	flush_record(ME)
#endif
#ifdef MUTANT_OWN_POSITION
#define NOTIFY_POS	(mine_ + 1)
#else
#define NOTIFY_POS	head
#endif
#define notify() \
	wake_at = wake_word; \
	d_step { \
		if \
		:: wake_at != NONE && NOTIFY_POS >= wake_at -> pending = true \
		:: else \
		fi; \
		wake_at = 0 \
	}
#define complete(ME, WHAT) \
	d_step { \
		sb_record[ME] = mine_ + 1; \
		sb_what[ME] = WHAT; \
		complete_fence(ME) \
	}
#ifdef MUTANT_WAKE_AT_PUBLICATION
#define notify_publication()	notify();
#define notify_completion()
#else
#define notify_publication()
#define notify_completion()	notify();
#endif

/*
 * mms_reserve_multi(), with the lock held, and the unlock. mine_ is NONE if there
 * is no space.
 */
#define begin_record() \
	if \
	:: mine_ - cur < SPACE -> \
		assert(record[mine_] == FREE); \
		record[mine_] = BUSY; \
		head = mine_ + 1 \
	:: else -> \
		mine_ = NONE \
	fi; \
	source_locked = false; \
	nesting = nesting && _pid != 0
#ifdef MUTANT_NO_LOCK
#define reserve() \
	mine_ = head; \
	d_step { begin_record() }
#else
#define reserve()	d_step { mine_ = head; begin_record() }
#endif

/* mms_source_drop() */
#ifdef MUTANT_DROP_NOT_ATOMIC
#define drop() \
	wake_at = dropped; \
	d_step { dropped = wake_at + 1; wake_at = 0; mine_ = 0 }
#else
#define drop()	atomic { dropped++; mine_ = 0 }
#endif

#ifdef MUTANT_NO_LOCK
#define lock_source()
#else
#define lock_source()	atomic { !source_locked -> source_locked = true };
#endif

active [2] proctype task() provided (_pid != 0 || !in_nmi)
{
	byte tries, mine_, wake_at;

	do
	:: d_step { tries < TRIES -> tries++; nesting = nesting || _pid == 0 };
		lock_source()
		reserve();
		if
		:: mine_ == NONE -> drop()
		:: mine_ != NONE ->
			notify_publication()
			if
			:: complete(_pid, DONE)
			:: _pid == 1 -> complete(_pid, DISCARD)
			fi;
			notify_completion()
		fi
	:: d_step { tries == TRIES -> finished++ } -> break
	od
}

/* It runs to its end while the task on this processor is stopped. */
active proctype nmi()
{
	byte mine_, wake_at;

	in_nmi = true;
	if
#ifdef MUTANT_NMI_WAITS
	:: atomic { !source_locked -> source_locked = true };
#else
	:: nesting || source_locked -> goto refused
	:: atomic { !nesting && !source_locked -> source_locked = true };
#endif
		reserve();
		if
		:: mine_ == NONE -> goto refused
		:: mine_ != NONE ->
			notify_publication()
			complete(2, DONE);
			notify_completion()
			goto leave
		fi
	fi;
refused:
	drop();
leave:	atomic {
		in_nmi = false;
		finished++
	}
}

/* Is the record at @at published and complete? */
#define IS_READY(at)	((at) < head && record[at] != BUSY)

/* mms_ring_wake_peers(); mms_endpoint_wake(), ep_poll_callback() */
#ifdef MUTANT_BLOCKED_DISARMS
#define blocked()	armed = false
#else
#define blocked()	skip
#endif
#define wake_consumer() \
	if \
	:: armed && head >= wake_pos && !(cur < head && record[cur] == BUSY) -> \
		armed = false; \
		waiting = false; \
		ready = true \
	:: armed && head >= wake_pos && cur < head && record[cur] == BUSY -> \
		blocked() \
	:: else \
	fi; \
	sb_wake = (armed -> wake_pos : NONE); \
	flush_wake()

/* It can be queued again as soon as it has begun. */
active proctype irq_work()
{
end:	do
#ifdef MUTANT_IRQ_WORK_LOST
	:: atomic { pending && !locked -> wake_consumer() };
		pending = false
#else
	:: d_step { pending -> pending = false };
		atomic { !locked -> wake_consumer() }
#endif
	od
}

/* mms_next_event_pos(): completing a record moves no position. */
#ifdef MUTANT_NEXT_POSITION
#define NEXT_EVENT	(head + 1)
#else
#define NEXT_EVENT	head
#endif

#ifdef MUTANT_NO_ARM_FENCE
#define arm_fence()
#else
#define arm_fence()	flush_wake()
#endif
#ifdef MUTANT_CHECK_BEFORE_ARM
#define recheck()
#else
#define recheck()	d_step { is_ready = IS_READY(cur) };
#endif
#ifdef MUTANT_READY_UNARMED
#define ARM_IF(always)	!is_ready
#else
#define ARM_IF(always)	(always || !is_ready)
#endif

/* mms_endpoint_arm(): stores to is_ready */
#define arm(always) \
	atomic { \
		!locked -> \
		is_ready = IS_READY(cur); \
		locked = ARM_IF(always) \
	}; \
	if \
	:: locked -> \
		d_step { \
			wake_pos = (is_ready -> NEXT_EVENT : cur + 1); \
			armed = true; \
			sb_wake = wake_pos; \
			arm_fence() \
		}; \
		recheck() \
		d_step { \
			flush_wake(); \
			locked = false \
		} \
	:: !locked \
	fi

#ifdef MUTANT_IGNORE_BUSY
#define CAN_TAKE	(mine < head)
#else
#define CAN_TAKE	IS_READY(mine)
#endif
#define take() \
	d_step { \
		CAN_TAKE -> \
		assert(record[mine] == DONE || record[mine] == DISCARD); \
		mine++ \
	}

active proctype consumer()
{
	bool is_ready;

#ifdef WAIT
end:	do
	:: take()
	:: cur != mine -> cur = mine
	:: !CAN_TAKE && cur == mine ->
		waiting = true;
		arm(false);
		if
		:: is_ready -> waiting = false
		:: else ->
end_asleep:		!waiting
		fi
	od
#else
	/* EPOLL_CTL_ADD */
	arm(true);
	ready = ready || is_ready;
end:	do
	:: ready ->
		ready = false;
		arm(true);
		if
		:: !is_ready
		:: else ->
#ifdef LEVEL
			ready = true;
			if
			:: take()
			:: !CAN_TAKE
			fi;
			cur = mine
#else
			do
			:: take()
			:: cur != mine -> cur = mine
			:: !CAN_TAKE -> break
			od
#endif
		fi
	od
#endif
}

/* Stores become visible at any time. */
active proctype environment()
{
end:	do
	:: atomic { sb_record[0] -> flush_record(0) }
	:: atomic { sb_record[1] -> flush_record(1) }
	:: atomic { sb_record[2] -> flush_record(2) }
	:: atomic { sb_wake != 16 -> flush_wake() }
	:: timeout ->
		assert(finished == 3);
		assert(mine == head);
		assert(head + dropped == ATTEMPTS);
		break
	od
}
