// SPDX-License-Identifier: MIT
/* Bytes in and out of a region, by copying, and what the kernel does with them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib.h"

/* Positions in a file are signed; no region goes as far. */
static int check_position(uint64_t offset)
{
	return offset > INT64_MAX ? -ENXIO : 0;
}

/* An error after some bytes is found again by who asks for the rest. */
ssize_t mmapshare_read(const struct mmapshare *region, uint64_t offset,
		       void *buffer, size_t length)
{
	size_t done = 0;

	if (check_position(offset))
		return 0;
	while (done < length) {
		ssize_t n = pread(region->fd, (char *)buffer + done,
				  length - done, offset + done);

		if (n < 0 && errno != EINTR)
			return done ? (ssize_t)done : -errno;
		if (!n)
			break;
		if (n > 0)
			done += n;
	}
	return done;
}

ssize_t mmapshare_write(const struct mmapshare *region, uint64_t offset,
			const void *buffer, size_t length)
{
	size_t done = 0;

	if (check_position(offset))
		return -ENOSPC;
	while (done < length) {
		ssize_t n = pwrite(region->fd, (const char *)buffer + done,
				   length - done, offset + done);

		if (n < 0 && errno != EINTR)
			return done ? (ssize_t)done : -errno;
		if (!n)
			break;
		if (n > 0)
			done += n;
	}
	return done;
}

int mmapshare_fill(const struct mmapshare *region, uint64_t offset,
		   uint64_t length, const void *pattern, size_t pattern_length)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = offset,
		.length = length,
		.pattern_len = pattern_length,
	};

	if (!pattern_length || pattern_length > MMAPSHARE_PATTERN_MAX)
		return -EINVAL;
	memcpy(fill.pattern, pattern, pattern_length);
	return mms_ioctl(region->fd, MMAPSHARE_IOC_FILL, &fill);
}

int mmapshare_checksum(const struct mmapshare *region, uint64_t offset,
		       uint64_t length, uint32_t *crc32c)
{
	struct mmapshare_checksum_args sum = {
		.size = sizeof(sum),
		.offset = offset,
		.length = length,
	};
	int ret = mms_ioctl(region->fd, MMAPSHARE_IOC_CHECKSUM, &sum);

	if (!ret)
		*crc32c = sum.crc32c;
	return ret;
}
