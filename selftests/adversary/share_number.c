// SPDX-License-Identifier: GPL-2.0
/*
 * The limit of the number of regions: one user may create only a part of it,
 * and all users together leave a reserve for CAP_SYS_RESOURCE.
 */
#include "limits_test.h"
#include <sys/resource.h>

FIXTURE(share) {
	struct device dev;
	unsigned long saved[LIMITS];
};

FIXTURE_SETUP(share)
{
	const struct rlimit files = { 8192, 8192 };

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	limits_save(self->saved);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &files));
}

FIXTURE_TEARDOWN(share)
{
	seteuid(0);
	limits_restore(self->saved);
	close(self->dev.fd);
}

/* Uses the default limits, and regions of one page. */
TEST_F(share, one_user)
{
	unsigned long count;

	ASSERT_EQ(0, seteuid(USER));
	EXPECT_EQ(-EDQUOT, create_until_refused(self->dev.fd, 1, &count));
	EXPECT_EQ(limit_get("max_user_regions"), count);
	ASSERT_EQ(0, seteuid(0));
	ASSERT_EQ(0, seteuid(USER + 1));
	EXPECT_LE(0, region_create_as(self->dev.fd, NULL, 1, MMAPSHARE_STRATEGY_FAULT, 0));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_LE(0, region_create_as(self->dev.fd, NULL, 1, MMAPSHARE_STRATEGY_FAULT, 0));
}

/* One sixteenth is reserved. */
TEST_F(share, reserve_of_regions)
{
	unsigned long count, total = 0;
	unsigned int i;
	int error = 0;

	ASSERT_EQ(0, limit_set("max_regions", 64));
	ASSERT_EQ(0, limit_set("max_user_regions", 32));
	for (i = 0; i < 3 && error != -ENOSPC; i++) {
		ASSERT_EQ(0, seteuid(USER + i));
		error = create_until_refused(self->dev.fd, 1, &count);
		total += count;
		ASSERT_EQ(0, seteuid(0));
	}
	EXPECT_EQ(-ENOSPC, error);
	EXPECT_EQ(60UL, total);
	EXPECT_EQ(-ENOSPC, create_until_refused(self->dev.fd, 1, &count));
	EXPECT_EQ(4UL, count);
}

TEST_F(share, reserve_of_bytes)
{
	unsigned long count;

	ASSERT_EQ(0, limit_set("max_bytes", 16 * MB));
	ASSERT_EQ(0, seteuid(USER));
	EXPECT_EQ(-ENOSPC, create_until_refused(self->dev.fd, MB, &count));
	EXPECT_EQ(15UL, count);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(-ENOSPC, create_until_refused(self->dev.fd, MB, &count));
	EXPECT_EQ(1UL, count);
}

TEST_HARNESS_MAIN
