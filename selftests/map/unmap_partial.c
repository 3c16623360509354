// SPDX-License-Identifier: GPL-2.0
/* munmap() of a part leaves the rest as it was, and info.maps is right. */
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
	/* one call for all that is left */
	ASSERT_EQ(0, munmap(self->mem, size));
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

/* Holes before the first touch: each piece has its own faults. */
TEST_F(map, holes_in_untouched_pages)
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

/* info.maps at each step of a life. */
TEST_F(map, counts)
{
	const size_t page = self->dev.page;
	char *to, *ep;

	EXPECT_EQ(1, count_maps(self->dev.fd));
	ep = mmap(NULL, 9 * page, PROT_READ, MAP_SHARED, self->dev.fd, page);
	ASSERT_NE(MAP_FAILED, ep);
	EXPECT_EQ(2, count_maps(self->dev.fd));
	/* split in two, in three */
	ASSERT_EQ(0, mprotect(ep, page, PROT_NONE));
	EXPECT_EQ(3, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(ep + 4 * page, page));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	/* a fork has as many again, until it exits */
	EXPECT_EQ(-8, run_child(count_in_child, &self->dev.fd));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	/* a move leaves the number, the move of a part adds one */
	to = mremap(ep + 5 * page, 4 * page, 4 * page, MREMAP_MAYMOVE);
	ASSERT_EQ(ep + 5 * page, to);
	to = mmap(NULL, 4 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	ASSERT_EQ(to, mremap(ep + 5 * page, 4 * page, 4 * page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	ASSERT_EQ(ep + 5 * page,
		  mremap(to + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
			 ep + 5 * page));
	EXPECT_EQ(6, count_maps(self->dev.fd));
	/* down to the first one, which may be cut at its edges */
	ASSERT_EQ(0, munmap(to, 4 * page));
	EXPECT_EQ(4, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(ep, 9 * page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem + page, self->dev.size - page));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	ASSERT_EQ(0, munmap(self->mem, page));
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
