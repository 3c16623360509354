// SPDX-License-Identifier: GPL-2.0
/*
 * An invalid MMAPSHARE_IOC_FILL fails with the documented errno and changes
 * nothing.
 */
#include "mmapshare_test.h"

FIXTURE(refused)
{
	struct device dev;
	struct mmapshare_fill_args fill;
	uint8_t *map;
};

FIXTURE_SETUP(refused)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = (void *)device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	memset(self->map, '.', self->dev.size);
	self->fill = (struct mmapshare_fill_args) {
		.size = sizeof(self->fill),
		.offset = 100,
		.length = 1000,
		.pattern = "ABCDEFGH",
		.pattern_len = 8,
	};
}

/* No refused call has changed the region. */
FIXTURE_TEARDOWN(refused)
{
	EXPECT_EQ('.', self->map[0]);
	EXPECT_EQ(0, memcmp(self->map, self->map + 1, self->dev.size - 1));
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

static int fill_errno(int fd, struct mmapshare_fill_args *fill)
{
	return ioctl(fd, MMAPSHARE_IOC_FILL, fill) ? errno : 0;
}

TEST_F(refused, empty_range)
{
	self->fill.length = 0;
	EXPECT_EQ(0, fill_errno(self->dev.fd, &self->fill));
	self->fill.offset = self->dev.size;
	EXPECT_EQ(0, fill_errno(self->dev.fd, &self->fill));
}

TEST_F(refused, range)
{
	const uint64_t size = self->dev.size;
	const struct {
		uint64_t offset, length;
	} bad[] = {
		{ size, 1 }, { size + 1, 0 }, { size - 1, 2 }, { 0, size + 1 },
		{ 1, size }, { 1, UINT64_MAX }, { UINT64_MAX, 1 },
		{ UINT64_MAX, 0 }, { UINT64_MAX, UINT64_MAX },
		{ UINT64_MAX - 99, 200 }, { 4096, UINT64_MAX - 4095 },
		{ 1ULL << 63, 1ULL << 63 }, { 1ULL << 44, 1 },
		{ 0, 1ULL << 44 }, { 0, (1ULL << 44) + 1 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		self->fill.offset = bad[i].offset;
		self->fill.length = bad[i].length;
		EXPECT_EQ(ENXIO, fill_errno(self->dev.fd, &self->fill));
	}
}

TEST_F(refused, open_mode)
{
	int fd = open(DEVICE, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(EBADF, fill_errno(fd, &self->fill));
	EXPECT_EQ(EBADF, fill_errno(fd, NULL));
	close(fd);
}

TEST_F(refused, pattern)
{
	const uint32_t lengths[] = { 0, 9, 256, 1U << 31, UINT32_MAX };
	uint32_t i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		self->fill.pattern_len = lengths[i];
		EXPECT_EQ(EINVAL, fill_errno(self->dev.fd, &self->fill));
	}
	memset(self->fill.pattern, 0, MMAPSHARE_PATTERN_MAX);
	self->fill.pattern_len = 0;
	EXPECT_EQ(EINVAL, fill_errno(self->dev.fd, &self->fill));
	/* unused bytes of the pattern must be 0 */
	for (i = 1; i < MMAPSHARE_PATTERN_MAX; i++) {
		memset(self->fill.pattern, 0, MMAPSHARE_PATTERN_MAX);
		self->fill.pattern_len = i;
		self->fill.pattern[i] = 1;
		EXPECT_EQ(EINVAL, fill_errno(self->dev.fd, &self->fill));
		self->fill.pattern[i] = 0;
		self->fill.pattern[MMAPSHARE_PATTERN_MAX - 1] = 1;
		EXPECT_EQ(EINVAL, fill_errno(self->dev.fd, &self->fill));
	}
}

TEST_F(refused, reserved)
{
	int bit;

	for (bit = 0; bit < 32; bit++) {
		self->fill.reserved = 1U << bit;
		EXPECT_EQ(EINVAL, fill_errno(self->dev.fd, &self->fill));
	}
}

TEST_HARNESS_MAIN
