// SPDX-License-Identifier: MIT
/* Handles of regions: create, open, close, query. */
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

/* Only a descriptor of a region has the ioctl INFO; others fail with ENOTTY. */
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

int mms_wrap_fd(struct mmapshare **region, int fd, uint64_t size)
{
	struct mmapshare *r = new_region(fd, size);

	if (!r) {
		close(fd);
		return -ENOMEM;
	}
	*region = r;
	return 0;
}

/*
 * The size of the region. For a ring CREATE returns the bytes of records
 * instead. If the region was revoked since, INFO fails, and the size does not
 * matter any more.
 */
static uint64_t created_size(int fd, const struct mmapshare_create_args *create)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	if (!create->ring || mms_ioctl(fd, MMAPSHARE_IOC_INFO, &info) < 0)
		return create->region_size;
	return info.region_size;
}

int mms_create(struct mmapshare **region, const char *name,
	       const struct mmapshare_create_args *args)
{
	struct mmapshare_create_args create = *args;
	int ret;

	memset(create.name, 0, sizeof(create.name));
	create.size = sizeof(create);
	create.flags = MMAPSHARE_CREATE_CLOEXEC;
	ret = name ? mms_copy_name(create.name, name) : 0;
	if (!ret)
		ret = mms_control_ioctl(O_RDWR, MMAPSHARE_IOC_CREATE, &create);
	return ret < 0 ? ret : mms_wrap_fd(region, ret, created_size(ret, &create));
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
	/*
	 * O_NONBLOCK: if the path is that of a FIFO, for example, open() must
	 * not block
	 */
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

/* Ids are assigned cyclically: the next region of this name gets another id. */
static int query_id(const char *name, uint32_t *id)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	int ret = mmapshare_query_name(name, &query);

	*id = query.id;
	return ret;
}

/*
 * Does this error of open() mean that the region does not exist, or is being
 * destroyed?
 */
static bool is_gone(int ret)
{
	return ret == -ENOENT || ret == -ENXIO || ret == -ENODEV;
}

/*
 * Other processes may create and destroy the region concurrently, so open and
 * create are repeated until one of them succeeds. Both fail each time if the
 * region exists but its node does not, because /dev is no devtmpfs or the node
 * was removed. So the loop ends when it finds the same region twice.
 */
int mms_create_or_open(struct mmapshare **region, const char *name,
		       const struct mmapshare_create_args *args)
{
	uint32_t id, last = 0;
	int ret;

	if (!name || strchr(name, '/'))
		return -EINVAL;
	for (;;) {
		ret = mmapshare_open(region, name, MMAPSHARE_WRITE);
		if (!is_gone(ret))
			return ret;
		ret = mms_create(region, name, args);
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
