// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of what a kernel producer can say of a record before and when it commits
 * it. Included by ring_source.c, after ring_multi_test.c.
 */
#include <kunit/test.h>

/* Reserve a record of @length bytes and trim it to @used, if that is less. */
static void *reserve_trimmed(struct kunit *test, struct mmapshare_source *source, u32 length,
			     u32 used)
{
	void *record = mmapshare_reserve(source, length);

	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	if (used < length)
		KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, record, used));
	return record;
}

/* One producer: what a record does not use is available again. */
static void trim_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint c = { };
	void *record;
	u64 seq;

	rebase(test, source, &c, 0, 0);
	record = reserve_trimmed(test, source, 1000, 17);
	KUNIT_EXPECT_EQ(test, -EINVAL, mmapshare_trim(source, record, 18));
	mmapshare_commit(source, record);
	KUNIT_EXPECT_EQ(test, mms_record_step(17), source->p->pos);
	KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &seq, 8));
	KUNIT_EXPECT_EQ(test, 17, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 1ULL, seq);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* Expect a filler of @length bytes, in front of the record number @next_seq. */
static void expect_filler(struct kunit *test, struct mms_endpoint *c, u32 length, u64 next_seq)
{
	u64 seq = 0;

	KUNIT_EXPECT_EQ(test,
			(int)(length | MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_FILLER),
			take(c, &seq));
	KUNIT_EXPECT_EQ(test, next_seq, seq);
}

/* Several producers: what a record does not use becomes a filler. */
static void trim_multi_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { };
	void *records[4];
	u64 seq;
	size_t i;

	rebase(test, source, &c, 0, 0);
	for (i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = reserve_trimmed(test, source, 104, 104);
	KUNIT_EXPECT_EQ(test, -EINVAL, mmapshare_trim(source, records[0], 105));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, records[0], 97));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, records[1], 96));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, records[1], 8));
	KUNIT_EXPECT_EQ(test, -EINVAL, mmapshare_trim(source, records[1], 9));
	KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, records[2], 0));
	mmapshare_commit(source, records[0]);
	KUNIT_EXPECT_EQ(test, 97, take(&c, &seq));
	/* trimmed, but still BUSY */
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
	for (i = ARRAY_SIZE(records) - 1; i; i--)
		mmapshare_commit(source, records[i]);
	KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 1ULL, seq);
	expect_filler(test, &c, 80, 2);
	expect_filler(test, &c, 0, 2);
	KUNIT_EXPECT_EQ(test, 0, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 2ULL, seq);
	expect_filler(test, &c, 96, 3);
	KUNIT_EXPECT_EQ(test, 104, take(&c, &seq));
	KUNIT_EXPECT_EQ(test, 3ULL, seq);
	KUNIT_EXPECT_EQ(test, -1, take(&c, &seq));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* A filler counts neither as lost nor as overwritten. */
static void trim_overwrite_test(struct kunit *test)
{
	struct mmapshare_source *source =
		new_source(test, MMAPSHARE_OVERWRITE | MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { };
	u64 seq, n, seen = 0, last = 0;
	int length;

	rebase(test, source, &c, 0, 0);
	for (n = 0; n < 2000; n++)
		mmapshare_commit(source, reserve_trimmed(test, source, 100, n % 101));
	while ((length = take(&c, &seq)) >= 0) {
		if (length & MMAPSHARE_RECORD_FILLER)
			continue;
		KUNIT_EXPECT_EQ(test, (int)(seq % 101), length);
		last = seq;
		seen++;
	}
	KUNIT_EXPECT_EQ(test, 1999ULL, last);
	KUNIT_EXPECT_LT(test, 0ULL, seen);
	KUNIT_EXPECT_EQ(test, 2000 - seen, source->p->overwritten);
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* A revoked ring, and one with failed memory, are not touched. */
static void trim_refused_test(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source = new_source(test, flags);
		void *record = reserve_trimmed(test, source, 100, 100);
		const u32 length = mms_record(source->ring, 0)->length;

		source->ep.region->ops->memory_failed(source->ep.region);
		KUNIT_EXPECT_EQ(test, -EIO, mmapshare_trim(source, record, 1));
		KUNIT_EXPECT_EQ(test, length, mms_record(source->ring, 0)->length);
		KUNIT_EXPECT_EQ(test, 0, mms_revoke(source->ep.region));
		KUNIT_EXPECT_EQ(test, -ENODEV, mmapshare_trim(source, record, 1));
		mmapshare_discard(source, record);
		mmapshare_source_put(source);
	}
}

/* Publish a record of 8 bytes. */
static void commit_8(struct kunit *test, struct mmapshare_source *source, unsigned int flags)
{
	void *record = mmapshare_reserve(source, 8);

	KUNIT_ASSERT_FALSE(test, IS_ERR(record));
	mmapshare_commit_flags(source, record, flags);
}

/* Let the consumer, which sets @notified when it is woken, go to sleep. */
static void expect_asleep(struct kunit *test, struct mms_endpoint *c)
{
	notified = false;
	KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(c, false));
}

