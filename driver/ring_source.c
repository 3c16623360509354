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
 * Publishing a record, making space for it included, is possible in any context.
 * It takes no lock but source->lock, and leaves waking to an irq_work.
 * source->lock is a raw spinlock, taken only with MMAPSHARE_MULTI_PRODUCER. Only
 * an NMI or a probe of a function that the holder calls can interrupt the holder:
 * their records are refused.
 */
#include <asm/barrier.h>
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "ring_source.h"
#include "trace.h"

/*
 * Count a record that is dropped, and have the consumers evicted that do not make
 * space for it in time. @step: its bytes, 0 if it was not for lack of space.
 * Atomic: a record that found source->lock taken is dropped, too.
 */
static void mms_source_drop(struct mmapshare_source *source, u64 step)
{
	struct mms_ring *ring = source->ring;

	atomic64_inc((atomic64_t *)&source->p->dropped);
	if (!step || !READ_ONCE(ring->head->consumers) ||
	    ((!ring->evict_ns || READ_ONCE(ring->evicting)) &&
	     (!READ_ONCE(ring->expiring) || READ_ONCE(ring->keeping))))
		return;
	WRITE_ONCE(ring->refused_pos, (READ_ONCE(source->p->pos) + step - source->mask) | 1);
	mms_endpoint_notify(&source->ep);
}

/*
 * Count a record that is refused before it gets to mmapshare_reserve() of a ring
 * with several producers. Any context.
 */
void mms_source_refuse(struct mmapshare_source *source)
{
	if (READ_ONCE(source->ring->revoked))
		return;
	atomic64_inc(&source->unplaced);
	mms_source_drop(source, 0);
}

/*
 * Give @n dropped records their sequence numbers: consumers find a gap before the
 * next record.
 */
