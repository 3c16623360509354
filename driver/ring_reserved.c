// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: what reserved memory has, or has space for.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/types.h>
#include "range.h"
#include "ring.h"

/*
 * mms_ring_params_ok() checks the others. A value of 0 in a head means none, and in
 * @params the default.
 */
static bool mms_head_ok(const struct mmapshare_ring *head)
{
	return head->magic == MMAPSHARE_RING_MAGIC && head->version == MMAPSHARE_RING_VERSION &&
	       !(head->flags & ~(MMAPSHARE_RING | MMAPSHARE_RING_OVERWRITE |
				 MMAPSHARE_RING_READERS_HOLD |
				 MMAPSHARE_RING_KERNEL_PRODUCER)) &&
	       (head->flags & MMAPSHARE_RING_KERNEL_PRODUCER) && head->flags & MMAPSHARE_RING &&
	       head->consumers_per_uid && !head->members && is_power_of_2(head->data_size) &&
	       head->data_size >= PAGE_SIZE;
}

/**
 * mms_ring_find_reserved - the properties of the ring that a range has
 * @range: from mms_range_take()
 * @params: out: the properties, with @range
 *
 * The records are not looked at: mms_ring_create() does.
 *
 * Context: process context.
 * Return: 0; -ENODATA if there is no ring of a kernel producer.
 */
int mms_ring_find_reserved(struct mms_range *range, struct mms_ring_params *params)
{
	const struct mmapshare_ring *head = mms_range_contents(range);
	u64 size;

	if (!head || !mms_head_ok(head))
		return -ENODATA;
	*params = (struct mms_ring_params) {
		.flags = head->flags,
		.size = head->data_size,
		.consumers = head->consumers_max,
		.consumers_per_uid = head->consumers_per_uid,
		.consumers_reserved = head->consumers_reserved ?: MMAPSHARE_RING_RESERVE_NONE,
		.evict_ns = head->evict_ns,
		.features = head->features,
		.range = range,
		.must_exist = true,
	};
	if (!mms_ring_params_ok(params))
		return -ENODATA;
	size = mms_ring_geometry_of(params);
	return size && size <= mms_range_bytes(range) ? 0 : -ENODATA;
}

/**
 * mms_ring_largest - how many bytes of records fit into a range
 * @range: from mms_range_take()
 * @consumers: number of cursors
 *
 * Context: any.
 * Return: a power of two; 0 if there is no space.
 */
u64 mms_ring_largest(const struct mms_range *range, unsigned int consumers)
{
	u64 size = min_t(u64, rounddown_pow_of_two(mms_range_bytes(range)),
			 MMAPSHARE_RING_SIZE_MAX);

	while (size >= PAGE_SIZE && mms_ring_geometry(&size, consumers) > mms_range_bytes(range))
		size /= 2;
	return size >= PAGE_SIZE ? size : 0;
}
