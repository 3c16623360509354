// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer of a ring.
 *
 * Only the kernel writes the records and the producer's page of such a ring, so
 * that lengths of records can be trusted. The producer's position, the oldest
 * position and the next sequence number are kept in struct mmapshare_source and
 * copied to the ring. Programs write the cursors; the producer reads these only
 * when a lossless ring looks full or a task waits for space.
 *
 * Without MMAPSHARE_MULTI_PRODUCER, mmapshare_commit() publishes a record. With
 * it, mmapshare_reserve() publishes the record as BUSY, and committing it, in
 * any order, clears BUSY.
 *
 * Contexts: waking a consumer, and looking for space in a full lossless ring,
 * take ring->lock. It is a spinlock_t, which on PREEMPT_RT only preemptible
 * context may take. With MMAPSHARE_MULTI_PRODUCER a full lossless ring takes it
 * inside source->lock, a raw spinlock: PREEMPT_RT does not support that.
 */
#include <asm/barrier.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "trace.h"

/**
 * struct mmapshare_source - a ring whose producer is the kernel
 * @ep: the producer endpoint; @ep.region holds a reference
 * @ring: the ring of @ep.region
 * @data: copy of @ring->data
 * @p: copy of @ring->p
 * @mask: turns a position into an offset in @data; also the maximum distance of
 *	@head from @oldest_pos, as the next header needs space, too
 * @record_max: maximum bytes of a record
 * @multi_producer: several tasks and interrupts may produce concurrently
 * @lock: protects all members below if @multi_producer; else the caller
 *	serializes. Taken with interrupts disabled; the ring's @lock nests
 *	inside
 * @head: where the next record will begin. Copied to @p->pos
 * @oldest_pos: where the oldest record begins. Copied to @p->oldest_pos
 * @seq: sequence number of the next record. Copied to @p->seq
 * @overwritten: records overwritten so far. Copied to @p->overwritten
 * @dropped: records dropped for lack of space so far. Copied to @p->dropped
 * @reserved: bytes from @head on of a record that is reserved and not yet
 *	committed, with its header; unused if @multi_producer
 *
 * @ep to @multi_producer are constant once mmapshare_source_create() returned.
 */
struct mmapshare_source {
	struct mms_endpoint ep;
	struct mms_ring *ring;
	void *data;
	struct mmapshare_ring_producer *p;
	u64 mask;
	u32 record_max;
	bool multi_producer;
	raw_spinlock_t lock;	/* protects all below if multi_producer */
	u64 head;
	u64 oldest_pos;
	u64 seq;
	u64 overwritten;
	u64 dropped;
	u64 reserved;
};

#define MMS_SOURCE_FLAGS	(MMAPSHARE_OVERWRITE | MMAPSHARE_MULTI_PRODUCER)

/**
 * mmapshare_source_create - create a ring whose producer is the kernel
 * @params: properties of the ring
 *
 * If @params->name is set, programs can open the ring by the time this returns.
 *
 * Context: process context, may sleep.
 * Return: the source, to be released with mmapshare_source_put(); or an
 * ERR_PTR(): -EINVAL for invalid @params; -ERANGE if the size is larger than
 * MMAPSHARE_RING_SIZE_MAX; -EEXIST if the name is in use; -ENOSPC if no minor
 * number is left; -ENOMEM; -EINTR if the task was killed.
 */
struct mmapshare_source *mmapshare_source_create(const struct mmapshare_params *params)
{
	u32 flags = MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_PRODUCER;
	struct mmapshare_source *source;
	struct mms_region *r;
	int ret;

	if (params->flags & ~MMS_SOURCE_FLAGS)
		return ERR_PTR(-EINVAL);
	if (params->flags & MMAPSHARE_OVERWRITE)
		flags |= MMAPSHARE_RING_OVERWRITE;
	source = kzalloc(sizeof(*source), GFP_KERNEL);
	if (!source)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&source->lock);
	source->multi_producer = params->flags & MMAPSHARE_MULTI_PRODUCER;

	r = mms_kernel_create_ring(params, flags, params->consumers);
	if (IS_ERR(r)) {
		kfree(source);
		return ERR_CAST(r);
	}
	source->ring = r->ring;
	source->data = r->ring->data;
	source->p = r->ring->p;
	source->mask = r->ring->size - sizeof(struct mmapshare_record);
	source->record_max = mms_record_max(r->ring->size);
	mms_endpoint_init(&source->ep, r, true);
	/* cannot fail: the ring is new and not visible yet */
	mms_ring_attach(&source->ep, false);
	ret = mms_kernel_add_name(r, params);
	if (ret) {
		mmapshare_source_put(source);
		return ERR_PTR(ret);
	}
	return source;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_create, MMS_NS);

