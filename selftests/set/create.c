// SPDX-License-Identifier: GPL-2.0
/* Creating a ring set: which numbers of rings are valid, and what describes it. */
#include "set_test.h"
#include <sched.h>

TEST_F(set, info)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_INFO, &info));
	EXPECT_EQ(MMAPSHARE_RING | MMAPSHARE_RING_SET, info.ring);
	EXPECT_EQ((uint32_t)SET_MEMBERS, info.members);
	EXPECT_EQ(SET_MEMBERS * self->stride, info.region_size);
}

/* Each ring is complete, and says which one it is. */
TEST_F(set, first_pages)
{
	char *map = mmap(NULL, SET_MEMBERS * self->stride, PROT_READ, MAP_SHARED, self->fd, 0);
	uint32_t i;

	ASSERT_NE(MAP_FAILED, map);
	for (i = 0; i < SET_MEMBERS; i++) {
		const struct mmapshare_ring *ring = (void *)(map + i * self->stride);

		EXPECT_EQ(MMAPSHARE_RING_MAGIC, ring->magic);
		EXPECT_EQ(MMAPSHARE_RING | MMAPSHARE_RING_SET, ring->flags);
		EXPECT_EQ((uint32_t)SET_MEMBERS, ring->members);
		EXPECT_EQ(i, ring->member);
		EXPECT_EQ(self->stride, ring->stride);
		EXPECT_EQ(self->stride, ring->map_size);
		EXPECT_EQ(SET_SIZE, ring->data_size);
	}
	munmap(map, SET_MEMBERS * self->stride);
}

TEST_F(set, ring_is_no_set)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	struct mmapshare_ring ring;
	const int fd = ring_create_as(self->dev.fd, NULL, SET_SIZE, MMAPSHARE_RING, 1);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ioctl(fd, MMAPSHARE_IOC_INFO, &info));
	EXPECT_EQ(0U, info.members);
	ASSERT_EQ((ssize_t)sizeof(ring), pread(fd, &ring, sizeof(ring), 0));
	EXPECT_EQ(0U, ring.members);
	EXPECT_EQ(0U, ring.member);
	EXPECT_EQ(0ULL, ring.stride);
	close(fd);
}

/* 0 stands for a ring for each CPU that the machine can have. */
TEST_F(set, per_cpu)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = 1,
		.ring = MMAPSHARE_RING | MMAPSHARE_RING_SET,
		.consumers = 1,
	};
	const int fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);

	ASSERT_LE(0, fd);
	EXPECT_LE((uint32_t)sysconf(_SC_NPROCESSORS_CONF), create.members);
	EXPECT_GE((uint32_t)MMAPSHARE_RING_MEMBERS_MAX, create.members);
	EXPECT_EQ(self->dev.page, create.region_size);
	close(fd);
}

static int create_error(int control, struct mmapshare_create_args create)
{
	const int fd = region_create_by(control, &create, NULL);

	if (fd < 0)
		return -fd;
	close(fd);
	return 0;
}

TEST_F(set, refused)
{
	const uint32_t set = MMAPSHARE_RING | MMAPSHARE_RING_SET;
	struct mmapshare_create_args create = {
		.region_size = 1, .ring = set, .consumers = 1, .members = 1,
	};

	EXPECT_EQ(0, create_error(self->dev.fd, create));
	create.members = MMAPSHARE_RING_MEMBERS_MAX + 1;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
	create.members = ~0U;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
	create.members = 1;
	create.reserved = 1;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
	create.reserved = 0;
	create.ring = MMAPSHARE_RING;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
	create.ring = MMAPSHARE_RING_SET;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
	create.ring = 0;
	create.consumers = 0;
	EXPECT_EQ(EINVAL, create_error(self->dev.fd, create));
}

/* Each ring may be as large as that, but not all of them together. */
TEST_F(set, too_large)
{
	const struct mmapshare_create_args create = {
		.region_size = MMAPSHARE_RING_SIZE_MAX,
		.ring = MMAPSHARE_RING | MMAPSHARE_RING_SET,
		.consumers = 1,
		.members = MMAPSHARE_RING_MEMBERS_MAX,
	};

	EXPECT_EQ(ERANGE, create_error(self->dev.fd, create));
}

/* The mapping in the kernel that has the mirrors is gone before the pages are. */
TEST_F(set, revoke)
{
	struct mmapshare_revoke_args revoke = { .size = sizeof(revoke) };
	struct mmapshare_ring_attach_args at;
	int i;

	for (i = 0; i < 3; i++) {
		SET_ATTACH_ALL(self);
		ASSERT_TRUE(ring_put(&self->p[i], 64));
		ASSERT_EQ(0, ioctl(self->fd, MMAPSHARE_IOC_REVOKE, &revoke));
		EXPECT_EQ(ENODEV, endpoint_wait(&self->c[0], NO_TIMEOUT));
		EXPECT_EQ(-ENODEV, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
		SET_DETACH_ALL(self);
		ASSERT_EQ(0, make_set(self, i ? MMAPSHARE_RING_OVERWRITE : 0));
	}
}

TEST_HARNESS_MAIN
