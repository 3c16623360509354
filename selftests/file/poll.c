// SPDX-License-Identifier: GPL-2.0
/*
 * Reads and writes never wait. poll() always reports POLLOUT on a writable
 * descriptor; it reports POLLIN when the doorbell was rung (doorbell/poll.c),
 * not when there is something to read.
 */
#include "mmapshare_test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

FIXTURE(poll)
{
	struct device dev;
};

FIXTURE_VARIANT(poll)
{
	int flags;
	int ready;
};

FIXTURE_VARIANT_ADD(poll, rdwr) {
	.flags = O_RDWR,
	.ready = POLLOUT | POLLWRNORM,
};

FIXTURE_VARIANT_ADD(poll, rdonly_nonblock) {
	.flags = O_RDONLY | O_NONBLOCK,
};

FIXTURE_SETUP(poll)
{
	DEVICE_OPEN(&self->dev, variant->flags);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->dev.fd);
}

TEST_F(poll, poll)
{
	struct pollfd p = {
		.fd = self->dev.fd,
		.events = POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM |
			  POLLPRI | POLLRDHUP,
	};

	EXPECT_EQ(variant->ready != 0, poll(&p, 1, 0));
	EXPECT_EQ(variant->ready, p.revents);
	p.events = POLLPRI;
	EXPECT_EQ(0, poll(&p, 1, 0));
}

TEST_F(poll, select)
{
	struct timeval now = {};
	fd_set in, out, except;

	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_ZERO(&except);
	FD_SET(self->dev.fd, &in);
	FD_SET(self->dev.fd, &out);
	FD_SET(self->dev.fd, &except);
	EXPECT_EQ(variant->ready != 0,
		  select(self->dev.fd + 1, &in, &out, &except, &now));
	EXPECT_FALSE(FD_ISSET(self->dev.fd, &in));
	EXPECT_FALSE(FD_ISSET(self->dev.fd, &except));
}

TEST_F(poll, epoll)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epfd);
	EXPECT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, self->dev.fd, &event));
	EXPECT_EQ(variant->ready != 0, epoll_wait(epfd, &event, 1, 0));
	close(epfd);
}

TEST_F(poll, fioasync)
{
	int one = 1;

	EXPECT_EQ(-1, ioctl(self->dev.fd, FIOASYNC, &one));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
