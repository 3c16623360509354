// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_FILL repeats the pattern over exactly the given range. */
#include "mmapshare_test.h"

#define MIB	(1 << 20)

FIXTURE(fill)
{
	struct device dev;
	struct mmapshare_fill_args fill;
	uint8_t *map;
};

FIXTURE_VARIANT(fill)
{
	uint64_t offset;
	uint64_t length;
};

FIXTURE_VARIANT_ADD(fill, one_byte) {
	.offset = 4095, .length = 1,
};

FIXTURE_VARIANT_ADD(fill, seven) {
	.offset = 4093, .length = 7,
};

FIXTURE_VARIANT_ADD(fill, buffer) {
	.offset = 1, .length = 3 * 256 + 5,
};

FIXTURE_VARIANT_ADD(fill, page) {
	.offset = 4096, .length = 4096,
};

FIXTURE_VARIANT_ADD(fill, more_than_a_mib) {
	.offset = 13, .length = MIB + 700,
};

FIXTURE_SETUP(fill)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = (void *)device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	self->fill = (struct mmapshare_fill_args) {
		.size = sizeof(self->fill),
		.offset = variant->offset,
		.length = variant->length,
	};
}

FIXTURE_TEARDOWN(fill)
{
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

static void set_pattern(struct mmapshare_fill_args *fill, uint32_t length)
{
	memcpy(fill->pattern, "ABCDEFGH", 8);
	memset(fill->pattern + length, 0, 8 - length);
	fill->pattern_len = length;
}

static bool is_filled(const struct mmapshare_fill_args *fill, const uint8_t *map)
{
	size_t phase = 0, i;

	for (i = 0; i < fill->length; i++) {
		if (map[fill->offset + i] != fill->pattern[phase])
			return false;
		if (++phase == fill->pattern_len)
			phase = 0;
	}
	return true;
}

TEST_F(fill, every_pattern_length)
{
	struct mmapshare_fill_args *fill = &self->fill;
	uint8_t *start = self->map + variant->offset;
	uint32_t n;

	for (n = 1; n <= MMAPSHARE_PATTERN_MAX; n++) {
		memset(start - 1, '.', variant->length + 2);
		set_pattern(fill, n);
		ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill));
		EXPECT_TRUE(is_filled(fill, self->map));
		EXPECT_EQ('.', start[-1]);
		EXPECT_EQ('.', start[variant->length]);
	}
}

TEST(fill_whole_region)
{
	struct device dev;
	uint8_t *map;

	DEVICE_OPEN(&dev, O_RDWR);
	map = (void *)device_map(&dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)map);
	ASSERT_EQ(0, kernel_fill(dev.fd, 0, dev.size, 'w'));
	EXPECT_EQ('w', map[0]);
	EXPECT_EQ(0, memcmp(map, map + 1, dev.size - 1));
	/* a descriptor open for writing only is enough */
	close(dev.fd);
	dev.fd = open(DEVICE, O_WRONLY);
	ASSERT_LE(0, dev.fd);
	EXPECT_EQ(0, kernel_fill(dev.fd, dev.size - 1, 1, 'x'));
	EXPECT_EQ('x', map[dev.size - 1]);
	munmap(map, dev.size);
	close(dev.fd);
}

TEST_HARNESS_MAIN
