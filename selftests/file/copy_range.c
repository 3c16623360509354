// SPDX-License-Identifier: GPL-2.0
/* copy_file_range() works on regular files only: the kernel returns EINVAL. */
#include "mmapshare_test.h"

FIXTURE(copy)
{
	struct device dev;
	int other;
	int file;
};

FIXTURE_SETUP(copy)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->other = open(DEVICE, O_RDWR);
	ASSERT_LE(0, self->other);
	self->file = memfd_create("file", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	ASSERT_EQ(0, ftruncate(self->file, 8192));
}

FIXTURE_TEARDOWN(copy)
{
	close(self->file);
	close(self->other);
	close(self->dev.fd);
}

static int copy_errno(int from, int to)
{
	loff_t in = 0, out = 4096;

	return copy_file_range(from, &in, to, &out, 4096, 0) < 0 ? errno : 0;
}

TEST_F(copy, from_device)
{
	EXPECT_EQ(EINVAL, copy_errno(self->dev.fd, self->file));
}

TEST_F(copy, to_device)
{
	EXPECT_EQ(EINVAL, copy_errno(self->file, self->dev.fd));
}

TEST_F(copy, within_device)
{
	EXPECT_EQ(EINVAL, copy_errno(self->dev.fd, self->other));
	EXPECT_EQ(EINVAL, copy_errno(self->dev.fd, self->dev.fd));
}

TEST_HARNESS_MAIN
