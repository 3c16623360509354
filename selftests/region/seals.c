// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_SEAL: the owner adds seals through a writable descriptor. */
#include "region_test.h"

#define ALL	(MMAPSHARE_SEAL_SEAL | MMAPSHARE_SEAL_FUTURE_WRITE | \
		 MMAPSHARE_SEAL_WRITE)

TEST_F(region, none_initially)
{
	int fd = region_create_own(&self->dev, NULL);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, region_seals(fd));
	close(fd);
	EXPECT_EQ(0, region_seals(self->dev.fd));
}

TEST_F(region, seals_are_added)
{
	struct mmapshare_seal_args seal = {
		.size = sizeof(seal),
		.seals = MMAPSHARE_SEAL_WRITE,
	};
	int fd = region_create_own(&self->dev, NULL);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(MMAPSHARE_SEAL_FUTURE_WRITE, (unsigned int)region_seals(fd));
	ASSERT_EQ(0, ioctl(fd, MMAPSHARE_IOC_SEAL, &seal));
	EXPECT_EQ(MMAPSHARE_SEAL_FUTURE_WRITE | MMAPSHARE_SEAL_WRITE, seal.seals);
	/* adding a seal that is set already succeeds */
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_SEAL));
	EXPECT_EQ(ALL, (unsigned int)region_seals(fd));
	close(fd);
}

TEST_F(region, seal_of_seals)
{
	int fd = region_create_own(&self->dev, NULL);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_SEAL));
	EXPECT_EQ(EPERM, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(EPERM, region_seal(fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(EPERM, region_seal(fd, MMAPSHARE_SEAL_SEAL));
	EXPECT_EQ(MMAPSHARE_SEAL_SEAL, (unsigned int)region_seals(fd));
	EXPECT_EQ(1, pwrite(fd, "x", 1, 0));
	close(fd);
}

TEST_F(region, unknown_seals_and_flags)
{
	int fd = region_create_own(&self->dev, NULL), bit;
	struct mmapshare_seal_args seal;

	ASSERT_LE(0, fd);
	for (bit = 4; bit < 32; bit++)
		EXPECT_EQ(EINVAL, region_seal(fd, 1U << bit | MMAPSHARE_SEAL_WRITE));
	seal = (struct mmapshare_seal_args){ .size = sizeof(seal), .reserved = 1 };
	EXPECT_EQ(-1, ioctl(fd, MMAPSHARE_IOC_SEAL, &seal));
	EXPECT_EQ(EINVAL, errno);
	seal = (struct mmapshare_seal_args){ .size = sizeof(seal), .flags = 1 };
	EXPECT_EQ(-1, ioctl(fd, MMAPSHARE_IOC_SEAL, &seal));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, region_seals(fd));
	close(fd);
}

TEST_F(region, needs_write_access)
{
	int fd = region_create_own(&self->dev, self->name);
	int reader = open(region_node(self->name), O_RDONLY | O_CLOEXEC);
	int writer = open(region_node(self->name), O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	EXPECT_EQ(EBADF, region_seal(reader, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, region_seals(reader));
	EXPECT_EQ(0, region_seal(writer, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(MMAPSHARE_SEAL_WRITE, (unsigned int)region_seals(reader));
	close(writer);
	close(reader);
	close(fd);
}

static int seal_as_nobody(void *fd)
{
	if (setgid(65534) || setuid(65534))
		return 255;
	if (region_seals(*(int *)fd))
		return 254;
	return region_seal(*(int *)fd, MMAPSHARE_SEAL_WRITE);
}

TEST_F(region, owner_only)
{
	int fd = region_create_own(&self->dev, NULL);

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EPERM, run_child(seal_as_nobody, &fd));
	EXPECT_EQ(-EPERM, run_child(seal_as_nobody, &self->dev.fd));
	EXPECT_EQ(0, region_seals(fd));
	close(fd);
}

static int seal_own(void *arg)
{
	const struct device *dev = arg;
	int fd;

	if (setgid(65534) || setuid(65534))
		return 255;
	fd = region_create_own(dev, NULL);
	return fd < 0 ? 254 : region_seal(fd, MMAPSHARE_SEAL_WRITE);
}

TEST_F(region, owner_needs_no_privilege)
{
	if (geteuid())
		SKIP(return, "needs root");
	EXPECT_EQ(0, run_child(seal_own, &self->dev));
}

TEST_F(region, shown_in_sysfs)
{
	char path[128], text[8] = { };
	int fd = region_create_own(&self->dev, self->name), file;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	snprintf(path, sizeof(path), "/sys/class/mmapshare/mmapshare-%s/seals",
		 self->name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	ASSERT_LT(0, read(file, text, sizeof(text) - 1));
	EXPECT_STREQ("4\n", text);
	close(file);
	close(fd);
}

TEST_HARNESS_MAIN
