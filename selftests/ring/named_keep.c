// SPDX-License-Identifier: GPL-2.0
/*
 * What the producer notices of a cursor that has a name and no consumer: it waits
 * for it without a limit, for a limited time, or not at all.
 */
#include "named_test.h"
#include <poll.h>

static short poll_producer(FIXTURE_DATA(ring) *self)
{
	struct pollfd pfd = { .fd = self->p.fd, .events = POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* Attach by name, take @n records, detach. Returns 0 or an errno. */
static int take_named(FIXTURE_DATA(ring) *self, uint64_t keep_ns, unsigned int n)
{
	int error = attach_named(&self->c, self->fd, CONSUMER, "a", keep_ns);

	while (!error && n--)
		if (ring_take(&self->c, self->buf, sizeof(self->buf)) != LENGTH)
			error = EIO;
	endpoint_detach(&self->c);
	return error;
}

/* Records are kept, and the producer is not told that all consumers are gone. */
TEST_F(ring, keeps_all)
{
	uint64_t i;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, MMAPSHARE_RING_KEEP_ALL, 0));
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	EXPECT_EQ(CAPACITY, fill_ring(self));
	EXPECT_EQ(0, poll_producer(self));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 20 * MS));
	/* other consumers and producers change nothing */
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, CONSUMER));
	for (i = 0; i < CAPACITY; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	endpoint_detach(&self->c);
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	endpoint_detach(&self->p);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	for (i = 0; i < 10; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	endpoint_detach(&self->c);
	EXPECT_EQ(10ULL, fill_ring(self));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	for (; i < CAPACITY + 10; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

/* Removing the name is like detaching: the producer gets EPIPE, and wakes up. */
static void *wait_for_space(void *arg)
{
	return (void *)(long)endpoint_wait(arg, NO_TIMEOUT);
}

TEST_F(ring, removed)
{
	pthread_t thread;
	void *error;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, MMAPSHARE_RING_KEEP_ALL, 0));
	fill_ring(self);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_space, &self->p));
	while (!__atomic_load_n(&self->p.ring->producer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	pthread_join(thread, &error);
	EXPECT_EQ(EPIPE, (int)(long)error);
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	endpoint_detach(&self->p);
}

/* A consumer that comes back wakes the producer. */
TEST_F(ring, wakes)
{
	pthread_t thread;
	void *error;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, MMAPSHARE_RING_KEEP_ALL, 0));
	fill_ring(self);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_space, &self->p));
	while (!__atomic_load_n(&self->p.ring->producer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	ASSERT_EQ(0, take_named(self, 0, 2));
	pthread_join(thread, &error);
	EXPECT_EQ(0, (int)(long)error);
	endpoint_detach(&self->p);
}

/* keep_ns 0: for the producer the consumer is gone. */
TEST_F(ring, keeps_nothing)
{
	struct endpoint other;
	uint64_t i, first;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&other, self->fd, CONSUMER));
	ASSERT_EQ(0, take_named(self, 0, 0));
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	EXPECT_EQ(2ULL, self->p.ring->unheld);
	for (i = 0; i < 2 * CAPACITY; i++) {
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
		EXPECT_RECORD(self, &other, i, LENGTH);
	}
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	EXPECT_LT(0ULL, self->c.c->lost);
	first = self->c.seq;
	EXPECT_EQ(first, self->c.c->lost);
	EXPECT_RECORD(self, &self->c, first, LENGTH);
	/* with a consumer it holds back the producer */
	EXPECT_EQ(3ULL, self->p.ring->consumers);
	fill_ring(self);
	while (ring_take(&other, self->buf, sizeof(self->buf)) >= 0)
		;
	EXPECT_FALSE(put_records(self, CAPACITY));
	endpoint_detach(&self->c);
	EXPECT_TRUE(ring_put(&self->p, LENGTH));
	endpoint_detach(&other);
	endpoint_detach(&self->p);
}

/* After keep_ns the producer goes on, and the consumer knows its losses. */
TEST_F(ring, expires)
{
	uint64_t n;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, 20 * MS, 0));
	n = fill_ring(self);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(0ULL, self->p.ring->consumers | self->p.ring->may_lose |
			self->p.ring->evicted);
	EXPECT_EQ(MMAPSHARE_RING_NAME_EVICTED, (unsigned int)name_state(self->fd, "a"));
	EXPECT_TRUE(put_records(self, n));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	EXPECT_LT(0ULL, self->c.c->lost);
	EXPECT_EQ(self->c.seq, self->c.c->lost);
	EXPECT_EQ(MMAPSHARE_RING_NAME_HELD | MMAPSHARE_RING_NAME_KEEPS,
		  (unsigned int)name_state(self->fd, "a"));
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	/* with a consumer it is not evicted */
	fill_ring(self);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 50 * MS));
	endpoint_detach(&self->c);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	endpoint_detach(&self->p);
}

/* The time begins when the consumer detaches; it does not end before. */
TEST_F(ring, does_not_expire)
{
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, 3600ULL * SECOND, 0));
	fill_ring(self);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 20 * MS));
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	/* the timer is cancelled */
	endpoint_detach(&self->p);
}

/* A cursor that has more time does not give it to another one. */
TEST_F(ring, two_times)
{
	struct endpoint late;
	uint64_t i, n;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 3600ULL * SECOND));
	ASSERT_EQ(0, attach_named(&late, self->fd, CONSUMER, "late", 20 * MS));
	n = fill_ring(self);
	for (i = 0; i < n; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	endpoint_detach(&self->c);
	/* sets the timer */
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 20 * MS));
	endpoint_detach(&late);
	EXPECT_EQ(0, endpoint_wait(&self->p, 20 * SECOND));
	EXPECT_EQ(MMAPSHARE_RING_NAME_EVICTED, (unsigned int)name_state(self->fd, "late"));
	EXPECT_EQ(MMAPSHARE_RING_NAME_KEEPS, (unsigned int)name_state(self->fd, "a"));
	endpoint_detach(&self->p);
}

/* evict_ns of the ring is for all cursors. */
TEST_F(ring, evict_ns)
{
	struct mmapshare_create_args create = {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = 0600,
		.ring = MMAPSHARE_RING,
		.consumers = RING_CONSUMERS,
		.evict_ns = 20 * MS,
	};

	region_destroy(self->dev.fd, self->name);
	close(self->fd);
	self->fd = region_create_by(self->dev.fd, &create, self->name);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, take_named(self, MMAPSHARE_RING_KEEP_ALL, 0));
	fill_ring(self);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(0ULL, self->p.ring->consumers | self->p.ring->evicted);
	EXPECT_EQ(MMAPSHARE_RING_NAME_EVICTED, (unsigned int)name_state(self->fd, "a"));
	endpoint_detach(&self->p);
}

TEST_HARNESS_MAIN
