// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of eviction where records are reserved, or only look so at the position of a
 * consumer. Included by ring_source.c.
 */
#include <kunit/test.h>
#include <linux/err.h>
#include <linux/string.h>
#include <linux/time64.h>
#include <linux/workqueue.h>

/* A consumer that waits for a record that is still reserved is not evicted. */
static void evict_busy_test(struct kunit *test)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .flags = MMAPSHARE_MULTI_PRODUCER,
		.evict_ns = NSEC_PER_MSEC,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);
	struct mms_endpoint c = { };
	void *record;
	u64 n = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	record = mmapshare_reserve(source, sizeof(n));
	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	while (!mmapshare_write(source, &n, sizeof(n)))
		n++;
	irq_work_sync(&source->ep.notify);
	flush_delayed_work(&source->ring->evict_work);
	KUNIT_EXPECT_FALSE(test, READ_ONCE(c.may_lose));
	mmapshare_commit(source, record);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, &n, sizeof(n)));
	irq_work_sync(&source->ep.notify);
	flush_delayed_work(&source->ring->evict_work);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(c.may_lose));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/*
 * A record is reserved, and the ring is full. A consumer that waits for that record, or
 * began behind it if @latest, takes nothing. It is not evicted as long as the record is
 * reserved; and if it waits for it, nor when the record is completed just before the
 * timer expires, but after another period.
 */
static void check_evict_reserved(struct kunit *test, bool latest)
{
	static const u8 zeros[64];
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .flags = MMAPSHARE_MULTI_PRODUCER,
		.evict_ns = 3600 * NSEC_PER_SEC,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);
	struct mms_endpoint c = { };
	unsigned int round;
	void *record;

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	record = mmapshare_reserve(source, 8);
	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, latest));
	for (round = 0; round < 4; round++) {
		while (!mmapshare_write(source, zeros, sizeof(zeros)))
			;
		irq_work_sync(&source->ep.notify);
		KUNIT_EXPECT_TRUE(test, READ_ONCE(source->ring->evicting));
		/* the consumer that waits for the record is spared once more */
		if (round == (latest ? 2 : 1))
			mmapshare_commit(source, record);
		KUNIT_EXPECT_FALSE(test, READ_ONCE(c.may_lose));
		flush_delayed_work(&source->ring->evict_work);
		if (READ_ONCE(c.may_lose))
			break;
	}
	KUNIT_EXPECT_EQ(test, 2U, round);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

static void evict_waiting_test(struct kunit *test)
{
	check_evict_reserved(test, false);
}

static void evict_behind_busy_test(struct kunit *test)
{
	check_evict_reserved(test, true);
}

/*
 * The producer waits for space, and does not move oldest_pos meanwhile. A position in the
 * bytes of a later record, where BUSY is set, spares a consumer once, and not again even
 * if it was elsewhere when the timer was started.
 */
static void check_evict_untrue(struct kunit *test, u64 at_start)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .flags = MMAPSHARE_MULTI_PRODUCER,
		.evict_ns = 3600 * NSEC_PER_SEC,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);
	struct mmapshare_ring_cursor *cursor;
	struct mms_endpoint c = { };
	unsigned int round;
	u8 ones[64];

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	memset(ones, 0xff, sizeof(ones));
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	cursor = mms_cursor(source->ring, c.cursor);
	while (mms_source_has_space(source, mms_record_step(sizeof(ones))))
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, ones, sizeof(ones)));
	source->p->wake_bytes = PAGE_SIZE / 2;
	for (round = 0; round < 4 && !READ_ONCE(c.may_lose); round++) {
		WRITE_ONCE(cursor->pos, at_start);
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&source->ep, false));
		WRITE_ONCE(cursor->pos, mms_record_step(sizeof(ones)) + 16);
		flush_delayed_work(&source->ring->evict_work);
	}
	KUNIT_EXPECT_EQ(test, 2U, round);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

static void evict_untrue_busy_test(struct kunit *test)
{
	check_evict_untrue(test, 0);
	check_evict_untrue(test, 16);
}

static struct kunit_case ring_evict_cases[] = {
	KUNIT_CASE(evict_busy_test),
	KUNIT_CASE(evict_waiting_test),
	KUNIT_CASE(evict_behind_busy_test),
	KUNIT_CASE(evict_untrue_busy_test),
	{ }
};

static struct kunit_suite ring_evict_suite = {
	.name = "mmapshare-ring-evict",
	.test_cases = ring_evict_cases,
};

kunit_test_suite(ring_evict_suite);
