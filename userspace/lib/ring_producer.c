// SPDX-License-Identifier: MIT
/* Rings: producers. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include "ring.h"

/*
 * Continue at the previous producer's position, which is in the page. A lossless
 * ring looks full until the consumers' positions are known: they may be before
 * the oldest position.
 */
void mms_producer_init(struct mmapshare_endpoint *ep)
{
	ep->writable_producer = ep->producer;
	ep->reserve_limit = ep->features ? 0 : ep->record_max + 1;
	ep->pos = ep->producer->pos;
	ep->published_pos = ep->pos;
	ep->oldest_pos = ep->producer->oldest_pos;
	ep->limit = ep->overwrite ? ep->oldest_pos : ep->pos - mms_ring_size(ep);
	ep->known_pos = ep->pos;
	ep->seq = mms_extend_seq(mms_record(ep, ep->pos)->seq, ep->producer->seq);
	ep->last_pos = ep->pos;
	mmapshare_ring_set_wake_bytes(ep, 0);
}

/* A consumer is neither before the limit nor past the last record. */
static bool is_valid_pos(const struct mmapshare_endpoint *ep, uint64_t pos)
{
	return !(pos % MMS_HEADER) && pos - ep->limit <= ep->published_pos - ep->limit;
}

/*
 * The position from which on a consumer needs the records, or from which on
 * they are retained for the next one. With an invalid position the ring looks
 * full: the caller waits, and the kernel decides. Also if a consumer detaches
 * meanwhile, as another one may have its cursor. Untrusted: it may be inside a
 * record.
 */
static uint64_t min_consumer_pos(const struct mmapshare_endpoint *ep)
{
	uint64_t min_pos = ep->published_pos, pos;
	/*
	 * Before consumers. Pairs with the release in the kernel's
	 * mms_ring_publish_cleared(), after its store to consumers.
	 */
	const uint64_t gen = __atomic_load_n(&ep->ring->consumers_gen, __ATOMIC_ACQUIRE);
	/*
	 * Pairs with the releases in the kernel's mms_ring_activate(),
	 * which stores the cursor's position before, and
	 * mms_ring_publish_cleared(), before which retained_pos is stored.
	 */
	uint64_t bits = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE);

	if (!bits) {
		pos = __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);
		if (pos == MMAPSHARE_RING_RETAINS_NOTHING)
			return ep->published_pos;
		return is_valid_pos(ep, pos) ? pos : ep->limit;
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
			return ep->limit;
		if (!mms_pos_reached(pos, min_pos))
			min_pos = pos;
	}
	/* A position may be that of a consumer which may lose records. */
	if (__atomic_load_n(&ep->ring->consumers_gen, __ATOMIC_RELAXED) != gen)
		return ep->limit;
	return min_pos;
}

/* Would there be space for @step bytes if all bytes before @limit were free? */
static bool would_have_space(const struct mmapshare_endpoint *ep, uint64_t step,
			     uint64_t limit)
{
	return ep->pos + step - limit <= ep->mask;
}

/*
 * Move @pos, which is not @published_pos, past a record. A previous producer may
 * have stored the length. It is untrusted, but must not lead past the last
 * position.
 */
static int skip_record(const struct mmapshare_endpoint *ep, uint64_t *pos)
{
	const uint32_t length = mms_record(ep, *pos)->length;
	const uint64_t next = *pos + mms_record_step(length);

	if (length & MMAPSHARE_RECORD_BUSY || !mms_pos_reached(ep->published_pos, next))
		return -EBADMSG;
	*pos = next;
	return 0;
}

/* Minimum number of records to reclaim at a time, if that many are released. */
#define RECLAIM_BATCH	64

/*
 * Find a new oldest_pos: as far as there is space for @step bytes, but not past
 * the first record at or behind @min_pos. It moves by whole records, so that the
 * next consumer begins at one, even if a consumer has stored a position inside
 * of a record. Where the producer has been itself, records need not be walked.
 */
