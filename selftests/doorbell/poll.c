// SPDX-License-Identifier: GPL-2.0
/*
 * poll(), select() and epoll tell of a count that this open file has not yet
 * seen by WAIT; edge-triggered epoll of each notification.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/select.h>

/* What there is now; 0 for nothing. */
static short poll_now(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, timeout) < 0 ? -1 : p.revents;
}

static void see(int fd)
{
	uint64_t count = ~0ULL;

	bell_wait(fd, &count, 0);
}

/* The events of the first that is ready, 0 if none is. */
static uint32_t epoll_now(int ep, int timeout)
{
	struct epoll_event event = { };

	return epoll_wait(ep, &event, 1, timeout) == 1 ? event.events : 0;
}

static int epoll_of(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event) ? -1 : ep;
}

TEST_F(bell, readable_until_seen)
{
	EXPECT_EQ(POLLOUT, poll_now(self->fd, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->fd, 0));
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->fd, 0));
	see(self->fd);
	EXPECT_EQ(POLLOUT, poll_now(self->fd, 0));
	bell_notify(self->fd, 0);
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->fd, 0));
}

/* Bytes of the region are no news. */
TEST_F(bell, not_for_bytes)
{
	EXPECT_EQ(1, write(self->fd, "x", 1));
	EXPECT_EQ(POLLOUT, poll_now(self->fd, 0));
}

/* Each open file has seen what it has seen, and copies of it the same. */
TEST_F(bell, each_file_by_itself)
{
	int one = bell_open(self, O_RDONLY), two = bell_open(self, O_RDONLY);
	int copy = dup(two);

	ASSERT_LE(0, one);
	ASSERT_LE(0, copy);
	EXPECT_EQ(0, poll_now(one, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(POLLIN, poll_now(one, 0));
	see(two);
	EXPECT_EQ(POLLIN, poll_now(one, 0));
	EXPECT_EQ(0, poll_now(two, 0));
	EXPECT_EQ(0, poll_now(copy, 0));
	close(one);
	/* what was before it was opened is no news for it */
	one = bell_open(self, O_RDONLY);
	EXPECT_EQ(0, poll_now(one, 0));
	close(one);
	close(copy);
	close(two);
}

/* A WAIT that fails, or could not tell, has not seen anything. */
TEST_F(bell, seen_is_what_was_told)
{
	struct mmapshare_wait_args *wait = mmap(NULL, self->dev.page,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, wait);
	bell_ring(self->bell, self->fd);
	wait->size = sizeof(*wait);
	ASSERT_EQ(0, mprotect(wait, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_WAIT, wait));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(POLLIN | POLLOUT, poll_now(self->fd, 0));
	munmap(wait, self->dev.page);
}

struct later {
	FIXTURE_DATA(bell) *self;
	pthread_t thread;
	pid_t sleeper;
	int64_t delay;
	bool asleep, by_ioctl;
};

/* Ring once the sleeper sleeps. */
static void *ring_later(void *arg)
{
	struct later *l = arg;

	l->asleep = falls_asleep(l->sleeper);
	if (l->by_ioctl)
		bell_notify(l->self->fd, 0);
	else
		bell_ring(l->self->bell, l->self->fd);
	return NULL;
}

static void start_ringer(struct later *l, FIXTURE_DATA(bell) *self)
{
	l->self = self;
	l->sleeper = gettid();
	pthread_create(&l->thread, NULL, ring_later, l);
}

TEST_F(bell, poll_sleeps_and_wakes)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct later later = { };
	int round;

	for (round = 0; round < 10; round++) {
		later.by_ioctl = round % 2;
		start_ringer(&later, self);
		EXPECT_EQ(1, poll(&p, 1, 20000));
		EXPECT_EQ(POLLIN, p.revents);
		pthread_join(later.thread, NULL);
		EXPECT_TRUE(later.asleep);
		see(self->fd);
	}
}

TEST_F(bell, select_sleeps_and_wakes)
{
	struct timeval timeout = { .tv_sec = 20 };
	struct later later = { };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(self->fd, &in);
	start_ringer(&later, self);
	EXPECT_EQ(1, select(self->fd + 1, &in, NULL, NULL, &timeout));
	EXPECT_TRUE(FD_ISSET(self->fd, &in));
	pthread_join(later.thread, NULL);
	EXPECT_TRUE(later.asleep);
}

TEST_F(bell, level_triggered)
{
	int ep = epoll_of(self->fd, EPOLLIN), round;
	struct later later = { };

	ASSERT_LE(0, ep);
	EXPECT_EQ(0U, epoll_now(ep, 0));
	for (round = 0; round < 10; round++) {
		later.by_ioctl = round % 2;
		start_ringer(&later, self);
		EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 20000));
		pthread_join(later.thread, NULL);
		EXPECT_TRUE(later.asleep);
		EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 0));
		see(self->fd);
		EXPECT_EQ(0U, epoll_now(ep, 0));
	}
	close(ep);
}

