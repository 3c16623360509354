// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer begins at the oldest record, at the next one, or at a sequence
 * number; the generation tells which ring that number belongs to.
 */
#include "ring_test.h"

#define CONSUMER	MMAPSHARE_RING_ATTACH_CONSUMER
#define OLDEST		(CONSUMER | MMAPSHARE_RING_ATTACH_OLDEST)
#define SEQ		(CONSUMER | MMAPSHARE_RING_ATTACH_SEQ)

#define LENGTH		104
#define CAPACITY	((RING_SIZE - 8) / 112)

/* Attach @c at @seq. Returns 0 or an errno. */
static int attach_seq(FIXTURE_DATA(ring) *self, struct endpoint *c, uint32_t flags, uint64_t seq)
{
	const struct mmapshare_ring_attach_args at = { .seq = seq };

	return endpoint_attach_with(c, self->fd, SEQ | flags, &at);
}

/* The errno of an attach at @seq that is to fail. */
static int refuse_seq(FIXTURE_DATA(ring) *self, uint32_t flags, uint64_t seq)
{
	struct mmapshare_ring_attach_args at = { .seq = seq };
	int fd = ring_attach_with(self->fd, SEQ | flags, &at);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

static bool put_records(FIXTURE_DATA(ring) *self, unsigned int n)
{
	while (n--)
		if (!ring_put(&self->p, LENGTH))
			return false;
	return true;
}

TEST_F(ring, invalid)
{
	struct mmapshare_ring_attach_args at = { .seq = 1 };

	EXPECT_EQ(-EINVAL, ring_attach(self->fd, OLDEST | MMAPSHARE_RING_ATTACH_LATEST, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, OLDEST | SEQ, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, SEQ | MMAPSHARE_RING_ATTACH_LATEST, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER |
				       MMAPSHARE_RING_ATTACH_OLDEST, &at));
	EXPECT_EQ(-EINVAL, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER |
				       MMAPSHARE_RING_ATTACH_SEQ, &at));
	at.seq = 1;
	EXPECT_EQ(-EINVAL, ring_attach_with(self->fd, CONSUMER, &at));
}

/* Records that all consumers have released are read again. */
TEST_F(ring, oldest)
{
	struct endpoint again;
	int i;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(put_records(self, 3));
	for (i = 0; i < 3; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	ASSERT_EQ(0, endpoint_attach(&again, self->fd, CONSUMER));
	EXPECT_EQ(3ULL, again.seq);
	endpoint_detach(&again);
	ASSERT_EQ(0, endpoint_attach(&again, self->fd, OLDEST));
	for (i = 0; i < 3; i++)
		EXPECT_RECORD(self, &again, i, LENGTH);
	endpoint_detach(&again);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, seq)
{
	struct endpoint again;
	uint64_t i;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(put_records(self, 5));
	for (i = 0; i <= 5; i++) {
		ASSERT_EQ(0, attach_seq(self, &again, 0, i));
		EXPECT_EQ(i, again.seq);
		EXPECT_EQ(i * 112, again.pos);
		if (i < 5)
			EXPECT_RECORD(self, &again, i, LENGTH);
		endpoint_detach(&again);
	}
	EXPECT_EQ(ERANGE, refuse_seq(self, 0, 6));
	EXPECT_EQ(ERANGE, refuse_seq(self, 0, 1ULL << 40));
	/* neither was attached */
	EXPECT_EQ(1ULL, self->p.ring->consumers);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* A record that was overwritten, or released and reused, is gone. */
static void check_gone(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		       uint32_t flags)
{
	struct endpoint again;
	uint64_t oldest;

	ASSERT_EQ(0, attach_seq(self, &again, flags, 3 * CAPACITY));
	endpoint_detach(&again);
	ASSERT_EQ(0, endpoint_attach(&again, self->fd, OLDEST | flags));
	oldest = again.seq;
	EXPECT_LT(2 * CAPACITY - 1, oldest);
	EXPECT_GT(3 * CAPACITY, oldest);
	endpoint_detach(&again);
	EXPECT_EQ(ENODATA, refuse_seq(self, flags, 0));
	EXPECT_EQ(ENODATA, refuse_seq(self, flags, oldest - 1));
	ASSERT_EQ(0, attach_seq(self, &again, flags, oldest));
	EXPECT_RECORD(self, &again, oldest, LENGTH);
	EXPECT_EQ(0ULL, again.lost);
	EXPECT_EQ(0ULL, again.c->lost);
	endpoint_detach(&again);
}

TEST_F(ring, gone_lossless)
{
	uint64_t i;

	RING_ATTACH_BOTH(self);
	for (i = 0; i < 3 * CAPACITY; i++) {
		ASSERT_TRUE(put_records(self, 1));
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	}
	check_gone(_metadata, self, 0);
	check_gone(_metadata, self, MMAPSHARE_RING_ATTACH_MAY_LOSE);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

TEST_F(ring, gone_overwriting)
{
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(put_records(self, 3 * CAPACITY));
	check_gone(_metadata, self, 0);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Each record that the consumer has not released is kept, from its first one on. */
TEST_F(ring, holds_back)
{
	struct endpoint again;
	uint64_t i;

	RING_ATTACH_BOTH(self);
	ASSERT_TRUE(put_records(self, CAPACITY));
	for (i = 0; i < CAPACITY; i++)
		EXPECT_RECORD(self, &self->c, i, LENGTH);
	ASSERT_EQ(0, attach_seq(self, &again, 0, 10));
	EXPECT_TRUE(put_records(self, 10));
	EXPECT_FALSE(put_records(self, 1));
	for (i = 10; i < CAPACITY + 10; i++)
		EXPECT_RECORD(self, &again, i, LENGTH);
	endpoint_detach(&again);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/* Another ring has another generation, also if it has the same name. */
TEST_F(ring, generation)
{
	struct mmapshare_ring_attach_args at;
	uint64_t generation;
	int fd;

	fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at);
	ASSERT_LE(0, fd);
	close(fd);
	generation = at.generation;
	EXPECT_NE(0ULL, generation);
	ASSERT_EQ(0, endpoint_attach_with(&self->c, self->fd, CONSUMER, &at));
	EXPECT_EQ(generation, self->c.at.generation);
	EXPECT_EQ(generation, self->c.ring->generation);
	endpoint_detach(&self->c);
	ASSERT_EQ(0, make_ring(self, 0));
	at = (struct mmapshare_ring_attach_args){ .generation = generation };
	EXPECT_EQ(-ESTALE, ring_attach_with(self->fd, CONSUMER, &at));
	at = (struct mmapshare_ring_attach_args){ .generation = generation };
	EXPECT_EQ(-ESTALE, ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_PRODUCER, &at));
	fd = ring_attach(self->fd, CONSUMER, &at);
	ASSERT_LE(0, fd);
	EXPECT_NE(generation, at.generation);
	close(fd);
}

TEST_HARNESS_MAIN
