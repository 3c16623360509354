// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: creating them, and which parts an endpoint may map.
 */
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "map.h"
#include "range.h"
#include "ring_named.h"

static_assert(sizeof(struct mmapshare_ring) <= PAGE_SIZE);
static_assert(sizeof(struct mmapshare_record) == MMS_RECORD_ALIGN);

/* Pages before the records: the head, the cursors, the producer's page. */
static unsigned long mms_ring_front_pages(unsigned int consumers)
{
	return 1 + consumers + 1;
}

/**
 * mms_ring_geometry - round the size of a ring, and compute that of its region
 * @size: in: bytes of records wanted, not 0; out: rounded up to a power of two
 *	of at least a page
 * @consumers: number of cursors, 1 to MMAPSHARE_RING_CONSUMERS_MAX
 *
 * Context: any.
 * Return: bytes of the region; 0 if @size is larger than
 * MMAPSHARE_RING_SIZE_MAX.
 */
u64 mms_ring_geometry(u64 *size, unsigned int consumers)
{
	if (*size > MMAPSHARE_RING_SIZE_MAX)
		return 0;
	*size = max_t(u64, roundup_pow_of_two(*size), PAGE_SIZE);
	return *size + ((u64)mms_ring_front_pages(consumers) << PAGE_SHIFT);
}

/**
 * mms_ring_geometry_of - the same for all properties, which are completed
 * @params: in: valid properties; out: @size rounded up, @members and @per_cpu of a
 *	set with one ring for each possible CPU
 *
 * Context: any.
 * Return: bytes of the region; 0 if @size, or that, is too large.
 */
u64 mms_ring_geometry_of(struct mms_ring_params *params)
{
	u64 bytes = mms_ring_geometry(&params->size, params->consumers);

	if (!(params->flags & MMAPSHARE_RING_SET))
		return bytes;
	if (!params->members) {
		params->members = min_t(u32, nr_cpu_ids, MMAPSHARE_RING_MEMBERS_MAX);
		params->per_cpu = true;
	}
	bytes *= params->members;
	return bytes > MMS_REGION_MAX ? 0 : bytes;
}

/* The first page of a new ring. */
static struct mmapshare_ring mms_ring_head_of(const struct mms_ring *ring,
					      const struct mms_ring_params *params)
{
	const u64 front = (u64)mms_ring_front_pages(ring->consumers_max) << PAGE_SHIFT;
	const u64 stride = params->members ? front + ring->size : 0;

	return (struct mmapshare_ring) {
		.magic = MMAPSHARE_RING_MAGIC,
		.version = MMAPSHARE_RING_VERSION,
		.length = sizeof(struct mmapshare_ring),
		.flags = ring->flags,
		.consumers_max = ring->consumers_max,
		.features = ring->features,
		.data_size = ring->size,
		.data_offset = front,
		.map_size = front + ring->size,
		.producer_offset = front - PAGE_SIZE,
		.cursor_offset = PAGE_SIZE,
		.cursor_stride = PAGE_SIZE,
		.record_max = mms_record_max(ring->size) - mms_info_bytes(ring->features),
		.consumers_per_uid = ring->consumers_per_uid,
		.consumers_reserved = ring->consumers_reserved,
		.evict_ns = ring->evict_ns,
		.generation = ring->generation,
		.members = params->members,
		.member = stride ? ring->base / stride : 0,
		.stride = stride,
	};
}

/**
 * mms_endpoint_writable_range - which part of the ring may an endpoint write?
 * @ep: the endpoint, attached
 * @offset: out: offset in the region, a multiple of PAGE_SIZE
 * @size: out: bytes, a multiple of PAGE_SIZE
 *
 * A consumer writes the page of its cursor; the producer its page and, right
 * behind it, the records. Of a set only the range in the ring of @ep is returned.
 *
 * Context: any.
 */
