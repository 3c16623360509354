// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of several producers. In one of them two threads and a hard interrupt fill
 * a ring concurrently, while a consumer takes the records and sleeps in between.
 * Included by ring_source.c, after ring_test.c.
 */
#include <kunit/test.h>
#include <linux/bottom_half.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/preempt.h>

#define RACE_THREADS	2
#define RACE_RECORDS	20000
#define RACE_TICKS	500
#define RACE_PERIOD	(500 * NSEC_PER_USEC)
#define RACE_TIMEOUT	(10LL * NSEC_PER_SEC)

/*
 * struct racer - a producer: one of the threads or, the last, the timer
 * @id: its index
 * @sent: records so far
 * @wanted: records in total
 */
struct racer {
	struct mmapshare_source *source;
	u64 id, sent, wanted;
};

struct race {
	struct racer racers[RACE_THREADS + 1];
	struct task_struct *threads[RACE_THREADS];
	struct hrtimer timer;
	bool hard;
};

/*
 * Send a record of one to four words, each with the racer's id and the number
 * of the record. Every fifth record is reserved longer than it is. With every
 * seventh record the racer also reserves another one before the commit, and
 * discards it afterwards.
 * Return: false if the ring is full.
 */
static bool race_send(struct racer *r)
{
	const u32 words = 1 + r->sent % 4;
	const u32 length = words * sizeof(u64), extra = r->sent % 5 ? 0 : 8 * words - 1;
	u64 *record = mmapshare_reserve(r->source, length + extra);
	void *other;
	u32 i;

	if (IS_ERR(record))
		return false;
	for (i = 0; i < words; i++)
		record[i] = r->id << 32 | r->sent;
	other = r->sent % 7 ? NULL : mmapshare_reserve(r->source, 1);
	if (extra)
		mmapshare_trim(r->source, record, length);
	mmapshare_commit(r->source, record);
	if (!IS_ERR_OR_NULL(other))
		mmapshare_discard(r->source, other);
	r->sent++;
	return true;
}

static int race_thread(void *data)
{
	struct racer *r = data;

	while (!kthread_should_stop())
		if (r->sent == r->wanted || !race_send(r))
			usleep_range(20, 50);
	return 0;
}

static enum hrtimer_restart race_tick(struct hrtimer *timer)
{
	struct race *race = container_of(timer, struct race, timer);
	struct racer *r = &race->racers[RACE_THREADS];

	race->hard = in_hardirq();
	race_send(r);
	if (r->sent == r->wanted)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, ns_to_ktime(RACE_PERIOD));
	return HRTIMER_RESTART;
}

/*
 * Take the next record that is not discarded. Stores its first word in @word,
 * and whether all its words are equal in @same. Return: the number of words, or
 * 0 if there is no record.
 */
static u32 race_take(struct mms_endpoint *c, u64 *word, bool *same)
{
	const struct mms_ring *ring = c->ring;
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);
	const struct mmapshare_record *record;
	const u64 *words;
	u32 length, i;

	for (;;) {
		if (cursor->pos == mms_producer_pos(ring))
			return 0;
		record = mms_record(ring, cursor->pos);
		/* pairs with the release in mms_complete_multi() */
		length = smp_load_acquire(&record->length);
		if (length & MMAPSHARE_RECORD_BUSY)
			return 0;
		if (!(length & MMAPSHARE_RECORD_DISCARD))
			break;
		/* pairs with the acquire in mms_source_min_pos() */
		smp_store_release(&cursor->pos,
				  cursor->pos + mms_record_step(length));
	}
	words = (const u64 *)(record + 1);
	*word = words[0];
	*same = true;
	for (i = 1; i < length / sizeof(*words); i++)
		*same = *same && words[i] == words[0];
	/* after loading the words; pairs with the acquire in mms_source_min_pos() */
	smp_store_release(&cursor->pos, cursor->pos + mms_record_step(length));
	return length / sizeof(*words);
}

