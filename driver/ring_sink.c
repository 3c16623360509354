// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as consumer of a ring. Records of a program are passed to a
 * callback on a workqueue, or polled by mmapshare_sink_read().
 *
 * The kernel's position is kept in struct mmapshare_sink and copied to the
 * ring. The program may change what it stores at any time: each word is read
 * once, and a record is copied before it is used. A producer that stores an
 * impossible position or length is ignored; mms_ring_next_producer() starts anew
 * when the next one attaches.
 *
 * Taking a record takes no lock and leaves waking to an irq_work: it is possible in
 * any context.
 */
#include <asm/barrier.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "trace.h"

/**
 * struct mmapshare_sink - a ring whose consumer is the kernel
 * @ep: the consumer endpoint; @ep.region holds a reference
 * @ring: the ring of @ep.region
 * @producer_nr: ring->producer_nr of the producer whose records are taken
 * @first_pos: where those begin. Records before that are of earlier producers
 * @pos: position of the next record. Copied to the cursor
 * @seq: sequence number of the next record. Copied to the cursor
 * @work: passes the available records to @consume
 * @consume: the callback; NULL if mmapshare_sink_read() is used
 * @context: first argument of @consume
 * @max: bytes that fit into @record
 * @record: buffer for the copy that @consume gets
 *
 * @producer_nr to @seq belong to @work if there is a callback, else to the caller
 * of mmapshare_sink_read(). All others are constant.
 */
struct mmapshare_sink {
	struct mms_endpoint ep;
	struct mms_ring *ring;
	u64 producer_nr;
	u64 first_pos;
	u64 pos;
	u64 seq;
	struct work_struct work;
	mmapshare_consume_t consume;
	void *context;
	u32 max;
	void *record;
};

/* Records for which mms_sink_work() runs before it reschedules itself */
#define MMS_SINK_BUDGET		256
/* Discarded records that mms_sink_take() skips in one call */
#define MMS_SINK_DISCARDS	64

/* Is the next record one of an earlier producer? */
static bool mms_sink_is_behind(const struct mmapshare_sink *sink)
{
	return !mms_pos_reached(sink->pos, sink->first_pos);
}

/*
 * Read the header of the next record, while the producer is at @head. Return:
 * 0; -EAGAIN if there is none; -EBADMSG if the position or the length is
 * impossible. A program publishes no record that is BUSY.
 */
static int mms_sink_peek(const struct mmapshare_sink *sink, u64 head, u32 *length)
{
	const struct mms_ring *ring = sink->ring;
	/* the producer has vouched for no record of an earlier one */
	const u64 end = mms_sink_is_behind(sink) ? sink->first_pos : head;
	const u64 available = end - sink->pos;

	if (!available)
		return -EAGAIN;
	if (!mms_pos_ok(end, sink->pos + ring->size, ring->size))
		return -EBADMSG;
	*length = READ_ONCE(mms_record(ring, sink->pos)->length);
	if (*length & MMAPSHARE_RECORD_BUSY || mms_record_step(*length) > available ||
	    (*length & MMAPSHARE_RECORD_LENGTH) > mms_record_max(ring->size))
		return -EBADMSG;
	return 0;
}

/* Release all before @pos, where the record number @seq begins. */
static void mms_sink_release_to(struct mmapshare_sink *sink, u64 pos, u64 seq)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(sink->ring, sink->ep.cursor);

	sink->pos = pos;
	sink->seq = seq;
	WRITE_ONCE(cursor->seq, sink->seq);
	/*
	 * After copying the record; pairs with the acquire in
	 * mms_ring_min_pos_of(), or in the producing program.
	 */
	smp_store_release(&cursor->pos, sink->pos);
	/*
	 * Between cursor->pos and producer_wake_pos; pairs with smp_mb() in
	 * mms_endpoint_arm().
	 */
	smp_mb();
	if (mms_wake_pos_reached(READ_ONCE(sink->ring->producer_wake_pos), sink->pos))
		mms_endpoint_notify(&sink->ep);
}

/* Release the record at @sink->pos, so that its bytes can be reused. */
static void mms_sink_release(struct mmapshare_sink *sink, u32 length)
{
	mms_sink_release_to(sink, sink->pos + mms_record_step(length),
			    sink->seq + mms_record_seqs(length));
}

/*
 * A record is corrupt. Skip those of earlier producers; else ignore the producer
 * from now on, which mms_ring_wake_peers() tells it. Return: false if ignored.
 */
