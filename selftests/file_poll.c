// SPDX-License-Identifier: GPL-2.0
/*
 * There is nothing to wait for, so poll() says ready at once, and epoll does
 * not take the device, as it does not take regular files.
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
};

FIXTURE_VARIANT_ADD(poll, rdwr) {
	.flags = O_RDWR,
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

	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM, p.revents);
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
	EXPECT_EQ(2, select(self->dev.fd + 1, &in, &out, &except, &now));
	EXPECT_FALSE(FD_ISSET(self->dev.fd, &except));
}

TEST_F(poll, epoll)
{
	struct epoll_event event = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, ep);
	EXPECT_EQ(-1, epoll_ctl(ep, EPOLL_CTL_ADD, self->dev.fd, &event));
	EXPECT_EQ(EPERM, errno);
	close(ep);
}

TEST_F(poll, signals)
{
	int one = 1;

	EXPECT_EQ(-1, ioctl(self->dev.fd, FIOASYNC, &one));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_HARNESS_MAIN
