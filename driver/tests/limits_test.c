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
		/* 31 characters, the longest text that is parsed, and 32 */
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
		/* a refused value does not change the parameter */
		u64 want = 1;

		if (!cases[i].ret)
			want = cases[i].bytes;
		bytes = 1;
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ret,
				    mms_set_bytes(cases[i].text, &kp), "case %zu", i);
		KUNIT_EXPECT_EQ_MSG(test, want, bytes, "case %zu", i);
	}
}

/* A user's struct mms_user exists as long as the user has a region. */
static void charge_test(struct kunit *test)
{
	const kuid_t uid = KUIDT_INIT(54321);
	const u64 max = mms_max_bytes, bytes = mms_bytes;
	const unsigned int regions = mms_regions;
	struct mms_charge *charge, *more;
	struct mms_user *user;

	mms_max_bytes = bytes + 3 * PAGE_SIZE;
	charge = mms_charge_to(uid, PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, charge);
	more = mms_charge_to(uid, 2 * PAGE_SIZE);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, more);
	user = more->user;
	KUNIT_EXPECT_PTR_EQ(test, charge->user, user);
	KUNIT_EXPECT_EQ(test, regions + 2, mms_regions);
	KUNIT_EXPECT_EQ(test, bytes + 3 * PAGE_SIZE, mms_bytes);
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-ENOSPC), mms_charge_to(uid, 1));
	mms_uncharge(charge, NULL);
	KUNIT_EXPECT_EQ(test, 1, user->regions);
	KUNIT_EXPECT_EQ(test, 2 * PAGE_SIZE, user->bytes);
	mms_uncharge(more, NULL);
	KUNIT_EXPECT_EQ(test, regions, mms_regions);
	KUNIT_EXPECT_EQ(test, bytes, mms_bytes);
	mms_max_bytes = max;
}

/* A user namespace that a user or root has made, and another one inside it. */
static void payer_test(struct kunit *test)
{
	const kuid_t user = KUIDT_INIT(1000), sub = KUIDT_INIT(100007);
	struct user_namespace *outer = kunit_kzalloc(test, sizeof(*outer), GFP_KERNEL);
	struct user_namespace *inner = kunit_kzalloc(test, sizeof(*inner), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, outer);
	KUNIT_ASSERT_NOT_NULL(test, inner);
	outer->parent = &init_user_ns;
	outer->owner = user;
	inner->parent = outer;
	inner->owner = sub;
	KUNIT_EXPECT_EQ(test, 100007, __kuid_val(mms_payer(&init_user_ns, sub)));
	KUNIT_EXPECT_EQ(test, 1000, __kuid_val(mms_payer(outer, sub)));
	KUNIT_EXPECT_EQ(test, 1000, __kuid_val(mms_payer(inner, sub)));

	/*
	 * made by root: with no uid mapped, with root mapped to another uid,
	 * and to root
	 */
	outer->owner = GLOBAL_ROOT_UID;
	KUNIT_EXPECT_EQ(test, 0, __kuid_val(mms_payer(outer, sub)));
	outer->uid_map.nr_extents = 1;
	outer->uid_map.extent[0].count = 65536;
	outer->uid_map.extent[0].lower_first = 100000;
	KUNIT_EXPECT_EQ(test, 100000, __kuid_val(mms_payer(outer, sub)));
	KUNIT_EXPECT_EQ(test, 100000, __kuid_val(mms_payer(inner, sub)));
	outer->uid_map.extent[0].lower_first = 0;
	KUNIT_EXPECT_EQ(test, 1000, __kuid_val(mms_payer(outer, user)));
	KUNIT_EXPECT_EQ(test, 100007, __kuid_val(mms_payer(inner, user)));
}

static struct kunit_case limits_cases[] = {
	KUNIT_CASE(exceeds_test),
	KUNIT_CASE(set_bytes_test),
	KUNIT_CASE(charge_test),
	KUNIT_CASE(payer_test),
	{ }
};

static struct kunit_suite limits_suite = {
	.name = "mmapshare-limits",
	.test_cases = limits_cases,
};

kunit_test_suite(limits_suite);
