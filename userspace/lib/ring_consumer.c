// SPDX-License-Identifier: MIT
/*
 * Rings: consumers. The producer is untrusted: whatever it stores, a consumer
 * reads no byte outside the ring, and each loop has a limit: TRIES or DISCARDS.
 */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* Attempts to catch up with a producer that keeps overwriting. */
#define TRIES	1000
/* The same in a set, after each of which it has caught up once. */
#define PEEK_TRIES	16
/* Discarded records that mmapshare_ring_next() skips in one call. */
#define DISCARDS	64
/* Flags of what is skipped. */
#define SKIPPED	(MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_FILLER)

/* The kernel has initialized the cursor. */
void mms_consumer_init(struct mmapshare_endpoint *ep)
{
	if (!ep->overwrite) {
		ep->writable_cursor = ep->cursor;
		ep->next_limit = ep->record_max + 1;
	}
	ep->pos = ep->cursor->pos;
	ep->seq = ep->cursor->seq;
	ep->lost = ep->cursor->lost;
	ep->last_pos = ep->pos;
	ep->published_pos = ep->pos;
	ep->producer_pos = ep->pos;
}

/*
 * Step 8: was the record at @pos intact when the caller loaded from it? Always
 * so if the producer waits for this consumer.
 */
bool mms_is_not_overwritten(const struct mmapshare_endpoint *ep, uint64_t pos)
{
	if (!ep->overwrite)
		return true;
	/*
	 * After the loads of the record. Pairs with the fences in overwrite()
	 * and refresh_oldest_pos(), and in the kernel's mms_source_overwrite()
	 * and mms_source_reclaim().
	 */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return mms_pos_reached(pos, __atomic_load_n(&ep->producer->oldest_pos, __ATOMIC_RELAXED));
}

static void release_records(struct mmapshare_endpoint *ep)
{
	ep->stale = false;
	mms_release_records(ep);
}

/*
 * Step 9. No producer waits for a consumer that may lose records, so that the
 * kernel's wake position need not be loaded.
 */
bool mms_consumer_publish(struct mmapshare_endpoint *ep)
{
	if (ep->pos == ep->published_pos)
		return false;
	if (ep->overwrite)
		ep->cursor->lost = ep->lost;
	if (ep->held)
		return mms_cursor_publish(ep);
	ep->published_pos = ep->pos;
	ep->cursor->seq = ep->seq;
	__atomic_store_n(&ep->cursor->pos, ep->pos, __ATOMIC_RELEASE);
	return false;
}

/* Reload the producer's position; false if it is invalid. */
bool mms_consumer_look(struct mmapshare_endpoint *ep)
{
	/*
	 * Pairs with the release in mms_producer_publish(), and in the kernel's
	 * mms_source_publish().
	 */
	const uint64_t pos = __atomic_load_n(&ep->producer->pos, __ATOMIC_ACQUIRE);

	if (pos % MMS_HEADER || !mms_pos_reached(pos, ep->producer_pos) ||
	    (!ep->overwrite && pos - ep->pos > mms_ring_size(ep)))
		return false;
	ep->producer_pos = pos;
	return true;
}

/*
 * After an overrun: continue at the oldest record. Its sequence number tells
 * how many records were lost. The header there has one even if there is no
 * record left, since the header at the producer's position has one.
 */
static int skip_overwritten(struct mmapshare_endpoint *ep)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		const uint64_t oldest_pos = __atomic_load_n(&ep->producer->oldest_pos,
							    __ATOMIC_ACQUIRE);
		const struct mmapshare_record *record = mms_record(ep, oldest_pos);
		uint64_t seq;

		seq = mms_extend_seq(__atomic_load_n(&record->seq, __ATOMIC_RELAXED),
				     __atomic_load_n(&ep->producer->seq, __ATOMIC_RELAXED));
		/*
		 * After oldest_pos was loaded: the producer published its
		 * position before it moved oldest_pos there, so the position
		 * is not before oldest_pos. The acquire above pairs with the
		 * release in overwrite() and refresh_limit(), and in the kernel's
		 * mms_source_overwrite() and mms_source_reclaim().
		 */
		if (!mms_consumer_look(ep))
			return -EBADMSG;
		if (!mms_is_not_overwritten(ep, oldest_pos))
			continue;
		if (oldest_pos % MMS_HEADER || !mms_pos_reached(oldest_pos, ep->pos) ||
		    !mms_pos_reached(ep->producer_pos, oldest_pos) ||
		    !mms_pos_reached(seq, ep->seq))
			return -EBADMSG;
		ep->lost += seq - ep->seq;
		ep->pos = oldest_pos;
		ep->seq = seq;
		return 0;
	}
	return -EAGAIN;
}

/*
 * Is a record with this length not complete yet? Only kernel producers publish
 * such records.
 */
static bool is_busy(const struct mmapshare_endpoint *ep, uint32_t length)
{
	return length & MMAPSHARE_RECORD_BUSY &&
	       ep->ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER;
}

