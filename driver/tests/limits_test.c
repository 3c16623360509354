// SPDX-License-Identifier: GPL-2.0
/* Tests of limits.c, which includes this. */
#include <kunit/test.h>

static void exceeds_test(struct kunit *test)
{
	static const struct {
		u64 used, more, max;
		bool exceeds;
	} cases[] = {
		{ 0, 0, 0, false },
		{ 0, 1, 0, true },
		{ 0, 8, 8, false },
		{ 0, 9, 8, true },
		{ 7, 1, 8, false },
		{ 7, 2, 8, true },
		{ 8, 0, 8, false },
		{ 8, 1, 8, true },
		/* the limit was lowered below what is in use */
		{ 9, 0, 8, true },
		/* sums that wrap to 0 and to 7 */
		{ 1, U64_MAX, 8, true },
		{ 8, U64_MAX, 8, true },
		{ 0, U64_MAX, U64_MAX, false },
		{ 1, U64_MAX, U64_MAX, true },
		{ U64_MAX, 0, U64_MAX, false },
		{ U64_MAX, 1, U64_MAX, true },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].exceeds,
				    mms_exceeds(cases[i].used, cases[i].more,
						cases[i].max),
				    "case %zu", i);
}

static void set_bytes_test(struct kunit *test)
{
	static const struct {
		const char *text;
		u64 bytes;
		int ret;
	} cases[] = {
		{ "64M\n", SZ_64M },
		{ " 64k ", SZ_64K },
		/* 31 characters, the longest that is parsed; 32 */
		{ "1M                             ", SZ_1M },
		{ "1M                              ", 0, -EINVAL },
		{ "", 0, -EINVAL },
		{ "\n", 0, -EINVAL },
		{ "0", 0, -EINVAL },
		{ "-1", 0, -EINVAL },
		{ "8388608T", 0, -ERANGE },
	};
	u64 bytes;
	const struct kernel_param kp = { .arg = &bytes };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		/* a refused charge changes nothing */
		u64 want = 1;

		if (!cases[i].ret)
			want = cases[i].bytes;
		bytes = 1;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ret,
				    mms_set_bytes(cases[i].text, &kp), "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, want, bytes, "case %zu", i);
	}
}

/* The entry of a user exists as long as the user has a region. */
static void charge_test(struct kunit *test)
{
	const kuid_t uid = KUIDT_INIT(54321);
	const u64 max = mms_max_bytes, bytes = mms_bytes;
	const unsigned int regions = mms_regions;
	struct mms_user *user, *same;

	mms_max_bytes = bytes + 3 * PAGE_SIZE;
	user = mms_charge(uid, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, user);
	same = mms_charge(uid, 2 * PAGE_SIZE);
	KUNIT_EXPECT_PTR_EQ(test, user, same);
	KUNIT_EXPECT_EQ(test, regions + 2, mms_regions);
	KUNIT_EXPECT_EQ(test, bytes + 3 * PAGE_SIZE, mms_bytes);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOSPC), mms_charge(uid, 1));
	mms_uncharge(user, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, 1, user->regions);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, user->bytes);
	mms_uncharge(user, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, regions, mms_regions);
	KUNIT_EXPECT_EQ(test, bytes, mms_bytes);
	mms_max_bytes = max;
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(exceeds_test),
	KUNIT_CASE(set_bytes_test),
	KUNIT_CASE(charge_test),
	{ }
};

static struct kunit_suite limits_suite = {
	.name = "mmapshare-limits",
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);
