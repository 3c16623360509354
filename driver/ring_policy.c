// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: which consumers may attach, and which of them hold back the producer.
 *
 * A consumer that may lose has a cursor and is woken, but no producer knows it:
 * its bit is in @may_lose of struct mms_ring and not in @active. Its position is
 * untrusted, and only decides when it is woken.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/vmalloc.h>
#include "ring.h"

/*
 * Is cursor @i free? Not while a former owner may still store to its page, as
 * through a buffer that it has registered with io_uring.
 */
bool mms_cursor_is_free(const struct mms_region *r, unsigned int i)
{
	return !r->ring->consumers[i] &&
	       !folio_maybe_dma_pinned(page_folio(vmalloc_to_page(mms_cursor(r->ring, i))));
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
	memset(cursor, 0, sizeof(*cursor));
	ring->may_lose |= BIT_ULL(c->cursor);
	WRITE_ONCE(ring->head->may_lose, ring->may_lose);
	return READ_ONCE(ring->p->oldest_pos);
}

/**
 * mms_ring_del_may_lose - undo mms_ring_add_may_lose()
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
	if (!ring->revoked)
		WRITE_ONCE(ring->head->may_lose, ring->may_lose);
}
