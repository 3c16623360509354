// SPDX-License-Identifier: GPL-2.0
/* RING_WAIT, poll and epoll wake an endpoint at its threshold, not earlier. */
#include "ring_test.h"
#include "sleeper_test.h"
#include <poll.h>
#include <sys/epoll.h>

TEST_F(ring, record)
{
	struct sleeper s = { .ep = &self->c, .timeout = NO_TIMEOUT };

	RING_ATTACH_BOTH(self);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 0));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, MS));
	ASSERT_TRUE(start_sleeper(&s));
	EXPECT_NE(0ULL, self->p.ring->consumer_wake_pos);
	ASSERT_TRUE(ring_put(&self->p, 8));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	EXPECT_EQ(1UL, self->p.calls);
	EXPECT_EQ(0ULL, self->p.ring->consumer_wake_pos);
	/* no consumer sleeps, so the producer must not call RING_NOTIFY */
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(1UL, self->p.calls);
	EXPECT_EQ(0, endpoint_wait(&self->c, 0));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * Below wake_bytes the producer does not call RING_NOTIFY, and a call that it
 * makes anyway wakes no consumer.
 */
TEST_F(ring, consumer_threshold)
{
	struct sleeper s = { .ep = &self->c, .timeout = NO_TIMEOUT };
	int i;

	RING_ATTACH_BOTH(self);
	self->c.c->wake_bytes = 1600;
	ASSERT_TRUE(start_sleeper(&s));
	for (i = 0; i < 99; i++)
		ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(0UL, self->p.calls);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, MS));
	EXPECT_EQ(0, endpoint_notify(&self->p));
	sleep_ns(20 * MS);
	EXPECT_FALSE(is_done(&s));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(2UL, self->p.calls);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * A wake_bytes of more than half the ring counts as half: with two larger
 * thresholds both endpoints could wait for each other.
 */
TEST_F(ring, threshold_limit)
{
	RING_ATTACH_BOTH(self);
	self->c.c->wake_bytes = UINT32_MAX;
	self->p.p->wake_bytes = UINT32_MAX;
	while (self->p.pos < RING_SIZE / 2 - 8)
		ASSERT_TRUE(ring_put(&self->p, 0));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 0));
	EXPECT_EQ(0, endpoint_wait(&self->p, 0));
	ASSERT_TRUE(ring_put(&self->p, 0));
	EXPECT_EQ(0, endpoint_wait(&self->c, 0));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 0));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Each of two consumers is woken at its own threshold. */
TEST_F(ring, two_consumer_thresholds)
{
	struct sleeper first = { .ep = &self->c, .timeout = NO_TIMEOUT };
	struct endpoint other;
	struct sleeper second = { .ep = &other, .timeout = NO_TIMEOUT };

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&other, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	self->c.c->wake_bytes = 32;
	other.c->wake_bytes = 64;
	ASSERT_TRUE(start_sleeper(&second));
	ASSERT_TRUE(start_sleeper(&first));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(0UL, self->p.calls);
	ASSERT_TRUE(ring_put(&self->p, 8));
	pthread_join(first.thread, NULL);
	EXPECT_EQ(1UL, self->p.calls);
	EXPECT_FALSE(is_done(&second));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(1UL, self->p.calls);
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(2UL, self->p.calls);
	pthread_join(second.thread, NULL);
	endpoint_detach(&other);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static void fill_ring(FIXTURE_DATA(ring) *self)
{
	while (ring_put(&self->p, 120))
		;
}

TEST_F(ring, producer_threshold)
{
	struct sleeper s = { .ep = &self->p, .timeout = NO_TIMEOUT };
	unsigned long n;

	RING_ATTACH_BOTH(self);
	self->p.p->wake_bytes = 1280;
	EXPECT_EQ(0, endpoint_wait(&self->p, 0));
	fill_ring(self);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, MS));
	ASSERT_TRUE(start_sleeper(&s));
	EXPECT_NE(0ULL, self->c.ring->producer_wake_pos);
	for (n = 0; !is_done(&s) && n < 50; n++) {
		EXPECT_RECORD(self, &self->c, n, 120);
		EXPECT_EQ(n >= 9, self->c.calls > 0);
		if (self->c.calls)
			break;
	}
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	EXPECT_EQ(9UL, n);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* The producer is woken when the slowest consumer has released enough. */
TEST_F(ring, producer_threshold_slowest_consumer)
{
	struct sleeper s = { .ep = &self->p, .timeout = NO_TIMEOUT };
	struct endpoint other;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&other, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	fill_ring(self);
	self->p.p->wake_bytes = 128;
	ASSERT_TRUE(start_sleeper(&s));
	EXPECT_RECORD(self, &self->c, 0, 120);
	EXPECT_RECORD(self, &self->c, 1, 120);
	EXPECT_EQ(1UL, self->c.calls);
	sleep_ns(20 * MS);
	EXPECT_FALSE(is_done(&s));
	EXPECT_RECORD(self, &other, 0, 120);
	EXPECT_EQ(1UL, other.calls);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	endpoint_detach(&other);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static short poll_endpoint(struct endpoint *ep, int timeout)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, timeout) < 0 ? -1 : pfd.revents;
}

