// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer waits for many bytes, or for some time after there is a record: a timer of
 * the kernel wakes it. The producer makes one call more, and no task polls.
 */
#include "ring_test.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>

#define LENGTH		104
#define STEP		112
#define MANY		(RING_SIZE / 4)
#define HOUR_US		3600000000U

/* Is the consumer ready? Arms it if not. */
static bool is_ready(FIXTURE_DATA(ring) *self)
{
	struct pollfd pfd = { .fd = self->c.fd, .events = POLLIN };

	return poll(&pfd, 1, 0) == 1;
}

static void set_wait(FIXTURE_DATA(ring) *self, uint32_t bytes, uint32_t us)
{
	self->c.c->wake_bytes = bytes;
	self->c.c->wake_us = us;
}

static bool put(FIXTURE_DATA(ring) *self, unsigned int n)
{
	while (n--)
		if (!ring_put(&self->p, LENGTH))
			return false;
	return true;
}

static int take_all(FIXTURE_DATA(ring) *self)
{
	int n = 0;

	while (ring_take(&self->c, self->buf, sizeof(self->buf)) == LENGTH)
		n++;
	return n;
}

/* The records are there when the consumer goes to sleep. */
TEST_F(ring, before)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 1000);
	ASSERT_TRUE(put(self, 3));
	EXPECT_EQ(0, endpoint_wait(&self->c, 60 * SECOND));
	EXPECT_EQ(3, take_all(self));
	/* without a record nothing is due */
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 20 * MS));
	/* the same by poll() */
	ASSERT_TRUE(put(self, 1));
	EXPECT_EQ(1, poll(&(struct pollfd){ .fd = self->c.fd, .events = POLLIN }, 1, 60000));
	EXPECT_TRUE(is_ready(self));
	EXPECT_EQ(1, take_all(self));
	EXPECT_FALSE(is_ready(self));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static void *wait_for_record(void *c)
{
	return (void *)(long)endpoint_wait(c, 60 * SECOND);
}

/* The record is published while the consumer sleeps. */
TEST_F(ring, asleep)
{
	pthread_t thread;
	void *result;
	int i;

	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 1000);
	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_record, &self->c));
		while (!__atomic_load_n(&self->p.ring->consumer_wake_pos, __ATOMIC_ACQUIRE))
			sched_yield();
		ASSERT_TRUE(put(self, 1));
		ASSERT_EQ(0, pthread_join(thread, &result));
		ASSERT_EQ(0, (int)(long)result);
		EXPECT_EQ(1, take_all(self));
	}
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static void *wait_for_producer(void *c)
{
	return (void *)(long)endpoint_wait_as(c, MMAPSHARE_RING_WAIT_IGNORE_HUP, 60 * SECOND);
}

/* The record is that of the next producer. */
TEST_F(ring, next_producer)
{
	pthread_t thread;
	void *result;

	RING_ATTACH_BOTH(self);
	endpoint_detach(&self->p);
	set_wait(self, MANY, 1000);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_producer, &self->c));
	while (!__atomic_load_n(&self->c.ring->consumer_wake_pos, __ATOMIC_ACQUIRE))
		sched_yield();
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_TRUE(put(self, 1));
	ASSERT_EQ(0, pthread_join(thread, &result));
	EXPECT_EQ(0, (int)(long)result);
	EXPECT_EQ(1, take_all(self));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * The first record makes the producer call once; then it need not call again before
 * there are all bytes, which wake the consumer before its time is over.
 */
TEST_F(ring, calls)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, HOUR_US);
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(8ULL | 1, self->p.ring->consumer_wake_pos);
	ASSERT_TRUE(put(self, 1));
	EXPECT_EQ(MANY | 1ULL, self->p.ring->consumer_wake_pos);
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(MANY | 1ULL, self->p.ring->consumer_wake_pos);
	ASSERT_TRUE(put(self, MANY / STEP - 1));
	EXPECT_FALSE(is_ready(self));
	ASSERT_TRUE(put(self, 1));
	EXPECT_EQ(0ULL, self->p.ring->consumer_wake_pos);
	EXPECT_TRUE(is_ready(self));
	endpoint_detach(&self->p);
	/* the timer, which has not expired, goes with the consumer */
	endpoint_detach(&self->c);
}

