// SPDX-License-Identifier: GPL-2.0
/*
 * poll() and select() report the same as for a regular file, for each set of
 * events: reads and writes never wait. doorbell/poll.c tests POLLPRI, which a
 * regular file never reports.
 */
#include "mmapshare_test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

#define READY	(POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM)

FIXTURE(poll)
{
	struct device dev;
	int file;	/* a regular file with the same open mode */
};

FIXTURE_VARIANT(poll)
{
	int flags;
};

FIXTURE_VARIANT_ADD(poll, rdwr) {
	.flags = O_RDWR,
};

FIXTURE_VARIANT_ADD(poll, rdonly_nonblock) {
	.flags = O_RDONLY | O_NONBLOCK,
};

FIXTURE_VARIANT_ADD(poll, wronly) {
	.flags = O_WRONLY,
};

FIXTURE_SETUP(poll)
{
	DEVICE_OPEN(&self->dev, variant->flags);
	self->file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ASSERT_LE(0, self->file);
	if (variant->flags != O_RDWR) {
		char path[32];
		int fd = self->file;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		self->file = open(path, variant->flags | O_CLOEXEC);
		ASSERT_LE(0, self->file);
		close(fd);
	}
}

FIXTURE_TEARDOWN(poll)
{
	close(self->file);
	close(self->dev.fd);
}

TEST_F(poll, poll)
{
	const short all[] = {
		POLLIN, POLLRDNORM, POLLRDBAND, POLLPRI, POLLOUT, POLLWRNORM,
		POLLWRBAND, POLLRDHUP,
	};
	struct pollfd p[2] = { { .fd = self->dev.fd }, { .fd = self->file } };
	size_t set, i;

	for (set = 0; set < 1 << ARRAY_SIZE(all); set++) {
		p[0].events = 0;
		for (i = 0; i < ARRAY_SIZE(all); i++)
			if (set & 1 << i)
				p[0].events |= all[i];
		p[1].events = p[0].events;
		EXPECT_EQ(p[0].events & READY ? 2 : 0, poll(p, 2, 0));
		EXPECT_EQ(p[1].revents, p[0].revents) TH_LOG("events %#x", p[0].events);
	}
}

TEST_F(poll, select)
{
	const int fd[] = { self->dev.fd, self->file };
	struct timeval now = {};
	fd_set in, out, except;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fd); i++) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_ZERO(&except);
		FD_SET(fd[i], &in);
		FD_SET(fd[i], &out);
		FD_SET(fd[i], &except);
		EXPECT_EQ(2, select(fd[i] + 1, &in, &out, &except, &now));
		EXPECT_TRUE(FD_ISSET(fd[i], &in));
		EXPECT_TRUE(FD_ISSET(fd[i], &out));
		EXPECT_FALSE(FD_ISSET(fd[i], &except));
	}
}

/*
 * epoll refuses a regular file with EPERM, but accepts a region, which is
 * always ready.
 */
TEST_F(poll, epoll)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(-1, epoll_ctl(epfd, EPOLL_CTL_ADD, self->file, &event));
	EXPECT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, self->dev.fd, &event));
	EXPECT_EQ(1, epoll_wait(epfd, &event, 1, 0));
	EXPECT_EQ((uint32_t)(EPOLLIN | EPOLLOUT), event.events);
	close(epfd);
}

TEST_F(poll, fioasync)
{
	int one = 1;

	EXPECT_EQ(-1, ioctl(self->dev.fd, FIOASYNC, &one));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
