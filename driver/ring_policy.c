// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: which consumers may attach, and which of them hold back the producer.
 *
 * A consumer that may lose has a cursor and is woken, but no producer knows it:
 * its bit is in @may_lose of struct mms_ring and not in @active. Its position is
 * untrusted, and only decides when it is woken.
 *
 * Cursors are counted by the user that attaches, as regions are in limits.c.
 */
#include <linux/bits.h>
#include <linux/capability.h>
#include <linux/compiler.h>
#include <linux/cred.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "ring.h"

#define MMS_RING_CLOCKS		(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME)
#define MMS_RING_FEATURES	(MMS_RING_CLOCKS | MMAPSHARE_RING_FEAT_CPU | \
				 MMAPSHARE_RING_FEAT_TYPE)

/**
 * mms_ring_params_ok - are the numbers of consumers, the time, the features valid?
 * @params: properties of a ring
 *
 * Context: any.
 * Return: false for one that <linux/mmapshare.h> does not allow.
 */
bool mms_ring_params_ok(const struct mms_ring_params *params)
{
	if (params->members > MMAPSHARE_RING_MEMBERS_MAX ||
	    (params->members && !(params->flags & MMAPSHARE_RING_SET)))
		return false;
	return params->consumers && params->consumers <= MMAPSHARE_RING_CONSUMERS_MAX &&
	       params->consumers_per_uid <= params->consumers &&
	       (params->consumers_reserved <= params->consumers ||
		params->consumers_reserved == MMAPSHARE_RING_RESERVE_NONE) &&
	       !(params->evict_ns && params->flags & MMAPSHARE_RING_OVERWRITE) &&
	       !(params->features & ~MMS_RING_FEATURES) &&
	       (params->features & MMS_RING_CLOCKS) != MMS_RING_CLOCKS;
}

/**
 * mms_ring_init_policy - set the limits of a new ring
 * @ring: the ring; its @consumers_max is set
 * @params: valid properties
 *
 * Context: any.
 */
void mms_ring_init_policy(struct mms_ring *ring, const struct mms_ring_params *params)
{
	u32 reserved = params->consumers_reserved, per_uid = params->consumers_per_uid;

	if (!reserved)
		reserved = ring->consumers_max > 1;
	else if (reserved == MMAPSHARE_RING_RESERVE_NONE)
		reserved = 0;
	if (!per_uid)
		per_uid = max(DIV_ROUND_UP(ring->consumers_max - reserved, 2), 1U);
	ring->consumers_per_uid = per_uid;
	ring->consumers_reserved = reserved;
}

/**
 * mms_ring_choose_cursor - find a free cursor, and count it for a user
 * @c: the consumer, to be attached to its ring, the lock of which is held
 * @uid: from mms_current_payer()
 * @exempt: the task may exceed the limits
 * @allowed: bit N is set for each cursor that it may get
 *
 * The owner of the ring may, too. Other users can have all cursors but the
 * reserved ones together, however many the owner has.
 *
 * Context: process context, @lock of the ring held.
 * Return: the cursor; -ENOSPC if none of @allowed is free, or other users have all that are
 * not reserved; -EDQUOT if @uid has its share.
 */
int mms_ring_choose_cursor(struct mms_endpoint *c, kuid_t uid, bool exempt, u64 allowed)
{
	const bool owner = uid_eq(current_fsuid(), c->region->uid);
	struct mms_ring *ring = c->ring;
	unsigned int i, of_uid = 0, of_others = 0;
	int cursor = -ENOSPC;

	lockdep_assert_held(&ring->lock);
	for (i = 0; i < ring->consumers_max; i++) {
		if (!ring->consumers[i]) {
			if (cursor < 0 && allowed & BIT_ULL(i))
				cursor = i;
		} else if (!(ring->owned & BIT_ULL(i))) {
			of_others++;
			of_uid += uid_eq(ring->cursor_uid[i], uid);
		}
	}
	if (cursor < 0)
		return cursor;
	if (!owner && !exempt) {
		if (of_uid >= ring->consumers_per_uid)
			return -EDQUOT;
		if (of_others + ring->consumers_reserved >= ring->consumers_max)
			return -ENOSPC;
	}
	ring->cursor_uid[cursor] = uid;
	ring->owned &= ~BIT_ULL(cursor);
	if (owner)
		ring->owned |= BIT_ULL(cursor);
	return cursor;
}

/**
 * mms_ring_may_hold_back - may the current task have the producer wait for it?
 * @r: the region of a lossless ring
 * @mode: of the file through which the task attaches
 *
 * A task that can write the ring could stop it as its producer.
 *
 * Context: process context.
 * Return: true for a file open for writing, the owner of the ring, a task with
 * CAP_SYS_RESOURCE, and each task if the ring was created so.
 */
bool mms_ring_may_hold_back(const struct mms_region *r, fmode_t mode)
{
	return mode & FMODE_WRITE || r->ring_flags & MMAPSHARE_RING_READERS_HOLD ||
	       uid_eq(current_fsuid(), r->uid) || capable(CAP_SYS_RESOURCE);
}

/**
 * mms_ring_add_may_lose - add a consumer that may lose
 * @ring: the ring, locked, not revoked
 * @c: the consumer, which has a cursor
 *
 * Context: @ring->lock held.
 * Return: the oldest position, where the consumer may begin.
 */
u64 mms_ring_add_may_lose(struct mms_ring *ring, const struct mms_endpoint *c)
{
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);

	lockdep_assert_held(&ring->lock);
	mms_clear_shared(cursor, sizeof(*cursor));
	ring->may_lose |= BIT_ULL(c->cursor);
	WRITE_ONCE(ring->head->may_lose, ring->may_lose);
	return READ_ONCE(ring->p->oldest_pos);
}

/**
 * mms_ring_del_may_lose - undo mms_ring_add_may_lose(), or an eviction
 * @ring: the ring, locked
 * @c: the consumer; nothing happens if it may not lose
 *
 * Context: @ring->lock held.
 */
void mms_ring_del_may_lose(struct mms_ring *ring, const struct mms_endpoint *c)
{
	const u64 bit = BIT_ULL(c->cursor);

	lockdep_assert_held(&ring->lock);
	if (!(ring->may_lose & bit))
		return;
	ring->may_lose &= ~bit;
	ring->evicted &= ~bit;
	if (ring->revoked)
		return;
	WRITE_ONCE(ring->head->may_lose, ring->may_lose);
	WRITE_ONCE(ring->head->evicted, ring->evicted);
}
