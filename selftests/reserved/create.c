// SPDX-License-Identifier: GPL-2.0
/*
 * Regions on reserved memory: which users may create them, what they refuse, what works
 * as with the strategy pfn, and that the bytes outlive the region and the module.
 */
#include "reserved_test.h"
#include <sys/uio.h>

FIXTURE(reserved)
{
	int control;
	int fd;
	size_t page;
	void *p;
	bool old;
};

FIXTURE_SETUP(reserved)
{
	self->fd = -1;
	self->page = getpagesize();
	LOAD_WITH_RANGE();
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	self->fd = reserved_create(self->control, RANGE, 0, 0);
	ASSERT_GE(self->fd, 0);
	self->p = mmap(NULL, 4 * self->page, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->p);
}

static void end_region(FIXTURE_DATA(reserved) *self)
{
	munmap(self->p, 4 * self->page);
	close(self->fd);
	region_destroy(self->control, RANGE);
	self->fd = -1;
}

FIXTURE_TEARDOWN(reserved)
{
	if (self->fd >= 0)
		end_region(self);
	close(self->control);
}

TEST_F(reserved, what_info_says)
{
	struct mmapshare_info info;

	ASSERT_EQ(0, device_info(self->fd, &info));
	EXPECT_EQ((uint32_t)MMAPSHARE_STRATEGY_RESERVED, info.strategy);
	EXPECT_EQ(0U, info.features);
	EXPECT_EQ(0U, info.huge_bytes);
	EXPECT_LT(0U, info.region_size);
	EXPECT_EQ(0U, info.region_size % self->page);
	EXPECT_STREQ(RANGE, info.name);
	EXPECT_TRUE(fdinfo_has(self->fd, "mmapshare-range:\t" RANGE "\n"));
	EXPECT_TRUE(fdinfo_has(self->fd, "mmapshare-range-cache:\twb\n"));
}

TEST_F(reserved, only_the_administrator_creates)
{
	int status;
	pid_t pid;

	end_region(self);
	pid = fork();
	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(1);
		_exit(reserved_create(self->control, RANGE, 0, 0) == -EPERM ? 0 : 2);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(reserved, refused_arguments)
{
	struct mmapshare_create_args create = {
		.strategy = MMAPSHARE_STRATEGY_RESERVED,
		.mode = 0400,
		.ring = MMAPSHARE_RING,
		.consumers = 1,
	};

	EXPECT_EQ(-EEXIST, reserved_create(self->control, RANGE, 0, 0));
	EXPECT_EQ(-ENOENT, reserved_create(self->control, "mms-none", 0, 0));
	EXPECT_EQ(-EINVAL, reserved_create(self->control, NULL, 0, 0));
	/* the range is in use as long as the region is, with or without a name */
	ASSERT_EQ(0, region_destroy(self->control, RANGE));
	EXPECT_EQ(-EBUSY, reserved_create(self->control, RANGE, 0, 0));
	end_region(self);
	EXPECT_EQ(-ENOSPC, reserved_create(self->control, RANGE, 1ULL << 39, 0));
	EXPECT_EQ(-EINVAL, reserved_create(self->control, RANGE, 0,
					   MMAPSHARE_RING | MMAPSHARE_RING_OVERWRITE));
	EXPECT_EQ(-EINVAL, reserved_create(self->control, RANGE, 4096, MMAPSHARE_RING));
	EXPECT_EQ(-EINVAL, region_create_by(self->control, &create, RANGE));
	/* after each failure the range can be had again */
	self->fd = reserved_create(self->control, RANGE, self->page, 0);
	EXPECT_GE(self->fd, 0);
}

TEST_F(reserved, no_ring_no_data)
{
	memset(self->p, 0, 4 * self->page);
	end_region(self);
	EXPECT_EQ(-ENODATA, reserved_create(self->control, RANGE, 0, MMAPSHARE_RING));
}

TEST_F(reserved, mappings_as_with_pfn)
{
	struct iovec to = { .iov_base = &to, .iov_len = 8 };
	struct iovec from = { .iov_base = self->p, .iov_len = 8 };

	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_PRIVATE, self->fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, madvise(self->p, self->page, MADV_DONTNEED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, process_vm_readv(getpid(), &to, 1, &from, 1, 0));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, 1L << 39));
	EXPECT_EQ(ENXIO, errno);
}

