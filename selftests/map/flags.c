// SPDX-License-Identifier: GPL-2.0
/* mmap() flags that the core handles have the same effect as for a file. */
#include "map_fixture.h"

/* Missing from older libc headers. */
#define FLAG_DROPPABLE	0x08

TEST_F(map, flags)
{
	const struct {
		int flags;
		int error;
	} cases[] = {
		{ MAP_SHARED, 0 },
		{ MAP_SHARED_VALIDATE, 0 },
		{ MAP_SHARED | MAP_NORESERVE, 0 },
		{ MAP_SHARED | MAP_STACK, 0 },
		{ MAP_SHARED | MAP_DENYWRITE, 0 },
		{ MAP_SHARED | MAP_EXECUTABLE, 0 },
		{ MAP_SHARED | MAP_LOCKED, 0 },
#ifdef MAP_32BIT
		{ MAP_SHARED | MAP_32BIT, 0 },
#endif
		/* only for files in persistent memory */
		{ MAP_SHARED_VALIDATE | MAP_SYNC, EOPNOTSUPP },
		/* only MAP_SHARED_VALIDATE refuses unknown bits */
		{ MAP_SHARED | 0x200000, 0 },
		{ MAP_SHARED_VALIDATE | 0x200000, EOPNOTSUPP },
		/* only for anonymous memory and hugetlbfs */
		{ MAP_SHARED | MAP_HUGETLB, EINVAL },
		{ MAP_PRIVATE | MAP_GROWSDOWN, EINVAL },
		{ MAP_SHARED | MAP_GROWSDOWN, EINVAL },
		{ FLAG_DROPPABLE, EINVAL },
		{ 0, EINVAL },
	};
	size_t i;
	char *p;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		p = device_map(&self->dev, PROT_READ | PROT_WRITE,
			       cases[i].flags);
		EXPECT_EQ(cases[i].error, errno_of(p))
			TH_LOG("flags %#x", cases[i].flags);
		if (p == MAP_FAILED)
			continue;
		p[self->dev.size - 1] = i;
		EXPECT_EQ((char)i, self->mem[self->dev.size - 1]);
		munmap(p, self->dev.size);
	}
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

/* Without MAP_FIXED, the address is a hint. */
TEST_F(map, hint)
{
	const size_t page = self->dev.page;
	char *free, *p;

	free = mmap(NULL, self->dev.size, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, munmap(free, self->dev.size));
	p = mmap(free, page, PROT_READ, MAP_SHARED, self->dev.fd, 0);
	EXPECT_EQ(free, p);
	/* the address is in use now: mmap() chooses another one */
	p = mmap(free, page, PROT_READ, MAP_SHARED, self->dev.fd, page);
	EXPECT_NE(MAP_FAILED, p);
	EXPECT_NE(free, p);
}

TEST_F(map, address_space_limit)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_AS, &limit));
	limit.rlim_cur = self->dev.size;
	ASSERT_EQ(0, setrlimit(RLIMIT_AS, &limit));
	EXPECT_EQ(ENOMEM, errno_of(device_map(&self->dev, PROT_READ,
					      MAP_SHARED)));
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
