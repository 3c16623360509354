// SPDX-License-Identifier: MIT
/* Rings: the producer. */
#include <errno.h>
#include <string.h>
#include "ring.h"

/* Go on where the last producer was, whose page this is now. */
void mms_producer_begin(struct mmapshare_part *part)
{
	part->own_p = part->p;
	part->put_below = part->record_max + 1;
	part->position = part->p->position;
	part->shared = part->position;
	part->tail = part->p->tail;
	part->number = mms_number(mms_record(part, part->position)->number,
				  part->p->records);
	part->last = part->position;
	mmapshare_ring_set_wake_bytes(part, 0);
}

/* Where a consumer can be: behind what was overwritten, and not ahead of us. */
static bool is_possible(const struct mmapshare_part *part, uint64_t position)
{
	return !(position % MMS_HEADER) && position - part->tail <= part->shared - part->tail;
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

	while (part->position + step - tail > part->mask) {
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
	if (part->overwrite)
		return overwrite(part, step);
	look_for_room(part);
	if (mms_fits(part, step))
		return 0;
	want(part, step);
	return -EAGAIN;
}

/* Apart, so that the usual case has no use for registers that it must save. */
static __attribute__((noinline)) int
make_room_and_begin(struct mmapshare_part *part, uint32_t length, void **record)
{
	int ret = make_room(part, mms_step(length));

	return ret ? ret : mms_begin(part, length, record);
}

int mmapshare_ring_reserve(struct mmapshare_part *part, size_t length, void **record)
{
	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	if (length > part->record_max)
		return -EMSGSIZE;
	if (!mms_fits(part, mms_step(length)))
		return make_room_and_begin(part, length, record);
	return mms_begin(part, length, record);
}

int mmapshare_ring_trim(struct mmapshare_part *part, size_t length)
{
	struct mmapshare_record *header;

	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	header = mms_record(part, part->last);
	if (part->position == part->shared || length > header->length)
		return -EINVAL;
	mms_set_length(header, length, part->number);
	part->position = part->last + mms_step(length);
	return 0;
}

int mmapshare_ring_commit(struct mmapshare_part *part)
{
	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	return mms_producer_share(part) ? mmapshare_ring_notify(part) : 0;
}

int mmapshare_ring_discard(struct mmapshare_part *part)
{
	if (part->role != MMS_PRODUCER)
		return mms_not_its_role(part);
	part->position = part->shared;
	part->number = mms_number(mms_record(part, part->position)->number, part->number);
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
	if (wanted < MMS_HEADER)
		wanted = MMS_HEADER;
	if (wanted > mms_ring_size(part) / 2)
		wanted = mms_ring_size(part) / 2;
	if (!mms_fits(part, wanted))
		look_for_room(part);
	return mms_fits(part, wanted);
}
