// SPDX-License-Identifier: GPL-2.0
/*
 * A reader of a lossless ring that does not read: the producer waits only for
 * consumers that have the right to hold it back.
 */
#include "ring_protocol.h"
#include <grp.h>

#define USER		1000	/* the first of several user IDs */
#define RING_SIZE	4096
#define LENGTH		56
#define RECORDS		(4 * RING_SIZE / 64)

#define CONSUMER	MMAPSHARE_RING_ATTACH_CONSUMER
#define MAY_LOSE	MMAPSHARE_RING_ATTACH_MAY_LOSE
#define MUST_NOT_LOSE	MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE

FIXTURE(hold) {
	struct device dev;
	char name[32];
	int fd;
	struct endpoint p, c;
	char buf[LENGTH];
};

/* Replace the ring of the fixture: its owner is the current user. */
static int make_ring(FIXTURE_DATA(hold) *self, uint32_t flags, unsigned int mode)
{
	struct mmapshare_create_args create = {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = mode,
		.ring = MMAPSHARE_RING | flags,
		.consumers = 4,
	};

	region_destroy(self->dev.fd, self->name);
	self->fd = region_create_by(self->dev.fd, &create, self->name);
	if (self->fd < 0)
		return -self->fd;
	/* CREATE has applied the umask */
	return chmod(region_node(self->name), mode) ? errno : 0;
}

FIXTURE_SETUP(hold)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	snprintf(self->name, sizeof(self->name), "hold.%d", getpid());
	ASSERT_EQ(0, make_ring(self, 0, 0644));
}

FIXTURE_TEARDOWN(hold)
{
	if (seteuid(0))
		return;
	region_destroy(self->dev.fd, self->name);
	close(self->dev.fd);
}

/* Open the node as @uid and attach. Returns the endpoint or a negative errno. */
static int attach_as(FIXTURE_DATA(hold) *self, uid_t uid, int open_flags, uint32_t flags,
		     struct mmapshare_ring_attach_args *at)
{
	int fd, ret;

	if (seteuid(uid))
		return -1;
	fd = open(region_node(self->name), open_flags);
	ret = fd < 0 ? -errno : ring_attach(fd, flags, at);
	close(fd);
	return seteuid(0) ? -1 : ret;
}

/* How many of RECORDS records can be put while the consumer of the ring reads? */
static int put_all(FIXTURE_DATA(hold) *self)
{
	int n;

	for (n = 0; n < RECORDS && ring_put(&self->p, LENGTH); n++)
		if (ring_take(&self->c, self->buf, LENGTH) != LENGTH)
			return -1;
	return n;
}

static int attach_both(FIXTURE_DATA(hold) *self)
{
	return endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER) ?:
	       endpoint_attach(&self->c, self->fd, CONSUMER);
}

/* In a ring with mode 0644, a reader does not hold back the producer. */
TEST_F(hold, reader_that_does_not_read)
{
	struct mmapshare_ring_attach_args at;
	int fd;

	ASSERT_EQ(0, attach_both(self));
	fd = attach_as(self, USER, O_RDONLY, CONSUMER, &at);
	ASSERT_LE(0, fd);
	EXPECT_EQ(MAY_LOSE, at.flags & MAY_LOSE);
	EXPECT_EQ(RECORDS, put_all(self));
	EXPECT_EQ(0, endpoint_wait(&self->p, 0));
	close(fd);
}

/* Such a reader cannot attach with MUST_NOT_LOSE. */
TEST_F(hold, must_not_lose)
{
	struct mmapshare_ring_attach_args at;

	EXPECT_EQ(-EACCES, attach_as(self, USER, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at));
	EXPECT_EQ(-EINVAL, attach_as(self, 0, O_RDONLY, CONSUMER | MUST_NOT_LOSE | MAY_LOSE,
				     &at));
	EXPECT_EQ(-EINVAL, attach_as(self, 0, O_RDWR,
				     MMAPSHARE_RING_ATTACH_PRODUCER | MUST_NOT_LOSE, &at));
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE, 0644));
	EXPECT_EQ(-EINVAL, attach_as(self, 0, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at));
}

/*
 * When such a reader attaches with LATEST and detaches, no record is released,
 * and the producer's wait does not end.
 */
TEST_F(hold, reader_that_leaves)
{
	struct mmapshare_ring_attach_args at;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	while (ring_put(&self->p, LENGTH))
		;
	close(attach_as(self, USER, O_RDONLY, CONSUMER | MMAPSHARE_RING_ATTACH_LATEST, &at));
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	self->p.p->wake_bytes = LENGTH + 8;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 0));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, CONSUMER));
	EXPECT_EQ(0ULL, self->c.seq);
}

/* The consumer with descriptor @fd holds back the producer. */
#define EXPECT_HELD(self, fd, at)					\
	do {								\
		ASSERT_LE(0, fd);					\
		EXPECT_EQ(0U, (at)->flags & MAY_LOSE);			\
		ASSERT_EQ(0, attach_both(self));			\
		EXPECT_GT(RECORDS, put_all(self));			\
		close(fd);						\
		endpoint_detach(&(self)->p);				\
		endpoint_detach(&(self)->c);				\
	} while (0)

TEST_F(hold, right_of_writers)
{
	struct mmapshare_ring_attach_args at;
	int fd;

	ASSERT_EQ(0, make_ring(self, 0, 0666));
	fd = attach_as(self, USER, O_RDWR, CONSUMER | MUST_NOT_LOSE, &at);
	EXPECT_HELD(self, fd, &at);
	EXPECT_EQ(-EACCES, attach_as(self, USER, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at));
}

TEST_F(hold, right_of_owner)
{
	struct mmapshare_ring_attach_args at;
	int fd;

	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	ASSERT_EQ(0, seteuid(USER));
	ASSERT_EQ(0, make_ring(self, 0, 0644));
	ASSERT_EQ(0, seteuid(0));
	fd = attach_as(self, USER, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at);
	EXPECT_HELD(self, fd, &at);
	EXPECT_EQ(-EACCES, attach_as(self, USER + 1, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at));
	/* CAP_SYS_RESOURCE */
	fd = attach_as(self, 0, O_RDONLY, CONSUMER | MUST_NOT_LOSE, &at);
	EXPECT_HELD(self, fd, &at);
}

TEST_F(hold, right_of_readers)
{
	struct mmapshare_ring_attach_args at;
	int fd;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_READERS_HOLD, 0644));
	fd = attach_as(self, USER, O_RDONLY, CONSUMER, &at);
	EXPECT_HELD(self, fd, &at);
	EXPECT_EQ(EINVAL, make_ring(self, MMAPSHARE_RING_READERS_HOLD |
				    MMAPSHARE_RING_OVERWRITE, 0644));
}

/* A descriptor gives the right of the task that attaches, not of its opener. */
TEST_F(hold, descriptor_of_owner)
{
	struct mmapshare_ring_attach_args at;
	int reading = open(region_node(self->name), O_RDONLY), fd;

	ASSERT_LE(0, reading);
	ASSERT_EQ(0, seteuid(USER));
	EXPECT_EQ(-EACCES, ring_attach(reading, CONSUMER | MUST_NOT_LOSE, &at));
	/* open for writing, it could attach as the producer as well */
	fd = ring_attach(self->fd, CONSUMER | MUST_NOT_LOSE, &at);
	ASSERT_EQ(0, seteuid(0));
	EXPECT_HELD(self, fd, &at);
}

TEST_HARNESS_MAIN
