// SPDX-License-Identifier: GPL-2.0
/* mmap() accepts exactly the page-aligned ranges inside the region. */
#include "map_fixture.h"

/* Map and unmap. Returns 0 or the errno of mmap(). */
static int try_map(const struct device *dev, uint64_t offset, size_t length)
{
	char *p = mmap(NULL, length, PROT_READ, MAP_SHARED, dev->fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

/* errno with which the core refuses any mapping of that length, or 0. */
static int core_errno(size_t length)
{
	char *p = mmap(NULL, length, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

TEST_F(map, offset_and_length)
{
	const uint64_t size = self->dev.size, page = self->dev.page;
	const struct {
		uint64_t offset;
		size_t length;
		int error;
	} ranges[] = {
		{ 0, size, 0 },
		{ 0, 1, 0 },
		{ 0, size - 1, 0 },
		{ page, size - page, 0 },
		{ middle(&self->dev), page, 0 },
		{ size - page, page, 0 },
		{ size - page, 1, 0 },
		/* past the end */
		{ 0, size + 1, ENXIO },
		{ 0, size + page, ENXIO },
		{ page, size, ENXIO },
		{ page, size - page + 1, ENXIO },
		{ size - page, page + 1, ENXIO },
		{ size, 1, ENXIO },
		{ size, page, ENXIO },
		{ size + page, page, ENXIO },
		{ 1ULL << 32, page, size > 1ULL << 32 ? 0 : ENXIO },
		{ 1ULL << 44, page, ENXIO },
		{ 1ULL << 63, page, ENXIO },
		{ -2 * page, page, ENXIO },
		/* offset + length exceeds 64 bits */
		{ -page, page, EOVERFLOW },
		{ -page, 2 * page, EOVERFLOW },
		{ -2 * page, 2 * page, EOVERFLOW },
		{ -size, size + page, EOVERFLOW },
		/* what the core refuses for any file */
		{ 1, page, EINVAL },
		{ page - 1, page, EINVAL },
		{ page / 2, page, EINVAL },
		{ size - 1, 1, EINVAL },
		{ 0, 0, EINVAL },
		{ size, 0, EINVAL },
		{ 0, 1ULL << 62, core_errno(1ULL << 62) ?: ENXIO },
		{ 0, SIZE_MAX, ENOMEM },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		EXPECT_EQ(ranges[i].error,
			  try_map(&self->dev, ranges[i].offset, ranges[i].length))
			TH_LOG("offset %#llx length %#zx",
			       (unsigned long long)ranges[i].offset,
			       ranges[i].length);
		/* a refused mapping leaves no VMA */
		EXPECT_EQ(1, count_maps(self->dev.fd));
	}
}

TEST_F(map, offset_of_every_page)
{
	const size_t step = self->dev.page *
			    (self->dev.size / self->dev.page / 2048 ?: 1);
	uint64_t offset, tag;

	for (offset = 0; offset < self->dev.size; offset += step) {
		tag = ~offset;
		ASSERT_EQ(SSIZEOF(tag), pwrite(self->dev.fd, &tag, sizeof(tag),
					       offset));
	}
	for (offset = 0; offset < self->dev.size; offset += step) {
		uint64_t *p = mmap(NULL, self->dev.page, PROT_READ, MAP_SHARED,
				   self->dev.fd, offset);

		ASSERT_NE(MAP_FAILED, p);
		ASSERT_EQ(~offset, *p);
		munmap(p, self->dev.page);
	}
}

TEST_F(map, length_is_rounded_to_pages)
{
	const size_t page = self->dev.page;
	char *p = mmap(NULL, page + 1, PROT_READ | PROT_WRITE, MAP_SHARED,
		       self->dev.fd, page);

	ASSERT_NE(MAP_FAILED, p);
	p[2 * page - 1] = 'x';
	EXPECT_EQ('x', self->mem[3 * page - 1]);
	self->mem[3 * page - 1] = 'y';
	EXPECT_EQ('y', p[2 * page - 1]);
	EXPECT_EQ(0, munmap(p, page + 1));
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_F(map, mappings_alias)
{
	const size_t page = self->dev.page, offset = middle(&self->dev);
	char *maps[4];
	size_t i, j;

	/* each starts a page after the previous one and ends with the region */
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		maps[i] = mmap(NULL, self->dev.size - offset - i * page,
			       PROT_READ | PROT_WRITE, MAP_SHARED,
			       self->dev.fd, offset + i * page);
		ASSERT_NE(MAP_FAILED, maps[i]);
	}
	for (i = 0; i < ARRAY_SIZE(maps); i++) {
		const size_t last = self->dev.size - offset - 1;

		maps[i][4 * page - i * page] = 'a' + i;
		maps[i][last - i * page] = 'A' + i;
		for (j = 0; j < ARRAY_SIZE(maps); j++) {
			EXPECT_EQ('a' + (int)i, maps[j][4 * page - j * page]);
			EXPECT_EQ('A' + (int)i, maps[j][last - j * page]);
		}
		EXPECT_EQ('a' + (int)i, self->mem[offset + 4 * page]);
		EXPECT_EQ('A' + (int)i, self->mem[self->dev.size - 1]);
	}
}

TEST_HARNESS_MAIN
