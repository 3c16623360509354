// SPDX-License-Identifier: GPL-2.0
/* Syncing succeeds and does nothing: the region has no backing store. */
#include "mmapshare_test.h"
#include <sys/uio.h>

FIXTURE(sync)
{
	struct device dev;
	char byte;
};

FIXTURE_VARIANT(sync)
{
	int flags;
};

FIXTURE_VARIANT_ADD(sync, rdwr) {
	.flags = O_RDWR,
};

FIXTURE_VARIANT_ADD(sync, rdonly) {
	.flags = O_RDONLY,
};

FIXTURE_VARIANT_ADD(sync, o_sync) {
	.flags = O_RDWR | O_SYNC,
};

FIXTURE_SETUP(sync)
{
	DEVICE_OPEN(&self->dev, variant->flags);
}

FIXTURE_TEARDOWN(sync)
{
	close(self->dev.fd);
}

TEST_F(sync, fsync)
{
	EXPECT_EQ(0, fsync(self->dev.fd));
	EXPECT_EQ(0, fdatasync(self->dev.fd));
	EXPECT_EQ(0, syncfs(self->dev.fd));
}

TEST_F(sync, write)
{
	struct iovec iov = { &self->byte, 1 };

	if (variant->flags == O_RDONLY)
		return;
	EXPECT_EQ(1, write(self->dev.fd, &self->byte, 1));
	EXPECT_EQ(1, pwritev2(self->dev.fd, &iov, 1, 0, RWF_SYNC));
	EXPECT_EQ(1, pwritev2(self->dev.fd, &iov, 1, 0, RWF_DSYNC));
	EXPECT_EQ(1, preadv2(self->dev.fd, &iov, 1, 0, RWF_HIPRI));
}

/*
 * Calls about the page cache fail or have no effect: the pages of a region are
 * always present, and are neither read in, written back nor dropped.
 */
TEST_F(sync, page_cache)
{
	const int advices[] = {
		POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL,
		POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE,
	};
	int fd = self->dev.fd;
	size_t i;

	EXPECT_EQ(-1, sync_file_range(fd, 0, 4096, SYNC_FILE_RANGE_WRITE));
	EXPECT_EQ(ESPIPE, errno);
	EXPECT_EQ(-1, readahead(fd, 0, 4096));
	EXPECT_EQ(variant->flags & O_WRONLY ? EBADF : EINVAL, errno);

	for (i = 0; i < ARRAY_SIZE(advices); i++)
		EXPECT_EQ(0, posix_fadvise(fd, 0, 0, advices[i]));
	EXPECT_EQ(EINVAL, posix_fadvise(fd, 0, 0, 99));
	EXPECT_EQ(EINVAL, posix_fadvise(fd, 0, -1, POSIX_FADV_NORMAL));
}

TEST_F(sync, advice_keeps_the_bytes)
{
	int fd = open(DEVICE, O_WRONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kernel_fill(fd, 0, 4096, 's'));
	EXPECT_EQ(0, posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
	close(fd);
	EXPECT_EQ(1, pread(self->dev.fd, &self->byte, 1, 4095));
	EXPECT_EQ('s', self->byte);
}

TEST_HARNESS_MAIN
