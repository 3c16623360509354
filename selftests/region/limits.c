// SPDX-License-Identifier: GPL-2.0
/*
 * The module parameters max_regions, max_bytes and max_user_bytes: enforcement,
 * errnos, and when a region is no longer charged.
 */
#include "region_test.h"
#include <grp.h>

#define USER	65534

enum { REGIONS, BYTES, USER_BYTES, LIMITS };

static const char * const names[] = {
	"max_regions", "max_bytes", "max_user_bytes",
};

static int limit_open(int limit, int flags)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/module/mmapshare/parameters/%s",
		 names[limit]);
	return open(path, flags | O_CLOEXEC);
}

/* Returns 0 or the errno. */
static int limit_set(int limit, const char *value)
{
	int fd = limit_open(limit, O_WRONLY);
	int error = write(fd, value, strlen(value)) < 0 ? errno : 0;

	close(fd);
	return error;
}

static void limit_get(int limit, char *value, size_t size)
{
	int fd = limit_open(limit, O_RDONLY);
	ssize_t n = read(fd, value, size - 1);

	value[n < 0 ? 0 : n] = '\0';
	close(fd);
}

FIXTURE(limits) {
	int fd;
	char saved[LIMITS][32];
};

FIXTURE_SETUP(limits)
{
	struct device dev;
	int i;

	DEVICE_OPEN(&dev, O_RDWR);
	self->fd = dev.fd;
	if (geteuid())
		SKIP(return, "needs root");
	for (i = 0; i < LIMITS; i++)
		limit_get(i, self->saved[i], sizeof(self->saved[i]));
}

FIXTURE_TEARDOWN(limits)
{
	int i;

	for (i = 0; i < LIMITS; i++)
		limit_set(i, self->saved[i]);
	close(self->fd);
}

TEST_F(limits, max_bytes)
{
	int fd[2];

	ASSERT_EQ(0, limit_set(BYTES, "128K\n"));
	fd[0] = region_create(self->fd, NULL);
	fd[1] = region_create(self->fd, NULL);
	ASSERT_LE(0, fd[0]);
	ASSERT_LE(0, fd[1]);
	EXPECT_EQ(-ENOSPC, region_create_as(self->fd, NULL, 1, 0, 0));
	close(fd[0]);
	fd[0] = region_create(self->fd, NULL);
	EXPECT_LE(0, fd[0]);
	/*
	 * with a limit below the present use, old regions stay, new ones are
	 * refused
	 */
	ASSERT_EQ(0, limit_set(BYTES, "4K"));
	EXPECT_EQ(-ENOSPC, region_create_as(self->fd, NULL, 1, 0, 0));
	EXPECT_EQ(1, pwrite(fd[0], "x", 1, REGION_SIZE - 1));
	close(fd[0]);
	close(fd[1]);
}

TEST_F(limits, max_regions)
{
	int fd;

	ASSERT_EQ(0, limit_set(REGIONS, "1"));
	fd = region_create(self->fd, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOSPC, region_create(self->fd, NULL));
	close(fd);
	fd = region_create(self->fd, NULL);
	EXPECT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, limit_set(REGIONS, "0"));
	EXPECT_EQ(-ENOSPC, region_create(self->fd, NULL));
}

/*
 * Returns the number of regions created before -EDQUOT, 100 or more on an
 * error.
 */
static int create_as_user(void *arg)
{
	int control = *(int *)arg, n, fd;

	if (setgroups(0, NULL) || setgid(USER) || setuid(USER))
		return 255;
	for (n = 0; n < 9; n++) {
		fd = region_create(control, NULL);
		if (fd == -EDQUOT)
			return n;
		if (fd < 0)
			return 100;
	}
	return 101;
}

TEST_F(limits, max_user_bytes)
{
	int fd[4], i;

	ASSERT_EQ(0, limit_set(USER_BYTES, "192K"));
	EXPECT_EQ(-3, run_child(create_as_user, &self->fd));
	/* everything was uncharged when the child exited */
	EXPECT_EQ(-3, run_child(create_as_user, &self->fd));
	/* the limit is per user; a task with CAP_SYS_RESOURCE may exceed it */
	for (i = 0; i < 4; i++) {
		fd[i] = region_create(self->fd, NULL);
		EXPECT_LE(0, fd[i]);
	}
	EXPECT_EQ(-3, run_child(create_as_user, &self->fd));
	for (i = 0; i < 4; i++)
		close(fd[i]);
}

TEST_F(limits, refused_regions_are_not_charged)
{
	int i, fd;

	ASSERT_EQ(0, limit_set(BYTES, "128K"));
	fd = region_create(self->fd, NULL);
	ASSERT_LE(0, fd);
	for (i = 0; i < 100; i++)
		ASSERT_EQ(-ENOSPC, region_create_as(self->fd, NULL, 2 * REGION_SIZE,
						    0, 0));
	close(fd);
	fd = region_create_as(self->fd, NULL, 2 * REGION_SIZE, 0, 0);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(limits, charged_until_last_user_is_gone)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "test.%d", getpid());
	ASSERT_EQ(0, limit_set(REGIONS, "1"));
	fd = region_create(self->fd, name);
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-ENOSPC, region_create(self->fd, NULL));
	fd = open(region_node(name), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_destroy(self->fd, name));
	EXPECT_EQ(-ENOSPC, region_create(self->fd, NULL));
	close(fd);
	fd = region_create(self->fd, NULL);
	EXPECT_LE(0, fd);
	close(fd);
}

TEST_F(limits, parameter_values)
{
	static const char * const bad[] = { "", "x", "0", "-1", "1X", "1 2" };
	char before[32], after[32];
	size_t i;

	limit_get(BYTES, before, sizeof(before));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_EQ(*bad[i] ? EINVAL : 0, limit_set(BYTES, bad[i]));
	EXPECT_EQ(ERANGE, limit_set(BYTES, "99999999T"));
	limit_get(BYTES, after, sizeof(after));
	EXPECT_STREQ(before, after);
	ASSERT_EQ(0, limit_set(BYTES, "2M"));
	limit_get(BYTES, after, sizeof(after));
	EXPECT_STREQ("2097152\n", after);
}

TEST_HARNESS_MAIN
