// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as consumer: a program makes records, which a callback gets in a
 * workqueue, or whoever asks in any context.
 *
 * Where the kernel is in the ring is its own. What the program stores may change
 * at any time: each word is read once, and a record is copied before anybody
 * looks at it. Who stores a position or a length that cannot be is not listened
 * to any more; when it has gone the ring begins anew.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "trace.h"

/**
 * struct mmapshare_sink - a ring, and its consumer
 * @ep: holds a reference to the region
 * @ring: its ring
 * @pos: of the next record
 * @seq: of the next record
 * @work: calls @consume for what there is
 * @consume: NULL if mmapshare_sink_read() is used
 * @context: for @consume
 * @max: bytes of a record at most
 * @record: as many for a copy
 */
struct mmapshare_sink {
	struct mms_endpoint ep;
	struct mms_ring *ring;
	u64 pos;
	u64 seq;
	struct work_struct work;
	mmapshare_consume_t consume;
	void *context;
	u32 max;
	void *record;
};

/* So many records in a row; then others have their turn. */
#define MMS_SINK_BUDGET		256
/* So many discarded ones count as one. */
#define MMS_SINK_DISCARDS	64

/* -EAGAIN: there is nothing. -EBADMSG: nor is what there is a record. */
static int mms_sink_peek(const struct mmapshare_sink *sink, u64 head, u32 *length)
{
	const struct mms_ring *ring = sink->ring;
	const u64 there = head - sink->pos;

	if (!there)
		return -EAGAIN;
	if (!mms_pos_ok(head, sink->pos + ring->size, ring->size))
		return -EBADMSG;
	/* pairs with who takes BUSY away */
	*length = smp_load_acquire(&mms_record(ring, sink->pos)->length);
	if (*length & MMAPSHARE_RECORD_BUSY)
		return -EAGAIN;
	if (mms_record_step(*length) > there ||
	    (*length & MMAPSHARE_RECORD_LENGTH) > mms_record_max(ring->size))
		return -EBADMSG;
	return 0;
}

/* Done with it: the producer may use its bytes again. */
static void mms_sink_release(struct mmapshare_sink *sink, u32 length)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(sink->ring, sink->ep.cursor);
	u64 wake_pos;

	sink->pos += mms_record_step(length);
	sink->seq++;
	WRITE_ONCE(cursor->seq, sink->seq);
	/* pairs with the acquire of the producer */
	smp_store_release(&cursor->pos, sink->pos);
	/* before "room" is read; pairs with who stores that and reads ours */
	smp_mb();
	wake_pos = READ_ONCE(sink->ring->producer_wake_pos);
	if (mms_wake_pos_reached(wake_pos, sink->pos)) {
		trace_mmapshare_ring_notify(&sink->ep, 0);
		mms_ring_wake_producer(sink->ring);
	}
}

static int mms_sink_take(struct mmapshare_sink *sink, void *record, u32 max)
{
	struct mms_ring *ring = sink->ring;
	unsigned int tries;
	u32 length, bytes;
	u64 head;
	int ret;

	/* pairs with mms_ring_reset() */
	if (smp_load_acquire(&ring->producer_corrupt))
		return -EAGAIN;
	head = mms_producer_pos(ring);
	for (tries = 0; tries < MMS_SINK_DISCARDS; tries++) {
		ret = mms_sink_peek(sink, head, &length);
		if (ret == -EBADMSG) {
			mms_ring_producer_is_corrupt(ring);
			return -EAGAIN;
		}
		if (ret)
			return ret;
		bytes = length & MMAPSHARE_RECORD_LENGTH;
		if (length & MMAPSHARE_RECORD_DISCARD) {
			mms_sink_release(sink, length);
			continue;
		}
		if (bytes <= max)
			mms_racy(memcpy(record, mms_record(ring, sink->pos) + 1, bytes));
		mms_sink_release(sink, length);
		return bytes <= max ? bytes : -EMSGSIZE;
	}
	return -EAGAIN;
}

