// SPDX-License-Identifier: GPL-2.0
/*
 * Lossless rings in libmmapshare: when one is full there is no room until the
 * slowest consumer has gone on, and nobody loses anything.
 */
#include "lib_ring_test.h"

#define LENGTH	100
#define STEP	(8 + 104)

/* All of the ring but for the next record's number. */
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
	/* one taken is not one released */
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

/* A ring that is full of what is not handed on is no reason to wait. */
TEST_F(ring, full_of_reserved)
{
	void *room;
	long n = 0;

	ASSERT_EQ(0, attach_both(self));
	while (!mmapshare_ring_reserve(self->p, LENGTH, &room)) {
		make_bytes(room, LENGTH, 0, n);
		n++;
	}
	EXPECT_EQ(capacity(self), n);
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->p, 0, -1));
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
}

/* Who comes later does not get what was there before all others were done. */
TEST_F(ring, many_consumers)
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

/* What the last one has not taken is for the next one. */
TEST_F(ring, kept)
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
	/* what was taken is room */
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	EXPECT_EQ(n, take_all(self->c, n, LENGTH));
}

TEST_F(ring, who_goes_is_not_waited_for)
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

/* At any place of the ring, whatever was there before. */
TEST_F(ring, newest)
{
	uint64_t n;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	for (n = 0; n < 2000; n += 2) {
		ASSERT_EQ(0, put_record(self->p, n, length_of(n, LENGTH)));
		ASSERT_EQ(0, attach(self, &self->c, CONSUMER | NEWEST));
		ASSERT_EQ(0, put_record(self->p, n + 1, 1));
		ASSERT_EQ(1, take_all(self->c, n + 1, 1));
		mmapshare_ring_close(self->c);
		self->c = NULL;
	}
}

static void *come_for_the_newest(void *arg)
{
	struct mmapshare_endpoint *c;

	/* the producer is asleep */
	sleep_ns(300 * MS);
	return mmapshare_ring_open(&c, arg, CONSUMER | NEWEST) ? arg : NULL;
}

/* He needs nothing of what is there, and so there is room. */
TEST_F(ring, newest_makes_room)
{
	pthread_t thread;
	void *failed;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(capacity(self), put_all(self->p, 0, LENGTH));
	ASSERT_EQ(0, pthread_create(&thread, NULL, come_for_the_newest, self->name));
	/* woken: there is no timeout that would end it */
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, FOREVER));
	ASSERT_EQ(0, pthread_join(thread, &failed));
	EXPECT_EQ(NULL, failed);
	EXPECT_EQ(capacity(self), put_all(self->p, 0, LENGTH));
}

TEST_HARNESS_MAIN
