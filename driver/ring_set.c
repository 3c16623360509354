// SPDX-License-Identifier: GPL-2.0
/*
 * Ring sets: attaching endpoints of programs, to a ring, or to all rings of a set.
 *
 * A set is a region that has several complete rings, one behind the other. Each of
 * them works as any other ring does, with a lock of its own. A consumer of the set
 * is an array of endpoints, one in each ring, that have the same cursor and share a
 * queue of waiters. A producer is an endpoint in one of the rings.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/types.h>
#include "ring_named.h"
#include "trace.h"

/**
 * mms_set_init - initialize zeroed endpoints, to be attached
 * @ep: the endpoint, or an array for all rings of a set
 * @n: number of elements
 * @r: the region; the caller has a reference, and keeps it
 * @producer: whether @ep is a producer; then @n is 1
 * @member: index of the ring, if @n is 1
 * @may_lose: a consumer that does not hold back the producer of a lossless ring
 *
 * Context: any.
 */
void mms_set_init(struct mms_endpoint *ep, unsigned int n, struct mms_region *r,
		  bool producer, unsigned int member, bool may_lose)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		mms_endpoint_init(&ep[i], r, producer);
		ep[i].ring = mms_ring_member(r, n > 1 ? i : member);
		ep[i].waiters = &ep->own_waiters;
		ep[i].may_lose = may_lose && mms_is_lossless(ep[i].ring);
	}
	ep->members = n;
}

/* Undo mms_set_claim_cursor(). */
static void mms_set_unclaim(const struct mms_place *places, unsigned int n)
{
	while (n--)
		mms_consumer_unclaim(&places[n]);
}

/*
 * Get the cursor that the first endpoint gets of @allowed in all rings. Return: 0;
 * or a negative errno, with that cursor in @ep->cursor if @taken.
 */
static int mms_set_claim_cursor(struct mms_endpoint *ep, u64 allowed, struct mms_start *start,
				struct mms_place *places, bool *taken)
{
	unsigned int i;
	int ret = 0;

	*taken = false;
	for (i = 0; i < ep->members; i++) {
		places[i] = (struct mms_place){
			.start = start,
			.c = &ep[i],
			.allowed = i ? BIT_ULL(ep->cursor) : allowed,
		};
		ret = mms_consumer_claim(&places[i]);
		if (ret)
			break;
		cond_resched();
	}
	if (!ret)
		return 0;
	*taken = i && ret == -ENOSPC && !places[0].existed;
	mms_set_unclaim(places, i);
	return ret;
}

/*
 * Get the same cursor in all rings. One that is free in the first ring may be in use
 * in another, by a consumer of that ring alone: then try the next.
 */
static int mms_set_claim(struct mms_endpoint *ep, struct mms_start *start,
			 struct mms_place *places)
{
	u64 allowed = ~0ULL;
	bool taken;
	int ret;

	do {
		ret = mms_set_claim_cursor(ep, allowed, start, places, &taken);
		if (taken)
			allowed &= ~BIT_ULL(ep->cursor);
	} while (taken);
	return ret;
}

/* The same by a name, which the same cursor of each ring has, or gets. */
static int mms_set_claim_named(struct mms_endpoint *ep, struct mms_start *start,
			       struct mms_place *places)
{
	struct mutex *names_lock = &ep->region->ring->names_lock;
	int ret = mutex_lock_killable(names_lock);

	if (ret)
		return ret;
	ret = mms_set_claim(ep, start, places);
	mutex_unlock(names_lock);
	return ret;
}

/*
 * Give the endpoints of a consumer their first positions. A ring that is corrupt, or in
 * which the name is, must not keep the consumer from the others: that endpoint is
 * attached nevertheless, and corrupt. Return: 0; -EBADMSG if all are; the other errnos of
 * mms_consumer_begin().
 */
