// SPDX-License-Identifier: MIT
/* Rings: statistics. */
#include <errno.h>
#include "ring.h"

static int read_all(const struct mmapshare *region, uint64_t offset, void *buffer,
		    size_t length)
{
	const ssize_t n = mmapshare_read(region, offset, buffer, length);

	if (n < 0)
		return n;
	return (size_t)n == length ? 0 : -ENOTTY;
}

/*
 * The producer's page is read last, so that no consumer's position is past the
 * producer's.
 */
int mmapshare_ring_stat(const struct mmapshare *region, struct mmapshare_ring *ring,
			struct mmapshare_ring_producer *producer,
			struct mmapshare_ring_cursor *cursors, unsigned int count)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	unsigned int i;
	int ret = mmapshare_get_info(region, &info);

	if (!ret && !(info.ring & MMAPSHARE_RING))
		ret = -ENOTTY;
	if (!ret)
		ret = read_all(region, 0, ring, sizeof(*ring));
	if (!ret && !mms_ring_is_known(ring))
		ret = -EPROTONOSUPPORT;
	for (i = 0; !ret && i < count && i < ring->consumers_max; i++)
		ret = read_all(region, ring->cursor_offset + i * ring->cursor_stride,
			       &cursors[i], sizeof(cursors[i]));
	return ret ? ret : read_all(region, ring->producer_offset, producer,
				    sizeof(*producer));
}