void mms_endpoint_writable_range(const struct mms_endpoint *ep, u64 *offset, u64 *size)
{
	const struct mms_ring *ring = ep->ring;

	if (ep->producer) {
		*offset = (u64)(mms_ring_front_pages(ring->consumers_max) - 1) << PAGE_SHIFT;
		*size = PAGE_SIZE + ring->size;
	} else {
		*offset = (ep->cursor + 1ULL) << PAGE_SHIFT;
		*size = PAGE_SIZE;
	}
	*offset += ring->base;
}

/* Bytes of a ring in its region. */
static u64 mms_ring_bytes(const struct mms_region *r)
{
	return r->members ? r->size / r->members : r->size;
}

static bool mms_endpoint_may_write(const struct mms_endpoint *ep, const struct mms_mapping *m)
{
	const u64 start = (u64)m->pgoff << PAGE_SHIFT;
	u64 offset, size;

	/* the doorbell is behind the region */
	if (!ep || start >= ep->region->size)
		return false;
	if (ep->members > 1)
		ep += start / mms_ring_bytes(ep->region);
	mms_endpoint_writable_range(ep, &offset, &size);
	return start >= offset &&
	       mms_range_ok(size, start - offset, m->end - m->start);
}

/* Only a consumer of all rings of a set may map the others through its endpoint. */
static bool mms_endpoint_may_read(const struct mms_endpoint *ep, const struct mms_mapping *m)
{
	const u64 start = (u64)m->pgoff << PAGE_SHIFT;

	if (!ep || ep->members > 1)
		return true;
	return start >= ep->ring->base &&
	       mms_range_ok(mms_ring_bytes(ep->region), start - ep->ring->base,
			    m->end - m->start);
}

/*
 * struct mms_region_ops, @may_map. @m is inside the ring or is its doorbell.
 * A mapping of the ring that is not writable now can never become so by
 * mprotect(). MAP_PRIVATE is refused, because its stores would reach no other
 * endpoint. The doorbell may be written through any file that is not an
 * endpoint.
 *
 * Only its consumer maps a cursor writable, and get_user_pages() refuses that mapping:
 * with a pin, the consumer could store to the page when it belongs to another one.
 *
 * Return: 0; -EINVAL for MAP_PRIVATE; -EACCES for a writable mapping that is
 * not inside mms_endpoint_writable_range(), and for one of another ring of the set.
 */
static int mms_ring_may_map(const struct mms_file *f, struct mms_mapping *m)
{
	if (!(m->flags & VM_MAYSHARE))
		return -EINVAL;
	if (m->pgoff == MMS_DOORBELL_PGOFF && !f->ep)
		return 0;
	if (m->pgoff != MMS_DOORBELL_PGOFF && !mms_endpoint_may_read(f->ep, m))
		return -EACCES;
	if (m->flags & VM_WRITE) {
		if (!mms_endpoint_may_write(f->ep, m))
			return -EACCES;
		m->unpinnable = !f->ep->producer;
		return 0;
	}
	m->flags &= ~VM_MAYWRITE;
	return 0;
}

static void mms_ring_stop_one(struct mms_ring *ring, bool memory_failed)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	WRITE_ONCE(ring->revoked, true);
	/*
	 * A kernel consumer may still take the records of a revoked ring, but
	 * none after a memory failure.
	 */
	if (memory_failed)
		WRITE_ONCE(ring->memory_failed, true);
	mms_ring_consumers_changed(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
	mms_ring_wake_all(ring);
}

/*
 * Wake all, and no longer use the pages. A set is stopped as a whole: its
 * consumers wait for all of its rings.
 */
static void mms_ring_stop(struct mms_region *r, bool memory_failed)
{
	unsigned int i;

	for (i = 0; i < max(r->members, 1U); i++)
		mms_ring_stop_one(&r->ring[i], memory_failed);
	/*
	 * Pairs with rcu_read_lock() in mms_endpoint_pos(), and in
	 * ring_seek.c.
	 */
	synchronize_rcu_expedited();
}

static void mms_ring_revoked(struct mms_region *r)
{
	mms_ring_stop(r, false);
}

static void mms_ring_memory_failed(struct mms_region *r)
{
	mms_ring_stop(r, true);
}

