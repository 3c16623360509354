// SPDX-License-Identifier: GPL-2.0
/* mprotect() of some pages affects only these and loses no bytes. */
#include "map_fixture.h"

TEST_F(map, read_only_page_in_the_middle)
{
	const size_t page = self->dev.page, size = self->dev.size;
	const size_t half = middle(&self->dev);
	char *mid = self->mem + half;

	make_bytes(self->mem, size, 0, 1);
	ASSERT_EQ(0, mprotect(mid, page, PROT_READ));
	EXPECT_EQ(3, count_maps(self->dev.fd));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mid));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mid + page - 1));
	EXPECT_EQ(0, run_child(load_byte, mid));
	EXPECT_TRUE(same_bytes(self->mem, size, 0, 1));
	EXPECT_EQ(0, run_child(store_byte, mid - 1));
	EXPECT_EQ(0, run_child(store_byte, mid + page));
	EXPECT_EQ(1, mid[-1]);
	EXPECT_EQ(1, mid[page]);
	/* the kernel may, but need not, merge the VMAs */
	ASSERT_EQ(0, mprotect(mid, page, PROT_READ | PROT_WRITE));
	EXPECT_GE(3, count_maps(self->dev.fd));
	EXPECT_EQ(0, run_child(store_byte, mid));
	EXPECT_EQ(1, mid[0]);
	EXPECT_TRUE(same_bytes(mid + 1, page - 1, half + 1, 1));
}

/* The pages are first accessed after mprotect(). */
TEST_F(map, before_access)
{
	const size_t page = self->dev.page;
	char *mem;

	make_bytes(self->mem, self->dev.size, 0, 2);
	mem = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, mprotect(mem + page, 2 * page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem + 3 * page));
	EXPECT_TRUE(same_bytes(mem, self->dev.size, 0, 2));
	EXPECT_EQ(0, run_child(store_byte, mem + page));
	EXPECT_EQ(1, self->mem[page]);
}

TEST_F(map, every_other_page)
{
	const size_t page = self->dev.page, size = 64 * page;
	size_t pos;

	make_bytes(self->mem, size, 0, 3);
	for (pos = 0; pos < size; pos += 2 * page)
		ASSERT_EQ(0, mprotect(self->mem + pos, page, PROT_READ));
	EXPECT_EQ(64, count_maps(self->dev.fd));
	EXPECT_TRUE(same_bytes(self->mem, size, 0, 3));
	for (pos = page; pos < size; pos += 2 * page)
		make_bytes(self->mem + pos, page, pos, 4);
	EXPECT_EQ(SIGSEGV, run_child(store_byte, self->mem));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, self->mem + size - 2 * page));
	ASSERT_EQ(0, mprotect(self->mem, size, PROT_READ | PROT_WRITE));
	for (pos = 0; pos < size; pos += page)
		EXPECT_TRUE(same_bytes(self->mem + pos, page, pos,
				       pos / page % 2 ? 4 : 3));
	make_bytes(self->mem, size, 0, 5);
	EXPECT_TRUE(same_bytes(self->mem, size, 0, 5));
}

/*
 * mprotect() removes and restores write access many times, as a garbage
 * collector does for its write barrier.
 */
TEST_F(map, back_and_forth)
{
	uint32_t i;

	for (i = 0; i < 100; i++) {
		*(uint32_t *)self->mem = i;
		ASSERT_EQ(0, mprotect(self->mem, self->dev.size, PROT_READ));
		ASSERT_EQ(i, *(uint32_t *)self->mem);
		ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 1, 100 + i));
		ASSERT_EQ(100 + i, *(uint8_t *)self->mem);
		ASSERT_EQ(0, mprotect(self->mem, self->dev.size,
				      PROT_READ | PROT_WRITE));
	}
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
