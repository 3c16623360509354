// SPDX-License-Identifier: GPL-2.0
/*
 * fork() without memory for a copy of each mapping fails, and the mappings it
 * had copied already are gone.
 */
#include "inject.h"

#define MAPPINGS	16

struct family {
	const struct device *dev;
	long maps;
	char *mem[MAPPINGS];
};

static long fork_it(void *arg)
{
	long pid = fork_alone();

	if (!pid) {
		struct family *f = arg;
		int i;

		for (i = 0; i < MAPPINGS; i++)
			if (f->mem[i][0] != 'f')
				_exit(1);
		_exit(0);
	}
	return result_of(pid);
}

static const char *wait_it(void *arg, long ret)
{
	struct family *f = arg;

	if (ret >= 0 && wait_child(ret))
		return "the child has not seen the region";
	return count_maps(f->dev->fd) == f->maps ? NULL :
	       "another number of mappings";
}

TEST_F_TIMEOUT(inject, fork, INJECT_TIMEOUT)
{
	const struct device *dev = &self->dev;
	static const int errnos[] = { ENOMEM, EAGAIN, 0 };
	struct family f = { .dev = dev };
	struct inject_case c = {
		.call = fork_it,
		.after = wait_it,
		.arg = &f,
		.errnos = errnos,
	};
	bool cow = has_feature(dev, MMAPSHARE_FEAT_COW);
	int i;

	if (!inject_spare(INJECT_SPARE_VMALLOC))
		SKIP(return, "CONFIG_FAULT_INJECTION_STACKTRACE_FILTER is not set");
	ASSERT_EQ(1, pwrite(dev->fd, "f", 1, 0));
	/* touched: page tables, and pages of their own, are copied too */
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
