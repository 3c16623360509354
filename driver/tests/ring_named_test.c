// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of cursors that have a name, with the kernel as producer. Included by
 * ring_source.c, after ring_test.c.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include "ring_named.h"

/* Attach by the name "a". Return: the flags that the program would get. */
static u32 attach_named(struct kunit *test, struct mmapshare_source *source,
			struct mms_endpoint *c, u64 keep_ns)
{
	struct mms_start start = { .name = "a", .keep_ns = keep_ns };

	*c = (struct mms_endpoint){ };
	mms_endpoint_init(c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach_at(c, &start));
	mms_named_confirm(c);
	return start.flags;
}

/* As take(), and store the sequence number of the next record, as programs do. */
static u64 take_named(struct kunit *test, struct mms_endpoint *c)
{
	u64 seq = 0;

	KUNIT_EXPECT_EQ(test, 8, take(c, &seq));
	mms_cursor(c->region->ring, c->cursor)->seq = seq + 1;
	return seq;
}

/* Records that the kernel drops while there is no consumer are lost. */
static void named_dropped_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint c;
	u64 n = 0, i;

	KUNIT_EXPECT_EQ(test, 0U, attach_named(test, source, &c, MMAPSHARE_RING_KEEP_ALL));
	mms_ring_detach(&c);
	KUNIT_EXPECT_TRUE(test, mmapshare_source_wanted(source));
	while (!mmapshare_write(source, &n, sizeof(n)))
		n++;
	KUNIT_EXPECT_EQ(test, (PAGE_SIZE - 8) / 16, n);
	KUNIT_EXPECT_EQ(test, (u32)MMAPSHARE_RING_ATTACH_RESUMED,
			attach_named(test, source, &c, 0));
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, i, take_named(test, &c));
	mms_ring_detach(&c);
	/* record n was dropped, and nothing has followed */
	KUNIT_EXPECT_EQ(test, (u32)MMAPSHARE_RING_ATTACH_RESUMED,
			attach_named(test, source, &c, 0));
	KUNIT_EXPECT_EQ(test, 1ULL, mms_cursor(source->ring, c.cursor)->lost);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &n, sizeof(n)));
	KUNIT_EXPECT_EQ(test, n + 1, take_named(test, &c));
	mms_ring_detach(&c);
	KUNIT_EXPECT_EQ(test, 0, mms_named_remove(source->ep.region, "a"));
	KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
	mmapshare_source_put(source);
}

/* A kernel producer that drops records has a cursor evicted whose time is over. */
static void named_expires_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint c;
	unsigned int tries;
	u64 n = 0;

	attach_named(test, source, &c, NSEC_PER_MSEC);
	while (!mmapshare_write(source, &n, sizeof(n)))
		n++;
	mms_ring_detach(&c);
	for (tries = 0; mmapshare_write(source, &n, sizeof(n)) && tries < 10000; tries++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_EQ(test, 0ULL, READ_ONCE(source->ring->head->consumers));
	KUNIT_EXPECT_EQ(test, 0ULL, READ_ONCE(source->ring->head->may_lose));
	KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
	for (n = 0; n < 1000; n++)
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &n, sizeof(n)));
	KUNIT_EXPECT_EQ(test, (u32)MMAPSHARE_RING_ATTACH_RESUMED,
			attach_named(test, source, &c, 0));
	n = mms_cursor(source->ring, c.cursor)->lost;
	KUNIT_EXPECT_LT(test, 500ULL, n);
	KUNIT_EXPECT_EQ(test, n, take_named(test, &c));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/*
 * Nor does the producer wait longer for a position in the bytes of a record, where BUSY is
 * set.
 */
static void named_untrue_busy_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c;
	unsigned int tries;
	u8 ones[64];

	memset(ones, 0xff, sizeof(ones));
	attach_named(test, source, &c, 1);
	while (mms_source_has_space(source, mms_record_step(sizeof(ones))))
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, ones, sizeof(ones)));
	mms_cursor(source->ring, c.cursor)->pos = mms_record_step(sizeof(ones)) + 16;
	mms_ring_detach(&c);
	source->p->wake_bytes = PAGE_SIZE / 2;
	for (tries = 0; READ_ONCE(source->ring->head->consumers) && tries < 10; tries++) {
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&source->ep, false));
		flush_delayed_work(&source->ring->keep_work);
		usleep_range(1000, 2000);
	}
	KUNIT_EXPECT_EQ(test, 0ULL, READ_ONCE(source->ring->head->consumers));
	mmapshare_source_put(source);
}

static struct kunit_case ring_named_cases[] = {
	KUNIT_CASE(named_dropped_test),
	KUNIT_CASE(named_expires_test),
	KUNIT_CASE(named_untrue_busy_test),
	{ }
};

static struct kunit_suite ring_named_suite = {
	.name = "mmapshare-ring-named",
	.test_cases = ring_named_cases,
};

kunit_test_suite(ring_named_suite);
