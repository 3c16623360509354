// SPDX-License-Identifier: GPL-2.0
/* A mapping of a dma-buf is a mapping of the region. */
#include "dmabuf_test.h"
#include "map_fixture.h"

FIXTURE(mapped) {
	struct device dev;
	size_t size;
	int fd;
	char *mem;
};

FIXTURE_SETUP(mapped)
{
	DMABUF_REGION(self);
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(mapped)
{
	if (self->mem)
		munmap(self->mem, self->size);
	close(self->fd);
	close(self->dev.fd);
}

static char *map(int fd, size_t length, int prot, off_t offset)
{
	return mmap(NULL, length, prot, MAP_SHARED, fd, offset);
}

TEST_F(mapped, same_bytes)
{
	const size_t page = self->dev.page, length = self->size - page;
	int fd = dmabuf_get(self->fd, page, length, MMAPSHARE_DMABUF_WRITABLE);
	const long before = count_maps(self->fd);
	char *mem = map(fd, length, PROT_READ | PROT_WRITE, 0);

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(before + 1, count_maps(self->fd));
	make_bytes(self->mem, self->size, 0, 1);
	EXPECT_TRUE(same_bytes(mem, length, page, 1));
	make_bytes(mem, length, page, 2);
	EXPECT_TRUE(same_bytes(self->mem + page, length, page, 2));
	EXPECT_TRUE(same_bytes(self->mem, page, 0, 1));
	munmap(mem, length);
	EXPECT_EQ(before, count_maps(self->fd));
	close(fd);
}

TEST_F(mapped, part_of_the_range)
{
	const size_t page = self->dev.page;
	int fd = dmabuf_get(self->fd, page, 3 * page, MMAPSHARE_DMABUF_WRITABLE);
	char *mem = map(fd, page, PROT_READ | PROT_WRITE, 2 * page);

	ASSERT_NE(MAP_FAILED, mem);
	self->mem[3 * page] = 'z';
	EXPECT_EQ('z', mem[0]);
	munmap(mem, page);
	EXPECT_EQ(MAP_FAILED, map(fd, 2 * page, PROT_READ, 2 * page));
	EXPECT_EQ(EINVAL, errno);
	/* no mapping reaches beyond the range */
	mem = map(fd, 3 * page, PROT_READ, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(MAP_FAILED, mremap(mem, 3 * page, 4 * page, MREMAP_MAYMOVE));
	munmap(mem, 3 * page);
	close(fd);
}

TEST_F(mapped, read_only)
{
	int fd = dmabuf_get(self->fd, 0, self->size, 0);
	char *mem;

	EXPECT_EQ(MAP_FAILED, map(fd, self->size, PROT_READ | PROT_WRITE, 0));
	EXPECT_EQ(EACCES, errno);
	mem = map(fd, self->size, PROT_READ, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size, PROT_READ | PROT_WRITE)));
	self->mem[0] = 'r';
	EXPECT_EQ('r', mem[0]);
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem));
	munmap(mem, self->size);
	close(fd);
}

/* A dma-buf gives no right that the region's descriptor does not give. */
TEST_F(mapped, no_code)
{
	int fd = dmabuf_get(self->fd, 0, self->size, MMAPSHARE_DMABUF_WRITABLE);

	EXPECT_EQ(MAP_FAILED, map(fd, self->size, PROT_READ | PROT_EXEC, 0));
	EXPECT_EQ(EPERM, errno);
	close(fd);
}

TEST_F(mapped, child_inherits)
{
	int fd = dmabuf_get(self->fd, 0, self->size, MMAPSHARE_DMABUF_WRITABLE);
	char *mem = map(fd, self->size, PROT_READ | PROT_WRITE, 0);

	ASSERT_NE(MAP_FAILED, mem);
	close(fd);
	EXPECT_EQ(0, run_child(store_byte, mem));
	EXPECT_EQ(1, self->mem[0]);
	munmap(mem, self->size);
}

TEST_HARNESS_MAIN
