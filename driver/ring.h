/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring layer. <linux/mmapshare.h> describes the shared pages with the
 * writer, the readers and the ordering of each word, Documentation/ring.rst
 * the protocol. From the bottom to the top:
 *
 *	ring_state.c	which endpoints count, and when they must be woken
 *	ring_policy.c	which consumers may attach, and hold back the producer
 *	ring_named.c	cursors that have a name, and outlive their consumers
 *	ring_evict.c	consumers that the producer no longer waits for
 *	ring_flush.c	consumers that do not sleep for long
 *	ring_wait.c	arming and waking
 *	ring_sleep.c	tasks that sleep
 *	ring_found.c	going on with a ring that is in reserved memory
 *	ring.c		creating a ring; which parts an endpoint may map
 *	ring_reserved.c	the properties of such a ring
 *	ring_seek.c	where a consumer begins
 *	ring_attach.c	attaching and detaching endpoints
 *	ring_set.c	attaching consumers to all rings of a set
 *	ring_read.c	read() from a consumer
 *	ring_file.c	endpoints of programs, which are files
 *	ring_source_watch.c	the kernel as producer: whether there are consumers
 *	ring_source_create.c	the kernel as producer: creating the ring
 *	ring_reclaim.c	the kernel as producer: making space
 *	ring_source.c	the kernel as producer: publishing, waiting
 *	ring_source_set.c	the kernel as producer of a ring set
 *	ring_sink.c	the kernel as consumer
 *	ring_bpf.c	BPF programs as producers
 */
#ifndef MMAPSHARE_RING_INTERNAL_H
#define MMAPSHARE_RING_INTERNAL_H

#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/mmapshare.h>
#include "region.h"

/* Positions and headers of records are multiples of this, in bytes. */
#define MMS_RECORD_ALIGN	8

/*
 * A producer that overwrites the first record of a new consumer that many times
 * in a row is malicious.
 */
#define MMS_ATTACH_TRIES	1000

struct mms_named;
struct mms_range;

/**
 * struct mms_endpoint - a producer or a consumer of a ring
 * @region: region of the ring; whatever contains the endpoint has a reference
 * @ring: the ring. A consumer of a ring set is an array of endpoints, one for each
 *	ring
 * @members: number of elements of that array, in the first one; else 1
 * @producer: true for the producer, false for a consumer
 * @may_lose: a consumer that does not hold back the producer of a lossless ring;
 *	false in overwrite rings. Set before mms_ring_attach(), or under the
 *	ring's @lock when the consumer is evicted; read without it for fdinfo, and by
 *	read()
 * @types: of a consumer, as in struct mmapshare_ring_attach_args
 * @cursor: index of the consumer's cursor; 0 for the producer
 * @named: the name of that cursor, or NULL
 * @own_waiters: @waiters points to it, except in the later endpoints of an array
 * @waiters: tasks in mms_endpoint_wait(), and pollers of the endpoint's file. All
 *	endpoints of an array use that of the first: each can wake the sleeper
 * @wake: if not NULL, called instead of waking @waiters, with the ring's @lock
 *	held and interrupts disabled
 * @consumers_changed: of a kernel producer: if not NULL, called with the ring's
 *	@lock held and interrupts disabled when a consumer was attached or
 *	detached, became corrupt, or the ring was revoked
 * @notify: wakes the peers of an endpoint of the kernel, see
 *	mms_endpoint_notify()
 * @read_lock: serializes read() from a consumer; not held over a page fault
 * @armed: the endpoint sleeps or is about to, and must be woken when its peer
 *	reaches @wake_pos. Set by mms_endpoint_arm(), cleared by
 *	mms_endpoint_wake()
 * @wake_pos: position of the producer if this is a consumer, else of the
 *	slowest consumer; valid while @armed
 * @notified: @wake_pos has been reached since mms_endpoint_arm(). Read without
 *	the lock by mms_endpoint_sleep()
 * @flush_waits: a consumer that is armed for its first record, which starts
 *	@flush_timer
 * @has_flush_timer: @flush_timer is initialized
 * @flush_timer: wakes the consumer @flush_ns after that
 * @flush_ns: nanoseconds; from wake_us of the cursor, 0 if the timer does not count
 * @flush_full_pos: the position of the producer with which the consumer need not wait for
 *	the timer
 * @flush_pos: up to here the time of the consumer is over
 * @corrupt: the program stored an impossible position: the endpoint counts as
 *	detached, and its calls get -EBADMSG. Never cleared. Read without the
 *	lock by mms_ring_detach(), for its tracepoint
 *
 * @region to @producer, @types, @waiters and @wake are constant, as are @cursor and @named
 * from mms_ring_attach() on. @consumers_changed and those from @armed on are written under
 * the ring's @lock.
 */
