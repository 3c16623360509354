// SPDX-License-Identifier: GPL-2.0
/* Tracepoints of rings: attach, detach, wait and notify have one event each. */
#include "daq_test.h"
#include "trace_test.h"

FIXTURE(trace)
{
	struct device dev;
	struct tracer tracer;
	char name[32];
	unsigned int region;
	int ring;
};

static unsigned int region_id(int fd)
{
	struct mmapshare_info info;

	return device_info(fd, &info) ? 0 : info.id;
}

/* The ring has a name, because only events of named regions show an id. */
FIXTURE_SETUP(trace)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	TRACE_SKIP();
	snprintf(self->name, sizeof(self->name), "trace.%d", getpid());
	self->ring = ring_create_as(self->dev.fd, self->name, 4096, MMAPSHARE_RING, 2);
	ASSERT_LE(0, self->ring);
	self->region = region_id(self->ring);
	ASSERT_NE(0U, self->region);
	ASSERT_TRUE(trace_begin(&self->tracer));
}

FIXTURE_TEARDOWN(trace)
{
	trace_end(&self->tracer);
	region_destroy(self->dev.fd, self->name);
	close(self->ring);
	close(self->dev.fd);
}

static int attach(int ring, uint32_t flags)
{
	struct mmapshare_ring_attach_args at;

	return ring_attach(ring, flags, &at);
}

TEST_F(trace, attach_and_detach)
{
	int p, c;

	p = attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER);
	ASSERT_LE(0, p);
	EXPECT_EVENT("ring_attach", "region=%u producer=0 position=0 ret=0", self->region);
	EXPECT_EQ(-EBUSY, attach(self->ring, MMAPSHARE_RING_ATTACH_PRODUCER));
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
	char record[8];
	struct endpoint p, c;

	ASSERT_EQ(0, endpoint_attach(&p, self->ring, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&c, self->ring, MMAPSHARE_RING_ATTACH_CONSUMER));
	trace_take(&self->tracer, "ring_attach");
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&c, 1000));
	EXPECT_EVENT("ring_wait", "region=%u consumer=0 position=0 ret=%d", self->region,
		     -ETIMEDOUT);
	ASSERT_TRUE(ring_put(&p, sizeof(record)));
	trace_take(&self->tracer, "ring_notify");
	EXPECT_EQ(0, endpoint_wait(&p, 1000));
	EXPECT_EVENT("ring_wait", "region=%u producer=0 position=16 ret=0", self->region);
	EXPECT_EQ(0, endpoint_notify(&p));
	EXPECT_EVENT("ring_notify", "region=%u producer=0 position=16 ret=0", self->region);
	EXPECT_EQ(8, ring_take(&c, record, sizeof(record)));
	EXPECT_EQ(0, endpoint_notify(&c));
	EXPECT_EVENT("ring_notify", "region=%u consumer=0 position=16 ret=0", self->region);
	endpoint_detach(&c);
	trace_take(&self->tracer, "ring_detach");
	endpoint_detach(&p);
	EXPECT_EVENT("ring_detach", "region=%u producer=0 position=16 ret=0", self->region);
}

/* The ring_detach event of a corrupt consumer has ret=-EBADMSG. */
TEST_F(trace, corrupt_consumer)
{
	struct endpoint p, c;

	ASSERT_EQ(0, endpoint_attach(&p, self->ring, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&c, self->ring, MMAPSHARE_RING_ATTACH_CONSUMER));
	c.c->pos = 1 << 20;
	EXPECT_EQ(0, endpoint_wait(&p, 1000));
	trace_take(&self->tracer, "ring_wait");
	endpoint_detach(&c);
	EXPECT_EVENT("ring_detach", "region=%u consumer=0 position=%d ret=%d", self->region,
		     1 << 20, -EBADMSG);
	endpoint_detach(&p);
}

/* @c and @p are the peers of the kernel's producer and consumer endpoints. */
FIXTURE(kernel)
{
	struct tracer tracer;
	unsigned int region, control_region;
	struct endpoint c, p;
};

FIXTURE_SETUP(kernel)
{
	struct device dev;
	int fd;

	DEVICE_OPEN(&dev, O_RDWR);
	close(dev.fd);
	TRACE_SKIP();
	if (geteuid() || !getenv("MMAPSHARE_KO"))
		SKIP(return, "needs root, and MMAPSHARE_KO");
	unload_daq();
	fd = load_daq("size=65536");
	if (fd == ENOENT)
		SKIP(return, "needs mmapshare_daq.ko");
	ASSERT_EQ(0, fd);
	fd = open(DAQ, O_RDONLY | O_CLOEXEC);
	self->region = region_id(fd);
	ASSERT_EQ(0, endpoint_attach(&self->c, fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	close(fd);
	fd = open(DAQ "-control", O_RDWR | O_CLOEXEC);
	self->control_region = region_id(fd);
	ASSERT_EQ(0, endpoint_attach(&self->p, fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	close(fd);
	ASSERT_NE(self->region, self->control_region);
	ASSERT_TRUE(trace_begin(&self->tracer));
}

FIXTURE_TEARDOWN(kernel)
{
	trace_end(&self->tracer);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	EXPECT_EQ(0, unload_daq());
}

/* With one record a second the consumer sleeps before each. */
TEST_F(kernel, producer)
{
	char record[4096];

	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1));
	ASSERT_EQ(0, endpoint_wait(&self->c, 10 * SECOND));
	ASSERT_LT(0, ring_take(&self->c, record, sizeof(record)));
	daq_wait_for_release(&self->p);
	trace_take(&self->tracer, "ring_notify");
	EXPECT_EQ(0, endpoint_wait(&self->c, 10 * SECOND));
	EXPECT_EVENT("ring_notify", "region=%u producer=0 position=%llu ret=0", self->region,
		     (unsigned long long)self->c.p->pos);
}

/* Fill the ring without calling RING_NOTIFY. */
static void fill_ring(struct endpoint *p)
{
	while (ring_reserve(p, sizeof(struct daq_command))) {
		p->pos += 16;
		__atomic_store_n(&p->p->pos, p->pos, __ATOMIC_RELEASE);
	}
}

/*
 * The kernel notifies a producer that waits for free space. It does so again if
 * it releases more before the producer has been woken.
 */
TEST_F(kernel, consumer)
{
	int status;
	pid_t pid;

	if (kernel_is_uml())
		SKIP(return, "User-mode Linux runs irq_work at a tick, maybe after the wait");
	daq_wait_for_release(&self->p);
	fill_ring(&self->p);
	self->p.p->wake_bytes = 16;
	pid = fork();
	if (!pid)
		_exit(endpoint_wait(&self->p, 10 * SECOND));
	EXPECT_TRUE(falls_asleep(pid));
	trace_take(&self->tracer, "ring_wait");
	EXPECT_EQ(0, endpoint_notify(&self->p));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	daq_wait_for_release(&self->p);
	/* the first event is endpoint_notify()'s, the last the kernel's */
	EXPECT_LE(2, trace_take(&self->tracer, "ring_notify"));
	snprintf(self->tracer.want, sizeof(self->tracer.want),
		 "region=%u consumer=0 position=", self->control_region);
	self->tracer.text[strlen(self->tracer.want)] = '\0';
	EXPECT_STREQ(self->tracer.want, self->tracer.text);
}

TEST_HARNESS_MAIN
