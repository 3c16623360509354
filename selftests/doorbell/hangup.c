// SPDX-License-Identifier: GPL-2.0
/*
 * POLLHUP and EPIPE: the last open file of a region gets them, however its
 * peers were closed, but not if there was no peer. poll() reports POLLHUP only
 * if POLLPRI is requested.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>

/*
 * Returns 1 if poll() and WAIT both report the hang-up, 0 if neither does, -1
 * if one does.
 */
static int check_hang_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	uint64_t count = 0;
	int polled = poll(&p, 1, 0) == 1 && p.revents == (POLLPRI | POLLHUP);
	int error = bell_wait(fd, &count, 0);

	if (!error)
		error = bell_wait(fd, &count, 0);
	return error == (polled ? EPIPE : ETIMEDOUT) ? polled : -1;
}

/* How a peer closes its file and its mapping. */
enum exit_method { CLOSE, EXIT, KILL, ABORT, UNMAP, EXIT_METHODS };

struct peer {
	FIXTURE_DATA(bell) *self;
	enum exit_method exit_method;
	bool rings;
};

/* Report to @ready, then close the region when the pipe @end is closed. */
static int run_peer(const struct peer *peer, int ready, int end)
{
	int fd = bell_open(peer->self, O_RDWR);
	char *map = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 fd, 0);
	char c = fd < 0 || map == MAP_FAILED;

	if (write(ready, &c, 1) != 1 || read(end, &c, 1) != 0)
		return 1;
	if (peer->rings)
		bell_ring(peer->self->bell, fd);
	if (peer->exit_method == KILL)
		kill(getpid(), SIGKILL);
	if (peer->exit_method == ABORT)
		kill(getpid(), SIGSEGV);
	if (peer->exit_method == EXIT)
		return 0;
	if (peer->exit_method == CLOSE)
		munmap(map, REGION_SIZE);
	close(fd);
	if (peer->exit_method == UNMAP)
		munmap(map, REGION_SIZE);
	sleep(60);
	return 0;
}

/* Returns the pid of the peer, which closes the region when @end is closed. */
static pid_t start_peer(const struct peer *peer, int *end)
{
	int ready[2], exit_pipe[2];
	char c = 1;
	pid_t pid;

	if (pipe(ready) || pipe(exit_pipe))
		return -1;
	pid = fork();
	if (!pid) {
		close(exit_pipe[1]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run_peer(peer, ready[1], exit_pipe[0]));
	}
	close(ready[1]);
	close(exit_pipe[0]);
	if (read(ready[0], &c, 1) != 1 || c)
		return -1;
	close(ready[0]);
	*end = exit_pipe[1];
	return pid;
}

static void *end_peer_later(void *arg)
{
	const int *end = arg;

	falls_asleep(getpid());
	close(*end);
	return NULL;
}

TEST_F(bell, not_without_peers)
{
	int other = region_create(self->dev.fd, NULL);

	ASSERT_LE(0, other);
	EXPECT_EQ(0, check_hang_up(self->fd));
	EXPECT_EQ(0, check_hang_up(other));
	close(other);
}

TEST_F(bell, dup_is_no_peer)
{
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	close(copy);
	EXPECT_EQ(0, check_hang_up(self->fd));
}

TEST_F(bell, last_peer_closes)
{
	int one = bell_open(self, O_RDONLY), two = bell_open(self, O_WRONLY);

	ASSERT_LE(0, one);
	ASSERT_LE(0, two);
	EXPECT_EQ(0, check_hang_up(self->fd));
	close(one);
	EXPECT_EQ(0, check_hang_up(self->fd));
	close(two);
	EXPECT_EQ(1, check_hang_up(self->fd));
	EXPECT_EQ(1, check_hang_up(self->fd));
}

/* A peer can be opened before this file or after it. */
TEST_F(bell, first_file_closes)
{
	int other = bell_open(self, O_RDWR);

	ASSERT_LE(0, other);
	munmap(self->bell, self->dev.page);
	close(self->fd);
	EXPECT_EQ(1, check_hang_up(other));
	self->fd = other;
	self->bell = bell_map(other, PROT_READ);
}