/* Without a wake-up a sleeping consumer remains asleep, and another finds the record. */
static void no_wakeup_test(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source = new_source(test, flags);
		struct mms_endpoint c = { .wake = set_notified };
		u64 seq;

		rebase(test, source, &c, 0, 0);
		expect_asleep(test, &c);
		commit_8(test, source, MMAPSHARE_NO_WAKEUP);
		KUNIT_EXPECT_FALSE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
		mmapshare_source_notify(source, 0);
		KUNIT_EXPECT_TRUE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
		expect_asleep(test, &c);
		commit_8(test, source, MMAPSHARE_NO_WAKEUP);
		KUNIT_EXPECT_FALSE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, &seq, 8));
		KUNIT_EXPECT_TRUE(test, was_notified(source));
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

/* A forced wake-up does not wait for wake_bytes, of this record only. */
static void force_wakeup_test(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source = new_source(test, flags);
		struct mms_endpoint c = { .wake = set_notified };
		u64 seq;

		rebase(test, source, &c, 0, 0);
		mms_cursor(source->ring, c.cursor)->wake_bytes = 1024;
		expect_asleep(test, &c);
		commit_8(test, source, 0);
		KUNIT_EXPECT_FALSE(test, was_notified(source));
		commit_8(test, source, MMAPSHARE_FORCE_WAKEUP);
		KUNIT_EXPECT_TRUE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
		KUNIT_EXPECT_EQ(test, 0, mms_endpoint_arm(&c, false));
		KUNIT_EXPECT_EQ(test, 8, take(&c, &seq));
		expect_asleep(test, &c);
		commit_8(test, source, 0);
		KUNIT_EXPECT_FALSE(test, was_notified(source));
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_arm(&c, false));
		mmapshare_source_notify(source, MMAPSHARE_FORCE_WAKEUP);
		KUNIT_EXPECT_TRUE(test, was_notified(source));
		mms_ring_detach(&c);
		mmapshare_source_put(source);
	}
}

/* The consumer is woken when the record is complete for which it has to wait. */
static void force_blocked_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, MMAPSHARE_MULTI_PRODUCER);
	struct mms_endpoint c = { .wake = set_notified };
	void *records[2];
	size_t i;

	rebase(test, source, &c, 0, 0);
	mms_cursor(source->ring, c.cursor)->wake_bytes = 1024;
	for (i = 0; i < ARRAY_SIZE(records); i++)
		records[i] = reserve_trimmed(test, source, 8, 8);
	expect_asleep(test, &c);
	mmapshare_commit_flags(source, records[1], MMAPSHARE_FORCE_WAKEUP);
	KUNIT_EXPECT_FALSE(test, was_notified(source));
	mmapshare_commit(source, records[0]);
	KUNIT_EXPECT_TRUE(test, was_notified(source));
	KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
	mms_ring_detach(&c);
	mmapshare_source_put(source);
}

