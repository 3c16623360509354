// SPDX-License-Identifier: MIT
/*
 * Rings: a consumer. Whatever a producer may store, nothing outside the records
 * is read, and nothing is gone through for longer than the ring is.
 */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* How often to run after a producer that overwrites all the time. */
#define TRIES	1000

/* The kernel has stored where to begin. */
void mms_consumer_begin(struct mmapshare_endpoint *ep)
{
	if (!ep->overwrite) {
		ep->writable_c = ep->c;
		ep->take_below = ep->record_max + 1;
	}
	ep->pos = ep->c->pos;
	ep->seq = ep->c->seq;
	ep->last = ep->pos;
	ep->published = ep->pos;
	ep->seen = ep->pos;
}

/* Step 8: was the record that begins there not touched up to now? */
static bool is_not_overwritten(const struct mmapshare_endpoint *ep, uint64_t pos)
{
	if (!ep->overwrite)
		return true;
	/* after loads of it; pairs with overwrite() of the producer */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return mms_pos_reached(pos, __atomic_load_n(&ep->p->oldest_pos, __ATOMIC_RELAXED));
}

static void release_taken(struct mmapshare_endpoint *ep)
{
	ep->stale = false;
	mms_release_taken(ep);
}

/* Who overwrites never waits for room. */
bool mms_consumer_publish(struct mmapshare_endpoint *ep)
{
	if (!ep->overwrite)
		return mms_publish_release(ep);
	if (ep->pos == ep->published)
		return false;
	ep->published = ep->pos;
	ep->c->seq = ep->seq;
	ep->c->lost = ep->lost;
	__atomic_store_n(&ep->c->pos, ep->pos, __ATOMIC_RELEASE);
	return false;
}

/* See whether there is more; false if where the producer is cannot be. */
static bool refresh_producer_pos(struct mmapshare_endpoint *ep)
{
	const uint64_t seen = __atomic_load_n(&ep->p->pos, __ATOMIC_ACQUIRE);

	if (seen % MMS_HEADER || !mms_pos_reached(seen, ep->seen) ||
	    (!ep->overwrite && seen - ep->pos > mms_ring_size(ep)))
		return false;
	ep->seen = seen;
	return true;
}

/*
 * It was overtaken, and goes on at the oldest record. The number of that says
 * how many it has missed; it is there also when there is no record any more.
 */
static int skip_overwritten(struct mmapshare_endpoint *ep)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		const uint64_t oldest_pos = __atomic_load_n(&ep->p->oldest_pos, __ATOMIC_ACQUIRE);
		const struct mmapshare_record *record = mms_record(ep, oldest_pos);
		uint64_t seq;

		seq = mms_extend_seq(__atomic_load_n(&record->seq, __ATOMIC_RELAXED),
				    __atomic_load_n(&ep->p->seq, __ATOMIC_RELAXED));
		/* it was stored before the tail, by the time that is there, too */
		if (!refresh_producer_pos(ep))
			return -EBADMSG;
		if (!is_not_overwritten(ep, oldest_pos))
			continue;
		if (oldest_pos % MMS_HEADER || !mms_pos_reached(oldest_pos, ep->pos) ||
		    !mms_pos_reached(ep->seen, oldest_pos) || !mms_pos_reached(seq, ep->seq))
			return -EBADMSG;
		ep->lost += seq - ep->seq;
		ep->pos = oldest_pos;
		ep->seq = seq;
		return 0;
	}
	return -EAGAIN;
}

/*
 * Look at the header at @ep->pos. 1 if it was overwritten, 0 if there is
 * a record, whose length is @length; or a negative errno.
 */
static int check_record(struct mmapshare_endpoint *ep, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(ep, ep->pos);
	uint64_t seq;

	if (ep->pos == ep->seen && !refresh_producer_pos(ep))
		return -EBADMSG;
	if (ep->pos == ep->seen)
		return is_not_overwritten(ep, ep->pos) ? -EAGAIN : 1;
	/* pairs with who takes BUSY away */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	seq = mms_extend_seq(__atomic_load_n(&record->seq, __ATOMIC_RELAXED),
			    ep->seq);
	if (!is_not_overwritten(ep, ep->pos))
		return 1;
	if (*length & MMAPSHARE_RECORD_BUSY)
		return -EAGAIN;
	if (mms_step(*length) > ep->seen - ep->pos ||
	    (*length & MMAPSHARE_RECORD_LENGTH) > ep->record_max ||
	    seq != ep->seq)
		return -EBADMSG;
	return 0;
}

