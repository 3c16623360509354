// SPDX-License-Identifier: GPL-2.0
/*
 * What the core tells about pages, and lets others do with them: mincore(),
 * userfaultfd. Beside each, the same with a memfd.
 */
#include "map_fixture.h"
#include <linux/userfaultfd.h>
#include <sys/syscall.h>

#define PAGES	16

FIXTURE(tracking) {
	struct device dev;
	int fd;
	char *mem;
	size_t size;
};

FIXTURE_VARIANT(tracking) {
	bool device;
};

FIXTURE_VARIANT_ADD(tracking, region) {
	.device = true,
};

FIXTURE_VARIANT_ADD(tracking, memfd) {
	.device = false,
};

FIXTURE_SETUP(tracking)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = PAGES * self->dev.page;
	self->fd = variant->device ? self->dev.fd : memfd_create("tracking", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(variant->device || !ftruncate(self->fd, self->size));
	ASSERT_EQ(1, pwrite(self->fd, "w", 1, 0));
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(tracking)
{
	munmap(self->mem, self->size);
	if (!variant->device)
		close(self->fd);
	close(self->dev.fd);
}

/* Does not tell what is mapped, but what is in the page cache: a whole region. */
TEST_F(tracking, mincore)
{
	unsigned char vec[PAGES] = { };

	if (self->dev.info.strategy == MMAPSHARE_STRATEGY_PFN && variant->device)
		SKIP(return, "kernels differ in what they tell of VM_PFNMAP");
	ASSERT_EQ(0, mincore(self->mem, self->size, vec));
	EXPECT_EQ(1, vec[0] & 1);
	EXPECT_EQ(variant->device, vec[PAGES - 1] & 1);
}

/* Returns 0, or the errno of registering the mapping, or -1 without userfaultfd. */
static int register_uffd(char *mem, size_t size, uint64_t mode, uint64_t feature)
{
	struct uffdio_api api = { .api = UFFD_API, .features = feature };
	struct uffdio_register reg = {
		.range = { .start = (uintptr_t)mem, .len = size },
		.mode = mode,
	};
	const int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	int error = -1;

	if (fd >= 0 && !ioctl(fd, UFFDIO_API, &api))
		error = errno_of(ioctl(fd, UFFDIO_REGISTER, &reg));
	close(fd);
	return error;
}

/* EINVAL for a region: its pages are all there, and it has no uffd_ops. */
static void check_uffd(struct __test_metadata *_metadata, FIXTURE_DATA(tracking) *self,
		       bool device, uint64_t mode, uint64_t feature)
{
	const int error = register_uffd(self->mem, self->size, mode, feature);

	if (error == -1)
		SKIP(return, "no userfaultfd, or not this mode");
	EXPECT_EQ(device ? EINVAL : 0, error);
}

TEST_F(tracking, userfaultfd_missing)
{
	check_uffd(_metadata, self, variant->device, UFFDIO_REGISTER_MODE_MISSING,
		   UFFD_FEATURE_MISSING_SHMEM);
}

TEST_F(tracking, userfaultfd_write_protect)
{
	check_uffd(_metadata, self, variant->device, UFFDIO_REGISTER_MODE_WP,
		   UFFD_FEATURE_WP_HUGETLBFS_SHMEM);
}

TEST_F(tracking, userfaultfd_minor)
{
	check_uffd(_metadata, self, variant->device, UFFDIO_REGISTER_MODE_MINOR,
		   UFFD_FEATURE_MINOR_SHMEM);
}

TEST_HARNESS_MAIN
