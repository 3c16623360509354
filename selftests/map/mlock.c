// SPDX-License-Identifier: GPL-2.0
/*
 * mlock(), mlockall() and MAP_LOCKED succeed and map every page. Pages of a
 * region are never evicted anyway.
 */
#include "map_fixture.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT	4
#endif

TEST_F(map, mlock)
{
	const size_t page = self->dev.page, size = self->dev.size;

	make_bytes(self->mem, page, 0, 1);
	ASSERT_EQ(0, mlock(self->mem, size));
	EXPECT_EQ(visible_pages(&self->dev, size / page), count_present(self->mem, size, page));
	/* for a driver, the core neither counts pages nor marks the VMA */
	EXPECT_EQ(0, smaps_bytes(self->mem, "Locked:"));
	EXPECT_FALSE(smaps_flag(self->mem, "lo"));
	EXPECT_TRUE(same_bytes(self->mem, page, 0, 1));
	EXPECT_EQ(0, munlock(self->mem, size));
	EXPECT_EQ(0, munlock(self->mem, size));
	EXPECT_TRUE(same_bytes(self->mem, page, 0, 1));
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_F(map, mlock_range)
{
	const size_t page = self->dev.page;

	ASSERT_EQ(0, mlock(self->mem + page + 1, page));
	EXPECT_EQ(visible_pages(&self->dev, 2),
		  count_present(self->mem + page, 2 * page, page));
	EXPECT_EQ(0, run_child(store_byte, self->mem + page));
	EXPECT_EQ(0, munlock(self->mem + page, page));
}

TEST_F(map, map_locked)
{
	char *mem = device_map(&self->dev, PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_LOCKED);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(visible_pages(&self->dev, self->dev.size / self->dev.page),
		  count_present(mem, self->dev.size, self->dev.page));
	mem[0] = 'l';
	EXPECT_EQ('l', self->mem[0]);
	EXPECT_EQ(0, munmap(mem, self->dev.size));
}

TEST_F(map, mlockall)
{
	char *mem;

	ASSERT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE));
	EXPECT_EQ(visible_pages(&self->dev, self->dev.size / self->dev.page),
		  count_present(self->mem, self->dev.size, self->dev.page));
	mem = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(visible_pages(&self->dev, self->dev.size / self->dev.page),
		  count_present(mem, self->dev.size, self->dev.page));
	EXPECT_EQ(0, munlockall());
	EXPECT_EQ(0, mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT));
	EXPECT_EQ(0, run_child(store_byte, self->mem));
	EXPECT_EQ(0, munlockall());
}

TEST_F(map, zero_limit)
{
	const struct rlimit none = { 0, 0 };

	/* no page would be locked, but the core checks the limit first */
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &none));
	if (setresuid(65534, 65534, 65534))
		SKIP(return, "cannot become another user");
	EXPECT_EQ(EPERM, errno_of(mlock(self->mem, self->dev.page)));
	EXPECT_EQ(0, run_child(store_byte, self->mem));
}

TEST_HARNESS_MAIN
