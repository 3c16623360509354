// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer of a ring: creating the ring, and giving programs access
 * to it. ring_source.c publishes records.
 */
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "ring_source.h"

#define MMS_SOURCE_FLAGS	(MMAPSHARE_OVERWRITE | MMAPSHARE_MULTI_PRODUCER | \
				 MMAPSHARE_READERS_HOLD)

/**
 * mms_source_create_region - create the ring, or the ring set, of the kernel
 * @params: its properties
 * @flags: 0 or MMAPSHARE_RING_SET
 *
 * Context: process context, may sleep.
 * Return: the region with one reference; or an ERR_PTR(), as
 * mmapshare_source_create().
 */
struct mms_region *mms_source_create_region(const struct mmapshare_params *params, u32 flags)
{
	flags |= MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_PRODUCER;
	if (params->flags & ~MMS_SOURCE_FLAGS ||
	    (params->flags & MMAPSHARE_OVERWRITE && params->flags & MMAPSHARE_READERS_HOLD))
		return ERR_PTR(-EINVAL);
	if (params->flags & MMAPSHARE_OVERWRITE)
		flags |= MMAPSHARE_RING_OVERWRITE;
	if (params->flags & MMAPSHARE_READERS_HOLD)
		flags |= MMAPSHARE_RING_READERS_HOLD;
	return mms_kernel_create_ring(params, flags, params->consumers);
}

/**
 * mms_source_init - attach the kernel as producer of a new ring, or of one found
 * @source: zeroed
 * @r: the region, not visible yet
 * @ring: a ring of @r
 * @nesting: one counter per CPU, if there are several producers; else NULL
 *
 * Context: process context, may sleep.
 */
void mms_source_init(struct mmapshare_source *source, struct mms_region *r,
		     struct mms_ring *ring, int __percpu *nesting)
{
	raw_spin_lock_init(&source->lock);
	source->nesting = nesting;
	ring->multi_producer = nesting;
	source->ring = ring;
	source->data = ring->data;
	source->p = ring->p;
	source->mask = ring->size - sizeof(struct mmapshare_record);
	source->features = ring->features;
	source->info = mms_info_bytes(source->features);
	source->record_max = mms_record_max(ring->size) - source->info;
	/* 0, unless the ring goes on in reserved memory */
	source->head = ring->p->pos;
	source->oldest_pos = ring->p->oldest_pos;
	source->limit = source->oldest_pos;
	source->seq = ring->p->seq;
	source->overwritten = ring->p->overwritten;
	mms_endpoint_init(&source->ep, r, true);
	source->ep.ring = ring;
	/* cannot fail: the ring is new and not visible yet */
	mms_ring_attach(&source->ep, false);
}

/* Detach the producer. No call with @source is in progress or follows. May sleep. */
void mms_source_detach(struct mmapshare_source *source)
{
	mms_source_unwatch(source);
	irq_work_sync(&source->ep.notify);
	mms_ring_detach(&source->ep);
}

/**
 * mmapshare_source_create - create a ring whose producer is the kernel
 * @params: properties of the ring
 *
 * If @params->name is set, programs can open the ring by the time this returns.
 *
 * With @params->reserved, a ring of the same properties that an earlier source has
 * left there goes on: its records are before the first one of this source, and it has
 * the same generation, unless records may be missing at its end. Records that were
 * reserved and not committed are discarded. Without such a ring, the whole range is
 * cleared.
 *
 * Context: process context, may sleep.
 * Return: the source, to be released with mmapshare_source_put(); or an
 * ERR_PTR(): -EINVAL for invalid @params; -ERANGE if the size is larger than
 * MMAPSHARE_RING_SIZE_MAX; -EEXIST if the name is in use; -ENOSPC if no minor
 * number is left; -ENOMEM; -EINTR if the task was killed. With @params->reserved
 * also -ENOENT if there is no such range; -EBUSY if it is in use; -ENOSPC if it is
 * too small; -EOPNOTSUPP if it is not cached memory with a struct page.
 */
struct mmapshare_source *mmapshare_source_create(const struct mmapshare_params *params)
{
	int __percpu *nesting = NULL;
	struct mmapshare_source *source;
	struct mms_region *r;
	int ret;

	source = kzalloc(sizeof(*source), GFP_KERNEL);
	if (!source)
		return ERR_PTR(-ENOMEM);
	ret = -ENOMEM;
	if (params->flags & MMAPSHARE_MULTI_PRODUCER) {
		nesting = alloc_percpu(int);
		if (!nesting)
			goto free;
	}
	r = mms_source_create_region(params, 0);
	if (IS_ERR(r)) {
		ret = PTR_ERR(r);
		goto free_nesting;
	}
	mms_source_init(source, r, r->ring, nesting);
	ret = mms_kernel_add_name(r, params);
	if (ret) {
		mmapshare_source_put(source);
		return ERR_PTR(ret);
	}
	return source;

free_nesting:
	free_percpu(nesting);
free:
	kfree(source);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_create, MMS_NS);

/**
 * mmapshare_source_put - detach the producer and release the ring
 * @source: from mmapshare_source_create(). The caller makes sure that no other
 *	call with it is in progress or follows
 *
 * If the last call of the callback of mmapshare_source_watch() has said that there
 * are consumers, it is called again, to say that there are none.
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

	mms_source_detach(source);
	mms_name_drop(r);
	mms_region_put(r);
	free_percpu(source->nesting);
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
