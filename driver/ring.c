// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: their memory, and who takes part.
 *
 * Every position, length and size here may have been stored by a program. They
 * are read once, lead nowhere outside the ring, and nothing is believed of them
 * but what whoever stored them would suffer from himself.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "compat.h"
#include "map.h"
#include "ring.h"
#include "trace.h"

static_assert(sizeof(struct mmapshare_ring) <= PAGE_SIZE);
static_assert(sizeof(struct mmapshare_record) == MMS_RECORD_ALIGN);

/* What is in a ring of @size bytes of records, besides these, in pages. */
static unsigned long mms_ring_front_pages(unsigned int consumers)
{
	return 1 + consumers + 1;
}

/**
 * mms_ring_geometry - how large is a ring
 * @size: in: bytes of records wanted, not 0; out: what that becomes
 * @consumers: at most, and all right
 *
 * Return: bytes of the region, or 0 if it would be too large.
 */
u64 mms_ring_geometry(u64 *size, unsigned int consumers)
{
	if (*size > MMAPSHARE_RING_SIZE_MAX)
		return 0;
	*size = max_t(u64, roundup_pow_of_two(*size), PAGE_SIZE);
	return *size + ((u64)mms_ring_front_pages(consumers) << PAGE_SHIFT);
}

static void mms_ring_init_head(struct mms_ring *ring)
{
	const u64 front = (u64)mms_ring_front_pages(ring->consumers_max) << PAGE_SHIFT;

	*ring->head = (struct mmapshare_ring) {
		.magic = MMAPSHARE_RING_MAGIC,
		.version = MMAPSHARE_RING_VERSION,
		.length = sizeof(*ring->head),
		.flags = ring->flags,
		.consumers_max = ring->consumers_max,
		.data_size = ring->size,
		.data_offset = front,
		.map_size = front + 2 * ring->size,
		.producer_offset = front - PAGE_SIZE,
		.cursor_offset = PAGE_SIZE,
		.cursor_stride = PAGE_SIZE,
		.record_max = mms_record_max(ring->size),
	};
}

/* What a part stores to: its page, and the records, both times, if it makes them. */
void mms_endpoint_writable_range(const struct mms_endpoint *ep, u64 *offset, u64 *size)
{
	const struct mmapshare_ring *head = ep->region->ring->head;

	if (ep->producer) {
		*offset = head->producer_offset;
		*size = head->map_size - head->producer_offset;
	} else {
		*offset = head->cursor_offset + ep->cursor * head->cursor_stride;
		*size = head->cursor_stride;
	}
}

static bool mms_endpoint_may_write(const struct mms_endpoint *ep, const struct vm_area_struct *vma)
{
	const u64 first = (u64)vma->vm_pgoff << PAGE_SHIFT;
	u64 offset, size;

	if (!ep)
		return false;
	mms_endpoint_writable_range(ep, &offset, &size);
	return first >= offset &&
	       mms_range_ok(size, first - offset, vma->vm_end - vma->vm_start);
}

/*
 * mms_ring_may_map - may this be mapped of a ring?
 * @f: what is mapped is open as
 * @vma: inside the ring, or the doorbell
 *
 * Return: 0, and if it may not be writable now it never will be; -EINVAL for
 * MAP_PRIVATE, where nobody would see stores; -EACCES.
 */
static int mms_ring_may_map(const struct mms_file *f, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff == MMS_DOORBELL_PGOFF && !f->ep)
		return 0;
	if (vma->vm_flags & VM_WRITE)
		return mms_endpoint_may_write(f->ep, vma) ? 0 : -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

static void mms_ring_revoked(struct mms_region *r)
{
	mms_ring_wake_all(r->ring);
}

static const struct mms_region_ops mms_ring_ops = {
	.may_map = mms_ring_may_map,
	.revoked = mms_ring_revoked,
};

/**
 * mms_ring_create - make a region that is a ring
 * @flags: MMAPSHARE_RING_*
 * @size: bytes of records, as mms_ring_geometry() gave them
 * @consumers: at most, 1 to MMAPSHARE_RING_CONSUMERS_MAX
 *
 * Return: as mms_region_create(). May sleep.
 */
struct mms_region *mms_ring_create(u32 flags, u64 size, unsigned int consumers)
{
	const u64 total = mms_ring_geometry(&size, consumers);
	struct mms_region *r;
	struct mms_ring *ring;

