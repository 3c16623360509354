// SPDX-License-Identifier: GPL-2.0
/* Each madvise() advice has its documented result and keeps the bytes. */
#include "map_fixture.h"

/* Missing from older libc headers. */
#define ADV_POPULATE_READ	22
#define ADV_POPULATE_WRITE	23
#define ADV_DONTNEED_LOCKED	24
#define ADV_COLLAPSE		25
#define ADV_GUARD_INSTALL	102
#define ADV_GUARD_REMOVE	103

/* MADV_DOFORK returns 0 on 6.1 and 6.12, EINVAL on 7.2. */
#define ZERO_OR_EINVAL	-1

static const struct advice {
	const char *name;
	int advice;
	int pages;	/* errno if the strategy maps pages */
	int pfn;	/* errno if it maps page frame numbers */
} advices[] = {
	{ "NORMAL",		MADV_NORMAL,		0, 0 },
	{ "RANDOM",		MADV_RANDOM,		0, 0 },
	{ "SEQUENTIAL",		MADV_SEQUENTIAL,	0, 0 },
	{ "WILLNEED",		MADV_WILLNEED,		0, 0 },
	{ "DONTNEED",		MADV_DONTNEED,		0, EINVAL },
	{ "DONTNEED_LOCKED",	ADV_DONTNEED_LOCKED,	0, EINVAL },
	{ "COLD",		MADV_COLD,		0, EINVAL },
	{ "PAGEOUT",		MADV_PAGEOUT,		0, EINVAL },
	{ "POPULATE_READ",	ADV_POPULATE_READ,	0, EINVAL },
	{ "POPULATE_WRITE",	ADV_POPULATE_WRITE,	0, EINVAL },
	{ "HUGEPAGE",		MADV_HUGEPAGE,		0, 0 },
	{ "NOHUGEPAGE",		MADV_NOHUGEPAGE,	0, 0 },
	{ "MERGEABLE",		MADV_MERGEABLE,		0, 0 },
	{ "UNMERGEABLE",	MADV_UNMERGEABLE,	0, 0 },
	{ "DONTFORK",		MADV_DONTFORK,		0, 0 },
	{ "DOFORK",		MADV_DOFORK,		ZERO_OR_EINVAL, EINVAL },
	{ "KEEPONFORK",		MADV_KEEPONFORK,	0, 0 },
	{ "DONTDUMP",		MADV_DONTDUMP,		0, 0 },
	/* the core refuses to dump a driver's mapping again */
	{ "DODUMP",		MADV_DODUMP,		EINVAL, EINVAL },
	/* only for anonymous memory, or for files that can have holes */
	{ "FREE",		MADV_FREE,		EINVAL, EINVAL },
	{ "WIPEONFORK",		MADV_WIPEONFORK,	EINVAL, EINVAL },
	{ "COLLAPSE",		ADV_COLLAPSE,		EINVAL, EINVAL },
	{ "GUARD_INSTALL",	ADV_GUARD_INSTALL,	EINVAL, EINVAL },
	{ "GUARD_REMOVE",	ADV_GUARD_REMOVE,	EINVAL, EINVAL },
	{ "REMOVE",		MADV_REMOVE,		ENODEV, ENODEV },
	{ "unknown",		9999,			EINVAL, EINVAL },
};

static bool is_expected(const struct device *dev, const struct advice *a, int seen)
{
	int error = has_feature(dev, MMAPSHARE_FEAT_DONTNEED) ? a->pages :
								a->pfn;

	/* not on PREEMPT_RT, for one */
	if ((a->advice == MADV_HUGEPAGE || a->advice == MADV_NOHUGEPAGE) &&
	    access("/sys/kernel/mm/transparent_hugepage", F_OK))
		error = EINVAL;
	return error == ZERO_OR_EINVAL ? !seen || seen == EINVAL : seen == error;
}

FIXTURE(advice) {
	struct device dev;
	char *mem;
};

FIXTURE_VARIANT(advice) {
	bool touched;
	bool range;
};

FIXTURE_VARIANT_ADD(advice, not_accessed) { };
FIXTURE_VARIANT_ADD(advice, accessed) { .touched = true, };
FIXTURE_VARIANT_ADD(advice, some_pages) { .touched = true, .range = true, };

FIXTURE_SETUP(advice)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, self->dev.size, 0x5a));
}

FIXTURE_TEARDOWN(advice)
{
	close(self->dev.fd);
}

/* Offset of the first page that does not contain 0x5a, else the size. */
static size_t find_difference(const struct device *dev, const char *mem)
{
	size_t pos;

	for (pos = 0; pos < dev->size; pos += dev->page)
		if (mem[pos] != 0x5a || mem[pos + dev->page - 1] != 0x5a)
			break;
	return pos;
}

TEST_F(advice, all)
{
	const size_t page = self->dev.page;
	const size_t at = variant->range ? page : 0;
	const size_t length = variant->range ? 5 * page : self->dev.size;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(advices); i++) {
		const struct advice *a = &advices[i];
		char *mem = device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);
		int seen;

		ASSERT_NE(MAP_FAILED, mem);
		if (variant->touched)
			ASSERT_EQ(self->dev.size, find_difference(&self->dev, mem));
		seen = errno_of(madvise(mem + at, length, a->advice));
		EXPECT_TRUE(is_expected(&self->dev, a, seen))
			TH_LOG("%s: errno %d", a->name, seen);
		EXPECT_EQ(self->dev.size, find_difference(&self->dev, mem))
			TH_LOG("%s", a->name);
		mem[at] = 0x5a;
		munmap(mem, self->dev.size);
	}
	EXPECT_EQ(0, count_maps(self->dev.fd));
}

TEST_F(map, dontneed_unmaps)
{
	const size_t page = self->dev.page;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_DONTNEED)) {
		EXPECT_EQ(EINVAL, errno_of(madvise(self->mem, page,
						   MADV_DONTNEED)));
		return;
	}
	memset(self->mem, 'd', self->dev.size);
	ASSERT_EQ(0, madvise(self->mem + page, 2 * page, MADV_DONTNEED));
	EXPECT_EQ(0, count_present(self->mem + page, 2 * page, page));
	EXPECT_EQ('d', self->mem[page]);
	EXPECT_EQ('d', self->mem[3 * page - 1]);
	self->mem[2 * page] = 'e';
	ASSERT_EQ(0, madvise(self->mem, self->dev.size, MADV_DONTNEED));
	EXPECT_EQ(0, count_present(self->mem, self->dev.size, page));
	EXPECT_EQ('e', self->mem[2 * page]);
}

TEST_F(map, populate)
{
	const size_t page = self->dev.page;

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP))
		return;
	ASSERT_EQ(0, madvise(self->mem + page, page, ADV_POPULATE_WRITE));
	EXPECT_LE(1, count_present(self->mem + page, page, page));
	ASSERT_EQ(0, madvise(self->mem, self->dev.size, ADV_POPULATE_READ));
	EXPECT_EQ((long)(self->dev.size / page),
		  count_present(self->mem, self->dev.size, page));
}

TEST_F(map, dontfork)
{
	ASSERT_EQ(0, madvise(self->mem, self->dev.page, MADV_DONTFORK));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem));
	EXPECT_EQ(0, run_child(store_byte, self->mem + self->dev.page));
	EXPECT_EQ(0, run_child(load_byte, self->mem + self->dev.size - 1));
}

TEST_HARNESS_MAIN
