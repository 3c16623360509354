// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: mmapshare_ring_notify(), for programs that store pos. */
#include "lib_ring_test.h"
#include <mmapshare_inline.h>
#include <pthread.h>

/* As mmapshare_ring_commit(), without waking consumers. */
static void publish(struct mmapshare_endpoint *p)
{
	__atomic_store_n(&p->producer->pos, p->pos, __ATOMIC_RELEASE);
}

static void *wait_for_record(void *ep)
{
	return (void *)(long)mmapshare_ring_wait(ep, 0, 20 * SECOND);
}

TEST_F(ring, wakes_sleeper)
{
	pthread_t thread;
	void *ret;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_record, self->c));
	while (!(self->p->ring->consumer_wake_pos & 1))
		sched_yield();
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 8, (void **)&self->record));
	publish(self->p);
	EXPECT_EQ(0, mmapshare_ring_notify(self->p));
	ASSERT_EQ(0, pthread_join(thread, &ret));
	EXPECT_EQ(NULL, ret);
	EXPECT_EQ(0ULL, self->p->ring->consumer_wake_pos);
}

TEST_F(ring, no_sleeper)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, mmapshare_ring_notify(self->p));
	EXPECT_EQ(0, mmapshare_ring_notify(self->c));
}

TEST_F(ring, revoked)
{
	void *record;

	ASSERT_EQ(0, attach_both(self));
	/* the wait reports the record; it is not taken */
	ASSERT_EQ(0, put_record(self->p, 0, 8));
	ASSERT_EQ(0, mmapshare_ring_wait(self->c, 0, -1));
	ASSERT_EQ(0, mmapshare_revoke(self->region));
	EXPECT_EQ(-ENODEV, mmapshare_ring_notify(self->p));
	EXPECT_EQ(-ENODEV, mmapshare_ring_notify(self->c));
	/* later calls do not access the ring: no SIGBUS */
	EXPECT_EQ(-ENODEV, mmapshare_ring_reserve(self->p, 8, &record));
	EXPECT_EQ(-ENODEV, mmapshare_ring_commit(self->p));
	EXPECT_EQ(-ENODEV, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-ENODEV, mmapshare_ring_release(self->c));
}

TEST_HARNESS_MAIN
