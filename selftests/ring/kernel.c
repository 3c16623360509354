// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer and as consumer, by way of the example module: a timer
 * makes records in interrupt context, a workqueue takes commands.
 */
#include "daq_test.h"
#include <poll.h>

FIXTURE(daq) {
	int samples, control;
	struct endpoint c, p;
	char buf[RECORD_MAX];
};

FIXTURE_VARIANT(daq) {
	const char *params;
	bool overwrite;
};

FIXTURE_VARIANT_ADD(daq, overwrite) { .params = "size=65536", .overwrite = true };
FIXTURE_VARIANT_ADD(daq, lossless) { .params = "size=65536 overwrite=0" };

static bool daq_open(FIXTURE_DATA(daq) *self)
{
	self->samples = open(DAQ, O_RDONLY | O_CLOEXEC);
	self->control = open(DAQ "-control", O_WRONLY | O_CLOEXEC);
	return self->samples >= 0 && self->control >= 0 &&
	       !endpoint_attach(&self->c, self->samples, MMAPSHARE_RING_ATTACH_CONSUMER) &&
	       !endpoint_attach(&self->p, self->control, MMAPSHARE_RING_ATTACH_PRODUCER);
}

FIXTURE_SETUP(daq)
{
	struct device dev;
	int error;

	DEVICE_OPEN(&dev, O_RDWR);
	close(dev.fd);
	if (geteuid() || !getenv("MMAPSHARE_KO"))
		SKIP(return, "needs root, and MMAPSHARE_KO");
	/* what a test has left that failed */
	unload_daq();
	error = load_daq(variant->params);
	if (error == ENOENT)
		SKIP(return, "there is no mmapshare_daq.ko");
	ASSERT_EQ(0, error);
	ASSERT_TRUE(daq_open(self));
}

FIXTURE_TEARDOWN(daq)
{
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
	close(self->samples);
	close(self->control);
	unload_daq();
	EXPECT_EQ(-1, access(DAQ, F_OK));
}

/* The next record, for which it waits. */
static struct daq_record *daq_next(FIXTURE_DATA(daq) *self)
{
	for (;;) {
		int length = ring_take(&self->c, self->buf, sizeof(self->buf));
		struct daq_record *record = (void *)self->buf;

		if (length >= (int)sizeof(*record) &&
		    length == (int)sizeof(*record) + 2 * record->channels * record->count)
			return record;
		if (length != -1 || endpoint_wait(&self->c, 10 * SECOND))
			return NULL;
	}
}

TEST_F(daq, records)
{
	uint64_t sequence = 0, time = 0;
	int n, i;

	EXPECT_EQ(MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_PRODUCER |
		  (variant->overwrite ? MMAPSHARE_RING_OVERWRITE : 0), self->c.ring->flags);
	ASSERT_TRUE(daq_tell(&self->p, DAQ_CHANNELS, 3));
	ASSERT_TRUE(daq_tell(&self->p, DAQ_COUNT, 5));
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	for (n = 0; n < 500; n++) {
		const struct daq_record *record = daq_next(self);

		ASSERT_NE(NULL, record);
		EXPECT_EQ(sequence + self->c.lost, record->sequence);
		sequence++;
		EXPECT_LT(time, record->time);
		time = record->time;
		EXPECT_EQ(1000000U / 5, record->period);
		EXPECT_EQ(3, record->channels);
		ASSERT_EQ(5, record->count);
		for (i = 0; i < 15; i++)
			EXPECT_EQ((int16_t)(((record->sequence * 5 + i / 3) *
					     (i % 3 + 1) << 8) - 0x8000),
				  record->samples[i]);
	}
}

/*
 * Who sleeps while there are too many: in an overwrite ring he knows how many he
 * missed; in a lossless one nothing of what went in is missing.
 */
TEST_F(daq, losses)
{
	uint64_t seen = 0, last = 0, dropped;

	ASSERT_TRUE(daq_tell(&self->p, DAQ_BURST, 100));
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	for (; seen < 5000; seen++) {
		const struct daq_record *record = daq_next(self);

		ASSERT_NE(NULL, record);
		ASSERT_TRUE(variant->overwrite ? seen + self->c.lost == record->sequence :
						 !seen || last < record->sequence);
		last = record->sequence;
		if (!(seen % 1000))
			sleep_ns(50 * MS);
	}
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 0));
	daq_told(&self->p);
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) > 0)
		seen++;
	dropped = self->c.p->dropped;
	last = ((struct daq_record *)self->buf)->sequence;
	if (variant->overwrite) {
		EXPECT_LT(0ULL, self->c.lost);
		EXPECT_EQ(0ULL, dropped);
		EXPECT_EQ(last + 1, seen + self->c.lost);
	} else {
		EXPECT_LT(0ULL, dropped);
		EXPECT_EQ(0ULL, self->c.lost);
	}
	EXPECT_EQ(self->c.p->seq, seen + self->c.lost);
}

