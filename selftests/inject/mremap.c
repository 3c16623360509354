// SPDX-License-Identifier: GPL-2.0
/* mremap() whose allocations fail leaves the mapping unchanged. */
#include "inject.h"

struct mapping {
	const struct device *dev;
	char *mem;
	char *target;	/* address for mremap(), unmapped */
	long maps;
};

static long move(void *arg)
{
	struct mapping *m = arg;

	return result_of(mremap(m->mem, m->dev->size, m->dev->size,
				MREMAP_MAYMOVE | MREMAP_FIXED, m->target)) < 0 ?
	       -errno : 0;
}

static const char *check(void *arg, long ret)
{
	struct mapping *m = arg;
	size_t size = m->dev->size;
	char *old = m->mem;

	if (ret >= 0) {
		m->mem = m->target;
		m->target = old;
	}
	if (count_maps(m->dev->fd) != m->maps)
		return "wrong number of mappings";
	if (msync(m->target, size, MS_ASYNC) != -1 || errno != ENOMEM)
		return "the old range is still mapped";
	if (m->mem[0] != 'f' || m->mem[middle(m->dev)] != 'm' ||
	    m->mem[size - 1] != 'l')
		return "wrong bytes";
	return NULL;
}

TEST_F_TIMEOUT(inject, move, INJECT_TIMEOUT)
{
	const struct device *dev = &self->dev;
	struct mapping m = { .dev = dev };
	struct inject_case c = {
		.call = move,
		.after = check,
		.arg = &m,
		.errnos = inject_enomem,
	};

	ASSERT_EQ(1, pwrite(dev->fd, "f", 1, 0));
	ASSERT_EQ(1, pwrite(dev->fd, "m", 1, middle(dev)));
	ASSERT_EQ(1, pwrite(dev->fd, "l", 1, dev->size - 1));
	m.target = device_map(dev, PROT_NONE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, m.target);
	m.mem = device_map(dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, m.mem);
	ASSERT_EQ(0, munmap(m.target, dev->size));
	m.maps = count_maps(dev->fd);

	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
	munmap(m.mem, dev->size);
}

TEST_HARNESS_MAIN
