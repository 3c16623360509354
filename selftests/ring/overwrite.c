// SPDX-License-Identifier: GPL-2.0
/*
 * An overwriting ring accepts every record; a slow consumer knows exactly how
 * many records it lost, and never takes a torn one.
 */
#include "ring_test.h"

FIXTURE_VARIANT(ring) {
	uint32_t length;
};

FIXTURE_VARIANT_ADD(ring, empty) { .length = 0 };
FIXTURE_VARIANT_ADD(ring, small) { .length = 20 };
FIXTURE_VARIANT_ADD(ring, odd) { .length = 1001 };
FIXTURE_VARIANT_ADD(ring, largest) { .length = RING_SIZE / 2 - 8 };

TEST_F(ring, overrun)
{
	const uint64_t step = 8 + round8(variant->length);
	const uint64_t capacity = (RING_SIZE - 8) / step;
	uint64_t n, next;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	RING_ATTACH_BOTH(self);
	for (n = 0; n < 3 * capacity + 1; n++)
		ASSERT_TRUE(ring_put(&self->p, variant->length));
	EXPECT_EQ(n - capacity, self->p.p->overwritten);
	for (next = n - capacity; next < n; next++)
		EXPECT_RECORD(self, &self->c, next, variant->length);
	EXPECT_EQ(-1, ring_take(&self->c, self->buf, sizeof(self->buf)));
	EXPECT_EQ(n - capacity, self->c.lost);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * Records that were overwritten before a consumer attached do not count as
 * lost.
 */
TEST_F(ring, late_consumer)
{
	const uint64_t step = 8 + round8(variant->length);
	const uint64_t capacity = (RING_SIZE - 8) / step;
	struct endpoint latest;
	uint64_t n;

	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	for (n = 0; n < 2 * capacity; n++)
		ASSERT_TRUE(ring_put(&self->p, variant->length));
	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_EQ(0, endpoint_attach(&latest, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER |
				     MMAPSHARE_RING_ATTACH_LATEST));
	EXPECT_EQ(capacity, self->c.seq);
	EXPECT_EQ(2 * capacity, latest.seq);
	for (; n < 4 * capacity; n++)
		ASSERT_TRUE(ring_put(&self->p, variant->length));
	EXPECT_RECORD(self, &self->c, 3 * capacity, variant->length);
	EXPECT_RECORD(self, &latest, 3 * capacity, variant->length);
	EXPECT_EQ(2 * capacity, self->c.lost);
	EXPECT_EQ(capacity, latest.lost);
	endpoint_detach(&latest);
	endpoint_detach(&self->p);
	endpoint_detach(&self->c);
}

/*
 * Three consumers, two of which stall, and a producer that never waits: records
 * taken and records lost add up to all records.
 */
#define RECORDS	200000U

static uint32_t length_of(uint64_t n)
{
	return (uint32_t)n * 2654435761U % 300;
}

/*
 * Returns 0 if every record was intact and accounted for, else the number of
 * the failed check. @stall: milliseconds to sleep once per 1000 records, 0 not
 * to sleep.
 */
static int consume(FIXTURE_DATA(ring) *self, unsigned int stall)
{
	struct endpoint ep;
	uint64_t taken = 0, first;

	if (endpoint_attach(&ep, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER))
		return 1;
	first = ep.seq;
	for (;;) {
		int length = ring_take(&ep, self->buf, sizeof(self->buf));

		if (length == -1) {
			int error = endpoint_wait(&ep, 60 * SECOND);

			if (error == EPIPE)
				break;
			if (error)
				return 2;
			continue;
		}
		if (length != (int)length_of(ep.seq - 1) ||
		    !same_bytes(self->buf, length, 0, ep.seq - 1))
			return 3;
		if (stall && !(taken++ % 1000))
			sleep_ns(stall * MS);
		else if (!stall)
			taken++;
	}
	return ep.seq == RECORDS && taken + ep.lost == RECORDS - first &&
	       (!stall || ep.lost) ? 0 : 4;
}

TEST_F(ring, race)
{
	pid_t pids[3];
	uint32_t n;
	size_t i;

	if (variant->length)
		SKIP(return, "does not depend on the variant");
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		if (!pids[i]) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			_exit(consume(self, i * 5));
		}
	}
	ASSERT_EQ(0, endpoint_attach(&self->p, self->fd, MMAPSHARE_RING_ATTACH_PRODUCER));
	while (__builtin_popcountll(self->p.ring->consumers) < 3)
		sleep_ns(MS);
	for (n = 0; n < RECORDS; n++)
		ASSERT_TRUE(ring_put(&self->p, length_of(n)));
	endpoint_detach(&self->p);
	for (i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		EXPECT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, WEXITSTATUS(status));
	}
}

TEST_HARNESS_MAIN
