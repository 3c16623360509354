// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: the flags of mmapshare_ring_commit_flags(). poll() without a timeout
 * takes the place of a consumer that sleeps: the kernel arms it in the same way.
 */
#include "lib_ring_test.h"
#include <mmapshare_inline.h>
#include <poll.h>

#define NO_WAKEUP	MMAPSHARE_NO_WAKEUP
#define FORCE_WAKEUP	MMAPSHARE_FORCE_WAKEUP

/* Is the consumer ready? If not, it is armed now. */
static bool is_ready(const struct mmapshare_endpoint *c)
{
	struct pollfd p = { .fd = mmapshare_ring_fd(c), .events = POLLIN };

	return poll(&p, 1, 0) == 1 && p.revents & POLLIN;
}

/* Has no peer woken the consumer since it was armed? */
static bool is_asleep(const struct mmapshare_endpoint *p)
{
	return p->ring->consumer_wake_pos & 1;
}

static int put_with(struct mmapshare_endpoint *p, unsigned int flags)
{
	void *record;
	const int ret = mmapshare_ring_reserve(p, 8, &record);

	return ret ? ret : mmapshare_ring_commit_flags(p, flags);
}

static int take_one(FIXTURE_DATA(ring) *self)
{
	const int ret = mmapshare_ring_next(self->c, &self->record, &self->length);

	return ret ? ret : mmapshare_ring_release(self->c);
}

TEST_F(ring, no_wakeup)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_FALSE(is_ready(self->c));
	EXPECT_TRUE(is_asleep(self->p));
	EXPECT_EQ(0, put_with(self->p, NO_WAKEUP));
	EXPECT_TRUE(is_asleep(self->p));
	EXPECT_EQ(0, mmapshare_ring_notify(self->p));
	EXPECT_FALSE(is_asleep(self->p));
	EXPECT_EQ(0, take_one(self));
	/* the next commit with wake-up wakes for the records before it, too */
	mmapshare_ring_set_wake_bytes(self->c, 32);
	EXPECT_FALSE(is_ready(self->c));
	EXPECT_EQ(0, put_with(self->p, NO_WAKEUP));
	EXPECT_EQ(0, put_with(self->p, NO_WAKEUP));
	EXPECT_TRUE(is_asleep(self->p));
	EXPECT_EQ(0, put_with(self->p, 0));
	EXPECT_FALSE(is_asleep(self->p));
	EXPECT_TRUE(is_ready(self->c));
}

/* A consumer that goes to sleep later finds the record. */
TEST_F(ring, no_wakeup_before_sleep)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, put_with(self->p, NO_WAKEUP));
	EXPECT_TRUE(is_ready(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, take_one(self));
}

/* The producer's death wakes the consumer, for fewer bytes than it waits for. */
TEST_F(ring, no_wakeup_and_death)
{
	ASSERT_EQ(0, attach_both(self));
	mmapshare_ring_set_wake_bytes(self->c, 1024);
	EXPECT_FALSE(is_ready(self->c));
	EXPECT_EQ(0, put_with(self->p, NO_WAKEUP));
	mmapshare_ring_close(self->p);
	self->p = NULL;
	EXPECT_FALSE(is_asleep(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, take_one(self));
	EXPECT_EQ(-EPIPE, mmapshare_ring_wait(self->c, 0, 0));
}

TEST_F(ring, force_wakeup)
{
	ASSERT_EQ(0, attach_both(self));
	mmapshare_ring_set_wake_bytes(self->c, 1024);
	EXPECT_FALSE(is_ready(self->c));
	EXPECT_EQ(0, put_with(self->p, 0));
	EXPECT_TRUE(is_asleep(self->p));
	EXPECT_EQ(0, put_with(self->p, FORCE_WAKEUP));
	EXPECT_FALSE(is_asleep(self->p));
	EXPECT_TRUE(is_ready(self->c));
	EXPECT_EQ(0, take_one(self));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, take_one(self));
	/* the threshold counts again for later records */
	EXPECT_FALSE(is_ready(self->c));
	EXPECT_EQ(0, put_with(self->p, 0));
	EXPECT_TRUE(is_asleep(self->p));
	EXPECT_FALSE(is_ready(self->c));
	/* without a new record */
	EXPECT_EQ(0, mmapshare_ring_commit_flags(self->p, FORCE_WAKEUP));
	EXPECT_FALSE(is_asleep(self->p));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
}

/* A consumer that goes to sleep later does not wait for more. */
TEST_F(ring, force_before_sleep)
{
	ASSERT_EQ(0, attach_both(self));
	mmapshare_ring_set_wake_bytes(self->c, 1024);
	EXPECT_EQ(0, put_with(self->p, FORCE_WAKEUP));
	EXPECT_TRUE(is_ready(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
}

TEST_F(ring, invalid_flags)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(-EINVAL, put_with(self->p, NO_WAKEUP | FORCE_WAKEUP));
	EXPECT_EQ(-EINVAL, mmapshare_ring_commit_flags(self->p, 4));
	EXPECT_EQ(-EAGAIN, take_one(self));
	EXPECT_EQ(0, mmapshare_ring_commit_flags(self->p, 0));
	EXPECT_EQ(0, take_one(self));
	EXPECT_EQ(-EBADF, mmapshare_ring_commit_flags(self->c, NO_WAKEUP));
	EXPECT_EQ(-EBADF, mmapshare_ring_commit_flags(self->c, FORCE_WAKEUP));
}

TEST_F(ring, revoked)
{
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(-ENODEV, mmapshare_ring_commit_flags(self->p, FORCE_WAKEUP));
	EXPECT_EQ(-ENODEV, mmapshare_ring_commit_flags(self->p, NO_WAKEUP));
}

TEST_HARNESS_MAIN
