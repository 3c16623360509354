// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer leaves an impossible position under its name: neither the producer nor
 * the next consumer takes it, and a start that is said repairs the name.
 */
#include "named_test.h"

/* Leave @pos under the name, which keeps @keep_ns, in a ring with some records. */
static int leave(FIXTURE_DATA(ring) *self, uint64_t keep_ns, uint64_t pos)
{
	int error = endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER);

	if (!error)
		error = attach_named(&self->c, self->fd, CONSUMER, "a", keep_ns);
	if (error)
		return error;
	if (!put_records(self, 10))
		return EIO;
	ring_take(&self->c, self->buf, sizeof(self->buf));
	self->c.c->pos = pos;
	self->c.c->seq = 77;
	endpoint_detach(&self->c);
	return 0;
}

static void check(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		  uint64_t keep_ns, uint64_t pos)
{
	const struct mmapshare_ring_attach_args at = named_args("a", 0, 3);

	ASSERT_EQ(0, leave(self, keep_ns, pos));
	EXPECT_EQ(EBADMSG, refuse_named(self->fd, CONSUMER, "a", 0));
	EXPECT_EQ(EBADMSG, refuse_named(self->fd, EXISTING, "a", 0));
	EXPECT_EQ(MMAPSHARE_RING_NAME_CORRUPT,
		  (unsigned int)name_state(self->fd, "a") & ~MMAPSHARE_RING_NAME_KEEPS);
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	/* a start that fails repairs nothing */
	EXPECT_EQ(ERANGE, refuse_named(self->fd, SEQ, "a", 11));
	EXPECT_EQ(EBADMSG, refuse_named(self->fd, CONSUMER, "a", 0));
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, SEQ, &at));
	EXPECT_RECORD(self, &self->c, 3, LENGTH);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_TRUE(is_resumed(&self->c));
	EXPECT_RECORD(self, &self->c, 4, LENGTH);
	endpoint_detach(&self->c);
	EXPECT_EQ(0, remove_name(self->fd, "a"));
	endpoint_detach(&self->p);
	ASSERT_EQ(0, make_ring(self, 0));
}

static const uint64_t bad_positions[] = {
	4, STEP + 1, STEP + 8, 11 * STEP, RING_SIZE, 1ULL << 62, ~0ULL,
};

TEST_F(ring, keeps_all)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_positions); i++)
		check(_metadata, self, MMAPSHARE_RING_KEEP_ALL, bad_positions[i]);
}

TEST_F(ring, keeps_nothing)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_positions); i++)
		check(_metadata, self, 0, bad_positions[i]);
}

/* The producer that finds the position does not wait for the name. */
TEST_F(ring, producer)
{
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", MMAPSHARE_RING_KEEP_ALL));
	fill_ring(self);
	self->c.c->pos = 1ULL << 40;
	endpoint_detach(&self->c);
	EXPECT_EQ(EPIPE, endpoint_wait(&self->p, 60 * SECOND));
	EXPECT_EQ(0ULL, self->p.ring->consumers);
	EXPECT_EQ(MMAPSHARE_RING_NAME_CORRUPT, (unsigned int)name_state(self->fd, "a"));
	endpoint_detach(&self->p);
}

/* A sequence number or a number of losses is not believed. */
TEST_F(ring, statistics)
{
	ASSERT_EQ(0, leave(self, MMAPSHARE_RING_KEEP_ALL, 2 * STEP));
	ASSERT_EQ(0, attach_named(&self->c, self->fd, CONSUMER, "a", 0));
	EXPECT_EQ(2ULL, self->c.seq);
	EXPECT_RECORD(self, &self->c, 2, LENGTH);
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
}

TEST_HARNESS_MAIN
