// SPDX-License-Identifier: GPL-2.0
/* A device that imports a dma-buf reads and writes the bytes of the region. */
#include "dmabuf_test.h"
#include <linux/dma-buf.h>

FIXTURE(import) {
	struct device dev;
	size_t size;
	int fd;
	char *mem;
};

FIXTURE_SETUP(import)
{
	DMABUF_REGION(self);
	self->mem = mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, self->mem);
	IMPORTER_NEEDED();
}

FIXTURE_TEARDOWN(import)
{
	IMPORTER_GONE();
	munmap(self->mem, self->size);
	close(self->fd);
	close(self->dev.fd);
}

/* Attach a dma-buf of the range; only the importer keeps it. */
static int attach(FIXTURE_DATA(import) *self, uint64_t offset, uint64_t length,
		  uint32_t flags)
{
	int fd = dmabuf_get(self->fd, offset, length, flags), ret;

	if (fd < 0)
		return -fd;
	ret = import_attach(fd);
	close(fd);
	return ret;
}

static uint64_t sum(const char *bytes, size_t n)
{
	uint64_t sum = 0;

	while (n--)
		sum += (unsigned char)*bytes++;
	return sum;
}

TEST_F(import, device_reads)
{
	const size_t page = self->dev.page;

	make_bytes(self->mem, self->size, 0, 1);
	ASSERT_EQ(0, attach(self, 0, self->size, 0));
	ASSERT_EQ(0, import_set("map", "to"));
	EXPECT_EQ(sum(self->mem, self->size), import_sum());
	/* the same memory, and no copy of it */
	make_bytes(self->mem, self->size, 0, 2);
	EXPECT_EQ(sum(self->mem, self->size), import_sum());

	ASSERT_EQ(0, attach(self, page, page, 0));
	ASSERT_EQ(0, import_set("map", "to"));
	EXPECT_EQ(sum(self->mem + page, page), import_sum());
}

TEST_F(import, device_writes)
{
	const size_t page = self->dev.page;

	ASSERT_EQ(0, attach(self, page, self->size - 2 * page, MMAPSHARE_DMABUF_WRITABLE));
	ASSERT_EQ(0, import_set("map", "from"));
	ASSERT_EQ(0, import_set("store", "7"));
	EXPECT_EQ(7 * (self->size - 2 * page), sum(self->mem, self->size));
	EXPECT_EQ(7, self->mem[page]);
	EXPECT_EQ(0, self->mem[page - 1]);
	EXPECT_EQ(7, self->mem[self->size - page - 1]);
	EXPECT_EQ(0, self->mem[self->size - page]);
}

TEST_F(import, read_only)
{
	ASSERT_EQ(0, attach(self, 0, self->size, 0));
	EXPECT_EQ(EACCES, import_set("map", "from"));
	EXPECT_EQ(EACCES, import_set("map", "both"));
	EXPECT_EQ(EINVAL, import_set("vmap", "1"));
	EXPECT_EQ(0, import_set("map", "to"));
}

TEST_F(import, kernel_writes)
{
	const size_t page = self->dev.page;

	ASSERT_EQ(0, attach(self, page, page, MMAPSHARE_DMABUF_WRITABLE));
	ASSERT_EQ(0, import_set("vmap", "1"));
	ASSERT_EQ(0, import_set("vstore", "9"));
	EXPECT_EQ(9 * page, sum(self->mem, self->size));
	EXPECT_EQ(9, self->mem[page]);
	EXPECT_EQ(0, import_set("vmap", "0"));
}

/* Programs tell the driver when they access the bytes: DMA_BUF_IOCTL_SYNC. */
TEST_F(import, sync)
{
	int fd = dmabuf_get(self->fd, 0, self->size, MMAPSHARE_DMABUF_WRITABLE);
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_START };

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, import_attach(fd));
	ASSERT_EQ(0, import_set("map", "both"));
	EXPECT_EQ(0, ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	make_bytes(self->mem, self->size, 0, 3);
	sync.flags = DMA_BUF_SYNC_RW | DMA_BUF_SYNC_END;
	EXPECT_EQ(0, ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(sum(self->mem, self->size), import_sum());
	close(fd);
}

TEST_HARNESS_MAIN