/* A program may have stored any position to be forced. */
static void forced_pos_test(struct kunit *test)
{
	struct mmapshare_source *source = new_source(test, 0);
	struct mms_endpoint c = { };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		struct mms_ring *ring = source->ring;
		const u64 pos = starts[i];

		rebase(test, source, &c, pos, 0);
		mms_cursor(ring, c.cursor)->wake_bytes = 1024;
		commit_8(test, source, 0);
		ring->forced_pos = pos;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
		ring->forced_pos = pos - 8;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
		ring->forced_pos = pos + PAGE_SIZE + 8;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
		ring->forced_pos = pos + PAGE_SIZE;
		KUNIT_EXPECT_EQ(test, 0, mms_endpoint_check(&c));
		mms_cursor(ring, c.cursor)->pos = source->head;
		KUNIT_EXPECT_EQ(test, -EAGAIN, mms_endpoint_check(&c));
		mms_ring_detach(&c);
	}
	mmapshare_source_put(source);
}

static struct mmapshare_source *new_info_source(struct kunit *test, u64 features,
						unsigned int flags)
{
	const struct mmapshare_params params = {
		.size = PAGE_SIZE, .consumers = 2, .features = features, .flags = flags,
	};
	struct mmapshare_source *source = mmapshare_source_create(&params);

	KUNIT_ASSERT_FALSE(test, IS_ERR(source));
	return source;
}

/* The info of the record at @pos, and expect that @length bytes follow it. */
static const struct mmapshare_record_info *
info_at(struct kunit *test, struct mmapshare_source *source, u64 pos, u32 length)
{
	const struct mmapshare_record *record = mms_record(source->ring, pos);

	KUNIT_EXPECT_EQ(test, length + 16, record->length);
	return (const void *)(record + 1);
}

#define ALL_FEATURES	(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_CPU | \
			 MMAPSHARE_RING_FEAT_TYPE)

/* Time, CPU and type are in front of the bytes. */
static void info_test(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source = new_info_source(test, ALL_FEATURES, flags);
		const struct mmapshare_record_info *info;
		const u64 before = ktime_get_mono_fast_ns();
		u64 *record;
		unsigned int cpu = get_cpu();

		record = mmapshare_reserve(source, 8);
		put_cpu();
		KUNIT_ASSERT_FALSE(test, IS_ERR(record));
		KUNIT_EXPECT_PTR_EQ(test, (void *)(mms_record(source->ring, 0) + 1) + 16,
				    (void *)record);
		*record = 1;
		mmapshare_set_type(source, record, 0xfffe);
		mmapshare_commit(source, record);
		KUNIT_EXPECT_EQ(test, 32ULL, source->p->pos);
		info = info_at(test, source, 0, 8);
		KUNIT_EXPECT_LE(test, before, info->time);
		KUNIT_EXPECT_GE(test, ktime_get_mono_fast_ns(), info->time);
		KUNIT_EXPECT_EQ(test, cpu, info->cpu);
		KUNIT_EXPECT_EQ(test, 0xfffe, info->type);
		/* nothing of it remains for the next record there */
		memset(mms_record(source->ring, 32) + 1, 0xff, 16);
		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, "text", 4));
		info = info_at(test, source, 32, 4);
		KUNIT_EXPECT_EQ(test, 0, info->type);
		KUNIT_EXPECT_EQ(test, 0, info->reserved);
		mmapshare_source_put(source);
	}
}