/*
 * Does the record with the sequence number @seq follow? A kernel producer gives
 * numbers to records that it drops, too, which count as lost.
 */
static bool accept_seq(struct mmapshare_endpoint *ep, uint64_t seq)
{
	if (seq == ep->seq)
		return true;
	if (!(ep->ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER) || !mms_pos_reached(seq, ep->seq))
		return false;
	ep->lost += seq - ep->seq;
	ep->seq = seq;
	ep->cursor->lost = ep->lost;
	return true;
}

/* A record has space for its info; a discarded one, and a filler, need not have. */
static bool is_valid_length(const struct mmapshare_endpoint *ep, uint32_t length)
{
	const uint32_t bytes = length & MMAPSHARE_RECORD_LENGTH;

	return bytes <= ep->record_max + ep->info_bytes &&
	       (bytes >= ep->info_bytes || length & SKIPPED);
}

/*
 * Examine the header at @ep->pos. Returns 0 for a record, whose length and
 * flags are stored to @length; 1 if it was overwritten; or a negative errno.
 */
static int check_record(struct mmapshare_endpoint *ep, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(ep, ep->pos);
	uint64_t seq;

	if (ep->pos == ep->producer_pos && !mms_consumer_look(ep))
		return -EBADMSG;
	if (ep->pos == ep->producer_pos)
		return mms_is_not_overwritten(ep, ep->pos) ? -EAGAIN : 1;
	/* Pairs with the release that clears BUSY in mms_complete_multi(). */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	seq = mms_extend_seq(__atomic_load_n(&record->seq, __ATOMIC_RELAXED), ep->seq);
	if (!mms_is_not_overwritten(ep, ep->pos))
		return 1;
	if (is_busy(ep, *length))
		return -EAGAIN;
	if (*length & MMAPSHARE_RECORD_BUSY ||
	    mms_record_step(*length) > ep->producer_pos - ep->pos ||
	    !is_valid_length(ep, *length) || !accept_seq(ep, seq))
		return -EBADMSG;
	return 0;
}

/*
 * The slow path of mmapshare_ring_next(): recovers from overruns, and skips
 * discarded records and fillers. It skips DISCARDS at most, so that a producer
 * that publishes nothing else cannot keep the caller here.
 *
 * If no record follows, the skipped ones are released at once, as the producer
 * may be waiting for their space. This is not possible while records before
 * them are taken: then the next call skips them again.
 */
static __attribute__((noinline)) int
find_next(struct mmapshare_endpoint *ep, const void **record, size_t *length)
{
	const bool has_unreleased = mms_has_unreleased(ep);
	uint64_t pos = ep->pos, seq = ep->seq, lost = ep->lost;
	unsigned int tries = 0, discards = 0;
	uint32_t header_length;
	int ret;

	ep->more = false;
	for (;;) {
		ret = check_record(ep, &header_length);
		if (ret > 0 && ++tries < TRIES) {
			ret = skip_overwritten(ep);
			if (!ret) {
				pos = ep->pos;
				seq = ep->seq;
				lost = ep->lost;
				continue;
			}
		}
		if (ret)
			break;
		if (!(header_length & SKIPPED)) {
			ep->stale = false;
			return mms_take_record(ep, header_length, record, length);
		}
		if (discards++ == DISCARDS) {
			ep->more = true;
			break;
		}
		ep->pos += mms_record_step(header_length);
		ep->seq += !(header_length & MMAPSHARE_RECORD_FILLER);
	}
	if (has_unreleased) {
		ep->pos = pos;
		ep->seq = seq;
		ep->lost = lost;
	} else {
		release_records(ep);
		if (mms_consumer_publish(ep))
			mmapshare_ring_notify(ep);
	}
	return ret < 0 ? ret : -EAGAIN;
}

/* Step 7 */
int mmapshare_ring_next(struct mmapshare_endpoint *ep, const void **record, size_t *length)
{
	uint32_t header_length;

	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_role_error(ep);
	if (mms_has_plain_record(ep, &header_length))
		return mms_take_record(ep, header_length, record, length);
	return mms_is_idle(ep) ? -EAGAIN : find_next(ep, record, length);
}

/* Undo taking the last record. */
static void untake_last(struct mmapshare_endpoint *ep)
{
	ep->pos = ep->last_pos;
	ep->seq--;
}

int mmapshare_ring_check(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_role_error(ep);
	if (!mms_has_unreleased(ep))
		return -EINVAL;
	if (!ep->stale) {
		if (mms_is_not_overwritten(ep, ep->last_pos))
			return 0;
		/* the next call of next() counts it as lost */
		untake_last(ep);
		ep->stale = true;
	}
	return -ESTALE;
}

int mmapshare_ring_release(struct mmapshare_endpoint *ep)
{
	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_role_error(ep);
	release_records(ep);
	return mms_consumer_publish(ep) ? mmapshare_ring_notify(ep) : 0;
}