/* Once for each ring that comes after it was told, whether seen or not. */
TEST_F(bell, edge_triggered)
{
	int ep = epoll_of(self->fd, EPOLLIN | EPOLLET), round;
	struct later later = { };

	ASSERT_LE(0, ep);
	EXPECT_EQ(0U, epoll_now(ep, 0));
	for (round = 0; round < 20; round++) {
		later.by_ioctl = round % 2;
		start_ringer(&later, self);
		EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 20000));
		pthread_join(later.thread, NULL);
		EXPECT_TRUE(later.asleep);
		EXPECT_EQ(0U, epoll_now(ep, 0));
		if (round % 4 < 2)
			see(self->fd);
	}
	/* several at once are one */
	bell_ring(self->bell, self->fd);
	bell_ring(self->bell, self->fd);
	bell_notify(self->fd, 0);
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 0));
	EXPECT_EQ(0U, epoll_now(ep, 0));
	close(ep);
}

TEST_F(bell, one_shot)
{
	int ep = epoll_of(self->fd, EPOLLIN | EPOLLONESHOT);
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT };

	ASSERT_LE(0, ep);
	bell_ring(self->bell, self->fd);
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(0U, epoll_now(ep, 0));
	EXPECT_EQ(0, epoll_ctl(ep, EPOLL_CTL_MOD, self->fd, &event));
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(ep, 0));
	close(ep);
}

struct sleeper {
	int ep;
	pid_t tid;
	uint32_t events;
	pthread_t thread;
};

static void *sleep_in_epoll(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->events = epoll_now(s->ep, 10000);
	return NULL;
}

/* None of those that want to be woken alone is left asleep. */
TEST_F(bell, exclusive)
{
	struct sleeper s[3] = { };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(s); i++) {
		s[i].ep = epoll_of(self->fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
		ASSERT_LE(0, s[i].ep);
		pthread_create(&s[i].thread, NULL, sleep_in_epoll, &s[i]);
		while (!__atomic_load_n(&s[i].tid, __ATOMIC_ACQUIRE))
			sched_yield();
		ASSERT_TRUE(falls_asleep(s[i].tid));
	}
	bell_ring(self->bell, self->fd);
	for (i = 0; i < ARRAY_SIZE(s); i++) {
		pthread_join(s[i].thread, NULL);
		EXPECT_EQ((uint32_t)EPOLLIN, s[i].events);
		close(s[i].ep);
	}
}

/* An epoll in an epoll. */
TEST_F(bell, nested)
{
	int inner = epoll_of(self->fd, EPOLLIN | EPOLLET);
	int outer = epoll_of(inner, EPOLLIN);
	struct later later = { };

	ASSERT_LE(0, outer);
	start_ringer(&later, self);
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(outer, 20000));
	pthread_join(later.thread, NULL);
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_now(inner, 0));
	EXPECT_EQ(0U, epoll_now(outer, 0));
	close(outer);
	close(inner);
}

/* The file goes while an epoll still looks at it. */
TEST_F(bell, closed_while_polled)
{
	int other = bell_open(self, O_RDWR);
	int ep = epoll_of(other, EPOLLIN);

	ASSERT_LE(0, ep);
	close(other);
	bell_ring(self->bell, self->fd);
	bell_notify(self->fd, 0);
	EXPECT_EQ(0U, epoll_now(ep, 0));
	close(ep);
}

TEST_HARNESS_MAIN
