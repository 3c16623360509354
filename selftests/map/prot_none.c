// SPDX-License-Identifier: GPL-2.0
/* PROT_NONE denies every access, but keeps the bytes for a later mprotect(). */
#include "map_fixture.h"

TEST_F(map, mmap_prot_none)
{
	const size_t page = self->dev.page;
	char *mem = device_map(&self->dev, PROT_NONE, MAP_SHARED);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(2, count_maps(self->dev.fd));
	self->mem[page] = 'a';
	EXPECT_EQ(SIGSEGV, run_child(load_byte, mem));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem + self->dev.size - 1));
	ASSERT_EQ(0, mprotect(mem, self->dev.size, PROT_READ));
	EXPECT_EQ('a', mem[page]);
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem + page));
	ASSERT_EQ(0, mprotect(mem, self->dev.size, PROT_READ | PROT_WRITE));
	mem[page] = 'b';
	EXPECT_EQ('b', self->mem[page]);
	munmap(mem, self->dev.size);
}

TEST_F(map, populate_prot_none)
{
	char *mem = device_map(&self->dev, PROT_NONE,
			       MAP_SHARED | MAP_POPULATE);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(SIGSEGV, run_child(load_byte, mem));
	munmap(mem, self->dev.size);
}

TEST_F(map, mprotect_prot_none)
{
	const size_t last = self->dev.size - 1;

	self->mem[0] = 'a';
	self->mem[last] = 'z';
	ASSERT_EQ(0, mprotect(self->mem, self->dev.size, PROT_NONE));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, self->mem + last));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, self->mem));
	/* the kernel still has access */
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 1, 'k'));
	ASSERT_EQ(0, mprotect(self->mem, self->dev.size, PROT_READ));
	EXPECT_EQ('k', self->mem[0]);
	EXPECT_EQ('z', self->mem[last]);
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_F(map, write_only_file)
{
	struct device dev;

	ASSERT_TRUE(device_open(&dev, O_WRONLY));
	EXPECT_EQ(EACCES, errno_of(device_map(&dev, PROT_NONE, MAP_SHARED)));
	close(dev.fd);
}

TEST_HARNESS_MAIN
