// SPDX-License-Identifier: GPL-2.0
/*
 * Memory failure in the records of a ring: the page is accessible neither in the
 * records nor in their mirror, and no endpoint continues. A memfd that is mapped
 * twice in a row shows that the mappings behave as the kernel's own do.
 */
#include "ring_test.h"
#include "failure_test.h"
#include <poll.h>

FIXTURE(twice) {
	struct device dev;
	bool device;
	size_t page;
	int fd;
	struct endpoint p, c;
	char *data[2];		/* each followed by its mirror */
};

FIXTURE_VARIANT(twice) {
	bool device;
};

FIXTURE_VARIANT_ADD(twice, ring) {
	.device = true,
};

FIXTURE_VARIANT_ADD(twice, memfd) {
	.device = false,
};

static bool attach_twice(FIXTURE_DATA(twice) *self)
{
	if (endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER) ||
	    endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER))
		return false;
	self->data[0] = self->p.data;
	self->data[1] = self->c.data;
	return true;
}

static bool map_twice(int fd, char **data)
{
	const int prot = PROT_READ | PROT_WRITE;
	char *p = mmap(NULL, 2 * RING_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*data = p;
	return p != MAP_FAILED &&
	       mmap(p, RING_SIZE, prot, MAP_SHARED | MAP_FIXED, fd, 0) == p &&
	       mmap(p + RING_SIZE, RING_SIZE, prot, MAP_SHARED | MAP_FIXED, fd, 0) ==
	       p + RING_SIZE;
}

FIXTURE_SETUP(twice)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->device = variant->device;
	self->page = self->dev.page;
	self->fd = self->device ? ring_create_as(self->dev.fd, NULL, RING_SIZE,
						 MMAPSHARE_RING, RING_CONSUMERS) :
				  memfd_create("memory_failure_ring", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	if (self->device) {
		ASSERT_TRUE(attach_twice(self));
	} else {
		ASSERT_EQ(0, ftruncate(self->fd, RING_SIZE));
		ASSERT_TRUE(map_twice(self->fd, &self->data[0]));
		ASSERT_TRUE(map_twice(self->fd, &self->data[1]));
	}
	memset(self->data[0], 'm', RING_SIZE);
	if (no_failures(self->data[0]))
		SKIP(return, "%s", no_failures(self->data[0]));
}

FIXTURE_TEARDOWN(twice)
{
	if (self->device) {
		endpoint_detach(&self->p);
		endpoint_detach(&self->c);
	} else {
		munmap(self->data[0], 2 * RING_SIZE);
		munmap(self->data[1], 2 * RING_SIZE);
	}
	close(self->fd);
	close(self->dev.fd);
}

/*
 * Let the page at offset @bad of the records, mapped at @p, fail. It then is
 * accessible in no mapping.
 */
static void fail_and_look(struct __test_metadata *_metadata, FIXTURE_DATA(twice) *self,
			  char *p, size_t bad)
{
	size_t i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ('m', self->data[i][bad]);
		ASSERT_EQ('m', self->data[i][bad + RING_SIZE]);
	}
	ASSERT_EQ(0, fail_page(p, self->page, self->device));
	for (i = 0; i < 2; i++) {
		EXPECT_TRUE(is_refused(self->data[i] + bad));
		EXPECT_TRUE(is_refused(self->data[i] + bad + RING_SIZE));
		/* each other page is as before */
		EXPECT_EQ('m', self->data[i][bad - 1]);
		EXPECT_EQ('m', self->data[i][bad + RING_SIZE + self->page]);
	}
}

TEST_F(twice, records_fail)
{
	const size_t bad = 3 * self->page;

	fail_and_look(_metadata, self, self->data[0] + bad, bad);
}

TEST_F(twice, mirror_fails)
{
	const size_t bad = 5 * self->page;

	fail_and_look(_metadata, self, self->data[1] + bad + RING_SIZE, bad);
}

static void *wait_for_records(void *arg)
{
	return (void *)(long)endpoint_wait(arg, NO_TIMEOUT);
}

static short poll_endpoint(const struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* A page of the records fails while a consumer sleeps. */
TEST_F(ring, endpoints)
{
	struct mmapshare_ring_attach_args at;
	pthread_t thread;
	void *error;

	RING_ATTACH_BOTH(self);
	if (no_failures(self->p.data))
		SKIP(return, "%s", no_failures(self->p.data));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_for_records, &self->c));
	while (!__atomic_load_n(&self->c.ring->consumer_wake_pos, __ATOMIC_RELAXED))
		sleep_ns(MS);
	ASSERT_EQ(0, fail_page(self->p.data + self->dev.page, self->dev.page, true));
	pthread_join(thread, &error);
	EXPECT_EQ(EIO, (int)(long)error);
	EXPECT_EQ(EIO, endpoint_wait(&self->c, 0));
	EXPECT_EQ(EIO, endpoint_wait(&self->p, NO_TIMEOUT));
	EXPECT_EQ(-1, read(self->c.fd, self->buf, sizeof(self->buf)));
	EXPECT_EQ(EIO, errno);
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->c));
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->p));
	EXPECT_EQ(0, endpoint_notify(&self->p));
	EXPECT_EQ(-EIO, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	endpoint_detach(&self->p);
	EXPECT_EQ(-EIO, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	/* the ring can still be revoked */
	EXPECT_EQ(0, region_revoke(self->fd));
	EXPECT_EQ(ENODEV, endpoint_wait(&self->c, 0));
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
