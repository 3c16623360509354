// SPDX-License-Identifier: MIT
/* Rings: create, attach and detach, wait and notify. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ring.h"

int mmapshare_ring_create(struct mmapshare **region, const char *name, uint64_t size,
			  unsigned int flags, unsigned int consumers, unsigned int mode)
{
	struct mmapshare_create_args create = {
		.region_size = size,
		.mode = mode,
		.ring = MMAPSHARE_RING | flags,
		.consumers = consumers,
	};

	return mms_create(region, name, &create);
}

int mmapshare_ring_create_or_open(struct mmapshare **region, const char *name,
				  uint64_t size, unsigned int flags,
				  unsigned int consumers, unsigned int mode)
{
	struct mmapshare_create_args create = {
		.region_size = size,
		.mode = mode,
		.ring = MMAPSHARE_RING | flags,
		.consumers = consumers,
	};

	return mms_create_or_open(region, name, &create);
}

/*
 * What the caller knows of the structure, which is shorter if it was compiled with
 * an older header.
 */
static int copy_args(struct mmapshare_create_args *create,
		     const struct mmapshare_create_args *args)
{
	memset(create, 0, sizeof(*create));
	if (args->size < offsetof(struct mmapshare_create_args, consumers_per_uid))
		return -EINVAL;
	if (args->size > sizeof(*create))
		return -E2BIG;
	memcpy(create, args, args->size);
	create->ring |= MMAPSHARE_RING;
	return 0;
}

int mmapshare_ring_create_with(struct mmapshare **region, const char *name,
			       const struct mmapshare_create_args *args)
{
	struct mmapshare_create_args create;
	int ret = copy_args(&create, args);

	return ret ? ret : mms_create(region, name, &create);
}

int mmapshare_ring_create_or_open_with(struct mmapshare **region, const char *name,
				       const struct mmapshare_create_args *args)
{
	struct mmapshare_create_args create;
	int ret = copy_args(&create, args);

	return ret ? ret : mms_create_or_open(region, name, &create);
}

/* Map a part of the ring over addresses that belong to this endpoint. */
static int map_part(const struct mmapshare_endpoint *ep, void *address, uint64_t offset,
		    uint64_t size, int prot)
{
	return mmap(address, size, prot, MAP_SHARED | MAP_FIXED, ep->fd, offset) == MAP_FAILED ?
	       -errno : 0;
}

/*
 * Reserve addresses. Map there the whole ring for reading, behind it the mirror
 * of the records, and over the first mapping the endpoint's own range,
 * writable. On failure the caller unmaps everything.
 */
static int map_ring(struct mmapshare_endpoint *ep,
		    const struct mmapshare_ring_attach_args *args)
{
	const uint64_t data_offset = args->map_size - args->data_size;
	const uint64_t total = args->map_size + args->data_size;
	const int writable = PROT_READ | PROT_WRITE;
	const struct mmapshare_ring *ring;
	char *base;
	int ret;

	/* a ring may be larger than the addresses of a 32-bit program */
	if (total > SIZE_MAX)
		return -ENOMEM;
	base = mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	ring = (const void *)base;
	ep->ring = ring;
	ep->map_size = total;
	ret = map_part(ep, base, args->map_offset, args->map_size, PROT_READ);
	if (ret)
		return ret;
	if (!mms_ring_is_known(ring))
		return -EPROTONOSUPPORT;
	ret = map_part(ep, base + args->map_size, args->map_offset + data_offset, args->data_size,
		       ep->role == MMS_ROLE_PRODUCER ? writable : PROT_READ);
	if (!ret)
		ret = map_part(ep, base + (args->own_offset - args->map_offset), args->own_offset,
			       args->own_size, writable);
	if (ret)
		return ret;
	ep->held = !(ring->flags & MMAPSHARE_RING_OVERWRITE ||
		     args->flags & MMAPSHARE_RING_ATTACH_MAY_LOSE);
	ep->overwrite = !ep->held || (ep->role == MMS_ROLE_CONSUMER && ring->evict_ns);
	ep->mask = ring->data_size - MMS_HEADER;
	ep->record_max = ring->record_max;
	ep->features = ring->features;
	ep->info_bytes = ring->features ? sizeof(struct mmapshare_record_info) : 0;
	ep->data = base + ring->data_offset;
	ep->producer = (void *)(base + ring->producer_offset);
	ep->cursor = (void *)mms_cursor(ring, args->cursor);
	ep->generation = args->generation;
	ep->resumed = args->flags & MMAPSHARE_RING_ATTACH_RESUMED;
	return 0;
}

int mms_endpoint_new(struct mmapshare_endpoint **ep, int fd,
		     const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_endpoint *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	new->fd = fd;
	new->role = args->flags & MMAPSHARE_RING_ATTACH_PRODUCER ? MMS_ROLE_PRODUCER :
								   MMS_ROLE_CONSUMER;
	ret = map_ring(new, args);
	if (ret) {
		mms_endpoint_free(new);
		return ret;
	}
	if (new->role == MMS_ROLE_PRODUCER)
		mms_producer_init(new);
	else
		mms_consumer_init(new);
	*ep = new;
	return 0;
}