struct mms_endpoint {
	struct mms_region *region;
	struct mms_ring *ring;
	unsigned int members;
	bool producer;
	bool may_lose;
	u64 types;
	unsigned int cursor;
	struct mms_named *named;
	wait_queue_head_t own_waiters;
	wait_queue_head_t *waiters;
	void (*wake)(struct mms_endpoint *ep);
	void (*consumers_changed)(struct mms_endpoint *ep);
	struct irq_work notify;
	struct mutex read_lock;	/* serializes read() */
	bool armed;
	u64 wake_pos;
	bool notified;
	bool flush_waits;
	bool has_flush_timer;
	struct hrtimer flush_timer;
	u64 flush_ns;
	u64 flush_full_pos;
	u64 flush_pos;
	bool corrupt;
};

/**
 * struct mms_ring - the part of a ring's state that programs cannot map
 * @flags: MMAPSHARE_RING_*
 * @base: offset of the ring in its region; not 0 for the later rings of a set
 * @size: bytes of records, a power of two
 * @consumers_max: number of cursors, 1 to MMAPSHARE_RING_CONSUMERS_MAX
 * @consumers_per_uid: how many of them a user other than the owner may have
 * @consumers_reserved: how many of them other users than the owner leave free
 * @evict_ns: how long a record waits for a consumer, 0 for no limit
 * @evict_jiffies: the same in jiffies
 * @features: MMAPSHARE_RING_FEAT_*
 * @generation: random, not 0
 * @head: the first page of the ring. Only the kernel writes it, under @lock
 *	once mms_ring_create() has returned
 * @p: the producer's page, which the producer writes. The kernel writes it as
 *	producer, or under @lock while no producer is attached
 * @data: the records, followed by their mirror in kernel addresses. A program maps
 *	the records twice instead
 * @multi_producer: the producer is a source that publishes records BUSY
 * @names_lock: of the first ring of a set: serializes giving cursors of the set their
 *	names, and removing these, in all rings
 * @lock: protects all members below. Taken with interrupts disabled, in process
 *	context, by workqueues and by irq_work. Publishing and releasing records
 *	never take it
 * @producer: the attached producer, or NULL
 * @consumers: the attached consumers by cursor, or NULL; includes corrupt ones. The
 *	@ep of @named stands in for a consumer that has detached
 * @named: the names of cursors, or NULL
 * @cursor_uid: users that attached the present consumer of a cursor, or created its
 *	name
 * @owned: bit N is set if the owner of the ring attached that consumer of cursor N
 * @active: bit N is set while @consumers[N] is attached, is not corrupt, and may
 *	not lose records if the ring is lossless. Copied to @head->consumers
 * @may_lose: bit N is set while @consumers[N] may lose records of a lossless
 *	ring. Copied to @head->may_lose
 * @evicted: those of @may_lose that were in @active. Copied to @head->evicted
 * @provisional: those of @active that have their first position not yet
 * @unheld: bit N is set while a @named[N] has no consumer. Copied to @head->unheld
 * @expiring: those of @active and @unheld for which the producer does not wait
 *	without a limit. Read without the lock by mms_source_drop()
 * @types: those that the consumers want, copied to @head->types; 0 if the ring was
 *	revoked. Read without the lock by mmapshare_source_wanted_type()
 * @consumer_wake_pos: copied to @head->consumer_wake_pos. Read without the lock
 *	by mms_source_notify(), after a full fence that pairs with the one in
 *	mms_endpoint_arm()
 * @producer_wake_pos: copied to @head->producer_wake_pos. Read without the lock
 *	by mms_sink_release_to() and mms_complete_multi(), after a full fence
 *	that pairs with that one, too
 * @retained_pos: position from which a lossless ring keeps records while it has no
 *	consumer, those in @provisional not counted; or
 *	MMAPSHARE_RING_RETAINS_NOTHING. Copied to @head->retained_pos. Read
 *	without the lock by mms_source_min_pos(), after an acquire of
 *	@head->consumers
 * @had_consumers: a consumer has been attached at some time
 * @producer_nr: number of the producer of a kernel consumer, from 1 on. Read
 *	without the lock by mms_sink_follow(), with an acquire that pairs with
 *	the release in mms_ring_next_producer(); by mms_sink_take(), and by
 *	mms_sink_work()
 * @corrupt_nr: if equal to @producer_nr, that producer is corrupt: its records
 *	are ignored until the next one attaches. Read and set without the lock
 *	by mms_sink_recover() when the next producer may have attached already:
 *	hence a number instead of a flag
 * @reset_nr: number of the last producer for which the ring was reset, or 0.
 *	Written before the release of @producer_nr
 * @reset_pos: the position at which that producer began. Likewise
 * @first_pos: the position at which the producer with @producer_nr began.
 *	Likewise
 * @force_wakeup: not 0: @forced_pos is to be set. Set without the lock by
 *	mms_ring_force_wakeup(), by a release after the records were published;
 *	cleared under it
 * @forced_pos: consumers before this position have a wake threshold of one
 *	record, whatever their wake_bytes. Of a program, so untrusted: see
 *	mms_ring_is_forced()
 * @check_cursors: the kernel producer has met a position that may be corrupt.
 *	Set without the lock by mms_source_min_pos()
 * @evicting: @evict_work is pending. Read without the lock by mms_source_drop()
 * @evict_pos: the consumers that have not reached it when @evict_work runs are
 *	evicted
 * @evict_blocked: the consumers that waited for a record to be completed when the timer
 *	of @evict_work was started
 * @evict_spared: the consumers that waited for such a record when @evict_work ran the last
 *	time, or when its timer was started, and were spared
 * @keeping: @keep_work is pending. Read without the lock by mms_source_drop()
 * @keep_pos: those of @expiring that have not reached it when @keep_work runs, and
 *	whose time is over, are evicted
 * @refused_pos: 0, or such a position of a kernel producer, with bit 0 set. Set
 *	without the lock by mms_source_drop()
 * @evict_work: runs @evict_jiffies after a record was refused; pending only while
 *	a producer is attached
 * @keep_work: runs when the time of one of @expiring is over after a record was
 *	refused; likewise
 * @revoked: the kernel no longer uses the pages: the ring was revoked, and
 *	those that a program created are freed; or the memory of one failed, if
 *	mms_revoked() is false. Read under @lock or rcu_read_lock() before they
 *	are used; read without by a kernel producer, whose pages are not freed.
 *	Never cleared
 * @memory_failed: the memory of a page failed. Read without the lock by a kernel
 *	consumer. Never cleared
 *
 * @flags to @multi_producer are constant once the ring is visible.
 */
