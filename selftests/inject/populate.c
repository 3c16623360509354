// SPDX-License-Identifier: GPL-2.0
/* MADV_POPULATE_* and mlock() whose allocations fail can be repeated. */
#include "inject.h"

struct mapping {
	const struct device *dev;
	int advice;	/* 0: mlock() */
	int flags;
	char *mem;
};

FIXTURE_VARIANT(inject)
{
	int advice;
	int flags;
};

FIXTURE_VARIANT_ADD(inject, read_shared) {
	.advice = MADV_POPULATE_READ, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(inject, write_shared) {
	.advice = MADV_POPULATE_WRITE, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(inject, write_private) {
	.advice = MADV_POPULATE_WRITE, .flags = MAP_PRIVATE,
};

FIXTURE_VARIANT_ADD(inject, lock_shared) {
	.advice = 0, .flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(inject, lock_private) {
	.advice = 0, .flags = MAP_PRIVATE,
};

/* Few pages: a private page takes several allocations. */
static size_t length(const struct device *dev)
{
	return 16 * dev->page;
}

static bool map_again(struct mapping *m)
{
	m->mem = inject_map_far(m->dev, middle(m->dev), length(m->dev), m->flags);
	return m->mem != MAP_FAILED;
}

static long populate(void *arg)
{
	struct mapping *m = arg;

	return result_of(m->advice ?
			 madvise(m->mem, length(m->dev), m->advice) :
			 mlock(m->mem, length(m->dev)));
}

static const char *check(void *arg, long ret)
{
	struct mapping *m = arg;
	const char *error = NULL;

	if (ret >= 0 && count_present(m->mem, length(m->dev), m->dev->page) !=
	    visible_pages(m->dev, 16))
		error = "not all pages are present";
	else if (!same_bytes(m->mem, length(m->dev), 0, 1))
		error = "wrong bytes";
	munmap(m->mem, length(m->dev));
	return map_again(m) ? error : "cannot map the device again";
}

TEST_F_TIMEOUT(inject, populate, INJECT_TIMEOUT)
{
	static const int errnos[] = { ENOMEM, EFAULT, EAGAIN, 0 };
	struct mapping m = {
		.dev = &self->dev,
		.advice = variant->advice,
		.flags = variant->flags,
	};
	struct inject_case c = {
		.call = populate,
		.after = check,
		.arg = &m,
		.errnos = errnos,
	};
	char bytes[16 * 4096];

	make_bytes(bytes, length(&self->dev), 0, 1);
	ASSERT_EQ((ssize_t)length(&self->dev),
		  pwrite(self->dev.fd, bytes, length(&self->dev),
			 middle(&self->dev)));
	if ((m.flags & MAP_PRIVATE) &&
	    !has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_FALSE(map_again(&m));
		return;
	}
	ASSERT_TRUE(map_again(&m));
	/* without GUP, mmap() populates, and MADV_POPULATE_* fails */
	if (m.advice && !has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_GT(0, populate(&m));
		munmap(m.mem, length(&self->dev));
		return;
	}
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	munmap(m.mem, length(&self->dev));
}

TEST_HARNESS_MAIN
