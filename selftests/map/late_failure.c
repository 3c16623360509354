// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() fails in the core after the driver has accepted the mapping, or while
 * the driver makes page table entries: then nothing is mapped or counted, and
 * the region can be sealed.
 */
#include "helper_module.h"
#include "map_fixture.h"
#include "region_test.h"

#define MODULE	"mmapshare_fail"
#define RW	(PROT_READ | PROT_WRITE)

FIXTURE(late) {
	struct device dev;
	size_t size;
	int fd;
	char *place;	/* @size bytes, unmapped */
};

FIXTURE_SETUP(late)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = own_size(&self->dev);
	self->fd = region_create_own(&self->dev, NULL);
	ASSERT_LE(0, self->fd);
	self->place = mmap(NULL, self->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->place);
	ASSERT_EQ(0, munmap(self->place, self->size));
}

FIXTURE_TEARDOWN(late)
{
	munmap(self->place, self->size);
	/* no writable mapping is counted */
	EXPECT_EQ(0, count_maps(self->fd));
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	close(self->fd);
	close(self->dev.fd);
}

/*
 * Map while the helper module makes a function of the kernel fail. Returns the
 * errno, or -1 if the test must be skipped.
 */
static int map_and_fail(FIXTURE_DATA(late) *self, const char *parameters, size_t length,
			int flags)
{
	int error = helper_load(MODULE, parameters), ret;
	bool called;

	if (error)
		return helper_is_missing(error) ? -1 : error;
	prctl(PR_SET_NAME, "failing");
	ret = errno_of(mmap(self->place, length, RW, flags, self->fd, 0));
	prctl(PR_SET_NAME, "late_failure");
	called = atoi(helper_get(MODULE, "calls")) > 0;
	if (helper_unload(MODULE))
		return ENOTRECOVERABLE;
	return called ? ret : -1;
}

#define MAP_AND_FAIL(parameters, length, flags)				\
	do {								\
		int _error = map_and_fail(self, parameters, length, flags); \
									\
		if (_error < 0)						\
			SKIP(return, "the kernel cannot replace functions"); \
		ASSERT_EQ(ENOMEM, _error);				\
	} while (0)

static bool is_mapped(void *addr, size_t length)
{
	return !msync(addr, length, MS_ASYNC);
}

TEST_F(late, no_vma)
{
	MAP_AND_FAIL("function=vm_area_alloc", self->size, MAP_SHARED | MAP_FIXED);
	EXPECT_FALSE(is_mapped(self->place, self->dev.page));
	EXPECT_EQ(0, count_maps(self->fd));
}

TEST_F(late, no_vma_private)
{
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW))
		SKIP(return, "no private mappings");
	MAP_AND_FAIL("function=vm_area_alloc", self->size, MAP_PRIVATE | MAP_FIXED);
	EXPECT_EQ(0, count_maps(self->fd));
}

/* The core unmaps the old mapping before it fails. */
TEST_F(late, no_vma_over_own_mapping)
{
	const size_t page = self->dev.page;

	ASSERT_EQ(self->place, mmap(self->place, 2 * page, RW, MAP_SHARED | MAP_FIXED,
				    self->fd, 0));
	MAP_AND_FAIL("function=vm_area_alloc", page, MAP_SHARED | MAP_FIXED);
	EXPECT_FALSE(is_mapped(self->place, page));
	EXPECT_TRUE(is_mapped(self->place + page, page));
	EXPECT_EQ(1, count_maps(self->fd));
	EXPECT_EQ(EBUSY, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, munmap(self->place, 2 * page));
}

/*
 * Strategies that make page table entries in mmap(): mmap() fails after it has
 * made some.
 */
TEST_F(late, some_entries)
{
	char parameters[64];

	if (self->dev.info.strategy == MMAPSHARE_STRATEGY_VMALLOC)
		snprintf(parameters, sizeof(parameters),
			 "function=vm_insert_page result=%d skip=3", -ENOMEM);
	else if (self->dev.info.strategy == MMAPSHARE_STRATEGY_PFN)
		snprintf(parameters, sizeof(parameters),
			 "function=remap_pfn_range result=%d", -ENOMEM);
	else
		SKIP(return, "this strategy makes no entries in mmap()");
	MAP_AND_FAIL(parameters, self->size, MAP_SHARED | MAP_FIXED);
	EXPECT_FALSE(is_mapped(self->place, self->dev.page));
	EXPECT_EQ(0, count_maps(self->fd));
	/* without the helper module, the same mmap() succeeds */
	ASSERT_EQ(self->place, mmap(self->place, self->size, RW, MAP_SHARED | MAP_FIXED,
				    self->fd, 0));
	EXPECT_EQ(1, count_maps(self->fd));
	EXPECT_EQ(0, munmap(self->place, self->size));
}

TEST_HARNESS_MAIN
