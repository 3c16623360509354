// SPDX-License-Identifier: GPL-2.0
/*
 * POLLPRI: poll(), select() and epoll report a count that WAIT has not yet
 * returned to this open file. Edge-triggered epoll reports each notification.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

/* always reported; file/poll.c tests callers that ask for these alone */
#define READY	(POLLIN | POLLOUT)

/* Returns the events within @timeout ms, 0 for none, -1 for an error. */
static short poll_events(int fd, int timeout)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT | POLLPRI };

	return poll(&p, 1, timeout) < 0 ? -1 : p.revents;
}

static void mark_seen(int fd)
{
	uint64_t count = ~0ULL;

	bell_wait(fd, &count, 0);
}

/* Returns the events of one file within @timeout ms, 0 if none is ready. */
static uint32_t epoll_events(int epfd, int timeout)
{
	struct epoll_event event = { };

	return epoll_wait(epfd, &event, 1, timeout) == 1 ? event.events : 0;
}

static int epoll_create_with(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	return epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) ? -1 : epfd;
}

TEST_F(bell, reported_until_seen)
{
	EXPECT_EQ(READY, poll_events(self->fd, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(READY | POLLPRI, poll_events(self->fd, 0));
	EXPECT_EQ(READY | POLLPRI, poll_events(self->fd, 0));
	mark_seen(self->fd);
	EXPECT_EQ(READY, poll_events(self->fd, 0));
	bell_notify(self->fd, 0);
	EXPECT_EQ(READY | POLLPRI, poll_events(self->fd, 0));
}

TEST_F(bell, not_by_write)
{
	EXPECT_EQ(1, write(self->fd, "x", 1));
	EXPECT_EQ(READY, poll_events(self->fd, 0));
}

/* The count last seen belongs to the open file; dup() shares it. */
TEST_F(bell, seen_per_open_file)
{
	int first = bell_open(self, O_RDONLY), second = bell_open(self, O_RDONLY);
	int copy = dup(second);

	ASSERT_LE(0, first);
	ASSERT_LE(0, copy);
	EXPECT_EQ(READY, poll_events(first, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(READY | POLLPRI, poll_events(first, 0));
	mark_seen(second);
	EXPECT_EQ(READY | POLLPRI, poll_events(first, 0));
	EXPECT_EQ(READY, poll_events(second, 0));
	EXPECT_EQ(READY, poll_events(copy, 0));
	close(first);
	/*
	 * a new open file has seen the count that was current when it was
	 * opened
	 */
	first = bell_open(self, O_RDONLY);
	EXPECT_EQ(READY, poll_events(first, 0));
	close(first);
	close(copy);
	close(second);
}

/* If WAIT fails to return the count (EFAULT), the count is not seen. */
TEST_F(bell, failed_wait_is_not_seen)
{
	struct mmapshare_wait_args *wait = mmap(NULL, self->dev.page,
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, wait);
	bell_ring(self->bell, self->fd);
	wait->size = sizeof(*wait);
	ASSERT_EQ(0, mprotect(wait, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_WAIT, wait));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(READY | POLLPRI, poll_events(self->fd, 0));
	munmap(wait, self->dev.page);
}

struct ringer {
	FIXTURE_DATA(bell) *self;
	pthread_t thread;
	pid_t sleeper;
	int64_t delay;
	bool asleep, by_ioctl;
};

/* Ring once the sleeper sleeps. */
static void *ring_later(void *arg)
{
	struct ringer *r = arg;

	r->asleep = falls_asleep(r->sleeper);
	if (r->by_ioctl)
		bell_notify(r->self->fd, 0);
	else
		bell_ring(r->self->bell, r->self->fd);
	return NULL;
}

static void start_ringer(struct ringer *r, FIXTURE_DATA(bell) *self)
{
	r->self = self;
	r->sleeper = gettid();
	pthread_create(&r->thread, NULL, ring_later, r);
}

TEST_F(bell, poll_wakes)
{
	struct pollfd p = { .fd = self->fd, .events = POLLPRI };
	struct ringer ringer = { };
	int round;

	for (round = 0; round < 10; round++) {
		ringer.by_ioctl = round % 2;
		start_ringer(&ringer, self);
		EXPECT_EQ(1, poll(&p, 1, 20000));
		EXPECT_EQ(POLLPRI, p.revents);
		pthread_join(ringer.thread, NULL);
		EXPECT_TRUE(ringer.asleep);
		mark_seen(self->fd);
	}
}

TEST_F(bell, select_wakes)
{
	struct timeval timeout = { .tv_sec = 20 };
	struct ringer ringer = { };
	fd_set except;

	FD_ZERO(&except);
	FD_SET(self->fd, &except);
	start_ringer(&ringer, self);
	EXPECT_EQ(1, select(self->fd + 1, NULL, NULL, &except, &timeout));
	EXPECT_TRUE(FD_ISSET(self->fd, &except));
	pthread_join(ringer.thread, NULL);
	EXPECT_TRUE(ringer.asleep);
}

TEST_F(bell, level_triggered)
{
	int epfd = epoll_create_with(self->fd, EPOLLPRI), round;
	struct ringer ringer = { };

	ASSERT_LE(0, epfd);
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	for (round = 0; round < 10; round++) {
		ringer.by_ioctl = round % 2;
		start_ringer(&ringer, self);
		EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 20000));
		pthread_join(ringer.thread, NULL);
		EXPECT_TRUE(ringer.asleep);
		EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 0));
		mark_seen(self->fd);
		EXPECT_EQ(0U, epoll_events(epfd, 0));
	}
	close(epfd);
}

