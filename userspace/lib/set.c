// SPDX-License-Identifier: MIT
/* Ring sets: attach a consumer to all rings, wait, detach. set_merge.c has the order. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "set.h"

static void free_set(struct mmapshare_set *set)
{
	unsigned int i;

	for (i = 0; set->members && i < set->nr; i++)
		mms_endpoint_free(set->members[i].ep);
	free(set->members);
	free(set->heap);
	free(set);
}

static int add_members(struct mmapshare_set *set, const struct mmapshare_ring_attach_args *args)
{
	unsigned int i;
	int ret;

	for (i = 0; i < set->nr; i++) {
		struct mmapshare_ring_attach_args one = *args;

		one.map_offset += i * args->stride;
		one.own_offset += i * args->stride;
		ret = mms_endpoint_new(&set->members[i].ep, set->fd, &one);
		if (ret)
			return ret;
	}
	return 0;
}

static int new_set(struct mmapshare_set **set, int fd,
		   const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_set *new = calloc(1, sizeof(*new));
	uint64_t features;
	int ret = -ENOMEM;

	if (!new)
		return -ENOMEM;
	new->fd = fd;
	new->nr = args->members;
	new->members = calloc(new->nr, sizeof(*new->members));
	new->heap = calloc(new->nr, sizeof(*new->heap));
	if (new->members && new->heap)
		ret = add_members(new, args);
	if (ret) {
		free_set(new);
		return ret;
	}
	features = new->members[0].ep->features;
	new->has_clock = features & (MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME);
	new->clock = features & MMAPSHARE_RING_FEAT_BOOTTIME ? CLOCK_BOOTTIME : CLOCK_MONOTONIC;
	*set = new;
	return 0;
}

/* The flags that a consumer of all rings can have. */
#define SET_FLAGS	(MMAPSHARE_RING_ATTACH_LATEST | MMAPSHARE_RING_ATTACH_OLDEST |	\
			 MMAPSHARE_RING_ATTACH_MAY_LOSE |	\
			 MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE |	\
			 MMAPSHARE_RING_ATTACH_EXISTING | MMAPSHARE_RING_ATTACH_CLOEXEC)

static int attach_fd(struct mmapshare_set **set, int fd, struct mmapshare_ring_attach_args *args)
{
	int ret;

	if (args->flags & ~(uint32_t)SET_FLAGS)
		return -EINVAL;
	ret = mms_set_members(fd);
	if (ret <= 0)
		return ret ? ret : -EOPNOTSUPP;
	args->flags |= MMAPSHARE_RING_ATTACH_CONSUMER;
	fd = mms_attach(fd, args);
	if (fd < 0)
		return fd;
	ret = new_set(set, fd, args);
	if (ret)
		close(fd);
	return ret;
}

static int open_and_attach(struct mmapshare_set **set, const char *name,
			   struct mmapshare_ring_attach_args *args)
{
	int fd = mms_open_for(name, args->flags), ret;

	if (fd < 0)
		return fd;
	ret = attach_fd(set, fd, args);
	close(fd);
	return ret;
}

int mmapshare_set_attach_with(struct mmapshare_set **set, const struct mmapshare *region,
			      const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_ring_attach_args copy;
	int ret = mms_copy_attach_args(&copy, args);

	copy.flags &= ~MMAPSHARE_RING_ATTACH_CONSUMER;
	return ret ? ret : attach_fd(set, region->fd, &copy);
}

int mmapshare_set_open_with(struct mmapshare_set **set, const char *name,
			    const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_ring_attach_args copy;
	int ret = mms_copy_attach_args(&copy, args);

	copy.flags &= ~MMAPSHARE_RING_ATTACH_CONSUMER;
	return ret ? ret : open_and_attach(set, name, &copy);
}

int mmapshare_set_attach(struct mmapshare_set **set, const struct mmapshare *region,
			 unsigned int flags)
{
	struct mmapshare_ring_attach_args args = { .flags = flags };

	return attach_fd(set, region->fd, &args);
}

