// SPDX-License-Identifier: MIT
/* The doorbell: tell others that there is something new, and wait for it. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

/* Only the kernel adds where the processor cannot do it to 64 bits at once. */
static bool can_count(void)
{
	return __atomic_always_lock_free(sizeof(__u64), 0);
}

/* NULL if there is none to store to; then the kernel knows why. */
static struct mmapshare_doorbell *map_doorbell(const struct mmapshare *region)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	void *page;

	if (!can_count() || mmapshare_get_info(region, &info) || !info.doorbell_offset)
		return NULL;
	page = mmap(NULL, sizeof(struct mmapshare_doorbell), PROT_READ | PROT_WRITE,
		    MAP_SHARED, region->fd, info.doorbell_offset);
	return page == MAP_FAILED ? NULL : page;
}

/* Of those who map it at the same time one wins. */
static struct mmapshare_doorbell *get_doorbell(struct mmapshare *region)
{
	struct mmapshare_doorbell *doorbell, *first = NULL;

	doorbell = __atomic_load_n(&region->doorbell, __ATOMIC_ACQUIRE);
	if (doorbell)
		return doorbell;
	doorbell = map_doorbell(region);
	if (!doorbell || __atomic_compare_exchange_n(&region->doorbell, &first, doorbell, false,
						 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return doorbell;
	mms_unmap_doorbell(doorbell);
	return first;
}

void mms_unmap_doorbell(struct mmapshare_doorbell *doorbell)
{
	if (doorbell)
		munmap(doorbell, sizeof(*doorbell));
}

/*
 * The fence is between the count and @armed here, and between @armed and the
 * count in the kernel, where somebody is about to sleep: at least one of the
 * two sees what the other has stored. Documentation/doorbell.rst has it all.
 */
static bool count_alone(struct mmapshare_doorbell *doorbell)
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
		if (count_alone(doorbell))
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