/*
 * Each notification is an event, even if WAIT has not returned the last count.
 */
TEST_F(bell, edge_triggered)
{
	int epfd = epoll_create_with(self->fd, EPOLLPRI | EPOLLET), round;
	struct ringer ringer = { };

	ASSERT_LE(0, epfd);
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	for (round = 0; round < 20; round++) {
		ringer.by_ioctl = round % 2;
		start_ringer(&ringer, self);
		EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 20000));
		pthread_join(ringer.thread, NULL);
		EXPECT_TRUE(ringer.asleep);
		EXPECT_EQ(0U, epoll_events(epfd, 0));
		if (round % 4 < 2)
			mark_seen(self->fd);
	}
	/* all notifications before the next epoll_wait() are one event */
	bell_ring(self->bell, self->fd);
	bell_ring(self->bell, self->fd);
	bell_notify(self->fd, 0);
	EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 0));
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	close(epfd);
}

TEST_F(bell, one_shot)
{
	int epfd = epoll_create_with(self->fd, EPOLLPRI | EPOLLONESHOT);
	struct epoll_event event = { .events = EPOLLPRI | EPOLLONESHOT };

	ASSERT_LE(0, epfd);
	bell_ring(self->bell, self->fd);
	EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 0));
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	EXPECT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_MOD, self->fd, &event));
	EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 0));
	close(epfd);
}

/* The core allows EPOLLEXCLUSIVE with EPOLLIN and EPOLLOUT only. */
TEST_F(bell, exclusive)
{
	EXPECT_EQ(-1, epoll_create_with(self->fd, EPOLLPRI | EPOLLEXCLUSIVE));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(bell, nested)
{
	int inner = epoll_create_with(self->fd, EPOLLPRI | EPOLLET);
	int outer = epoll_create_with(inner, EPOLLIN);
	struct ringer ringer = { };

	ASSERT_LE(0, outer);
	start_ringer(&ringer, self);
	EXPECT_EQ((uint32_t)EPOLLIN, epoll_events(outer, 20000));
	pthread_join(ringer.thread, NULL);
	EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(inner, 0));
	EXPECT_EQ(0U, epoll_events(outer, 0));
	close(outer);
	close(inner);
}

/* A caller that does not request POLLPRI does not arm the doorbell. */
TEST_F(bell, armed_on_request_only)
{
	struct pollfd p = { .fd = self->fd, .events = READY };
	int epfd = epoll_create_with(self->fd, EPOLLIN | EPOLLOUT);
	struct epoll_event event = { .events = EPOLLPRI };

	ASSERT_LE(0, epfd);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ((uint32_t)READY, epoll_events(epfd, 0));
	EXPECT_EQ(0U, self->bell->armed);
	EXPECT_FALSE(bell_ring(self->bell, self->fd));
	mark_seen(self->fd);
	EXPECT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_MOD, self->fd, &event));
	EXPECT_EQ(1U, self->bell->armed);
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	EXPECT_TRUE(bell_ring(self->bell, self->fd));
	EXPECT_EQ((uint32_t)EPOLLPRI, epoll_events(epfd, 0));
	close(epfd);
}

/* The file is closed while it is in an epoll set. */
TEST_F(bell, closed_while_polled)
{
	int other = bell_open(self, O_RDWR);
	int epfd = epoll_create_with(other, EPOLLPRI);

	ASSERT_LE(0, epfd);
	close(other);
	bell_ring(self->bell, self->fd);
	bell_notify(self->fd, 0);
	EXPECT_EQ(0U, epoll_events(epfd, 0));
	close(epfd);
}

TEST_HARNESS_MAIN
