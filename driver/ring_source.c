// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer: reserve, fill, commit, in any context.
 *
 * Where it is, where the oldest record is and which number is next are its own,
 * and what it stores of them to the ring is never read back. Nobody else stores
 * to the records, and so the lengths in them can be believed. What programs
 * store, their cursors, is read only when a lossless ring looks full.
 *
 * With one producer a record is published when it is committed. With many it is
 * when it is reserved, and BUSY until it is committed, in whatever order.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "trace.h"

/**
 * struct mmapshare_source - a ring, and its producer
 * @ep: holds a reference to the region
 * @ring: its ring
 * @data: of the ring: the records
 * @p: of the ring: the producer's page
 * @mask: bytes of records, less those of a header
 * @record_max: bytes of a record
 * @multi_producer: there may be several producers
 * @lock: if so: of all below
 * @head: where the next record will begin
 * @oldest_pos: where the oldest one begins
 * @seq: of the next record
 * @overwritten: how many were
 * @dropped: how many did not fit
 * @reserved: bytes at @head that are being filled, if not @multi_producer
 */
struct mmapshare_source {
	struct mms_endpoint ep;
	struct mms_ring *ring;
	void *data;
	struct mmapshare_ring_producer *p;
	u64 mask;
	u32 record_max;
	bool multi_producer;
	raw_spinlock_t lock;	/* see above */
	u64 head;
	u64 oldest_pos;
	u64 seq;
	u64 overwritten;
	u64 dropped;
	u64 reserved;
};

#define MMS_SOURCE_FLAGS	(MMAPSHARE_OVERWRITE | MMAPSHARE_MULTI_PRODUCER)

/**
 * mmapshare_source_create - make a ring from the kernel to programs
 * @params: what it is to be
 *
 * Context: process context, may sleep.
 * Return: for mmapshare_source_put(), or an ERR_PTR(): -EINVAL, -EEXIST for the
 * name, -ERANGE for a size that no ring can have, -ENOSPC, -ENOMEM, -EINTR.
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

	r = mms_kernel_ring(params, flags, params->consumers);
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
	/* nobody else knows of the ring, and so it does not fail */
	mms_ring_attach(&source->ep, false);
	ret = mms_kernel_publish(r, params);
	if (ret) {
		mmapshare_source_put(source);
		return ERR_PTR(ret);
	}
	return source;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_create, MMS_NS);

/**
 * mmapshare_source_put - produce no more
 * @source: from mmapshare_source_create(); nobody is using it any more
 *
 * The name is gone when this returns. Programs that take part get what was
 * committed, and then are told that the producer is gone; the memory goes with
 * the last of them.
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
 * mmapshare_source_file - a file by which a program can become a consumer
 * @source: the ring
 *
 * To be installed as a descriptor, or fput().
 *
 * Context: process context, may sleep.
 * Return: the file, or an ERR_PTR().
 */
struct file *mmapshare_source_file(struct mmapshare_source *source)
{
	return mms_kernel_file(source->ep.region, O_RDONLY);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_file, MMS_NS);

/**
 * mmapshare_source_wanted - has anybody any use for a record?
 * @source: the ring
 *
 * Context: any.
 * Return: whether there is a consumer at this moment.
 */
bool mmapshare_source_wanted(const struct mmapshare_source *source)
{
	return READ_ONCE(source->ring->head->consumers);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wanted, MMS_NS);

static bool mms_source_fits(const struct mmapshare_source *source, u64 step)
{
	/* with the number that is stored where the next one will begin */
	return source->head + step - source->oldest_pos <= source->mask;
}

static struct mmapshare_record *mms_source_record(const struct mmapshare_source *source,
						  u64 pos)
{
	return source->data + (pos & source->mask);
}

/*
 * Forget the oldest record, if it ends where @limit is, or before. Its length can
 * be believed, and so the tail is always where a record begins, whatever consumers
 * say of where they are.
 */
static bool mms_source_retire_oldest(struct mmapshare_source *source, u64 limit)
{
	const u32 length = READ_ONCE(mms_source_record(source, source->oldest_pos)->length);
	const u64 next = source->oldest_pos + mms_record_step(length);

	/* nor one that somebody is still filling */
	if (length & MMAPSHARE_RECORD_BUSY || !mms_pos_reached(limit, next))
		return false;
	source->oldest_pos = next;
	return true;
}

static void mms_source_overwrite(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;

	while (!mms_source_fits(source, step) && mms_source_retire_oldest(source, source->head))
		source->overwritten++;
	WRITE_ONCE(ring->p->overwritten, source->overwritten);
	WRITE_ONCE(ring->p->oldest_pos, source->oldest_pos);
	/* before anything is stored where they were; pairs with consumers' */
	smp_wmb();
}

/* A look at the cursors is to be worth while. */
#define MMS_SOURCE_BATCH	64

