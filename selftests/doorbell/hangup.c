// SPDX-License-Identifier: GPL-2.0
/*
 * Who is the last to have a region open is told, however the others went, and
 * only if there were any.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>

/* Is it POLLHUP, by poll() and by WAIT alike? -1 if they differ. */
static int hung_up(int fd)
{
	struct pollfd p = { .fd = fd };
	uint64_t count = 0;
	int polled = poll(&p, 1, 0) == 1 && p.revents == POLLHUP;
	int error = bell_wait(fd, &count, 0);

	if (!error)
		error = bell_wait(fd, &count, 0);
	return error == (polled ? EPIPE : ETIMEDOUT) ? polled : -1;
}

/* How a peer leaves. */
enum way { CLOSE, EXIT, KILL, ABORT, UNMAP, WAYS };

struct peer {
	FIXTURE_DATA(bell) *self;
	enum way way;
	bool rings;
};

/* Be there, then go, when the parent has closed its end of the pipe. */
static int be_a_peer(const struct peer *peer, int ready, int go)
{
	int fd = bell_open(peer->self, O_RDWR);
	char *map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	char c = fd < 0 || map == MAP_FAILED;

	if (write(ready, &c, 1) != 1 || read(go, &c, 1) != 0)
		return 1;
	if (peer->rings)
		bell_ring(peer->self->bell, fd);
	if (peer->way == KILL)
		kill(getpid(), SIGKILL);
	if (peer->way == ABORT)
		kill(getpid(), SIGSEGV);
	if (peer->way == EXIT)
		return 0;
	if (peer->way == CLOSE)
		munmap(map, REGION_SIZE);
	close(fd);
	if (peer->way == UNMAP)
		munmap(map, REGION_SIZE);
	sleep(60);
	return 0;
}

/* Returns the peer's process, and what to close to have it go. */
static pid_t start_peer(const struct peer *peer, int *go)
{
	int ready[2], end[2];
	char c = 1;
	pid_t pid;

	if (pipe(ready) || pipe(end))
		return -1;
	pid = fork();
	if (!pid) {
		close(end[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(be_a_peer(peer, ready[1], end[0]));
	}
	close(ready[1]);
	close(end[0]);
	if (read(ready[0], &c, 1) != 1 || c)
		return -1;
	close(ready[0]);
	*go = end[1];
	return pid;
}

static void *let_go(void *arg)
{
	const int *go = arg;

	falls_asleep(getpid());
	close(*go);
	return NULL;
}

TEST_F(bell, not_for_who_was_always_alone)
{
	int other = region_create(self->dev.fd, NULL);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, hung_up(self->fd));
	EXPECT_EQ(0, hung_up(other));
	close(other);
}

TEST_F(bell, copies_are_no_others)
{
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	close(copy);
	EXPECT_EQ(0, hung_up(self->fd));
}

TEST_F(bell, when_the_last_other_closes)
{
	int one = bell_open(self, O_RDONLY), two = bell_open(self, O_WRONLY);

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_EQ(0, hung_up(self->fd));
	close(one);
	EXPECT_EQ(0, hung_up(self->fd));
	close(two);
	EXPECT_EQ(1, hung_up(self->fd));
	EXPECT_EQ(1, hung_up(self->fd));
}

/* Who came later was an other for those before, and the other way round. */
TEST_F(bell, whoever_is_left)
{
	int other = bell_open(self, O_RDWR);

	ASSERT_LE(0, other);
	munmap(self->bell, self->dev.page);
	close(self->fd);
	EXPECT_EQ(1, hung_up(other));
	self->fd = other;
	self->bell = bell_map(other, PROT_READ);
}

TEST_F(bell, not_for_those_before)
{
	int other = bell_open(self, O_RDWR);

	munmap(self->bell, self->dev.page);
	close(self->fd);
	close(other);
	self->fd = bell_open(self, O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, hung_up(self->fd));
	self->bell = bell_map(self->fd, PROT_READ);
}

/* It is over when somebody comes. */
TEST_F(bell, until_somebody_comes)
{
	int other = bell_open(self, O_RDWR);

	close(other);
	EXPECT_EQ(1, hung_up(self->fd));
	other = bell_open(self, O_RDONLY);
	EXPECT_EQ(0, hung_up(self->fd));
	close(other);
	EXPECT_EQ(1, hung_up(self->fd));
}

/* A map is as good as a descriptor, also one of the doorbell alone. */
TEST_F(bell, maps_are_others)
{
	int other = bell_open(self, O_RDWR);
	void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, other, 0);
	void *bell = bell_map(other, PROT_READ);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, bell);
	close(other);
	EXPECT_EQ(0, hung_up(self->fd));
	munmap(map, 1);
	EXPECT_EQ(0, hung_up(self->fd));
	munmap(bell, self->dev.page);
	EXPECT_EQ(1, hung_up(self->fd));
}

/* News first: what was said before leaving is heard. */
TEST_F(bell, after_the_last_news)
{
	int other = bell_open(self, O_RDWR);
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	uint64_t count = 0;

	bell_notify(other, 0);
	close(other);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN | POLLHUP, p.revents);
	EXPECT_EQ(0, bell_wait(self->fd, &count, FOREVER));
	EXPECT_EQ(1U, count);
	EXPECT_EQ(EPIPE, bell_wait(self->fd, &count, FOREVER));
	EXPECT_EQ(1U, count);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLHUP, p.revents);
}

/* Whoever sleeps in WAIT wakes up, however the other goes. */
TEST_F(bell, wakes_wait)
{
	pthread_t thread;
	int go, i;

	for (i = 0; i < 2 * WAYS; i++) {
		const struct peer peer = { self, i % WAYS, i >= WAYS };
		uint64_t count = bell_count(self->bell);
		pid_t pid = start_peer(&peer, &go);

		ASSERT_LT(0, pid);
		pthread_create(&thread, NULL, let_go, &go);
		if (peer.rings)
			EXPECT_EQ(0, bell_wait(self->fd, &count, 20 * SECOND));
		EXPECT_EQ(EPIPE, bell_wait(self->fd, &count, 20 * SECOND))
			TH_LOG("way %d", peer.way);
		pthread_join(thread, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

/* The same for poll() and epoll, with no event asked for. */
TEST_F(bell, wakes_poll)
{
	struct epoll_event event = { .events = EPOLLET };
	struct pollfd p = { .fd = self->fd };
	int ep = epoll_create1(EPOLL_CLOEXEC), go, way;
	pthread_t thread;

	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &event));
	for (way = 0; way < WAYS; way++) {
		const struct peer peer = { self, way, false };
		pid_t pid = start_peer(&peer, &go);

		ASSERT_LT(0, pid);
		pthread_create(&thread, NULL, let_go, &go);
		EXPECT_EQ(1, poll(&p, 1, 20000));
		EXPECT_EQ(POLLHUP, p.revents);
		EXPECT_EQ(1, epoll_wait(ep, &event, 1, 20000));
		EXPECT_EQ((uint32_t)EPOLLHUP, event.events);
		EXPECT_EQ(0, epoll_wait(ep, &event, 1, 0));
		pthread_join(thread, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(ep);
}

/* A child has what its parent has: together they are one other. */
TEST_F(bell, children_stand_for_their_parent)
{
	int other = bell_open(self, O_RDWR), pipes[2];
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	if (!pid) {
		close(self->fd);
		munmap(self->bell, self->dev.page);
		close(pipes[1]);
		_exit(read(pipes[0], &c, 1));
	}
	close(other);
	EXPECT_EQ(0, hung_up(self->fd));
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(1, hung_up(self->fd));
}

TEST_HARNESS_MAIN
