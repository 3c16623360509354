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
void mms_consumer_begin(struct mmapshare_part *part)
{
	if (!part->overwrite) {
		part->own_c = part->c;
		part->take_below = part->record_max + 1;
	}
	part->position = part->c->position;
	part->number = part->c->number;
	part->last = part->position;
	part->shared = part->position;
	part->seen = part->position;
}

/* Step 8: was the record that begins there not touched up to now? */
static bool is_intact(const struct mmapshare_part *part, uint64_t position)
{
	if (!part->overwrite)
		return true;
	/* after loads of it; pairs with overwrite() of the producer */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return mms_reached(position, __atomic_load_n(&part->p->tail, __ATOMIC_RELAXED));
}

static void be_done(struct mmapshare_part *part)
{
	part->stale = false;
	mms_put_back(part);
}

/* Who overwrites never waits for room. */
bool mms_consumer_share(struct mmapshare_part *part)
{
	if (!part->overwrite)
		return mms_give_room(part);
	if (part->position == part->shared)
		return false;
	part->shared = part->position;
	part->c->number = part->number;
	part->c->lost = part->lost;
	__atomic_store_n(&part->c->position, part->position, __ATOMIC_RELEASE);
	return false;
}

/* See whether there is more; false if where the producer is cannot be. */
static bool look_for_records(struct mmapshare_part *part)
{
	const uint64_t seen = __atomic_load_n(&part->p->position, __ATOMIC_ACQUIRE);

	if (seen % MMS_HEADER || !mms_reached(seen, part->seen) ||
	    (!part->overwrite && seen - part->position > mms_ring_size(part)))
		return false;
	part->seen = seen;
	return true;
}

/*
 * It was overtaken, and goes on at the oldest record. The number of that says
 * how many it has missed; it is there also when there is no record any more.
 */
static int catch_up(struct mmapshare_part *part)
{
	unsigned int tries;

	for (tries = 0; tries < TRIES; tries++) {
		const uint64_t tail = __atomic_load_n(&part->p->tail, __ATOMIC_ACQUIRE);
		const struct mmapshare_record *record = mms_record(part, tail);
		uint64_t number;

		number = mms_number(__atomic_load_n(&record->number, __ATOMIC_RELAXED),
				    __atomic_load_n(&part->p->records, __ATOMIC_RELAXED));
		/* it was stored before the tail, by the time that is there, too */
		if (!look_for_records(part))
			return -EBADMSG;
		if (!is_intact(part, tail))
			continue;
		if (tail % MMS_HEADER || !mms_reached(tail, part->position) ||
		    !mms_reached(part->seen, tail) || !mms_reached(number, part->number))
			return -EBADMSG;
		part->lost += number - part->number;
		part->position = tail;
		part->number = number;
		return 0;
	}
	return -EAGAIN;
}

/*
 * Look at the header at @part->position. 1 if it was overwritten, 0 if there is
 * a record, whose length is @length; or a negative errno.
 */
static int look_at(struct mmapshare_part *part, uint32_t *length)
{
	const struct mmapshare_record *record = mms_record(part, part->position);
	uint64_t number;

	if (part->position == part->seen && !look_for_records(part))
		return -EBADMSG;
	if (part->position == part->seen)
		return is_intact(part, part->position) ? -EAGAIN : 1;
	/* pairs with who takes BUSY away */
	*length = __atomic_load_n(&record->length, __ATOMIC_ACQUIRE);
	number = mms_number(__atomic_load_n(&record->number, __ATOMIC_RELAXED),
			    part->number);
	if (!is_intact(part, part->position))
		return 1;
	if (*length & MMAPSHARE_RECORD_BUSY)
		return -EAGAIN;
	if (mms_step(*length) > part->seen - part->position ||
	    (*length & MMAPSHARE_RECORD_LENGTH) > part->record_max ||
	    number != part->number)
		return -EBADMSG;
	return 0;
}