/* Nobody comes while we have the lock, and who does later begins at the tail. */
static void mms_source_reclaim(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;
	unsigned long flags;
	unsigned int n;
	u64 min_pos;

	spin_lock_irqsave(&ring->lock, flags);
	min_pos = mms_ring_min_pos(ring);
	for (n = 0; n < MMS_SOURCE_BATCH || !mms_source_fits(source, step); n++)
		if (!mms_source_retire_oldest(source, min_pos))
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
	if (mms_source_fits(source, step))
		return true;
	WRITE_ONCE(source->ring->p->dropped, ++source->dropped);
	return false;
}

/*
 * From here on to the functions that modules call: with calls of each other these
 * would take one and a half times as long.
 *
 * What was reserved is there for everybody, be it BUSY or complete.
 */
static __always_inline void mms_source_publish(struct mmapshare_source *source, u64 step)
{
	const u64 head = source->head + step, number = source->seq + 1;
	struct mmapshare_ring_producer *p = source->p;

	source->head = head;
	source->seq = number;
	WRITE_ONCE(mms_source_record(source, head)->seq, (u32)number);
	WRITE_ONCE(p->seq, number);
	/* pairs with the acquire of consumers */
	smp_store_release(&p->pos, head);
}

static noinline void mms_source_wake(const struct mmapshare_source *source)
{
	trace_mmapshare_ring_notify(&source->ep, 0);
	mms_ring_wake_consumers(source->ring);
}

/* Wake who waits for what was published, or completed. */
static __always_inline void mms_source_notify(const struct mmapshare_source *source)
{
	/* after the position; pairs with who stores "wake" and reads that */
	smp_mb();
	if (mms_wake_pos_reached(READ_ONCE(source->ring->consumer_wake_pos), READ_ONCE(source->p->pos)))
		mms_source_wake(source);
}

static __always_inline bool mms_source_accepts(const struct mmapshare_source *source,
					     u32 length)
{
	return length <= source->record_max && !mms_revoked(source->ep.region);
}

static __always_inline bool mms_source_ensure_space(struct mmapshare_source *source, u64 step)
{
	return mms_source_fits(source, step) || mms_source_make_space(source, step);
}

/* One producer: nobody sees a record until it is committed. */
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

/* Many: it is seen at once, and is BUSY. */
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

/* Somebody may wait for it, or for what is behind it. */
static noinline void mms_complete_multi(struct mmapshare_source *source, void *data, u32 flag)
{
	struct mmapshare_record *record = data - sizeof(*record);
	const u32 length = record->length & MMAPSHARE_RECORD_LENGTH;

	/* after what the record is; pairs with the acquire of consumers */
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
 * mmapshare_reserve - get room for a record
 * @source: the ring
 * @length: bytes of the record
 *
 * With MMAPSHARE_MULTI_PRODUCER, several may be reserved at a time, and be committed in
 * any order: consumers wait for those that were reserved before. Without,
 * nobody else may do anything with the ring until this one is committed.
 *
 * Context: any but NMI. Never waits.
 * Return: where to store the record, aligned to 8 bytes, for
 * mmapshare_commit() or mmapshare_discard(); NULL if it does not fit, because
 * consumers have not taken what there is, because the oldest record is still
 * reserved, or because it is longer than any may be (half of the ring, with 8
 * bytes of header); NULL if the ring was revoked.
 */
void *mmapshare_reserve(struct mmapshare_source *source, u32 length)
{
	if (source->multi_producer)
		return mms_reserve_multi(source, length);
	return mms_reserve_single(source, length);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_reserve, MMS_NS);

/**
 * mmapshare_commit - hand a record to the consumers
 * @source: the ring
 * @record: from mmapshare_reserve(); not to be touched any more
 *
 * Context: any but NMI. Wakes consumers who sleep.
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
 * mmapshare_discard - give a record back that there will not be
 * @source: the ring
 * @record: from mmapshare_reserve(); not to be touched any more
 *
 * Context: any but NMI.
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
 * mmapshare_write - make a record of some bytes
 * @source: the ring
 * @data: the bytes
 * @length: how many
 *
 * Context: any but NMI.
 * Return: 0, or -EAGAIN where mmapshare_reserve() returns NULL.
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
 * mmapshare_source_wait - wait until a record fits
 * @source: the ring
 * @length: bytes of the record
 * @timeout: nanoseconds from now; 0 not to wait, negative to wait for ever
 *
 * Context: process context, may sleep. For one producer at a time.
 * Return: 0; -EPIPE if there is no consumer any more; -ETIMEDOUT; -EINTR for a
 * signal; -ENODEV if the ring was revoked.
 */
int mmapshare_source_wait(struct mmapshare_source *source, u32 length, s64 timeout)
{
	int ret;

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
