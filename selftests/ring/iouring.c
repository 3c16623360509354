// SPDX-License-Identifier: GPL-2.0
/* io_uring poll, one-shot and multishot, reports records and free space. */
#include "ring_test.h"
#include "uring_test.h"
#include <poll.h>

TEST_F(ring, poll_one_shot)
{
	struct io_uring uring;
	int n;

	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	for (n = 0; n < 5; n++) {
		submit_poll(&uring, self->c.fd, POLLIN | POLLOUT, false);
		EXPECT_EQ(-ETIME, wait_for_completion(&uring, NULL, MS));
		EXPECT_NE(0ULL, self->p.ring->consumer_wake_pos);
		ASSERT_TRUE(ring_put(&self->p, 8));
		EXPECT_EQ(POLLIN, wait_for_completion(&uring, NULL, 20 * SECOND));
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
	submit_poll(&uring, self->c.fd, POLLIN | POLLOUT, true);
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, NULL, MS));
	for (n = 0; n < 20; n++) {
		ASSERT_TRUE(ring_put(&self->p, 8));
		EXPECT_EQ(POLLIN, wait_for_completion(&uring, NULL, 20 * SECOND))
			TH_LOG("round %d", n);
		if (n < 10)
			EXPECT_RECORD(self, &self->c, n, 8);
	}
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, NULL, MS));
	endpoint_detach(&self->p);
	EXPECT_EQ(POLLIN, wait_for_completion(&uring, NULL, 20 * SECOND));
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
	submit_poll(&uring, self->p.fd, POLLIN | POLLOUT, false);
	EXPECT_EQ(-ETIME, wait_for_completion(&uring, NULL, MS));
	EXPECT_RECORD(self, &self->c, 0, 120);
	EXPECT_EQ(1UL, self->c.calls);
	EXPECT_EQ(POLLOUT, wait_for_completion(&uring, NULL, 20 * SECOND));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	io_uring_queue_exit(&uring);
}

TEST_HARNESS_MAIN
