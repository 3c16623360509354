// SPDX-License-Identifier: GPL-2.0
/* mremap() can shrink and move a mapping, but not grow or duplicate it. */
#include "map_fixture.h"

/* Reserve addresses for the whole region. */
static char *reserve(const struct device *dev)
{
	return mmap(NULL, dev->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
}

TEST_F(map, shrink)
{
	const size_t page = self->dev.page;
	const size_t new_size = middle(&self->dev) + page;

	make_bytes(self->mem, self->dev.size, 0, 1);
	ASSERT_EQ(self->mem, mremap(self->mem, self->dev.size, new_size, 0));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_TRUE(same_bytes(self->mem, new_size, 0, 1));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + new_size));
	/* the mapping cannot grow back to its former size */
	EXPECT_EQ(EFAULT, errno_of(mremap(self->mem, new_size, new_size + page, 0)));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + new_size));
}

TEST_F(map, move)
{
	char *to = reserve(&self->dev);

	ASSERT_NE(MAP_FAILED, to);
	make_bytes(self->mem, self->dev.size, 0, 2);
	ASSERT_EQ(to, mremap(self->mem, self->dev.size, self->dev.size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem));
	EXPECT_TRUE(same_bytes(to, self->dev.size, 0, 2));
	to[1] = 'x';
	self->mem = to;
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 1, 'k'));
	EXPECT_EQ('k', to[0]);
	EXPECT_EQ('x', to[1]);
}

TEST_F(map, move_before_access)
{
	char *to = reserve(&self->dev), *mem;

	ASSERT_NE(MAP_FAILED, to);
	make_bytes(self->mem, self->dev.size, 0, 3);
	mem = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(to, mremap(mem, self->dev.size, self->dev.size,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_TRUE(same_bytes(to, self->dev.size, 0, 3));
	EXPECT_EQ(2, count_maps(self->dev.fd));
}

/* The new address is one at which PMD entries cannot map the pages. */
TEST_F(map, move_the_middle)
{
	const size_t length = middle(&self->dev);
	const size_t at = length / 2 / self->dev.page * self->dev.page;
	char *to = reserve(&self->dev);

	ASSERT_NE(MAP_FAILED, to);
	make_bytes(self->mem, self->dev.size, 0, 4);
	ASSERT_EQ(to, mremap(self->mem + at, length, length,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(3, count_maps(self->dev.fd));
	EXPECT_TRUE(same_bytes(to, length, at, 4));
	EXPECT_TRUE(same_bytes(self->mem, at, 0, 4));
	EXPECT_TRUE(same_bytes(self->mem + at + length,
			       self->dev.size - at - length, at + length, 4));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + at));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + at + length - 1));
	/* the pages behind the moved ones were not moved */
	EXPECT_EQ(SIGSEGV, run_child(load_byte, to + length));
}

TEST_F(map, shrink_and_move)
{
	const size_t page = self->dev.page;
	char *to = reserve(&self->dev);

	ASSERT_NE(MAP_FAILED, to);
	make_bytes(self->mem, self->dev.size, 0, 5);
	ASSERT_EQ(to, mremap(self->mem, self->dev.size, 3 * page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_TRUE(same_bytes(to, 3 * page, 0, 5));
}

TEST_F(map, refused)
{
	const size_t page = self->dev.page, size = self->dev.size;
	char *p = mmap(NULL, page, PROT_READ, MAP_SHARED, self->dev.fd, 0);

	ASSERT_NE(MAP_FAILED, p);
	EXPECT_EQ(2, count_maps(self->dev.fd));
	/* growth within the region and past its end */
	EXPECT_EQ(EFAULT, errno_of(mremap(p, page, 2 * page, MREMAP_MAYMOVE)));
	EXPECT_EQ(EFAULT, errno_of(mremap(self->mem, size, size + page,
					  MREMAP_MAYMOVE)));
	/* a second mapping of the same pages */
	EXPECT_EQ(EFAULT, errno_of(mremap(self->mem, 0, page, MREMAP_MAYMOVE)));
	EXPECT_EQ(EINVAL, errno_of(mremap(self->mem, size, size,
					  MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
					  NULL)));
	/* what the core refuses for any mapping */
	EXPECT_EQ(EINVAL, errno_of(mremap(self->mem, page, 0, MREMAP_MAYMOVE)));
	EXPECT_EQ(EINVAL, errno_of(mremap(self->mem + 1, page, page, 0)));
	EXPECT_EQ(2, count_maps(self->dev.fd));
	EXPECT_EQ(0, run_child(store_byte, self->mem + size - 1));
}

TEST_HARNESS_MAIN
