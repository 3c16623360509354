// SPDX-License-Identifier: GPL-2.0
/* Writes change the bytes of the region; from its end on they get ENOSPC. */
#include "mmapshare_test.h"
#include <sys/uio.h>

FIXTURE(write)
{
	struct device dev;
	char *map;
	char *last;
	char buf[3 * 4096];
};

FIXTURE_SETUP(write)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->last = self->map + self->dev.size - 4096;
	memset(self->map, '.', 16384);
	memset(self->last, '.', 4096);
}

FIXTURE_TEARDOWN(write)
{
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(write, write_moves_position)
{
	int fd = self->dev.fd;

	make_bytes(self->buf, 12000, 0, 2);
	ASSERT_EQ(100, lseek(fd, 100, SEEK_SET));
	ASSERT_EQ(5000, write(fd, self->buf, 5000));
	EXPECT_EQ(5100, lseek(fd, 0, SEEK_CUR));
	ASSERT_EQ(7000, write(fd, self->buf + 5000, 7000));
	EXPECT_EQ(12100, lseek(fd, 0, SEEK_CUR));

	EXPECT_EQ('.', self->map[99]);
	EXPECT_TRUE(same_bytes(self->map + 100, 12000, 0, 2));
	EXPECT_EQ('.', self->map[12100]);
}

TEST_F(write, pwrite_keeps_position)
{
	make_bytes(self->buf, 9000, 4095, 2);
	ASSERT_EQ(9000, pwrite(self->dev.fd, self->buf, 9000, 4095));
	EXPECT_EQ(0, lseek(self->dev.fd, 0, SEEK_CUR));

	EXPECT_EQ('.', self->map[4094]);
	EXPECT_TRUE(same_bytes(self->map + 4095, 9000, 4095, 2));
	EXPECT_EQ('.', self->map[13095]);
}

TEST_F(write, vectors)
{
	int fd = self->dev.fd;
	struct iovec iov[] = {
		{ self->buf + 4096, 3 },
		{ NULL, 0 },
		{ self->buf, 4096 },
	};

	make_bytes(self->buf + 4096, 3, 0, 2);
	make_bytes(self->buf, 4096, 3, 2);
	ASSERT_EQ(4099, writev(fd, iov, 3));
	EXPECT_TRUE(same_bytes(self->map, 4099, 0, 2));
	EXPECT_EQ(4099, lseek(fd, 0, SEEK_CUR));

	ASSERT_EQ(4099, pwritev(fd, iov, 3, 8190));
	EXPECT_TRUE(same_bytes(self->map + 8190, 4099, 0, 2));
	EXPECT_EQ(4099, lseek(fd, 0, SEEK_CUR));

	/* an offset of -1 means the position */
	ASSERT_EQ(4099, pwritev2(fd, iov, 3, -1, 0));
	EXPECT_TRUE(same_bytes(self->map + 4099, 4099, 0, 2));
	EXPECT_EQ(8198, lseek(fd, 0, SEEK_CUR));
}

TEST_F(write, across_the_end)
{
	int fd = self->dev.fd;
	off_t size = self->dev.size;

	make_bytes(self->buf, 4096, 0, 2);
	ASSERT_EQ(size - 10, lseek(fd, -10, SEEK_END));
	EXPECT_EQ(10, write(fd, self->buf, 4096));
	EXPECT_EQ('.', self->last[4085]);
	EXPECT_TRUE(same_bytes(self->last + 4086, 10, 0, 2));
	EXPECT_EQ(size, lseek(fd, 0, SEEK_CUR));

	EXPECT_EQ(-1, write(fd, self->buf, 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(size, lseek(fd, 0, SEEK_CUR));
}

TEST_F(write, past_the_end)
{
	const off_t size = self->dev.size;
	const off_t ends[] = {
		size, size + 1, size + 4096, 2 * size, 1LL << 44,
		(1LL << 44) + 4096, INT64_MAX - 4096,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		EXPECT_EQ(-1, pwrite(self->dev.fd, self->buf, 4096, ends[i]));
		EXPECT_EQ(ENOSPC, errno);
	}
	EXPECT_EQ('.', self->map[0]);
	EXPECT_EQ('.', self->map[4096]);
}

TEST_F(write, zero_length)
{
	EXPECT_EQ(0, write(self->dev.fd, NULL, 0));
	EXPECT_EQ(0, pwrite(self->dev.fd, NULL, 0, self->dev.size));
	EXPECT_EQ(0, pwrite(self->dev.fd, NULL, 0, self->dev.size + 1));
	EXPECT_EQ(0, lseek(self->dev.fd, 0, SEEK_CUR));
}

TEST_F(write, bad_offset)
{
	EXPECT_EQ(-1, pwrite(self->dev.fd, self->buf, 1, -1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, pwrite(self->dev.fd, self->buf, 4096, INT64_MAX - 4094));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