	ring = kzalloc(sizeof(*ring), GFP_KERNEL_ACCOUNT);
	if (!ring)
		return ERR_PTR(-ENOMEM);
	r = mms_region_create(total, size,
			      mms_strategy_by_id(MMAPSHARE_STRATEGY_FAULT));
	if (IS_ERR(r)) {
		kfree(ring);
		return r;
	}
	ring->flags = flags;
	ring->size = size;
	ring->consumers_max = consumers;
	ring->head = r->mem.vaddr;
	ring->data = r->mem.vaddr + (total - size);
	ring->p = ring->data - PAGE_SIZE;
	mutex_init(&ring->attach);
	spin_lock_init(&ring->lock);
	mms_ring_init_head(ring);
	r->ring = ring;
	r->ring_flags = flags;
	r->ops = &mms_ring_ops;
	return r;
}

void mms_endpoint_init(struct mms_endpoint *ep, struct mms_region *r, bool producer)
{
	ep->region = r;
	ep->producer = producer;
	init_waitqueue_head(&ep->waiters);
}

/*
 * The number of the record at @pos, or -EAGAIN if that has been overwritten
 * meanwhile.
 */
static int mms_ring_read_seq(const struct mms_ring *ring, u64 pos, u64 *number)
{
	const u32 low = READ_ONCE(mms_record(ring, pos)->seq);

	*number = mms_extend_seq(low, READ_ONCE(ring->p->seq));
	/* pairs with the fence between a new tail and the stores behind it */
	smp_rmb();
	return mms_pos_reached(pos, READ_ONCE(ring->p->oldest_pos)) ? 0 : -EAGAIN;
}

/*
 * @to if records lead there from @from, else @from: what a consumer has stored is
 * not where another one begins unless it can be.
 */
static u64 mms_ring_walk(const struct mms_ring *ring, u64 from, u64 to)
{
	unsigned long n = 0;
	u64 pos = from;

	if (to - from > ring->size)
		return from;
	while (pos != to) {
		u64 step = mms_record_step(READ_ONCE(mms_record(ring, pos)->length));

		if (step > to - pos)
			return from;
		pos += step;
		if (!(++n % 1024))
			cond_resched();
	}
	return to;
}

/*
 * Where a consumer begins. In a lossless ring its cursor holds up the producer
 * already, at the tail or before.
 */
static u64 mms_ring_first_pos(const struct mms_ring *ring, u64 min_pos, bool latest)
{
	u64 oldest;

	/* after "consumers"; pairs with the fence of who has stored a new tail */
	smp_mb();
	oldest = READ_ONCE(ring->p->oldest_pos);
	if (latest)
		return mms_producer_pos(ring);
	return mms_is_lossless(ring) ? mms_ring_walk(ring, oldest, min_pos) : oldest;
}

/* A producer that is that fast in a ring so small is a malicious one. */
#define MMS_ATTACH_TRIES	1000

static int mms_ring_init_cursor(struct mms_ring *ring, struct mms_endpoint *c, u64 min_pos,
			  bool latest)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	unsigned int tries = 0;
	u64 pos, number;

	do {
		if (tries++ == MMS_ATTACH_TRIES)
			return -EBADMSG;
		pos = mms_ring_first_pos(ring, min_pos, latest);
	} while (mms_ring_read_seq(ring, pos, &number));

	if (!IS_ALIGNED(pos, MMS_RECORD_ALIGN) ||
	    !mms_pos_reached(READ_ONCE(ring->p->pos), pos))
		return -EBADMSG;
	WRITE_ONCE(cursor->seq, number);
	/* from here on the producer keeps no more than it has to */
	smp_store_release(&cursor->pos, pos);
	return 0;
}

