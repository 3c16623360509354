// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_CREATE applies the given parameters and creates the node. */
#include "region_test.h"
#include <sys/sysmacros.h>

TEST_F(region, node_opens_the_region)
{
	int fd = region_create(self->dev.fd, self->name), other;
	char *a, *b;

	ASSERT_LE(0, fd);
	other = open(region_node(self->name), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, other);
	a = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	ASSERT_NE(MAP_FAILED, a);
	ASSERT_NE(MAP_FAILED, b);
	a[REGION_SIZE - 1] = 'x';
	EXPECT_EQ('x', b[REGION_SIZE - 1]);
	EXPECT_EQ(0, b[0]);
	munmap(a, REGION_SIZE);
	munmap(b, REGION_SIZE);
	close(other);
	close(fd);
}

TEST_F(region, regions_share_no_bytes)
{
	int named = region_create(self->dev.fd, self->name);
	int anonymous = region_create(self->dev.fd, NULL);
	char c = 'x';

	ASSERT_LE(0, named);
	ASSERT_LE(0, anonymous);
	ASSERT_EQ(1, pwrite(named, &c, 1, 100));
	ASSERT_EQ(1, pread(anonymous, &c, 1, 100));
	EXPECT_EQ(0, c);
	close(named);
	close(anonymous);
}

TEST_F(region, every_strategy)
{
	uint32_t strategy;

	for (strategy = 0; strategy <= MMAPSHARE_STRATEGY_PFN; strategy++) {
		int fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
					  strategy, 0600);
		struct mmapshare_info info;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, device_info(fd, &info));
		EXPECT_EQ(strategy, info.strategy);
		EXPECT_EQ(REGION_SIZE, info.region_size);
		EXPECT_EQ(0, kernel_fill(fd, 1, 10, 'x'));
		close(fd);
		ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	}
}

TEST_F(region, size_is_rounded_up)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = self->dev.page + 1,
	};
	int fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);

	ASSERT_LE(0, fd);
	EXPECT_EQ(2 * self->dev.page, create.region_size);
	EXPECT_EQ(create.region_size, (uint64_t)lseek(fd, 0, SEEK_END));
	close(fd);
}

TEST_F(region, close_on_exec_flag)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = 1,
	};
	int fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD));
	close(fd);
	create.flags = MMAPSHARE_CREATE_CLOEXEC;
	fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD));
	close(fd);
}

TEST_F(region, open_mode_limits_access)
{
	int fd = region_create(self->dev.fd, self->name);
	int reader;

	ASSERT_LE(0, fd);
	reader = open(region_node(self->name), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, reader);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->dev.page, PROT_WRITE, MAP_SHARED,
				   reader, 0));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, write(reader, "x", 1));
	EXPECT_EQ(EBADF, errno);
	close(reader);
	close(fd);
}

/* Mode 0: not even the owner may open the node. */
TEST_F(region, mode_zero)
{
	int fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
				  MMAPSHARE_STRATEGY_FAULT, 0);
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(region_node(self->name), &st));
	EXPECT_EQ((mode_t)S_IFCHR, st.st_mode);
	close(fd);
}

TEST_F(region, longest_name)
{
	char name[MMAPSHARE_NAME_SIZE] = { };
	int fd;

	memset(name, 'n', sizeof(name) - 1);
	fd = region_create(self->dev.fd, name);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, access(region_node(name), F_OK));
	close(fd);
	EXPECT_EQ(0, region_destroy(self->dev.fd, name));
	EXPECT_EQ(-1, access(region_node(name), F_OK));
}

TEST_HARNESS_MAIN
