// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of ring arithmetic and of kernel producers, in particular with positions
 * and sequence numbers around 2^32, 2^63 and 2^64, which take years to reach
 * otherwise. Included by ring_source.c.
 */
#include <kunit/test.h>
#include <linux/bits.h>
#include <linux/delay.h>
#include <linux/limits.h>

static void pos_reached_test(struct kunit *test)
{
	static const u64 targets[] = {
		0, 8, BIT_ULL(32) - 8, BIT_ULL(32), BIT_ULL(63) - 8, BIT_ULL(63), -8ULL
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		KUNIT_EXPECT_TRUE(test, mms_pos_reached(targets[i], targets[i]));
		KUNIT_EXPECT_TRUE(test, mms_pos_reached(targets[i] + 8, targets[i]));
		KUNIT_EXPECT_TRUE(test, mms_pos_reached(targets[i] + BIT_ULL(62), targets[i]));
		KUNIT_EXPECT_FALSE(test, mms_pos_reached(targets[i] - 8, targets[i]));
		KUNIT_EXPECT_FALSE(test, mms_pos_reached(targets[i] - BIT_ULL(62), targets[i]));
		KUNIT_EXPECT_FALSE(test, mms_wake_pos_reached(targets[i] | 1, targets[i] - 8));
		KUNIT_EXPECT_TRUE(test, mms_wake_pos_reached(targets[i] | 1, targets[i]));
		KUNIT_EXPECT_FALSE(test, mms_wake_pos_reached(0, targets[i]));
	}
}

static void pos_ok_test(struct kunit *test)
{
	static const struct {
		u64 pos, head;
		bool ok;
	} cases[] = {
		{ 0, 0, true },
		{ 0, 4096, true },
		{ 0, 4104, false },
		{ 8, 0, false },
		{ 4, 8, false },
		{ -8ULL, 8, true },
		{ -4096ULL, 0, true },
		{ -4104ULL, 0, false },
		{ 0, -8ULL, false },
		{ -1ULL, 8, false },
		{ BIT_ULL(63) - 8, BIT_ULL(63) + 8, true },
		{ BIT_ULL(63) + 8, BIT_ULL(63) - 8, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ok,
				    mms_pos_ok(cases[i].pos, cases[i].head, 4096),
				    "case %zu", i);
}

static void extend_seq_test(struct kunit *test)
{
	static const struct {
		u32 low;
		u64 near, seq;
	} cases[] = {
		{ 0, 0, 0 },
		{ 5, 7, 5 },
		{ 7, 5, 7 },
		{ -1U, BIT_ULL(32), BIT_ULL(32) - 1 },
		{ 1, BIT_ULL(32) - 1, BIT_ULL(32) + 1 },
		{ -1U, BIT_ULL(33) + BIT(30), BIT_ULL(33) - 1 },
		{ -1U, 3, -1ULL },
		{ 2, -1ULL, 2 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].seq,
				    mms_extend_seq(cases[i].low, cases[i].near), "case %zu", i);
}

static void record_step_test(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 8ULL, mms_record_step(0));
	KUNIT_EXPECT_EQ(test, 16ULL, mms_record_step(1));
	KUNIT_EXPECT_EQ(test, 16ULL, mms_record_step(8));
	KUNIT_EXPECT_EQ(test, 24ULL, mms_record_step(9));
	KUNIT_EXPECT_EQ(test, 24ULL, mms_record_step(9 | MMAPSHARE_RECORD_BUSY));
	KUNIT_EXPECT_EQ(test, 24ULL, mms_record_step(9 | MMAPSHARE_RECORD_DISCARD));
	KUNIT_EXPECT_EQ(test, 24ULL, mms_record_step(9 | MMAPSHARE_RECORD_FILLER));
	KUNIT_EXPECT_EQ(test, BIT_ULL(29) + 8, mms_record_step(MMAPSHARE_RECORD_LENGTH));
	KUNIT_EXPECT_EQ(test, 2040ULL, mms_record_max(4096));
	KUNIT_EXPECT_EQ(test, BIT_ULL(29) - 8, mms_record_max(BIT_ULL(30)));
	KUNIT_EXPECT_EQ(test, BIT_ULL(29) - 8, mms_record_max(BIT_ULL(34)));
}

