// SPDX-License-Identifier: GPL-2.0
/* msync() of a mapping succeeds: there is no backing store to write to. */
#include "map_fixture.h"

TEST_F(map, msync)
{
	const int flags[] = {
		MS_SYNC, MS_ASYNC, MS_INVALIDATE, MS_SYNC | MS_INVALIDATE,
		MS_ASYNC | MS_INVALIDATE, 0,
	};
	const size_t page = self->dev.page, size = self->dev.size;
	size_t i;

	memset(self->mem, 's', size);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		EXPECT_EQ(0, errno_of(msync(self->mem, size, flags[i])))
			TH_LOG("flags %#x", flags[i]);
		EXPECT_EQ(0, errno_of(msync(self->mem + size - page, page,
					    flags[i])));
		EXPECT_EQ(0, errno_of(msync(self->mem + page, 1, flags[i])));
		EXPECT_EQ('s', self->mem[0]);
		EXPECT_EQ('s', self->mem[size - 1]);
	}
}

TEST_F(map, locked)
{
	/*
	 * the core does not set VM_LOCKED, with which this would fail with
	 * EBUSY
	 */
	ASSERT_EQ(0, mlock(self->mem, self->dev.size));
	EXPECT_EQ(0, errno_of(msync(self->mem, self->dev.size,
				    MS_SYNC | MS_INVALIDATE)));
}

TEST_F(map, read_only_and_private)
{
	char *mem = device_map(&self->dev, PROT_READ, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, errno_of(msync(mem, self->dev.size, MS_SYNC)));
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW))
		return;
	mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	ASSERT_NE(MAP_FAILED, mem);
	self->mem[0] = 's';
	mem[0] = 'p';
	EXPECT_EQ(0, errno_of(msync(mem, self->dev.size, MS_SYNC)));
	EXPECT_EQ('s', self->mem[0]);
}

TEST_F(map, refused)
{
	const size_t page = self->dev.page;

	EXPECT_EQ(EINVAL, errno_of(msync(self->mem, page,
					 MS_SYNC | MS_ASYNC)));
	EXPECT_EQ(EINVAL, errno_of(msync(self->mem, page, 0x100)));
	EXPECT_EQ(EINVAL, errno_of(msync(self->mem + 1, page, MS_SYNC)));
	ASSERT_EQ(0, munmap(self->mem + page, page));
	EXPECT_EQ(ENOMEM, errno_of(msync(self->mem, 3 * page, MS_SYNC)));
}

TEST_HARNESS_MAIN
