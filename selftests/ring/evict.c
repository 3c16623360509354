// SPDX-License-Identifier: GPL-2.0
/*
 * The producer of a lossless ring waits for a consumer for a limited time. Then
 * the consumer is evicted, and knows exactly how many records it has lost.
 */
#include "ring_test.h"
#include <poll.h>

#define LENGTH		104
#define CAPACITY	((RING_SIZE - 8) / 112)
#define EVICT_NS	(20 * MS)

/* Replace the ring of the fixture. Returns 0 or an errno. */
static int make_evicting(FIXTURE_DATA(ring) *self, uint64_t evict_ns, uint32_t flags)
{
	struct mmapshare_create_args create = {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = 0600,
		.ring = MMAPSHARE_RING | flags,
		.consumers = RING_CONSUMERS,
		.evict_ns = evict_ns,
	};

	region_destroy(self->dev.fd, self->name);
	close(self->fd);
	self->fd = region_create_by(self->dev.fd, &create, self->name);
	return self->fd < 0 ? -self->fd : 0;
}

/* Fill the ring. Returns the number of records. */
static uint64_t fill(FIXTURE_DATA(ring) *self)
{
	uint64_t n;

	for (n = 0; ring_put(&self->p, LENGTH); n++)
		;
	self->p.p->wake_bytes = 112;
	return n;
}

TEST_F(ring, invalid_arguments)
{
	struct mmapshare_create_args create = {
		.region_size = RING_SIZE,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.evict_ns = 1,
	};

	EXPECT_EQ(EINVAL, make_evicting(self, 1, MMAPSHARE_RING_OVERWRITE));
	EXPECT_EQ(-EINVAL, region_create_by(self->dev.fd, &create, NULL));
}

/* The producer's wait ends, and the consumer has lost what was overwritten. */
TEST_F(ring, wait)
{
	uint64_t n, i;

	ASSERT_EQ(0, make_evicting(self, EVICT_NS, 0));
	RING_ATTACH_BOTH(self);
	EXPECT_EQ((uint64_t)EVICT_NS, self->p.ring->evict_ns);
	n = fill(self);
	EXPECT_EQ(CAPACITY, n);
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	EXPECT_EQ(1ULL, self->p.ring->may_lose);
	EXPECT_EQ(1ULL, self->p.ring->evicted);
	/* nothing is overwritten yet */
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	EXPECT_EQ(0ULL, self->c.lost);
	for (i = 0; i < 2 * CAPACITY; i++)
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
	EXPECT_EQ(LENGTH, ring_take(&self->c, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(same_bytes(self->buf, LENGTH, 0, self->c.seq - 1));
	EXPECT_EQ(self->c.seq - 2, self->c.lost);
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) == LENGTH)
		EXPECT_TRUE(same_bytes(self->buf, LENGTH, 0, self->c.seq - 1));
	EXPECT_EQ(3 * CAPACITY, self->c.seq);
	endpoint_detach(&self->c);
	EXPECT_EQ(0ULL, self->p.ring->may_lose);
	EXPECT_EQ(0ULL, self->p.ring->evicted);
	endpoint_detach(&self->p);
}

TEST_F(ring, poll)
{
	struct pollfd pfd = { .events = POLLOUT };

	ASSERT_EQ(0, make_evicting(self, EVICT_NS, 0));
	RING_ATTACH_BOTH(self);
	fill(self);
	pfd.fd = self->p.fd;
	EXPECT_EQ(1, poll(&pfd, 1, 60000));
	EXPECT_EQ(POLLOUT, pfd.revents);
	EXPECT_EQ(1ULL, self->p.ring->evicted);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A consumer that reads is not evicted, and still holds back the producer. */
TEST_F(ring, consumer_that_reads)
{
	struct endpoint reading;
	uint64_t n, i;

	ASSERT_EQ(0, make_evicting(self, EVICT_NS, 0));
	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&reading, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	n = fill(self);
	for (i = 0; i < n; i++)
		EXPECT_RECORD(self, &reading, i, LENGTH);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(2ULL, self->p.ring->consumers);
	EXPECT_EQ(1ULL, self->p.ring->evicted);
	EXPECT_EQ(n, fill(self));
	for (i = 0; i < n; i++)
		EXPECT_RECORD(self, &reading, n + i, LENGTH);
	EXPECT_EQ(0ULL, reading.lost);
	endpoint_detach(&reading);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * A consumer that releases too little for the waiting record is evicted, too.
 */
TEST_F(ring, slow_release)
{
	const uint32_t long_record = RING_SIZE / 2 - 8;
	uint64_t n = 0;

	ASSERT_EQ(0, make_evicting(self, EVICT_NS, 0));
	RING_ATTACH_BOTH(self);
	fill(self);
	self->p.p->wake_bytes = 8 + long_record;
	while (endpoint_wait(&self->p, MS) == ETIMEDOUT && n < CAPACITY / 2 - 1) {
		/* in one of 16 rounds the consumer releases a record */
		if (!(n % 16))
			EXPECT_RECORD(self, &self->c, n / 16, LENGTH);
		n++;
	}
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(1ULL, self->p.ring->evicted);
	EXPECT_TRUE(ring_put(&self->p, long_record));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * The next consumer begins with the oldest record, and holds back the producer.
 */
TEST_F(ring, next_consumer)
{
	struct endpoint next;
	uint64_t i, n;

	ASSERT_EQ(0, make_evicting(self, EVICT_NS, 0));
	RING_ATTACH_BOTH(self);
	fill(self);
	EXPECT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
	/*
	 * after the evicted consumer has detached, no record is retained for it
	 */
	endpoint_detach(&self->c);
	for (i = 0; i < 2 * CAPACITY; i++)
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
	ASSERT_EQ(0, endpoint_attach(&next, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(self->p.p->oldest_pos, next.pos);
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	for (n = next.seq; n < 3 * CAPACITY; n++)
		EXPECT_RECORD(self, &next, n, LENGTH);
	EXPECT_EQ(0ULL, next.lost);
	EXPECT_EQ(CAPACITY, fill(self));
	endpoint_detach(&next);
	/* the records that @next has not released are retained */
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	EXPECT_EQ(EPIPE, endpoint_wait(&self->p, 60 * SECOND));
	endpoint_detach(&self->p);
}

/*
 * If a producer detaches while a record does not fit, its timer is cancelled.
 */
TEST_F(ring, producer_leaves)
{
	int i;

	ASSERT_EQ(0, make_evicting(self, 3600 * SECOND, 0));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
		fill(self);
		EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, MS));
		endpoint_detach(&self->p);
	}
	EXPECT_EQ(0ULL, self->c.ring->evicted);
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