static void mms_sink_work(struct work_struct *work)
{
	struct mmapshare_sink *sink = container_of(work, struct mmapshare_sink, work);
	unsigned int budget;

	for (budget = MMS_SINK_BUDGET; budget; budget--) {
		int ret = mms_sink_take(sink, sink->record, sink->max);

		if (ret >= 0)
			sink->consume(sink->context, sink->record, ret);
		else if (ret == -EAGAIN && (READ_ONCE(sink->ring->producer_corrupt) ||
					    mms_endpoint_arm(&sink->ep, false)))
			return;
	}
	schedule_work(work);
}

/* Called with the ring's lock. */
static void mms_sink_wake(struct mms_endpoint *ep)
{
	struct mmapshare_sink *sink = container_of(ep, struct mmapshare_sink, ep);

	schedule_work(&sink->work);
}

/**
 * mmapshare_sink_create - make a ring from a program to the kernel
 * @params: what it is to be; one producer at a time, never overwritten
 * @max: bytes of a record at most; longer ones are passed by
 * @consume: gets each record in turn, in process context, and may sleep; it has
 *	a copy, which is its own until it returns. NULL to use mmapshare_sink_read()
 * @context: for @consume
 *
 * Context: process context, may sleep. @consume may be called before it returns.
 * Return: for mmapshare_sink_put(), or an ERR_PTR() as mmapshare_source_create().
 */
struct mmapshare_sink *mmapshare_sink_create(const struct mmapshare_params *params,
					     u32 max, mmapshare_consume_t consume,
					     void *context)
{
	struct mmapshare_sink *sink;
	struct mms_region *r;
	int ret = -ENOMEM;

	if (params->flags || params->consumers > 1)
		return ERR_PTR(-EINVAL);
	sink = kzalloc(sizeof(*sink), GFP_KERNEL);
	if (!sink)
		return ERR_PTR(-ENOMEM);
	sink->record = kvmalloc(max ?: 1, GFP_KERNEL);
	if (!sink->record)
		goto free;
	r = mms_kernel_ring(params, MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_CONSUMER, 1);
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
	/* nobody else knows of the ring, and so it does not fail */
	mms_ring_attach(&sink->ep, false);
	if (consume)
		schedule_work(&sink->work);
	ret = mms_kernel_publish(r, params);
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
 * mmapshare_sink_put - consume no more
 * @sink: from mmapshare_sink_create(); nobody is using it any more
 *
 * When this returns the callback is not running, and will not be called. The name
 * is gone; a program that is producer is told that there is no consumer.
 *
 * Context: process context, may sleep; not from the callback.
 */
void mmapshare_sink_put(struct mmapshare_sink *sink)
{
	struct mms_region *r = sink->ep.region;

	/* from here on nobody schedules the work but itself */
	mms_ring_detach(&sink->ep);
	cancel_work_sync(&sink->work);
	mms_name_drop(r);
	mms_region_put(r);
	kvfree(sink->record);
	kfree(sink);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_put, MMS_NS);

/**
 * mmapshare_sink_file - a file by which a program can become the producer
 * @sink: the ring
 *
 * Context: process context, may sleep.
 * Return: the file, as mmapshare_source_file(), or an ERR_PTR().
 */
struct file *mmapshare_sink_file(struct mmapshare_sink *sink)
{
	return mms_kernel_file(sink->ep.region, O_RDWR);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_file, MMS_NS);

/**
 * mmapshare_sink_read - get the next record, if there is one
 * @sink: the ring, which has no callback
 * @record: where to copy it to
 * @max: bytes at most
 *
 * Context: any but NMI; one caller at a time. Never waits.
 * Return: bytes of the record, which may be 0; -EAGAIN if there is none;
 * -EMSGSIZE if it was longer than @max, and was passed by.
 */
int mmapshare_sink_read(struct mmapshare_sink *sink, void *record, u32 max)
{
	if (WARN_ON_ONCE(sink->consume))
		return -EAGAIN;
	return mms_sink_take(sink, record, max);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_sink_read, MMS_NS);