struct mms_ring {
	u32 flags;
	u64 base;
	u64 size;
	unsigned int consumers_max;
	unsigned int consumers_per_uid;
	unsigned int consumers_reserved;
	u64 evict_ns;
	unsigned long evict_jiffies;
	u64 features;
	u64 generation;
	struct mmapshare_ring *head;
	struct mmapshare_ring_producer *p;
	void *data;
	bool multi_producer;
	struct mutex names_lock;	/* serializes changes of names in all rings of a set */
	spinlock_t lock;	/* protects all members below */
	struct mms_endpoint *producer;
	struct mms_endpoint *consumers[MMAPSHARE_RING_CONSUMERS_MAX];
	struct mms_named *named[MMAPSHARE_RING_CONSUMERS_MAX];
	kuid_t cursor_uid[MMAPSHARE_RING_CONSUMERS_MAX];
	u64 owned;
	u64 active;
	u64 may_lose;
	u64 evicted;
	u64 provisional;
	u64 unheld;
	u64 expiring;
	u64 types;
	u64 consumer_wake_pos;
	u64 producer_wake_pos;
	u64 retained_pos;
	bool had_consumers;
	u64 producer_nr;
	u64 corrupt_nr;
	u64 reset_nr;
	u64 reset_pos;
	u64 first_pos;
	int force_wakeup;
	u64 forced_pos;
	bool check_cursors;
	bool evicting;
	u64 evict_pos;
	u64 evict_blocked;
	u64 evict_spared;
	bool keeping;
	u64 keep_pos;
	u64 refused_pos;
	struct delayed_work evict_work;
	struct delayed_work keep_work;
	bool revoked;
	bool memory_failed;
} ____cacheline_aligned_in_smp;

