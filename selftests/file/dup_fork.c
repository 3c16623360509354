// SPDX-License-Identifier: GPL-2.0
/* All descriptors of an open file share its position. */
#include "mmapshare_test.h"

FIXTURE(position)
{
	struct device dev;
	char byte;
};

FIXTURE_SETUP(position)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	ASSERT_EQ(4, pwrite(self->dev.fd, "abcd", 4, 0));
	ASSERT_EQ(1, read(self->dev.fd, &self->byte, 1));
	ASSERT_EQ('a', self->byte);
}

FIXTURE_TEARDOWN(position)
{
	close(self->dev.fd);
}

TEST_F(position, shared_by_dup)
{
	int fd = dup(self->dev.fd);

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &self->byte, 1));
	EXPECT_EQ('b', self->byte);
	EXPECT_EQ(2, lseek(self->dev.fd, 0, SEEK_CUR));
	EXPECT_EQ(3, lseek(self->dev.fd, 3, SEEK_SET));
	EXPECT_EQ(1, read(fd, &self->byte, 1));
	EXPECT_EQ('d', self->byte);
	close(fd);
	EXPECT_EQ(4, lseek(self->dev.fd, 0, SEEK_CUR));
}

static int read_one(void *arg)
{
	char byte = 0;

	return read(*(int *)arg, &byte, 1) == 1 ? byte : -1;
}

TEST_F(position, shared_by_fork)
{
	EXPECT_EQ(-'b', run_child(read_one, &self->dev.fd));
	EXPECT_EQ(2, lseek(self->dev.fd, 0, SEEK_CUR));
	EXPECT_EQ(-'c', run_child(read_one, &self->dev.fd));
	EXPECT_EQ(1, read(self->dev.fd, &self->byte, 1));
	EXPECT_EQ('d', self->byte);
}

TEST_F(position, separate_after_open)
{
	int fd = open(DEVICE, O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_EQ(1, read(fd, &self->byte, 1));
	EXPECT_EQ('a', self->byte);
	EXPECT_EQ(1, lseek(self->dev.fd, 0, SEEK_CUR));
	close(fd);
}

/* Opening /proc/self/fd/N, or /dev/fd/N in a shell, makes a new open file. */
TEST_F(position, separate_after_open_of_proc_fd)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", self->dev.fd);
	fd = open(path, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ(1, read(fd, &self->byte, 1));
	EXPECT_EQ('a', self->byte);
	close(fd);
}

TEST_HARNESS_MAIN
