// SPDX-License-Identifier: GPL-2.0
/* munmap() of some pages leaves the others unchanged; info.maps counts VMAs. */
#include "map_fixture.h"

TEST_F(map, edges)
{
	const size_t page = self->dev.page, size = self->dev.size;

	make_bytes(self->mem, size, 0, 1);
	ASSERT_EQ(0, munmap(self->mem, page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem + size - page, page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + page - 1));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + size - page));
	EXPECT_TRUE(same_bytes(self->mem + page, size - 2 * page, page, 1));
}

TEST_F(map, holes)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t half = middle(&self->dev), step = half / 8 / page * page;
	size_t pos;
	long maps = 1;

	make_bytes(self->mem, size, 0, 2);
	for (pos = page; pos < half; pos += step) {
		ASSERT_EQ(0, munmap(self->mem + pos, page));
		ASSERT_EQ(++maps, count_maps(self->dev.fd));
		EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + pos));
		EXPECT_TRUE(same_bytes(self->mem + pos - page, page,
				       pos - page, 2));
		EXPECT_TRUE(same_bytes(self->mem + pos + page, page,
				       pos + page, 2));
	}
	EXPECT_TRUE(same_bytes(self->mem + half, size - half, half, 2));
	/* one call for all remaining VMAs */
	ASSERT_EQ(0, munmap(self->mem, size));
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

/* Holes made before the first access: each remaining VMA has its own faults. */
TEST_F(map, holes_before_access)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t first = 3 * page, second = middle(&self->dev) + page;
	char *mem;

	make_bytes(self->mem, size, 0, 3);
	mem = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem + first, page));
	ASSERT_EQ(0, munmap(mem + second, 7 * page));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	EXPECT_TRUE(same_bytes(mem + second + 7 * page,
			       size - second - 7 * page,
			       second + 7 * page, 3));
	EXPECT_TRUE(same_bytes(mem + first + page, second - first - page,
			       first + page, 3));
	EXPECT_TRUE(same_bytes(mem, first, 0, 3));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, mem + first));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, mem + second));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, mem + second + 7 * page - 1));
}

static int count_in_child(void *arg)
{
	return count_maps(*(int *)arg);
}

/* Operations that add, split, move or remove VMAs update info.maps. */
TEST_F(map, counts)
{
	const size_t page = self->dev.page;
	char *to, *mem;

	EXPECT_EQ(1, count_maps(self->dev.fd));
	mem = mmap(NULL, 9 * page, PROT_READ, MAP_SHARED, self->dev.fd, page);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(2, count_maps(self->dev.fd));
	/* split into two, then three VMAs */
	ASSERT_EQ(0, mprotect(mem, page, PROT_NONE));
	EXPECT_EQ(3, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(mem + 4 * page, page));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	/* a child doubles the count until it exits */
	EXPECT_EQ(-8, run_child(count_in_child, &self->dev.fd));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	/* a move keeps the count, a move out of the middle splits the VMA */
	to = mremap(mem + 5 * page, 4 * page, 4 * page, MREMAP_MAYMOVE);
	ASSERT_EQ(mem + 5 * page, to);
	to = mmap(NULL, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	ASSERT_EQ(to, mremap(mem + 5 * page, 4 * page, 4 * page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	ASSERT_EQ(mem + 5 * page,
		  mremap(to + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
			 mem + 5 * page));
	EXPECT_EQ(6, count_maps(self->dev.fd));
	/* only the fixture's VMA is left; cutting its edges keeps the count */
	ASSERT_EQ(0, munmap(to, 4 * page));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(mem, 9 * page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem + page, self->dev.size - page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem, page));
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
