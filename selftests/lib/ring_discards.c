// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: mmapshare_ring_next() skips a limited number of discarded records
 * in one call. A consumer that calls it again misses no record.
 */
#include "lib_ring_test.h"
#include "ring_protocol.h"

#define MAX	64	/* in one call */
#define LENGTH	40

static void put_discarded(struct endpoint *p, unsigned int n)
{
	while (n--) {
		endpoint_record(p, p->pos)->length = MMAPSHARE_RECORD_DISCARD;
		p->pos += 8;
		endpoint_record(p, p->pos)->seq = ++p->seq;
	}
	p->p->seq = p->seq;
	__atomic_store_n(&p->p->pos, p->pos, __ATOMIC_RELEASE);
}

static bool attach_raw(FIXTURE_DATA(ring) *self, struct endpoint *p)
{
	return !endpoint_attach(p, mmapshare_fd(self->region), PRODUCER) &&
	       !attach(self, &self->c, CONSUMER);
}

static int next(FIXTURE_DATA(ring) *self)
{
	return mmapshare_ring_next(self->c, &self->record, &self->length);
}

TEST_F(ring, bounded)
{
	unsigned int calls = 1;
	struct endpoint p;

	ASSERT_TRUE(attach_raw(self, &p));
	put_discarded(&p, 4 * MAX + 1);
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(8ULL * MAX, endpoint_cursor(&p, 0)->pos);
	ASSERT_TRUE(ring_put(&p, LENGTH));
	while (next(self) == -EAGAIN) {
		EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
		calls++;
	}
	EXPECT_EQ(4U, calls);
	EXPECT_TRUE(is_record(self->record, self->length, 4 * MAX + 1, LENGTH));
	endpoint_detach(&p);
}

/* After such a call a wait returns at once, whatever the wake threshold is. */
TEST_F(ring, wake_bytes)
{
	struct endpoint p;

	ASSERT_TRUE(attach_raw(self, &p));
	mmapshare_ring_set_wake_bytes(self->c, self->size / 2);
	put_discarded(&p, MAX + 1);
	ASSERT_TRUE(ring_put(&p, LENGTH));
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	EXPECT_EQ(0, next(self));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 0));
	/*
	 * no record follows those that next() has skipped: the wait times out
	 */
	put_discarded(&p, MAX);
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 0));
	endpoint_detach(&p);
}

/*
 * While a record is taken and not released, each call skips the same records.
 */
TEST_F(ring, unreleased)
{
	struct endpoint p;

	ASSERT_TRUE(attach_raw(self, &p));
	ASSERT_TRUE(ring_put(&p, LENGTH));
	put_discarded(&p, MAX + 1);
	ASSERT_TRUE(ring_put(&p, LENGTH));
	ASSERT_EQ(0, next(self));
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	EXPECT_EQ(-EAGAIN, next(self));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	EXPECT_EQ(0, next(self));
	EXPECT_TRUE(is_record(self->record, self->length, MAX + 2, LENGTH));
	endpoint_detach(&p);
}

TEST_HARNESS_MAIN
