// SPDX-License-Identifier: GPL-2.0
/* splice() copies between the region, up to its end, and a pipe. */
#include "mmapshare_test.h"

FIXTURE(splice)
{
	struct device dev;
	int pipe[2];
	char *map;
	char *last;
	char buf[8192];
};

FIXTURE_SETUP(splice)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->last = self->map + self->dev.size - 4096;
	ASSERT_EQ(0, pipe2(self->pipe, O_CLOEXEC | O_NONBLOCK));
	make_bytes(self->map, 1 << 17, 0, 5);
	make_bytes(self->last, 4096, 0, 5);
}

FIXTURE_TEARDOWN(splice)
{
	munmap(self->map, self->dev.size);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->dev.fd);
}

TEST_F(splice, from_device)
{
	int fd = self->dev.fd;
	loff_t from = 4097;

	ASSERT_EQ(5000, splice(fd, &from, self->pipe[1], NULL, 5000, 0));
	EXPECT_EQ(9097, from);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
	/* the pipe holds a copy, not the pages of the region */
	memset(self->map + 4097, '.', 5000);
	ASSERT_EQ(5000, read(self->pipe[0], self->buf, 8192));
	EXPECT_TRUE(same_bytes(self->buf, 5000, 4097, 5));

	ASSERT_EQ(3, lseek(fd, 3, SEEK_SET));
	ASSERT_EQ(100, splice(fd, NULL, self->pipe[1], NULL, 100, 0));
	EXPECT_EQ(103, lseek(fd, 0, SEEK_CUR));
	ASSERT_EQ(100, read(self->pipe[0], self->buf, 8192));
	EXPECT_TRUE(same_bytes(self->buf, 100, 3, 5));
}

TEST_F(splice, from_device_across_the_end)
{
	loff_t from = self->dev.size - 10;
	int fd = self->dev.fd;

	EXPECT_EQ(10, splice(fd, &from, self->pipe[1], NULL, 4096, 0));
	EXPECT_EQ(10, read(self->pipe[0], self->buf, 8192));
	EXPECT_TRUE(same_bytes(self->buf, 10, 4086, 5));
	EXPECT_EQ((loff_t)self->dev.size, from);
	EXPECT_EQ(0, splice(fd, &from, self->pipe[1], NULL, 4096, 0));
	from++;
	EXPECT_EQ(0, splice(fd, &from, self->pipe[1], NULL, 4096, 0));
}

TEST_F(splice, to_device)
{
	int fd = self->dev.fd;
	loff_t to = 8193;

	make_bytes(self->buf, 6000, 0, 6);
	ASSERT_EQ(6000, write(self->pipe[1], self->buf, 6000));
	ASSERT_EQ(5000, splice(self->pipe[0], NULL, fd, &to, 5000, 0));
	EXPECT_EQ(13193, to);
	EXPECT_TRUE(same_bytes(self->map + 8193, 5000, 0, 6));
	EXPECT_TRUE(same_bytes(self->map + 13193, 100, 13193, 5));

	ASSERT_EQ(1, lseek(fd, 1, SEEK_SET));
	ASSERT_EQ(1000, splice(self->pipe[0], NULL, fd, NULL, 4096, 0));
	EXPECT_EQ(1001, lseek(fd, 0, SEEK_CUR));
	EXPECT_TRUE(same_bytes(self->map + 1, 1000, 5000, 6));
}

TEST_F(splice, to_device_across_the_end)
{
	loff_t to = self->dev.size - 10;
	int fd = self->dev.fd;

	make_bytes(self->buf, 1000, 0, 6);
	ASSERT_EQ(1000, write(self->pipe[1], self->buf, 1000));
	EXPECT_EQ(10, splice(self->pipe[0], NULL, fd, &to, 1000, 0));
	EXPECT_EQ((loff_t)self->dev.size, to);
	EXPECT_TRUE(same_bytes(self->last, 4086, 0, 5));
	EXPECT_TRUE(same_bytes(self->last + 4086, 10, 0, 6));

	EXPECT_EQ(-1, splice(self->pipe[0], NULL, fd, &to, 1000, 0));
	EXPECT_EQ(ENOSPC, errno);
	/* the rest is still in the pipe */
	EXPECT_EQ(990, read(self->pipe[0], self->buf, 8192));
	EXPECT_TRUE(same_bytes(self->buf, 990, 10, 6));
}

TEST_F(splice, device_to_device)
{
	loff_t from = 100, to = 65536 + 7;
	ssize_t left, n;

	for (left = 50000; left; left -= n) {
		n = splice(self->dev.fd, &from, self->pipe[1], NULL, left, 0);
		ASSERT_LT(0, n);
		ASSERT_EQ(n, splice(self->pipe[0], NULL, self->dev.fd, &to, n,
				    0));
	}
	EXPECT_EQ(50100, from);
	EXPECT_EQ(65536 + 7 + 50000, to);
	EXPECT_TRUE(same_bytes(self->map + 65536 + 7, 50000, 100, 5));
}

TEST_F(splice, to_o_append)
{
	int fd = open(DEVICE, O_WRONLY | O_APPEND);

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, write(self->pipe[1], "x", 1));
	EXPECT_EQ(-1, splice(self->pipe[0], NULL, fd, NULL, 1, 0));
	EXPECT_EQ(EINVAL, errno);
	close(fd);
}

TEST_HARNESS_MAIN