static bool mms_sink_recover(struct mmapshare_sink *sink)
{
	struct mms_ring *ring = sink->ring;

	if (mms_sink_is_behind(sink)) {
		const u32 seq = READ_ONCE(mms_record(ring, sink->first_pos)->seq);

		mms_sink_release_to(sink, sink->first_pos, mms_extend_seq(seq, sink->seq));
		return true;
	}
	WRITE_ONCE(ring->corrupt_nr, sink->producer_nr);
	mms_endpoint_notify(&sink->ep);
	return false;
}

/*
 * If another producer has attached, and the ring was reset for it, continue at its
 * first position. Return: false if the producer is corrupt.
 */
static bool mms_sink_follow(struct mmapshare_sink *sink)
{
	struct mms_ring *ring = sink->ring;
	/*
	 * Before the producer's page, reset_pos and first_pos; pairs with the
	 * release in mms_ring_next_producer().
	 */
	const u64 nr = smp_load_acquire(&ring->producer_nr);

	if (READ_ONCE(ring->reset_nr) > sink->producer_nr && READ_ONCE(ring->reset_nr) <= nr) {
		sink->pos = READ_ONCE(ring->reset_pos);
		WRITE_ONCE(mms_cursor(ring, sink->ep.cursor)->pos, sink->pos);
	}
	sink->producer_nr = nr;
	sink->first_pos = READ_ONCE(ring->first_pos);
	return READ_ONCE(ring->corrupt_nr) != nr;
}

/*
 * Copy the next record, and release it. Return: its length; -EAGAIN if there is
 * none, if another producer has attached meanwhile, or after MMS_SINK_DISCARDS
 * discarded records; -EMSGSIZE if it is longer than @max: it is released, too.
 */
static int mms_sink_take(struct mmapshare_sink *sink, void *record, u32 max)
{
	struct mms_ring *ring = sink->ring;
	unsigned int tries;
	u32 length, bytes;
	u64 head;
	int ret;

	if (READ_ONCE(ring->memory_failed) || !mms_sink_follow(sink))
		return -EAGAIN;
	head = mms_producer_pos(ring);
	for (tries = 0; tries < MMS_SINK_DISCARDS; tries++) {
		ret = mms_sink_peek(sink, head, &length);
		/* the ring may have been reset meanwhile */
		if (READ_ONCE(ring->producer_nr) != sink->producer_nr)
			return -EAGAIN;
		if (ret == -EBADMSG && mms_sink_recover(sink))
			continue;
		if (ret)
			return -EAGAIN;
		bytes = length & MMAPSHARE_RECORD_LENGTH;
		if (length & (MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_FILLER)) {
			mms_sink_release(sink, length);
			continue;
		}
		if (bytes <= max)
			mms_racy(memcpy(record, mms_record(ring, sink->pos) + 1, bytes));
		/* another producer: the ring may have been reset, recheck */
		if (READ_ONCE(ring->producer_nr) != sink->producer_nr)
			return -EAGAIN;
		mms_sink_release(sink, length);
		return bytes <= max ? bytes : -EMSGSIZE;
	}
	return -EAGAIN;
}

/*
 * Pass the available records to the callback. When there are none, arm the
 * endpoint and return: mms_sink_wake() will schedule the work again. If the
 * producer is corrupt, return without arming: mms_ring_attach() of the next one
 * calls mms_sink_wake().
 */
static void mms_sink_work(struct work_struct *work)
{
	struct mmapshare_sink *sink = container_of(work, struct mmapshare_sink, work);
	unsigned int budget;

	for (budget = MMS_SINK_BUDGET; budget; budget--) {
		int ret = mms_sink_take(sink, sink->record, sink->max);

		if (ret >= 0)
			sink->consume(sink->context, sink->record, ret);
		else if (ret == -EAGAIN && (mms_producer_is_corrupt(sink->ring) ||
					    mms_endpoint_arm(&sink->ep, false)))
			return;
	}
	schedule_work(work);
}

/* struct mms_endpoint, @wake. Called with ring->lock held. */
static void mms_sink_wake(struct mms_endpoint *ep)
{
	struct mmapshare_sink *sink = container_of(ep, struct mmapshare_sink, ep);

	schedule_work(&sink->work);
}