void mms_endpoint_free(struct mmapshare_endpoint *ep)
{
	if (!ep)
		return;
	if (ep->ring)
		munmap((void *)ep->ring, ep->map_size);
	free(ep);
}

int mms_attach(int fd, struct mmapshare_ring_attach_args *args)
{
	/*
	 * each 64-bit position must be stored and loaded at once, without a
	 * lock
	 */
	if (!__atomic_always_lock_free(sizeof(__u64), 0))
		return -EOPNOTSUPP;
	args->size = sizeof(*args);
	args->flags |= MMAPSHARE_RING_ATTACH_CLOEXEC;
	return mms_ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, args);
}

int mms_set_members(int fd)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	int ret = mms_ioctl(fd, MMAPSHARE_IOC_INFO, &info);

	if (ret)
		return ret;
	return info.ring ? (int)info.members : -ENOTTY;
}

/* struct mmapshare_set is for a consumer of all rings of a set. */
static int attach_fd(struct mmapshare_endpoint **ep, int fd,
		     struct mmapshare_ring_attach_args *args)
{
	int ret;

	/* before a name is created, which would remain */
	if (args->name[0] && !(args->flags & MMAPSHARE_RING_ATTACH_MEMBER) &&
	    mms_set_members(fd) > 0)
		return -EOPNOTSUPP;
	fd = mms_attach(fd, args);
	if (fd < 0)
		return fd;
	ret = args->members ? -EOPNOTSUPP : mms_endpoint_new(ep, fd, args);
	if (ret)
		close(fd);
	return ret;
}

/* What the caller knows of the structure, as in copy_args(). */
int mms_copy_attach_args(struct mmapshare_ring_attach_args *to,
			 const struct mmapshare_ring_attach_args *from)
{
	memset(to, 0, sizeof(*to));
	if (from->size < offsetof(struct mmapshare_ring_attach_args, map_offset))
		return -EINVAL;
	if (from->size > sizeof(*to))
		return -E2BIG;
	memcpy(to, from, from->size);
	to->flags &= ~MMAPSHARE_RING_ATTACH_RESUMED;
	return 0;
}

int mmapshare_ring_attach_with(struct mmapshare_endpoint **ep, const struct mmapshare *region,
			       const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_ring_attach_args copy;
	int ret = mms_copy_attach_args(&copy, args);

	return ret ? ret : attach_fd(ep, region->fd, &copy);
}

int mmapshare_ring_attach(struct mmapshare_endpoint **ep, const struct mmapshare *region,
			  unsigned int flags)
{
	struct mmapshare_ring_attach_args args = { .flags = flags };

	return attach_fd(ep, region->fd, &args);
}

int mmapshare_ring_attach_member(struct mmapshare_endpoint **ep, const struct mmapshare *region,
				 unsigned int flags, unsigned int member)
{
	struct mmapshare_ring_attach_args args = {
		.flags = flags | MMAPSHARE_RING_ATTACH_MEMBER,
		.member = member,
	};

	return attach_fd(ep, region->fd, &args);
}

/*
 * A producer needs permission to write the node, but none to read it. A consumer
 * needs permission to read it; if it may write, too, the producer waits for it.
 */
int mms_open_for(const char *name, unsigned int flags)
{
	int fd;

	if (flags & MMAPSHARE_RING_ATTACH_PRODUCER)
		return mms_open_node(name, O_WRONLY);
	fd = flags & MMAPSHARE_RING_ATTACH_MAY_LOSE ? -EACCES : mms_open_node(name, O_RDWR);
	return fd < 0 ? mms_open_node(name, O_RDONLY) : fd;
}

static int open_and_attach(struct mmapshare_endpoint **ep, const char *name,
			   struct mmapshare_ring_attach_args *args)
{
	int fd = mms_open_for(name, args->flags), ret;

	if (fd < 0)
		return fd;
	ret = attach_fd(ep, fd, args);
	close(fd);
	return ret;
}

int mmapshare_ring_open(struct mmapshare_endpoint **ep, const char *name,
			unsigned int flags)
{
	struct mmapshare_ring_attach_args args = { .flags = flags };

	return open_and_attach(ep, name, &args);
}

int mmapshare_ring_open_with(struct mmapshare_endpoint **ep, const char *name,
			     const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_ring_attach_args copy;
	int ret = mms_copy_attach_args(&copy, args);

	return ret ? ret : open_and_attach(ep, name, &copy);
}

void mmapshare_ring_close(struct mmapshare_endpoint *ep)
{
	if (!ep)
		return;
	close(ep->fd);
	mms_endpoint_free(ep);
}

int mmapshare_ring_fd(const struct mmapshare_endpoint *ep)
{
	return ep->fd;
}

int mmapshare_ring_may_lose(const struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_CONSUMER ? ep->overwrite : mms_role_error(ep);
}

size_t mmapshare_ring_record_max(const struct mmapshare_endpoint *ep)
{
	return ep->record_max;
}