static void mms_ring_release(struct mms_region *r)
{
	unsigned int i;

	for (i = 0; i < max(r->members, 1U); i++)
		mms_named_free_all(&r->ring[i]);
	kvfree(r->ring);
}

static const struct mms_region_ops mms_ring_ops = {
	.may_map = mms_ring_may_map,
	.revoked = mms_ring_revoked,
	.memory_failed = mms_ring_memory_failed,
	.release = mms_ring_release,
};

/*
 * Store the first page of a new ring, unless the ring is in reserved memory, and goes
 * on there. Reserved memory has bytes of an earlier use, which programs that may
 * attach need not be allowed to see: they are cleared. Return: 0; -ENODATA if there
 * is no ring that goes on, and there must be; -ENOMEM.
 */
static int mms_ring_begin(struct mms_ring *ring, const struct mms_ring_params *params)
{
	const struct mmapshare_ring head = mms_ring_head_of(ring, params);
	int ret = 0;

	if (params->range && mms_ring_resume(ring, &head, params->range))
		return 0;
	if (params->must_exist)
		return -ENODATA;
	if (params->range)
		ret = mms_range_clear(params->range);
	if (!ret)
		*ring->head = head;
	return ret;
}

/*
 * @head: the kernel address of the ring, which the mirror of its records follows.
 * Return: as mms_ring_begin().
 */
static int mms_ring_init(struct mms_ring *ring, const struct mms_ring_params *params,
			 u64 generation, u64 base, void *head)
{
	ring->flags = params->flags;
	ring->base = base;
	ring->size = params->size;
	ring->consumers_max = params->consumers;
	ring->features = params->features;
	ring->generation = generation;
	mms_ring_init_policy(ring, params);
	mms_ring_init_eviction(ring, params->evict_ns);
	ring->producer_nr = 1;
	ring->head = head;
	ring->p = head + ((u64)mms_ring_front_pages(params->consumers) << PAGE_SHIFT) - PAGE_SIZE;
	ring->data = (void *)ring->p + PAGE_SIZE;
	mutex_init(&ring->names_lock);
	spin_lock_init(&ring->lock);
	return mms_ring_begin(ring, params);
}

/**
 * mms_ring_create - create a region that is a ring, or a ring set
 * @params: its properties, for which mms_ring_params_ok(); completed as by
 *	mms_ring_geometry_of(), which does not return 0
 *
 * Context: process context, may sleep.
 * Return: as mms_region_create_parts(); -ENODATA if @params->must_exist, and the
 * range has no such ring. After a failure @params->range was given back.
 */
struct mms_region *mms_ring_create(struct mms_ring_params *params)
{
	const u64 total = mms_ring_geometry_of(params);
	const struct mms_layout layout = {
		.size = total,
		.parts = max(params->members, 1U),
		.mirrored = params->size,
		.per_cpu = params->per_cpu,
		.range = params->range,
	};
	const u64 bytes = total / layout.parts;
	struct mms_region *r;
	struct mms_ring *ring;
	u64 generation;
	unsigned int i;
	int ret = 0;

	ring = kvcalloc(layout.parts, sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring) {
		mms_range_put(params->range);
		return ERR_PTR(-ENOMEM);
	}
	r = mms_region_create_parts(&layout, mms_strategy_by_id(params->range ?
								MMAPSHARE_STRATEGY_RESERVED :
								MMAPSHARE_STRATEGY_FAULT));
	if (IS_ERR(r)) {
		kvfree(ring);
		return r;
	}
	do
		generation = get_random_u64();
	while (!generation);
	for (i = 0; !ret && i < layout.parts; i++)
		ret = mms_ring_init(&ring[i], params, generation, i * bytes,
				    r->mem.parts + i * (bytes + params->size));
	if (ret) {
		mms_region_put(r);
		kvfree(ring);
		return ERR_PTR(ret);
	}
	r->ring = ring;
	r->members = params->members;
	r->ring_flags = params->flags;
	r->ops = &mms_ring_ops;
	return r;
}
