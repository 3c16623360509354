// SPDX-License-Identifier: GPL-2.0
/* A consumer of a ring set sleeps until one of its rings has records. */
#include "set_test.h"
#include "sleeper_test.h"
#include <poll.h>
#include <sys/epoll.h>

static short poll_now(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static int take(struct endpoint *ep)
{
	char buf[SET_SIZE];

	return ring_take(ep, buf, sizeof(buf));
}

TEST_F(set, any_ring)
{
	int i;

	SET_ATTACH_ALL(self);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	for (i = 0; i < SET_MEMBERS; i++) {
		struct sleeper s = { .ep = &self->c[0], .timeout = NO_TIMEOUT };

		EXPECT_EQ(0, poll_now(self->c[0].fd));
		ASSERT_TRUE(start_sleeper(&s));
		ASSERT_TRUE(ring_put(&self->p[i], 8));
		pthread_join(s.thread, NULL);
		EXPECT_EQ(0, s.error);
		EXPECT_EQ(1UL, self->p[i].calls);
		EXPECT_EQ(POLLIN, poll_now(self->c[0].fd));
		EXPECT_EQ(0, endpoint_wait(&self->c[0], 0));
		EXPECT_EQ(8, take(&self->c[i]));
		EXPECT_EQ(-1, take(&self->c[(i + 1) % SET_MEMBERS]));
		self->p[(i + 1) % SET_MEMBERS].calls = 0;
	}
	SET_DETACH_ALL(self);
}

/* Each record makes edge-triggered epoll return once, whatever the ring. */
TEST_F(set, edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	const int epoll = epoll_create1(0);
	int i;

	SET_ATTACH_ALL(self);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->c[0].fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	for (i = 0; i < 2 * SET_MEMBERS; i++) {
		ASSERT_TRUE(ring_put(&self->p[i % SET_MEMBERS], 8));
		EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 60000));
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	}
	close(epoll);
	SET_DETACH_ALL(self);
}

/* The stream ends when there was a producer, there is none, and all is taken. */
TEST_F(set, end)
{
	struct sleeper s = { .ep = &self->c[0], .timeout = NO_TIMEOUT };

	ASSERT_EQ(0, set_attach(self->c, self->fd, 0));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	ASSERT_EQ(0, set_attach_producer(&self->p[0], self->fd));
	ASSERT_EQ(0, set_attach_producer(&self->p[1], self->fd));
	ASSERT_TRUE(ring_put(&self->p[0], 8));
	endpoint_detach(&self->p[0]);
	EXPECT_EQ(0, endpoint_wait(&self->c[0], 0));
	EXPECT_EQ(8, take(&self->c[0]));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	EXPECT_EQ(0, poll_now(self->c[0].fd));
	ASSERT_TRUE(start_sleeper(&s));
	endpoint_detach(&self->p[1]);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(EPIPE, s.error);
	EXPECT_EQ(POLLHUP, poll_now(self->c[0].fd));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait_as(&self->c[0], MMAPSHARE_RING_WAIT_IGNORE_HUP, 0));
	set_detach(self->c, SET_MEMBERS);
}

/* A producer that stores nonsense keeps the consumer from no other ring. */
TEST_F(set, corrupt_ring)
{
	struct sleeper s = { .ep = &self->c[0], .timeout = NO_TIMEOUT };

	SET_ATTACH_ALL(self);
	self->p[1].p->pos = -8ULL;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	ASSERT_TRUE(start_sleeper(&s));
	ASSERT_TRUE(ring_put(&self->p[2], 8));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	EXPECT_EQ(8, take(&self->c[2]));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 0));
	self->p[0].p->pos = -8ULL;
	self->p[2].p->pos = -8ULL;
	EXPECT_EQ(EBADMSG, endpoint_wait(&self->c[0], 0));
	SET_DETACH_ALL(self);
}

/* A ring that woke the consumer, and is corrupt since, wakes it no more. */
TEST_F(set, corrupt_after_wake)
{
	struct sleeper s = { .ep = &self->c[0], .timeout = NO_TIMEOUT };

	SET_ATTACH_ALL(self);
	ASSERT_TRUE(start_sleeper(&s));
	ASSERT_TRUE(ring_put(&self->p[1], 8));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	EXPECT_EQ(8, take(&self->c[1]));
	self->p[1].p->pos = -8ULL;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c[0], 10 * 1000 * 1000));
	SET_DETACH_ALL(self);
}

/* A full ring has the producer wait for the consumer, which wakes it. */
TEST_F(set, producer)
{
	struct sleeper s = { .ep = &self->p[2], .timeout = NO_TIMEOUT };

	SET_ATTACH_ALL(self);
	self->p[2].p->wake_bytes = 8 + 1024;
	while (ring_put(&self->p[2], 1024))
		;
	EXPECT_TRUE(ring_put(&self->p[1], 1024));
	ASSERT_TRUE(start_sleeper(&s));
	while (take(&self->c[2]) >= 0)
		;
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	EXPECT_LE(1UL, self->c[2].calls);
	SET_DETACH_ALL(self);
}

TEST_HARNESS_MAIN
