// SPDX-License-Identifier: GPL-2.0
/* Tests of size.c, which includes this. */
#include <kunit/test.h>
#include <linux/sizes.h>

struct size_case {
	const char *text;
	u64 size;
	int ret;
};

static const struct size_case size_cases[] = {
	{ "1", PAGE_SIZE },
	{ "0x1001", ALIGN(0x1001ULL, PAGE_SIZE) },
	{ "+1", PAGE_SIZE },
	{ "1\n", PAGE_SIZE },
	{ "64K", SZ_64K },
	{ "64k", SZ_64K },
	{ "010M", SZ_8M },
	{ "3m", 3 * SZ_1M },
	{ "1G", SZ_1G },
	{ "1g", SZ_1G },
	{ "5T", 5ULL << 40 },
	{ "5t", 5ULL << 40 },
	/* the largest size that does not exceed loff_t when it is rounded up */
	{ "8388607T", 8388607ULL << 40 },
	{ "", 0, -EINVAL },
	{ "0", 0, -EINVAL },
	{ "0K", 0, -EINVAL },
	{ "-1", 0, -EINVAL },
	{ "K", 0, -EINVAL },
	{ "KK", 0, -EINVAL },
	{ "1KB", 0, -EINVAL },
	{ "1MM", 0, -EINVAL },
	{ "1X", 0, -EINVAL },
	{ "1 K", 0, -EINVAL },
	{ " 1", 0, -EINVAL },
	{ "1.5M", 0, -EINVAL },
	{ "0x", 0, -EINVAL },
	{ "08", 0, -EINVAL },
	/* 23 characters, the longest text that is parsed, and 24 */
	{ "01777777777777777777777", 0, -ERANGE },
	{ "000000000000000000000001", 0, -EINVAL },
	{ "0x8000000000000000", 0, -ERANGE },
	{ "0xffffffffffffffff", 0, -ERANGE },
	{ "18446744073709551616", 0, -ERANGE },
	{ "8388608T", 0, -ERANGE },
	{ "16777216T", 0, -ERANGE },
	{ "18014398509481984K", 0, -ERANGE },
};

static void size_desc(const struct size_case *c, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%*pE\"",
		 (int)strlen(c->text), c->text);
}

KUNIT_ARRAY_PARAM(size, size_cases, size_desc);

static void parse_size_test(struct kunit *test)
{
	const struct size_case *c = test->param_value;
	u64 size = 0;

	KUNIT_EXPECT_EQ(test, c->ret, mms_parse_size(c->text, &size));
	if (!c->ret)
		KUNIT_EXPECT_EQ(test, c->size, size);
}

/* The largest size, exact to the byte for any page size. */
static void parse_size_limit_test(struct kunit *test)
{
	const u64 most = MAX_LFS_FILESIZE - PAGE_SIZE;
	char text[24];
	u64 size;

	snprintf(text, sizeof(text), "%llu", most);
	KUNIT_EXPECT_EQ(test, 0, mms_parse_size(text, &size));
	KUNIT_EXPECT_EQ(test, most + 1, size);
	snprintf(text, sizeof(text), "%llu", most + 1);
	KUNIT_EXPECT_EQ(test, -ERANGE, mms_parse_size(text, &size));
}

static struct kunit_case size_kunit_cases[] = {
	KUNIT_CASE_PARAM(parse_size_test, size_gen_params),
	KUNIT_CASE(parse_size_limit_test),
	{ }
};

static struct kunit_suite size_suite = {
	.name = "mmapshare-size",
	.test_cases = size_kunit_cases,
};

kunit_test_suite(size_suite);