/* @min_pos: what others need, and it may have as well. */
static int mms_ring_add_consumer(struct mms_ring *ring, struct mms_endpoint *c, u64 *min_pos)
{
	struct mmapshare_ring_cursor *cursor;
	unsigned long flags;
	int ret = -ENOSPC;
	unsigned int i;

	spin_lock_irqsave(&ring->lock, flags);
	for (i = 0; i < ring->consumers_max && ring->consumers[i]; i++)
		;
	if (i == ring->consumers_max)
		goto unlock;
	*min_pos = mms_ring_min_pos(ring);
	c->cursor = i;
	cursor = mms_cursor(ring, i);
	memset(cursor, 0, sizeof(*cursor));
	WRITE_ONCE(cursor->pos, READ_ONCE(ring->p->oldest_pos));
	ring->consumers[i] = c;
	ring->active |= BIT_ULL(i);
	ring->had_consumers = true;
	/* after its position; pairs with the acquire of the producer */
	smp_store_release(&ring->head->consumers, ring->active);
	mms_ring_update_wake_pos(ring);
	ret = 0;
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

static void mms_ring_del_consumer(struct mms_ring *ring, struct mms_endpoint *c)
{
	unsigned long flags;

	spin_lock_irqsave(&ring->lock, flags);
	mms_ring_deactivate(ring, c);
	ring->consumers[c->cursor] = NULL;
	/* it may have been all that the producer waited for, or the last */
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
}

static int mms_ring_attach_consumer(struct mms_ring *ring, struct mms_endpoint *c, bool latest)
{
	u64 min_pos;
	int ret = mms_ring_add_consumer(ring, c, &min_pos);

	if (ret)
		return ret;
	ret = mms_ring_init_cursor(ring, c, min_pos, latest);
	if (ret)
		mms_ring_del_consumer(ring, c);
	else
		/* who begins further on needs less than was kept for him till now */
		mms_ring_wake_producer(ring);
	return ret;
}

/* The kernel is where it was: what the producer before has left does not count. */
static void mms_ring_reset(struct mms_ring *ring)
{
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, 0);

	mms_record(ring, cursor->pos)->seq = cursor->seq;
	*ring->p = (struct mmapshare_ring_producer) {
		.pos = cursor->pos,
		.oldest_pos = cursor->pos,
		.seq = cursor->seq,
	};
	/* pairs with the acquire of the consumer */
	smp_store_release(&ring->producer_corrupt, false);
}

static bool mms_ring_is_consistent(const struct mms_ring *ring)
{
	const u64 head = READ_ONCE(ring->p->pos);

	return !ring->producer_corrupt && IS_ALIGNED(head, MMS_RECORD_ALIGN) &&
	       mms_pos_ok(READ_ONCE(ring->p->oldest_pos), head, ring->size);
}

/*
 * Who was killed between a new tail and his second look at the cursors may have
 * left it ahead of a consumer. Nothing was stored over then.
 */
static void mms_ring_repair_oldest_pos(struct mms_ring *ring)
{
	const u64 min_pos = mms_ring_min_pos(ring);

	if (mms_is_lossless(ring) && !mms_pos_reached(min_pos, READ_ONCE(ring->p->oldest_pos)))
		WRITE_ONCE(ring->p->oldest_pos, min_pos);
}

static int mms_ring_attach_producer(struct mms_ring *ring, struct mms_endpoint *p)
{
	unsigned long flags;
	int ret = -EBUSY;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->producer)
		goto unlock;
	ret = -EBADMSG;
	/* finds out, too, if the one before has gone back behind the kernel */
	if (mms_ring_is_consistent(ring))
		mms_ring_repair_oldest_pos(ring);
	if (!mms_ring_is_consistent(ring) && ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER)
		mms_ring_reset(ring);
	if (!mms_ring_is_consistent(ring))
		goto unlock;
	ring->producer = p;
	WRITE_ONCE(ring->head->producer_state, MMAPSHARE_RING_PRODUCER_ATTACHED);
	/* who ignored the one before begins to listen */
	if (ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER)
		mms_endpoint_wake(ring->consumers[0]);
	ret = 0;
unlock:
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/**
 * mms_ring_attach - take part in a ring
 * @ep: initialized
 * @latest: a consumer that begins with what comes from now on
 *
 * May sleep.
 *
 * Return: 0; -EBUSY if there is a producer already; -ENOSPC if there is no
 * cursor left; -EBADMSG if a program has stored what cannot be.
 */
int mms_ring_attach(struct mms_endpoint *ep, bool latest)
{
	struct mms_ring *ring = ep->region->ring;
	int ret;

	mutex_lock(&ring->attach);
	if (ep->producer)
		ret = mms_ring_attach_producer(ring, ep);
	else
		ret = mms_ring_attach_consumer(ring, ep, latest);
	mutex_unlock(&ring->attach);
	trace_mmapshare_ring_attach(ep, ret);
	return ret;
}

/* Take part no longer. What it has stored is there for the others. May sleep. */
void mms_ring_detach(struct mms_endpoint *ep)
{
	struct mms_ring *ring = ep->region->ring;
	unsigned long flags;

	trace_mmapshare_ring_detach(ep, ep->corrupt ? -EBADMSG : 0);
	mutex_lock(&ring->attach);
	if (ep->producer) {
		spin_lock_irqsave(&ring->lock, flags);
		ring->producer = NULL;
		/* after its last position; pairs with mms_check_records() */
		smp_store_release(&ring->head->producer_state, MMAPSHARE_RING_PRODUCER_DETACHED);
		spin_unlock_irqrestore(&ring->lock, flags);
		mms_ring_wake_all(ring);
	} else {
		mms_ring_del_consumer(ring, ep);
	}
	mutex_unlock(&ring->attach);
}
