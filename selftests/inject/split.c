// SPDX-License-Identifier: GPL-2.0
/*
 * mprotect() and munmap() of a page in the middle fail if the VMA split cannot
 * allocate, and leave the mapping unchanged.
 */
#include "inject.h"

struct mapping {
	const struct device *dev;
	long (*split)(void *arg);
	long maps;	/* VMAs of the region before the call */
	long vmas;
	char *mem;
};

FIXTURE_VARIANT(inject)
{
	long (*split)(void *arg);
	long vmas;
};

static long protect(void *arg)
{
	struct mapping *m = arg;

	return result_of(mprotect(m->mem + middle(m->dev), m->dev->page,
				  PROT_READ));
}

static long unmap(void *arg)
{
	struct mapping *m = arg;

	return result_of(munmap(m->mem + middle(m->dev), m->dev->page));
}

FIXTURE_VARIANT_ADD(inject, protect) {
	.split = protect, .vmas = 3,
};

FIXTURE_VARIANT_ADD(inject, unmap) {
	.split = unmap, .vmas = 2,
};

static bool map_again(struct mapping *m)
{
	m->mem = device_map(m->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	return m->mem != MAP_FAILED;
}

static const char *check(void *arg, long ret)
{
	struct mapping *m = arg;
	size_t page = m->dev->page, at = middle(m->dev);
	const char *error = NULL;

	if (m->mem[0] != 'f' || m->mem[m->dev->size - 1] != 'l' ||
	    m->mem[at - page] != 'b' || m->mem[at + page] != 'a')
		error = "wrong bytes";
	else if (ret >= 0 && count_maps(m->dev->fd) != m->maps + m->vmas)
		error = "wrong number of VMAs";
	munmap(m->mem, m->dev->size);
	if (count_maps(m->dev->fd) != m->maps)
		error = "a VMA is left";
	return map_again(m) ? error : "cannot map the device again";
}

TEST_F_TIMEOUT(inject, split, INJECT_TIMEOUT)
{
	const struct device *dev = &self->dev;
	struct mapping m = {
		.dev = dev,
		.maps = self->before.maps,
		.vmas = variant->vmas,
	};
	struct inject_case c = {
		.call = variant->split,
		.after = check,
		.arg = &m,
		.errnos = inject_enomem,
	};

	ASSERT_EQ(1, pwrite(dev->fd, "f", 1, 0));
	ASSERT_EQ(1, pwrite(dev->fd, "b", 1, middle(dev) - dev->page));
	ASSERT_EQ(1, pwrite(dev->fd, "a", 1, middle(dev) + dev->page));
	ASSERT_EQ(1, pwrite(dev->fd, "l", 1, dev->size - 1));
	ASSERT_TRUE(map_again(&m));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
	munmap(m.mem, dev->size);
}

TEST_HARNESS_MAIN
