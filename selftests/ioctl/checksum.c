// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_CHECKSUM returns the CRC-32C of a range. */
#include "mmapshare_test.h"

#define MIB	(1 << 20)

FIXTURE(checksum)
{
	struct device dev;
	struct mmapshare_checksum_args sum;
	char *map;
};

FIXTURE_SETUP(checksum)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->sum = (struct mmapshare_checksum_args) {
		.size = sizeof(self->sum),
		.offset = 8,
		.length = 9,
	};
}

FIXTURE_TEARDOWN(checksum)
{
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

static int sum_errno(int fd, struct mmapshare_checksum_args *sum)
{
	return ioctl(fd, MMAPSHARE_IOC_CHECKSUM, sum) ? errno : 0;
}

/*
 * The result is the check value of CRC-32C that CRC catalogues list; the ioctl
 * writes no other member.
 */
TEST_F(checksum, known_value)
{
	struct mmapshare_checksum_args want = self->sum;

	EXPECT_EQ(0xe3069283U, user_crc32c("123456789", 9));
	memcpy(self->map + 8, "123456789", 9);
	self->sum.crc32c = 0x12345678;	/* ignored */
	ASSERT_EQ(0, sum_errno(self->dev.fd, &self->sum));
	want.crc32c = 0xe3069283;
	EXPECT_EQ(0, memcmp(&want, &self->sum, sizeof(want)));
}

TEST_F(checksum, single_bit)
{
	int64_t before, after;

	memset(self->map, 0, 4096);
	before = kernel_checksum(self->dev.fd, 0, 4096);
	EXPECT_EQ(before, user_crc32c(self->map, 4096));
	self->map[4095] ^= 1;
	after = kernel_checksum(self->dev.fd, 0, 4096);
	EXPECT_EQ(after, user_crc32c(self->map, 4096));
	EXPECT_NE(before, after);
	/* bytes outside the range are not included */
	EXPECT_EQ(kernel_checksum(self->dev.fd, 0, 4095),
		  user_crc32c(self->map, 4095));
}

TEST_F(checksum, ranges)
{
	const struct {
		size_t offset, length;
	} ranges[] = {
		{ 0, 1 }, { 1, 1 }, { 3, 4 }, { 4095, 2 }, { 4096, 4096 },
		{ 7, 70000 }, { MIB - 3, 7 }, { 1, MIB }, { 0, MIB + 1 },
		{ self->dev.size - 1, 1 }, { self->dev.size - 4097, 4097 },
	};
	size_t i;

	make_bytes(self->map, 2 * MIB, 0, 20);
	make_bytes(self->map + self->dev.size - 8192, 8192, 0, 20);
	for (i = 0; i < ARRAY_SIZE(ranges); i++)
		EXPECT_EQ(kernel_checksum(self->dev.fd, ranges[i].offset,
					  ranges[i].length),
			  user_crc32c(self->map + ranges[i].offset,
				      ranges[i].length));
}

TEST_F(checksum, whole_region)
{
	EXPECT_EQ(kernel_checksum(self->dev.fd, 0, self->dev.size),
		  user_crc32c(self->map, self->dev.size));
}

TEST_F(checksum, empty)
{
	EXPECT_EQ(0, kernel_checksum(self->dev.fd, 0, 0));
	EXPECT_EQ(0, kernel_checksum(self->dev.fd, self->dev.size, 0));
}

TEST_F(checksum, bad_range)
{
	const uint64_t size = self->dev.size;
	const struct {
		uint64_t offset, length;
	} bad[] = {
		{ size, 1 }, { size + 1, 0 }, { size - 1, 2 }, { 0, size + 1 },
		{ 1, UINT64_MAX }, { UINT64_MAX, 1 }, { UINT64_MAX - 99, 200 },
		{ 1ULL << 63, 1ULL << 63 }, { 1ULL << 44, 1 }, { 0, 1ULL << 44 },
	};
	struct mmapshare_checksum_args want;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->sum.offset = bad[i].offset;
		self->sum.length = bad[i].length;
		want = self->sum;
		EXPECT_EQ(ENXIO, sum_errno(self->dev.fd, &self->sum));
		EXPECT_EQ(0, memcmp(&want, &self->sum, sizeof(want)));
	}
}

TEST_F(checksum, reserved)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		self->sum.reserved = 1U << bit;
		EXPECT_EQ(EINVAL, sum_errno(self->dev.fd, &self->sum));
	}
}

TEST_F(checksum, open_mode)
{
	int fd = open(DEVICE, O_WRONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(EBADF, sum_errno(fd, &self->sum));
	EXPECT_EQ(EBADF, sum_errno(fd, NULL));
	close(fd);
	fd = open(DEVICE, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sum_errno(fd, &self->sum));
	close(fd);
}

TEST_HARNESS_MAIN
