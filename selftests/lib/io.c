// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: read, write, fill, checksum and info. */
#include "lib_test.h"

TEST_F(lib, read_and_write)
{
	static char buf[REGION_SIZE + 100];
	const struct mmapshare *r = self->region;

	make_bytes(buf, sizeof(buf), 0, 1);
	EXPECT_EQ((ssize_t)REGION_SIZE, mmapshare_write(r, 0, buf, sizeof(buf)));
	memset(buf, 0, sizeof(buf));
	EXPECT_EQ((ssize_t)REGION_SIZE - 10, mmapshare_read(r, 10, buf, sizeof(buf)));
	EXPECT_TRUE(same_bytes(buf, REGION_SIZE - 10, 10, 1));
	EXPECT_EQ(2, mmapshare_write(r, REGION_SIZE - 2, buf, 3));
	EXPECT_EQ(0, mmapshare_write(r, 0, buf, 0));
}

TEST_F(lib, past_the_end)
{
	const struct mmapshare *r = self->region;
	char c = 'x';

	EXPECT_EQ(0, mmapshare_read(r, REGION_SIZE, &c, 1));
	EXPECT_EQ(0, mmapshare_read(r, UINT64_MAX, &c, 1));
	EXPECT_EQ(-ENOSPC, mmapshare_write(r, REGION_SIZE, &c, 1));
	EXPECT_EQ(-ENOSPC, mmapshare_write(r, UINT64_MAX, &c, 1));
	EXPECT_EQ('x', c);
}

TEST_F(lib, bad_buffers)
{
	const struct mmapshare *r = self->region;

	EXPECT_EQ(-EFAULT, mmapshare_read(r, 0, NULL, 1));
	EXPECT_EQ(-EFAULT, mmapshare_write(r, 0, NULL, 1));
}

TEST_F(lib, read_only_handle)
{
	struct mmapshare *reader;
	uint32_t crc;
	char c;

	ASSERT_EQ(0, mmapshare_open(&reader, NULL, MMAPSHARE_COPY));
	EXPECT_EQ(1, mmapshare_read(reader, 0, &c, 1));
	EXPECT_EQ(0, mmapshare_checksum(reader, 0, 1, &crc));
	EXPECT_EQ(-EBADF, mmapshare_write(reader, 0, &c, 1));
	EXPECT_EQ(-EBADF, mmapshare_fill(reader, 0, 1, "x", 1));
	mmapshare_close(reader);
}

TEST_F(lib, fill)
{
	const struct mmapshare *r = self->region;
	char buf[12];

	ASSERT_EQ(0, mmapshare_fill(r, 3, 7, "abc", 3));
	ASSERT_EQ(12, mmapshare_read(r, 0, buf, sizeof(buf)));
	EXPECT_EQ(0, memcmp(buf, "\0\0\0abcabca\0", sizeof(buf)));
	EXPECT_EQ(0, mmapshare_fill(r, REGION_SIZE, 0, "x", 1));
	EXPECT_EQ(-ENXIO, mmapshare_fill(r, REGION_SIZE, 1, "x", 1));
	EXPECT_EQ(-EINVAL, mmapshare_fill(r, 0, 1, "x", 0));
	EXPECT_EQ(-EINVAL, mmapshare_fill(r, 0, 1, "123456789", 9));
	EXPECT_EQ(-EINVAL, mmapshare_fill(r, 0, 1, "123456789", SIZE_MAX - 7));
}

TEST_F(lib, checksum)
{
	const struct mmapshare *r = self->region;
	uint32_t crc = 4711;

	ASSERT_EQ(9, mmapshare_write(r, 100, "123456789", 9));
	EXPECT_EQ(-ENXIO, mmapshare_checksum(r, 1, REGION_SIZE, &crc));
	EXPECT_EQ(4711U, crc);
	ASSERT_EQ(0, mmapshare_checksum(r, 100, 9, &crc));
	EXPECT_EQ(0xe3069283U, crc);
}

TEST_F(lib, info)
{
	struct mmapshare_info info = { .size = sizeof(info), .flags = 1 };

	ASSERT_EQ(0, mmapshare_get_info(self->region, &info));
	EXPECT_EQ(sizeof(info), info.size);
	EXPECT_EQ(REGION_SIZE, info.region_size);
	EXPECT_EQ(self->dev.info.strategy, info.strategy);
	EXPECT_EQ((unsigned int)MMAPSHARE_ABI_VERSION, info.abi_version);
	info.size = 4;
	EXPECT_EQ(-EINVAL, mmapshare_get_info(self->region, &info));
}

TEST_HARNESS_MAIN
