// SPDX-License-Identifier: GPL-2.0
/* MAP_PRIVATE copies on write if the strategy supports it, else gets EINVAL. */
#include "map_fixture.h"

FIXTURE(private) {
	struct device dev;
	size_t page;
	char *shared;
	char *mem;
};

FIXTURE_VARIANT(private) {
	int flags;
};

FIXTURE_VARIANT_ADD(private, lazy) {
	.flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(private, populated) {
	.flags = MAP_PRIVATE | MAP_POPULATE,
};

FIXTURE_SETUP(private)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->page = self->dev.page;
	self->shared = device_map(&self->dev, PROT_READ | PROT_WRITE,
				  MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->shared);
	memset(self->shared, 'd', self->dev.size);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE,
			       variant->flags);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(EINVAL, errno_of(self->mem));
		EXPECT_EQ(EINVAL, errno_of(device_map(&self->dev, PROT_READ,
						      variant->flags)));
		/* nor a single page, which the core could copy on write */
		EXPECT_EQ(EINVAL, errno_of(mmap(NULL, self->page,
						PROT_READ | PROT_WRITE,
						variant->flags, self->dev.fd, 0)));
		EXPECT_EQ(1, count_maps(self->dev.fd));
	} else {
		ASSERT_NE(MAP_FAILED, self->mem);
	}
}

FIXTURE_TEARDOWN(private)
{
	munmap(self->shared, self->dev.size);
	if (self->mem != MAP_FAILED)
		munmap(self->mem, self->dev.size);
	close(self->dev.fd);
}

TEST_F(private, stores_are_private)
{
	const size_t last = self->dev.size - 1;
	char *other, c;

	if (self->mem == MAP_FAILED)
		return;
	(void)*(volatile char *)self->mem;
	self->mem[0] = 'p';
	self->mem[last] = 'q';
	other = device_map(&self->dev, PROT_READ, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, other);
	EXPECT_EQ('d', other[0]);
	EXPECT_EQ('d', other[last]);
	EXPECT_EQ('d', self->shared[0]);
	EXPECT_EQ('d', self->shared[last]);
	ASSERT_EQ(1, pread(self->dev.fd, &c, 1, 0));
	EXPECT_EQ('d', c);
	EXPECT_EQ('p', self->mem[0]);
	EXPECT_EQ('q', self->mem[last]);
	/* the whole page was copied */
	EXPECT_EQ('d', self->mem[1]);
	EXPECT_EQ('d', self->mem[last - 1]);
	munmap(other, self->dev.size);
}

TEST_F(private, copied_pages_do_not_change)
{
	if (self->mem == MAP_FAILED)
		return;
	self->mem[1] = 'p';
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 2 * self->page, 'k'));
	EXPECT_EQ('d', self->mem[0]);
	EXPECT_EQ('p', self->mem[1]);
	EXPECT_EQ('k', self->shared[0]);
}

/* MAP_POPULATE of a writable private mapping copies all pages. */
TEST_F(private, other_pages_show_the_device)
{
	const bool copied = variant->flags & MAP_POPULATE;

	if (self->mem == MAP_FAILED)
		return;
	self->mem[0] = 'p';
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 2 * self->page, 'k'));
	EXPECT_EQ(copied ? 'd' : 'k', self->mem[self->page]);
	self->shared[self->page] = 's';
	EXPECT_EQ(copied ? 'd' : 's', self->mem[self->page]);
}

TEST_F(private, dontneed_drops_the_copy)
{
	if (self->mem == MAP_FAILED)
		return;
	self->mem[0] = 'p';
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 1, 'k'));
	ASSERT_EQ(0, madvise(self->mem, self->page, MADV_DONTNEED));
	EXPECT_EQ('k', self->mem[0]);
}

static int check_and_store(void *mem)
{
	char *p = mem;

	if (p[0] != 'p')
		return 1;
	p[0] = 'c';
	return 0;
}

TEST_F(private, fork_copies_the_copy)
{
	if (self->mem == MAP_FAILED)
		return;
	self->mem[0] = 'p';
	EXPECT_EQ(0, run_child(check_and_store, self->mem));
	EXPECT_EQ('p', self->mem[0]);
	EXPECT_EQ('d', self->shared[0]);
}

/* The file may be open for reading only: stores do not reach the region. */
TEST_F(private, writable_on_a_read_only_file)
{
	struct device dev;
	char *mem;

	ASSERT_TRUE(device_open(&dev, O_RDONLY));
	mem = device_map(&dev, PROT_READ | PROT_WRITE, variant->flags);
	if (!has_feature(&dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(EINVAL, errno_of(mem));
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 'p';
	EXPECT_EQ('p', mem[0]);
	EXPECT_EQ('d', self->shared[0]);
}

TEST_HARNESS_MAIN