TEST_F(bell, not_for_earlier_peers)
{
	int other = bell_open(self, O_RDWR);

	munmap(self->bell, self->dev.page);
	close(self->fd);
	close(other);
	self->fd = bell_open(self, O_RDWR);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(0, check_hang_up(self->fd));
	self->bell = bell_map(self->fd, PROT_READ);
}

TEST_F(bell, cleared_by_new_peer)
{
	int other = bell_open(self, O_RDWR);

	close(other);
	EXPECT_EQ(1, check_hang_up(self->fd));
	other = bell_open(self, O_RDONLY);
	EXPECT_EQ(0, check_hang_up(self->fd));
	close(other);
	EXPECT_EQ(1, check_hang_up(self->fd));
}

/* A mapping, even of the doorbell page alone, keeps the file open. */
TEST_F(bell, mappings_count_as_peers)
{
	int other = bell_open(self, O_RDWR);
	void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, other, 0);
	void *bell = bell_map(other, PROT_READ);

	ASSERT_NE(MAP_FAILED, map);
	ASSERT_NE(MAP_FAILED, bell);
	close(other);
	EXPECT_EQ(0, check_hang_up(self->fd));
	munmap(map, 1);
	EXPECT_EQ(0, check_hang_up(self->fd));
	munmap(bell, self->dev.page);
	EXPECT_EQ(1, check_hang_up(self->fd));
}

/* The peer's last notification is reported before the hang-up. */
TEST_F(bell, after_last_notification)
{
	int other = bell_open(self, O_RDWR);
	struct pollfd p = { .fd = self->fd, .events = POLLPRI };
	uint64_t count = 0;

	bell_notify(other, 0);
	close(other);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLPRI | POLLHUP, p.revents);
	EXPECT_EQ(0, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_EQ(1U, count);
	EXPECT_EQ(EPIPE, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_EQ(1U, count);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLPRI | POLLHUP, p.revents);
}

TEST_F(bell, wakes_wait)
{
	pthread_t thread;
	int end, i;

	for (i = 0; i < 2 * EXIT_METHODS; i++) {
		const struct peer peer = { self, i % EXIT_METHODS, i >= EXIT_METHODS };
		uint64_t count = bell_count(self->bell);
		pid_t pid = start_peer(&peer, &end);

		ASSERT_LT(0, pid);
		pthread_create(&thread, NULL, end_peer_later, &end);
		if (peer.rings)
			EXPECT_EQ(0, bell_wait(self->fd, &count, 20 * SECOND));
		EXPECT_EQ(EPIPE, bell_wait(self->fd, &count, 20 * SECOND))
			TH_LOG("exit method %d", peer.exit_method);
		pthread_join(thread, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
}

TEST_F(bell, wakes_poll)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	struct pollfd p = { .fd = self->fd, .events = POLLPRI };
	int epfd = epoll_create1(EPOLL_CLOEXEC), end, exit_method;
	pthread_t thread;

	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, self->fd, &event));
	for (exit_method = 0; exit_method < EXIT_METHODS; exit_method++) {
		const struct peer peer = { self, exit_method, false };
		pid_t pid = start_peer(&peer, &end);

		ASSERT_LT(0, pid);
		pthread_create(&thread, NULL, end_peer_later, &end);
		EXPECT_EQ(1, poll(&p, 1, 20000));
		EXPECT_EQ(POLLPRI | POLLHUP, p.revents);
		EXPECT_EQ(1, epoll_wait(epfd, &event, 1, 20000));
		EXPECT_EQ((uint32_t)(EPOLLPRI | EPOLLHUP), event.events);
		EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
		pthread_join(thread, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	close(epfd);
}

/*
 * A program that does not request POLLPRI must not get POLLHUP, which it would
 * treat as a broken pipe.
 */
TEST_F(bell, not_reported_unasked)
{
	struct pollfd p = { .fd = self->fd };
	int other = bell_open(self, O_RDWR);

	ASSERT_LE(0, other);
	close(other);
	EXPECT_EQ(1, check_hang_up(self->fd));
	EXPECT_EQ(0, poll(&p, 1, 0));
	p.events = POLLIN | POLLOUT;
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, p.revents);
}

/* The descriptor a child inherits is the same open file. */
TEST_F(bell, inherited_file_is_one_peer)
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
	EXPECT_EQ(0, check_hang_up(self->fd));
	close(pipes[1]);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(1, check_hang_up(self->fd));
}

TEST_HARNESS_MAIN
