// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: cursors that have a name. The cursor stays when its consumer detaches, and
 * the next consumer that attaches by the name goes on at its position.
 *
 * While there is no consumer, the position is in the cursor's page as the program
 * has left it. If the cursor keeps records, its bit in ring->active remains: for the
 * producer, for eviction and for other consumers nothing changes. Otherwise no bit
 * is set, as if the cursor were free. In either case the cursor counts for the user
 * that has created it.
 *
 * In a ring set the same cursor of each ring has the name.
 *
 * The position is untrusted, like that of a consumer; a new one checks it before it
 * goes on there, see mms_ring_seek_named().
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include "ring_named.h"

/**
 * mms_named_alloc - prepare a name for a cursor that is to be created
 * @c: the consumer for which it is created
 * @name: the name, for which mms_name_ok()
 * @keep_ns: for how long the producer waits for the cursor without a consumer
 *
 * Context: process context, may sleep.
 * Return: the name, owned by the current user; NULL without memory.
 */
struct mms_named *mms_named_alloc(const struct mms_endpoint *c, const char *name, u64 keep_ns)
{
	struct mms_named *named = kzalloc(sizeof(*named), GFP_KERNEL_ACCOUNT);

	if (!named)
		return NULL;
	strscpy(named->name, name, sizeof(named->name));
	named->uid = current_fsuid();
	named->fresh = true;
	named->may_lose = c->may_lose;
	named->keep_ns = c->may_lose || !mms_is_lossless(c->ring) ? 0 : keep_ns;
	named->ep.region = c->region;
	named->ep.ring = c->ring;
	named->ep.members = 1;
	init_waitqueue_head(&named->ep.own_waiters);
	named->ep.waiters = &named->ep.own_waiters;
	return named;
}

/**
 * mms_named_find - find a cursor by its name
 * @ring: the ring, locked
 * @name: the name
 *
 * Context: @ring->lock held.
 * Return: index of the cursor; -ENOENT.
 */
int mms_named_find(const struct mms_ring *ring, const char *name)
{
	unsigned int i;

	lockdep_assert_held(&ring->lock);
	for (i = 0; i < ring->consumers_max; i++)
		if (ring->named[i] && !strcmp(ring->named[i]->name, name))
			return i;
	return -ENOENT;
}

/* As in a sticky directory. @admin: the task has CAP_SYS_ADMIN. */
static bool mms_named_is_own(const struct mms_region *r, const struct mms_named *named,
			     bool admin)
{
	const kuid_t uid = current_fsuid();

	return admin || uid_eq(uid, named->uid) || uid_eq(uid, r->uid);
}

static void mms_named_set_unheld(struct mms_ring *ring, u64 unheld)
{
	ring->unheld = unheld;
	if (!ring->revoked)
		WRITE_ONCE(ring->head->unheld, unheld);
}

/* Can a consumer go on at the position? It may have been overrun there. */
static bool mms_named_pos_ok(const struct mms_ring *ring, unsigned int cursor)
{
	const u64 pos = READ_ONCE(mms_cursor(ring, cursor)->pos);

	return !ring->named[cursor]->ep.corrupt && IS_ALIGNED(pos, MMS_RECORD_ALIGN) &&
	       mms_pos_reached(mms_producer_pos(ring), pos);
}

/**
 * mms_named_check - may a consumer have a cursor that has a name?
 * @place: the consumer
 * @cursor: the cursor
 *
 * Context: process context, @lock of the ring held; the ring is not revoked.
 * Return: 0; -EPERM if the name belongs to another user; -EACCES if it is for
 * consumers that hold back the producer, and this one does not, or if it is for
 * others, and this one must not lose records; -EBUSY if it has a consumer.
 */
int mms_named_check(const struct mms_place *place, unsigned int cursor)
{
	const struct mms_endpoint *c = place->c;
	const struct mms_ring *ring = c->ring;
	const struct mms_named *named = ring->named[cursor];
	const u32 flags = place->start->flags;

	lockdep_assert_held(&ring->lock);
	if (!mms_named_is_own(c->region, named, place->admin))
		return -EPERM;
	if (named->may_lose ? flags & MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE : c->may_lose)
		return -EACCES;
	if (!(ring->unheld & BIT_ULL(cursor)))
		return -EBUSY;
	return 0;
}

/**
 * mms_named_claim - take the state of a cursor for a new consumer
 * @place: the consumer, for which mms_named_check()
 * @cursor: the cursor
 *
 * If the cursor keeps records, it goes on doing so.
 *
 * Context: @lock of the ring held.
 */
