// SPDX-License-Identifier: MIT
/* Rings: the producer. */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* Go on where the last producer was, whose page this is now. */
void mms_producer_begin(struct mmapshare_endpoint *ep)
{
	ep->writable_p = ep->p;
	ep->reserve_below = ep->record_max + 1;
	ep->pos = ep->p->pos;
	ep->published = ep->pos;
	ep->oldest_pos = ep->p->oldest_pos;
	ep->seq = mms_extend_seq(mms_record(ep, ep->pos)->seq,
				  ep->p->seq);
	ep->last = ep->pos;
	mmapshare_ring_set_wake_bytes(ep, 0);
}

/* Where a consumer can be: behind what was overwritten, and not ahead of us. */
static bool is_valid_pos(const struct mmapshare_endpoint *ep, uint64_t pos)
{
	return !(pos % MMS_HEADER) && pos - ep->oldest_pos <= ep->published - ep->oldest_pos;
}

/*
 * From where on somebody needs the records. Where a position cannot be, it is as
 * if nothing was taken: the kernel, who is asked because of that, decides.
 */
static uint64_t min_consumer_pos(const struct mmapshare_endpoint *ep)
{
	uint64_t found = ep->published, pos;
	/* pairs with the kernel, who stores a position before, and "kept" */
	uint64_t bits = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE);

	if (!bits) {
		pos = __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);
		return is_valid_pos(ep, pos) ? pos : ep->oldest_pos;
	}
	for (; bits; bits &= bits - 1) {
		const struct mmapshare_ring_cursor *c =
			mms_cursor(ep->ring, __builtin_ctzll(bits));

		/* it has used what is before; pairs with its release, step 9 */
		pos = __atomic_load_n(&c->pos, __ATOMIC_ACQUIRE);
		if (!is_valid_pos(ep, pos))
			return ep->oldest_pos;
		if (!mms_pos_reached(pos, found))
			found = pos;
	}
	return found;
}

/* Step 3. Who attaches between the two looks sees the new tail, or is seen. */
static void refresh_oldest_pos(struct mmapshare_endpoint *ep)
{
	const uint64_t oldest_pos = min_consumer_pos(ep);
	uint64_t again;

	__atomic_store_n(&ep->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	again = min_consumer_pos(ep);
	ep->oldest_pos = mms_pos_reached(again, oldest_pos) ? oldest_pos : again;
	if (ep->oldest_pos != oldest_pos)
		__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
}

/*
 * Step 4. The lengths may be another producer's, who is gone: they are believed
 * as long as they lead to where it was.
 */
static int overwrite(struct mmapshare_endpoint *ep, uint64_t step)
{
	uint64_t oldest_pos = ep->oldest_pos, gone = 0, next;

	while (ep->pos + step - oldest_pos > ep->mask) {
		const uint32_t length = mms_record(ep, oldest_pos)->length;

		if (oldest_pos == ep->published)
			return -EAGAIN;
		next = oldest_pos + mms_step(length);
		if (length & MMAPSHARE_RECORD_BUSY || !mms_pos_reached(ep->published, next))
			return -EBADMSG;
		oldest_pos = next;
		gone++;
	}
	ep->oldest_pos = oldest_pos;
	__atomic_store_n(&ep->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
	/* before any byte; pairs with is_not_overwritten() of consumers */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ep->p->overwritten += gone;
	return 0;
}

/* What has to be there before it is worth to wake us. */
static void set_wake_threshold(struct mmapshare_endpoint *ep, uint64_t step)
{
	__atomic_store_n(&ep->p->wake_bytes, step > ep->wake_bytes ? step :
			 ep->wake_bytes, __ATOMIC_RELAXED);
}

static int make_space(struct mmapshare_endpoint *ep, uint64_t step)
{
	if (ep->overwrite)
		return overwrite(ep, step);
	refresh_oldest_pos(ep);
	if (mms_fits(ep, step))
		return 0;
	set_wake_threshold(ep, step);
	return -EAGAIN;
}

/* Apart, so that the usual case has no use for registers that it must save. */
static __attribute__((noinline)) int
reserve_slow(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	int ret = make_space(ep, mms_step(length));

	return ret ? ret : mms_begin_record(ep, length, record);
}

int mmapshare_ring_reserve(struct mmapshare_endpoint *ep, size_t length, void **record)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_wrong_role(ep);
	if (length > ep->record_max)
		return -EMSGSIZE;
	if (!mms_fits(ep, mms_step(length)))
		return reserve_slow(ep, length, record);
	return mms_begin_record(ep, length, record);
}

int mmapshare_ring_trim(struct mmapshare_endpoint *ep, size_t length)
{
	struct mmapshare_record *header;

	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_wrong_role(ep);
	header = mms_record(ep, ep->last);
	if (ep->pos == ep->published || length > header->length)
		return -EINVAL;
	mms_set_length(header, length, ep->seq);
	ep->pos = ep->last + mms_step(length);
	return 0;
}

int mmapshare_ring_commit(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_wrong_role(ep);
	return mms_producer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

int mmapshare_ring_discard(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_wrong_role(ep);
	ep->pos = ep->published;
	ep->seq = mms_extend_seq(mms_record(ep, ep->pos)->seq, ep->seq);
	return 0;
}

int mmapshare_ring_write(struct mmapshare_endpoint *ep, const void *data, size_t length)
{
	void *record;
	int ret = mmapshare_ring_reserve(ep, length, &record);

	if (ret)
		return ret;
	memcpy(record, data, length);
	return mmapshare_ring_commit(ep);
}

int mmapshare_ring_drop(struct mmapshare_endpoint *ep, uint64_t records)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_wrong_role(ep);
	ep->p->dropped += records;
	return 0;
}

/* What the kernel will look for, but that it need not be asked. */
bool mms_producer_is_ready(struct mmapshare_endpoint *ep)
{
	uint64_t wanted = round8(ep->p->wake_bytes);

	if (ep->overwrite)
		return true;
	if (wanted < MMS_HEADER)
		wanted = MMS_HEADER;
	if (wanted > mms_ring_size(ep) / 2)
		wanted = mms_ring_size(ep) / 2;
	if (!mms_fits(ep, wanted))
		refresh_oldest_pos(ep);
	return mms_fits(ep, wanted);
}
