// SPDX-License-Identifier: GPL-2.0
/*
 * The image of a hibernation has no memory that the kernel does not manage: hibernation
 * is refused while a region has such memory, and regions get it when it is over. Opening
 * /dev/snapshot begins a hibernation, as a program that writes the image does.
 */
#include "reserved_test.h"

FIXTURE(hibernate)
{
	int control;
};

static int begin_hibernation(void)
{
	return open("/dev/snapshot", O_RDONLY | O_CLOEXEC);
}

FIXTURE_SETUP(hibernate)
{
	int snapshot;

	self->control = -1;
	LOAD_WITH_FIXED();
	snapshot = begin_hibernation();
	if (snapshot < 0) {
		reload("size=8M");
		SKIP(return, "the kernel cannot hibernate");
	}
	close(snapshot);
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
}

FIXTURE_TEARDOWN(hibernate)
{
	region_destroy(self->control, FIXED);
	close(self->control);
	reload("size=8M");
}

TEST_F(hibernate, refused_with_a_region)
{
	int fd = reserved_create(self->control, FIXED, 0, 0), snapshot;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-1, begin_hibernation());
	EXPECT_EQ(EBUSY, errno);
	ASSERT_EQ(0, region_destroy(self->control, FIXED));
	close(fd);
	snapshot = begin_hibernation();
	EXPECT_GE(snapshot, 0);
	close(snapshot);
}

TEST_F(hibernate, no_region_meanwhile)
{
	int snapshot = begin_hibernation(), fd;

	ASSERT_GE(snapshot, 0);
	EXPECT_EQ(-EBUSY, reserved_create(self->control, FIXED, 0, 0));
	close(snapshot);
	fd = reserved_create(self->control, FIXED, 0, 0);
	EXPECT_GE(fd, 0);
	close(fd);
}

TEST_HARNESS_MAIN
