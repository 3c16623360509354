// SPDX-License-Identifier: GPL-2.0
/*
 * A touch without memory for it is done again until there is some, by the
 * kernel: programs see no signal, and no wrong byte. A system call that touches
 * memory for them gets EFAULT, and has done nothing.
 */
#include "inject.h"

#define WAS	'w'

FIXTURE_VARIANT(inject)
{
	int flags;
	long (*touch)(void *arg);
	bool retried;	/* by the kernel, and so never fails */
	char shared;	/* what the region holds then, */
	char mapped;	/* and the mapping */
};

struct touch {
	const FIXTURE_VARIANT(inject) *v;
	const struct device *dev;
	char *mem;
	char *byte;
	char seen;
};

static long load(void *arg)
{
	struct touch *t = arg;

	t->seen = *(volatile char *)t->byte;
	return 0;
}

static long store(void *arg)
{
	struct touch *t = arg;

	*(volatile char *)t->byte = 's';
	return 0;
}

/* The region's first byte, a '0', into the mapping of it. */
static long kernel_store(void *arg)
{
	struct touch *t = arg;

	return result_of(pread(t->dev->fd, t->byte, 1, 0));
}

static long kernel_load(void *arg)
{
	struct touch *t = arg;

	return result_of(pwrite(t->dev->fd, t->byte, 1, 0));
}

FIXTURE_VARIANT_ADD(inject, load_shared) {
	.flags = MAP_SHARED, .touch = load, .retried = true, .shared = WAS,
	.mapped = WAS,
};

FIXTURE_VARIANT_ADD(inject, store_shared) {
	.flags = MAP_SHARED, .touch = store, .retried = true, .shared = 's',
	.mapped = 's',
};

FIXTURE_VARIANT_ADD(inject, load_private) {
	.flags = MAP_PRIVATE, .touch = load, .retried = true, .shared = WAS,
	.mapped = WAS,
};

FIXTURE_VARIANT_ADD(inject, store_private) {
	.flags = MAP_PRIVATE, .touch = store, .retried = true, .shared = WAS,
	.mapped = 's',
};

FIXTURE_VARIANT_ADD(inject, kernel_store_shared) {
	.flags = MAP_SHARED, .touch = kernel_store, .shared = '0',
	.mapped = '0',
};

FIXTURE_VARIANT_ADD(inject, kernel_store_private) {
	.flags = MAP_PRIVATE, .touch = kernel_store, .shared = WAS,
	.mapped = '0',
};

FIXTURE_VARIANT_ADD(inject, kernel_load_shared) {
	.flags = MAP_SHARED, .touch = kernel_load, .shared = WAS,
	.mapped = WAS,
};

/* A mapping nobody has touched, so that page tables are missing. */
static bool map_anew(struct touch *t)
{
	const struct device *dev = t->dev;

	if (t->mem)
		munmap(t->mem, dev->size);
	t->mem = inject_map_far(dev, 0, dev->size, t->v->flags);
	if (t->mem == MAP_FAILED)
		return false;
	t->byte = t->mem + middle(dev);
	t->seen = WAS;
	/* some strategies map at once */
	if (has_feature(dev, MMAPSHARE_FEAT_DONTNEED) &&
	    madvise(t->mem, dev->size, MADV_DONTNEED))
		return false;
	return pwrite(dev->fd, "0", 1, 0) == 1 &&
	       pwrite(dev->fd, &(char) { WAS }, 1, middle(dev)) == 1;
}

static const char *check(void *arg, long ret)
{
	struct touch *t = arg;
	char want_shared = ret < 0 ? WAS : t->v->shared;
	char want_mapped = ret < 0 ? WAS : t->v->mapped;
	char shared = 0, mapped = *t->byte;

	if (pread(t->dev->fd, &shared, 1, middle(t->dev)) != 1)
		return "cannot be read";
	if (shared != want_shared || mapped != want_mapped || t->seen != WAS)
		return "not the right byte";
	return map_anew(t) ? NULL : "cannot be mapped again";
}

TEST_F_TIMEOUT(inject, touch, INJECT_TIMEOUT)
{
	static const int none[] = { 0 }, efault[] = { EFAULT, 0 };
	struct touch t = { .dev = &self->dev, .v = variant };
	struct inject_case c = {
		.call = variant->touch,
		.after = check,
		.arg = &t,
		.errnos = variant->retried ? none : efault,
	};

	if ((variant->flags & MAP_PRIVATE) &&
	    !has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_FALSE(map_anew(&t));
		return;
	}
	ASSERT_TRUE(map_anew(&t));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	munmap(t.mem, self->dev.size);
}

TEST_HARNESS_MAIN
