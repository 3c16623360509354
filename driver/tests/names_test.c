// SPDX-License-Identifier: GPL-2.0
/* Tests of names.c, which includes this. */
#include <kunit/test.h>

#define X31	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void name_ok_test(struct kunit *test)
{
	static const struct {
		char name[MMAPSHARE_NAME_SIZE];
		bool ok;
	} cases[] = {
		{ "a", true },
		{ "Z9._-", true },
		{ "...", true },
		{ ".a", true },
		{ "-", true },
		/* the longest name; one without a terminating 0 */
		{ X31 X31 "x", true },
		{ X31 X31 "xx", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "a/b", false },
		{ "a b", false },
		{ "a\n", false },
		{ "a\\", false },
		{ "a!", false },
		{ "a:", false },
		{ "a@", false },
		{ "a[", false },
		{ "a`", false },
		{ "a{", false },
		/*
		 * not ASCII; 0xe4 is a letter in Latin-1, and so for the
		 * kernel's isalpha()
		 */
		{ "\xe4", false },
		{ "a\x80", false },
		/* a byte that is not 0 after the end */
		{ "a\0b", false },
		{ "\0b", false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ok, mms_name_ok(cases[i].name),
				    "case %zu", i);
}

static struct kunit_case names_cases[] = {
	KUNIT_CASE(name_ok_test),
	{ }
};

static struct kunit_suite names_suite = {
	.name = "mmapshare-names",
	.test_cases = names_cases,
};

kunit_test_suite(names_suite);
