/* SPDX-License-Identifier: GPL-2.0 */
/* Opening, querying and mapping the device; needs no kselftest_harness.h. */
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

/* An open descriptor of the device, and what MMAPSHARE_IOC_INFO returned. */
struct device {
	int fd;
	struct mmapshare_info info;
	size_t size;
	size_t page;
};

/*
 * Is the kernel User-mode Linux? It differs from others where it has no access to
 * the processor's memory management.
 */
static inline bool kernel_is_uml(void)
{
	char text[256] = "";
	int fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	return n > 0 && strstr(text, "User Mode Linux");
}

static inline int device_info(int fd, struct mmapshare_info *info)
{
	memset(info, 0, sizeof(*info));
	info->size = sizeof(*info);
	return ioctl(fd, MMAPSHARE_IOC_INFO, info);
}

/* Open the device and fill in @dev. On failure returns false, errno is set. */
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

/* Are page table entries made at the first touch, and not in mmap()? */
static inline bool maps_at_touch(const struct device *dev)
{
	return dev->info.strategy == MMAPSHARE_STRATEGY_FAULT ||
	       dev->info.strategy == MMAPSHARE_STRATEGY_HUGE;
}

static inline char *device_map(const struct device *dev, int prot, int flags)
{
	return mmap(NULL, dev->size, prot, flags, dev->fd, 0);
}

/* Have the kernel set @length bytes at @offset to @byte. */
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

/* Returns the CRC-32C that the kernel computes, or a negative errno. */
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