/*
 * With all that can be in the way. Discarded records that are passed by are
 * nobody's, and whoever waits for room may have it; but not while those before
 * them are in use, and then they are left for the next time.
 */
static __attribute__((noinline)) int
find_next(struct mmapshare_part *part, const void **record, size_t *length)
{
	const bool in_use = mms_has_record(part);
	uint64_t position = part->position, number = part->number;
	unsigned int tries = 0;
	uint32_t word;
	int ret;

	for (;;) {
		ret = look_at(part, &word);
		if (ret > 0 && ++tries < TRIES) {
			ret = catch_up(part);
			if (!ret) {
				position = part->position;
				number = part->number;
				continue;
			}
		}
		if (ret)
			break;
		if (!(word & MMAPSHARE_RECORD_DISCARD)) {
			part->stale = false;
			return mms_take(part, word, record, length);
		}
		part->position += mms_step(word);
		part->number++;
	}
	if (in_use) {
		part->position = position;
		part->number = number;
	} else {
		be_done(part);
		if (mms_consumer_share(part))
			mmapshare_ring_notify(part);
	}
	return ret < 0 ? ret : -EAGAIN;
}

/* Step 7. */
int mmapshare_ring_next(struct mmapshare_part *part, const void **record, size_t *length)
{
	uint32_t word;

	if (part->role != MMS_CONSUMER)
		return mms_not_its_role(part);
	if (mms_is_plain(part, &word))
		return mms_take(part, word, record, length);
	return mms_is_idle(part) ? -EAGAIN : find_next(part, record, length);
}

/* The last one was not taken. */
static void give_up(struct mmapshare_part *part)
{
	part->position = part->last;
	part->number--;
}

int mmapshare_ring_check(struct mmapshare_part *part)
{
	if (part->role != MMS_CONSUMER)
		return mms_not_its_role(part);
	if (!mms_has_record(part))
		return -EINVAL;
	if (!part->stale) {
		if (is_intact(part, part->last))
			return 0;
		/* it is one of those that are missed */
		give_up(part);
		part->stale = true;
	}
	return -ESTALE;
}

int mmapshare_ring_release(struct mmapshare_part *part)
{
	if (part->role != MMS_CONSUMER)
		return mms_not_its_role(part);
	be_done(part);
	return mms_consumer_share(part) ? mmapshare_ring_notify(part) : 0;
}

/* A copy is either of the record or of nothing. */
ssize_t mmapshare_ring_read(struct mmapshare_part *part, void *buffer, size_t size)
{
	const void *record;
	size_t length;
	int ret;

	if (part->role == MMS_CONSUMER && mms_has_record(part))
		return -EBUSY;
	do {
		ret = mmapshare_ring_next(part, &record, &length);
		if (ret)
			return ret;
		if (length <= size)
			memcpy(buffer, record, length);
		ret = mmapshare_ring_check(part);
		if (ret)
			be_done(part);
	} while (ret);
	if (length > size) {
		give_up(part);
		return -EMSGSIZE;
	}
	ret = mmapshare_ring_release(part);
	return ret ? ret : (ssize_t)length;
}

uint64_t mmapshare_ring_lost(const struct mmapshare_part *part)
{
	return part->lost;
}

/* What the kernel will look for; where that is not plain, it decides. */
bool mms_consumer_can_go_on(struct mmapshare_part *part)
{
	uint64_t wanted = round8(part->wake_bytes);

	if (wanted < MMS_HEADER)
		wanted = MMS_HEADER;
	if (wanted > mms_ring_size(part) / 2)
		wanted = mms_ring_size(part) / 2;
	if (part->seen - part->position < wanted && !look_for_records(part))
		return false;
	return part->seen - part->position >= wanted &&
	       !(__atomic_load_n(&mms_record(part, part->position)->length,
				 __ATOMIC_ACQUIRE) & MMAPSHARE_RECORD_BUSY);
}
