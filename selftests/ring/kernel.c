// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer and as consumer, in the example module: a timer
 * commits records in interrupt context, a workqueue takes commands.
 */
#include "daq_test.h"
#include "failure_test.h"
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
	self->samples = open(DAQ, O_RDWR | O_CLOEXEC);
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
	/* a failed test may have left it loaded */
	unload_daq();
	error = load_daq(variant->params);
	if (error == ENOENT)
		SKIP(return, "needs mmapshare_daq.ko");
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

/* Wait for the next record. Returns NULL if that fails or it is malformed. */
static struct daq_record *daq_next_record(FIXTURE_DATA(daq) *self)
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
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_CHANNELS, 3));
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_COUNT, 5));
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	for (n = 0; n < 500; n++) {
		const struct daq_record *record = daq_next_record(self);

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
 * The consumer stalls while the device commits more than the ring can hold. It
 * knows exactly where how many records are missing: in an overwriting ring it lost
 * them, in a lossless ring the producer dropped them.
 */
TEST_F(daq, losses)
{
	uint64_t taken = 0, last, dropped;

	ASSERT_TRUE(daq_send_command(&self->p, DAQ_BURST, 100));
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	for (; taken < 5000; taken++) {
		const struct daq_record *record = daq_next_record(self);

		ASSERT_NE(NULL, record);
		ASSERT_EQ(record->sequence, taken + self->c.lost);
		if (!(taken % 1000))
			sleep_ns(50 * MS);
	}
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 0));
	daq_wait_for_release(&self->p);
	while (ring_take(&self->c, self->buf, sizeof(self->buf)) > 0)
		taken++;
	dropped = self->c.p->dropped;
	last = ((struct daq_record *)self->buf)->sequence;
	EXPECT_LT(0ULL, self->c.lost);
	EXPECT_EQ(last + 1, taken + self->c.lost);
	if (variant->overwrite)
		EXPECT_EQ(0ULL, dropped);
	EXPECT_LE(variant->overwrite ? 0 : self->c.lost, dropped);
	/* those that were dropped after the last record */
	EXPECT_EQ(self->c.p->seq, taken + self->c.lost +
		  (endpoint_record(&self->c, self->c.pos)->seq - (uint32_t)self->c.seq));
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

static short poll_endpoint(struct endpoint *ep)
{
	struct pollfd pfd = { .fd = ep->fd, .events = POLLIN | POLLOUT };

	return poll(&pfd, 1, 0) < 0 ? -1 : pfd.revents;
}

/* The module is unloaded: the consumer gets what was committed, then EPIPE. */
TEST_F(daq, unload)
{
	pid_t pid;
	int status;

	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next_record(self));
	pid = fork();
	if (!pid) {
		while (daq_next_record(self))
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
	/* without a consumer, POLLOUT as long as space is free, then EPIPE */
	EXPECT_EQ(POLLOUT, poll_endpoint(&self->p));
	while (daq_send_command(&self->p, DAQ_RATE, 1))
		;
	self->p.p->wake_bytes = 16;
	EXPECT_EQ(EPIPE, endpoint_wait(&self->p, NO_TIMEOUT));
	EXPECT_EQ(POLLHUP, poll_endpoint(&self->p));
	/* the module can be loaded again while its old rings are in use */
	EXPECT_EQ(0, load_daq(variant->params));
}

/* The memory of a page of each ring fails while the device runs. */
TEST_F(daq, memory_failure)
{
	const size_t page = sysconf(_SC_PAGESIZE);

	if (no_failures(self->c.data))
		SKIP(return, "%s", no_failures(self->c.data));
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next_record(self));
	ASSERT_EQ(0, fail_page(self->c.data + page, page, true));
	EXPECT_EQ(EIO, endpoint_wait(&self->c, NO_TIMEOUT));
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->c));
	ASSERT_EQ(0, fail_page(self->p.data, page, true));
	EXPECT_EQ(EIO, endpoint_wait(&self->p, NO_TIMEOUT));
	EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->p));
}

