// SPDX-License-Identifier: GPL-2.0
/*
 * An endpoint detaches when the last descriptor of its file is closed and the
 * last mapping removed, also if its process was killed: the peer gets
 * everything that was published or released before, then EPIPE and POLLHUP.
 */
#include "ring_test.h"
#include <poll.h>

static short poll_endpoint(struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* Start a child that attaches with @flags, then runs @fn. */
static pid_t start_endpoint(FIXTURE_DATA(ring) *self, uint32_t flags,
			    int (*fn)(FIXTURE_DATA(ring) *self, struct endpoint *ep))
{
	pid_t pid = fork();
	struct endpoint ep;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (endpoint_attach(&ep, self->fd, flags))
		_exit(1);
	_exit(fn(self, &ep));
}

static int put_two_and_pause(FIXTURE_DATA(ring) *self, struct endpoint *ep)
{
	ring_put(ep, 100);
	ring_put(ep, 101);
	/* stored, but not published */
	memset(ring_reserve(ep, 102), 0xff, 102);
	pause();
	return 2;
}

static int pause_child(FIXTURE_DATA(ring) *self, struct endpoint *ep)
{
	pause();
	return 2;
}

static void kill_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(ring, no_producer)
{
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_NONE, (int)self->c.ring->producer_state);
	EXPECT_EQ(0, poll_endpoint(&self->c));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, MS));
	endpoint_detach(&self->c);
}

TEST_F(ring, killed_producer)
{
	pid_t pid = start_endpoint(self, MMAPSHARE_RING_ATTACH_PRODUCER, put_two_and_pause);
	struct endpoint next;

	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	while (__atomic_load_n(&self->c.p->seq, __ATOMIC_ACQUIRE) < 2)
		ASSERT_EQ(0, endpoint_wait(&self->c, 20 * SECOND));
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_ATTACHED, (int)self->c.ring->producer_state);
	EXPECT_EQ(POLLIN, poll_endpoint(&self->c));
	kill_child(pid);
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_DETACHED, (int)self->c.ring->producer_state);
	self->c.c->wake_bytes = RING_SIZE;
	EXPECT_EQ(0, endpoint_wait(&self->c, 0));
	EXPECT_EQ(POLLIN, poll_endpoint(&self->c));
	EXPECT_RECORD(self, &self->c, 0, 100);
	EXPECT_RECORD(self, &self->c, 1, 101);
	EXPECT_EQ(EPIPE, endpoint_wait(&self->c, NO_TIMEOUT));
	EXPECT_EQ(POLLHUP, poll_endpoint(&self->c));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait_as(&self->c, MMAPSHARE_RING_WAIT_IGNORE_HUP, MS));
	/* the next producer continues behind the last published record */
	ASSERT_EQ(0, endpoint_attach(&next, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EQ(2ULL, next.seq);
	EXPECT_EQ(0, poll_endpoint(&self->c));
	self->c.c->wake_bytes = 0;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 0));
	ASSERT_TRUE(ring_put(&next, 102));
	EXPECT_RECORD(self, &self->c, 2, 102);
	endpoint_detach(&next);
	endpoint_detach(&self->c);
}

static void *wait_for_peer(void *arg)
{
	return (void *)(long)endpoint_wait(arg, NO_TIMEOUT);
}

static void *wait_ignoring_hup(void *arg)
{
	return (void *)(long)endpoint_wait_as(arg, MMAPSHARE_RING_WAIT_IGNORE_HUP, NO_TIMEOUT);
}