/**
 * struct mms_ring_params - properties with which a ring is created
 * @flags: MMAPSHARE_RING_*
 * @size: bytes of records, as mms_ring_geometry() has rounded them
 * @consumers: number of cursors
 * @consumers_per_uid: as in struct mmapshare_create_args
 * @consumers_reserved: likewise
 * @evict_ns: likewise
 * @features: likewise
 * @members: number of rings of a set; 0 for a ring that is in none
 * @per_cpu: the memory of ring N of a set is on the node of CPU N
 * @range: reserved memory to use, from mms_range_take(); else NULL
 * @must_exist: only go on with a ring that is there; not set without @range
 */
struct mms_ring_params {
	u32 flags;
	u64 size;
	u32 consumers;
	u32 consumers_per_uid;
	u32 consumers_reserved;
	u64 evict_ns;
	u64 features;
	u32 members;
	bool per_cpu;
	struct mms_range *range;
	bool must_exist;
};

/**
 * struct mms_start - where a consumer begins
 * @flags: MMAPSHARE_RING_ATTACH_*. Without those of MMS_START_FLAGS: where the name
 *	was, or with the first record that others still need
 * @seq: sequence number with which it begins if _SEQ
 * @name: of its cursor; NULL for a cursor without a name
 * @keep_ns: of a new name, as in struct mmapshare_ring_attach_args
 */
struct mms_start {
	u32 flags;
	u64 seq;
	const char *name;
	u64 keep_ns;
};

#define MMS_START_FLAGS		(MMAPSHARE_RING_ATTACH_LATEST |		\
				 MMAPSHARE_RING_ATTACH_OLDEST |		\
				 MMAPSHARE_RING_ATTACH_SEQ)

/**
 * struct mms_place - a consumer that is looking for its first record
 * @start: where it begins
 * @c: the consumer
 * @allowed: bit N is set for each cursor that it may get if no cursor has its name
 * @named: a new name for its cursor, used only then; NULL once it is used
 * @exempt: its task may exceed the limits on cursors
 * @admin: its task may use a name of another user
 * @existed: its cursor had the name already. Then @pos, @expected and @lost are what
 *	was in the cursor: untrusted
 * @kept: likewise, and the producer has waited for the cursor all the time
 * @corrupt: likewise, and no record begins at @pos, or that was found before
 * @settled: it has its first position. Another ring of the set may still refuse it
 * @pos: position of such a cursor
 * @first: its provisional position; then where its first record begins
 * @min_pos: up to where the others have released all, or what is retained for it
 * @counts: @expected is known
 * @expected: sequence number of the first record if none was lost before it
 * @lost: records lost so far
 */
struct mms_place {
	struct mms_start *start;
	struct mms_endpoint *c;
	u64 allowed;
	struct mms_named *named;
	bool exempt;
	bool admin;
	bool existed;
	bool kept;
	bool corrupt;
	bool settled;
	u64 pos;
	u64 first;
	u64 min_pos;
	bool counts;
	u64 expected;
	u64 lost;
};

/* The page of consumer @n, which that consumer writes once it is attached. */
static inline struct mmapshare_ring_cursor *mms_cursor(const struct mms_ring *ring,
						       unsigned int n)
{
	return (void *)ring->head + ((n + 1UL) << PAGE_SHIFT);
}

/*
 * Store zeroes to @size bytes of a shared page, by words: endpoints of the kernel
 * may be reading them without ring->lock.
 */
static inline void mms_clear_shared(void *p, size_t size)
{
	u64 *word = p;

	for (; size; size -= sizeof(*word))
		WRITE_ONCE(*word++, 0);
}

/* The producer's position: all records before it are published. */
static inline u64 mms_producer_pos(const struct mms_ring *ring)
{
	/* pairs with the release in mms_source_publish(), or in a program */
	return smp_load_acquire(&ring->p->pos);
}

/*
 * The header at @pos. Masking makes any untrusted @pos an aligned offset in the
 * ring; a record of at most @ring->size bytes from there ends inside the mirror.
 */
static inline struct mmapshare_record *mms_record(const struct mms_ring *ring, u64 pos)
{
	return ring->data + (pos & (ring->size - MMS_RECORD_ALIGN));
}

/* The ring of a set, or the only one. A program has chosen @member, which exists. */
static inline struct mms_ring *mms_ring_member(const struct mms_region *r, unsigned int member)
{
	return &r->ring[array_index_nospec(member, max(r->members, 1U))];
}