/*
 * Move an empty ring to position @pos and sequence number @seq, and attach the
 * consumer @c there.
 */
static void rebase(struct kunit *test, struct mmapshare_source *source,
		   struct mms_endpoint *c, u64 pos, u64 seq)
{
	struct mms_ring *ring = source->ring;

	source->head = pos;
	source->oldest_pos = pos;
	source->limit = pos;
	source->seq = seq;
	ring->retained_pos = pos;
	ring->forced_pos = pos;
	ring->p->pos = pos;
	ring->p->oldest_pos = pos;
	ring->p->seq = seq;
	mms_record(ring, pos)->seq = seq;
	mms_endpoint_init(c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(c, false));
	c->flush_pos = pos;
}

/*
 * Take the next record, as a consumer in userspace does. Return: its length, or
 * -1 if there is none.
 */
static int take(struct mms_endpoint *c, u64 *seq)
{
	struct mms_ring *ring = c->ring;
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	const struct mmapshare_record *record;

	if (!mms_pos_reached(cursor->pos, ring->p->oldest_pos))
		cursor->pos = ring->p->oldest_pos;
	if (cursor->pos == ring->p->pos)
		return -1;
	record = mms_record(ring, cursor->pos);
	*seq = mms_extend_seq(record->seq, ring->p->seq);
	cursor->pos += mms_record_step(record->length);
	return record->length;
}

/* Positions from which the tests run across 2^32, 2^63 and 2^64. */
static const u64 starts[] = {
	0, BIT_ULL(32) - 2048, BIT_ULL(63) - 2048, -2048ULL, -8ULL,
};

static struct mmapshare_source *new_source(struct kunit *test, unsigned int flags)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .flags = flags,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	return source;
}

static void lossless_test(struct kunit *test)
{
	static const u8 zeros[256];
	struct mms_endpoint c = { };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct mmapshare_source *source = new_source(test, 0);
		u64 seq, next = starts[i], put = next;
		unsigned int full = 0;

		rebase(test, source, &c, starts[i], starts[i]);
		while (put != starts[i] + 1000) {
			u32 length = (put % 32) * 8;

			KUNIT_EXPECT_TRUE(test, source->head - source->limit <= PAGE_SIZE);
			if (!mmapshare_write(source, zeros, length)) {
				put++;
				continue;
			}
			full++;
			for (; next != put; next++) {
				KUNIT_EXPECT_EQ(test, (int)(next % 32) * 8, take(&c, &seq));
				/* one record was dropped each time before */
				KUNIT_EXPECT_EQ(test, next + full - 1, seq);
			}
			KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
			KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&source->ep));
		}
		KUNIT_EXPECT_LT(test, 10U, full);
		KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
		KUNIT_EXPECT_FALSE(test, c.corrupt);
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

static void overwrite_test(struct kunit *test)
{
	static const u8 zeros[256];
	struct mms_endpoint c = { };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct mmapshare_source *source = new_source(test, MMAPSHARE_OVERWRITE);
		u64 seq, n, seen = 0, next = starts[i], lost = 0;

		rebase(test, source, &c, starts[i], starts[i]);
		for (n = 0; n < 2000; n++) {
			KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, n % 256));
			KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
			while (!(n % 97) && take(&c, &seq) >= 0) {
				lost += seq - next;
				next = seq + 1;
				seen++;
			}
		}
		while (take(&c, &seq) >= 0) {
			lost += seq - next;
			next = seq + 1;
			seen++;
		}
		KUNIT_EXPECT_EQ(test, 2000ULL, seen + lost);
		KUNIT_EXPECT_LT(test, 0ULL, lost);
		KUNIT_EXPECT_EQ(test, starts[i] + 2000, next);
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

/*
 * A consumer's position is inside a record. Waiting finds space exactly where
 * mmapshare_write() does, and oldest_pos is behind that record.
 */
