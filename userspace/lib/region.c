// SPDX-License-Identifier: MIT
/* Handles: create, open, close, and what can be asked of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib.h"

static struct mmapshare *new_region(int fd, uint64_t size)
{
	struct mmapshare *r = malloc(sizeof(*r));

	if (r) {
		r->fd = fd;
		r->size = size;
		r->doorbell = NULL;
	}
	return r;
}

/* What is behind a descriptor says so itself; others do not know the ioctl. */
int mmapshare_open_fd(struct mmapshare **region, int fd)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	int ret = mms_ioctl(fd, MMAPSHARE_IOC_INFO, &info);
	struct mmapshare *r;

	if (ret < 0)
		return ret;
	if (!info.abi_version || !info.region_size)
		return -ENOTTY;
	r = new_region(fd, info.region_size);
	if (!r)
		return -ENOMEM;
	*region = r;
	return 0;
}

int mms_wrap(struct mmapshare **region, int fd, uint64_t size)
{
	struct mmapshare *r = new_region(fd, size);

	if (!r) {
		close(fd);
		return -ENOMEM;
	}
	*region = r;
	return 0;
}

/* CREATE tells of a ring how much is for records; who revoked it already, nothing. */
static uint64_t created_size(int fd, const struct mmapshare_create_args *create)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	if (!create->ring || mms_ioctl(fd, MMAPSHARE_IOC_INFO, &info) < 0)
		return create->region_size;
	return info.region_size;
}

int mms_create(struct mmapshare **region, const char *name,
	       const struct mmapshare_create_args *wanted)
{
	struct mmapshare_create_args create = *wanted;
	int ret;

	memset(create.name, 0, sizeof(create.name));
	create.size = sizeof(create);
	create.flags = MMAPSHARE_CREATE_CLOEXEC;
	ret = name ? mms_copy_name(create.name, name) : 0;
	if (!ret)
		ret = mms_control(O_RDWR, MMAPSHARE_IOC_CREATE, &create);
	return ret < 0 ? ret : mms_wrap(region, ret, created_size(ret, &create));
}

int mmapshare_create(struct mmapshare **region, const char *name, uint64_t size,
		     unsigned int strategy, unsigned int mode)
{
	const struct mmapshare_create_args create = {
		.region_size = size,
		.strategy = strategy,
		.mode = mode,
	};

	return mms_create(region, name, &create);
}

static int open_path(const char *path, int flags)
{
	/* whatever the path leads to must not make this wait */
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int ret;

	if (fd < 0)
		return -errno;
	if (!fcntl(fd, F_SETFL, flags))
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

int mms_open_node(const char *name, int flags)
{
	char path[80];
	int ret;

	if (name && strchr(name, '/'))
		return open_path(name, flags);
	ret = mmapshare_path(name, path, sizeof(path));
	return ret ? ret : open_path(path, flags);
}

int mmapshare_open(struct mmapshare **region, const char *name,
		   unsigned int access)
{
	int fd, ret;

	if (access > MMAPSHARE_COPY)
		return -EINVAL;
	fd = mms_open_node(name, access == MMAPSHARE_WRITE ? O_RDWR : O_RDONLY);
	if (fd < 0)
		return fd;
	ret = mmapshare_open_fd(region, fd);
	if (ret)
		close(fd);
	return ret;
}

/* A region's number is not given to another one for a long time. */
static int query_id(const char *name, uint32_t *id)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	int ret = mmapshare_query_name(name, &query);

	*id = query.id;
	return ret;
}

/* It was destroyed, or revoked, since the name was looked up, or ever. */
static bool is_gone(int ret)
{
	return ret == -ENOENT || ret == -ENXIO || ret == -ENODEV;
}

/*
 * Whoever comes too late for the one has a look for the other. Only where the
 * region is there, and the same as before, but without a node, would that go
 * on for ever: /dev is no devtmpfs, or somebody has removed the node.
 */
int mms_create_or_open(struct mmapshare **region, const char *name,
		       const struct mmapshare_create_args *wanted)
{
	uint32_t id, last = 0;
	int ret;

	if (!name || strchr(name, '/'))
		return -EINVAL;
	for (;;) {
		ret = mmapshare_open(region, name, MMAPSHARE_WRITE);
		if (!is_gone(ret))
			return ret;
		ret = mms_create(region, name, wanted);
		if (ret != -EEXIST)
			return ret ? ret : 1;
		if (query_id(name, &id))
			continue;
		if (id == last)
			return -ENOENT;
		last = id;
	}
}

int mmapshare_create_or_open(struct mmapshare **region, const char *name,
			     uint64_t size, unsigned int strategy,
			     unsigned int mode)
{
	const struct mmapshare_create_args create = {
		.region_size = size,
		.strategy = strategy,
		.mode = mode,
	};

	return mms_create_or_open(region, name, &create);
}

void mmapshare_close(struct mmapshare *region)
{
	if (!region)
		return;
	mms_unmap_doorbell(region->doorbell);
	close(region->fd);
	free(region);
}

int mmapshare_fd(const struct mmapshare *region)
{
	return region->fd;
}

uint64_t mmapshare_size(const struct mmapshare *region)
{
	return region->size;
}

int mmapshare_get_info(const struct mmapshare *region, struct mmapshare_info *info)
{
	info->flags = 0;
	return mms_ioctl(region->fd, MMAPSHARE_IOC_INFO, info);
}
