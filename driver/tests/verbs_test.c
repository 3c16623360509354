// SPDX-License-Identifier: GPL-2.0
/* Tests of verbs.c, which includes this. */
#include <kunit/test.h>

/* Lengths around the size of the pattern's buffer and of one piece. */
static const size_t lengths[] = {
	0, 1, 2, 15, 16, 17, 239, 240, 241, 255, 256, 257, 511, 512, 513, 4096,
};

static void pattern_test(struct kunit *test)
{
	u8 bytes[MMAPSHARE_PATTERN_MAX];
	struct mms_pattern p;
	size_t len, i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'a' + i;
	for (len = 1; len <= sizeof(bytes); len++) {
		mms_pattern_init(&p, bytes, len);
		KUNIT_EXPECT_EQ(test, 0, p.len % len);
		KUNIT_EXPECT_LE(test, p.len, sizeof(p.bytes));
		KUNIT_EXPECT_GT(test, p.len + len, sizeof(p.bytes));
		for (i = 0; i < p.len; i++)
			KUNIT_ASSERT_EQ(test, bytes[i % len], p.bytes[i]);
	}
}

static void fill_test(struct kunit *test)
{
	u8 bytes[MMAPSHARE_PATTERN_MAX];
	struct mms_pattern p;
	size_t len, i, j;
	u8 *buf;

	buf = kunit_kzalloc(test, 4096 + 2, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buf);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = 'a' + i;
	for (len = 1; len <= sizeof(bytes); len++) {
		mms_pattern_init(&p, bytes, len);
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			memset(buf, 0, 4096 + 2);
			mms_fill_piece(buf + 1, lengths[j], &p);
			for (i = 0; i < lengths[j]; i++)
				KUNIT_ASSERT_EQ(test, bytes[i % len], buf[1 + i]);
			KUNIT_ASSERT_EQ(test, 0, buf[0]);
			KUNIT_ASSERT_EQ(test, 0, buf[1 + lengths[j]]);
		}
	}
}

struct pieces {
	char *next;
	size_t max, total;
	bool ok;
};

static void note_piece(void *p, size_t n, void *ctx)
{
	struct pieces *pieces = ctx;

	pieces->ok &= p == pieces->next && n && n <= pieces->max;
	pieces->next += n;
	pieces->total += n;
}

/*
 * Each byte is passed to the function once, in order. The bytes are not
 * accessed: there is no memory behind the addresses.
 */
static void pieces_test(struct kunit *test)
{
	struct page *pages[] = { ZERO_PAGE(0), ZERO_PAGE(0) };
	char *base = (char *)PAGE_SIZE;
	struct mms_region r = { .mem = { .vaddr = base, .pages = pages } };
	size_t i, max;

	init_rwsem(&r.access);
	KUNIT_ASSERT_GE(test, ARRAY_SIZE(pages) * PAGE_SIZE,
			7 + lengths[ARRAY_SIZE(lengths) - 1]);
	for (i = 0; i < ARRAY_SIZE(lengths); i++)
		for (max = 1; max <= 513; max += 64) {
			struct pieces p = {
				.next = base + 7, .max = max, .ok = true,
			};

			KUNIT_EXPECT_EQ(test, 0,
					mms_in_pieces(&r, 7, lengths[i], max, false,
						      note_piece, &p));
			KUNIT_EXPECT_TRUE(test, p.ok);
			KUNIT_EXPECT_EQ(test, lengths[i], p.total);
		}
}

/* The check value of CRC-32C: that of "123456789". */
static void crc_test(struct kunit *test)
{
	char text[] = "123456789";
	u32 crc = ~0U;

	mms_checksum_piece(text, 9, &crc);
	KUNIT_EXPECT_EQ(test, 0xe3069283, ~crc);
	crc = ~0U;
	mms_checksum_piece(text, 4, &crc);
	mms_checksum_piece(text + 4, 5, &crc);
	KUNIT_EXPECT_EQ(test, 0xe3069283, ~crc);
}

static struct kunit_case verbs_cases[] = {
	KUNIT_CASE(pattern_test),
	KUNIT_CASE(fill_test),
	KUNIT_CASE(pieces_test),
	KUNIT_CASE(crc_test),
	{ }
};

static struct kunit_suite verbs_suite = {
	.name = "mmapshare-verbs",
	.test_cases = verbs_cases,
};

kunit_test_suite(verbs_suite);