static void mms_source_skip_seq(struct mmapshare_source *source, u64 n)
{
	source->seq += n;
	WRITE_ONCE(mms_source_record(source, source->head)->seq, (u32)source->seq);
	WRITE_ONCE(source->p->seq, source->seq);
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

/* After publishing or completing a record: wake consumers that wait for it. */
static __always_inline void mms_source_notify(struct mmapshare_source *source)
{
	/*
	 * Between p->pos or record->length and consumer_wake_pos; pairs with
	 * smp_mb() in mms_endpoint_arm().
	 */
	smp_mb();
	if (mms_wake_pos_reached(READ_ONCE(source->ring->consumer_wake_pos),
				 READ_ONCE(source->p->pos)))
		mms_endpoint_notify(&source->ep);
}

/* After publishing or completing a record, with flags of mmapshare_commit_flags(). */
static noinline void mms_source_notify_flags(struct mmapshare_source *source,
					     unsigned int flags)
{
	if (flags & MMAPSHARE_FORCE_WAKEUP) {
		mms_ring_force_wakeup(source->ring);
		mms_endpoint_notify(&source->ep);
	} else if (!(flags & MMAPSHARE_NO_WAKEUP)) {
		mms_source_notify(source);
	}
}

/* A record that is refused here does not count as dropped. */
static __always_inline int mms_source_check(const struct mmapshare_source *source, u32 length)
{
	if (length > source->record_max)
		return -EMSGSIZE;
	if (READ_ONCE(source->ring->revoked))
		return mms_revoked(source->ep.region) ? -ENODEV : -EIO;
	return 0;
}

/* No longer touch the pages, which may have failed since the record was reserved. */
static __always_inline bool mms_source_abandon(struct mmapshare_source *source)
{
	if (likely(!READ_ONCE(source->ring->revoked)))
		return false;
	if (!source->nesting)
		source->reserved = 0;
	return true;
}

static noinline int mms_source_find_space(struct mmapshare_source *source, u64 step)
{
	while (mms_source_make_space(source, step))
		;
	if (mms_source_has_space(source, step))
		return 0;
	mms_source_drop(source, step);
	mms_source_skip_seq(source, 1);
	return -EAGAIN;
}

static noinline void mms_source_stamp(const struct mmapshare_source *source,
				      struct mmapshare_record_info *info)
{
	const u64 features = source->features;

	*info = (struct mmapshare_record_info) { };
	if (features & MMAPSHARE_RING_FEAT_MONOTONIC)
		info->time = ktime_get_mono_fast_ns();
	if (features & MMAPSHARE_RING_FEAT_BOOTTIME)
		info->time = ktime_get_boot_fast_ns();
	/* a hint, unless the caller cannot migrate */
	if (features & MMAPSHARE_RING_FEAT_CPU)
		info->cpu = raw_smp_processor_id();
}

/*
 * Begin a record of @length bytes at @source->head, BUSY if there are several
 * producers. Return: where the caller stores the bytes.
 */
static __always_inline void *mms_source_begin(struct mmapshare_source *source, u32 length,
					      u32 busy)
{
	struct mmapshare_record *record = mms_source_record(source, source->head);

	WRITE_ONCE(record->length, (length + source->info) | busy);
	if (source->info)
		mms_source_stamp(source, (void *)(record + 1));
	return (void *)(record + 1) + source->info;
}

/* The header of a record that was reserved at @data. */
static __always_inline struct mmapshare_record *
mms_source_header(const struct mmapshare_source *source, void *data)
{
	return data - source->info - sizeof(struct mmapshare_record);
}

/* One producer: the record is published when it is committed. */
static __always_inline void *mms_reserve_single(struct mmapshare_source *source, u32 length)
{
	const u64 step = mms_record_step(length + source->info);
	int ret;

	if (WARN_ON_ONCE(source->reserved))
		return ERR_PTR(-EBUSY);
	ret = mms_source_check(source, length);
	if (!ret && !mms_source_has_space(source, step))
		ret = mms_source_find_space(source, step);
	if (ret)
		return ERR_PTR(ret);
	source->reserved = step;
	return mms_source_begin(source, length, 0);
}

static __always_inline void mms_publish_single(struct mmapshare_source *source)
{
	mms_source_publish(source, source->reserved);
	source->reserved = 0;
}

static __always_inline void mms_commit_single(struct mmapshare_source *source)
{
	mms_publish_single(source);
	mms_source_notify(source);
}

/*
 * Exclude the other producers. An NMI, or a probe, that has interrupted a holder
 * of the lock on this CPU must not wait for it. Nor may an NMI wait for another
 * CPU, whose NMI may wait for this one: it tries once. So does a producer during an
 * oops: panic() may have stopped the CPU of the holder.
 *
 * Return: false if the lock was not taken. Sparse wants functions balanced.
 */
static bool mms_source_lock(struct mmapshare_source *source, unsigned long *flags)
{
	local_irq_save(*flags);
	if (__this_cpu_inc_return(*source->nesting) == 1) {
		if (!in_nmi() && likely(!READ_ONCE(oops_in_progress)))
			raw_spin_lock(&source->lock);
		else if (!raw_spin_trylock(&source->lock))
			goto leave;
		__release(&source->lock);
		return true;
	}
leave:
	__this_cpu_dec(*source->nesting);
	local_irq_restore(*flags);
	return false;
}

static void mms_source_unlock(struct mmapshare_source *source, unsigned long flags)
{
	__acquire(&source->lock);
	raw_spin_unlock(&source->lock);
	__this_cpu_dec(*source->nesting);
	local_irq_restore(flags);
}

/*
 * Publish a BUSY record at @source->head. Called with source->lock held: time
 * stamps are in the order of the records.
 */
static void *mms_begin_multi(struct mmapshare_source *source, u32 length)
{
	void *data = mms_source_begin(source, length, MMAPSHARE_RECORD_BUSY);

	mms_source_publish(source, mms_record_step(length + source->info));
	return data;
}

/*
 * Several producers: the record is published at once, BUSY. The lock is released
 * after each batch of records that are passed to make space.
 */
static noinline void *mms_reserve_multi(struct mmapshare_source *source, u32 length)
{
	const u64 step = mms_record_step(length + source->info);
	int ret = mms_source_check(source, length);
	void *record = ERR_PTR(ret);
	unsigned long flags;
	bool again = true;

	while (!ret && again) {
		record = ERR_PTR(-EBUSY);
		if (!mms_source_lock(source, &flags)) {
			atomic64_inc(&source->unplaced);
			break;
		}
		if (atomic64_read(&source->unplaced))
			mms_source_skip_seq(source, atomic64_xchg(&source->unplaced, 0));
		record = ERR_PTR(-EAGAIN);
		again = !mms_source_has_space(source, step) && mms_source_make_space(source, step);
		if (mms_source_has_space(source, step))
			record = mms_begin_multi(source, length);
		else if (!again)
			mms_source_skip_seq(source, 1);
		mms_source_unlock(source, flags);
	}
	if (!ret && IS_ERR(record))
		mms_source_drop(source, record == ERR_PTR(-EAGAIN) ? step : 0);
	return record;
}

/*
 * Clear BUSY, and set @flag: 0 or MMAPSHARE_RECORD_DISCARD. A consumer may wait
 * for this record, or for later ones that are complete already: it is woken as
 * @wakeup says. If the record is the oldest one, a producer may wait for its space.
 */
static noinline void mms_complete_multi(struct mmapshare_source *source, void *data, u32 flag,
					unsigned int wakeup)
{
	struct mmapshare_record *record = mms_source_header(source, data);
	const u32 length = record->length & MMAPSHARE_RECORD_LENGTH;

	/*
	 * After the record's bytes; pairs with the acquire in
	 * mms_record_is_busy(), or in a program.
	 */
	smp_store_release(&record->length, length | flag);
	if (likely(!wakeup)) {
		/* has the full fence */
		mms_source_notify(source);
	} else {
		mms_source_notify_flags(source, wakeup);
		/* between BUSY and producer_wake_pos, as in mms_source_notify() */
		smp_mb();
	}
	/* after the full fence, which pairs with smp_mb() in mms_endpoint_arm() */
	if (READ_ONCE(source->ring->producer_wake_pos))
		mms_endpoint_notify(&source->ep);
}

static noinline int mms_write_multi(struct mmapshare_source *source, const void *data,
				    u32 length)
{
	void *record = mms_reserve_multi(source, length);

	if (IS_ERR(record))
		return PTR_ERR(record);
	memcpy(record, data, length);
	mms_complete_multi(source, record, 0, 0);
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
 * A record that is refused with -EAGAIN, or with -EBUSY if there are several
 * producers, counts in the dropped counter, which programs can see. It has a
 * sequence number, by which consumers know where in the stream it is missing.
 *
 * Context: any. In NMI only with MMAPSHARE_MULTI_PRODUCER, or if nothing else
 * produces. Never waits for space. With MMAPSHARE_MULTI_PRODUCER, an NMI or a
 * probe that has interrupted a producer of this ring gets -EBUSY, as does an NMI,
 * or any context during an oops or a panic, while another CPU reserves a record.
 * Return: where to store the record, aligned to 8 bytes, to be passed to
 * mmapshare_commit() or mmapshare_discard(); or an ERR_PTR(): -EAGAIN if the ring
 * is full: consumers of a lossless ring have not released enough records, or the
 * oldest record is still reserved; -EBUSY, see above, or for a second record
 * without MMAPSHARE_MULTI_PRODUCER;
 * -EMSGSIZE if with a header of 8 bytes, or of 24 with features, the record is
 * longer than half of the ring or than 512 MiB; -ENODEV if the ring was revoked;
 * -EIO if the memory of one of its pages failed.
 */
void *mmapshare_reserve(struct mmapshare_source *source, u32 length)
{
	if (source->nesting)
		return mms_reserve_multi(source, length);
	return mms_reserve_single(source, length);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_reserve, MMS_NS);

/*
 * Shorten a record that is published BUSY. Others may be reserved behind it, so
 * that the rest becomes a filler, if it has space for a header; else it is
 * padding.
 */
static void mms_trim_multi(struct mmapshare_record *record, u32 length)
{
	const u64 step = mms_record_step(length), rest = mms_record_step(record->length) - step;
	struct mmapshare_record *filler = (void *)record + step;

	if (rest) {
		WRITE_ONCE(filler->seq, record->seq + 1);
		WRITE_ONCE(filler->length, (rest - sizeof(*filler)) | MMAPSHARE_RECORD_DISCARD |
					   MMAPSHARE_RECORD_FILLER);
	}
	/*
	 * After the filler: whatever walks the records finds the old length or the
	 * filler. Pairs with the address dependency from a length to the next
	 * header in mms_ring_walk_batch(). Consumers do not pass a BUSY record.
	 */
	smp_store_release(&record->length, length | MMAPSHARE_RECORD_BUSY);
}

/**
 * mmapshare_trim - shorten a reserved record
 * @source: the ring
 * @record: from mmapshare_reserve(), neither committed nor discarded
 * @length: bytes of the record, at most its present length
 *
 * For a caller that knows how long a record is only when it has stored it:
 * reserve the maximum, store, trim, and commit. The first @length bytes are kept.
 *
 * Without MMAPSHARE_MULTI_PRODUCER the rest is available again. With it, the
 * next record may be reserved already: the rest stays in the ring until the
 * record has left it, and consumers skip it.
 *
 * Context: any, as for mmapshare_reserve(). Not concurrently with another call
 * for the same record.
 * Return: 0; -EINVAL if @length is larger than the present length: nothing
 * changes; -ENODEV if the ring was revoked; -EIO if the memory of one of its
 * pages failed. The record is still to be committed or discarded.
 */
int mmapshare_trim(struct mmapshare_source *source, void *record, u32 length)
{
	struct mmapshare_record *header = mms_source_header(source, record);
	const int ret = mms_source_check(source, 0);

	if (ret)
		return ret;
	if (length > (header->length & MMAPSHARE_RECORD_LENGTH) - source->info)
		return -EINVAL;
	length += source->info;
	if (source->nesting) {
		mms_trim_multi(header, length);
	} else {
		WRITE_ONCE(header->length, length);
		source->reserved = mms_record_step(length);
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_trim, MMS_NS);

/**
 * mmapshare_set_type - set the type of a reserved record
 * @source: the ring, created with MMAPSHARE_RING_FEAT_TYPE
 * @record: from mmapshare_reserve(), neither committed nor discarded
 * @type: any value, by which consumers tell records apart; 0 if not set
 *
 * Nothing happens, except for a warning, if the ring has no types.
 *
 * Context: any, as for mmapshare_reserve(). Not concurrently with another call
 * for the same record.
 */
void mmapshare_set_type(struct mmapshare_source *source, void *record, u16 type)
{
	struct mmapshare_record_info *info = record - sizeof(*info);

	if (WARN_ON_ONCE(!(source->features & MMAPSHARE_RING_FEAT_TYPE)))
		return;
	if (!READ_ONCE(source->ring->revoked))
		info->type = type;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_type, MMS_NS);

/**
 * mmapshare_commit - publish a record
 * @source: the ring
 * @record: from mmapshare_reserve(); must not be accessed any more
 *
 * A consumer that gets the record sees all that the caller stored to it before.
 * Consumers that sleep until this record are woken, by irq_work. If the ring was
 * revoked, or the memory of one of its pages failed, since the record was
 * reserved, nothing is published.
 *
 * Context: any, as for mmapshare_reserve().
 */
void mmapshare_commit(struct mmapshare_source *source, void *record)
{
	if (mms_source_abandon(source))
		return;
	if (source->nesting)
		mms_complete_multi(source, record, 0, 0);
	else
		mms_commit_single(source);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_commit, MMS_NS);

/**
 * mmapshare_commit_flags - publish a record, and say whether to wake consumers
 * @source: the ring
 * @record: from mmapshare_reserve(); must not be accessed any more
 * @flags: 0 as mmapshare_commit(); or one of MMAPSHARE_NO_WAKEUP and
 *	MMAPSHARE_FORCE_WAKEUP. The latter counts if both are set
 *
 * mmapshare_commit() wakes a consumer that sleeps when as many bytes are published
 * as it waits for, its wake_bytes.
 *
 * MMAPSHARE_NO_WAKEUP: publish only, without the full fence that the check
 * for consumers that sleep needs. Those remain asleep, so that the caller has to
 * commit another record soon without the flag, or to call
 * mmapshare_source_notify(). Any consumer that goes to sleep later finds the
 * record. mmapshare_source_put() wakes all consumers.
 *
 * MMAPSHARE_FORCE_WAKEUP: wake each consumer that has not taken all records,
 * even if it waits for more bytes. One that goes to sleep later, before it has
 * taken these records, does not wait, either.
 *
 * Context: any, as for mmapshare_reserve().
 */
void mmapshare_commit_flags(struct mmapshare_source *source, void *record, unsigned int flags)
{
	if (mms_source_abandon(source))
		return;
	if (source->nesting) {
		mms_complete_multi(source, record, 0, flags);
		return;
	}
	mms_publish_single(source);
	mms_source_notify_flags(source, flags);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_commit_flags, MMS_NS);

/**
 * mmapshare_source_notify - wake consumers for records that are committed already
 * @source: the ring
 * @flags: 0; or MMAPSHARE_FORCE_WAKEUP, as in mmapshare_commit_flags()
 *
 * For records that were committed with MMAPSHARE_NO_WAKEUP, and, with the flag, to
 * have the consumers take all records now, at the end of a burst for example.
 *
 * Context: any, concurrently with any call for the ring but
 * mmapshare_source_put().
 */
void mmapshare_source_notify(struct mmapshare_source *source, unsigned int flags)
{
	if (!READ_ONCE(source->ring->revoked))
		mms_source_notify_flags(source, flags);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_notify, MMS_NS);

/**
 * mmapshare_discard - give up a reserved record
 * @source: the ring
 * @record: from mmapshare_reserve(); must not be accessed any more
 *
 * With MMAPSHARE_MULTI_PRODUCER the record keeps its space and its sequence
 * number, and consumers skip it. Without, both are available again.
 *
 * Context: any, as for mmapshare_reserve().
 */
void mmapshare_discard(struct mmapshare_source *source, void *record)
{
	if (mms_source_abandon(source))
		return;
	if (source->nesting)
		mms_complete_multi(source, record, MMAPSHARE_RECORD_DISCARD, 0);
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
 * Return: 0; or a negative errno, as mmapshare_reserve().
 */
int mmapshare_write(struct mmapshare_source *source, const void *data, u32 length)
{
	void *record;

	if (source->nesting)
		return mms_write_multi(source, data, length);
	record = mms_reserve_single(source, length);
	if (IS_ERR(record))
		return PTR_ERR(record);
	memcpy(record, data, length);
	mms_commit_single(source);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_write, MMS_NS);

/**
 * mmapshare_source_wait - wait until there is space for a record
 * @source: the ring
 * @length: bytes of the record
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * At most one task may wait at a time. Returns 0 immediately for an overwrite
 * ring, unless its oldest record is still reserved. Another producer may take the
 * space before the caller reserves it.
 *
 * Context: process context; may sleep unless @timeout is 0.
 * Return: 0; -EMSGSIZE if the record never fits; -EPIPE if all consumers have
 * detached; -ETIMEDOUT; -EINTR for a signal; -ENODEV if the ring was revoked;
 * -EIO if the memory of a page failed.
 */
int mmapshare_source_wait(struct mmapshare_source *source, u32 length, s64 timeout)
{
	int ret;

	if (length > source->record_max)
		return -EMSGSIZE;
	if (!READ_ONCE(source->ring->revoked))
		WRITE_ONCE(source->ring->p->wake_bytes, mms_record_step(length + source->info));
	ret = mms_endpoint_wait(&source->ep, false, timeout);
	trace_mmapshare_ring_wait(&source->ep, ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wait, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/ring_test.c"
#include "tests/ring_multi_test.c"
#include "tests/ring_evict_test.c"
#include "tests/ring_commit_test.c"
#include "tests/ring_named_test.c"
#endif