/* The names are destroyed and the rings revoked while the device runs. */
TEST_F(daq, destroyed)
{
	int control = open(DEVICE, O_RDWR | O_CLOEXEC);

	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next_record(self));
	EXPECT_EQ(0, region_destroy(control, "daq"));
	ASSERT_NE(NULL, daq_next_record(self));
	EXPECT_EQ(0, region_revoke(self->samples));
	EXPECT_EQ(ENODEV, endpoint_wait(&self->c, NO_TIMEOUT));
	EXPECT_EQ(0, region_destroy_revoke(control, "daq-control"));
	EXPECT_EQ(ENODEV, endpoint_notify(&self->p));
	sleep_ns(20 * MS);
	EXPECT_EQ(0, unload_daq());
	close(control);
}

/*
 * Wait until the workqueue has read what the producer stored: RING_WAIT then
 * fails with EBADMSG. Before, it returns 0, because space is free.
 */
static bool daq_wait_for_ebadmsg(struct endpoint *p)
{
	int64_t end = now() + 10 * SECOND;

	while (!endpoint_wait(p, 0) && now() < end)
		sleep_ns(MS);
	return endpoint_wait(p, 0) == EBADMSG;
}

/* The kernel treats a producer that stores invalid values as detached. */
TEST_F(daq, corrupt_producer)
{
	static const uint64_t positions[] = {
		9, 12, 4096 + 8, 8192, 1ULL << 32, 1ULL << 63, -8ULL, -1ULL, 1
	};
	static const uint32_t lengths[] = {
		9, 17, 4096, 1 << 20, MMAPSHARE_RECORD_LENGTH,
		MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_LENGTH,
		MMAPSHARE_RECORD_BUSY | 8
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
		EXPECT_TRUE(daq_wait_for_ebadmsg(&self->p)) TH_LOG("%zu", i);
		EXPECT_EQ(POLLERR | POLLHUP, poll_endpoint(&self->p));
		endpoint_detach(&self->p);
		/* the next producer begins at the kernel's position */
		ASSERT_EQ(0, endpoint_attach(&self->p, self->control,
					     MMAPSHARE_RING_ATTACH_PRODUCER));
		EXPECT_EQ(base, self->p.pos);
		ASSERT_TRUE(daq_send_command(&self->p, DAQ_CHANNELS, i % 16 + 1));
		daq_wait_for_release(&self->p);
	}
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next_record(self));
	EXPECT_EQ((int)((i - 1) % 16 + 1), ((struct daq_record *)self->buf)->channels);
}

/*
 * A producer moves its position back before records that the kernel has
 * released, and detaches before the kernel reads it. The next producer is not
 * treated as corrupt, whether it attaches before or after the kernel reads.
 */
TEST_F(daq, position_moved_back)
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
		ASSERT_TRUE(daq_send_command(&self->p, DAQ_CHANNELS, i % 16 + 1));
		daq_wait_for_release(&self->p);
	}
}

/* Unknown commands, and records whose length is not that of a command. */
TEST_F(daq, invalid_commands)
{
	uint32_t n;

	for (n = 0; n < 2000; n++) {
		while (!(n % 3 ? daq_send_command(&self->p, n * 2654435761U, n * 40503U << 16) :
				 ring_put(&self->p, n % 500)))
			ASSERT_EQ(0, endpoint_wait(&self->p, 10 * SECOND));
	}
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 1000));
	ASSERT_NE(NULL, daq_next_record(self));
}

/* A consumer with an invalid position does not block the other consumer. */
TEST_F(daq, corrupt_consumer)
{
	struct endpoint bad;
	int n;

	ASSERT_EQ(0, endpoint_attach(&bad, self->samples, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_TRUE(daq_send_command(&self->p, DAQ_RATE, 2000));
	ASSERT_NE(NULL, daq_next_record(self));
	bad.c->pos = 3;
	for (n = 0; n < 2000; n++)
		ASSERT_NE(NULL, daq_next_record(self));
	/* an overwriting producer reads no cursors: @bad is attached */
	EXPECT_EQ(variant->overwrite ? 3ULL : 1ULL, self->c.ring->consumers);
	EXPECT_EQ(EBADMSG, endpoint_wait(&bad, NO_TIMEOUT));
	endpoint_detach(&bad);
}

TEST_HARNESS_MAIN
