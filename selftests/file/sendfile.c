// SPDX-License-Identifier: GPL-2.0
/* sendfile() copies from, to and within the region. */
#include "mmapshare_test.h"
#include <sys/sendfile.h>

#define BULK	((3 << 20) / 2 + 5)	/* more than a pipe holds */

FIXTURE(sendfile)
{
	struct device dev;
	int file;
	char *map;
	char *buf;
};

FIXTURE_SETUP(sendfile)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->file = memfd_create("file", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	self->buf = malloc(BULK);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(sendfile)
{
	free(self->buf);
	munmap(self->map, self->dev.size);
	close(self->file);
	close(self->dev.fd);
}

TEST_F(sendfile, from_device)
{
	off_t from = 4095;

	make_bytes(self->map, BULK + 4095, 0, 7);
	ASSERT_EQ(BULK, sendfile(self->file, self->dev.fd, &from, BULK));
	EXPECT_EQ(4095 + BULK, from);
	EXPECT_EQ(0, lseek(self->dev.fd, 0, SEEK_CUR));
	ASSERT_EQ(BULK, pread(self->file, self->buf, BULK, 0));
	EXPECT_TRUE(same_bytes(self->buf, BULK, 4095, 7));

	ASSERT_EQ(100, sendfile(self->file, self->dev.fd, NULL, 100));
	EXPECT_EQ(100, lseek(self->dev.fd, 0, SEEK_CUR));
}

TEST_F(sendfile, from_device_across_the_end)
{
	off_t from = self->dev.size - 5000;

	make_bytes(self->map + from, 5000, 0, 7);
	EXPECT_EQ(5000, sendfile(self->file, self->dev.fd, &from, BULK));
	EXPECT_EQ((off_t)self->dev.size, from);
	EXPECT_EQ(0, sendfile(self->file, self->dev.fd, &from, BULK));
	ASSERT_EQ(5000, pread(self->file, self->buf, BULK, 0));
	EXPECT_TRUE(same_bytes(self->buf, 5000, 0, 7));
}

TEST_F(sendfile, to_device)
{
	off_t from = 0;

	make_bytes(self->buf, BULK, 0, 8);
	ASSERT_EQ(BULK, write(self->file, self->buf, BULK));
	memset(self->map, '.', BULK + 4096);
	ASSERT_EQ(3, lseek(self->dev.fd, 3, SEEK_SET));
	ASSERT_EQ(BULK, sendfile(self->dev.fd, self->file, &from, BULK));
	EXPECT_EQ(BULK + 3, lseek(self->dev.fd, 0, SEEK_CUR));
	EXPECT_EQ('.', self->map[2]);
	EXPECT_TRUE(same_bytes(self->map + 3, BULK, 0, 8));
	EXPECT_EQ('.', self->map[3 + BULK]);
}

TEST_F(sendfile, to_device_across_the_end)
{
	off_t size = self->dev.size, from = 0;

	make_bytes(self->buf, 4096, 0, 8);
	ASSERT_EQ(4096, write(self->file, self->buf, 4096));
	ASSERT_EQ(size - 10, lseek(self->dev.fd, -10, SEEK_END));
	EXPECT_EQ(10, sendfile(self->dev.fd, self->file, &from, 4096));
	EXPECT_EQ(10, from);
	EXPECT_EQ(size, lseek(self->dev.fd, 0, SEEK_CUR));
	EXPECT_TRUE(same_bytes(self->map + size - 10, 10, 0, 8));

	EXPECT_EQ(-1, sendfile(self->dev.fd, self->file, &from, 4096));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(10, from);
}

TEST_F(sendfile, within_device)
{
	int to = open(DEVICE, O_WRONLY);
	off_t from = 10;

	ASSERT_LE(0, to);
	make_bytes(self->map, BULK + 10, 0, 9);
	ASSERT_EQ(4 << 20, lseek(to, 4 << 20, SEEK_SET));
	ASSERT_EQ(BULK, sendfile(to, self->dev.fd, &from, BULK));
	EXPECT_EQ((4 << 20) + BULK, lseek(to, 0, SEEK_CUR));
	EXPECT_TRUE(same_bytes(self->map + (4 << 20), BULK, 10, 9));
	close(to);
}

TEST_F(sendfile, to_o_append)
{
	int to = open(DEVICE, O_WRONLY | O_APPEND);

	ASSERT_LE(0, to);
	EXPECT_EQ(-1, sendfile(to, self->dev.fd, NULL, 1));
	EXPECT_EQ(EINVAL, errno);
	close(to);
}

TEST_HARNESS_MAIN
