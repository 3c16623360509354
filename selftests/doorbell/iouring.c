// SPDX-License-Identifier: GPL-2.0
/* io_uring's poll requests, one-shot and multishot, on the doorbell. */
#include "doorbell_test.h"
#include "uring_test.h"
#include <poll.h>

static void mark_seen(int fd)
{
	uint64_t count = ~0ULL;

	bell_wait(fd, &count, 0);
}

static void *ring_later(void *arg)
{
	FIXTURE_DATA(bell) *self = arg;

	sleep_ns(20 * MS);
	bell_ring(self->bell, self->fd);
	return NULL;
}

/* A poll without POLLPRI completes at once, and does not arm the doorbell. */
TEST_F(bell, always_ready)
{
	const unsigned int ready = POLLIN | POLLOUT;
	struct io_uring uring;
	unsigned int flags;

	URING_SETUP(&uring);
	submit_poll(&uring, self->fd, ready, false);
	EXPECT_EQ((int)ready, wait_for_completion(&uring, &flags, 20 * SECOND));
	EXPECT_EQ(0U, self->bell->armed);
	io_uring_queue_exit(&uring);
}

TEST_F(bell, one_shot)
{
	struct io_uring uring;
	unsigned int flags;
	pthread_t thread;
	int round;

	URING_SETUP(&uring);
	for (round = 0; round < 5; round++) {
		submit_poll(&uring, self->fd, POLLPRI, false);
		EXPECT_EQ(-ETIME, wait_for_completion(&uring, &flags, MS));
		EXPECT_EQ(1U, self->bell->armed);
		pthread_create(&thread, NULL, ring_later, self);
		EXPECT_EQ(POLLPRI, wait_for_completion(&uring, &flags, 20 * SECOND));
		pthread_join(thread, NULL);
		mark_seen(self->fd);
	}
	/* the count has changed already: the poll completes at once */
	bell_ring(self->bell, self->fd);
	submit_poll(&uring, self->fd, POLLPRI, false);
	EXPECT_EQ(POLLPRI, wait_for_completion(&uring, &flags, 20 * SECOND));
	io_uring_queue_exit(&uring);
}

TEST_F(bell, multishot)
{
	struct io_uring uring;
	unsigned int flags = 0;
	int round;

	URING_SETUP(&uring);
	submit_poll(&uring, self->fd, POLLPRI, true);
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, &flags, MS));
	for (round = 0; round < 20; round++) {
		if (round % 2)
			bell_ring(self->bell, self->fd);
		else
			bell_notify(self->fd, 0);
		ASSERT_EQ(POLLPRI, wait_for_completion(&uring, &flags, 20 * SECOND));
		ASSERT_NE(0U, flags & IORING_CQE_F_MORE);
		mark_seen(self->fd);
	}
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, &flags, MS));
	io_uring_queue_exit(&uring);
}

TEST_F(bell, hang_up)
{
	int other = bell_open(self, O_RDWR);
	struct io_uring uring;
	unsigned int flags;

	URING_SETUP(&uring);
	ASSERT_LE(0, other);
	submit_poll(&uring, self->fd, POLLPRI, false);
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, &flags, MS));
	close(other);
	EXPECT_EQ(POLLPRI | POLLHUP, wait_for_completion(&uring, &flags, 20 * SECOND));
	io_uring_queue_exit(&uring);
}

/* The io_uring is closed while a poll request is pending. */
TEST_F(bell, ring_closed_while_polling)
{
	struct io_uring uring;

	URING_SETUP(&uring);
	submit_poll(&uring, self->fd, POLLPRI, true);
	io_uring_queue_exit(&uring);
	EXPECT_EQ(1, bell_notify(self->fd, 0));
}

TEST_HARNESS_MAIN
