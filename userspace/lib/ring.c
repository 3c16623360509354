// SPDX-License-Identifier: MIT
/* Rings: make them, take part in them, and wait. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ring.h"

int mmapshare_ring_create(struct mmapshare **region, const char *name, uint64_t size,
			  unsigned int flags, unsigned int consumers, unsigned int mode)
{
	struct mmapshare_create create = {
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
	struct mmapshare_create create = {
		.region_size = size,
		.mode = mode,
		.ring = MMAPSHARE_RING | flags,
		.consumers = consumers,
	};

	return mms_create_or_open(region, name, &create);
}

/* First all of it for reading, then what is the part's own over that. */
static int map_part(struct mmapshare_part *part, const struct mmapshare_ring_attach *at)
{
	const struct mmapshare_ring *ring;
	char *base;

	if (at->map_size > SIZE_MAX)
		return -ENOMEM;
	base = mmap(NULL, at->map_size, PROT_READ, MAP_SHARED, part->fd, 0);
	if (base == MAP_FAILED)
		return -errno;
	ring = (const void *)base;
	part->ring = ring;
	part->map_size = at->map_size;
	if (!mms_ring_is_known(ring))
		return -EPROTONOSUPPORT;
	if (mmap(base + at->own_offset, at->own_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, part->fd, at->own_offset) == MAP_FAILED)
		return -errno;
	part->overwrite = ring->flags & MMAPSHARE_RING_OVERWRITE;
	part->mask = ring->data_size - MMS_HEADER;
	part->record_max = ring->record_max;
	part->data = base + ring->data_offset;
	part->p = (void *)(base + ring->producer_offset);
	part->c = (void *)mms_cursor(ring, at->cursor);
	return 0;
}

static int new_part(struct mmapshare_part **part, int fd,
		    const struct mmapshare_ring_attach *at)
{
	struct mmapshare_part *new = calloc(1, sizeof(*new));
	int ret;

	if (!new) {
		close(fd);
		return -ENOMEM;
	}
	new->fd = fd;
	new->role = at->flags & MMAPSHARE_RING_ATTACH_PRODUCER ? MMS_PRODUCER : MMS_CONSUMER;
	ret = map_part(new, at);
	if (ret) {
		mmapshare_ring_close(new);
		return ret;
	}
	if (new->role == MMS_PRODUCER)
		mms_producer_begin(new);
	else
		mms_consumer_begin(new);
	*part = new;
	return 0;
}

static int attach_fd(struct mmapshare_part **part, int fd, unsigned int flags)
{
	struct mmapshare_ring_attach at = {
		.size = sizeof(at),
		.flags = flags | MMAPSHARE_RING_ATTACH_CLOEXEC,
	};
	int ret;

	/* positions are stored without a lock */
	if (!__atomic_always_lock_free(sizeof(__u64), 0))
		return -EOPNOTSUPP;
	ret = mms_ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, &at);
	return ret < 0 ? ret : new_part(part, ret, &at);
}

int mmapshare_ring_attach(struct mmapshare_part **part, const struct mmapshare *region,
			  unsigned int flags)
{
	return attach_fd(part, region->fd, flags);
}

int mmapshare_ring_open(struct mmapshare_part **part, const char *name,
			unsigned int flags)
{
	int fd, ret;

	/* who may write and not read can be a producer */
	fd = mms_open_node(name, flags & MMAPSHARE_RING_ATTACH_PRODUCER ? O_WRONLY :
			   O_RDONLY);
	if (fd < 0)
		return fd;
	ret = attach_fd(part, fd, flags);
	close(fd);
	return ret;
}

void mmapshare_ring_close(struct mmapshare_part *part)
{
	if (!part)
		return;
	if (part->ring)
		munmap((void *)part->ring, part->map_size);
	close(part->fd);
	free(part);
}

int mmapshare_ring_fd(const struct mmapshare_part *part)
{
	return part->fd;
}