/* The position that the endpoint has published, 0 if revoked. Untrusted. */
static inline u64 mms_endpoint_pos(const struct mms_endpoint *ep)
{
	const struct mms_ring *ring = ep->ring;
	u64 pos = 0;

	/* pairs with synchronize_rcu_expedited() in mms_ring_stop() */
	rcu_read_lock();
	if (!READ_ONCE(ring->revoked))
		pos = ep->producer ? READ_ONCE(ring->p->pos) :
				     READ_ONCE(mms_cursor(ring, ep->cursor)->pos);
	rcu_read_unlock();
	return pos;
}

static inline bool mms_is_lossless(const struct mms_ring *ring)
{
	return !(ring->flags & MMAPSHARE_RING_OVERWRITE);
}

/*
 * Does the ring keep records until this consumer has released them? Otherwise it
 * checks after each record whether oldest_pos has passed it.
 */
static inline bool mms_consumer_holds_back(const struct mms_endpoint *c)
{
	return mms_is_lossless(c->ring) && !READ_ONCE(c->may_lose);
}

/*
 * Wake the peers that wait for the endpoint's position, soon: for an endpoint of
 * the kernel, which may be in any context, that of a tracepoint inside the
 * scheduler or a wait queue included. Before the endpoint is freed, the caller
 * executes irq_work_sync().
 */
static inline void mms_endpoint_notify(struct mms_endpoint *ep)
{
	irq_work_queue(&ep->notify);
}

/* Are the records of the program that produces for a kernel consumer ignored? */
static inline bool mms_producer_is_corrupt(const struct mms_ring *ring)
{
	return READ_ONCE(ring->corrupt_nr) == READ_ONCE(ring->producer_nr);
}

/*
 * Is @pos equal to @target or beyond it? Positions may wrap: correct if they
 * are less than 2^63 apart.
 */
static inline bool mms_pos_reached(u64 pos, u64 target)
{
	return (s64)(pos - target) >= 0;
}

/*
 * Can a record of a ring of @size bytes begin at @pos while the producer is at
 * @head?
 */
static inline bool mms_pos_ok(u64 pos, u64 head, u64 size)
{
	return IS_ALIGNED(pos, MMS_RECORD_ALIGN) && head - pos <= size;
}

/* Bytes from one header to the next; flags in @length are ignored. */
static inline u64 mms_record_step(u32 length)
{
	return sizeof(struct mmapshare_record) +
	       ALIGN((u64)(length & MMAPSHARE_RECORD_LENGTH), MMS_RECORD_ALIGN);
}

/* Sequence numbers that the header with this length takes: none if a filler. */
static inline u64 mms_record_seqs(u32 length)
{
	return length & MMAPSHARE_RECORD_FILLER ? 0 : 1;
}

/*
 * Extend the 32 bits in a header to 64: of all sequence numbers with these lower
 * bits, the one that is nearest to @near.
 */
static inline u64 mms_extend_seq(u32 low, u64 near)
{
	return near + (s32)(low - (u32)near);
}

/* Were the records from @pos on intact when the caller loaded from them? */
static inline bool mms_ring_is_intact(const struct mms_ring *ring, u64 pos)
{
	/*
	 * Between the records and oldest_pos; pairs with smp_wmb() in
	 * mms_source_overwrite(), smp_mb() in mms_source_reclaim(), or with the
	 * release fence or full fence of a program.
	 */
	smp_rmb();
	return mms_pos_reached(pos, READ_ONCE(ring->p->oldest_pos));
}

/* Maximum bytes of a record: with its header at most half of @size. */
static inline u64 mms_record_max(u64 size)
{
	return min_t(u64, size / 2, MMAPSHARE_RECORD_LENGTH + 1) -
	       sizeof(struct mmapshare_record);
}

/* Bytes at the beginning of each record that the producer does not choose. */
static inline u32 mms_info_bytes(u64 features)
{
	return features ? sizeof(struct mmapshare_record_info) : 0;
}

/*
 * Has @pos reached @wake_pos, the value of a consumer_wake_pos or
 * producer_wake_pos: 0 for none, else a position with bit 0 set?
 */
static inline bool mms_wake_pos_reached(u64 wake_pos, u64 pos)
{
	return wake_pos && mms_pos_reached(pos, wake_pos & ~7ULL);
}

