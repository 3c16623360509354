// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of a sink that is reading a record while one producer detaches and the
 * next one attaches. Included by ring_sink.c.
 */
#include <kunit/test.h>

/* Publish a record of 8 bytes, as a program does. */
static void sink_test_put(struct mms_ring *ring, u64 value)
{
	struct mmapshare_record *record = mms_record(ring, ring->p->pos);

	record->length = sizeof(value);
	*(u64 *)(record + 1) = value;
	/* pairs with the acquire in mms_producer_pos() */
	smp_store_release(&ring->p->pos, ring->p->pos + mms_record_step(sizeof(value)));
}

/* A producer attaches, stores an impossible position, and detaches. */
static void sink_test_corrupt(struct kunit *test, struct mmapshare_sink *sink)
{
	struct mms_endpoint p = { };

	mms_endpoint_init(&p, sink->ep.region, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	sink->ring->p->pos -= 8;
	mms_ring_detach(&p);
}

/*
 * The sink finds a producer corrupt, or releases the last record of a producer,
 * only after the next producer has attached: the new producer is not marked
 * corrupt, and none of its records is lost.
 */
static void late_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = PAGE_SIZE };
	struct mmapshare_sink *sink = mmapshare_sink_create(&params, 8, NULL, NULL);
	struct mms_endpoint p = { };
	u64 value, nr;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sink));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_sink_read(sink, &value, sizeof(value)));
	nr = sink->producer_nr;
	sink_test_corrupt(test, sink);
	mms_endpoint_init(&p, sink->ep.region, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	WRITE_ONCE(sink->ring->corrupt_nr, nr + 1);
	mms_sink_release(sink, 8);
	sink_test_put(sink->ring, 7);
	KUNIT_EXPECT_EQ(test, 8, mmapshare_sink_read(sink, &value, sizeof(value)));
	KUNIT_EXPECT_EQ(test, 7ULL, value);
	irq_work_sync(&sink->ep.notify);
	KUNIT_EXPECT_FALSE(test, p.corrupt);
	mms_ring_detach(&p);
	mmapshare_sink_put(sink);
}

/*
 * A producer has published a record with the corrupt @length, and detached
 * before the kernel took it. The next producer is not marked corrupt, and loses
 * nothing.
 */
static void check_predecessor(struct kunit *test, u32 length)
{
	const struct mmapshare_params params = { .size = PAGE_SIZE };
	struct mmapshare_sink *sink = mmapshare_sink_create(&params, 8, NULL, NULL);
	struct mms_endpoint before = { }, p = { };
	u64 value, n;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sink));
	mms_endpoint_init(&before, sink->ep.region, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&before, false));
	sink_test_put(sink->ring, 1);
	sink_test_put(sink->ring, 2);
	mms_record(sink->ring, 16)->length = length;
	mms_ring_detach(&before);
	mms_endpoint_init(&p, sink->ep.region, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	for (n = 3; n < 6; n++)
		sink_test_put(sink->ring, n);
	KUNIT_EXPECT_EQ(test, 8, mmapshare_sink_read(sink, &value, sizeof(value)));
	KUNIT_EXPECT_EQ(test, 1ULL, value);
	for (n = 3; n < 6; n++) {
		KUNIT_EXPECT_EQ(test, 8, mmapshare_sink_read(sink, &value, sizeof(value)));
		KUNIT_EXPECT_EQ(test, n, value);
	}
	irq_work_sync(&sink->ep.notify);
	KUNIT_EXPECT_FALSE(test, p.corrupt);
	/* a corrupt record of its own marks the producer corrupt */
	sink_test_put(sink->ring, 6);
	mms_record(sink->ring, sink->pos)->length = 4096;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_sink_read(sink, &value, sizeof(value)));
	KUNIT_EXPECT_TRUE(test, mms_producer_is_corrupt(sink->ring));
	mms_ring_detach(&p);
	mmapshare_sink_put(sink);
}

static void predecessor_test(struct kunit *test)
{
	check_predecessor(test, MMAPSHARE_RECORD_LENGTH);
	check_predecessor(test, 8 | MMAPSHARE_RECORD_BUSY);
	/* a record of that length ends where one of the next producer ends */
	check_predecessor(test, 24);
}

/* After a memory failure the kernel touches no page of the ring. */
static void sink_memory_failed_test(struct kunit *test)
{
	const struct mmapshare_params params = { .size = PAGE_SIZE };
	struct mmapshare_sink *sink = mmapshare_sink_create(&params, 8, NULL, NULL);
	struct mms_endpoint p = { };
	struct mms_region *r;
	u64 value;

	KUNIT_ASSERT_FALSE(test, IS_ERR(sink));
	r = sink->ep.region;
	mms_endpoint_init(&p, r, true);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&p, false));
	sink_test_put(sink->ring, 7);
	r->ops->memory_failed(r);
	/* a reader that found a producer corrupt may store this late */
	WRITE_ONCE(sink->ring->corrupt_nr, 1);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_sink_read(sink, &value, sizeof(value)));
	KUNIT_EXPECT_EQ(test, 0ULL, mms_cursor(sink->ring, 0)->pos);
	mms_ring_detach(&p);
	mmapshare_sink_put(sink);
}

static struct kunit_case sink_cases[] = {
	KUNIT_CASE(late_test),
	KUNIT_CASE(predecessor_test),
	KUNIT_CASE(sink_memory_failed_test),
	{ }
};

static struct kunit_suite sink_suite = {
	.name = "mmapshare-sink",
	.test_cases = sink_cases,
};

kunit_test_suite(sink_suite);