/*
 * With all that can be in the way. Discarded records that are passed by are
 * nobody's, and whoever waits for room may have it; but not while those before
 * them are in use, and then they are left for the next time.
 */
static __attribute__((noinline)) int
find_next(struct mmapshare_endpoint *ep, const void **record, size_t *length)
{
	const bool in_use = mms_has_taken(ep);
	uint64_t pos = ep->pos, seq = ep->seq;
	unsigned int tries = 0;
	uint32_t word;
	int ret;

	for (;;) {
		ret = check_record(ep, &word);
		if (ret > 0 && ++tries < TRIES) {
			ret = skip_overwritten(ep);
			if (!ret) {
				pos = ep->pos;
				seq = ep->seq;
				continue;
			}
		}
		if (ret)
			break;
		if (!(word & MMAPSHARE_RECORD_DISCARD)) {
			ep->stale = false;
			return mms_take(ep, word, record, length);
		}
		ep->pos += mms_step(word);
		ep->seq++;
	}
	if (in_use) {
		ep->pos = pos;
		ep->seq = seq;
	} else {
		release_taken(ep);
		if (mms_consumer_publish(ep))
			mmapshare_ring_notify(ep);
	}
	return ret < 0 ? ret : -EAGAIN;
}

/* Step 7. */
int mmapshare_ring_next(struct mmapshare_endpoint *ep, const void **record, size_t *length)
{
	uint32_t word;

	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_wrong_role(ep);
	if (mms_is_plain(ep, &word))
		return mms_take(ep, word, record, length);
	return mms_is_idle(ep) ? -EAGAIN : find_next(ep, record, length);
}

/* The last one was not taken. */
static void unread_last(struct mmapshare_endpoint *ep)
{
	ep->pos = ep->last;
	ep->seq--;
}

int mmapshare_ring_check(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_wrong_role(ep);
	if (!mms_has_taken(ep))
		return -EINVAL;
	if (!ep->stale) {
		if (is_not_overwritten(ep, ep->last))
			return 0;
		/* it is one of those that are missed */
		unread_last(ep);
		ep->stale = true;
	}
	return -ESTALE;
}

int mmapshare_ring_release(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_wrong_role(ep);
	release_taken(ep);
	return mms_consumer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

/* A copy is either of the record or of nothing. */
ssize_t mmapshare_ring_read(struct mmapshare_endpoint *ep, void *buffer, size_t size)
{
	const void *record;
	size_t length;
	int ret;

	if (ep->role == MMS_ROLE_CONSUMER && mms_has_taken(ep))
		return -EBUSY;
	do {
		ret = mmapshare_ring_next(ep, &record, &length);
		if (ret)
			return ret;
		if (length <= size)
			memcpy(buffer, record, length);
		ret = mmapshare_ring_check(ep);
		if (ret)
			release_taken(ep);
	} while (ret);
	if (length > size) {
		unread_last(ep);
		return -EMSGSIZE;
	}
	ret = mmapshare_ring_release(ep);
	return ret ? ret : (ssize_t)length;
}

uint64_t mmapshare_ring_lost(const struct mmapshare_endpoint *ep)
{
	return ep->lost;
}

/* What the kernel will look for; where that is not plain, it decides. */
bool mms_consumer_is_ready(struct mmapshare_endpoint *ep)
{
	uint64_t wanted = round8(ep->wake_bytes);

	if (wanted < MMS_HEADER)
		wanted = MMS_HEADER;
	if (wanted > mms_ring_size(ep) / 2)
		wanted = mms_ring_size(ep) / 2;
	if (ep->seen - ep->pos < wanted && !refresh_producer_pos(ep))
		return false;
	return ep->seen - ep->pos >= wanted &&
	       !(__atomic_load_n(&mms_record(ep, ep->pos)->length,
				 __ATOMIC_ACQUIRE) & MMAPSHARE_RECORD_BUSY);
}
