// SPDX-License-Identifier: GPL-2.0
/*
 * A map that is large enough begins where a PMD entry can map the region: as
 * far behind a boundary as its offset is.
 */
#include "map_fixture.h"

#define MAPS	8

FIXTURE(aligned) {
	struct device dev;
	size_t pmd;
};

FIXTURE_SETUP(aligned)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->pmd = pmd_size(&self->dev);
	if (!self->dev.info.huge_page_size)
		SKIP(return, "no PMD-sized pages with this strategy here");
	if (self->dev.size < 3 * self->pmd)
		SKIP(return, "the region is too small");
}

FIXTURE_TEARDOWN(aligned)
{
	close(self->dev.fd);
}

/*
 * With odd pages in between, so that it is not so by chance; and not of whole
 * PMD entries, which some kernels align of themselves.
 */
TEST_F(aligned, by_offset)
{
	const size_t offsets[] = { 0, self->dev.page, self->pmd };
	const size_t length = 2 * self->pmd - self->dev.page;
	char *odd[MAPS], *map[MAPS];
	size_t i, offset;

	for (i = 0; i < MAPS; i++) {
		offset = offsets[i % ARRAY_SIZE(offsets)];
		odd[i] = mmap(NULL, self->dev.page, PROT_READ,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ASSERT_NE(MAP_FAILED, odd[i]);
		map[i] = mmap(NULL, length, PROT_READ, MAP_SHARED, self->dev.fd,
			      offset);
		ASSERT_NE(MAP_FAILED, map[i]);
		EXPECT_EQ(0U, ((uintptr_t)map[i] - offset) % self->pmd)
			TH_LOG("offset %#zx: %p", offset, map[i]);
	}
	for (i = 0; i < MAPS; i++) {
		munmap(map[i], length);
		munmap(odd[i], self->dev.page);
	}
}

TEST_HARNESS_MAIN
