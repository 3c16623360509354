// SPDX-License-Identifier: GPL-2.0
/*
 * Page faults whose allocations fail: the kernel retries the access of a program,
 * which gets neither a signal nor a wrong byte. A system call that accesses the
 * mapping returns EFAULT and has no effect.
 */
#include "inject.h"

#define OLD	'w'	/* the byte before the access */

FIXTURE_VARIANT(inject)
{
	int flags;
	long (*touch)(void *arg);
	bool retried;	/* the kernel retries, so no access fails */
	char shared;	/* the region's byte afterwards */
	char mapped;	/* the mapping's byte afterwards */
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

/* Read the region's first byte, '0', into the mapping. */
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
	.flags = MAP_SHARED, .touch = load, .retried = true, .shared = OLD,
	.mapped = OLD,
};

FIXTURE_VARIANT_ADD(inject, store_shared) {
	.flags = MAP_SHARED, .touch = store, .retried = true, .shared = 's',
	.mapped = 's',
};

FIXTURE_VARIANT_ADD(inject, load_private) {
	.flags = MAP_PRIVATE, .touch = load, .retried = true, .shared = OLD,
	.mapped = OLD,
};

FIXTURE_VARIANT_ADD(inject, store_private) {
	.flags = MAP_PRIVATE, .touch = store, .retried = true, .shared = OLD,
	.mapped = 's',
};

FIXTURE_VARIANT_ADD(inject, kernel_store_shared) {
	.flags = MAP_SHARED, .touch = kernel_store, .shared = '0',
	.mapped = '0',
};

FIXTURE_VARIANT_ADD(inject, kernel_store_private) {
	.flags = MAP_PRIVATE, .touch = kernel_store, .shared = OLD,
	.mapped = '0',
};

FIXTURE_VARIANT_ADD(inject, kernel_load_shared) {
	.flags = MAP_SHARED, .touch = kernel_load, .shared = OLD,
	.mapped = OLD,
};

/* A new mapping without page tables; resets the region's bytes. */
static bool map_again(struct touch *t)
{
	const struct device *dev = t->dev;

	if (t->mem)
		munmap(t->mem, dev->size);
	t->mem = inject_map_far(dev, 0, dev->size, t->v->flags);
	if (t->mem == MAP_FAILED)
		return false;
	t->byte = t->mem + middle(dev);
	t->seen = OLD;
	/* remove entries that the strategy made in mmap() */
	if (has_feature(dev, MMAPSHARE_FEAT_DONTNEED) &&
	    madvise(t->mem, dev->size, MADV_DONTNEED))
		return false;
	return pwrite(dev->fd, "0", 1, 0) == 1 &&
	       pwrite(dev->fd, &(char) { OLD }, 1, middle(dev)) == 1;
}

static const char *check(void *arg, long ret)
{
	struct touch *t = arg;
	char want_shared = ret < 0 ? OLD : t->v->shared;
	char want_mapped = ret < 0 ? OLD : t->v->mapped;
	char shared = 0, mapped = *t->byte;

	if (pread(t->dev->fd, &shared, 1, middle(t->dev)) != 1)
		return "cannot read the region";
	if (shared != want_shared || mapped != want_mapped || t->seen != OLD)
		return "wrong byte";
	return map_again(t) ? NULL : "cannot map the device again";
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
		EXPECT_FALSE(map_again(&t));
		return;
	}
	ASSERT_TRUE(map_again(&t));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	munmap(t.mem, self->dev.size);
}

TEST_HARNESS_MAIN