/**
 * mmapshare_sink_create - create a ring whose consumer is the kernel
 * @params: properties of the ring; @flags and @features are 0, @consumers is 0 or
 *	1, and what else concerns consumers is 0
 * @max: maximum bytes of a record for @consume; longer ones are skipped
 * @consume: called for each record in turn, on a workqueue; may sleep. NULL to
 *	use mmapshare_sink_read() instead
 * @context: first argument of @consume
 *
 * The ring is lossless and has one producer at a time. @consume gets a copy of
 * the record, which nothing else changes until it returns. It may be called
 * before this function returns.
 *
 * Context: process context, may sleep.
 * Return: the sink, to be released with mmapshare_sink_put(); or an ERR_PTR()
 * as mmapshare_source_create().
 */
struct mmapshare_sink *mmapshare_sink_create(const struct mmapshare_params *params,
					     u32 max, mmapshare_consume_t consume,
					     void *context)
{
	struct mmapshare_sink *sink;
	struct mms_region *r;
	int ret = -ENOMEM;

	if (params->flags || params->consumers > 1 || params->consumers_per_uid ||
	    params->consumers_reserved || params->evict_ns || params->features)
		return ERR_PTR(-EINVAL);
	sink = kzalloc(sizeof(*sink), GFP_KERNEL);
	if (!sink)
		return ERR_PTR(-ENOMEM);
	sink->record = kvmalloc(max ?: 1, GFP_KERNEL);
	if (!sink->record)
		goto free;
	r = mms_kernel_create_ring(params, MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_CONSUMER, 1);
	if (IS_ERR(r)) {
		ret = PTR_ERR(r);
		goto free;
	}
	sink->ring = r->ring;
	sink->max = max;
	sink->consume = consume;
	sink->context = context;
	INIT_WORK(&sink->work, mms_sink_work);
	mms_endpoint_init(&sink->ep, r, false);
	if (consume)
		sink->ep.wake = mms_sink_wake;
	/* cannot fail: the ring is new and not visible yet */
	mms_ring_attach(&sink->ep, false);
	if (consume)
		schedule_work(&sink->work);
	ret = mms_kernel_add_name(r, params);
	if (ret) {
		mmapshare_sink_put(sink);
		return ERR_PTR(ret);
	}
	return sink;

free:
	kvfree(sink->record);
	kfree(sink);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_create, MMS_NS);

/**
 * mmapshare_sink_put - detach the consumer and release the ring
 * @sink: from mmapshare_sink_create(). The caller makes sure that no other call
 *	with it is in progress or follows
 *
 * When this returns, the callback is not running and will not be called again,
 * and the name has been removed. A producer that waits for space gets EPIPE.
 * The memory is freed when the last program has closed and unmapped the ring.
 *
 * Context: process context, may sleep. Not from the callback.
 */
void mmapshare_sink_put(struct mmapshare_sink *sink)
{
	struct mms_region *r = sink->ep.region;

	/* from here on only the work schedules itself */
	mms_ring_detach(&sink->ep);
	cancel_work_sync(&sink->work);
	irq_work_sync(&sink->ep.notify);
	mms_name_drop(r);
	mms_region_put(r);
	kvfree(sink->record);
	kfree(sink);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_put, MMS_NS);

/**
 * mmapshare_sink_file - open a file through which a program can attach
 * @sink: the ring
 *
 * The file is open for reading and writing: MMAPSHARE_IOC_RING_ATTACH on it
 * makes the producer. Pass it to fd_install(), or drop it with fput().
 *
 * Context: process context, may sleep.
 * Return: the file; or an ERR_PTR(): -ENOMEM, -ENFILE.
 */
struct file *mmapshare_sink_file(struct mmapshare_sink *sink)
{
	return mms_kernel_open_file(sink->ep.region, O_RDWR);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_file, MMS_NS);

/**
 * mmapshare_sink_read - copy the next record, if there is one
 * @sink: the ring, created without a callback
 * @record: where to copy it to
 * @max: bytes that fit there
 *
 * The caller serializes the calls. A call skips at most 64 discarded records:
 * then it returns -EAGAIN although a record may follow. It does so, too, if another
 * producer attaches during the call.
 *
 * Context: any. Never waits for a record.
 * Return: bytes of the record, which may be 0; -EAGAIN if there is none;
 * -EMSGSIZE if the record is longer than @max: it has been skipped.
 */
int mmapshare_sink_read(struct mmapshare_sink *sink, void *record, u32 max)
{
	if (WARN_ON_ONCE(sink->consume))
		return -EAGAIN;
	return mms_sink_take(sink, record, max);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_read, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/sink_test.c"
#endif
