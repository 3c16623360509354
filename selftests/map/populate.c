// SPDX-License-Identifier: GPL-2.0
/* MAP_POPULATE maps every page before mmap() returns: accesses do not fault. */
#include "map_fixture.h"

FIXTURE(populate) {
	struct device dev;
	long pages;
};

FIXTURE_VARIANT(populate) {
	int prot;
	int flags;
};

FIXTURE_VARIANT_ADD(populate, shared) {
	.prot = PROT_READ | PROT_WRITE, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(populate, shared_read) {
	.prot = PROT_READ, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(populate, private) {
	.prot = PROT_READ | PROT_WRITE, .flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(populate, private_read) {
	.prot = PROT_READ, .flags = MAP_PRIVATE,
};

static void load_all(const struct device *dev, volatile char *mem)
{
	size_t pos;

	for (pos = 0; pos < dev->size; pos += dev->page)
		(void)mem[pos];
}

static void store_all(const struct device *dev, volatile char *mem)
{
	size_t pos;

	for (pos = 0; pos < dev->size; pos += dev->page)
		mem[pos] = 1;
}

FIXTURE_SETUP(populate)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->pages = self->dev.size / self->dev.page;
}

FIXTURE_TEARDOWN(populate)
{
	close(self->dev.fd);
}

TEST_F(populate, no_faults_later)
{
	char *mem;

	mem = device_map(&self->dev, variant->prot,
			 variant->flags | MAP_POPULATE);
	if (variant->flags == MAP_PRIVATE &&
	    !has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(EINVAL, errno_of(mem));
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(visible_pages(&self->dev, self->pages),
		  count_present(mem, self->dev.size, self->dev.page));
	EXPECT_EQ(0, faults_of(load_all, &self->dev, mem));
	if (variant->prot & PROT_WRITE)
		EXPECT_GE(stores_fault_anyway() ? self->pages : 0,
			  faults_of(store_all, &self->dev, mem));
	munmap(mem, self->dev.size);
}

/* Without the flag, fault and huge map nothing, vmalloc and pfn everything. */
TEST_F(populate, without_flag)
{
	char *mem = device_map(&self->dev, variant->prot, variant->flags);

	if (mem == MAP_FAILED)
		return;
	EXPECT_EQ(maps_at_touch(&self->dev) ? 0 : visible_pages(&self->dev, self->pages),
		  count_present(mem, self->dev.size, self->dev.page));
	munmap(mem, self->dev.size);
}

TEST_F(populate, some_pages)
{
	const size_t page = self->dev.page, length = 5 * page;
	char *mem = mmap(NULL, length, variant->prot,
			 variant->flags | MAP_POPULATE, self->dev.fd,
			 self->dev.size - length);

	if (mem == MAP_FAILED)
		return;
	EXPECT_EQ(visible_pages(&self->dev, 5), count_present(mem, length, page));
	munmap(mem, length);
}

TEST_HARNESS_MAIN
