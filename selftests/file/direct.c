// SPDX-License-Identifier: GPL-2.0
/* O_DIRECT has no effect; in particular, it requires no alignment. */
#include "mmapshare_test.h"

FIXTURE(direct)
{
	struct device dev;
	char *map;
	char buf[8192];
};

FIXTURE_SETUP(direct)
{
	DEVICE_OPEN(&self->dev, O_RDWR | O_DIRECT);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(direct)
{
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(direct, whole_pages)
{
	char *buf = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, buf);
	make_bytes(buf, 8192, 0, 14);
	ASSERT_EQ(8192, pwrite(self->dev.fd, buf, 8192, 4096));
	EXPECT_TRUE(same_bytes(self->map + 4096, 8192, 0, 14));
	make_bytes(self->map + 4096, 8192, 0, 15);
	ASSERT_EQ(8192, pread(self->dev.fd, buf, 8192, 4096));
	EXPECT_TRUE(same_bytes(buf, 8192, 0, 15));
	munmap(buf, 8192);
}

TEST_F(direct, odd_bytes)
{
	off_t size = self->dev.size;

	memset(self->map, '.', 8192);
	make_bytes(self->buf + 1, 4099, 0, 16);
	ASSERT_EQ(4099, pwrite(self->dev.fd, self->buf + 1, 4099, 333));
	EXPECT_EQ('.', self->map[332]);
	EXPECT_TRUE(same_bytes(self->map + 333, 4099, 0, 16));
	EXPECT_EQ('.', self->map[333 + 4099]);
	ASSERT_EQ(4001, pread(self->dev.fd, self->buf + 3, 4001, 335));
	EXPECT_TRUE(same_bytes(self->buf + 3, 4001, 2, 16));

	EXPECT_EQ(1, pread(self->dev.fd, self->buf, 5, size - 1));
	EXPECT_EQ(0, pread(self->dev.fd, self->buf, 5, size));
	EXPECT_EQ(1, pwrite(self->dev.fd, self->buf, 5, size - 1));
	EXPECT_EQ(-1, pwrite(self->dev.fd, self->buf, 5, size));
	EXPECT_EQ(ENOSPC, errno);
}

TEST_F(direct, f_setfl)
{
	int fd = open(DEVICE, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_SETFL, O_DIRECT));
	EXPECT_EQ(O_DIRECT, fcntl(fd, F_GETFL) & O_DIRECT);
	self->map[5] = 'd';
	EXPECT_EQ(1, pread(fd, self->buf, 1, 5));
	EXPECT_EQ('d', self->buf[0]);
	close(fd);
}

TEST_HARNESS_MAIN
