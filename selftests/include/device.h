/* SPDX-License-Identifier: GPL-2.0 */
/* The device, for whatever is not a test program by itself. */
#ifndef DEVICE_H
#define DEVICE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64	/* for 32-bit builds */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/mmapshare.h>

#define DEVICE	"/dev/mmapshare"

/* An open device and what it says of itself. */
struct device {
	int fd;
	struct mmapshare_info info;
	size_t size;
	size_t page;
};

static inline int device_info(int fd, struct mmapshare_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(fd, MMAPSHARE_IOC_INFO, info);
}

/* Fills in @dev, or says why the test cannot run and returns false. */
static inline bool device_open(struct device *dev, int flags)
{
	dev->fd = open(DEVICE, flags | O_CLOEXEC);
	if (dev->fd < 0 || device_info(dev->fd, &dev->info))
		return false;
	dev->size = dev->info.region_size;
	dev->page = dev->info.page_size;
	return true;
}

static inline bool has_feature(const struct device *dev, uint64_t feature)
{
	return dev->info.features & feature;
}

static inline char *device_map(const struct device *dev, int prot, int flags)
{
	return mmap(NULL, dev->size, prot, flags, dev->fd, 0);
}

/* Let the kernel store @byte @length times from @offset on. */
static inline int kernel_fill(int fd, uint64_t offset, uint64_t length,
			      uint8_t byte)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = offset,
		.length = length,
		.pattern = { byte },
		.pattern_len = 1,
	};

	return ioctl(fd, MMAPSHARE_IOC_FILL, &fill);
}

/* The kernel's CRC-32C of a range; negative errno on failure. */
static inline int64_t kernel_checksum(int fd, uint64_t offset, uint64_t length)
{
	struct mmapshare_checksum_args sum = {
		.size = sizeof(sum),
		.offset = offset,
		.length = length,
	};

	if (ioctl(fd, MMAPSHARE_IOC_CHECKSUM, &sum))
		return -errno;
	return sum.crc32c;
}

#endif /* DEVICE_H */
