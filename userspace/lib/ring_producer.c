// SPDX-License-Identifier: MIT
/* Rings: the producer. */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* Go on where the last producer was, whose page this is now. */
void mms_producer_begin(struct mmapshare_part *part)
{
	part->position = part->p->position;
	part->shared = part->position;
	part->tail = part->p->tail;
	part->number = mms_number(mms_record(part, part->position)->number,
				  part->p->records);
	part->first = part->number;
	part->last = part->position;
	mmapshare_ring_set_wake_bytes(part, 0);
}

/* Step 2: a record, and the number of the one behind it. */
static bool fits(const struct mmapshare_part *part, uint64_t step)
{
	return part->position + step + HEADER - part->tail <= part->size;
}

/* Where a consumer can be: behind what was overwritten, and not ahead of us. */
static bool is_possible(const struct mmapshare_part *part, uint64_t position)
{
	return !(position % HEADER) && position - part->tail <= part->shared - part->tail;
}

/*
 * From where on somebody needs the records. Where a position cannot be, it is as
 * if nothing was taken: the kernel, who is asked because of that, decides.
 */
static uint64_t least(const struct mmapshare_part *part)
{
	uint64_t found = part->shared, position;
	/* pairs with the kernel, who stores a position before, and "kept" */
	uint64_t bits = __atomic_load_n(&part->ring->consumers, __ATOMIC_ACQUIRE);

	if (!bits) {
		position = __atomic_load_n(&part->ring->kept, __ATOMIC_RELAXED);
		return is_possible(part, position) ? position : part->tail;
	}
	for (; bits; bits &= bits - 1) {
		const struct mmapshare_ring_cursor *c =
			mms_cursor(part->ring, __builtin_ctzll(bits));

		/* it has used what is before; pairs with its release, step 9 */
		position = __atomic_load_n(&c->position, __ATOMIC_ACQUIRE);
		if (!is_possible(part, position))
			return part->tail;
		if (!mms_reached(position, found))
			found = position;
	}
	return found;
}

/* Step 3. Who attaches between the two looks sees the new tail, or is seen. */
static void look_for_room(struct mmapshare_part *part)
{
	const uint64_t tail = least(part);
	uint64_t again;

	__atomic_store_n(&part->p->tail, tail, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	again = least(part);
	part->tail = mms_reached(again, tail) ? tail : again;
	if (part->tail != tail)
		__atomic_store_n(&part->p->tail, part->tail, __ATOMIC_RELAXED);
}

/*
 * Step 4. The lengths may be another producer's, who is gone: they are believed
 * as long as they lead to where it was.
 */
static int overwrite(struct mmapshare_part *part, uint64_t step)
{
	uint64_t tail = part->tail, gone = 0, next;

	while (part->position + step + HEADER - tail > part->size) {
		const uint32_t length = mms_record(part, tail)->length;

		if (tail == part->shared)
			return -EAGAIN;
		next = tail + mms_step(length);
		if (length & MMAPSHARE_RECORD_BUSY || !mms_reached(part->shared, next))
			return -EBADMSG;
		tail = next;
		gone++;
	}
	part->tail = tail;
	__atomic_store_n(&part->p->tail, tail, __ATOMIC_RELAXED);
	/* before any byte; pairs with is_intact() of consumers */
	__atomic_thread_fence(__ATOMIC_RELEASE);
	part->p->overwritten += gone;
	return 0;
}

/* What has to be there before it is worth to wake us. */
static void want(struct mmapshare_part *part, uint64_t step)
{
	__atomic_store_n(&part->p->wake_bytes, step > part->wake_bytes ? step :
			 part->wake_bytes, __ATOMIC_RELAXED);
}

static int make_room(struct mmapshare_part *part, uint64_t step)
{
	if (fits(part, step))
		return 0;
	if (part->overwrite)
		return overwrite(part, step);
	look_for_room(part);
	if (fits(part, step))
		return 0;
	want(part, step);
	return -EAGAIN;
}

int mmapshare_ring_reserve(struct mmapshare_part *part, size_t length, void **record)
{
	struct mmapshare_record *header;
	int ret;

	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	if (length > part->record_max)
		return -EMSGSIZE;
	ret = make_room(part, mms_step(length));
	if (ret)
		return ret;
	header = mms_record(part, part->position);
	header->length = length;
	header->number = part->number++;
	part->last = part->position;
	part->position += mms_step(length);
	*record = header + 1;
	return 0;
}

int mmapshare_ring_trim(struct mmapshare_part *part, size_t length)
{
	struct mmapshare_record *header;

	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	header = mms_record(part, part->last);
	if (part->position == part->shared || length > header->length)
		return -EINVAL;
	header->length = length;
	part->position = part->last + mms_step(length);
	return 0;
}

/* Steps 5 and 6. */
int mmapshare_ring_commit(struct mmapshare_part *part)
{
	const uint64_t before = part->shared;
	uint64_t wake;

	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	if (part->position == before)
		return 0;
	mms_record(part, part->position)->number = part->number;
	__atomic_store_n(&part->p->records, part->number, __ATOMIC_RELAXED);
	part->shared = part->position;
	part->first = part->number;
	/* after the records; pairs with the acquire of consumers */
	__atomic_store_n(&part->p->position, part->position, __ATOMIC_RELEASE);
	/* pairs with the kernel, between "wake" and its look at the position */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	wake = __atomic_load_n(&part->ring->wake, __ATOMIC_RELAXED);
	if (wake & 1 && mms_reached(part->position, wake & ~7ULL))
		return mms_ring_notify(part);
	return 0;
}

int mmapshare_ring_discard(struct mmapshare_part *part)
{
	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	part->position = part->shared;
	part->number = part->first;
	return 0;
}

int mmapshare_ring_write(struct mmapshare_part *part, const void *data, size_t length)
{
	void *record;
	int ret = mmapshare_ring_reserve(part, length, &record);

	if (ret)
		return ret;
	memcpy(record, data, length);
	return mmapshare_ring_commit(part);
}

int mmapshare_ring_drop(struct mmapshare_part *part, uint64_t records)
{
	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	part->p->dropped += records;
	return 0;
}

/* What the kernel will look for, but that it need not be asked. */
bool mms_producer_can_go_on(struct mmapshare_part *part)
{
	uint64_t wanted = round8(part->p->wake_bytes);

	if (part->overwrite)
		return true;
	if (wanted < HEADER)
		wanted = HEADER;
	if (wanted > part->size / 2)
		wanted = part->size / 2;
	if (!fits(part, wanted))
		look_for_room(part);
	return fits(part, wanted);
}
