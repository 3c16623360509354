// SPDX-License-Identifier: GPL-2.0
/* Rings have a tracepoint for each thing that takes a system call, and no other. */
#include "trace_test.h"

FIXTURE(trace)
{
	struct device dev;
	struct tracer tracer;
	unsigned int region;
	int ring;
};

static int create_ring(int control)
{
	struct mmapshare_create create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC,
		.region_size = 4096,
		.ring = MMAPSHARE_RING,
		.consumers = 2,
	};

	return ioctl(control, MMAPSHARE_IOC_CREATE, &create);
}

static unsigned int region_number(int fd)
{
	struct mmapshare_info info = { .size = sizeof(info) };

	return ioctl(fd, MMAPSHARE_IOC_INFO, &info) ? 0 : info.id;
}

FIXTURE_SETUP(trace)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	TRACE_SKIP();
	self->ring = create_ring(self->dev.fd);
	ASSERT_LE(0, self->ring);
	self->region = region_number(self->ring);
	ASSERT_TRUE(trace_begin(&self->tracer));
}

FIXTURE_TEARDOWN(trace)
{
	trace_end(&self->tracer);
	close(self->ring);
	close(self->dev.fd);
}

static int attach(int ring, uint32_t flags)
{
	struct mmapshare_ring_attach at = { .size = sizeof(at), .flags = flags };

	return ioctl(ring, MMAPSHARE_IOC_RING_ATTACH, &at);
}

static int wait_a_little(int part)
{
	struct mmapshare_ring_wait wait = { .size = sizeof(wait), .timeout = 1000 };

	return ioctl(part, MMAPSHARE_IOC_RING_WAIT, &wait) ? errno : 0;
}

static int notify(int part)
{
	struct mmapshare_ring_notify notify = { .size = sizeof(notify) };

	return ioctl(part, MMAPSHARE_IOC_RING_NOTIFY, &notify) ? errno : 0;
}

TEST_F(trace, attach_and_detach)
{
	int p, c;

	p = attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER);
	ASSERT_LE(0, p);
	EXPECT_EVENT("ring_attach", "region=%u producer=0 position=0 ret=0", self->region);
	EXPECT_EQ(-1, attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER));
	EXPECT_EVENT("ring_attach", "region=%u producer=0 position=0 ret=%d", self->region,
		     -EBUSY);
	EXPECT_LE(0, attach(self->ring, MMAPSHARE_RING_ATTACH_CONSUMER));
	c = attach(self->ring, MMAPSHARE_RING_ATTACH_CONSUMER);
	ASSERT_LE(0, c);
	EXPECT_EQ(2, trace_take(&self->tracer, "ring_attach"));
	close(c);
	EXPECT_EVENT("ring_detach", "region=%u consumer=1 position=0 ret=0", self->region);
	close(p);
	EXPECT_EVENT("ring_detach", "region=%u producer=0 position=0 ret=0", self->region);
}

TEST_F(trace, wait_and_notify)
{
	int p = attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER);
	int c = attach(self->ring, MMAPSHARE_RING_ATTACH_CONSUMER);

	ASSERT_LE(0, p);
	ASSERT_LE(0, c);
	trace_take(&self->tracer, "ring_attach");
	EXPECT_EQ(ETIMEDOUT, wait_a_little(c));
	EXPECT_EVENT("ring_wait", "region=%u consumer=0 position=0 ret=%d", self->region,
		     -ETIMEDOUT);
	EXPECT_EQ(0, wait_a_little(p));
	EXPECT_EVENT("ring_wait", "region=%u producer=0 position=0 ret=0", self->region);
	EXPECT_EQ(0, notify(p));
	EXPECT_EVENT("ring_notify", "region=%u producer=0 position=0 ret=0", self->region);
	close(p);
	close(c);
}

/* Who has stored what cannot be is known by it. */
TEST_F(trace, nonsense)
{
	struct mmapshare_ring_attach at = {
		.size = sizeof(at),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER,
	};
	struct mmapshare_ring_cursor *cursor;
	int p = attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER);
	int c = ioctl(self->ring, MMAPSHARE_IOC_RING_ATTACH, &at);

	ASSERT_LE(0, c);
	cursor = mmap(NULL, at.own_size, PROT_READ | PROT_WRITE, MAP_SHARED, c,
		      at.own_offset);
	ASSERT_NE(MAP_FAILED, cursor);
	cursor->position = 1 << 20;
	EXPECT_EQ(0, wait_a_little(p));
	munmap(cursor, at.own_size);
	trace_take(&self->tracer, "ring_wait");
	close(c);
	EXPECT_EVENT("ring_detach", "region=%u consumer=0 position=%d ret=%d", self->region,
		     1 << 20, -EBADMSG);
	close(p);
}

TEST_HARNESS_MAIN
