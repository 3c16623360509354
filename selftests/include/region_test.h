/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Creating, destroying, querying, sealing and revoking regions, and the fixture
 * of the region tests.
 */
#ifndef REGION_TEST_H
#define REGION_TEST_H

#include "mmapshare_test.h"
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define REGION_SIZE	(64UL << 10)

/* @field must be zeroed. A name that fills it is not NUL-terminated. */
static inline void name_copy(char *field, const char *name)
{
	const size_t length = strlen(name);

	memcpy(field, name, length < MMAPSHARE_NAME_SIZE ? length :
	       MMAPSHARE_NAME_SIZE);
}

/* Returns a descriptor or a negative errno. NULL: an anonymous region. */
static inline int region_create_by(int control, struct mmapshare_create_args *create,
				   const char *name)
{
	int fd;

	create->size = sizeof(*create);
	create->flags = MMAPSHARE_CREATE_CLOEXEC;
	if (name)
		name_copy(create->name, name);
	fd = ioctl(control, MMAPSHARE_IOC_CREATE, create);
	return fd < 0 ? -errno : fd;
}

/* As region_create_by(). */
static inline int region_create_as(int control, const char *name, uint64_t size,
				   uint32_t strategy, uint32_t mode)
{
	struct mmapshare_create_args create = {
		.region_size = size,
		.strategy = strategy,
		.mode = mode,
	};

	return region_create_by(control, &create, name);
}

static inline int region_create(int control, const char *name)
{
	return region_create_as(control, name, REGION_SIZE,
				MMAPSHARE_STRATEGY_FAULT, name ? 0600 : 0);
}

/* Returns 0 or an errno. */
static inline int region_destroy(int control, const char *name)
{
	struct mmapshare_destroy_args destroy = { .size = sizeof(destroy) };

	name_copy(destroy.name, name);
	return ioctl(control, MMAPSHARE_IOC_DESTROY, &destroy) ? errno : 0;
}

static inline int region_query(int control, const char *name,
			       struct mmapshare_query *query)
{
	*query = (struct mmapshare_query){ .size = sizeof(*query) };
	name_copy(query->name, name);
	return ioctl(control, MMAPSHARE_IOC_QUERY, query) ? errno : 0;
}

/* Size of regions of region_create_own(): large enough for huge pages. */
static inline size_t own_size(const struct device *dev)
{
	return 4UL << 20 > 16 * dev->page ? 4UL << 20 : 16 * dev->page;
}

/* Create a region of the strategy with which the module was loaded. */
static inline int region_create_own(const struct device *dev, const char *name)
{
	return region_create_as(dev->fd, name, own_size(dev), dev->info.strategy,
				name ? 0600 : 0);
}

/*
 * Replace the region of @dev by a new one of the same size and strategy, all of
 * whose PMD-sized pages are whole: MADV_COLD of a part of such a page, for
 * example, splits it.
 */
static inline bool device_renew(struct device *dev)
{
	const int fd = region_create_as(dev->fd, NULL, dev->size, dev->info.strategy, 0);

	if (fd < 0)
		return false;
	close(dev->fd);
	dev->fd = fd;
	return !device_info(fd, &dev->info);
}

/* Returns 0 or an errno. */
static inline int region_seal(int fd, uint32_t seals)
{
	struct mmapshare_seal_args seal = { .size = sizeof(seal), .seals = seals };

	return ioctl(fd, MMAPSHARE_IOC_SEAL, &seal) ? errno : 0;
}

/* Returns the seals or a negative errno. */
static inline int region_seals(int fd)
{
	struct mmapshare_seal_args seal = { .size = sizeof(seal) };

	return ioctl(fd, MMAPSHARE_IOC_SEAL, &seal) ? -errno : (int)seal.seals;
}

/* Returns a read-only descriptor or a negative errno. */
static inline int region_read_only(int fd)
{
	struct mmapshare_read_only_args ro = {
		.size = sizeof(ro),
		.flags = MMAPSHARE_READ_ONLY_CLOEXEC,
	};
	const int ret = ioctl(fd, MMAPSHARE_IOC_READ_ONLY, &ro);

	return ret < 0 ? -errno : ret;
}

/* Send a descriptor through a socket, or receive it. */
static inline int pass_fd(int socket, int *fd, bool send)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} control = { };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	if (!send) {
		if (recvmsg(socket, &msg, MSG_CMSG_CLOEXEC) != 1)
			return -1;
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(*fd));
		return 0;
	}
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), fd, sizeof(*fd));
	return sendmsg(socket, &msg, 0) == 1 ? 0 : -1;
}

/* Returns 0 or an errno. */
static inline int region_revoke(int fd)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };

	return ioctl(fd, MMAPSHARE_IOC_REVOKE, &revoke) ? errno : 0;
}

static inline int region_destroy_revoke(int control, const char *name)
{
	struct mmapshare_destroy_args destroy = {
		.size = sizeof(destroy),
		.flags = MMAPSHARE_DESTROY_REVOKE,
	};

	name_copy(destroy.name, name);
	return ioctl(control, MMAPSHARE_IOC_DESTROY, &destroy) ? errno : 0;
}

/* Path of a region's node, in a buffer that the next call overwrites. */
static inline const char *region_node(const char *name)
{
	static char path[sizeof(DEVICE) + 1 + MMAPSHARE_NAME_SIZE];

	snprintf(path, sizeof(path), DEVICE "-%.63s", name);
	return path;
}

/* The control device, and a name that no region has before and after a test. */
FIXTURE(region) {
	struct device dev;
	char name[32];
};

FIXTURE_SETUP(region)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "test.%d", getpid());
}

FIXTURE_TEARDOWN(region)
{
	region_destroy(self->dev.fd, self->name);
	close(self->dev.fd);
}

#endif /* REGION_TEST_H */
