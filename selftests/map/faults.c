// SPDX-License-Identifier: GPL-2.0
/* Accessing all pages of a mapping takes few page faults, or none. */
#include "map_fixture.h"
#include "region_test.h"

/* Additional faults that are allowed if the mapping is not aligned. */
#define SLACK	2

static void store_all(const struct device *dev, volatile char *mem)
{
	size_t pos;

	for (pos = 0; pos < dev->size; pos += dev->page)
		mem[pos] = 1;
}

static void load_all(const struct device *dev, volatile char *mem)
{
	size_t pos;

	for (pos = dev->size; pos; pos -= dev->page)
		(void)mem[pos - dev->page];
}

FIXTURE(faults) {
	struct device dev;
	long max;
	long min;
	long dirty;	/* faults that set the dirty bit: stores_fault_anyway() */
};

FIXTURE_VARIANT(faults) {
	void (*touch)(const struct device *dev, volatile char *mem);
};

FIXTURE_VARIANT_ADD(faults, stores) { .touch = store_all, };
FIXTURE_VARIANT_ADD(faults, loads_backwards) { .touch = load_all, };

/*
 * Sets the permitted number of faults: one for each page-table page or PMD
 * entry; 0 if mmap() maps everything.
 */
FIXTURE_SETUP(faults)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	ASSERT_TRUE(device_renew(&self->dev));
	if (stores_fault_anyway())
		self->dirty = self->dev.size / self->dev.page;
	if (maps_at_touch(&self->dev)) {
		const size_t pmd = pmd_size(&self->dev);

		self->min = self->dev.size / pmd;
		self->max = self->dev.size / fault_window(&self->dev) + SLACK;
		/* the end, which no PMD entry maps, faults page by page */
		if (self->dev.info.huge_bytes)
			self->max += self->dev.size % pmd / self->dev.page;
	}
	if (variant->touch == store_all)
		self->max += self->dirty;
}

FIXTURE_TEARDOWN(faults)
{
	close(self->dev.fd);
}

TEST_F(faults, first_touch)
{
	char *mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	long faults;

	ASSERT_NE(MAP_FAILED, mem);
	faults = faults_of(variant->touch, &self->dev, mem);
	EXPECT_LE(self->min, faults);
	EXPECT_GE(self->max, faults);
	/* no faults the second time, nor when stores follow loads */
	EXPECT_EQ(0, faults_of(variant->touch, &self->dev, mem));
	EXPECT_GE(self->dirty, faults_of(store_all, &self->dev, mem));
	munmap(mem, self->dev.size);
}

/* After MADV_DONTNEED, the number of faults is the same as at first. */
TEST_F(faults, after_dontneed)
{
	char *mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	long faults;

	ASSERT_NE(MAP_FAILED, mem);
	if (!maps_at_touch(&self->dev))
		return;
	variant->touch(&self->dev, mem);
	ASSERT_EQ(0, madvise(mem, self->dev.size, MADV_DONTNEED));
	faults = faults_of(variant->touch, &self->dev, mem);
	EXPECT_LE(self->min, faults);
	EXPECT_GE(self->max, faults);
}

/* The mapping begins one page after an address aligned for PMD entries. */
TEST_F(faults, misaligned)
{
	const size_t page = self->dev.page, pmd = pmd_size(&self->dev);
	char *place = mmap(NULL, self->dev.size + 2 * pmd, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long faults;
	char *mem;

	ASSERT_NE(MAP_FAILED, place);
	mem = (char *)(((uintptr_t)place + pmd) & -pmd) + page;
	ASSERT_EQ(mem, mmap(mem, self->dev.size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_FIXED, self->dev.fd, 0));
	faults = faults_of(variant->touch, &self->dev, mem);
	EXPECT_GE(self->max, faults);
	EXPECT_EQ(0, smaps_bytes(mem, "FilePmdMapped:"));
}

TEST_F(faults, huge_pages_are_used)
{
	const size_t huge = self->dev.info.huge_page_size;
	char *mem;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_HUGE)) {
		EXPECT_EQ(0U, self->dev.info.huge_bytes);
		EXPECT_EQ(0U, huge);
		return;
	}
	if (!self->dev.info.huge_bytes)
		SKIP(return, "the region has no huge pages: no kernel support, or no memory");
	mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0U, (uintptr_t)mem % huge);
	variant->touch(&self->dev, mem);
	EXPECT_EQ((long)self->dev.info.huge_bytes,
		  smaps_bytes(mem, "FilePmdMapped:"));
}

TEST_HARNESS_MAIN
