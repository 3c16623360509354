// SPDX-License-Identifier: GPL-2.0
/*
 * The cursors of a ring: one user cannot take all, and the users together leave
 * some to the owner.
 */
#include "ring_protocol.h"

#define USER		1000	/* the first of several user IDs */
#define CONSUMERS	8
#define RING_SIZE	4096

FIXTURE(slots) {
	struct device dev;
	struct mmapshare_create_args create;
	int fd;
	int fds[MMAPSHARE_RING_CONSUMERS_MAX];
};

/* Replace the ring of the fixture. Returns 0 or an errno. */
static int make_ring(FIXTURE_DATA(slots) *self, unsigned int consumers, unsigned int per_uid,
		     unsigned int reserved)
{
	self->create = (struct mmapshare_create_args) {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.ring = MMAPSHARE_RING,
		.consumers = consumers,
		.consumers_per_uid = per_uid,
		.consumers_reserved = reserved,
	};
	self->fd = region_create_by(self->dev.fd, &self->create, NULL);
	return self->fd < 0 ? -self->fd : 0;
}

FIXTURE_SETUP(slots)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
}

FIXTURE_TEARDOWN(slots)
{
	if (!seteuid(0))
		close(self->dev.fd);
}

/*
 * Attach consumers as user @uid until one is refused. Returns their number, and
 * sets *@error.
 */
static int attach_all(FIXTURE_DATA(slots) *self, uid_t uid, int *error)
{
	struct mmapshare_ring_attach_args at;
	int n = 0, fd;

	if (seteuid(uid))
		return -1;
	while ((fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at)) >= 0)
		self->fds[n++] = fd;
	*error = -fd;
	return seteuid(0) ? -1 : n;
}

static void close_all(FIXTURE_DATA(slots) *self, int n)
{
	while (n--)
		close(self->fds[n]);
}

/*
 * By default one cursor is reserved, and a user may have half of those that are
 * not reserved.
 */
TEST_F(slots, defaults)
{
	static const struct {
		unsigned int consumers, per_uid, all;
	} rings[] = { { 1, 1, 1 }, { 2, 1, 1 }, { 3, 1, 2 }, { 4, 2, 3 }, { 8, 4, 7 },
		      { 64, 32, 63 } };
	size_t i;
	int error;

	for (i = 0; i < ARRAY_SIZE(rings); i++) {
		const int per_uid = rings[i].per_uid, rest = rings[i].all - per_uid;
		const int refused = rings[i].consumers > 1 ? EDQUOT : ENOSPC;

		ASSERT_EQ(0, make_ring(self, rings[i].consumers, 0, 0));
		EXPECT_EQ(per_uid, attach_all(self, USER, &error));
		EXPECT_EQ(refused, error);
		EXPECT_EQ(rest < per_uid ? rest : per_uid, attach_all(self, USER + 1, &error));
		EXPECT_EQ(0, attach_all(self, USER + 2, &error));
		EXPECT_EQ(ENOSPC, error);
		/* CAP_SYS_RESOURCE, and the owner */
		EXPECT_EQ((int)(rings[i].consumers - rings[i].all),
			  attach_all(self, 0, &error));
		EXPECT_EQ(ENOSPC, error);
	}
}

/* A user can attach again once its own or another user's consumers detached. */
TEST_F(slots, released)
{
	int error;

	ASSERT_EQ(0, make_ring(self, CONSUMERS, 3, 2));
	EXPECT_EQ(3, attach_all(self, USER, &error));
	close_all(self, 3);
	EXPECT_EQ(3, attach_all(self, USER, &error));
	EXPECT_EQ(EDQUOT, error);
	EXPECT_EQ(3, attach_all(self, USER + 1, &error));
	EXPECT_EQ(EDQUOT, error);
	EXPECT_EQ(0, attach_all(self, USER + 2, &error));
	EXPECT_EQ(ENOSPC, error);
	close_all(self, 2);
	EXPECT_EQ(2, attach_all(self, USER + 2, &error));
	EXPECT_EQ(ENOSPC, error);
	EXPECT_EQ(2, attach_all(self, 0, &error));
}

/* Cursors stay free, however often a user maps them. */
TEST_F(slots, mapped)
{
	const size_t page = self->dev.page;
	int error, n;
	char *mem;

	ASSERT_EQ(0, make_ring(self, 1, 0, 0));
	ASSERT_EQ(0, seteuid(USER));
	for (n = 0; n < 1100; n++) {
		mem = mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd, page);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_EQ(0, *(volatile char *)mem);
	}
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(1, attach_all(self, 0, &error));
}

/* The owner need not be root, and does not count as another user. */
TEST_F(slots, owner)
{
	int error;

	ASSERT_EQ(0, seteuid(USER));
	ASSERT_EQ(0, make_ring(self, CONSUMERS, 2, 2));
	ASSERT_EQ(0, seteuid(0));
	EXPECT_EQ(CONSUMERS, attach_all(self, USER, &error));
	EXPECT_EQ(ENOSPC, error);
	close_all(self, 6);
	EXPECT_EQ(2, attach_all(self, USER + 1, &error));
	EXPECT_EQ(EDQUOT, error);
	EXPECT_EQ(2, attach_all(self, USER + 2, &error));
	EXPECT_EQ(2, attach_all(self, USER + 3, &error));
	EXPECT_EQ(ENOSPC, error);
}

TEST_F(slots, no_reserve)
{
	int error;

	ASSERT_EQ(0, make_ring(self, CONSUMERS, CONSUMERS, MMAPSHARE_RING_RESERVE_NONE));
	EXPECT_EQ(CONSUMERS, attach_all(self, USER, &error));
	EXPECT_EQ(ENOSPC, error);
}

TEST_F(slots, all_reserved)
{
	int error;

	ASSERT_EQ(0, make_ring(self, CONSUMERS, 0, CONSUMERS));
	EXPECT_EQ(0, attach_all(self, USER, &error));
	EXPECT_EQ(ENOSPC, error);
	EXPECT_EQ(CONSUMERS, attach_all(self, 0, &error));
}

TEST_F(slots, invalid_arguments)
{
	EXPECT_EQ(EINVAL, make_ring(self, CONSUMERS, CONSUMERS + 1, 0));
	EXPECT_EQ(EINVAL, make_ring(self, CONSUMERS, 0, CONSUMERS + 1));
	EXPECT_EQ(EINVAL, make_ring(self, CONSUMERS, 0, MMAPSHARE_RING_RESERVE_NONE - 1));
	EXPECT_EQ(EINVAL, make_ring(self, 0, 0, 0));
	self->create.ring = 0;
	self->create.consumers_per_uid = 1;
	EXPECT_EQ(-EINVAL, region_create_by(self->dev.fd, &self->create, NULL));
	self->create.consumers_per_uid = 0;
	self->create.consumers_reserved = 1;
	EXPECT_EQ(-EINVAL, region_create_by(self->dev.fd, &self->create, NULL));
	self->create.consumers_reserved = 0;
	EXPECT_LE(0, region_create_by(self->dev.fd, &self->create, NULL));
}

TEST_HARNESS_MAIN