TEST_F(ring, killed_producer_wakes_consumer)
{
	pid_t pid = start_endpoint(self, MMAPSHARE_RING_ATTACH_PRODUCER, pause_child);
	pthread_t thread;
	void *error;

	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	while (!self->c.ring->producer_state)
		sleep_ns(MS);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_peer, &self->c));
	while (!__atomic_load_n(&self->c.ring->consumer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	kill_child(pid);
	pthread_join(thread, &error);
	EXPECT_EQ(EPIPE, (int)(long)error);
	/* IGNORE_HUP: the first record of the next producer ends the wait */
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_ignoring_hup, &self->c));
	while (!__atomic_load_n(&self->c.ring->consumer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_TRUE(ring_put(&self->p, 8));
	pthread_join(thread, &error);
	EXPECT_EQ(0, (int)(long)error);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, killed_consumer_wakes_producer)
{
	pid_t pid = start_endpoint(self, MMAPSHARE_RING_ATTACH_CONSUMER, pause_child);
	pthread_t thread;
	void *error;
	int n;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	while (!self->p.ring->consumers)
		sleep_ns(MS);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	self->p.p->wake_bytes = 1000;
	for (n = 0; ring_put(&self->p, 120); n++)
		EXPECT_RECORD(self, &self->c, n, 120);
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_peer, &self->p));
	while (!__atomic_load_n(&self->p.ring->producer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	kill_child(pid);
	pthread_join(thread, &error);
	EXPECT_EQ(0, (int)(long)error);
	EXPECT_TRUE(ring_put(&self->p, 120));
	EXPECT_EQ(2ULL, self->p.ring->consumers);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* The last consumer has detached and the ring is full: EPIPE and POLLHUP. */
TEST_F(ring, last_consumer_detaches)
{
	pthread_t thread;
	void *error;

	RING_ATTACH_BOTH(self);
	while (ring_put(&self->p, 120))
		;
	self->p.p->wake_bytes = 128;
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_peer, &self->p));
	while (!__atomic_load_n(&self->p.ring->producer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	endpoint_detach(&self->c);
	pthread_join(thread, &error);
	EXPECT_EQ(EPIPE, (int)(long)error);
	EXPECT_EQ(POLLHUP, poll_endpoint(&self->p));
	EXPECT_FALSE(ring_put(&self->p, 120));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	EXPECT_EQ(0, poll_endpoint(&self->p));
	EXPECT_RECORD(self, &self->c, 0, 120);
	EXPECT_EQ(POLLOUT, poll_endpoint(&self->p));
	EXPECT_TRUE(ring_put(&self->p, 120));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A mapping keeps an endpoint attached, even if only a child has it. */
TEST_F(ring, inherited_mapping)
{
	pid_t pid;

	RING_ATTACH_BOTH(self);
	close(self->p.fd);
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_ATTACHED, (int)self->c.ring->producer_state);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
	}
	munmap(self->p.base, endpoint_map_size(&self->p));
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_ATTACHED, (int)self->c.ring->producer_state);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, MS));
	kill_child(pid);
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_DETACHED, (int)self->c.ring->producer_state);
	EXPECT_EQ(EPIPE, endpoint_wait(&self->c, MS));
	endpoint_detach(&self->c);
}

TEST_F(ring, revoked)
{
	pthread_t threads[2];
	void *error;

	RING_ATTACH_BOTH(self);
	while (ring_put(&self->p, 120))
		;
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) >= 0)
		;
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, wait_for_peer, &self->c));
	while (!__atomic_load_n(&self->p.ring->consumer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	EXPECT_EQ(0, region_revoke(self->fd));
	pthread_join(threads[0], &error);
	EXPECT_EQ(ENODEV, (int)(long)error);
	EXPECT_EQ(ENODEV, endpoint_wait(&self->p, 0));
	EXPECT_EQ(ENODEV, endpoint_notify(&self->c));
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->p));
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->c));
	EXPECT_EQ(SIGBUS, run_child(load_byte, self->c.base));
	EXPECT_EQ(SIGBUS, run_child(store_byte, self->p.data));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Endpoints of a ring stay attached when its name is destroyed. */
TEST_F(ring, destroyed)
{
	RING_ATTACH_BOTH(self);
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->name));
	close(self->fd);
	self->fd = -1;
	ASSERT_TRUE(ring_put(&self->p, 120));
	EXPECT_RECORD(self, &self->c, 0, 120);
	endpoint_detach(&self->p);
	EXPECT_EQ(EPIPE, endpoint_wait(&self->c, MS));
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
