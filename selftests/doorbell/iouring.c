// SPDX-License-Identifier: GPL-2.0
/* io_uring's poll requests, one-shot and multishot, on the doorbell. */
#include "doorbell_test.h"
#include <liburing.h>
#include <poll.h>

#define RING_SETUP(ring)						\
	do {								\
		int ret_ = io_uring_queue_init(8, ring, 0);		\
									\
		if (ret_ == -ENOSYS || ret_ == -EPERM)			\
			SKIP(return, "no io_uring in this kernel, or it is disabled"); \
		ASSERT_EQ(0, ret_);					\
	} while (0)

static void submit_poll(struct io_uring *ring, int fd, unsigned int events, bool multishot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (multishot)
		io_uring_prep_poll_multishot(sqe, fd, events);
	else
		io_uring_prep_poll_add(sqe, fd, events);
	io_uring_submit(ring);
}

/* The next completion's result; -ETIME if there is none within @timeout ns. */
static int wait_for_completion(struct io_uring *ring, unsigned int *flags, int64_t timeout)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout / SECOND,
		.tv_nsec = timeout % SECOND,
	};
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(ring, &cqe, &ts);

	if (ret)
		return ret;
	ret = cqe->res;
	*flags = cqe->flags;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

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

/* Without POLLPRI the region is always ready, and does not arm the doorbell. */
TEST_F(bell, always_ready)
{
	const unsigned int ready = POLLIN | POLLOUT;
	struct io_uring ring;
	unsigned int flags;

	RING_SETUP(&ring);
	submit_poll(&ring, self->fd, ready, false);
	EXPECT_EQ((int)ready, wait_for_completion(&ring, &flags, 20 * SECOND));
	EXPECT_EQ(0U, self->bell->armed);
	io_uring_queue_exit(&ring);
}

TEST_F(bell, one_shot)
{
	struct io_uring ring;
	unsigned int flags;
	pthread_t thread;
	int round;

	RING_SETUP(&ring);
	for (round = 0; round < 5; round++) {
		submit_poll(&ring, self->fd, POLLPRI, false);
		EXPECT_EQ(-ETIME, wait_for_completion(&ring, &flags, MS));
		EXPECT_EQ(1U, self->bell->armed);
		pthread_create(&thread, NULL, ring_later, self);
		EXPECT_EQ(POLLPRI, wait_for_completion(&ring, &flags, 20 * SECOND));
		pthread_join(thread, NULL);
		mark_seen(self->fd);
	}
	/* the count has changed already: completes at once */
	bell_ring(self->bell, self->fd);
	submit_poll(&ring, self->fd, POLLPRI, false);
	EXPECT_EQ(POLLPRI, wait_for_completion(&ring, &flags, 20 * SECOND));
	io_uring_queue_exit(&ring);
}

TEST_F(bell, multishot)
{
	struct io_uring ring;
	unsigned int flags = 0;
	int round;

	RING_SETUP(&ring);
	submit_poll(&ring, self->fd, POLLPRI, true);
	EXPECT_EQ(-ETIME, wait_for_completion(&ring, &flags, MS));
	for (round = 0; round < 20; round++) {
		if (round % 2)
			bell_ring(self->bell, self->fd);
		else
			bell_notify(self->fd, 0);
		ASSERT_EQ(POLLPRI, wait_for_completion(&ring, &flags, 20 * SECOND));
		ASSERT_NE(0U, flags & IORING_CQE_F_MORE);
		mark_seen(self->fd);
	}
	EXPECT_EQ(-ETIME, wait_for_completion(&ring, &flags, MS));
	io_uring_queue_exit(&ring);
}

TEST_F(bell, hang_up)
{
	int other = bell_open(self, O_RDWR);
	struct io_uring ring;
	unsigned int flags;

	RING_SETUP(&ring);
	ASSERT_LE(0, other);
	submit_poll(&ring, self->fd, POLLPRI, false);
	EXPECT_EQ(-ETIME, wait_for_completion(&ring, &flags, MS));
	close(other);
	EXPECT_EQ(POLLPRI | POLLHUP, wait_for_completion(&ring, &flags, 20 * SECOND));
	io_uring_queue_exit(&ring);
}

/* The io_uring is closed while a poll request is pending. */
TEST_F(bell, ring_closed_while_polling)
{
	struct io_uring ring;

	RING_SETUP(&ring);
	submit_poll(&ring, self->fd, POLLPRI, true);
	io_uring_queue_exit(&ring);
	EXPECT_EQ(1, bell_notify(self->fd, 0));
}

TEST_HARNESS_MAIN
