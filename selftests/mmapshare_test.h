/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests have in common. Each test program is run once for each
 * strategy the module was loaded with, so a test asks the device what a
 * mapping of it can do (MMAPSHARE_FEAT_*) and expects either that it works
 * or the documented errno; tests of the table itself are in info_features.c.
 */
#ifndef MMAPSHARE_TEST_H
#define MMAPSHARE_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64	/* for 32-bit builds */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/mmapshare.h>
#include "kselftest_harness.h"

#define DEVICE	"/dev/mmapshare"
/* Tests reach as far as this into the region. */
#define DEVICE_SIZE_MIN	(8UL << 20)

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

/* Use first in every FIXTURE_SETUP or TEST: opens the device, or skips. */
#define DEVICE_OPEN(dev, flags)						\
	do {								\
		if (access(DEVICE, F_OK))				\
			SKIP(return, "no " DEVICE ": load the module");	\
		ASSERT_TRUE(device_open(dev, flags));			\
		if ((dev)->size < DEVICE_SIZE_MIN)			\
			SKIP(return, "needs 8 MiB: insmod mmapshare.ko size=8M"); \
	} while (0)

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
	struct mmapshare_fill fill = {
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
	struct mmapshare_checksum sum = {
		.size = sizeof(sum),
		.offset = offset,
		.length = length,
	};

	if (ioctl(fd, MMAPSHARE_IOC_CHECKSUM, &sum))
		return -errno;
	return sum.crc32c;
}

/* CRC-32C, bit by bit: slow, and independent of what it checks. */
static inline uint32_t user_crc32c(const void *data, size_t length)
{
	const uint8_t *p = data;
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78U : 0);
	}
	return ~crc;
}

/*
 * Bytes that tell where they belong: what position @pos of the region holds
 * after it was written with @seed.
 */
static inline uint8_t byte_at(uint64_t pos, unsigned int seed)
{
	return ((pos + 1 + ((uint64_t)seed << 32)) * 0x9e3779b97f4a7c15ULL) >> 56;
}

static inline void make_bytes(void *buf, size_t length, uint64_t pos,
			      unsigned int seed)
{
	uint8_t *p = buf;

	while (length--)
		*p++ = byte_at(pos++, seed);
}

static inline bool same_bytes(const void *buf, size_t length, uint64_t pos,
			      unsigned int seed)
{
	const uint8_t *p = buf;

	for (; length; length--)
		if (*p++ != byte_at(pos++, seed))
			return false;
	return true;
}

/*
 * Run fn(arg) in a child. Returns the signal that killed it, or minus its
 * exit status, which is what fn returned: 0 if all went well.
 */
static inline int run_child(int (*fn)(void *arg), void *arg)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		_exit(fn(arg));
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -255;
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

/* Children that touch one byte: for run_child(). */
static inline int load_byte(void *p)
{
	(void)*(volatile char *)p;
	return 0;
}

static inline int store_byte(void *p)
{
	*(volatile char *)p = 1;
	return 0;
}

#endif /* MMAPSHARE_TEST_H */
