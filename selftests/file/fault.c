// SPDX-License-Identifier: GPL-2.0
/*
 * With a buffer that is partly inaccessible, reads and writes transfer the
 * accessible bytes at its start and return their number, or EFAULT if there are
 * none.
 */
#include "mmapshare_test.h"
#include <sys/uio.h>

#define GOOD	((1 << 20) + (1 << 17))	/* the driver copies 1 MiB at once */

FIXTURE(fault)
{
	struct device dev;
	char *map;
	char *buf;	/* GOOD bytes, then an inaccessible page at @bad */
	char *bad;
};

FIXTURE_SETUP(fault)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->buf = mmap(NULL, GOOD + self->dev.page, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->buf);
	self->bad = self->buf + GOOD;
	ASSERT_EQ(0, mprotect(self->bad, self->dev.page, PROT_NONE));
	memset(self->map, '.', 2 * GOOD);
}

FIXTURE_TEARDOWN(fault)
{
	munmap(self->map, self->dev.size);
	munmap(self->buf, GOOD + self->dev.page);
	close(self->dev.fd);
}

TEST_F(fault, nothing_copied)
{
	struct iovec iov = { self->bad, 1 };
	int fd = self->dev.fd;

	ASSERT_EQ(7, lseek(fd, 7, SEEK_SET));
	EXPECT_EQ(-1, read(fd, self->bad, 100));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(fd, self->bad, 100));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, read(fd, (void *)-4096L, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, write(fd, (void *)-4096L, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, readv(fd, &iov, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, writev(fd, &iov, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, readv(fd, (void *)self->bad, 1));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(7, lseek(fd, 0, SEEK_CUR));
	EXPECT_EQ('.', self->map[7]);
}

TEST_F(fault, read_into_read_only_memory)
{
	ASSERT_EQ(0, mprotect(self->bad, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, pread(self->dev.fd, self->bad, 100, 0));
	EXPECT_EQ(EFAULT, errno);
}

/* The architecture decides how many bytes of the last page are copied. */
TEST_F(fault, short_read)
{
	const ssize_t page = self->dev.page;
	const ssize_t goods[] = { 100, page, 2 * page - 1, GOOD };
	int fd = self->dev.fd;
	size_t i;

	make_bytes(self->map, GOOD, 0, 3);
	for (i = 0; i < ARRAY_SIZE(goods); i++) {
		char *buf = self->bad - goods[i];
		ssize_t n;

		memset(self->buf, '-', GOOD);
		ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
		n = read(fd, buf, goods[i] + 50);
		EXPECT_LT(goods[i] - page, n);
		EXPECT_LT(0, n);
		EXPECT_GE(goods[i], n);
		EXPECT_TRUE(same_bytes(buf, n, 0, 3));
		EXPECT_EQ(n, lseek(fd, 0, SEEK_CUR));
	}
}

TEST_F(fault, short_write)
{
	const ssize_t page = self->dev.page;
	const ssize_t goods[] = { 100, page, 2 * page - 1, GOOD };
	int fd = self->dev.fd;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(goods); i++) {
		char *buf = self->bad - goods[i];
		ssize_t n;

		memset(self->map, '.', GOOD + 4096);
		make_bytes(buf, goods[i], i, 3);
		ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
		n = write(fd, buf, goods[i] + 50);
		EXPECT_LT(goods[i] - page, n);
		EXPECT_LT(0, n);
		EXPECT_GE(goods[i], n);
		EXPECT_TRUE(same_bytes(self->map, n, i, 3));
		EXPECT_EQ('.', self->map[goods[i]]);
		EXPECT_EQ(n, lseek(fd, 0, SEEK_CUR));
	}
}

TEST_F(fault, second_iovec_inaccessible)
{
	struct iovec iov[] = {
		{ self->buf, 1000 },
		{ self->bad, 1000 },
		{ self->buf, 1000 },
	};

	make_bytes(self->map, 3000, 0, 4);
	EXPECT_EQ(1000, preadv(self->dev.fd, iov, 3, 0));
	EXPECT_TRUE(same_bytes(self->buf, 1000, 0, 4));

	memset(self->map, '.', 4096);
	EXPECT_EQ(1000, pwritev(self->dev.fd, iov, 3, 0));
	EXPECT_TRUE(same_bytes(self->map, 1000, 0, 4));
	EXPECT_EQ('.', self->map[1000]);
}

TEST_HARNESS_MAIN