/*
 * A lost wake-up shows as a wait that succeeds only because mms_endpoint_sleep()
 * rechecks after the timeout: make that an error.
 */
static int race_sleep(struct mms_endpoint *c)
{
	const ktime_t begin = ktime_get();
	const int ret = mms_endpoint_wait(c, false, RACE_TIMEOUT);

	return !ret && ktime_get() - begin >= RACE_TIMEOUT ? -ETIMEDOUT : ret;
}

static void race_start(struct kunit *test, struct race *race, struct mmapshare_source *source)
{
	size_t i;

	for (i = 0; i <= RACE_THREADS; i++)
		race->racers[i] = (struct racer) {
			.source = source,
			.id = i,
			.wanted = i < RACE_THREADS ? RACE_RECORDS : RACE_TICKS,
		};
	for (i = 0; i < RACE_THREADS; i++) {
		race->threads[i] = kthread_run(race_thread, &race->racers[i], "mms-race");
		KUNIT_EXPECT_FALSE(test, IS_ERR(race->threads[i]));
	}
	mms_hrtimer_setup(&race->timer, race_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&race->timer, ns_to_ktime(RACE_PERIOD), HRTIMER_MODE_REL_HARD);
}

static void race_stop(struct race *race)
{
	size_t i;

	hrtimer_cancel(&race->timer);
	for (i = 0; i < RACE_THREADS; i++)
		if (!IS_ERR(race->threads[i]))
			kthread_stop(race->threads[i]);
}

/*
 * The records of each producer arrive in order, none is missing or torn, and no
 * wake-up is lost.
 */
static void race_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct race *race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	const u64 total = RACE_THREADS * RACE_RECORDS + RACE_TICKS;
	u64 next[RACE_THREADS + 1] = { }, word, taken = 0;
	unsigned int waits = 0;
	struct mms_endpoint c = { };
	bool same;
	int ret = 0;

	KUNIT_ASSERT_NOT_NULL(test, race);
	rebase(test, source, &c, 0, 0);
	race_start(test, race, source);
	while (!ret) {
		while (race_take(&c, &word, &same)) {
			const u64 id = min_t(u64, word >> 32, RACE_THREADS);

			if (!same || word != (id << 32 | next[id]))
				KUNIT_FAIL(test, "got %#llx, expected record %llu of %llu",
					   word, next[id], id);
			next[id]++;
			taken++;
		}
		if (taken == total)
			break;
		ret = race_sleep(&c);
		waits++;
	}
	race_stop(race);
	KUNIT_EXPECT_EQ(test, 0, ret);
	KUNIT_EXPECT_EQ(test, total, taken);
	KUNIT_EXPECT_LT(test, 0U, waits);
	KUNIT_EXPECT_TRUE(test, race->hard);
	KUNIT_EXPECT_FALSE(test, c.corrupt);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* Records that are reserved at the same time may be completed in any order. */
static void multi_producer_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { };
	void *records[3];
	u64 seq;
	size_t i;

	rebase(test, source, &c, 0, 0);
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = mmapshare_reserve(source, 8 * i);
		KUNIT_ASSERT_FALSE(test, IS_ERR(records[i]));
	}
	mmapshare_commit(source, records[2]);
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
	mmapshare_discard(source, records[0]);
	KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
	KUNIT_EXPECT_EQ(test, (int)MMAPSHARE_RECORD_DISCARD, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
	mmapshare_commit(source, records[1]);
	KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 16, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 2ULL, seq);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* No consumer is woken for a record behind a BUSY one. */