static void parked_cursor_test(struct kunit *test)
{
	static const u8 zeros[2040];
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint c = { };
	int ret = -ETIMEDOUT;
	u64 pos;

	rebase(test, source, &c, 0, 0);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, sizeof(zeros)));
	while (!mmapshare_write(source, zeros, 8))
		;
	for (pos = 0; ret && pos < sizeof(zeros); pos += 8) {
		WRITE_ONCE(mms_cursor(source->ring, c.cursor)->pos, pos);
		KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, zeros, 1000));
		WRITE_ONCE(mms_cursor(source->ring, c.cursor)->pos, pos + 8);
		ret = mmapshare_source_wait(source, 1000, 0);
	}
	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_LT(test, pos, (u64)sizeof(zeros));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, 1000));
	KUNIT_EXPECT_EQ(test, 2048ULL, source->ring->p->oldest_pos);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* A consumer that may lose holds back nothing, retains nothing, and is wanted. */
static void may_lose_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint holding = { }, c = { .may_lose = true };
	u64 seq, n, left;

	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	KUNIT_EXPECT_TRUE(test, mmapshare_source_wanted(source));
	KUNIT_EXPECT_FALSE(test, source->ring->had_consumers);
	mms_endpoint_init(&holding, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&holding, false));
	for (n = 0; n < 1000; n++) {
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &n, sizeof(n)));
		KUNIT_EXPECT_EQ(test, 8, take(&holding, &seq));
	}
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	KUNIT_EXPECT_LT(test, 500ULL, seq);
	mms_ring_detach(&holding);
	/* what follows is kept for the next consumer */
	source->p->wake_bytes = 16;
	for (left = 0; !mmapshare_write(source, &n, sizeof(n)); left++)
		while (take(&c, &seq) == 8)
			;
	KUNIT_EXPECT_EQ(test, (PAGE_SIZE - 8) / 16, left);
	KUNIT_EXPECT_EQ(test, -EPIPE, mms_endpoint_check(&source->ep));
	KUNIT_EXPECT_EQ(test, 999 + left, seq);
	mms_ring_detach(&c);
	KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, &n, sizeof(n)));
	mmapshare_source_put(source);
}

/*
 * A consumer that takes nothing while records are dropped is evicted: the producer
 * goes on, also after it has detached.
 */
static void evict_test(struct kunit *test)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .evict_ns = NSEC_PER_MSEC,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);
	struct mms_endpoint c = { };
	unsigned int tries;
	u64 seq, n = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	while (!mmapshare_write(source, &n, sizeof(n)))
		n++;
	KUNIT_EXPECT_EQ(test, (PAGE_SIZE - 8) / 16, n);
	for (tries = 0; mmapshare_write(source, &n, sizeof(n)) && tries < 10000; tries++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(c.may_lose));
	KUNIT_EXPECT_EQ(test, 0ULL, READ_ONCE(source->ring->head->consumers));
	KUNIT_EXPECT_EQ(test, 1ULL, READ_ONCE(source->ring->head->evicted));
	while (n++ < 1000)
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &n, sizeof(n)));
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	KUNIT_EXPECT_LT(test, 500ULL, seq);
	mms_ring_detach(&c);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &n, sizeof(n)));
	mmapshare_source_put(source);
}

static bool notified;

/* Has the consumer been woken? */
static bool was_notified(struct mmapshare_source *source)
{
	irq_work_sync(&source->ep.notify);
	return notified;
}

/* Called as @wake of a consumer that was_notified() checks. */
static void set_notified(struct mms_endpoint *ep)
{
	notified = true;
}

/* A wake threshold set before the position wraps is reached after it. */
static void wake_test(struct kunit *test)
{
	static const u8 zeros[8];
	struct mms_endpoint c = { .wake = set_notified };
	size_t i;
	u64 n;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct mmapshare_source *source = new_source(test, 0);

		rebase(test, source, &c, starts[i], 0);
		mms_cursor(source->ring, c.cursor)->wake_bytes = 2048;
		notified = false;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&c, false));
		KUNIT_EXPECT_EQ(test, (starts[i] + 2048) | 1,
				source->ring->head->consumer_wake_pos);
		for (n = 0; n < 127; n++)
			KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, 8));
		KUNIT_EXPECT_FALSE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, 8));
		KUNIT_EXPECT_TRUE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 0ULL, source->ring->head->consumer_wake_pos);
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

