// SPDX-License-Identifier: GPL-2.0
/* Tests of map.c, which includes this. */
#include <kunit/test.h>

static void range_test(struct kunit *test)
{
	static const struct {
		u64 size, offset, length;
		bool ok;
	} cases[] = {
		{ 0, 0, 0, true },
		{ 0, 0, 1, false },
		{ 0, 1, 0, false },
		{ 8, 0, 8, true },
		{ 8, 0, 9, false },
		{ 8, 7, 1, true },
		{ 8, 7, 2, false },
		{ 8, 8, 0, true },
		{ 8, 8, 1, false },
		{ 8, 9, 0, false },
		/* sums that wrap to 0, 7 and 8 */
		{ 8, 1, U64_MAX, false },
		{ 8, 8, U64_MAX, false },
		{ 8, U64_MAX, 1, false },
		{ 8, U64_MAX - 1, 10, false },
		{ U64_MAX, 0, U64_MAX, true },
		{ U64_MAX, U64_MAX, 0, true },
		{ U64_MAX, U64_MAX, 1, false },
		{ U64_MAX, 1, U64_MAX, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].ok,
				    mms_range_ok(cases[i].size, cases[i].offset,
						 cases[i].length),
				    "case %zu", i);
}

/* @pfns are those of a region's pages; no page is accessed. */
static void run_length_test(struct kunit *test)
{
	static const unsigned long pfns[] = { 5, 6, 7, 3, 4, 4, 9, 8, 10, 11 };
	static const unsigned long runs[] = { 3, 2, 1, 2, 1, 1, 1, 1, 2, 1 };
	struct page *pages[ARRAY_SIZE(pfns)];
	struct mms_region r = {
		.mem = { .pages = pages, .nr_pages = ARRAY_SIZE(pfns) },
	};
	unsigned long i, max;

	for (i = 0; i < r.mem.nr_pages; i++)
		pages[i] = pfn_to_page(pfns[i]);
	for (i = 0; i < r.mem.nr_pages; i++)
		for (max = 1; max <= r.mem.nr_pages - i; max++)
			KUNIT_EXPECT_EQ_MSG(test, min(runs[i], max),
					    mms_run_length(&r, i, max),
					    "%lu of %lu", i, max);
}

/* Cases: addresses and offset of a mapping, in pages. */
static void fits_pmd_test(struct kunit *test)
{
	const unsigned long pages = PMD_SIZE >> PAGE_SHIFT;
	const struct {
		unsigned long start, end, pgoff;
		bool fits;
	} cases[] = {
		{ 8 * pages, 9 * pages, 0, true },
		{ 8 * pages, 9 * pages, 5 * pages, true },
		{ 8 * pages, 9 * pages - 1, 0, false },
		{ 8 * pages, 8 * pages + 1, 0, false },
		{ 8 * pages, 9 * pages, 1, false },
		{ 8 * pages, 16 * pages, pages - 1, false },
		/* the mapping begins inside a PMD entry */
		{ 8 * pages + 1, 10 * pages, 1, true },
		{ 8 * pages + 1, 10 * pages, pages + 1, true },
		{ 8 * pages + 1, 10 * pages, 0, false },
		{ 8 * pages + 1, 10 * pages - 1, 1, false },
		{ 9 * pages - 1, 10 * pages, pages - 1, true },
		{ 9 * pages - 1, 10 * pages, 3 * pages - 1, true },
		/* the offset is larger than the address */
		{ pages, 2 * pages, 8 * pages, true },
		{ pages, 2 * pages, 8 * pages + 1, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct mms_mapping m = {
			.start = cases[i].start << PAGE_SHIFT,
			.end = cases[i].end << PAGE_SHIFT,
			.pgoff = cases[i].pgoff,
		};

		KUNIT_EXPECT_EQ_MSG(test, cases[i].fits, mms_fits_pmd(&m),
				    "case %zu", i);
	}
}

static void strategy_test(struct kunit *test)
{
	static const char * const wrong[] = {
		"", "\n", "faul", "fault2", "Fault", " fault", "fault ",
		"fault\n\n", "pfn,huge",
	};
	char line[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mms_strategies); i++) {
		const struct mms_strategy *s = &mms_strategies[i];

		KUNIT_EXPECT_PTR_EQ(test, s, mms_strategy_by_name(s->name));
		snprintf(line, sizeof(line), "%s\n", s->name);
		KUNIT_EXPECT_PTR_EQ(test, s, mms_strategy_by_name(line));
	}
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		KUNIT_EXPECT_NULL_MSG(test, mms_strategy_by_name(wrong[i]),
				      "case %zu", i);
}

/* The entries of the table are consistent. */
static void strategy_table_test(struct kunit *test)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(mms_strategies); i++) {
		const struct mms_strategy *s = &mms_strategies[i];

		/*
		 * order 0 is the one that an allocation falls back to; reserved
		 * memory is not allocated
		 */
		KUNIT_EXPECT_EQ(test, !!(s->orders & BIT(0)),
				s->id != MMAPSHARE_STRATEGY_RESERVED);
		/* REVOKE refuses regions whose entries mmap() makes, see revoke.c */
		KUNIT_EXPECT_EQ(test, !!(s->features & MMAPSHARE_FEAT_REVOKE), !s->fill);
		/* every VMA is counted */
		KUNIT_EXPECT_PTR_EQ(test, s->vm_ops->open, &mms_vma_open);
		KUNIT_EXPECT_PTR_EQ(test, s->vm_ops->close, &mms_vma_close);
		/* pages that MADV_DONTNEED drops must be faulted in again */
		if (s->features & MMAPSHARE_FEAT_DONTNEED)
			KUNIT_EXPECT_NOT_NULL(test, s->vm_ops->fault);
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_NE(test, s->id, mms_strategies[j].id);
	}
}

static struct kunit_case map_cases[] = {
	KUNIT_CASE(range_test),
	KUNIT_CASE(run_length_test),
	KUNIT_CASE(fits_pmd_test),
	KUNIT_CASE(strategy_test),
	KUNIT_CASE(strategy_table_test),
	{ }
};

static struct kunit_suite map_suite = {
	.name = "mmapshare-map",
	.test_cases = map_cases,
};

kunit_test_suite(map_suite);