static void blocked_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { .wake = set_notified };
	void *records[2];
	size_t i;

	rebase(test, source, &c, 0, 0);
	notified = false;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&c, false));
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = mmapshare_reserve(source, 8);
		KUNIT_ASSERT_FALSE(test, IS_ERR(records[i]));
	}
	mmapshare_commit(source, records[1]);
	KUNIT_EXPECT_FALSE(test, was_notified(source));
	KUNIT_EXPECT_NE(test, 0ULL, source->ring->head->consumer_wake_pos);
	mmapshare_commit(source, records[0]);
	KUNIT_EXPECT_TRUE(test, was_notified(source));
	KUNIT_EXPECT_EQ(test, 0ULL, source->ring->head->consumer_wake_pos);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* A BUSY record is neither overwritten nor reclaimed. */
static void busy_test(struct kunit *test)
{
	static const u8 zeros[256];
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_OVERWRITE; flags++) {
		struct mmapshare_source *source =
			new_source(test, flags | MMAPSHARE_MULTI_PRODUCER);
		struct mms_endpoint c = { };
		u64 *first;
		int n;

		rebase(test, source, &c, 0, 0);
		first = mmapshare_reserve(source, 8);
		KUNIT_ASSERT_FALSE(test, IS_ERR(first));
		*first = 0x1234567812345678;
		for (n = 0; n < 40; n++)
			if (mmapshare_write(source, zeros, 248))
				break;
		KUNIT_EXPECT_EQ(test, (int)PAGE_SIZE / 256 - 1, n);
		/* the consumer claims to have released all records */
		mms_cursor(source->ring, c.cursor)->pos = source->ring->p->pos;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, zeros, 248));
		KUNIT_EXPECT_EQ(test, 0x1234567812345678ULL, *first);
		mmapshare_commit(source, first);
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, 248));
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

/*
 * A probe or an NMI that publishes while this CPU holds the producers' lock is
 * refused, and counts as dropped.
 */
static void nesting_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { };
	unsigned long flags;
	bool locked;
	int ret = 0;
	u64 seq;

	locked = mms_source_lock(source, &flags);
	if (locked) {
		ret = mmapshare_write(source, "nested", 6);
		mms_source_unlock(source, flags);
	}
	KUNIT_EXPECT_TRUE(test, locked);
	KUNIT_EXPECT_EQ(test, -EBUSY, ret);
	KUNIT_EXPECT_EQ(test, 1ULL, source->p->dropped);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, "record", 6));
	KUNIT_EXPECT_EQ(test, 1ULL, source->p->dropped);
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, false));
	KUNIT_EXPECT_EQ(test, 6, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 1ULL, seq);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/*
 * During an oops or a panic, the holder of the producers' lock may be on a CPU that was
 * stopped: a producer does not wait for it.
 */
static void oops_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	unsigned long flags;
	int ret;

	raw_spin_lock_irqsave(&source->lock, flags);
	oops_in_progress++;
	ret = mmapshare_write(source, "record", 6);
	oops_in_progress--;
	raw_spin_unlock_irqrestore(&source->lock, flags);
	KUNIT_EXPECT_EQ(test, -EBUSY, ret);
	KUNIT_EXPECT_EQ(test, 1ULL, source->p->dropped);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, "record", 6));
	mmapshare_source_put(source);
}

/*
 * A consumer is armed by a ->poll() that finds a record, and then takes it. The
 * consumer is woken when the next record is completed, even if that one was
 * reserved before. Edge-triggered epoll relies on this: it does not call
 * ->poll() again in between.
 */
static void edge_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { .wake = set_notified };
	void *records[2];
	u64 seq;
	size_t i;

	rebase(test, source, &c, 0, 0);
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = mmapshare_reserve(source, 8);
		KUNIT_ASSERT_FALSE(test, IS_ERR(records[i]));
	}
	mmapshare_commit(source, records[0]);
	notified = false;
	KUNIT_EXPECT_EQ(test, 0, mms_endpoint_arm(&c, true));
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	mmapshare_commit(source, records[1]);
	KUNIT_EXPECT_TRUE(test, was_notified(source));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/*
 * wake_us begins when the first record is complete. A consumer that has a reserved record
 * before it when the timer expires is woken as soon as that is complete.
 */