TEST_F(daq, roles)
{
	struct mmapshare_ring_attach_args at;
	int fd = open(DAQ, O_RDWR | O_CLOEXEC), control = open(DAQ "-control", O_RDWR | O_CLOEXEC);

	EXPECT_EQ(-EBUSY, ring_attach(fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	EXPECT_EQ(-EBUSY, ring_attach(control, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	EXPECT_EQ(-EBUSY, ring_attach(control, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	close(fd);
	close(control);
}

static short poll_of(struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* The module goes first: what was committed is there, then nothing more is. */
TEST_F(daq, unload)
{
	pid_t pid;
	int status;

	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next(self));
	pid = fork();
	if (!pid) {
		while (daq_next(self))
			;
		_exit(endpoint_wait(&self->c, 0) == EPIPE ? 0 : 1);
	}
	sleep_ns(50 * MS);
	EXPECT_EQ(0, unload_daq());
	EXPECT_EQ(-1, access(DAQ, F_OK));
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_DETACHED, (int)self->c.ring->producer_state);
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	/* there is room; without, nobody makes any */
	EXPECT_EQ(POLLOUT, poll_of(&self->p));
	while (daq_tell(&self->p, DAQ_RATE, 1))
		;
	self->p.p->wake_bytes = 16;
	EXPECT_EQ(EPIPE, endpoint_wait(&self->p, FOREVER));
	EXPECT_EQ(POLLHUP, poll_of(&self->p));
	/* another one has nothing to do with this one */
	EXPECT_EQ(0, load_daq(variant->params));
}

/* The name, or all of it, is taken away while it runs. */
TEST_F(daq, destroyed)
{
	int control = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next(self));
	EXPECT_EQ(0, region_destroy(control, "daq"));
	ASSERT_NE(NULL, daq_next(self));
	EXPECT_EQ(0, region_revoke(self->samples));
	EXPECT_EQ(ENODEV, endpoint_wait(&self->c, FOREVER));
	EXPECT_EQ(0, region_destroy_revoke(control, "daq-control"));
	EXPECT_EQ(ENODEV, endpoint_notify(&self->p));
	sleep_ns(20 * MS);
	EXPECT_EQ(0, unload_daq());
	close(control);
}

/* There is room, until the workqueue has seen what there is. */
static bool daq_disbelieves(struct endpoint *p)
{
	int64_t end = now() + 10 * SECOND;

	while (!endpoint_wait(p, 0) && now() < end)
		sleep_ns(MS);
	return endpoint_wait(p, 0) == EBADMSG;
}

/* Positions and lengths that cannot be: the kernel is through with that producer. */
TEST_F(daq, hostile_producer)
{
	static const uint64_t positions[] = {
		9, 12, 4096 + 8, 8192, 1ULL << 32, 1ULL << 63, -8ULL, -1ULL, 1
	};
	static const uint32_t lengths[] = {
		9, 17, 4096, 1 << 20, MMAPSHARE_RECORD_LENGTH,
		MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_LENGTH
	};
	size_t i, n = ARRAY_SIZE(positions);

	for (i = 0; i < n + ARRAY_SIZE(lengths); i++) {
		const uint64_t base = self->p.pos;

		if (i < n) {
			self->p.p->pos += positions[i];
		} else {
			endpoint_record(&self->p, base)->length = lengths[i - n];
			self->p.p->pos += 16;
		}
		endpoint_notify(&self->p);
		EXPECT_TRUE(daq_disbelieves(&self->p)) TH_LOG("%zu", i);
		EXPECT_EQ(POLLERR | POLLHUP, poll_of(&self->p));
		endpoint_detach(&self->p);
		/* the next begins where the kernel is */
		ASSERT_EQ(0, endpoint_attach(&self->p, self->control,
					 MMAPSHARE_RING_ATTACH_PRODUCER));
		EXPECT_EQ(base, self->p.pos);
		ASSERT_TRUE(daq_tell(&self->p, DAQ_CHANNELS, i % 16 + 1));
		daq_told(&self->p);
	}
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next(self));
	EXPECT_EQ((int)((i - 1) % 16 + 1), ((struct daq_record *)self->buf)->channels);
}

/*
 * One that takes back what the kernel has had, and is gone before that looks: the
 * next one is not blamed for it, whichever comes first.
 */
TEST_F(daq, producer_that_went_back)
{
	int i;

	for (i = 0; i < 100; i++) {
		const uint64_t base = self->p.pos;

		self->p.p->pos = base - 16;
		self->p.p->oldest_pos = base - 16;
		endpoint_detach(&self->p);
		ASSERT_EQ(0, endpoint_attach(&self->p, self->control,
					 MMAPSHARE_RING_ATTACH_PRODUCER));
		ASSERT_EQ(base, self->p.pos) TH_LOG("%d", i);
		ASSERT_TRUE(daq_tell(&self->p, DAQ_CHANNELS, i % 16 + 1));
		daq_told(&self->p);
	}
}

/* Commands that are none, and records that are no commands. */
TEST_F(daq, nonsense)
{
	uint32_t n;

	for (n = 0; n < 2000; n++) {
		while (!(n % 3 ? daq_tell(&self->p, n * 2654435761U, n * 40503U << 16) :
				 ring_put(&self->p, n % 500)))
			ASSERT_EQ(0, endpoint_wait(&self->p, 10 * SECOND));
	}
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next(self));
}

/* A consumer's cursor that cannot be does not hold the others up. */
TEST_F(daq, hostile_consumer)
{
	struct endpoint bad;
	int n;

	ASSERT_EQ(0, endpoint_attach(&bad, self->samples, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_TRUE(daq_tell(&self->p, DAQ_RATE, 2000));
	ASSERT_NE(NULL, daq_next(self));
	bad.c->pos = 3;
	for (n = 0; n < 2000; n++)
		ASSERT_NE(NULL, daq_next(self));
	/* in an overwrite ring nobody has looked */
	EXPECT_EQ(variant->overwrite ? 3ULL : 1ULL, self->c.ring->consumers);
	EXPECT_EQ(EBADMSG, endpoint_wait(&bad, FOREVER));
	endpoint_detach(&bad);
}

TEST_HARNESS_MAIN