TEST_F(reserved, calls_and_mapping_are_the_same_bytes)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = self->page,
		.length = self->page,
		.pattern = "ab",
		.pattern_len = 2,
	};
	char *p = self->p;
	char text[8];

	memcpy(p, "mapping", 8);
	ASSERT_EQ(8, pread(self->fd, text, 8, 0));
	EXPECT_STREQ("mapping", text);
	ASSERT_EQ(6, pwrite(self->fd, "write", 6, 3 * self->page));
	EXPECT_STREQ("write", p + 3 * self->page);
	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_FILL, &fill));
	EXPECT_EQ(0, memcmp(p + self->page, "abababab", 8));
}

TEST_F(reserved, seals_and_revocation)
{
	struct mmapshare_seal_args seal = {
		.size = sizeof(seal),
		.seals = MMAPSHARE_SEAL_WRITE,
	};
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };

	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_REVOKE, &revoke));
	EXPECT_EQ(EOPNOTSUPP, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_SEAL, &seal));
	EXPECT_EQ(EBUSY, errno);
	munmap(self->p, 4 * self->page);
	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_SEAL, &seal));
	EXPECT_EQ(-1, pwrite(self->fd, "x", 1, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->page, PROT_WRITE, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EPERM, errno);
}

TEST_F(reserved, bytes_outlive_region_and_module)
{
	char text[16] = "";

	memcpy(self->p, "from before", 12);
	end_region(self);
	self->fd = reserved_create(self->control, RANGE, 0, 0);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(12, pread(self->fd, text, 12, 0));
	EXPECT_STREQ("from before", text);
	close(self->fd);
	close(self->control);
	ASSERT_EQ(0, reload("size=8M reserved=" RANGE));

	memset(text, 0, sizeof(text));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	self->fd = reserved_create(self->control, RANGE, 0, 0);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(12, pread(self->fd, text, 12, 0));
	EXPECT_STREQ("from before", text);
	EXPECT_TRUE(fdinfo_has(self->fd, "mmapshare-range-last-end:\tclean\n"));
}

TEST_F(reserved, default_region)
{
	char text[8] = "";
	struct device dev;

	memcpy(self->p, "default", 8);
	end_region(self);
	close(self->control);
	ASSERT_EQ(0, reload("strategy=reserved size=64K reserved=" RANGE));
	ASSERT_TRUE(device_open(&dev, O_RDWR));
	EXPECT_EQ((uint32_t)MMAPSHARE_STRATEGY_RESERVED, dev.info.strategy);
	EXPECT_EQ(64U << 10, dev.info.region_size);
	EXPECT_EQ(8, pread(dev.fd, text, 8, 0));
	EXPECT_STREQ("default", text);
	/* the default region has the only range */
	EXPECT_EQ(-EBUSY, reserved_create(dev.fd, RANGE, 0, 0));
	close(dev.fd);
	EXPECT_EQ(ENOSPC, reload("strategy=reserved size=1G reserved=" RANGE));
	EXPECT_EQ(ENOENT, reload("strategy=reserved"));
	EXPECT_EQ(ENOENT, reload("reserved=mms-none"));
	EXPECT_EQ(EINVAL, reload("reserved=" RANGE "," RANGE));
	EXPECT_EQ(EINVAL, reload("ranges=x:1M"));
	EXPECT_EQ(EINVAL, reload("ranges=x:1M@0x1000:xx"));
	EXPECT_EQ(EINVAL, reload("ranges=x:4K@0x1001"));
	/* RAM that the kernel uses: its own text begins at 16 MiB, or the first bank */
	EXPECT_EQ(EBUSY, reload("ranges=x:512M@0x1000000"));
	ASSERT_EQ(0, reload("size=8M"));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	self->fd = -1;
}

TEST_HARNESS_MAIN
