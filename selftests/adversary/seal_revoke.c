// SPDX-License-Identifier: GPL-2.0
/*
 * REVOKE of a region that is sealed against revocation fails with EPERM, for
 * its owner and for root, and mappings of the region stay usable.
 */
#include "region_test.h"

#define OWNER	1000

FIXTURE(sealed) {
	struct device dev;
	char name[32];
	int fd;
	char *mem;
};

FIXTURE_SETUP(sealed)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "sealed.%d", getpid());
	ASSERT_EQ(0, seteuid(OWNER));
	self->fd = region_create(self->dev.fd, self->name);
	ASSERT_LE(0, self->fd);
	self->mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(sealed)
{
	ASSERT_EQ(0, seteuid(0));
	region_destroy(self->dev.fd, self->name);
	munmap(self->mem, REGION_SIZE);
	close(self->fd);
	close(self->dev.fd);
}

/* Every way to revoke is refused, and changes nothing. */
static int is_refused(int control, int fd, const char *name)
{
	struct mmapshare_query facts;

	if (region_revoke(fd) != EPERM)
		return 1;
	if (region_destroy_revoke(control, name) != EPERM)
		return 2;
	return region_query(control, name, &facts);
}

TEST_F(sealed, owner)
{
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_REVOKE));
	EXPECT_EQ(0, is_refused(self->dev.fd, self->fd, self->name));
	EXPECT_EQ(0, self->mem[0]);
}

TEST_F(sealed, root)
{
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_REVOKE));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(0, is_refused(self->dev.fd, self->fd, self->name));
	EXPECT_EQ(0, self->mem[0]);
}

/* The name can still be removed: users of the region keep their access. */
TEST_F(sealed, destroy)
{
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_REVOKE));
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->name));
	EXPECT_EQ(EPERM, region_revoke(self->fd));
	EXPECT_EQ(0, self->mem[0]);
}

/* Seals against writing do not exclude revocation. */
TEST_F(sealed, other_seals)
{
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(0, region_revoke(self->fd));
}

/* SEAL_WRITE is refused for a ring, because its endpoints must write. */
TEST_F(sealed, ring)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = REGION_SIZE,
		.ring = MMAPSHARE_RING,
		.consumers = 1,
	};
	int ring = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);

	ASSERT_LE(0, ring);
	EXPECT_EQ(EPERM, region_seal(ring, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(EPERM, region_seal(ring, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(0, region_seal(ring, MMAPSHARE_SEAL_REVOKE | MMAPSHARE_SEAL_SEAL));
	EXPECT_EQ(EPERM, region_revoke(ring));
	close(ring);
}

/* A read-only descriptor is not sufficient to revoke the region. */
TEST_F(sealed, read_only_descriptor)
{
	struct mmapshare_read_only_args ro = { .size = sizeof(ro) };
	int reader = ioctl(self->fd, MMAPSHARE_IOC_READ_ONLY, &ro);

	ASSERT_LE(0, reader);
	EXPECT_EQ(EBADF, region_revoke(reader));
	EXPECT_EQ(0, self->mem[0]);
	close(reader);
}

TEST_HARNESS_MAIN