/*
 * A consumer stores an impossible position while it is armed with wake_us. The producer
 * still wakes another consumer, which sleeps.
 */
static void untrue_flush_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint bad = { .wake = set_notified }, c = { .wake = set_notified };
	struct mms_ring *ring = source->ring;
	unsigned long flags;

	rebase(test, source, &bad, 0, 0);
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&c, false));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&bad, false));
	spin_lock_irqsave(&ring->lock, flags);
	mms_cursor(ring, bad.cursor)->wake_us = 1;
	mms_cursor(ring, bad.cursor)->pos = BIT_ULL(63) + 8;
	mms_flush_arm(&bad);
	mms_ring_update_wake_pos(ring);
	spin_unlock_irqrestore(&ring->lock, flags);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, "record", 6));
	was_notified(source);
	KUNIT_EXPECT_FALSE(test, c.armed);
	mms_ring_detach(&c);
	mms_ring_detach(&bad);
	mmapshare_source_put(source);
}

/*
 * A record that is too long is refused, and does not count as dropped. A
 * revoked ring refuses all records.
 */
static void refused_test(struct kunit *test)
{
	static const unsigned int flags[] = { 0, MMAPSHARE_MULTI_PRODUCER };
	const u32 max = mms_record_max(PAGE_SIZE);
	void *record;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct mmapshare_source *source = new_source(test, flags[i]);

		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				PTR_ERR_OR_ZERO(mmapshare_reserve(source, max + 1)));
		KUNIT_EXPECT_EQ(test, -EMSGSIZE, mmapshare_write(source, NULL, U32_MAX));
		KUNIT_EXPECT_EQ(test, -EMSGSIZE, mmapshare_source_wait(source, max + 1, -1));
		KUNIT_EXPECT_EQ(test, 0ULL, source->p->dropped);
		record = mmapshare_reserve(source, max);
		KUNIT_ASSERT_FALSE(test, IS_ERR(record));
		mmapshare_discard(source, record);
		KUNIT_EXPECT_EQ(test, 0, mms_revoke(source->ep.region));
		KUNIT_EXPECT_EQ(test, -ENODEV, PTR_ERR_OR_ZERO(mmapshare_reserve(source, 0)));
		KUNIT_EXPECT_EQ(test, -ENODEV, mmapshare_write(source, &i, sizeof(i)));
		mmapshare_source_put(source);
	}
}

/*
 * A consumer with an impossible position keeps the producer from reusing space
 * only until the kernel has found the consumer corrupt.
 */
static void corrupt_cursor_test(struct kunit *test)
{
	static const u8 zeros[256];
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source = new_source(test, flags);
		struct mms_endpoint good = { }, bad = { };

		rebase(test, source, &good, 0, 0);
		mms_endpoint_init(&bad, source->ep.region, false);
		KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&bad, false));
		while (!mmapshare_write(source, zeros, sizeof(zeros)))
			;
		mms_cursor(source->ring, good.cursor)->pos = source->head;
		mms_cursor(source->ring, bad.cursor)->pos = source->head + 8;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, zeros, sizeof(zeros)));
		irq_work_sync(&source->ep.notify);
		KUNIT_EXPECT_TRUE(test, bad.corrupt);
		KUNIT_EXPECT_FALSE(test, good.corrupt);
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, sizeof(zeros)));
		mms_ring_detach(&bad);
		mms_ring_detach(&good);
		mmapshare_source_put(source);
	}
}