static void copy_info(const struct mmapshare_endpoint *ep, struct mmapshare_record_info *info)
{
	memcpy(info, mms_record(ep, ep->last_pos) + 1, sizeof(*info));
	info->reserved = 0;
}

int mmapshare_ring_record_info(struct mmapshare_endpoint *ep, struct mmapshare_record_info *info)
{
	if (ep->role != MMS_ROLE_CONSUMER)
		return mms_role_error(ep);
	if (!ep->features)
		return -EOPNOTSUPP;
	if (!mms_has_unreleased(ep)) {
		if (ep->read_seq != ep->seq || !ep->has_read)
			return -EINVAL;
		*info = ep->read_info;
		return 0;
	}
	if (ep->stale)
		return -ESTALE;
	copy_info(ep, info);
	return mmapshare_ring_check(ep);
}

/* A copy that was overwritten meanwhile is thrown away. */
ssize_t mmapshare_ring_read(struct mmapshare_endpoint *ep, void *buffer, size_t size)
{
	const void *record;
	size_t length;
	int ret;

	if (ep->role == MMS_ROLE_CONSUMER && mms_has_unreleased(ep))
		return -EBUSY;
	do {
		ret = mmapshare_ring_next(ep, &record, &length);
		if (ret)
			return ret;
		if (length <= size)
			memcpy(buffer, record, length);
		if (ep->features)
			copy_info(ep, &ep->read_info);
		ret = mmapshare_ring_check(ep);
		if (ret)
			release_records(ep);
	} while (ret);
	if (length > size) {
		untake_last(ep);
		return -EMSGSIZE;
	}
	ep->read_seq = ep->seq;
	ep->has_read = true;
	ret = mmapshare_ring_release(ep);
	return ret ? ret : (ssize_t)length;
}

uint64_t mmapshare_ring_lost(const struct mmapshare_endpoint *ep)
{
	return ep->lost;
}

/*
 * The condition of the kernel's mms_check_records(). False also in doubt: then
 * the kernel decides.
 */
bool mms_consumer_is_ready(struct mmapshare_endpoint *ep)
{
	uint64_t min_bytes = round8(ep->wake_bytes);

	if (ep->more) {
		ep->more = false;
		return true;
	}
	if (min_bytes < MMS_HEADER)
		min_bytes = MMS_HEADER;
	if (min_bytes > mms_ring_size(ep) / 2)
		min_bytes = mms_ring_size(ep) / 2;
	if (ep->producer_pos - ep->pos < min_bytes && !mms_consumer_look(ep))
		return false;
	return ep->producer_pos - ep->pos >= min_bytes &&
	       !is_busy(ep, __atomic_load_n(&mms_record(ep, ep->pos)->length,
					    __ATOMIC_ACQUIRE));
}

/* The last record that was taken, at @pos, is the next one again. */
void mms_consumer_put_back(struct mmapshare_endpoint *ep, uint64_t pos)
{
	ep->pos = pos;
	ep->last_pos = pos;
	ep->seq--;
}

/* Put back what was taken last. @last_pos and @unreleased are from before that. */
static void put_back(struct mmapshare_endpoint *ep, uint64_t last_pos, bool unreleased)
{
	mms_consumer_put_back(ep, ep->last_pos);
	if (unreleased)
		ep->last_pos = last_pos;
}

/*
 * Find the next record, which stays the next one, at @ep->pos. Stores its time, if it
 * has one. Return: as mmapshare_ring_next().
 */
int mms_consumer_peek(struct mmapshare_endpoint *ep, uint64_t *time)
{
	const bool unreleased = ep->last_pos != ep->pos;
	const uint64_t last_pos = ep->last_pos;
	struct mmapshare_record_info info = { };
	unsigned int tries;
	const void *record;
	size_t length;
	bool intact;
	int ret;

	for (tries = 0; tries < PEEK_TRIES; tries++) {
		ret = mmapshare_ring_next(ep, &record, &length);
		if (ret)
			return ret;
		if (ep->features)
			copy_info(ep, &info);
		intact = mms_is_not_overwritten(ep, ep->last_pos);
		put_back(ep, last_pos, unreleased);
		*time = info.time;
		if (intact)
			return 0;
	}
	return -EAGAIN;
}

/*
 * Take the record at @pos, which was the next one. Return: 0; 1 if it was overwritten,
 * and another one is the next; -EAGAIN if there is none; -EBADMSG.
 */
int mms_consumer_take(struct mmapshare_endpoint *ep, uint64_t pos, const void **record,
		      size_t *length)
{
	const bool unreleased = ep->last_pos != ep->pos;
	const uint64_t last_pos = ep->last_pos;
	const int ret = mmapshare_ring_next(ep, record, length);

	if (ret || ep->last_pos == pos)
		return ret;
	put_back(ep, last_pos, unreleased);
	return 1;
}