static int find_oldest_pos(const struct mmapshare_endpoint *ep, uint64_t step,
			   uint64_t min_pos, uint64_t *oldest_pos)
{
	uint64_t pos = ep->oldest_pos;
	unsigned int n;
	int ret = 0;

	if (min_pos == ep->published_pos)
		pos = min_pos;
	else if (mms_pos_reached(min_pos, ep->known_pos))
		pos = ep->known_pos;
	for (n = 0; !ret && !mms_pos_reached(pos, min_pos); n++) {
		if (n >= RECLAIM_BATCH && would_have_space(ep, step, pos))
			break;
		ret = skip_record(ep, &pos);
	}
	*oldest_pos = pos;
	return ret;
}

/*
 * Step 4. A consumer may attach meanwhile. The full fence, between the store of
 * oldest_pos and the second load of the positions, pairs with the one in the
 * kernel's mms_ring_activate(), between the store of ring->consumers and the
 * load of oldest_pos: the consumer begins at the new oldest_pos, or its cursor
 * is seen here and keeps the bytes. It also orders that store before the bytes are
 * reused, and pairs with is_not_overwritten().
 *
 * The limit may be inside a record. So all bytes are free that the kernel, which
 * walks no records, counts as free when the producer waits.
 *
 * Returns 0, whether there is space now or not; or -EBADMSG.
 */
static int refresh_limit(struct mmapshare_endpoint *ep, uint64_t step)
{
	uint64_t min_pos = min_consumer_pos(ep), oldest_pos;
	int ret = find_oldest_pos(ep, step, min_pos, &oldest_pos);

	if (ret)
		return ret;
	if (oldest_pos != ep->oldest_pos) {
		ep->oldest_pos = oldest_pos;
		/* as in overwrite() */
		__atomic_store_n(&ep->producer->oldest_pos, oldest_pos, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		min_pos = min_consumer_pos(ep);
	}
	if (mms_pos_reached(oldest_pos, ep->known_pos))
		ep->known_pos = ep->published_pos;
	ep->limit = mms_pos_reached(min_pos, oldest_pos) ? oldest_pos : min_pos;
	return 0;
}

/* Step 3 */
static int overwrite(struct mmapshare_endpoint *ep, uint64_t step)
{
	uint64_t oldest_pos = ep->oldest_pos, records = 0;
	int ret;

	while (!would_have_space(ep, step, oldest_pos)) {
		if (oldest_pos == ep->published_pos)
			return -EAGAIN;
		ret = skip_record(ep, &oldest_pos);
		if (ret)
			return ret;
		records++;
	}
	ep->limit = oldest_pos;
	ep->oldest_pos = oldest_pos;
	/*
	 * Release: after the position, which MMAPSHARE_NO_WAKEUP publishes without
	 * a full fence. Pairs with the acquire in skip_overwritten(), and in the
	 * kernel's mms_read_skip_overwritten().
	 */
	__atomic_store_n(&ep->producer->oldest_pos, oldest_pos, __ATOMIC_RELEASE);
	/*
	 * Before any byte is overwritten. Pairs with the acquire fence in
	 * is_not_overwritten().
	 */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ep->producer->overwritten += records;
	return 0;
}

/* Have the kernel wake this producer only when the refused record fits. */
static void set_wake_threshold(struct mmapshare_endpoint *ep, uint64_t bytes)
{
	__atomic_store_n(&ep->producer->wake_bytes, bytes > ep->wake_bytes ? bytes :
			 ep->wake_bytes, __ATOMIC_RELAXED);
}

static int make_space(struct mmapshare_endpoint *ep, uint64_t step)
{
	int ret;

	if (ep->overwrite)
		return overwrite(ep, step);
	ret = refresh_limit(ep, step);
	if (ret || mms_has_space(ep, step))
		return ret;
	set_wake_threshold(ep, step);
	return -EAGAIN;
}

/* Store what the record at @info has in front of its bytes. */
static void stamp(const struct mmapshare_endpoint *ep, struct mmapshare_record_info *info)
{
	struct timespec time = { 0 };
	int cpu = 0;

	if (ep->features & (MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME))
		clock_gettime(ep->features & MMAPSHARE_RING_FEAT_BOOTTIME ? CLOCK_BOOTTIME :
			      CLOCK_MONOTONIC, &time);
	if (ep->features & MMAPSHARE_RING_FEAT_CPU)
		cpu = sched_getcpu();
	*info = (struct mmapshare_record_info) {
		.time = time.tv_sec * 1000000000ULL + time.tv_nsec,
		.cpu = cpu < 0 ? MMAPSHARE_RECORD_CPU_UNKNOWN : (uint32_t)cpu,
	};
}

/* @length includes the record's info. */
static inline int begin_record(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	mms_begin_record(ep, length, record);
	if (ep->info_bytes) {
		stamp(ep, *record);
		*record = (char *)*record + ep->info_bytes;
	}
	return 0;
}

/* Not inlined, so that the fast path need not save registers. */
static __attribute__((noinline)) int
reserve_slow(struct mmapshare_endpoint *ep, uint32_t length, void **record)
{
	int ret = make_space(ep, mms_record_step(length));

	return ret ? ret : begin_record(ep, length, record);
}

int mmapshare_ring_reserve(struct mmapshare_endpoint *ep, size_t length, void **record)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	if (length > ep->record_max)
		return -EMSGSIZE;
	length += ep->info_bytes;
	if (!mms_has_space(ep, mms_record_step(length)))
		return reserve_slow(ep, length, record);
	return begin_record(ep, length, record);
}