void mms_named_claim(struct mms_place *place, unsigned int cursor)
{
	struct mms_ring *ring = place->c->ring;
	struct mmapshare_ring_cursor *words = mms_cursor(ring, cursor);

	lockdep_assert_held(&ring->lock);
	place->existed = true;
	place->kept = ring->active & BIT_ULL(cursor);
	place->corrupt = ring->named[cursor]->ep.corrupt;
	place->pos = READ_ONCE(words->pos);
	place->expected = READ_ONCE(words->seq);
	place->lost = READ_ONCE(words->lost);
	place->counts = !(place->start->flags & MMS_START_FLAGS);
	place->c->may_lose = ring->named[cursor]->may_lose;
	WRITE_ONCE(words->wake_bytes, 0);
	WRITE_ONCE(words->wake_us, 0);
	ring->expiring &= ~BIT_ULL(cursor);
	mms_named_set_unheld(ring, ring->unheld & ~BIT_ULL(cursor));
}

/**
 * mms_named_settle - a consumer of a cursor that has a name has its first position
 * @named: the name
 *
 * Context: process context, @lock of the ring held.
 */
void mms_named_settle(struct mms_named *named)
{
	named->evicted = false;
	named->ep.corrupt = false;
}

/**
 * mms_named_confirm - the program has got the consumer
 * @c: the consumer, attached; it may have no name
 *
 * From now on the name that was created with it stays when it detaches.
 *
 * Context: process context.
 */
void mms_named_confirm(const struct mms_endpoint *c)
{
	unsigned long flags;

	if (!c->named)
		return;
	spin_lock_irqsave(&c->ring->lock, flags);
	c->named->fresh = false;
	spin_unlock_irqrestore(&c->ring->lock, flags);
}

/**
 * mms_named_park - the consumer of a cursor that has a name detaches
 * @ring: the ring, locked
 * @c: the consumer
 *
 * Context: @ring->lock held.
 */
void mms_named_park(struct mms_ring *ring, struct mms_endpoint *c)
{
	const u64 bit = BIT_ULL(c->cursor);
	struct mms_named *named = c->named;

	lockdep_assert_held(&ring->lock);
	if (!named->keep_ns)
		mms_ring_deactivate(ring, c);
	mms_ring_del_may_lose(ring, c);
	if (ring->active & bit && named->keep_ns != MMAPSHARE_RING_KEEP_ALL) {
		ring->expiring |= bit;
		/* the timer may be set for a cursor that has more time */
		if (ring->keeping) {
			cancel_delayed_work(&ring->keep_work);
			schedule_delayed_work(&ring->keep_work, 0);
		}
	}
	named->ep.corrupt |= c->corrupt;
	named->detached_ns = ktime_get_ns();
	named->ep.types = c->types;
	ring->consumers[c->cursor] = &named->ep;
	mms_named_set_unheld(ring, ring->unheld | bit);
}

static u32 mms_named_state(const struct mms_ring *ring, unsigned int cursor)
{
	const struct mms_named *named = ring->named[cursor];
	const u64 bit = BIT_ULL(cursor);
	u32 state = 0;

	if (!(ring->unheld & bit))
		state |= MMAPSHARE_RING_NAME_HELD;
	if (mms_is_lossless(ring) && ring->active & bit)
		state |= MMAPSHARE_RING_NAME_KEEPS;
	if (named->may_lose)
		state |= MMAPSHARE_RING_NAME_MAY_LOSE;
	if (named->evicted || ring->evicted & bit)
		state |= MMAPSHARE_RING_NAME_EVICTED;
	if (ring->unheld & bit ? !mms_named_pos_ok(ring, cursor) : ring->consumers[cursor]->corrupt)
		state |= MMAPSHARE_RING_NAME_CORRUPT;
	return state;
}

static void mms_named_describe(const struct mms_ring *ring, unsigned int cursor,
			       struct mmapshare_ring_name *query)
{
	const struct mmapshare_ring_cursor *words = mms_cursor(ring, cursor);
	const struct mms_named *named = ring->named[cursor];

	query->cursor = cursor;
	query->uid = from_kuid_munged(current_user_ns(), named->uid);
	query->state = mms_named_state(ring, cursor);
	query->pos = READ_ONCE(words->pos);
	query->seq = READ_ONCE(words->seq);
	query->lost = READ_ONCE(words->lost);
	query->keep_ns = named->keep_ns;
	query->unheld_ns = query->state & MMAPSHARE_RING_NAME_HELD ? 0 :
			   ktime_get_ns() - named->detached_ns;
	memcpy(query->name, named->name, sizeof(query->name));
}