/**
 * mmapshare_source_put - detach the producer and release the ring
 * @source: from mmapshare_source_create(). The caller makes sure that no other
 *	call with it is in progress or follows
 *
 * When this returns, the name has been removed. Consumers get the records that
 * were committed, then EPIPE. The memory is freed when the last program has
 * closed and unmapped the ring.
 *
 * Context: process context, may sleep.
 */
void mmapshare_source_put(struct mmapshare_source *source)
{
	struct mms_region *r = source->ep.region;

	mms_ring_detach(&source->ep);
	mms_name_drop(r);
	mms_region_put(r);
	kfree(source);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_put, MMS_NS);

/**
 * mmapshare_source_file - open a file through which programs can attach
 * @source: the ring
 *
 * The file is open for reading, as if by its name: MMAPSHARE_IOC_RING_ATTACH on
 * it makes a consumer. Pass it to fd_install(), or drop it with fput().
 *
 * Context: process context, may sleep.
 * Return: the file; or an ERR_PTR(): -ENOMEM, -ENFILE.
 */
struct file *mmapshare_source_file(struct mmapshare_source *source)
{
	return mms_kernel_open_file(source->ep.region, O_RDONLY);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_file, MMS_NS);

/**
 * mmapshare_source_wanted - is any consumer attached?
 * @source: the ring
 *
 * A hint, for callers that need not make records that no consumer takes: it may
 * be outdated when this returns, and nothing is ordered by it.
 *
 * Context: any, including NMI.
 * Return: true if at least one consumer is attached.
 */
bool mmapshare_source_wanted(const struct mmapshare_source *source)
{
	const struct mms_ring *ring = source->ring;

	return !READ_ONCE(ring->revoked) && READ_ONCE(ring->head->consumers);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wanted, MMS_NS);

/* Is there space for @step bytes and the header behind them? */
static bool mms_source_has_space(const struct mmapshare_source *source, u64 step)
{
	/* mask is the size without that header, which holds the next seq */
	return source->head + step - source->oldest_pos <= source->mask;
}

static struct mmapshare_record *mms_source_record(const struct mmapshare_source *source,
						  u64 pos)
{
	return source->data + (pos & source->mask);
}

/*
 * Advance oldest_pos past one record, unless that is BUSY or ends after @limit.
 * It moves by lengths of records, which are trusted: it is the beginning of a
 * record even if the position of a consumer is not.
 */
static bool mms_source_advance_oldest(struct mmapshare_source *source, u64 limit)
{
	const u32 length = READ_ONCE(mms_source_record(source, source->oldest_pos)->length);
	const u64 next = source->oldest_pos + mms_record_step(length);

	if (length & MMAPSHARE_RECORD_BUSY || !mms_pos_reached(limit, next))
		return false;
	source->oldest_pos = next;
	return true;
}

/* Make space in an overwrite ring, by giving up the oldest records. */
static void mms_source_overwrite(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;

	while (!mms_source_has_space(source, step) &&
	       mms_source_advance_oldest(source, source->head))
		source->overwritten++;
	WRITE_ONCE(ring->p->overwritten, source->overwritten);
	WRITE_ONCE(ring->p->oldest_pos, source->oldest_pos);
	/*
	 * Before the bytes of these records are reused; pairs with smp_rmb() in
	 * mms_ring_read_seq(), the acquire in mms_record_is_busy(), and the
	 * acquire fence of a program between a record and oldest_pos.
	 */
	smp_wmb();
}

/* Minimum number of records to reclaim at a time, if that many are released. */
#define MMS_SOURCE_BATCH	64

/*
 * Make space in a lossless ring, by reclaiming records that all consumers have
 * released. A new consumer begins at oldest_pos: ring->lock keeps it from
 * attaching after the cursors were read and before oldest_pos is stored.
 */
static void mms_source_reclaim(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;
	unsigned long flags;
	unsigned int n;
	u64 min_pos;

	spin_lock_irqsave(&ring->lock, flags);
	min_pos = mms_ring_min_pos(ring);
	for (n = 0; n < MMS_SOURCE_BATCH || !mms_source_has_space(source, step); n++)
		if (!mms_source_advance_oldest(source, min_pos))
			break;
	WRITE_ONCE(ring->p->oldest_pos, source->oldest_pos);
	spin_unlock_irqrestore(&ring->lock, flags);
}