/* After a memory failure the kernel accesses no page of the ring. */
static void memory_failed_test(struct kunit *test)
{
	static const unsigned int flags[] = { 0, MMAPSHARE_MULTI_PRODUCER };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		struct mmapshare_source *source = new_source(test, flags[i]);
		struct mms_region *r = source->ep.region;
		struct mms_endpoint c = { }, late = { };
		struct mmapshare_ring_producer p;
		u64 consumers;
		void *record;
		u32 length;

		rebase(test, source, &c, 0, 0);
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &i, sizeof(i)));
		KUNIT_EXPECT_TRUE(test, mmapshare_source_wanted(source));
		record = mmapshare_reserve(source, 8);
		KUNIT_ASSERT_FALSE(test, IS_ERR(record));
		length = mms_record(source->ring, 16)->length;
		p = *source->ring->p;
		consumers = source->ring->head->consumers;
		r->ops->memory_failed(r);
		if (i)
			mmapshare_discard(source, record);
		else
			mmapshare_commit(source, record);
		KUNIT_EXPECT_EQ(test, length, mms_record(source->ring, 16)->length);
		KUNIT_EXPECT_EQ(test, -EIO, PTR_ERR_OR_ZERO(mmapshare_reserve(source, 0)));
		KUNIT_EXPECT_EQ(test, -EIO, mmapshare_write(source, &i, sizeof(i)));
		KUNIT_EXPECT_EQ(test, -EIO, mmapshare_source_wait(source, 8, 0));
		KUNIT_EXPECT_FALSE(test, mmapshare_source_wanted(source));
		KUNIT_EXPECT_EQ(test, -EIO, mms_endpoint_check(&c));
		mms_endpoint_init(&late, r, false);
		KUNIT_EXPECT_EQ(test, -EIO, mms_ring_attach(&late, false));
		mms_ring_detach(&c);
		KUNIT_EXPECT_EQ(test, 0, memcmp(&p, source->ring->p, sizeof(p)));
		KUNIT_EXPECT_EQ(test, consumers, source->ring->head->consumers);
		mmapshare_source_put(source);
	}
}

/*
 * The records are garbage, as a range of memory may be after hibernation. A record that
 * would end behind the producer's position is not passed: records are refused.
 */
static void garbage_test(struct kunit *test)
{
	static const unsigned int flags[] = { 0, MMAPSHARE_OVERWRITE, MMAPSHARE_MULTI_PRODUCER };
	static const u32 lengths[] = { 0, PAGE_SIZE, MMAPSHARE_RECORD_LENGTH };
	static const u8 zeros[56];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags) * ARRAY_SIZE(lengths); i++) {
		struct mmapshare_source *source = new_source(test, flags[i % 3]);
		struct mms_endpoint c = { };
		unsigned int n;
		u64 pos;

		rebase(test, source, &c, 0, 0);
		for (n = 0; n < PAGE_SIZE / 64; n++)
			mmapshare_write(source, zeros, sizeof(zeros));
		for (pos = 0; pos < PAGE_SIZE; pos += MMS_RECORD_ALIGN)
			mms_record(source->ring, pos)->length = lengths[i / 3];
		WRITE_ONCE(mms_cursor(source->ring, c.cursor)->pos, source->head);
		mmapshare_write(source, zeros, sizeof(zeros));
		KUNIT_EXPECT_TRUE(test, mms_pos_reached(source->head, source->oldest_pos));
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

static struct kunit_case ring_cases[] = {
	KUNIT_CASE(pos_reached_test),
	KUNIT_CASE(pos_ok_test),
	KUNIT_CASE(extend_seq_test),
	KUNIT_CASE(record_step_test),
	KUNIT_CASE(lossless_test),
	KUNIT_CASE(parked_cursor_test),
	KUNIT_CASE(overwrite_test),
	KUNIT_CASE(may_lose_test),
	KUNIT_CASE(evict_test),
	KUNIT_CASE(wake_test),
	KUNIT_CASE(untrue_flush_test),
	KUNIT_CASE(corrupt_cursor_test),
	KUNIT_CASE(refused_test),
	KUNIT_CASE(memory_failed_test),
	KUNIT_CASE(garbage_test),
	{ }
};

static struct kunit_suite ring_suite = {
	.name = "mmapshare-ring",
	.test_cases = ring_cases,
};

kunit_test_suite(ring_suite);

