// SPDX-License-Identifier: GPL-2.0
/*
 * fork() that cannot allocate the child's VMAs or page tables fails and removes
 * those it has copied.
 */
#include "inject.h"

#define MAPPINGS	16

struct mappings {
	const struct device *dev;
	long maps;
	char *mem[MAPPINGS];
};

static long fork_child(void *arg)
{
	long pid = fork_raw();

	if (!pid) {
		struct mappings *f = arg;
		int i;

		for (i = 0; i < MAPPINGS; i++)
			if (f->mem[i][0] != 'f')
				_exit(1);
		_exit(0);
	}
	return result_of(pid);
}

static const char *check(void *arg, long ret)
{
	struct mappings *f = arg;

	if (ret >= 0 && wait_child(ret))
		return "the child does not see the region's bytes";
	return count_maps(f->dev->fd) == f->maps ? NULL :
	       "wrong number of mappings";
}

TEST_F_TIMEOUT(inject, fork, INJECT_TIMEOUT)
{
	const struct device *dev = &self->dev;
	static const int errnos[] = { ENOMEM, EAGAIN, 0 };
	struct mappings f = { .dev = dev };
	struct inject_case c = {
		.call = fork_child,
		.after = check,
		.arg = &f,
		.errnos = errnos,
	};
	bool cow = has_feature(dev, MMAPSHARE_FEAT_COW);
	int i;

	if (!inject_reject_caller(INJECT_REJECT_VMALLOC))
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	ASSERT_EQ(1, pwrite(dev->fd, "f", 1, 0));
	/* stores, so that fork() copies page tables and private pages, too */
	for (i = 0; i < MAPPINGS; i++) {
		f.mem[i] = mmap(NULL, dev->page, PROT_READ | PROT_WRITE,
				cow && i % 2 ? MAP_PRIVATE : MAP_SHARED,
				dev->fd, 0);
		ASSERT_NE(MAP_FAILED, f.mem[i]);
		f.mem[i][0] = 'f';
	}
	f.maps = count_maps(dev->fd);

	EXPECT_STREQ("", inject_sweep(&self->in, &c));
	EXPECT_LT(0, self->in.failed);
	for (i = 0; i < MAPPINGS; i++)
		munmap(f.mem[i], dev->page);
}

TEST_HARNESS_MAIN
