// SPDX-License-Identifier: MIT
/* Rings: statistics, and the number of consumers. */
#include <errno.h>
#include <time.h>
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
int mmapshare_set_stat(const struct mmapshare *region, unsigned int member,
		       struct mmapshare_ring *ring, struct mmapshare_ring_producer *producer,
		       struct mmapshare_ring_cursor *cursors, unsigned int count)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	uint64_t base = 0;
	unsigned int i;
	int ret = mmapshare_get_info(region, &info);

	if (!ret && !(info.ring & MMAPSHARE_RING))
		ret = -ENOTTY;
	if (!ret && member && member >= info.members)
		ret = -EINVAL;
	if (!ret && member)
		base = info.region_size / info.members * member;
	if (!ret)
		ret = read_all(region, base, ring, sizeof(*ring));
	if (!ret && !mms_ring_is_known(ring))
		ret = -EPROTONOSUPPORT;
	for (i = 0; !ret && i < count && i < ring->consumers_max; i++)
		ret = read_all(region, base + ring->cursor_offset + i * ring->cursor_stride,
			       &cursors[i], sizeof(cursors[i]));
	return ret ? ret : read_all(region, base + ring->producer_offset, producer,
				    sizeof(*producer));
}

int mmapshare_ring_stat(const struct mmapshare *region, struct mmapshare_ring *ring,
			struct mmapshare_ring_producer *producer,
			struct mmapshare_ring_cursor *cursors, unsigned int count)
{
	return mmapshare_set_stat(region, 0, ring, producer, cursors, count);
}

uint64_t mmapshare_ring_dropped(const struct mmapshare_endpoint *ep)
{
	return __atomic_load_n(&ep->producer->dropped, __ATOMIC_RELAXED);
}

/*
 * The acquire pairs with the kernel's release when it sets the bit of a consumer,
 * after it has stored the position from which that consumer needs records. A name
 * without a consumer does not count.
 */
static unsigned int count_consumers(const struct mmapshare_ring *ring)
{
	const uint64_t bits = __atomic_load_n(&ring->consumers, __ATOMIC_ACQUIRE) |
			      __atomic_load_n(&ring->may_lose, __ATOMIC_ACQUIRE);

	return __builtin_popcountll(bits & ~__atomic_load_n(&ring->unheld, __ATOMIC_ACQUIRE));
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

#define MIN_PAUSE	100000		/* nanoseconds */
#define MAX_PAUSE	10000000

int mmapshare_ring_wait_consumers(struct mmapshare_endpoint *ep, unsigned int count,
				  int64_t timeout)
{
	const int64_t start = now_ns();
	struct timespec pause = { .tv_nsec = MIN_PAUSE };
	int ret;

	for (;;) {
		/*
		 * ENODEV replaces the mapping. A revocation after this call
		 * still makes the next access raise SIGBUS.
		 */
		ret = mmapshare_ring_notify(ep);
		if (ret)
			return ret;
		if (count > ep->ring->consumers_max)
			return -EINVAL;
		if (count_consumers(ep->ring) >= count)
			return 0;
		if (timeout >= 0 && now_ns() - start >= timeout)
			return -ETIMEDOUT;
		if (nanosleep(&pause, NULL))
			return -errno;
		if (pause.tv_nsec < MAX_PAUSE / 2)
			pause.tv_nsec *= 2;
	}
}
