// SPDX-License-Identifier: GPL-2.0
/* Reads return bytes of the region up to its end; read() moves the position. */
#include "mmapshare_test.h"
#include <sys/uio.h>

FIXTURE(read)
{
	struct device dev;
	char *map;
	char buf[3 * 4096];
};

FIXTURE_SETUP(read)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	make_bytes(self->map, 16384, 0, 1);
	make_bytes(self->map + self->dev.size - 4096, 4096,
		   self->dev.size - 4096, 1);
	memset(self->buf, '-', sizeof(self->buf));
}

FIXTURE_TEARDOWN(read)
{
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(read, read_moves_position)
{
	int fd = self->dev.fd;

	ASSERT_EQ(5000, read(fd, self->buf, 5000));
	EXPECT_TRUE(same_bytes(self->buf, 5000, 0, 1));
	EXPECT_EQ('-', self->buf[5000]);
	EXPECT_EQ(5000, lseek(fd, 0, SEEK_CUR));
	ASSERT_EQ(7001, read(fd, self->buf, 7001));
	EXPECT_TRUE(same_bytes(self->buf, 7001, 5000, 1));
	EXPECT_EQ(12001, lseek(fd, 0, SEEK_CUR));
}

TEST_F(read, pread_keeps_position)
{
	int fd = self->dev.fd;

	ASSERT_EQ(77, lseek(fd, 77, SEEK_SET));
	ASSERT_EQ(9000, pread(fd, self->buf, 9000, 4095));
	EXPECT_TRUE(same_bytes(self->buf, 9000, 4095, 1));
	EXPECT_EQ(77, lseek(fd, 0, SEEK_CUR));
}

TEST_F(read, vectors)
{
	int fd = self->dev.fd;
	struct iovec iov[] = {
		{ self->buf + 4096, 3 },
		{ NULL, 0 },
		{ self->buf, 4096 },
	};

	ASSERT_EQ(10, lseek(fd, 10, SEEK_SET));
	ASSERT_EQ(4099, readv(fd, iov, 3));
	EXPECT_TRUE(same_bytes(self->buf + 4096, 3, 10, 1));
	EXPECT_TRUE(same_bytes(self->buf, 4096, 13, 1));
	EXPECT_EQ(4109, lseek(fd, 0, SEEK_CUR));

	ASSERT_EQ(4099, preadv(fd, iov, 3, 8191));
	EXPECT_TRUE(same_bytes(self->buf, 4096, 8194, 1));
	EXPECT_EQ(4109, lseek(fd, 0, SEEK_CUR));

	/* an offset of -1 means the position */
	ASSERT_EQ(4099, preadv2(fd, iov, 3, -1, 0));
	EXPECT_TRUE(same_bytes(self->buf, 4096, 4112, 1));
	EXPECT_EQ(8208, lseek(fd, 0, SEEK_CUR));

	EXPECT_EQ(-1, preadv2(fd, iov, 3, 0, 1 << 30));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(read, across_the_end)
{
	int fd = self->dev.fd;
	off_t size = self->dev.size;

	ASSERT_EQ(10, pread(fd, self->buf, 4096, size - 10));
	EXPECT_TRUE(same_bytes(self->buf, 10, size - 10, 1));
	EXPECT_EQ('-', self->buf[10]);

	ASSERT_EQ(size - 1, lseek(fd, -1, SEEK_END));
	EXPECT_EQ(1, read(fd, self->buf, 2));
	EXPECT_EQ(size, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(0, read(fd, self->buf, 1));
	EXPECT_EQ(size, lseek(fd, 0, SEEK_CUR));
}

TEST_F(read, past_the_end)
{
	const off_t size = self->dev.size;
	const off_t ends[] = {
		size, size + 1, size + 4096, 2 * size, 1LL << 44,
		(1LL << 44) + 4096, INT64_MAX - 4096,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++)
		EXPECT_EQ(0, pread(self->dev.fd, self->buf, 4096, ends[i]));
	EXPECT_EQ('-', self->buf[0]);
}

TEST_F(read, zero_length)
{
	EXPECT_EQ(0, pread(self->dev.fd, self->buf, 0, 0));
	EXPECT_EQ(0, pread(self->dev.fd, NULL, 0, self->dev.size - 1));
	EXPECT_EQ(0, pread(self->dev.fd, NULL, 0, self->dev.size));
	EXPECT_EQ(0, readv(self->dev.fd, NULL, 0));
	EXPECT_EQ(0, lseek(self->dev.fd, 0, SEEK_CUR));
}

TEST_F(read, bad_offset)
{
	EXPECT_EQ(-1, pread(self->dev.fd, self->buf, 1, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pread(self->dev.fd, self->buf, 4096, INT64_MAX - 4094));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
