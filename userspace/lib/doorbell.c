// SPDX-License-Identifier: MIT
/* The doorbell: notify the other users of a region, and wait for them. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

/*
 * Can userspace add to the count? Without lock-free 64-bit atomics only the
 * kernel can.
 */
static bool has_atomic_count(void)
{
	return __atomic_always_lock_free(sizeof(__u64), 0);
}

/*
 * Return NULL if userspace cannot add to the count, or cannot map the page
 * writable, for example because the descriptor is open for reading only.
 * mmapshare_notify() then leaves it to the NOTIFY ioctl to add 1, or to fail.
 */
static struct mmapshare_doorbell *map_doorbell(const struct mmapshare *region)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	void *page;

	if (!has_atomic_count() || mmapshare_get_info(region, &info) || !info.doorbell_offset)
		return NULL;
	page = mmap(NULL, sizeof(struct mmapshare_doorbell), PROT_READ | PROT_WRITE,
		    MAP_SHARED, region->fd, info.doorbell_offset);
	return page == MAP_FAILED ? NULL : page;
}

/*
 * If several threads map the page concurrently, the first one stores its
 * mapping. The others unmap theirs, and use the one that was stored.
 */
static struct mmapshare_doorbell *get_doorbell(struct mmapshare *region)
{
	struct mmapshare_doorbell *doorbell, *other = NULL;

	doorbell = __atomic_load_n(&region->doorbell, __ATOMIC_ACQUIRE);
	if (doorbell)
		return doorbell;
	doorbell = map_doorbell(region);
	if (!doorbell || __atomic_compare_exchange_n(&region->doorbell, &other, doorbell, false,
						     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return doorbell;
	mms_unmap_doorbell(doorbell);
	return other;
}

void mms_unmap_doorbell(struct mmapshare_doorbell *doorbell)
{
	if (doorbell)
		munmap(doorbell, sizeof(*doorbell));
}

/*
 * Add 1 to the count. Return true if no task is asleep: no system call is
 * needed.
 *
 * The full fence, between the stores to @count and the load of @armed, pairs
 * with the one in the kernel's mms_doorbell_arm(), between the store to @armed
 * and the load of @count: at least one side sees the other's store. The
 * addition alone is not enough: on arm64 the load of @armed could pass its
 * store. See Documentation/doorbell.rst.
 */
static bool count_in_userspace(struct mmapshare_doorbell *doorbell)
{
	__atomic_fetch_add(&doorbell->count, 1, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return !__atomic_load_n(&doorbell->armed, __ATOMIC_RELAXED);
}

int mmapshare_notify(struct mmapshare *region)
{
	struct mmapshare_notify_args notify = { .size = sizeof(notify) };
	struct mmapshare_doorbell *doorbell = get_doorbell(region);

	if (doorbell) {
		if (count_in_userspace(doorbell))
			return 0;
		notify.flags = MMAPSHARE_NOTIFY_COUNTED;
	}
	return mms_ioctl(region->fd, MMAPSHARE_IOC_NOTIFY, &notify);
}

int mmapshare_wait(const struct mmapshare *region, uint64_t *count, int64_t timeout)
{
	struct mmapshare_wait_args wait = {
		.size = sizeof(wait),
		.count = *count,
		.timeout = timeout,
	};
	int ret = mms_ioctl(region->fd, MMAPSHARE_IOC_WAIT, &wait);

	if (!ret || ret == -ETIMEDOUT || ret == -EPIPE)
		*count = wait.count;
	return ret;
}
