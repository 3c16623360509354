// SPDX-License-Identifier: GPL-2.0
/*
 * MMAPSHARE_SEAL_FUTURE_WRITE: existing mappings stay writable; every other
 * write is refused.
 */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/uio.h>

FIXTURE(future) {
	struct device dev;
	size_t size;
	int fd;
	char *mem;	/* mapped before the seal */
};

FIXTURE_SETUP(future)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->size = own_size(&self->dev);
	self->fd = region_create_own(&self->dev, NULL);
	ASSERT_LE(0, self->fd);
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_FUTURE_WRITE));
}

FIXTURE_TEARDOWN(future)
{
	munmap(self->mem, self->size);
	close(self->fd);
	close(self->dev.fd);
}

TEST_F(future, old_mapping_is_writable)
{
	char *middle = self->mem + self->size / 2;
	char c;

	self->mem[0] = 'a';
	self->mem[self->size - 1] = 'z';
	EXPECT_EQ(1, pread(self->fd, &c, 1, self->size - 1));
	EXPECT_EQ('z', c);
	/* the mapping stays writable after it was split, too */
	ASSERT_EQ(0, mprotect(middle, self->dev.page, PROT_READ));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, middle));
	ASSERT_EQ(0, mprotect(middle, self->dev.page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(0, run_child(store_byte, middle));
	EXPECT_EQ(1, *middle);
}

TEST_F(future, write_calls)
{
	struct iovec iov = { "x", 1 };

	EXPECT_EQ(EPERM, errno_of(pwrite(self->fd, "x", 1, 0)));
	EXPECT_EQ(EPERM, errno_of(write(self->fd, "x", 1)));
	EXPECT_EQ(EPERM, errno_of(pwritev(self->fd, &iov, 1, 5)));
	EXPECT_EQ(EPERM, errno_of(kernel_fill(self->fd, 0, 1, 'x')));
	EXPECT_EQ(0, self->mem[0]);
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
	/* zero bytes, and beyond the end: same result as without the seal */
	EXPECT_EQ(0, write(self->fd, "", 0));
	EXPECT_EQ(ENOSPC, errno_of(pwrite(self->fd, "x", 1, self->size)));
}

TEST_F(future, splice)
{
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(1, write(ends[1], "x", 1));
	EXPECT_EQ(EPERM, errno_of(splice(ends[0], NULL, self->fd, NULL, 1, 0)));
	EXPECT_EQ(0, self->mem[0]);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(future, new_mapping)
{
	char *mem;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size, PROT_READ | PROT_WRITE,
				   MAP_SHARED, self->fd, 0));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size, PROT_WRITE, MAP_SHARED,
				   self->fd, 0));
	EXPECT_EQ(EPERM, errno);
	mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	self->mem[7] = 'x';
	EXPECT_EQ('x', mem[7]);
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->dev.page, PROT_WRITE)));
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size,
					    PROT_READ | PROT_WRITE)));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem));
	EXPECT_EQ(0, munmap(mem, self->size));
	/* a PROT_NONE mapping cannot become writable either */
	mem = mmap(NULL, self->size, PROT_NONE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, mprotect(mem, self->size, PROT_READ));
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size, PROT_WRITE)));
	EXPECT_EQ(0, munmap(mem, self->size));
}

TEST_F(future, private_mapping)
{
	char *mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			 self->fd, 0);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(MAP_FAILED, mem);
		return;
	}
	ASSERT_NE(MAP_FAILED, mem);
	mem[0] = 'p';
	EXPECT_EQ(0, self->mem[0]);
	EXPECT_EQ('p', mem[0]);
	munmap(mem, self->size);
}

static int store_both_ends(void *arg)
{
	FIXTURE_DATA(future) *self = arg;

	self->mem[0] = 'c';
	self->mem[self->size - 1] = 'd';
	return 0;
}

TEST_F(future, child_inherits_old_mapping)
{
	EXPECT_EQ(0, run_child(store_both_ends, self));
	EXPECT_EQ('c', self->mem[0]);
	EXPECT_EQ('d', self->mem[self->size - 1]);
}

/* SEAL_WRITE succeeds once the last writable mapping is gone. */
TEST_F(future, seal_write_later)
{
	self->mem[0] = 'a';
	EXPECT_EQ(EBUSY, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	ASSERT_EQ(0, munmap(self->mem, self->size));
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	self->mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	EXPECT_EQ('a', self->mem[0]);
}

TEST_HARNESS_MAIN
