// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer of a lossless ring that may lose records: it does not hold back the
 * producer, and releases nothing.
 */
#include "ring_test.h"

#define CONSUMER	MMAPSHARE_RING_ATTACH_CONSUMER
#define MAY_LOSE	(CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE)

#define LENGTH		104
#define CAPACITY	((RING_SIZE - 8) / 112)

TEST_F(ring, flags)
{
	struct mmapshare_ring_attach_args at;

	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER |
				       MMAPSHARE_RING_ATTACH_MAY_LOSE, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_MAY_LOSE, &at));
}

/* Such a consumer has a cursor; its bit is in @may_lose, not in @consumers. */
TEST_F(ring, shown)
{
	struct endpoint reader;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd, MAY_LOSE));
	EXPECT_EQ(1, (int)reader.at.cursor);
	EXPECT_EQ(1ULL, reader.ring->consumers);
	EXPECT_EQ(2ULL, reader.ring->may_lose);
	endpoint_detach(&reader);
	EXPECT_EQ(0ULL, self->p.ring->may_lose);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * All consumers of an overwriting ring may lose records: the flag is ignored.
 */
TEST_F(ring, overwriting)
{
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MAY_LOSE));
	EXPECT_EQ(1ULL, self->c.ring->consumers);
	EXPECT_EQ(0ULL, self->c.ring->may_lose);
	endpoint_detach(&self->c);
}

/*
 * The consumer does not hold back the producer, and knows how many records it
 * has lost.
 */
TEST_F(ring, holds_back_nothing)
{
	struct endpoint reader;
	uint64_t n;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd, MAY_LOSE));
	for (n = 0; n < 3 * CAPACITY; n++) {
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
		EXPECT_RECORD(self, &self->c, n, LENGTH);
	}
	EXPECT_LT(0, ring_take(&reader, self->buf, sizeof(self->buf)));
	EXPECT_TRUE(same_bytes(self->buf, LENGTH, 0, reader.seq - 1));
	EXPECT_LE(n - CAPACITY, reader.seq - 1);
	EXPECT_EQ(reader.seq - 1, reader.lost);
	while (ring_take(&reader, self->buf, sizeof(self->buf)) > 0)
		EXPECT_TRUE(same_bytes(self->buf, LENGTH, 0, reader.seq - 1));
	EXPECT_EQ(n, reader.seq);
	endpoint_detach(&reader);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Records that only such a consumer has read are retained for the next one. */
TEST_F(ring, takes_nothing)
{
	uint64_t n;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	for (n = 0; ring_put(&self->p, LENGTH); n++)
		;
	EXPECT_EQ(CAPACITY, n);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MAY_LOSE));
	for (n = 0; n < CAPACITY; n++)
		EXPECT_RECORD(self, &self->c, n, LENGTH);
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	endpoint_detach(&self->c);
	EXPECT_FALSE(ring_put(&self->p, LENGTH));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, CONSUMER));
	for (n = 0; n < CAPACITY; n++)
		EXPECT_RECORD(self, &self->c, n, LENGTH);
	EXPECT_TRUE(ring_put(&self->p, LENGTH));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * Such a consumer begins with the oldest record that another consumer needs;
 * with LATEST, with the next one that is published.
 */
TEST_F(ring, first_record)
{
	struct endpoint reader;
	int i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < 3; i++)
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd, MAY_LOSE));
	EXPECT_RECORD(self, &reader, 1, LENGTH);
	endpoint_detach(&reader);
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd,
				     MAY_LOSE | MMAPSHARE_RING_ATTACH_LATEST));
	EXPECT_EQ(-1, ring_take(&reader, self->buf, sizeof(self->buf)));
	ASSERT_TRUE(ring_put(&self->p, LENGTH));
	EXPECT_RECORD(self, &reader, 3, LENGTH);
	endpoint_detach(&reader);
	/*
	 * that other consumer's position is inside a record: begin at the
	 * oldest one
	 */
	self->c.c->pos += 8;
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd, MAY_LOSE));
	EXPECT_RECORD(self, &reader, 0, LENGTH);
	endpoint_detach(&reader);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * A producer without space gets EPIPE once all consumers that hold it back have
 * detached, although one that may lose is attached.
 */
TEST_F(ring, not_counted)
{
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MAY_LOSE));
	while (ring_put(&self->p, LENGTH))
		;
	self->p.p->wake_bytes = LENGTH;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 0));
	endpoint_detach(&self->c);
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->p, 0));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, CONSUMER));
	endpoint_detach(&self->c);
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MAY_LOSE));
	EXPECT_EQ(EPIPE, endpoint_wait(&self->p, 60 * SECOND));
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Any value that such a consumer stores to its cursor harms only itself. */
TEST_F(ring, any_position)
{
	static const uint64_t positions[] = { 4, 8, RING_SIZE, 1ULL << 63, -8ULL };
	struct endpoint reader;
	uint64_t n = 0;
	size_t i;

	RING_ATTACH_BOTH(self);
	ASSERT_EQ(0, endpoint_attach(&reader, self->fd, MAY_LOSE));
	for (i = 0; i < ARRAY_SIZE(positions); i++) {
		int j;

		reader.c->pos = positions[i];
		for (j = 0; j < 1000; j++, n++) {
			ASSERT_TRUE(ring_put(&self->p, LENGTH));
			EXPECT_RECORD(self, &self->c, n, LENGTH);
			if (!(j % 100))
				endpoint_notify(&reader);
		}
		EXPECT_EQ(0, endpoint_wait(&self->p, 0));
	}
	reader.c->pos = 4;
	EXPECT_EQ(EBADMSG, endpoint_wait(&reader, 60 * SECOND));
	reader.c->pos = self->p.p->pos;
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&reader, 0));
	EXPECT_EQ(ETIMEDOUT, endpoint_wait(&self->c, 0));
	endpoint_detach(&reader);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

static int wait_for_record(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;

	return endpoint_wait(&self->c, 60 * SECOND);
}

/* Such a consumer is woken like any other. */
TEST_F(ring, woken)
{
	pid_t pid;
	int status;

	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MAY_LOSE));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(wait_for_record(self));
	}
	while (!self->p.ring->consumer_wake_pos)
		sleep_ns(MS);
	EXPECT_TRUE(ring_put(&self->p, LENGTH));
	EXPECT_EQ(1UL, self->p.calls);
	EXPECT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	endpoint_detach(&self->p);
	EXPECT_EQ(0, endpoint_wait(&self->c, 0));
	EXPECT_RECORD(self, &self->c, 0, LENGTH);
	EXPECT_EQ(EPIPE, endpoint_wait(&self->c, 0));
	endpoint_detach(&self->c);
}

TEST_HARNESS_MAIN
