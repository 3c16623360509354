// SPDX-License-Identifier: GPL-2.0
/*
 * No call on an endpoint of a revoked ring accesses the memory of the ring,
 * which was freed.
 */
#include "ring_test.h"
#include <poll.h>
#include <pthread.h>
#include <stdio.h>

#define ROUNDS	100

FIXTURE(revoked) {
	struct device dev;
	int fd;
	int ep[2];	/* producer, consumer */
};

static int attach(int fd, bool producer)
{
	struct mmapshare_ring_attach_args at;

	return ring_attach(fd, producer ? MMAPSHARE_RING_ATTACH_PRODUCER :
			   MMAPSHARE_RING_ATTACH_CONSUMER, &at);
}

FIXTURE_SETUP(revoked)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->fd = ring_create_as(self->dev.fd, NULL, RING_SIZE, MMAPSHARE_RING, RING_CONSUMERS);
	ASSERT_LE(0, self->fd);
	self->ep[0] = attach(self->fd, true);
	self->ep[1] = attach(self->fd, false);
	ASSERT_LE(0, self->ep[0]);
	ASSERT_LE(0, self->ep[1]);
}

FIXTURE_TEARDOWN(revoked)
{
	close(self->ep[0]);
	close(self->ep[1]);
	close(self->fd);
	close(self->dev.fd);
}

/* Returns 0 or an errno. */
static int call_wait(int ep, int64_t timeout)
{
	struct mmapshare_ring_wait_args wait = { .size = sizeof(wait), .timeout = timeout };

	return ioctl(ep, MMAPSHARE_IOC_RING_WAIT, &wait) ? errno : 0;
}

static int call_notify(int ep)
{
	struct mmapshare_ring_notify_args notify = { .size = sizeof(notify) };

	return ioctl(ep, MMAPSHARE_IOC_RING_NOTIFY, &notify) ? errno : 0;
}

static int call_poll(int ep)
{
	struct pollfd polled = { .fd = ep, .events = POLLIN | POLLOUT };

	return poll(&polled, 1, 0) < 0 ? -1 : polled.revents;
}

/* Returns the position, or -1. */
static long long read_position(int ep)
{
	char path[40], line[128];
	long long pos = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "mmapshare-position: %lld", &pos);
	if (f)
		fclose(f);
	return pos;
}

TEST_F(revoked, calls)
{
	int i;

	/* arm the consumer: each publication would wake it */
	EXPECT_EQ(0, call_poll(self->ep[1]));
	ASSERT_EQ(0, region_revoke(self->fd));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(POLLHUP | POLLERR, call_poll(self->ep[i]));
		EXPECT_EQ(ENODEV, call_wait(self->ep[i], -1));
		EXPECT_EQ(ENODEV, call_notify(self->ep[i]));
		EXPECT_EQ(0, read_position(self->ep[i]));
		EXPECT_EQ(-ENODEV, attach(self->fd, !i));
		EXPECT_EQ(MAP_FAILED, mmap(NULL, self->dev.page, PROT_READ, MAP_SHARED,
					   self->ep[i], 0));
		EXPECT_EQ(ENODEV, errno);
	}
}

struct caller {
	int fd;
	int ep[2];
	pthread_t thread;
	int error;
};

/* Call every function until another thread has revoked the ring. */
static void *call_all(void *arg)
{
	struct caller *c = arg;
	int ret = 0, ep;

	while (!ret) {
		call_poll(c->ep[0]);
		call_poll(c->ep[1]);
		read_position(c->ep[1]);
		ep = attach(c->fd, false);
		if (ep >= 0)
			close(ep);
		ret = call_wait(c->ep[0], 0);
		if (!ret)
			ret = call_notify(c->ep[0]);
		if (!ret)
			ret = call_notify(c->ep[1]);
	}
	c->error = ret;
	return NULL;
}

TEST_F(revoked, at_any_time)
{
	int i;

	for (i = 0; i < ROUNDS; i++) {
		struct caller c = {
			.fd = ring_create_as(self->dev.fd, NULL, RING_SIZE, MMAPSHARE_RING, 2),
		};

		ASSERT_LE(0, c.fd);
		c.ep[0] = attach(c.fd, true);
		c.ep[1] = attach(c.fd, false);
		ASSERT_EQ(0, pthread_create(&c.thread, NULL, call_all, &c));
		usleep(i * 20);
		ASSERT_EQ(0, region_revoke(c.fd));
		pthread_join(c.thread, NULL);
		EXPECT_EQ(ENODEV, c.error);
		close(c.ep[0]);
		close(c.ep[1]);
		close(c.fd);
	}
}

TEST_HARNESS_MAIN
