// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a full lossless ring has no free space until its slowest
 * consumer has released records, and no consumer loses any.
 */
#include "lib_ring_test.h"

#define LENGTH	100
#define STEP	(8 + 104)

/* Number of records that fit, with the header of the next one. */
static long capacity(const FIXTURE_DATA(ring) *self)
{
	return (self->size - 8) / STEP;
}

TEST_F(ring, full)
{
	long i;

	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(capacity(self), put_all(self->p, 0, LENGTH));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->p, 0, MS));
	/* a record that was taken, but not released, is not free space */
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, put_all(self->p, 0, LENGTH));
	for (i = 0; i < 10 * capacity(self); i++) {
		EXPECT_TRUE(is_record(self->record, self->length, i, LENGTH));
		ASSERT_EQ(0, mmapshare_ring_release(self->c));
		EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 0));
		ASSERT_EQ(1, put_all(self->p, capacity(self) + i, LENGTH));
		ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	}
}

/*
 * A wait for free space would never end if all space is reserved and not
 * committed: -EBUSY.
 */
TEST_F(ring, full_of_reserved)
{
	void *record;
	long n = 0;

	ASSERT_EQ(0, attach_both(self));
	while (!mmapshare_ring_reserve(self->p, LENGTH, &record)) {
		make_bytes(record, LENGTH, 0, n);
		n++;
	}
	EXPECT_EQ(capacity(self), n);
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->p, 0, -1));
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
}

/* In each round another consumer is the slowest: the producer waits for it. */
TEST_F(ring, slowest_consumer)
{
	struct mmapshare_endpoint *c[CONSUMERS];
	uint64_t put = 0;
	int round, i;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	for (i = 0; i < CONSUMERS; i++)
		ASSERT_EQ(0, attach(self, &c[i], CONSUMER));
	for (round = 0; round < 200; round++) {
		const struct mmapshare_endpoint *slowest = c[round % CONSUMERS];
		const uint64_t first = put;

		put += put_all(self->p, put, LENGTH);
		ASSERT_EQ(first + capacity(self), put);
		for (i = 0; i < CONSUMERS; i++)
			if (c[i] != slowest)
				ASSERT_EQ(capacity(self), take_all(c[i], first, LENGTH));
		ASSERT_EQ(0, put_all(self->p, put, LENGTH));
		ASSERT_EQ(capacity(self), take_all(c[round % CONSUMERS], first, LENGTH));
	}
	for (i = 0; i < CONSUMERS; i++)
		mmapshare_ring_close(c[i]);
}

/*
 * Consumers attach one after another, and each releases one record: the
 * remaining records are retained for the next consumer.
 */
TEST_F(ring, retained)
{
	long n, i;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	n = put_all(self->p, 0, LENGTH);
	EXPECT_EQ(capacity(self), n);
	for (i = 0; i < n; i++) {
		ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
		ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
		EXPECT_TRUE(is_record(self->record, self->length, i, LENGTH));
		EXPECT_EQ(0, mmapshare_ring_release(self->c));
		mmapshare_ring_close(self->c);
		self->c = NULL;
	}
	/* all records were released */
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	EXPECT_EQ(n, take_all(self->c, n, LENGTH));
}

TEST_F(ring, slowest_consumer_detaches)
{
	struct mmapshare_endpoint *other;
	long n;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, attach(self, &other, CONSUMER));
	n = put_all(self->p, 0, LENGTH);
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(0, put_all(self->p, n, LENGTH));
	mmapshare_ring_close(other);
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	EXPECT_EQ(n, take_all(self->c, n, LENGTH));
}

/* The consumer gets only records published later, wherever it attaches. */
TEST_F(ring, attach_latest)
{
	uint64_t n;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	for (n = 0; n < 2000; n += 2) {
		ASSERT_EQ(0, put_record(self->p, n, length_of(n, LENGTH)));
		ASSERT_EQ(0, attach(self, &self->c, CONSUMER | LATEST));
		ASSERT_EQ(0, put_record(self->p, n + 1, 1));
		ASSERT_EQ(1, take_all(self->c, n + 1, 1));
		mmapshare_ring_close(self->c);
		self->c = NULL;
	}
}

static void *attach_latest_later(void *arg)
{
	struct mmapshare_endpoint *c;

	/* the producer is asleep */
	sleep_ns(300 * MS);
	return mmapshare_ring_open(&c, arg, CONSUMER | LATEST) ? arg : NULL;
}

/*
 * A full ring without consumers: a consumer that attaches with LATEST needs
 * none of the records, so the producer is woken.
 */
TEST_F(ring, attach_latest_frees_space)
{
	pthread_t thread;
	void *failed;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(capacity(self), put_all(self->p, 0, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, attach_latest_later, self->name));
	/* no timeout: it returns only if the producer is woken */
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, NO_TIMEOUT));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(capacity(self), put_all(self->p, 0, LENGTH));
}

TEST_HARNESS_MAIN
