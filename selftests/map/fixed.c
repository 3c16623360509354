// SPDX-License-Identifier: GPL-2.0
/* MAP_FIXED maps the region at the given address and replaces old mappings. */
#include "map_fixture.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE	0x100000
#endif

#define RW	(PROT_READ | PROT_WRITE)

TEST_F(map, over_anonymous_memory)
{
	const size_t page = self->dev.page;
	char *old = mmap(NULL, 4 * page, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, old);
	memset(old, 'o', 4 * page);
	memset(self->mem + page, 'd', 2 * page);
	ASSERT_EQ(old + page, mmap(old + page, 2 * page, RW,
				   MAP_SHARED | MAP_FIXED, self->dev.fd, page));
	EXPECT_EQ('o', old[page - 1]);
	EXPECT_EQ('d', old[page]);
	EXPECT_EQ('d', old[3 * page - 1]);
	EXPECT_EQ('o', old[3 * page]);
	old[page] = 'n';
	EXPECT_EQ('n', self->mem[page]);
}

TEST_F(map, over_mapping_of_the_device)
{
	const size_t page = self->dev.page;

	self->mem[page] = 'a';
	self->mem[5 * page] = 'b';
	/* page 5 at the address of page 1 splits the VMA in three */
	ASSERT_EQ(self->mem + page, mmap(self->mem + page, page, RW,
					 MAP_SHARED | MAP_FIXED, self->dev.fd,
					 5 * page));
	EXPECT_EQ(3, count_maps(self->dev.fd));
	EXPECT_EQ('b', self->mem[page]);
	self->mem[page] = 'c';
	EXPECT_EQ('c', self->mem[5 * page]);
	/* the whole region again: one VMA, and page 1 has its old content */
	ASSERT_EQ(self->mem, mmap(self->mem, self->dev.size, RW,
				  MAP_SHARED | MAP_FIXED, self->dev.fd, 0));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_EQ('a', self->mem[page]);
	EXPECT_EQ('c', self->mem[5 * page]);
}

TEST_F(map, refused_mapping_leaves_neighbours)
{
	const size_t page = self->dev.page;

	self->mem[0] = 'a';
	self->mem[2 * page] = 'c';
	EXPECT_EQ(ENXIO, errno_of(mmap(self->mem + page, page, RW,
				       MAP_SHARED | MAP_FIXED, self->dev.fd,
				       self->dev.size)));
	EXPECT_EQ('a', self->mem[0]);
	EXPECT_EQ('c', self->mem[2 * page]);
}

/*
 * Each mmap() makes a VMA of its own, which is counted, even next to a VMA that
 * it continues.
 */
TEST_F(map, adjacent_mappings_are_not_merged)
{
	const size_t page = self->dev.page;
	int i;

	ASSERT_EQ(0, munmap(self->mem, self->dev.size));
	EXPECT_EQ(0, count_maps(self->dev.fd));
	/* map page 2 last, so that it joins its two neighbours */
	for (i = 0; i < 4; i++) {
		const size_t at = (i < 2 ? i : 5 - i) * page;

		ASSERT_EQ(self->mem + at, mmap(self->mem + at, page, RW,
					       MAP_SHARED | MAP_FIXED, self->dev.fd, at));
		EXPECT_EQ(i + 1, count_maps(self->dev.fd));
		EXPECT_EQ((long)page, smaps_bytes(self->mem + at, "Size:"));
	}
	/*
	 * VMAs whose access rights have become equal again are not merged
	 * either
	 */
	ASSERT_EQ(0, mprotect(self->mem + page, page, PROT_READ));
	ASSERT_EQ(0, mprotect(self->mem + page, page, RW));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem, 4 * page));
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

TEST_F(map, noreplace)
{
	const size_t page = self->dev.page;
	char *p;

	EXPECT_EQ(EEXIST, errno_of(mmap(self->mem + page, page, RW,
					MAP_SHARED | MAP_FIXED_NOREPLACE,
					self->dev.fd, 0)));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem + page, page));
	p = mmap(self->mem + page, page, RW, MAP_SHARED | MAP_FIXED_NOREPLACE,
		 self->dev.fd, page);
	EXPECT_EQ(self->mem + page, p);
}

/* The address and the offset may also differ modulo the size of a PMD entry. */
TEST_F(map, at_every_alignment)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t pmd = pmd_size(&self->dev) / page;
	const size_t shifts[] = { 0, 1, 7, pmd / 2 - 1, pmd - 1, pmd, pmd + 1 };
	char *place = mmap(NULL, size + 2 * pmd * page, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t offset;
	size_t i;

	ASSERT_NE(MAP_FAILED, place);
	for (offset = 0; offset < size; offset += 64 * page)
		*(uint64_t *)(self->mem + offset) = offset;
	for (i = 0; i < ARRAY_SIZE(shifts); i++) {
		char *want = place + shifts[i] * page;

		ASSERT_EQ(want, mmap(want, size, RW, MAP_SHARED | MAP_FIXED,
				     self->dev.fd, 0));
		for (offset = 0; offset < size; offset += 64 * page)
			ASSERT_EQ(offset, *(uint64_t *)(want + offset));
		want[size - 1] = i;
		EXPECT_EQ((char)i, self->mem[size - 1]);
	}
}

TEST_F(map, unaligned_address)
{
	EXPECT_EQ(EINVAL, errno_of(mmap(self->mem + 1, self->dev.page, RW,
					MAP_SHARED | MAP_FIXED, self->dev.fd,
					0)));
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