int mmapshare_set_open(struct mmapshare_set **set, const char *name, unsigned int flags)
{
	struct mmapshare_ring_attach_args args = { .flags = flags };

	return open_and_attach(set, name, &args);
}

void mmapshare_set_close(struct mmapshare_set *set)
{
	if (!set)
		return;
	close(set->fd);
	free_set(set);
}

int mmapshare_set_fd(const struct mmapshare_set *set)
{
	return set->fd;
}

unsigned int mmapshare_set_members(const struct mmapshare_set *set)
{
	return set->nr;
}

struct mmapshare_endpoint *mmapshare_set_member(const struct mmapshare_set *set, unsigned int i)
{
	return i < set->nr ? set->members[i].ep : NULL;
}

uint64_t mmapshare_set_features(const struct mmapshare_set *set)
{
	return set->members[0].ep->features;
}

uint64_t mmapshare_set_lost(const struct mmapshare_set *set)
{
	uint64_t lost = 0;
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		lost += set->members[i].ep->lost;
	return lost;
}

int mmapshare_set_window(struct mmapshare_set *set, uint64_t ns)
{
	if (ns && !set->has_clock)
		return -EOPNOTSUPP;
	set->window = ns;
	mms_set_drop_heads(set);
	return 0;
}

void mmapshare_set_wake_bytes(struct mmapshare_set *set, uint32_t bytes)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		mmapshare_ring_set_wake_bytes(set->members[i].ep, bytes);
}

void mmapshare_set_wake_delay(struct mmapshare_set *set, uint32_t us)
{
	unsigned int i;

	for (i = 0; i < set->nr; i++)
		mmapshare_ring_set_wake_delay(set->members[i].ep, us);
}

/* A revocation ends all rings. */
int mms_set_disable(struct mmapshare_set *set, int ret)
{
	unsigned int i;

	for (i = 0; ret == -ENODEV && i < set->nr; i++)
		mms_replace_if_revoked(set->members[i].ep, ret);
	return ret;
}

int mms_set_notify(struct mmapshare_set *set)
{
	return mms_set_disable(set, mms_ring_notify(set->members[0].ep, 0));
}

static int wait_in_kernel(struct mmapshare_set *set, unsigned int flags, int64_t timeout)
{
	return mms_set_disable(set, mms_ring_wait(set->members[0].ep, flags, timeout));
}

/* Sleep until the first head is not held back any more. */
static int wait_for_window(uint64_t held, int64_t timeout)
{
	const bool expires = timeout >= 0 && (uint64_t)timeout < held;
	const uint64_t ns = expires ? (uint64_t)timeout : held;
	const struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	if (nanosleep(&t, NULL))
		return -errno;
	return expires ? -ETIMEDOUT : 0;
}

/*
 * Was anything taken and not released, or is there something to take that the kernel
 * does not know of? Return: 0 if not; 1; -EBUSY.
 */
static int check_members(struct mmapshare_set *set)
{
	bool more = false;
	unsigned int i;

	for (i = 0; i < set->nr; i++) {
		struct mmapshare_endpoint *ep = set->members[i].ep;

		if (set->members[i].failed)
			continue;
		if (set->members[i].taken || ep->last_pos != ep->pos)
			return -EBUSY;
		more |= ep->more;
		ep->more = false;
	}
	return more;
}

int mmapshare_set_wait(struct mmapshare_set *set, unsigned int flags, int64_t timeout)
{
	int ret;

	if (set->members[0].ep->role != MMS_ROLE_CONSUMER)
		return -ENODEV;
	/* as in mmapshare_ring_wait() */
	if (!timeout && wait_in_kernel(set, flags, 0) == -ENODEV)
		return -ENODEV;
	ret = check_members(set);
	if (ret)
		return ret < 0 ? ret : 0;
	if (mms_set_held(set))
		return wait_for_window(mms_set_held(set), timeout);
	return set->nr_heads ? 0 : wait_in_kernel(set, flags, timeout);
}
