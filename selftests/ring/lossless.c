// SPDX-License-Identifier: GPL-2.0
/* In a lossless ring every consumer gets every record, in order. */
#include "ring_test.h"

TEST_F(ring, one_by_one)
{
	uint32_t length;

	RING_ATTACH_BOTH(self);
	EXPECT_EQ(-1, ring_take(&self->c, self->buf, sizeof(self->buf)));
	for (length = 0; length < 3000; length++) {
		ASSERT_TRUE(ring_put(&self->p, length));
		EXPECT_RECORD(self, &self->c, length, length);
		EXPECT_EQ(-1, ring_take(&self->c, self->buf, sizeof(self->buf)));
	}
	EXPECT_LT(40 * RING_SIZE, self->p.pos);
	EXPECT_EQ(0ULL, self->c.lost);
	/* no endpoint slept, so neither called RING_NOTIFY */
	EXPECT_EQ(0UL, self->p.calls + self->c.calls);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, largest_records)
{
	const uint32_t max = RING_SIZE / 2 - 8;

	RING_ATTACH_BOTH(self);
	EXPECT_FALSE(ring_put(&self->p, max + 1));
	ASSERT_TRUE(ring_put(&self->p, max));
	/* the header of the next record, 8 bytes, does not fit */
	EXPECT_FALSE(ring_put(&self->p, max));
	EXPECT_RECORD(self, &self->c, 0, max);
	ASSERT_TRUE(ring_put(&self->p, max));
	EXPECT_RECORD(self, &self->c, 1, max);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* The slowest consumer blocks the producer until it detaches. */
TEST_F(ring, slowest_consumer)
{
	struct endpoint slow;
	unsigned long n = 0;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&slow, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	while (ring_put(&self->p, 100)) {
		EXPECT_RECORD(self, &self->c, n, 100);
		n++;
	}
	EXPECT_EQ((RING_SIZE - 8) / 112, n);
	EXPECT_RECORD(self, &slow, 0, 100);
	EXPECT_TRUE(ring_put(&self->p, 100));
	EXPECT_FALSE(ring_put(&self->p, 100));
	endpoint_detach(&slow);
	EXPECT_RECORD(self, &self->c, n, 100);
	for (n++; n < 5000; n++) {
		ASSERT_TRUE(ring_put(&self->p, 100));
		EXPECT_RECORD(self, &self->c, n, 100);
	}
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Without consumers, records that were not released are retained. */
TEST_F(ring, retained)
{
	unsigned long n = 0;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	while (ring_put(&self->p, 1000))
		n++;
	endpoint_detach(&self->p);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_RECORD(self, &self->c, 0, 1000);
	EXPECT_RECORD(self, &self->c, 1, 1000);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(n, self->p.seq);
	EXPECT_TRUE(ring_put(&self->p, 1000));
	EXPECT_TRUE(ring_put(&self->p, 1000));
	EXPECT_FALSE(ring_put(&self->p, 1000));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(2ULL, self->c.seq);
	EXPECT_RECORD(self, &self->c, 2, 1000);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, attach_latest)
{
	struct endpoint late;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(ring_put(&self->p, 10));
	ASSERT_TRUE(ring_put(&self->p, 11));
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
				     MMAPSHARE_RING_ATTACH_LATEST));
	EXPECT_EQ(-1, ring_take(&late, self->buf, sizeof(self->buf)));
	ASSERT_TRUE(ring_put(&self->p, 12));
	EXPECT_RECORD(self, &late, 2, 12);
	endpoint_detach(&late);
	/* without LATEST: from the oldest record that another consumer needs */
	ASSERT_EQ(0, endpoint_attach(&late, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_RECORD(self, &late, 0, 10);
	EXPECT_RECORD(self, &self->c, 0, 10);
	endpoint_detach(&late);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * Three consumer processes take every record of this process, which enters the
 * kernel only to sleep and to wake sleeping consumers.
 */
#define RECORDS	50000U

static uint32_t length_of(uint32_t n)
{
	return n * 2654435761U % 700;
}

/* Returns 0 if all records came intact and in order, else the failed check. */
static int consume(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	struct endpoint ep;
	uint32_t n = 0;

	if (endpoint_attach(&ep, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER))
		return 1;
	while (n < RECORDS) {
		int length = ring_take(&ep, self->buf, sizeof(self->buf));

		if (length == -1) {
			if (endpoint_wait(&ep, 60 * SECOND))
				return 2;
			continue;
		}
		if (length != (int)length_of(n) ||
		    !same_bytes(self->buf, length, 0, n))
			return 3;
		n++;
	}
	return ep.lost ? 4 : 0;
}

TEST_F(ring, processes)
{
	pid_t pids[3];
	uint32_t n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(consume(self));
		}
	}
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	while (__builtin_popcountll(self->p.ring->consumers) < 3)
		sleep_ns(MS);
	for (n = 0; n < RECORDS; n++) {
		while (!ring_put(&self->p, length_of(n))) {
			self->p.p->wake_bytes = RING_SIZE / 2;
			ASSERT_EQ(0, endpoint_wait(&self->p, 60 * SECOND));
		}
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	endpoint_detach(&self->p);
}

TEST_HARNESS_MAIN
