// SPDX-License-Identifier: GPL-2.0
/* mmap() whose allocations fail returns ENOMEM and leaves no mapping. */
#include "inject.h"

struct mapping {
	const struct device *dev;
	size_t offset;
	size_t length;
	int flags;
	long maps;
	char *mem;
};

FIXTURE_VARIANT(inject)
{
	int flags;
	int pages;	/* in the middle of the region; 0: all of it */
};

FIXTURE_VARIANT_ADD(inject, shared) {
	.flags = MAP_SHARED,
};

FIXTURE_VARIANT_ADD(inject, shared_page) {
	.flags = MAP_SHARED, .pages = 1,
};

FIXTURE_VARIANT_ADD(inject, shared_populate) {
	.flags = MAP_SHARED | MAP_POPULATE,
};

FIXTURE_VARIANT_ADD(inject, shared_locked) {
	.flags = MAP_SHARED | MAP_LOCKED, .pages = 1,
};

FIXTURE_VARIANT_ADD(inject, private) {
	.flags = MAP_PRIVATE,
};

/* Only 64 pages: each page is copied, and has several failure points. */
FIXTURE_VARIANT_ADD(inject, private_populate) {
	.flags = MAP_PRIVATE | MAP_POPULATE, .pages = 64,
};

static long map_device(void *arg)
{
	struct mapping *m = arg;

	m->mem = inject_map_far(m->dev, m->offset, m->length, m->flags);
	return m->mem == MAP_FAILED ? -errno : 0;
}

static const char *check(void *arg, long ret)
{
	struct mapping *m = arg;
	const char *error = NULL;

	if (ret < 0)
		return count_maps(m->dev->fd) == m->maps ? NULL : "still mapped";
	if (count_maps(m->dev->fd) != m->maps + 1)
		error = "wrong number of mappings";
	else if (m->mem[0] != 'f' || m->mem[m->length - 1] != 'l')
		error = "wrong bytes";
	if (munmap(m->mem, m->length))
		error = "cannot unmap";
	return error;
}

TEST_F_TIMEOUT(inject, map, INJECT_TIMEOUT)
{
	struct mapping m = {
		.dev = &self->dev,
		.offset = variant->pages ? middle(&self->dev) : 0,
		.length = variant->pages ? variant->pages * self->dev.page :
					   self->dev.size,
		.flags = variant->flags,
		.maps = self->before.maps,
	};
	struct inject_case c = {
		.call = map_device,
		.after = check,
		.arg = &m,
		.errnos = inject_enomem,
	};

	if ((m.flags & MAP_PRIVATE) &&
	    !has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(-EINVAL, map_device(&m));
		return;
	}
	if (self->dev.info.strategy == MMAPSHARE_STRATEGY_PFN &&
	    !inject_reject_caller(INJECT_REJECT_REMAP))
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	ASSERT_EQ(1, pwrite(self->dev.fd, "f", 1, m.offset));
	ASSERT_EQ(1, pwrite(self->dev.fd, "l", 1, m.offset + m.length - 1));
	EXPECT_STREQ("", inject_sweep(&self->in, &c));
}

TEST_HARNESS_MAIN
