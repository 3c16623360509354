// SPDX-License-Identifier: MIT
/* Access without a mapping: read, write, fill, checksum. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib.h"

/*
 * Offsets above INT64_MAX do not fit in off_t. They are past the end of any
 * region.
 */
static bool exceeds_off_t(uint64_t offset)
{
	return offset > INT64_MAX;
}

/*
 * After an error the bytes that were copied before it are returned. The
 * caller's call for the remaining bytes returns the error.
 */
ssize_t mmapshare_read(const struct mmapshare *region, uint64_t offset,
		       void *buffer, size_t length)
{
	size_t done = 0;

	if (exceeds_off_t(offset))
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

	if (exceeds_off_t(offset))
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
