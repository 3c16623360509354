// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure: after MADV_HWPOISON no mapping shows the page, and the kernel
 * does not access it. The tests also run on a memfd, to compare.
 */
#include "map_fixture.h"
#include "region_test.h"
#include "failure_test.h"

#define PAGES	1024	/* two huge pages */
#define BAD	600	/* the page that fails: in the second one */

FIXTURE(failed) {
	struct device dev;
	bool device;
	int fd;
	char *mem;
	size_t page;
	size_t size;
	char *bad;
};

FIXTURE_VARIANT(failed) {
	bool device;
};

FIXTURE_VARIANT_ADD(failed, region) {
	.device = true,
};

FIXTURE_VARIANT_ADD(failed, memfd) {
	.device = false,
};

static void *map_all(int fd, size_t size, int flags)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

static int fail_bad_page(const FIXTURE_DATA(failed) *self)
{
	return fail_page(self->bad, self->page, self->device);
}

FIXTURE_SETUP(failed)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP))
		SKIP(return, "MADV_HWPOISON gets EFAULT with this strategy");
	self->device = variant->device;
	self->page = self->dev.page;
	self->size = PAGES * self->page;
	self->fd = self->device ?
		   region_create_as(self->dev.fd, NULL, self->size, self->dev.info.strategy, 0) :
		   memfd_create("memory_failure", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(self->device || !ftruncate(self->fd, self->size));
	self->mem = map_all(self->fd, self->size, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->bad = self->mem + BAD * self->page;
	memset(self->mem, 'm', self->size);
	if (no_failures(self->mem))
		SKIP(return, "%s", no_failures(self->mem));
}

FIXTURE_TEARDOWN(failed)
{
	munmap(self->mem, self->size);
	close(self->fd);
	close(self->dev.fd);
}

TEST_F(failed, mappings)
{
	char *other = map_all(self->fd, self->size, MAP_SHARED);
	bool private = !self->device || has_feature(&self->dev, MMAPSHARE_FEAT_COW);
	char *copy = private ? map_all(self->fd, self->size, MAP_PRIVATE) : NULL;

	ASSERT_NE(MAP_FAILED, other);
	ASSERT_NE(MAP_FAILED, copy);
	EXPECT_EQ('m', other[BAD * self->page]);
	EXPECT_EQ('m', copy[BAD * self->page]);
	ASSERT_EQ(0, fail_bad_page(self));
	EXPECT_TRUE(is_refused(self->bad));
	EXPECT_TRUE(is_refused(other + BAD * self->page));
	EXPECT_TRUE(is_refused(copy + BAD * self->page));
	/* each other page is as before */
	EXPECT_EQ('m', self->bad[-1]);
	EXPECT_EQ('m', self->bad[self->page]);
	EXPECT_EQ('m', copy[0]);
	munmap(other, self->size);
	munmap(copy, self->size);
}

TEST_F(failed, after_dontneed)
{
	ASSERT_EQ(0, fail_bad_page(self));
	ASSERT_EQ(0, madvise(self->mem, self->size, MADV_DONTNEED));
	EXPECT_TRUE(is_refused(self->bad));
	EXPECT_EQ('m', self->bad[-1]);
	EXPECT_EQ('m', self->bad[self->page]);
	EXPECT_TRUE(is_refused(self->bad));
}

/* A strategy that makes all entries in mmap() refuses the range. */
TEST_F(failed, new_mapping)
{
	const bool lazy = !self->device || has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE);
	char *late;

	ASSERT_EQ(0, fail_bad_page(self));
	late = map_all(self->fd, self->size, MAP_SHARED);
	if (!lazy) {
		EXPECT_EQ(EIO, errno_of(late));
		late = map_all(self->fd, BAD * self->page, MAP_SHARED);
		ASSERT_NE(MAP_FAILED, late);
		EXPECT_EQ('m', late[BAD * self->page - 1]);
		munmap(late, BAD * self->page);
		return;
	}
	ASSERT_NE(MAP_FAILED, late);
	EXPECT_TRUE(is_refused(late + BAD * self->page));
	EXPECT_EQ('m', late[BAD * self->page - 1]);
	EXPECT_EQ('m', late[(BAD + 1) * self->page]);
	munmap(late, self->size);
}

TEST_F(failed, private_mapping)
{
	char *copy;

	if (self->device && !has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "this strategy refuses the range");
	ASSERT_EQ(0, fail_bad_page(self));
	copy = map_all(self->fd, self->size, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, copy);
	EXPECT_EQ(SIGBUS, run_child(store_byte, copy + BAD * self->page));
	EXPECT_TRUE(is_refused(copy + BAD * self->page));
	copy[(BAD + 1) * self->page] = 'p';
	EXPECT_EQ('m', self->bad[self->page]);
	munmap(copy, self->size);
}

TEST_F(failed, read)
{
	const off_t at = BAD * self->page;
	char buf[256];

	ASSERT_EQ(0, fail_bad_page(self));
	EXPECT_EQ(EIO, errno_of(pread(self->fd, buf, 16, at)));
	EXPECT_EQ(EIO, errno_of(pread(self->fd, buf, 1, at + self->page - 1)));
	/* the bytes in front of the page can be read */
	EXPECT_EQ(16, pread(self->fd, buf, sizeof(buf), at - 16));
	EXPECT_EQ(16, pread(self->fd, buf, 16, at + self->page));
}

TEST_F(failed, kernel_copies)
{
	const uint64_t at = BAD * self->page;

	if (!self->device)
		SKIP(return, "a memfd has no such calls");
	ASSERT_EQ(0, fail_bad_page(self));
	EXPECT_EQ(EIO, errno_of(pwrite(self->fd, "w", 1, at)));
	EXPECT_EQ(EIO, errno_of(kernel_fill(self->fd, at, 1, 'f')));
	EXPECT_EQ(EIO, errno_of(kernel_fill(self->fd, at - 8, 16, 'f')));
	EXPECT_EQ('m', self->bad[-1]);
	EXPECT_EQ(-EIO, kernel_checksum(self->fd, 0, self->size));
	EXPECT_LE(0, kernel_checksum(self->fd, 0, at));
	EXPECT_EQ(0, kernel_fill(self->fd, at + self->page, 1, 'f'));
	EXPECT_EQ('f', self->bad[self->page]);
}

/*
 * The kernel has mapped a region's pages by vmap(), so they are not migrated.
 */
TEST_F(failed, soft_offline)
{
	EXPECT_EQ(self->device ? EBUSY : 0,
		  errno_of(madvise(self->bad, self->page, MADV_SOFT_OFFLINE)));
	EXPECT_EQ('m', self->bad[0]);
	self->bad[1] = 's';
	EXPECT_EQ('s', self->bad[1]);
}

/* Memory failure keeps a reference to the page, which is no pin. */
TEST_F(failed, seal)
{
	if (!self->device)
		SKIP(return, "tested for regions only");
	ASSERT_EQ(0, fail_bad_page(self));
	munmap(self->mem, self->size);
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
}

TEST_HARNESS_MAIN
