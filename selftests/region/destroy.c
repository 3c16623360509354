// SPDX-License-Identifier: GPL-2.0
/*
 * MMAPSHARE_IOC_DESTROY acts like unlink(): it removes the name and the node;
 * open descriptors and mappings keep the region.
 */
#include "region_test.h"

TEST_F(region, node_is_removed)
{
	int fd = region_create(self->dev.fd, self->name);

	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(0, access(region_node(self->name), F_OK));
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->name));
	EXPECT_EQ(-1, open(region_node(self->name), O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ENOENT, errno);
}

TEST_F(region, named_region_outlives_creator)
{
	int fd = region_create(self->dev.fd, self->name);
	char c = 'x';

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(fd, &c, 1, 4242));
	close(fd);
	c = 0;
	fd = open(region_node(self->name), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, pread(fd, &c, 1, 4242));
	EXPECT_EQ('x', c);
	close(fd);
}

TEST_F(region, users_keep_the_region)
{
	int fd = region_create(self->dev.fd, self->name);
	volatile char *mem;
	char c;

	ASSERT_LE(0, fd);
	mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	mem[0] = 'a';
	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	/* a page that is present, and one that still faults */
	EXPECT_EQ('a', mem[0]);
	mem[REGION_SIZE - 1] = 'z';
	EXPECT_EQ(1, pread(fd, &c, 1, REGION_SIZE - 1));
	EXPECT_EQ('z', c);
	close(fd);
	EXPECT_EQ('z', mem[REGION_SIZE - 1]);
	munmap((void *)mem, REGION_SIZE);
}

TEST_F(region, name_is_reusable)
{
	int old = region_create(self->dev.fd, self->name), new;
	char c = 'o';

	ASSERT_LE(0, old);
	ASSERT_EQ(1, pwrite(old, &c, 1, 0));
	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	new = region_create(self->dev.fd, self->name);
	ASSERT_LE(0, new);
	EXPECT_EQ(1, pread(new, &c, 1, 0));
	EXPECT_EQ(0, c);
	EXPECT_EQ(1, pread(old, &c, 1, 0));
	EXPECT_EQ('o', c);
	close(old);
	close(new);
}

/* Another node with the device number of a destroyed region fails to open. */
TEST_F(region, device_number_is_dead)
{
	int fd = region_create(self->dev.fd, self->name);
	char path[64];
	struct stat st;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(region_node(self->name), &st));
	snprintf(path, sizeof(path), "/dev/extra.%d", getpid());
	ASSERT_EQ(0, mknod(path, S_IFCHR | 0600, st.st_rdev));
	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	EXPECT_EQ(-1, open(path, O_RDWR | O_CLOEXEC));
	EXPECT_EQ(ENXIO, errno);
	unlink(path);
	close(fd);
}

static int destroy_as_nobody(void *arg)
{
	const FIXTURE_DATA(region) *self = arg;

	if (setgid(65534) || setuid(65534))
		return 255;
	return region_destroy(self->dev.fd, self->name);
}

TEST_F(region, owner_only)
{
	int fd = region_create(self->dev.fd, self->name);

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, run_child(destroy_as_nobody, self));
	EXPECT_EQ(0, access(region_node(self->name), F_OK));
	close(fd);
}

static int create_and_destroy_as_nobody(void *arg)
{
	const FIXTURE_DATA(region) *self = arg;
	struct stat st;
	int fd;

	if (setgid(65534) || setuid(65534))
		return 255;
	umask(027);
	fd = region_create_as(self->dev.fd, self->name, REGION_SIZE, 0, 0666);
	if (fd < 0)
		return -fd;
	if (stat(region_node(self->name), &st))
		return errno;
	if (st.st_uid != 65534 || st.st_gid != 65534 ||
	    st.st_mode != (S_IFCHR | 0640))
		return 254;
	return region_destroy(self->dev.fd, self->name);
}

TEST_F(region, creator_is_owner)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(0, run_child(create_and_destroy_as_nobody, self));
}

TEST_HARNESS_MAIN
