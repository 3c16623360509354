// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes wait for neither data nor space: O_NONBLOCK and RWF_NOWAIT
 * change nothing.
 */
#include "mmapshare_test.h"
#include <sys/uio.h>

#define BULK	((2 << 20) + 123)	/* more than the driver copies at once */

FIXTURE(nonblock)
{
	struct device dev;
	struct iovec iov;
	char *map;
};

FIXTURE_SETUP(nonblock)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->iov.iov_base = malloc(BULK);
	self->iov.iov_len = BULK;
	ASSERT_NE(NULL, self->iov.iov_base);
}

FIXTURE_TEARDOWN(nonblock)
{
	free(self->iov.iov_base);
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(nonblock, rwf_nowait)
{
	off_t size = self->dev.size;
	int fd = self->dev.fd;

	make_bytes(self->iov.iov_base, BULK, 0, 10);
	ASSERT_EQ(BULK, pwritev2(fd, &self->iov, 1, 77, RWF_NOWAIT));
	EXPECT_TRUE(same_bytes(self->map + 77, BULK, 0, 10));

	memset(self->iov.iov_base, 0, BULK);
	ASSERT_EQ(BULK, preadv2(fd, &self->iov, 1, 77, RWF_NOWAIT));
	EXPECT_TRUE(same_bytes(self->iov.iov_base, BULK, 0, 10));

	EXPECT_EQ(1, preadv2(fd, &self->iov, 1, size - 1, RWF_NOWAIT));
	EXPECT_EQ(0, preadv2(fd, &self->iov, 1, size, RWF_NOWAIT));
	EXPECT_EQ(-1, pwritev2(fd, &self->iov, 1, size, RWF_NOWAIT));
	EXPECT_EQ(ENOSPC, errno);
}

/* Faults on pages of the buffer that are not present do not cause EAGAIN. */
TEST_F(nonblock, rwf_nowait_into_missing_pages)
{
	struct iovec iov = { .iov_len = BULK };

	make_bytes(self->map, BULK, 0, 11);
	iov.iov_base = mmap(NULL, BULK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, iov.iov_base);
	ASSERT_EQ(BULK, preadv2(self->dev.fd, &iov, 1, 0, RWF_NOWAIT));
	EXPECT_TRUE(same_bytes(iov.iov_base, BULK, 0, 11));
	munmap(iov.iov_base, BULK);
}

static void read_and_write(struct __test_metadata *_metadata, int fd,
			   struct device *dev, char *byte)
{
	*byte = 'x';
	EXPECT_EQ(1, pwrite(fd, byte, 1, 1));
	*byte = 0;
	EXPECT_EQ(1, pread(fd, byte, 1, 1));
	EXPECT_EQ('x', *byte);
	EXPECT_EQ(0, pread(fd, byte, 1, dev->size));
	EXPECT_EQ(-1, pwrite(fd, byte, 1, dev->size));
	EXPECT_EQ(ENOSPC, errno);
}

TEST_F(nonblock, o_nonblock)
{
	int fd = open(DEVICE, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	read_and_write(_metadata, fd, &self->dev, self->iov.iov_base);
	close(fd);
}

TEST_F(nonblock, f_setfl_and_fionbio)
{
	int one = 1;

	ASSERT_EQ(0, fcntl(self->dev.fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->dev.fd, F_GETFL) & O_NONBLOCK);
	read_and_write(_metadata, self->dev.fd, &self->dev,
		       self->iov.iov_base);
	ASSERT_EQ(0, fcntl(self->dev.fd, F_SETFL, 0));
	ASSERT_EQ(0, ioctl(self->dev.fd, FIONBIO, &one));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->dev.fd, F_GETFL) & O_NONBLOCK);
	read_and_write(_metadata, self->dev.fd, &self->dev,
		       self->iov.iov_base);
}

TEST_HARNESS_MAIN