/* ring_state.c */
bool mms_record_is_busy(const struct mms_ring *ring, u64 pos);
void mms_ring_update_wake_pos(struct mms_ring *ring);
void mms_endpoint_wake(struct mms_endpoint *ep);
void mms_ring_consumers_changed(struct mms_ring *ring);
void mms_ring_mark_producer_corrupt(struct mms_ring *ring);
void mms_ring_publish_cleared(struct mms_ring *ring);
void mms_ring_deactivate(struct mms_ring *ring, const struct mms_endpoint *c);
u64 mms_ring_min_pos_of(struct mms_ring *ring, u64 consumers);
u64 mms_ring_min_pos(struct mms_ring *ring);

/* ring_policy.c */
bool mms_ring_params_ok(const struct mms_ring_params *params);
void mms_ring_init_policy(struct mms_ring *ring, const struct mms_ring_params *params);
int mms_ring_choose_cursor(struct mms_endpoint *c, kuid_t uid, bool exempt, u64 allowed);
bool mms_ring_may_hold_back(const struct mms_region *r, fmode_t mode);
u64 mms_ring_add_may_lose(struct mms_ring *ring, const struct mms_endpoint *c);
void mms_ring_del_may_lose(struct mms_ring *ring, const struct mms_endpoint *c);

/* ring_evict.c */
void mms_ring_start_eviction(struct mms_ring *ring, u64 pos);
void mms_ring_init_eviction(struct mms_ring *ring, u64 ns);
void mms_ring_stop_eviction(struct mms_ring *ring);

/* ring_flush.c */
bool mms_flush_is_due(const struct mms_endpoint *c, u64 pos);
void mms_flush_arm(struct mms_endpoint *c);
bool mms_flush_recheck(struct mms_endpoint *c);
bool mms_flush_reached(struct mms_endpoint *c, u64 head);
void mms_flush_stop(struct mms_endpoint *c);

/* ring_wait.c */
void mms_ring_wake_all(struct mms_ring *ring);
int mms_endpoint_check(struct mms_endpoint *ep);
int mms_endpoint_arm(struct mms_endpoint *ep, bool always);
void mms_ring_wake_peers(const struct mms_endpoint *ep);
void mms_ring_force_wakeup(struct mms_ring *ring);
void mms_endpoint_irq_work(struct irq_work *work);

/* ring_sleep.c */
int mms_set_check(struct mms_endpoint *ep);
int mms_set_arm(struct mms_endpoint *ep);
int mms_endpoint_wait(struct mms_endpoint *ep, bool ignore_hup, s64 timeout);

/* ring_found.c */
bool mms_ring_resume(struct mms_ring *ring, const struct mmapshare_ring *expected,
		     struct mms_range *range);

/* ring_reserved.c */
int mms_ring_find_reserved(struct mms_range *range, struct mms_ring_params *params);
u64 mms_ring_largest(const struct mms_range *range, unsigned int consumers);

/* ring.c */
u64 mms_ring_geometry(u64 *size, unsigned int consumers);
u64 mms_ring_geometry_of(struct mms_ring_params *params);
struct mms_region *mms_ring_create(struct mms_ring_params *params);
void mms_endpoint_writable_range(const struct mms_endpoint *ep, u64 *offset, u64 *size);

/* ring_seek.c */
int mms_ring_seek(struct mms_place *place);

/* ring_attach.c */
void mms_endpoint_init(struct mms_endpoint *ep, struct mms_region *r, bool producer);
int mms_ring_attach_at(struct mms_endpoint *ep, struct mms_start *start);
int mms_ring_attach(struct mms_endpoint *ep, bool latest);
void mms_ring_detach(struct mms_endpoint *ep);
int mms_consumer_claim(struct mms_place *place);
int mms_consumer_begin(struct mms_place *place);
void mms_consumer_set_corrupt(const struct mms_place *place);
void mms_consumer_unclaim(const struct mms_place *place);

/* ring_set.c */
void mms_set_init(struct mms_endpoint *ep, unsigned int n, struct mms_region *r,
		  bool producer, unsigned int member, bool may_lose);
int mms_set_attach(struct mms_endpoint *ep, struct mms_start *start);
void mms_set_confirm(const struct mms_endpoint *ep);
void mms_set_detach(struct mms_endpoint *ep);
void mms_set_wake_peers(const struct mms_endpoint *ep);

#endif /* MMAPSHARE_RING_INTERNAL_H */
