// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() aligns the address of a large enough mapping so that PMD entries can
 * map the region: address and offset are equal modulo the size of a PMD entry.
 */
#include "map_fixture.h"

#define MAPPINGS	8

FIXTURE(aligned) {
	struct device dev;
	size_t pmd;
};

FIXTURE_SETUP(aligned)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->pmd = pmd_size(&self->dev);
	if (!self->dev.info.huge_page_size)
		SKIP(return, "this strategy has no PMD-sized pages here");
	if (self->dev.size < 3 * self->pmd)
		SKIP(return, "region smaller than three huge pages");
}

FIXTURE_TEARDOWN(aligned)
{
	close(self->dev.fd);
}

/*
 * A page is mapped between every two mappings, so that they are not aligned by
 * chance. The length is not a multiple of a PMD entry, because some kernels
 * align such mappings themselves.
 */
TEST_F(aligned, by_offset)
{
	const size_t offsets[] = { 0, self->dev.page, self->pmd };
	const size_t length = 2 * self->pmd - self->dev.page;
	char *gap[MAPPINGS], *map[MAPPINGS];
	size_t i, offset;

	for (i = 0; i < MAPPINGS; i++) {
		offset = offsets[i % ARRAY_SIZE(offsets)];
		gap[i] = mmap(NULL, self->dev.page, PROT_READ,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, gap[i]);
		map[i] = mmap(NULL, length, PROT_READ, MAP_SHARED, self->dev.fd,
			      offset);
		ASSERT_NE(MAP_FAILED, map[i]);
		EXPECT_EQ(0U, ((uintptr_t)map[i] - offset) % self->pmd)
			TH_LOG("offset %#zx: %p", offset, map[i]);
	}
	for (i = 0; i < MAPPINGS; i++) {
		munmap(map[i], length);
		munmap(gap[i], self->dev.page);
	}
}

TEST_HARNESS_MAIN