TEST_F(ring, poll)
{
	RING_ATTACH_BOTH(self);
	EXPECT_EQ(0, poll_endpoint(&self->c, 0));
	EXPECT_EQ(POLLOUT, poll_endpoint(&self->p, 0));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(POLLIN, poll_endpoint(&self->c, 0));
	self->c.c->wake_bytes = 17;
	EXPECT_EQ(0, poll_endpoint(&self->c, 1));
	self->c.c->wake_bytes = 16;
	EXPECT_EQ(POLLIN, poll_endpoint(&self->c, 0));
	fill_ring(self);
	self->p.p->wake_bytes = 128;
	EXPECT_EQ(0, poll_endpoint(&self->p, 1));
	EXPECT_RECORD(self, &self->c, 0, 8);
	EXPECT_RECORD(self, &self->c, 1, 120);
	EXPECT_EQ(POLLOUT, poll_endpoint(&self->p, 0));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static int wait_for_edge(int epfd, int timeout)
{
	struct epoll_event event;

	return epoll_wait(epfd, &event, 1, timeout);
}

/* Each publication is an edge, whether or not earlier records were taken. */
TEST_F(ring, epoll_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int in = epoll_create1(EPOLL_CLOEXEC), out = epoll_create1(EPOLL_CLOEXEC), i;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, epoll_ctl(in, EPOLL_CTL_ADD, self->c.fd, &event));
	ASSERT_EQ(0, epoll_ctl(out, EPOLL_CTL_ADD, self->p.fd, &event));
	EXPECT_EQ(0, wait_for_edge(in, 0));
	EXPECT_EQ(1, wait_for_edge(out, 0));
	for (i = 0; i < 10; i++) {
		ASSERT_TRUE(ring_put(&self->p, 120));
		EXPECT_EQ(1, wait_for_edge(in, 20000)) TH_LOG("round %d", i);
		EXPECT_EQ(0, wait_for_edge(in, 0)) TH_LOG("round %d", i);
	}
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) >= 0)
		;
	EXPECT_EQ(0, wait_for_edge(in, 0));
	ASSERT_TRUE(ring_put(&self->p, 120));
	EXPECT_EQ(1, wait_for_edge(in, 20000));

	EXPECT_EQ(1, wait_for_edge(out, 0));
	fill_ring(self);
	EXPECT_EQ(0, wait_for_edge(out, 0));
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) >= 0)
		;
	EXPECT_EQ(1, wait_for_edge(out, 20000));
	EXPECT_EQ(0, wait_for_edge(out, 0));
	close(in);
	close(out);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * After a consumer was ready once, records below its threshold are no edges,
 * and need at most one RING_NOTIFY in all.
 */
TEST_F(ring, epoll_edge_threshold)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int in = epoll_create1(EPOLL_CLOEXEC), i;

	RING_ATTACH_BOTH(self);
	self->c.c->wake_bytes = 160;
	ASSERT_EQ(0, epoll_ctl(in, EPOLL_CTL_ADD, self->c.fd, &event));
	for (i = 0; i < 10; i++)
		ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(1, wait_for_edge(in, 20000));
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) >= 0)
		;
	self->p.calls = 0;
	for (i = 0; i < 9; i++)
		ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_GE(1UL, self->p.calls);
	EXPECT_EQ(0, wait_for_edge(in, 0));
	ASSERT_TRUE(ring_put(&self->p, 8));
	EXPECT_EQ(1, wait_for_edge(in, 20000));
	close(in);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static void handle_signal(int signal)
{
}

TEST_F(ring, signal)
{
	struct sleeper s = { .ep = &self->c, .timeout = NO_TIMEOUT };
	struct sigaction action = { .sa_handler = handle_signal, .sa_flags = SA_RESTART };

	RING_ATTACH_BOTH(self);
	sigaction(SIGUSR1, &action, NULL);
	ASSERT_TRUE(start_sleeper(&s));
	pthread_kill(s.thread, SIGUSR1);
	pthread_join(s.thread, NULL);
	EXPECT_EQ(EINTR, s.error);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* The producer of an overwriting ring never waits. */
TEST_F(ring, overwrite)
{
	struct sleeper s = { .ep = &self->c, .timeout = NO_TIMEOUT };
	int i;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(start_sleeper(&s));
	for (i = 0; i < 2000; i++)
		ASSERT_TRUE(ring_put(&self->p, 120));
	pthread_join(s.thread, NULL);
	EXPECT_EQ(0, s.error);
	/* the consumer was overrun and still has records to take */
	EXPECT_EQ(0, endpoint_wait(&self->c, 0));
	EXPECT_EQ(POLLIN, poll_endpoint(&self->c, 0));
	EXPECT_EQ(0, endpoint_wait(&self->p, 0));
	EXPECT_EQ(POLLOUT, poll_endpoint(&self->p, 0));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, arguments)
{
	struct mmapshare_ring_notify_args notify = { .size = sizeof(notify), .flags = 2 };

	RING_ATTACH_BOTH(self);
	EXPECT_EQ(EINVAL, endpoint_wait_as(&self->c, 2, 0));
	EXPECT_EQ(-1, ioctl(self->p.fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
	EXPECT_EQ(EINVAL, errno);
	/* only a producer can force a wake-up */
	notify.flags = MMAPSHARE_RING_NOTIFY_FORCE;
	EXPECT_EQ(-1, ioctl(self->c.fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
	EXPECT_EQ(EINVAL, errno);
	notify = (struct mmapshare_ring_notify_args){ .size = 4 };
	EXPECT_EQ(-1, ioctl(self->p.fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->c.fd, MMAPSHARE_IOC_RING_WAIT, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify));
	EXPECT_EQ(ENOTTY, errno);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