static void flush_busy_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint *c = kunit_kzalloc(test, sizeof(*c), GFP_KERNEL);
	struct mmapshare_ring_cursor *cursor;
	void *record = mmapshare_reserve(source, 8);
	unsigned int tries;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, c);
	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	c->wake = set_notified;
	mms_endpoint_init(c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(c, false));
	cursor = mms_cursor(source->ring, c->cursor);
	cursor->wake_bytes = 2048;
	cursor->wake_us = U32_MAX;
	notified = false;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(c, false));
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&c->flush_timer));
	mmapshare_commit(source, record);
	KUNIT_EXPECT_FALSE(test, was_notified(source));
	KUNIT_EXPECT_TRUE(test, hrtimer_active(&c->flush_timer));
	record = mmapshare_reserve(source, 8);
	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	cursor->wake_us = 1;
	/* the timer does not expire before the position has changed */
	local_bh_disable();
	ret = mms_endpoint_arm(c, false);
	WRITE_ONCE(cursor->pos, 16);
	local_bh_enable();
	KUNIT_EXPECT_EQ(test, -EAGAIN, ret);
	for (tries = 0; hrtimer_active(&c->flush_timer) && tries < 10000; tries++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_FALSE(test, hrtimer_active(&c->flush_timer));
	KUNIT_EXPECT_FALSE(test, was_notified(source));
	mmapshare_commit(source, record);
	KUNIT_EXPECT_TRUE(test, was_notified(source));
	mms_ring_detach(c);
	mmapshare_source_put(source);
}

/*
 * The oldest record is still reserved, and the consumer began behind it. A producer
 * waits for that record, as no consumer can make space. The record is committed
 * with @wakeup.
 */
static void check_reserved_oldest(struct kunit *test, unsigned int flags, unsigned int wakeup)
{
	static const u8 zeros[1000];
	struct mmapshare_source *source = new_source(test, flags | MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { };
	void *record = mmapshare_reserve(source, 8);

	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	while (!mmapshare_write(source, zeros, sizeof(zeros)))
		;
	mms_endpoint_init(&c, source->ep.region, false);
	KUNIT_EXPECT_EQ(test, 0, mms_ring_attach(&c, true));
	KUNIT_EXPECT_EQ(test, -EAGAIN, mmapshare_write(source, zeros, sizeof(zeros)));
	KUNIT_EXPECT_EQ(test, -ETIMEDOUT, mmapshare_source_wait(source, sizeof(zeros), 0));
	source->ep.wake = set_notified;
	notified = false;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&source->ep, false));
	mmapshare_commit_flags(source, record, wakeup);
	KUNIT_EXPECT_TRUE(test, was_notified(source));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_source_wait(source, sizeof(zeros), 0));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, zeros, sizeof(zeros)));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

static void reserved_oldest_test(struct kunit *test)
{
	check_reserved_oldest(test, 0, 0);
	check_reserved_oldest(test, MMAPSHARE_OVERWRITE, 0);
	/* MMAPSHARE_NO_WAKEUP is for consumers only */
	check_reserved_oldest(test, 0, MMAPSHARE_NO_WAKEUP);
}

static struct kunit_case ring_multi_cases[] = {
	KUNIT_CASE(multi_producer_test),
	KUNIT_CASE(blocked_test),
	KUNIT_CASE(busy_test),
	KUNIT_CASE(nesting_test),
	KUNIT_CASE(oops_test),
	KUNIT_CASE(edge_test),
	KUNIT_CASE(flush_busy_test),
	KUNIT_CASE(reserved_oldest_test),
	KUNIT_CASE_SLOW(race_test),
	{ }
};

static struct kunit_suite ring_multi_suite = {
	.name = "mmapshare-ring-multi",
	.test_cases = ring_multi_cases,
};

kunit_test_suite(ring_multi_suite);