static noinline bool mms_source_make_space(struct mmapshare_source *source, u64 step)
{
	if (source->ring->flags & MMAPSHARE_RING_OVERWRITE)
		mms_source_overwrite(source, step);
	else
		mms_source_reclaim(source, step);
	if (mms_source_has_space(source, step))
		return true;
	WRITE_ONCE(source->ring->p->dropped, ++source->dropped);
	return false;
}

/*
 * The always-inlined functions below are the fast path of mmapshare_reserve(),
 * mmapshare_commit() and mmapshare_write(): out of line, a record costs 1.5
 * times as much.
 */

/* Publish the record of @step bytes at @source->head, which may be BUSY. */
static __always_inline void mms_source_publish(struct mmapshare_source *source, u64 step)
{
	const u64 head = source->head + step, seq = source->seq + 1;
	struct mmapshare_ring_producer *p = source->p;

	source->head = head;
	source->seq = seq;
	WRITE_ONCE(mms_source_record(source, head)->seq, (u32)seq);
	WRITE_ONCE(p->seq, seq);
	/*
	 * After the record and the sequence numbers; pairs with the acquire in
	 * mms_producer_pos(), or in a program.
	 */
	smp_store_release(&p->pos, head);
}

static noinline void mms_source_wake(const struct mmapshare_source *source)
{
	trace_mmapshare_ring_notify(&source->ep, 0);
	mms_ring_wake_consumers(source->ring);
}

/* After publishing or completing a record: wake consumers that wait for it. */
static __always_inline void mms_source_notify(const struct mmapshare_source *source)
{
	/*
	 * Between p->pos or record->length and consumer_wake_pos; pairs with
	 * smp_mb() in mms_endpoint_arm().
	 */
	smp_mb();
	if (mms_wake_pos_reached(READ_ONCE(source->ring->consumer_wake_pos),
				 READ_ONCE(source->p->pos)))
		mms_source_wake(source);
}

/* A record that is refused here does not count as dropped. */
static __always_inline bool mms_source_accepts(const struct mmapshare_source *source,
					       u32 length)
{
	return length <= source->record_max && !READ_ONCE(source->ring->revoked);
}

static __always_inline bool mms_source_ensure_space(struct mmapshare_source *source, u64 step)
{
	return mms_source_has_space(source, step) || mms_source_make_space(source, step);
}

/* One producer: the record is published when it is committed. */
static __always_inline void *mms_reserve_single(struct mmapshare_source *source, u32 length)
{
	const u64 step = mms_record_step(length);
	struct mmapshare_record *record;

	if (WARN_ON_ONCE(source->reserved) || !mms_source_accepts(source, length) ||
	    !mms_source_ensure_space(source, step))
		return NULL;
	record = mms_source_record(source, source->head);
	WRITE_ONCE(record->length, length);
	source->reserved = step;
	return record + 1;
}

static __always_inline void mms_commit_single(struct mmapshare_source *source)
{
	mms_source_publish(source, source->reserved);
	source->reserved = 0;
	mms_source_notify(source);
}

/* Several producers: the record is published at once, BUSY. */
static noinline void *mms_reserve_multi(struct mmapshare_source *source, u32 length)
{
	const u64 step = mms_record_step(length);
	struct mmapshare_record *record = NULL;
	unsigned long flags;

	if (!mms_source_accepts(source, length))
		return NULL;
	raw_spin_lock_irqsave(&source->lock, flags);
	if (!mms_source_ensure_space(source, step))
		goto unlock;
	record = mms_source_record(source, source->head);
	WRITE_ONCE(record->length, length | MMAPSHARE_RECORD_BUSY);
	mms_source_publish(source, step);
	record++;
unlock:
	raw_spin_unlock_irqrestore(&source->lock, flags);
	return record;
}

/*
 * Clear BUSY, and set @flag: 0 or MMAPSHARE_RECORD_DISCARD. A consumer may wait
 * for this record, or for later ones that are complete already.
 */
static noinline void mms_complete_multi(struct mmapshare_source *source, void *data, u32 flag)
{
	struct mmapshare_record *record = data - sizeof(*record);
	const u32 length = record->length & MMAPSHARE_RECORD_LENGTH;

	/*
	 * After the record's bytes; pairs with the acquire in
	 * mms_record_is_busy(), or in a program.
	 */
	smp_store_release(&record->length, length | flag);
	mms_source_notify(source);
}

static noinline int mms_write_multi(struct mmapshare_source *source, const void *data,
				    u32 length)
{
	void *record = mms_reserve_multi(source, length);

	if (!record)
		return -EAGAIN;
	memcpy(record, data, length);
	mms_complete_multi(source, record, 0);
	return 0;
}

