// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: mmapshare_ring_wait_consumers() waits until consumers have attached. */
#include <pthread.h>
#include "lib_ring_test.h"

#define MAY_LOSE	(CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE)

TEST_F(ring, timeout)
{
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait_consumers(self->p, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait_consumers(self->p, 1, SECOND / 100));
	EXPECT_EQ(0, mmapshare_ring_wait_consumers(self->p, 0, 0));
}

TEST_F(ring, attached_before)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, mmapshare_ring_wait_consumers(self->p, 1, 0));
	EXPECT_EQ(0, mmapshare_ring_wait_consumers(self->c, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait_consumers(self->p, 2, 0));
}

TEST_F(ring, may_lose_counts)
{
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	ASSERT_EQ(0, attach(self, &self->c, MAY_LOSE));
	EXPECT_EQ(0, mmapshare_ring_wait_consumers(self->p, 1, 0));
}

TEST_F(ring, too_many)
{
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(-EINVAL, mmapshare_ring_wait_consumers(self->p, CONSUMERS + 1, 0));
}

TEST_F(ring, detached_before)
{
	ASSERT_EQ(0, attach_both(self));
	mmapshare_ring_close(self->c);
	self->c = NULL;
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait_consumers(self->p, 1, 0));
}

struct waiter {
	struct mmapshare_endpoint *p;
	int ret;
};

static void *wait_for_two(void *arg)
{
	struct waiter *w = arg;

	w->ret = mmapshare_ring_wait_consumers(w->p, 2, -1);
	return NULL;
}

/* One consumer is not enough; what is published after the wait reaches both. */
TEST_F(ring, attach_during_wait)
{
	struct mmapshare_endpoint *second;
	struct waiter w = { .ret = -1 };
	pthread_t thread;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	w.p = self->p;
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_two, &w));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	ASSERT_EQ(0, attach(self, &second, CONSUMER | LATEST));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, w.ret);
	ASSERT_EQ(0, put_record(self->p, 0, 16));
	EXPECT_EQ(1, take_all(self->c, 0, 16));
	EXPECT_EQ(1, take_all(second, 0, 16));
	mmapshare_ring_close(second);
}

TEST_F(ring, revoked)
{
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait_consumers(self->p, 1, 0));
	EXPECT_EQ(-ENODEV, mmapshare_ring_wait_consumers(self->p, 1, -1));
}

TEST_HARNESS_MAIN