size_t mmapshare_ring_record_max(const struct mmapshare_part *part)
{
	return part->record_max;
}

uint64_t mmapshare_ring_number(const struct mmapshare_part *part)
{
	return part->number;
}

void mmapshare_ring_set_spins(struct mmapshare_part *part, unsigned int spins)
{
	part->spins_max = spins;
	part->spins = spins;
}

void mmapshare_ring_set_wake_bytes(struct mmapshare_part *part, uint32_t bytes)
{
	__u32 *word = part->role == MMS_PRODUCER ? &part->p->wake_bytes :
		      &part->c->wake_bytes;

	part->wake_bytes = bytes;
	__atomic_store_n(word, bytes, __ATOMIC_RELAXED);
}

/* From now on none of its functions does anything, inline ones neither. */
static void retire(struct mmapshare_part *part)
{
	part->role = MMS_NO_ROLE;
	part->own_p = NULL;
	part->own_c = NULL;
	part->put_below = 0;
	part->take_below = 0;
}

/*
 * After a revocation whatever touches the ring is killed by SIGBUS. Who has been
 * told of it is not: there is other memory then, for the records he has, too.
 */
static int noticed(struct mmapshare_part *part, int ret)
{
	if (ret == -ENODEV && part->role != MMS_NO_ROLE &&
	    mmap((void *)part->ring, part->map_size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
		retire(part);
	return ret;
}

int mmapshare_ring_notify(struct mmapshare_part *part)
{
	struct mmapshare_ring_notify notify = { .size = sizeof(notify) };

	return noticed(part, mms_ioctl(part->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
}

static int ask_kernel(struct mmapshare_part *part, unsigned int flags, int64_t timeout)
{
	struct mmapshare_ring_wait wait = {
		.size = sizeof(wait),
		.flags = flags,
		.timeout = timeout,
	};

	return noticed(part, mms_ioctl(part->fd, MMAPSHARE_IOC_RING_WAIT, &wait));
}

static bool can_go_on(struct mmapshare_part *part)
{
	return part->role == MMS_PRODUCER ? mms_producer_can_go_on(part) :
					    mms_consumer_can_go_on(part);
}

/* The other thread of the same core may need it more. */
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
 * Look again and again. When that was in vain it is done half as long the next
 * time, and twice as long when it was not, so that it costs little where it is
 * of no use.
 */
static bool spin(struct mmapshare_part *part)
{
	unsigned int n;

	for (n = part->spins; n; n--) {
		relax();
		if (!can_go_on(part))
			continue;
		part->spins = part->spins > part->spins_max / 2 ? part->spins_max :
			      2 * part->spins;
		return true;
	}
	if (part->spins > part->spins_max / 16 + 1)
		part->spins /= 2;
	return false;
}

/* Who has records in his hands would be told at once, again and again. */
static bool is_half_done(const struct mmapshare_part *part)
{
	return part->role == MMS_PRODUCER ? part->position != part->shared :
					    mms_has_record(part);
}

/* A consumer's position is to be known to the kernel, which goes by that. */
static int share(struct mmapshare_part *part)
{
	return part->role == MMS_CONSUMER && mms_consumer_share(part) ?
	       mmapshare_ring_notify(part) : 0;
}

int mmapshare_ring_wait(struct mmapshare_part *part, unsigned int flags, int64_t timeout)
{
	int ret;

	if (part->role == MMS_NO_ROLE)
		return -ENODEV;
	if (is_half_done(part))
		return -EBUSY;
	/* after poll(), which may have told of a revocation: touch nothing before */
	if (!timeout && ask_kernel(part, flags, 0) == -ENODEV)
		return -ENODEV;
	ret = share(part);
	if (ret)
		return ret;
	if (can_go_on(part) || (timeout && spin(part)))
		return 0;
	return ask_kernel(part, flags, timeout);
}
