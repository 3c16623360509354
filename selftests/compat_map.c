// SPDX-License-Identifier: GPL-2.0
/* A 32-bit program maps any part of the region; its offsets are in pages. */
#include "mmapshare_test.h"
#include <sys/syscall.h>

_Static_assert(sizeof(long) == 4, "this is not a 32-bit program");

#define PAGE	4096

FIXTURE(map)
{
	struct device dev;
	unsigned long pages;
};

FIXTURE_SETUP(map)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->pages = self->dev.info.region_size / PAGE;
}

FIXTURE_TEARDOWN(map)
{
	close(self->dev.fd);
}

static uint8_t *mmap2(FIXTURE_DATA(map) *self, size_t length,
		      unsigned long page)
{
	return (void *)syscall(SYS_mmap2, NULL, length, PROT_READ | PROT_WRITE,
			       MAP_SHARED, self->dev.fd, page);
}

TEST_F(map, pages)
{
	const unsigned long pages[] = {
		0, 1, self->pages / 2 + 1, self->pages - 1,
	};
	uint8_t byte, *map;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		uint64_t pos = (uint64_t)pages[i] * PAGE;

		map = mmap2(self, PAGE, pages[i]);
		ASSERT_NE(MAP_FAILED, (void *)map);
		make_bytes(map, PAGE, pos, 21);
		ASSERT_EQ(1, pread(self->dev.fd, &byte, 1, pos + 4095));
		EXPECT_EQ(byte_at(pos + 4095, 21), byte);
		EXPECT_EQ(kernel_checksum(self->dev.fd, pos, PAGE),
			  user_crc32c(map, PAGE));
		ASSERT_EQ(0, kernel_fill(self->dev.fd, pos, 2, 'k'));
		EXPECT_EQ('k', map[1]);
		munmap(map, PAGE);
	}
}

/* Page numbers whose bytes do not fit into 32 bits are not cut off. */
TEST_F(map, past_the_end)
{
	const unsigned long pages[] = {
		self->pages, self->pages + 1, 1UL << 31, -1UL, -2UL,
		(1UL << 20) + self->pages,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		EXPECT_EQ(MAP_FAILED, (void *)mmap2(self, PAGE, pages[i]));
		EXPECT_EQ(ENXIO, errno);
	}
	EXPECT_EQ(MAP_FAILED, (void *)mmap2(self, 2 * PAGE, self->pages - 1));
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