/**
 * mmapshare_reserve - reserve space for a record
 * @source: the ring
 * @length: bytes of the record; 0 is valid
 *
 * The bytes are not initialized: consumers see whatever the caller leaves in
 * them.
 *
 * With MMAPSHARE_MULTI_PRODUCER, any number of records may be reserved at the
 * same time and committed in any order. Consumers wait for a reserved record
 * before they take later ones, and in a full ring it is neither overwritten nor
 * reclaimed. Without, the caller serializes all calls, and at most one record
 * is reserved at a time; a second one is refused with a warning.
 *
 * A record that is refused because the ring is full counts in the dropped
 * counter, which programs can see.
 *
 * Context: any but NMI; on PREEMPT_RT only preemptible context, and not with
 * MMAPSHARE_MULTI_PRODUCER unless the ring has MMAPSHARE_OVERWRITE. Never waits
 * for space.
 * Return: where to store the record, aligned to 8 bytes, to be passed to
 * mmapshare_commit() or mmapshare_discard(). NULL if the ring is full:
 * consumers of a lossless ring have not released enough records, or the oldest
 * record is still reserved. NULL if with a header of 8 bytes the record is
 * longer than half of the ring or than 1 GiB. NULL if the ring was revoked, or
 * the memory of one of its pages failed.
 */
void *mmapshare_reserve(struct mmapshare_source *source, u32 length)
{
	if (source->multi_producer)
		return mms_reserve_multi(source, length);
	return mms_reserve_single(source, length);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_reserve, MMS_NS);

/**
 * mmapshare_commit - publish a record
 * @source: the ring
 * @record: from mmapshare_reserve(); must not be accessed any more
 *
 * A consumer that gets the record sees all that the caller stored to it before.
 * Consumers that sleep until this record are woken.
 *
 * Context: any but NMI; on PREEMPT_RT only preemptible context.
 */
void mmapshare_commit(struct mmapshare_source *source, void *record)
{
	if (source->multi_producer)
		mms_complete_multi(source, record, 0);
	else
		mms_commit_single(source);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_commit, MMS_NS);

/**
 * mmapshare_discard - give up a reserved record
 * @source: the ring
 * @record: from mmapshare_reserve(); must not be accessed any more
 *
 * With MMAPSHARE_MULTI_PRODUCER the record keeps its space and its sequence
 * number, and consumers skip it. Without, both are available again.
 *
 * Context: any but NMI; on PREEMPT_RT only preemptible context.
 */
void mmapshare_discard(struct mmapshare_source *source, void *record)
{
	if (source->multi_producer)
		mms_complete_multi(source, record, MMAPSHARE_RECORD_DISCARD);
	else
		source->reserved = 0;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_discard, MMS_NS);

/**
 * mmapshare_write - reserve, copy and commit a record
 * @source: the ring
 * @data: the bytes of the record
 * @length: how many
 *
 * Context: as mmapshare_reserve().
 * Return: 0; -EAGAIN where mmapshare_reserve() returns NULL, for whatever
 * reason.
 */
int mmapshare_write(struct mmapshare_source *source, const void *data, u32 length)
{
	void *record;

	if (source->multi_producer)
		return mms_write_multi(source, data, length);
	record = mms_reserve_single(source, length);
	if (!record)
		return -EAGAIN;
	memcpy(record, data, length);
	mms_commit_single(source);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_write, MMS_NS);

/**
 * mmapshare_source_wait - wait until there is space for a record
 * @source: the ring
 * @length: bytes of the record, at most as many as mmapshare_reserve() accepts
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * At most one task may wait at a time. Returns 0 immediately for an overwrite
 * ring. Another producer may take the space before the caller reserves it.
 *
 * Context: process context; may sleep unless @timeout is 0.
 * Return: 0; -EPIPE if all consumers have detached; -ETIMEDOUT; -EINTR for a
 * signal; -ENODEV if the ring was revoked; -EIO if the memory of a page failed.
 */
int mmapshare_source_wait(struct mmapshare_source *source, u32 length, s64 timeout)
{
	int ret;

	if (!READ_ONCE(source->ring->revoked))
		WRITE_ONCE(source->ring->p->wake_bytes, mms_record_step(length));
	ret = mms_endpoint_wait(&source->ep, false, timeout);
	trace_mmapshare_ring_wait(&source->ep, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wait, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/ring_test.c"
#include "tests/ring_multi_test.c"
#endif
