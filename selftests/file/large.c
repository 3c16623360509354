// SPDX-License-Identifier: GPL-2.0
/* One call transfers the whole count, however large it is. */
#include "mmapshare_test.h"

#define MIB	(1 << 20)

FIXTURE(large)
{
	struct device dev;
	char *map;
	char *buf;
};

FIXTURE_SETUP(large)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->buf = malloc(self->dev.size);
	ASSERT_NE(NULL, self->buf);
}

FIXTURE_TEARDOWN(large)
{
	free(self->buf);
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

TEST_F(large, whole_region)
{
	ssize_t size = self->dev.size;

	make_bytes(self->buf, size, 0, 18);
	ASSERT_EQ(size, write(self->dev.fd, self->buf, size));
	EXPECT_EQ(0, memcmp(self->map, self->buf, size));
	EXPECT_EQ(size, lseek(self->dev.fd, 0, SEEK_CUR));

	memset(self->buf, 0, size);
	ASSERT_EQ(size, pread(self->dev.fd, self->buf, size, 0));
	EXPECT_EQ(0, memcmp(self->map, self->buf, size));
}

/*
 * A count past the end of the region is cut to the end. The core requires only
 * that the whole buffer is in the user address space, not that it is mapped.
 */
TEST_F(large, larger_than_region)
{
	ssize_t size = self->dev.size;
	char *buf = mmap(NULL, INT32_MAX, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	ASSERT_NE(MAP_FAILED, buf);
	ASSERT_EQ(0, mprotect(buf, size, PROT_READ | PROT_WRITE));
	memset(buf, 'm', size);
	EXPECT_EQ(size, pwrite(self->dev.fd, buf, INT32_MAX, 0));
	EXPECT_EQ('m', self->map[size - 1]);
	EXPECT_EQ(size, pread(self->dev.fd, buf, INT32_MAX, 0));
	EXPECT_EQ(100, pread(self->dev.fd, buf, INT32_MAX, size - 100));
}

/* The driver copies at most 1 MiB at a time. */
TEST_F(large, around_a_mib)
{
	const ssize_t counts[] = {
		MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1, 3 * MIB - 1,
	};
	const off_t pos = 4096 - 1;
	size_t i;

	make_bytes(self->map, 4 * MIB, 0, 19);
	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		ssize_t n = counts[i];

		self->buf[n] = '-';
		ASSERT_EQ(n, pread(self->dev.fd, self->buf, n, pos));
		EXPECT_EQ(0, memcmp(self->buf, self->map + pos, n));
		EXPECT_EQ('-', self->buf[n]);

		memset(self->buf, '0' + i, n);
		ASSERT_EQ(n, pwrite(self->dev.fd, self->buf, n, 4 * MIB + 1));
		EXPECT_EQ(0, memcmp(self->buf, self->map + 4 * MIB + 1, n));
		EXPECT_NE('0' + (int)i, self->map[4 * MIB]);
		EXPECT_NE('0' + (int)i, self->map[4 * MIB + 1 + n]);
	}
}

TEST_HARNESS_MAIN
