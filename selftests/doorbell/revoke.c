// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbell of a revoked region: waiters are woken, ringing raises no signal
 * and NOTIFY returns ENODEV. Seals do not affect the doorbell.
 */
#include "map_fixture.h"
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>

struct sleeper {
	pthread_t thread;
	pid_t tid;
	int fd;
	int (*wait)(int fd);
	int result;
};

static int wait_by_wait(int fd)
{
	uint64_t count = 0;

	return bell_wait(fd, &count, NO_TIMEOUT);
}

/*
 * Returns ENODEV if the only event is that of a revoked region, which has @more
 * besides POLLERR and POLLHUP; else 0.
 */
static int errno_of_events(int ready, uint32_t events, uint32_t more)
{
	return ready == 1 && events == (more | POLLERR | POLLHUP) ? ENODEV : 0;
}

static int wait_by_poll_for(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };
	int ready = poll(&p, 1, 20000);

	return errno_of_events(ready, p.revents, events);
}

static int wait_by_poll(int fd)
{
	return wait_by_poll_for(fd, POLLPRI);
}

/* POLLERR and POLLHUP are reported although no event is requested. */
static int wait_for_no_event(int fd)
{
	return wait_by_poll_for(fd, 0);
}

static int wait_by_epoll_for(int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };
	int epfd = epoll_create1(EPOLL_CLOEXEC), ready;

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event))
		return errno;
	ready = epoll_wait(epfd, &event, 1, 20000);
	close(epfd);
	return errno_of_events(ready, event.events, events & EPOLLPRI);
}

static int wait_by_epoll(int fd)
{
	return wait_by_epoll_for(fd, EPOLLPRI | EPOLLET);
}

static int wait_by_exclusive(int fd)
{
	return wait_by_epoll_for(fd, EPOLLET | EPOLLEXCLUSIVE);
}

static void *run_sleeper(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->result = s->wait(s->fd);
	return NULL;
}

TEST_F(bell, wakes_all_waiters)
{
	struct sleeper sleepers[] = {
		{ .fd = self->fd, .wait = wait_by_wait },
		{ .fd = self->fd, .wait = wait_by_poll },
		{ .fd = self->fd, .wait = wait_for_no_event },
		{ .fd = self->fd, .wait = wait_by_epoll },
		{ .fd = self->fd, .wait = wait_by_exclusive },
		{ .fd = self->fd, .wait = wait_by_exclusive },
		{ .fd = bell_open(self, O_RDONLY), .wait = wait_by_wait },
	};
	size_t i;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		struct sleeper *s = &sleepers[i];

		ASSERT_LE(0, s->fd);
		ASSERT_EQ(0, pthread_create(&s->thread, NULL, run_sleeper, s));
		while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
			sleep_ns(MS);
		ASSERT_TRUE(falls_asleep(s->tid));
	}
	ASSERT_EQ(0, region_revoke(self->fd));
	for (i = 0; i < ARRAY_SIZE(sleepers); i++) {
		pthread_join(sleepers[i].thread, NULL);
		EXPECT_EQ(ENODEV, sleepers[i].result) TH_LOG("sleeper %zu", i);
	}
	close(sleepers[ARRAY_SIZE(sleepers) - 1].fd);
}

TEST_F(bell, calls_fail)
{
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	ASSERT_LT(0, bell_notify(self->fd, 0));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(-ENODEV, bell_notify(self->fd, 0));
	EXPECT_EQ(-ENODEV, bell_notify(self->fd, MMAPSHARE_NOTIFY_COUNTED));
	EXPECT_EQ(ENODEV, wait_by_wait(self->fd));
	EXPECT_EQ(ENODEV, wait_by_poll(self->fd));
	EXPECT_EQ(MAP_FAILED, (void *)bell_map(self->fd, PROT_READ));
	EXPECT_EQ(ENODEV, errno);
}

/*
 * Returns 0 if the page has @count and is armed. The private page that replaces
 * the doorbell page of a revoked region is always armed.
 */
static int check_private_page(struct mmapshare_doorbell *bell, uint64_t count)
{
	if (bell_count(bell) != count)
		return 1;
	return __atomic_load_n(&bell->armed, __ATOMIC_RELAXED) ? 0 : 2;
}

