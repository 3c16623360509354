// SPDX-License-Identifier: GPL-2.0
/* A 32-bit program can map any page of the region by mmap2(). */
#include "mmapshare_test.h"
#include <sys/syscall.h>

_Static_assert(sizeof(long) == 4, "this is not a 32-bit program");

#define UNIT	4096	/* of the offset of mmap2(), whatever the page size */

FIXTURE(map)
{
	struct device dev;
	unsigned long page;	/* page size, in UNITs */
	unsigned long end;	/* size of the region, in UNITs */
};

FIXTURE_SETUP(map)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->page = self->dev.page / UNIT;
	self->end = self->dev.info.region_size / UNIT;
}

FIXTURE_TEARDOWN(map)
{
	close(self->dev.fd);
}

static uint8_t *mmap2(FIXTURE_DATA(map) *self, size_t length,
		      unsigned long offset)
{
	return (void *)syscall(SYS_mmap2, NULL, length, PROT_READ | PROT_WRITE,
			       MAP_SHARED, self->dev.fd, offset);
}

TEST_F(map, offsets)
{
	const unsigned long page = self->page, length = self->dev.page;
	const unsigned long offsets[] = {
		0, page, (self->end / page / 2 + 1) * page, self->end - page,
	};
	uint8_t byte, *map;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		uint64_t pos = (uint64_t)offsets[i] * UNIT;

		map = mmap2(self, length, offsets[i]);
		ASSERT_NE(MAP_FAILED, (void *)map);
		make_bytes(map, length, pos, 21);
		ASSERT_EQ(1, pread(self->dev.fd, &byte, 1, pos + length - 1));
		EXPECT_EQ(byte_at(pos + length - 1, 21), byte);
		EXPECT_EQ(kernel_checksum(self->dev.fd, pos, length),
			  user_crc32c(map, length));
		ASSERT_EQ(0, kernel_fill(self->dev.fd, pos, 2, 'k'));
		EXPECT_EQ('k', map[1]);
		munmap(map, length);
	}
}

/* Offsets of more than 32 bits, counted in bytes, are not truncated. */
TEST_F(map, past_the_end)
{
	const unsigned long page = self->page, length = self->dev.page;
	const unsigned long offsets[] = {
		self->end, self->end + page, 1UL << 30, -page, -2 * page,
		(1UL << 20) + self->end,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		EXPECT_EQ(MAP_FAILED, (void *)mmap2(self, length, offsets[i]));
		EXPECT_EQ(ENXIO, errno);
	}
	EXPECT_EQ(MAP_FAILED, (void *)mmap2(self, 2 * length, self->end - page));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(map, whole_region)
{
	char *map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, map);
	map[self->dev.size - 1] = 'c';
	EXPECT_EQ(kernel_checksum(self->dev.fd, self->dev.size - 1, 1),
		  user_crc32c("c", 1));
	EXPECT_EQ(0, munmap(map, self->dev.size));
}

TEST_HARNESS_MAIN