static int mms_named_lookup(const struct mms_ring *ring, const struct mmapshare_ring_name *query)
{
	unsigned int i;

	if (!(query->flags & MMAPSHARE_QUERY_NEXT))
		return mms_named_find(ring, query->name);
	for (i = query->cursor; i < ring->consumers_max; i++)
		if (ring->named[i])
			return i;
	return -ENOENT;
}

/**
 * mms_named_query - describe a cursor that has a name
 * @r: the region of the ring, or of a ring set that has a ring @query->member
 * @query: in and out, as <linux/mmapshare.h> describes it, without @size
 *
 * Context: process context.
 * Return: 0; -ENOENT; -ENODEV if the ring was revoked; -EIO if the memory of a page
 * failed.
 */
int mms_named_query(struct mms_region *r, struct mmapshare_ring_name *query)
{
	struct mms_ring *ring = mms_ring_member(r, query->member);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	if (ring->revoked)
		ret = mms_revoked(r) ? -ENODEV : -EIO;
	else
		ret = mms_named_lookup(ring, query);
	if (ret >= 0) {
		mms_named_describe(ring, ret, query);
		ret = 0;
	}
	spin_unlock_irqrestore(&ring->lock, flags);
	return ret;
}

/* Free cursor @i, which has no consumer. Return: the name, to be freed. */
static struct mms_named *mms_named_drop(struct mms_ring *ring, unsigned int i)
{
	struct mms_named *named = ring->named[i];

	mms_ring_deactivate(ring, &named->ep);
	ring->consumers[i] = NULL;
	ring->named[i] = NULL;
	mms_named_set_unheld(ring, ring->unheld & ~BIT_ULL(i));
	/* as when a consumer detaches */
	mms_ring_consumers_changed(ring);
	if (ring->producer && ring->producer->armed)
		mms_endpoint_wake(ring->producer);
	mms_ring_update_wake_pos(ring);
	return named;
}

/*
 * May the current task remove the name from the ring? Return: index of the cursor;
 * -ENOENT; -EPERM; -EBUSY. Called with ring->lock held.
 */
static int mms_named_removable(const struct mms_region *r, const struct mms_ring *ring,
			       const char *name, bool admin)
{
	const int cursor = mms_named_find(ring, name);

	if (cursor < 0)
		return cursor;
	if (!mms_named_is_own(r, ring->named[cursor], admin))
		return -EPERM;
	return ring->unheld & BIT_ULL(cursor) ? cursor : -EBUSY;
}

/* Check the name in one ring, and remove it there if @remove. */
static int mms_named_remove_one(const struct mms_region *r, struct mms_ring *ring,
				const char *name, bool admin, bool remove)
{
	struct mms_named *named = NULL;
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&ring->lock, flags);
	ret = mms_named_removable(r, ring, name, admin);
	if (ret >= 0 && remove)
		named = mms_named_drop(ring, ret);
	spin_unlock_irqrestore(&ring->lock, flags);
	kfree(named);
	return min(ret, 0);
}

/*
 * From all rings of a set, or from none. No consumer attaches by the name meanwhile. One
 * that detaches may have left only some of the rings yet.
 */
static int mms_named_remove_all(const struct mms_region *r, const char *name, bool admin)
{
	const unsigned int n = max(r->members, 1U);
	unsigned int i;
	int ret = 0;

	for (i = 0; i < n && !ret; i++)
		ret = mms_named_remove_one(r, &r->ring[i], name, admin, n == 1);
	for (i = 0; n > 1 && i < n && !ret; i++)
		ret = mms_named_remove_one(r, &r->ring[i], name, admin, true);
	return ret;
}

/**
 * mms_named_remove - remove a name, and free its cursor
 * @r: the region of the ring, or of the ring set
 * @name: the name
 *
 * For the producer this is as if the consumer detached now.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOENT; -EPERM if it belongs to another user, as does the ring;
 * -EBUSY if a consumer is attached by the name; -EINTR if killed.
 */
int mms_named_remove(struct mms_region *r, const char *name)
{
	int ret = mutex_lock_killable(&r->ring->names_lock);

	if (ret)
		return ret;
	ret = mms_named_remove_all(r, name, false);
	if (ret == -EPERM && capable(CAP_SYS_ADMIN))
		ret = mms_named_remove_all(r, name, true);
	mutex_unlock(&r->ring->names_lock);
	return ret;
}

/* Free the names of a ring that is not used any more. */
void mms_named_free_all(struct mms_ring *ring)
{
	unsigned int i;

	for (i = 0; i < ring->consumers_max; i++)
		kfree(ring->named[i]);
}
