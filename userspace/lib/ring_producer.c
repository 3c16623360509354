// SPDX-License-Identifier: MIT
/* Rings: producers. */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* Continue at the previous producer's position, which is in the page. */
void mms_producer_init(struct mmapshare_endpoint *ep)
{
	ep->writable_producer = ep->producer;
	ep->reserve_limit = ep->record_max + 1;
	ep->pos = ep->producer->pos;
	ep->published_pos = ep->pos;
	ep->oldest_pos = ep->producer->oldest_pos;
	ep->seq = mms_extend_seq(mms_record(ep, ep->pos)->seq, ep->producer->seq);
	ep->last_pos = ep->pos;
	mmapshare_ring_set_wake_bytes(ep, 0);
}

/* A consumer is neither before the oldest record nor past the last one. */
static bool is_valid_pos(const struct mmapshare_endpoint *ep, uint64_t pos)
{
	return !(pos % MMS_HEADER) && pos - ep->oldest_pos <= ep->published_pos - ep->oldest_pos;
}

/*
 * The position from which on a consumer needs the records, or from which on
 * they are retained for the next one. With an invalid position the ring looks
 * full: the caller waits, and the kernel decides.
 */
static uint64_t min_consumer_pos(const struct mmapshare_endpoint *ep)
{
	uint64_t min_pos = ep->published_pos, pos;
	/*
	 * Pairs with the releases in the kernel's mms_ring_add_consumer(),
	 * which stores the cursor's position before, and mms_ring_deactivate(),
	 * which stores retained_pos before.
	 */
	uint64_t bits = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE);

	if (!bits) {
		pos = __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);
		return is_valid_pos(ep, pos) ? pos : ep->oldest_pos;
	}
	for (; bits; bits &= bits - 1) {
		const struct mmapshare_ring_cursor *c =
			mms_cursor(ep->ring, __builtin_ctzll(bits));

		/*
		 * Before the space is reused. Pairs with the release in
		 * mms_cursor_publish(), after the loads of the records.
		 */
		pos = __atomic_load_n(&c->pos, __ATOMIC_ACQUIRE);
		if (!is_valid_pos(ep, pos))
			return ep->oldest_pos;
		if (!mms_pos_reached(pos, min_pos))
			min_pos = pos;
	}
	return min_pos;
}

/*
 * Step 4. A consumer may attach meanwhile. The full fence, between the store of
 * oldest_pos and the second load of the positions, pairs with the one in the
 * kernel's mms_ring_first_pos(), between the store of ring->consumers and the
 * load of oldest_pos: the consumer begins at the new oldest_pos, or its cursor
 * is seen here and oldest_pos is taken back.
 */
static void refresh_oldest_pos(struct mmapshare_endpoint *ep)
{
	const uint64_t oldest_pos = min_consumer_pos(ep);
	uint64_t recheck;

	__atomic_store_n(&ep->producer->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	recheck = min_consumer_pos(ep);
	ep->oldest_pos = mms_pos_reached(recheck, oldest_pos) ? oldest_pos : recheck;
	if (ep->oldest_pos != oldest_pos)
		__atomic_store_n(&ep->producer->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
}

/*
 * Step 3. A previous producer may have stored the lengths. They are untrusted,
 * but must not lead past its last position.
 */
static int overwrite(struct mmapshare_endpoint *ep, uint64_t step)
{
	uint64_t oldest_pos = ep->oldest_pos, records = 0, next;

	while (ep->pos + step - oldest_pos > ep->mask) {
		const uint32_t length = mms_record(ep, oldest_pos)->length;

		if (oldest_pos == ep->published_pos)
			return -EAGAIN;
		next = oldest_pos + mms_record_step(length);
		if (length & MMAPSHARE_RECORD_BUSY || !mms_pos_reached(ep->published_pos, next))
			return -EBADMSG;
		oldest_pos = next;
		records++;
	}
	ep->oldest_pos = oldest_pos;
	__atomic_store_n(&ep->producer->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
	/*
	 * Before any byte is overwritten. Pairs with the acquire fence in
	 * is_not_overwritten().
	 */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ep->producer->overwritten += records;
	return 0;
}

/* Have the kernel wake this producer only when the refused record fits. */
static void set_wake_threshold(struct mmapshare_endpoint *ep, uint64_t step)
{
	__atomic_store_n(&ep->producer->wake_bytes, step > ep->wake_bytes ? step :
			 ep->wake_bytes, __ATOMIC_RELAXED);
}

static int make_space(struct mmapshare_endpoint *ep, uint64_t step)
{
	if (ep->overwrite)
		return overwrite(ep, step);
	refresh_oldest_pos(ep);
	if (mms_has_space(ep, step))
		return 0;
	set_wake_threshold(ep, step);
	return -EAGAIN;
}

/* Not inlined, so that the fast path need not save registers. */
static __attribute__((noinline)) int
reserve_slow(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	int ret = make_space(ep, mms_record_step(length));

	return ret ? ret : mms_begin_record(ep, length, record);
}

int mmapshare_ring_reserve(struct mmapshare_endpoint *ep, size_t length, void **record)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	if (length > ep->record_max)
		return -EMSGSIZE;
	if (!mms_has_space(ep, mms_record_step(length)))
		return reserve_slow(ep, length, record);
	return mms_begin_record(ep, length, record);
}

int mmapshare_ring_trim(struct mmapshare_endpoint *ep, size_t length)
{
	struct mmapshare_record *header;

	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	header = mms_record(ep, ep->last_pos);
	if (ep->pos == ep->published_pos || length > header->length)
		return -EINVAL;
	mms_set_length(header, length, ep->seq);
	ep->pos = ep->last_pos + mms_record_step(length);
	return 0;
}

int mmapshare_ring_commit(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	return mms_producer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

int mmapshare_ring_discard(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	ep->pos = ep->published_pos;
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
		return mms_role_error(ep);
	ep->producer->dropped += records;
	return 0;
}

/* The condition of the kernel's mms_check_space(), without a system call. */
bool mms_producer_is_ready(struct mmapshare_endpoint *ep)
{
	uint64_t min_bytes = round8(ep->producer->wake_bytes);

	if (ep->overwrite)
		return true;
	if (min_bytes < MMS_HEADER)
		min_bytes = MMS_HEADER;
	if (min_bytes > mms_ring_size(ep) / 2)
		min_bytes = mms_ring_size(ep) / 2;
	if (!mms_has_space(ep, min_bytes))
		refresh_oldest_pos(ep);
	return mms_has_space(ep, min_bytes);
}
