// SPDX-License-Identifier: GPL-2.0
/* io_uring poll, one-shot and multishot, reports records and free space. */
#include "ring_test.h"
#include <liburing.h>
#include <poll.h>

#define URING_SETUP(uring)						\
	do {								\
		int ret_ = io_uring_queue_init(8, uring, 0);		\
									\
		if (ret_ == -ENOSYS || ret_ == -EPERM)			\
			SKIP(return, "no io_uring in this kernel, or forbidden"); \
		ASSERT_EQ(0, ret_);					\
	} while (0)

static void submit_poll(struct io_uring *uring, int fd, bool multishot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);

	if (multishot)
		io_uring_prep_poll_multishot(sqe, fd, POLLIN | POLLOUT);
	else
		io_uring_prep_poll_add(sqe, fd, POLLIN | POLLOUT);
	io_uring_submit(uring);
}

/* Returns the result of the next completion, or -ETIME after @timeout. */
static int wait_for_result(struct io_uring *uring, int64_t timeout)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout / SECOND,
		.tv_nsec = timeout % SECOND,
	};
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(uring, &cqe, &ts);

	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(uring, cqe);
	return ret;
}

TEST_F(ring, poll_one_shot)
{
	struct io_uring uring;
	int n;

	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	for (n = 0; n < 5; n++) {
		submit_poll(&uring, self->c.fd, false);
		EXPECT_EQ(-ETIME, wait_for_result(&uring, MS));
		EXPECT_NE(0ULL, self->p.ring->consumer_wake_pos);
		ASSERT_TRUE(ring_put(&self->p, 8));
		EXPECT_EQ(POLLIN, wait_for_result(&uring, 20 * SECOND));
		EXPECT_RECORD(self, &self->c, n, 8);
	}
	EXPECT_EQ(5UL, self->p.calls);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	io_uring_queue_exit(&uring);
}

/* One completion per publication, whether or not earlier records were taken. */
TEST_F(ring, poll_multishot)
{
	struct io_uring uring;
	int n;

	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	submit_poll(&uring, self->c.fd, true);
	EXPECT_EQ(-ETIME, wait_for_result(&uring, MS));
	for (n = 0; n < 20; n++) {
		ASSERT_TRUE(ring_put(&self->p, 8));
		EXPECT_EQ(POLLIN, wait_for_result(&uring, 20 * SECOND)) TH_LOG("round %d", n);
		if (n < 10)
			EXPECT_RECORD(self, &self->c, n, 8);
	}
	EXPECT_EQ(-ETIME, wait_for_result(&uring, MS));
	endpoint_detach(&self->p);
	EXPECT_EQ(POLLIN, wait_for_result(&uring, 20 * SECOND));
	io_uring_queue_exit(&uring);
	endpoint_detach(&self->c);
}

TEST_F(ring, poll_free_space)
{
	struct io_uring uring;

	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	while (ring_put(&self->p, 120))
		;
	self->p.p->wake_bytes = 128;
	submit_poll(&uring, self->p.fd, false);
	EXPECT_EQ(-ETIME, wait_for_result(&uring, MS));
	EXPECT_RECORD(self, &self->c, 0, 120);
	EXPECT_EQ(1UL, self->c.calls);
	EXPECT_EQ(POLLOUT, wait_for_result(&uring, 20 * SECOND));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	io_uring_queue_exit(&uring);
}

TEST_HARNESS_MAIN