/* Without its feature a member is 0; each clock is the one that was chosen. */
static void features_test(struct kunit *test)
{
	static const u64 good[] = {
		MMAPSHARE_RING_FEAT_MONOTONIC, MMAPSHARE_RING_FEAT_BOOTTIME,
		MMAPSHARE_RING_FEAT_CPU, MMAPSHARE_RING_FEAT_TYPE,
	};
	static const u64 bad[] = {
		MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME,
		BIT_ULL(4), BIT_ULL(63),
	};
	struct mmapshare_params params = { .size = PAGE_SIZE, .consumers = 1 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		struct mmapshare_source *source = new_info_source(test, good[i], 0);
		const struct mmapshare_record_info *info;
		u64 before = good[i] & MMAPSHARE_RING_FEAT_BOOTTIME ? ktime_get_boot_fast_ns() :
			     good[i] & MMAPSHARE_RING_FEAT_MONOTONIC ? ktime_get_mono_fast_ns() : 0;

		KUNIT_EXPECT_EQ(test, 0, mmapshare_write(source, "text", 4));
		KUNIT_EXPECT_EQ(test, good[i], source->ring->head->features);
		info = info_at(test, source, 0, 4);
		KUNIT_EXPECT_LE(test, before, info->time);
		KUNIT_EXPECT_GE(test, before ? before + 3600ULL * NSEC_PER_SEC : 0, info->time);
		KUNIT_EXPECT_EQ(test, 0, info->type);
		mmapshare_source_put(source);
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		params.features = bad[i];
		KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(mmapshare_source_create(&params)));
	}
	params.features = ALL_FEATURES;
	KUNIT_EXPECT_EQ(test, -EINVAL,
			PTR_ERR_OR_ZERO(mmapshare_sink_create(&params, 8, NULL, NULL)));
	params.consumers = 0;
	KUNIT_EXPECT_EQ(test, -EINVAL, PTR_ERR_OR_ZERO(mmapshare_region_create(&params)));
}

/* The info counts where the space for records is counted. */
static void info_limits_test(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags <= MMAPSHARE_MULTI_PRODUCER; flags += MMAPSHARE_MULTI_PRODUCER) {
		struct mmapshare_source *source =
			new_info_source(test, MMAPSHARE_RING_FEAT_TYPE, flags);
		const u32 max = source->ring->head->record_max;
		void *record;

		KUNIT_EXPECT_EQ(test, mms_record_max(PAGE_SIZE) - 16, max);
		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				PTR_ERR_OR_ZERO(mmapshare_reserve(source, max + 1)));
		KUNIT_EXPECT_EQ(test, -EMSGSIZE,
				PTR_ERR_OR_ZERO(mmapshare_reserve(source, U32_MAX)));
		KUNIT_EXPECT_EQ(test, -EMSGSIZE, mmapshare_source_wait(source, max + 1, 0));
		record = reserve_trimmed(test, source, max, max);
		KUNIT_EXPECT_EQ(test, -EINVAL, mmapshare_trim(source, record, max + 1));
		KUNIT_EXPECT_EQ(test, 0, mmapshare_trim(source, record, 5));
		KUNIT_EXPECT_EQ(test, -EINVAL, mmapshare_trim(source, record, 6));
		mmapshare_commit(source, record);
		info_at(test, source, 0, 5);
		KUNIT_EXPECT_EQ(test, flags ? 2048ULL : 32ULL, source->p->pos);
		while (!mmapshare_write(source, "text", 4))
			;
		KUNIT_EXPECT_EQ(test, 0ULL, source->p->pos % 32);
		KUNIT_EXPECT_EQ(test, PAGE_SIZE - 32, source->p->pos);
		mmapshare_source_put(source);
	}
}

static struct kunit_case ring_commit_cases[] = {
	KUNIT_CASE(trim_test),
	KUNIT_CASE(trim_multi_test),
	KUNIT_CASE(trim_overwrite_test),
	KUNIT_CASE(trim_refused_test),
	KUNIT_CASE(no_wakeup_test),
	KUNIT_CASE(force_wakeup_test),
	KUNIT_CASE(force_blocked_test),
	KUNIT_CASE(forced_pos_test),
	KUNIT_CASE(info_test),
	KUNIT_CASE(features_test),
	KUNIT_CASE(info_limits_test),
	{ }
};

static struct kunit_suite ring_commit_suite = {
	.name = "mmapshare-ring-commit",
	.test_cases = ring_commit_cases,
};

kunit_test_suite(ring_commit_suite);