int mmapshare_ring_wanted(const struct mmapshare_endpoint *ep, uint16_t type)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	return __atomic_load_n(&ep->ring->types, __ATOMIC_RELAXED) >> (type % 64) & 1;
}

int mmapshare_ring_set_type(struct mmapshare_endpoint *ep, uint16_t type)
{
	struct mmapshare_record_info *info;

	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	if (!(ep->features & MMAPSHARE_RING_FEAT_TYPE))
		return -EOPNOTSUPP;
	if (ep->pos == ep->published_pos)
		return -EINVAL;
	info = (void *)(mms_record(ep, ep->last_pos) + 1);
	info->type = type;
	return 0;
}

int mmapshare_ring_trim(struct mmapshare_endpoint *ep, size_t length)
{
	struct mmapshare_record *header;

	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	header = mms_record(ep, ep->last_pos);
	if (ep->pos == ep->published_pos || length > header->length - ep->info_bytes)
		return -EINVAL;
	length += ep->info_bytes;
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

int mmapshare_ring_commit_flags(struct mmapshare_endpoint *ep, unsigned int flags)
{
	if (!flags)
		return mmapshare_ring_commit(ep);
	if (ep->role != MMS_ROLE_PRODUCER)
		return mms_role_error(ep);
	if (flags != MMAPSHARE_NO_WAKEUP && flags != MMAPSHARE_FORCE_WAKEUP)
		return -EINVAL;
	if (ep->pos != ep->published_pos)
		mms_producer_store_pos(ep, __ATOMIC_RELEASE);
	/* RING_NOTIFY has the full fence */
	return flags == MMAPSHARE_FORCE_WAKEUP ?
	       mms_ring_notify(ep, MMAPSHARE_RING_NOTIFY_FORCE) : 0;
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

/*
 * The condition of the kernel's mms_check_space(), without a system call. True
 * also if mmapshare_ring_reserve() will fail for another reason.
 */
bool mms_producer_is_ready(struct mmapshare_endpoint *ep)
{
	uint64_t min_bytes = round8(ep->producer->wake_bytes);

	if (ep->overwrite)
		return true;
	if (min_bytes < MMS_HEADER)
		min_bytes = MMS_HEADER;
	if (min_bytes > mms_ring_size(ep) / 2)
		min_bytes = mms_ring_size(ep) / 2;
	return mms_has_space(ep, min_bytes) || refresh_limit(ep, min_bytes) ||
	       mms_has_space(ep, min_bytes);
}