static int mms_set_begin(struct mms_place *places, unsigned int n)
{
	unsigned int i, corrupt = 0;

	for (i = 0; i < n; i++) {
		const int ret = mms_consumer_begin(&places[i]);

		if (ret && ret != -EBADMSG)
			return ret;
		corrupt += !!ret;
		cond_resched();
	}
	if (corrupt == n)
		return -EBADMSG;
	for (i = 0; corrupt && i < n; i++)
		if (!places[i].settled)
			mms_consumer_set_corrupt(&places[i]);
	return 0;
}

/*
 * Attach the endpoints of a consumer. All have a provisional position before the
 * first one begins to look for its own, which may take long in a lossless ring.
 */
static int mms_set_attach_all(struct mms_endpoint *ep, struct mms_start *start)
{
	struct mms_place *places = kvcalloc(ep->members, sizeof(*places), GFP_KERNEL_ACCOUNT);
	unsigned int i;
	int ret;

	if (!places)
		return -ENOMEM;
	ret = start->name ? mms_set_claim_named(ep, start, places) :
			    mms_set_claim(ep, start, places);
	if (ret)
		goto free;
	ret = mms_set_begin(places, ep->members);
	if (ret)
		mms_set_unclaim(places, ep->members);
free:
	kvfree(places);
	if (ret == -ENODEV && !mms_revoked(ep->region))
		ret = -EIO;
	for (i = 0; i < ep->members; i++)
		trace_mmapshare_ring_attach(&ep[i], ret ?: READ_ONCE(ep[i].corrupt) ? -EBADMSG : 0);
	return ret;
}

/*
 * Attach a producer to the first ring that has none. One whose last producer has left
 * it corrupt stays unused. Return: -EBUSY if there is none; else as
 * mms_ring_attach().
 */
static int mms_set_attach_producer(struct mms_endpoint *ep)
{
	struct mms_region *r = ep->region;
	unsigned int i;
	int ret;

	for (i = 0; i < r->members; i++) {
		ep->ring = &r->ring[i];
		ret = mms_ring_attach(ep, false);
		if (ret != -EBUSY && ret != -EBADMSG)
			return ret;
		cond_resched();
	}
	return -EBUSY;
}

/**
 * mms_set_attach - attach an endpoint, or those of a set, to its rings
 * @ep: from mms_set_init()
 * @start: as for mms_ring_attach_at(); for all rings of a set without
 *	MMAPSHARE_RING_ATTACH_SEQ
 *
 * The caller must call mms_set_detach() after success.
 *
 * Context: process context, may sleep.
 * Return: as mms_ring_attach_at(); -ENOMEM.
 */
int mms_set_attach(struct mms_endpoint *ep, struct mms_start *start)
{
	if (ep->members > 1)
		return mms_set_attach_all(ep, start);
	if (ep->producer && ep->region->members && !(start->flags & MMAPSHARE_RING_ATTACH_MEMBER))
		return mms_set_attach_producer(ep);
	return mms_ring_attach_at(ep, start);
}

/**
 * mms_set_confirm - the program has got the endpoint, or those of a set
 * @ep: the endpoint, or the first one, attached
 *
 * Context: process context.
 */
void mms_set_confirm(const struct mms_endpoint *ep)
{
	unsigned int i;

	for (i = 0; i < ep->members; i++)
		mms_named_confirm(&ep[i]);
}

/**
 * mms_set_detach - detach an endpoint, or those of a set, from its rings
 * @ep: the endpoint, or the first one, attached
 *
 * Context: process context, may sleep.
 */
void mms_set_detach(struct mms_endpoint *ep)
{
	unsigned int i;

	for (i = 0; i < ep->members; i++) {
		mms_ring_detach(&ep[i]);
		cond_resched();
	}
}

/**
 * mms_set_wake_peers - wake the peers of an endpoint, or of those of a set
 * @ep: the endpoint, or the first one, which has published its positions
 *
 * Context: process context.
 */
void mms_set_wake_peers(const struct mms_endpoint *ep)
{
	unsigned int i;

	for (i = 0; i < ep->members; i++)
		mms_ring_wake_peers(&ep[i]);
}