TEST_F(bell, ringing_has_no_effect)
{
	uint64_t count = 0;
	int i;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	ASSERT_EQ(1, bell_notify(self->fd, 0));
	ASSERT_FALSE(bell_ring(self->bell, self->fd));
	EXPECT_EQ(0, bell_wait(self->fd, &count, 0));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, check_private_page(self->bell, 2));
	for (i = 0; i < 3; i++)
		EXPECT_TRUE(bell_ring(self->bell, self->fd));
	EXPECT_EQ(0, check_private_page(self->bell, 5));
	EXPECT_EQ(-ENODEV, bell_notify(self->fd, MMAPSHARE_NOTIFY_COUNTED));
}

static int ring_private_page(void *arg)
{
	bell_ring(arg, -1);
	return check_private_page(arg, 1);
}

/* Each mapping gets a private page: no store reaches another process. */
TEST_F(bell, private_page_per_mapping)
{
	int reader = bell_open(self, O_RDONLY);
	struct mmapshare_doorbell *second = bell_map(self->fd, PROT_READ | PROT_WRITE);
	struct mmapshare_doorbell *read_only = bell_map(reader, PROT_READ);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	ASSERT_NE(MAP_FAILED, second);
	ASSERT_NE(MAP_FAILED, read_only);
	EXPECT_EQ(0U, bell_count(read_only));
	ASSERT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(0, run_child(ring_private_page, self->bell));
	EXPECT_EQ(0, run_child(ring_private_page, self->bell));
	self->bell->count = 7;
	self->bell->armed = 0;
	EXPECT_EQ(0, check_private_page(second, 0));
	EXPECT_EQ(0, check_private_page(read_only, 0));
	/* the page is freed, the next fault allocates another one */
	EXPECT_EQ(0, madvise(self->bell, self->dev.page, MADV_DONTNEED));
	EXPECT_EQ(0, check_private_page(self->bell, 0));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, read_only));
	munmap(second, self->dev.page);
	munmap(read_only, self->dev.page);
	close(reader);
}

struct ringer {
	pthread_t thread;
	struct mmapshare_doorbell *bell;
	int fd;
	int64_t result;
};

/* Ring as a program does, until NOTIFY fails. */
static void *ring_until_error(void *arg)
{
	struct ringer *r = arg;

	do {
		r->result = 0;
		if (bell_ring(r->bell, r->fd))
			r->result = bell_notify(r->fd, MMAPSHARE_NOTIFY_COUNTED);
	} while (r->result >= 0);
	return NULL;
}

TEST_F(bell, rung_while_revoked)
{
	int round, i;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_REVOKE))
		SKIP(return, "REVOKE gets EOPNOTSUPP with this strategy");
	for (round = 0; round < 30; round++) {
		int fd = region_create_as(self->dev.fd, NULL, self->dev.page,
					  self->dev.info.strategy, 0);
		struct mmapshare_doorbell *bell = bell_map(fd, PROT_READ | PROT_WRITE);
		struct ringer ringers[2] = { };

		ASSERT_LE(0, fd);
		ASSERT_NE(MAP_FAILED, bell);
		for (i = 0; i < 2; i++) {
			ringers[i].fd = fd;
			ringers[i].bell = bell;
			ASSERT_EQ(0, pthread_create(&ringers[i].thread, NULL,
						    ring_until_error, &ringers[i]));
		}
		sleep_ns(round * MS / 4);
		ASSERT_EQ(0, region_revoke(fd));
		for (i = 0; i < 2; i++) {
			pthread_join(ringers[i].thread, NULL);
			EXPECT_EQ(-ENODEV, ringers[i].result);
		}
		munmap(bell, self->dev.page);
		close(fd);
	}
}

TEST_F(bell, seals_do_not_apply)
{
	struct mmapshare_doorbell *bell;
	uint64_t count = 0;

	/* the writable mapping of the doorbell does not prevent the seal */
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_FALSE(bell_ring(self->bell, self->fd));
	EXPECT_EQ(2, bell_notify(self->fd, 0));
	EXPECT_EQ(0, bell_wait(self->fd, &count, 0));
	EXPECT_EQ(2U, count);
	bell = bell_map(self->fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, bell);
	EXPECT_FALSE(bell_ring(bell, self->fd));
	EXPECT_EQ(3U, bell_count(self->bell));
	munmap(bell, self->dev.page);
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_SEAL));
}

TEST_HARNESS_MAIN
