// SPDX-License-Identifier: GPL-2.0
/* PROT_EXEC is refused unless the module was loaded with exec=1. */
#include "map_fixture.h"
#include <sys/personality.h>

TEST_F(map, mmap)
{
	const int prots[] = {
		PROT_EXEC, PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
	};
	const int flags[] = {
		MAP_SHARED, MAP_PRIVATE, MAP_SHARED | MAP_POPULATE,
	};
	const int error = exec_allowed() ? 0 : EPERM;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(prots); i++) {
		for (j = 0; j < ARRAY_SIZE(flags); j++) {
			char *p = device_map(&self->dev, prots[i], flags[j]);
			int seen = errno_of(p);

			if (seen == EINVAL && flags[j] == MAP_PRIVATE &&
			    !has_feature(&self->dev, MMAPSHARE_FEAT_COW))
				continue;
			EXPECT_EQ(error, seen)
				TH_LOG("prot %#x flags %#x", prots[i], flags[j]);
			if (!seen)
				munmap(p, self->dev.size);
			EXPECT_EQ(1, count_maps(self->dev.fd));
		}
	}
}

TEST_F(map, mprotect)
{
	const int error = exec_allowed() ? 0 : EACCES;

	EXPECT_EQ(error, errno_of(mprotect(self->mem, self->dev.page,
					   PROT_READ | PROT_EXEC)));
	EXPECT_EQ(error, errno_of(mprotect(self->mem, self->dev.size,
					   PROT_EXEC)));
	if (!error)
		return;
	EXPECT_EQ(1, count_maps(self->dev.fd));
	EXPECT_EQ(0, run_child(store_byte, self->mem));
}

#ifdef __x86_64__
static int call(void *mem)
{
	((void (*)(void))mem)();
	return 0;
}

/* Code stored in the region runs only after a permitted mprotect(PROT_EXEC). */
TEST_F(map, call)
{
	if (kernel_is_uml())
		SKIP(return, "User-mode Linux executes what may be read");
	self->mem[0] = 0xc3;	/* ret */
	EXPECT_EQ(SIGSEGV, run_child(call, self->mem));
	if (!exec_allowed())
		return;
	ASSERT_EQ(0, mprotect(self->mem, self->dev.size,
			      PROT_READ | PROT_EXEC));
	EXPECT_EQ(0, run_child(call, self->mem));
}
#endif

/* In a program with an executable stack, PROT_READ implies PROT_EXEC. */
TEST_F(map, read_implies_exec)
{
	ASSERT_NE(-1, personality(PER_LINUX | READ_IMPLIES_EXEC));
	EXPECT_EQ(exec_allowed() ? 0 : EPERM,
		  errno_of(device_map(&self->dev, PROT_READ, MAP_SHARED)));
	ASSERT_NE(-1, personality(PER_LINUX));
}

TEST_HARNESS_MAIN