uint64_t mmapshare_ring_features(const struct mmapshare_endpoint *ep)
{
	return ep->features;
}

uint64_t mmapshare_ring_seq(const struct mmapshare_endpoint *ep)
{
	return ep->seq;
}

void mmapshare_ring_set_spins(struct mmapshare_endpoint *ep, unsigned int spins)
{
	ep->spins_max = spins;
	ep->spins = spins;
}

void mmapshare_ring_set_wake_bytes(struct mmapshare_endpoint *ep, uint32_t bytes)
{
	__u32 *word = ep->role == MMS_ROLE_PRODUCER ? &ep->producer->wake_bytes :
		      &ep->cursor->wake_bytes;

	ep->wake_bytes = bytes;
	__atomic_store_n(word, bytes, __ATOMIC_RELAXED);
}

void mmapshare_ring_set_wake_delay(struct mmapshare_endpoint *ep, uint32_t us)
{
	if (ep->role != MMS_ROLE_PRODUCER)
		__atomic_store_n(&ep->cursor->wake_us, us, __ATOMIC_RELAXED);
}

/* Make all functions fail with ENODEV, including the inline ones. */
static void disable(struct mmapshare_endpoint *ep)
{
	ep->role = MMS_ROLE_REVOKED;
	ep->writable_producer = NULL;
	ep->writable_cursor = NULL;
	ep->reserve_limit = 0;
	ep->next_limit = 0;
}

/*
 * After a revocation an access to the ring's mapping raises SIGBUS. So map
 * zeroes over it before ENODEV is returned: the caller may still use records
 * that it has taken or reserved.
 */
int mms_replace_if_revoked(struct mmapshare_endpoint *ep, int ret)
{
	if (ret == -ENODEV && ep->role != MMS_ROLE_REVOKED &&
	    mmap((void *)ep->ring, ep->map_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
		disable(ep);
	return ret;
}

int mms_ring_notify(struct mmapshare_endpoint *ep, unsigned int flags)
{
	struct mmapshare_ring_notify_args notify = {
		.size = sizeof(notify),
		.flags = flags,
	};

	return mms_replace_if_revoked(ep, mms_ioctl(ep->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
}

int mmapshare_ring_notify(struct mmapshare_endpoint *ep)
{
	return mms_ring_notify(ep, 0);
}

int mms_ring_wait(struct mmapshare_endpoint *ep, unsigned int flags, int64_t timeout)
{
	struct mmapshare_ring_wait_args wait = {
		.size = sizeof(wait),
		.flags = flags,
		.timeout = timeout,
	};

	return mms_replace_if_revoked(ep, mms_ioctl(ep->fd, MMAPSHARE_IOC_RING_WAIT, &wait));
}

static bool is_ready(struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_PRODUCER ? mms_producer_is_ready(ep) :
					       mms_consumer_is_ready(ep);
}

/* Let the other hardware thread of the core run. */
static inline void relax(void)
{
#if __has_builtin(__builtin_ia32_pause)
	__builtin_ia32_pause();
#elif __has_builtin(__builtin_arm_yield)
	__builtin_arm_yield();
#else
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
#endif
}

/*
 * Poll before sleeping. If this is successful, the next call polls twice as
 * often, else half as often: where polling does not help, it costs little.
 */
static bool spin(struct mmapshare_endpoint *ep)
{
	unsigned int n;

	for (n = ep->spins; n; n--) {
		relax();
		if (!is_ready(ep))
			continue;
		ep->spins = ep->spins > ep->spins_max / 2 ? ep->spins_max :
			      2 * ep->spins;
		return true;
	}
	if (ep->spins > ep->spins_max / 16 + 1)
		ep->spins /= 2;
	return false;
}

/*
 * Are there records that are reserved and not committed, or taken and not
 * released? Waiting makes no sense then. A consumer's wait, for example, would
 * return at once, because the kernel counts the taken records as available.
 */
static bool has_unfinished(const struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_PRODUCER ? ep->pos != ep->published_pos :
					       mms_has_unreleased(ep);
}

/*
 * Publish a consumer's position: the kernel lets a consumer wait for records
 * past its published position.
 */
static int publish(struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_CONSUMER && mms_consumer_publish(ep) ?
	       mmapshare_ring_notify(ep) : 0;
}

int mmapshare_ring_wait(struct mmapshare_endpoint *ep, unsigned int flags, int64_t timeout)
{
	int ret;

	if (ep->role == MMS_ROLE_REVOKED)
		return -ENODEV;
	if (has_unfinished(ep))
		return -EBUSY;
	/*
	 * Callers pass 0 after poll() has reported POLLERR. If the ring was
	 * revoked, the mapping must be replaced before it is accessed.
	 */
	if (!timeout && mms_ring_wait(ep, flags, 0) == -ENODEV)
		return -ENODEV;
	ret = publish(ep);
	if (ret)
		return ret;
	if (is_ready(ep) || (timeout && spin(ep)))
		return 0;
	return mms_ring_wait(ep, flags, timeout);
}