/* What a timer has made ready does not count for later records. */
TEST_F(ring, later)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 1000);
	ASSERT_TRUE(put(self, 2));
	EXPECT_EQ(0, endpoint_wait(&self->c, 60 * SECOND));
	set_wait(self, MANY, HOUR_US);
	/* one of the two is still due */
	EXPECT_EQ(LENGTH, ring_take(&self->c, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(is_ready(self));
	EXPECT_EQ(1, take_all(self));
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 20 * MS));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A shorter time counts for the next record, though a timer is set to the longer one. */
TEST_F(ring, shorter)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, HOUR_US);
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(1, take_all(self));
	set_wait(self, MANY, 1000);
	ASSERT_TRUE(put(self, 1));
	EXPECT_EQ(0, endpoint_wait(&self->c, 60 * SECOND));
	EXPECT_EQ(1, take_all(self));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* The timer of records that were taken wakes no consumer that waits without a time. */
TEST_F(ring, taken)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 20000);
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(1, take_all(self));
	set_wait(self, 0, 0);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 100 * MS));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* If the records are gone when the timer expires, the next one makes the producer call. */
TEST_F(ring, gone)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 1000000);
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(MANY | 1ULL, self->p.ring->consumer_wake_pos);
	EXPECT_EQ(1, take_all(self));
	while (__atomic_load_n(&self->p.ring->consumer_wake_pos, __ATOMIC_ACQUIRE) ==
	       (MANY | 1ULL))
		sleep_ns(MS);
	EXPECT_EQ((STEP + 8) | 1ULL, self->p.ring->consumer_wake_pos);
	ASSERT_TRUE(put(self, 1));
	EXPECT_EQ(0ULL, self->p.ring->consumer_wake_pos);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A producer that forces a wake-up does not wait for the timer. */
TEST_F(ring, forced)
{
	struct mmapshare_ring_notify_args notify = {
		.size = sizeof(notify), .flags = MMAPSHARE_RING_NOTIFY_FORCE,
	};

	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, HOUR_US);
	EXPECT_FALSE(is_ready(self));
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(0, ioctl(self->p.fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
	EXPECT_TRUE(is_ready(self));
	EXPECT_EQ(0, endpoint_wait(&self->c, 60 * SECOND));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Without the time, and with a threshold of any bytes, nothing changes. */
TEST_F(ring, unused)
{
	RING_ATTACH_BOTH(self);
	set_wait(self, MANY, 0);
	ASSERT_TRUE(put(self, 1));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ(MANY | 1ULL, self->p.ring->consumer_wake_pos);
	set_wait(self, 0, HOUR_US);
	EXPECT_TRUE(is_ready(self));
	EXPECT_EQ(1, take_all(self));
	EXPECT_FALSE(is_ready(self));
	EXPECT_EQ((STEP + 8) | 1ULL, self->p.ring->consumer_wake_pos);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Whatever the program stores meanwhile, the consumer at most sleeps or wakes early. */
TEST_F(ring, hostile)
{
	static const uint64_t positions[] = { 1, 8, MANY, UINT64_MAX, UINT64_MAX - 7, 1ULL << 63 };
	size_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		set_wait(self, MANY, 1);
		self->c.c->pos = 0;
		is_ready(self);
		self->c.c->pos = positions[i];
		ASSERT_TRUE(put(self, 1));
		is_ready(self);
		endpoint_wait(&self->c, MS);
		set_wait(self, UINT32_MAX, UINT32_MAX);
		endpoint_wait(&self->c, MS);
	}
	endpoint_detach(&self->c);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
				     MMAPSHARE_RING_ATTACH_LATEST));
	EXPECT_FALSE(is_ready(self));
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

TEST_HARNESS_MAIN
