// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_DMABUF makes a dma-buf of a range, or says why not. */
#include "dmabuf_test.h"
#include "ring_test.h"

FIXTURE(export) {
	struct device dev;
	size_t size;
	int fd;
};

FIXTURE_SETUP(export)
{
	DMABUF_REGION(self);
}

FIXTURE_TEARDOWN(export)
{
	close(self->fd);
	close(self->dev.fd);
}

TEST_F(export, size_and_mode)
{
	const size_t page = self->dev.page;
	int ro = dmabuf_get(self->fd, page, 2 * page, 0);
	int rw = dmabuf_get(self->fd, 0, self->size,
			    MMAPSHARE_DMABUF_WRITABLE | MMAPSHARE_DMABUF_CLOEXEC);

	ASSERT_LE(0, ro);
	ASSERT_LE(0, rw);
	EXPECT_EQ((off_t)(2 * page), lseek(ro, 0, SEEK_END));
	EXPECT_EQ((off_t)self->size, lseek(rw, 0, SEEK_END));
	EXPECT_EQ(O_RDONLY, fcntl(ro, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(O_RDWR, fcntl(rw, F_GETFL) & O_ACCMODE);
	EXPECT_EQ(0, fcntl(ro, F_GETFD));
	EXPECT_EQ(FD_CLOEXEC, fcntl(rw, F_GETFD));
	close(ro);
	close(rw);
}

TEST_F(export, ranges)
{
	const size_t page = self->dev.page, size = self->size;

	EXPECT_EQ(-EINVAL, dmabuf_get(self->fd, 0, 0, 0));
	EXPECT_EQ(-EINVAL, dmabuf_get(self->fd, 1, page, 0));
	EXPECT_EQ(-EINVAL, dmabuf_get(self->fd, 0, page + 1, 0));
	EXPECT_EQ(-EINVAL, dmabuf_get(self->fd, 0, page, 1U << 31));
	EXPECT_EQ(-ENXIO, dmabuf_get(self->fd, 0, size + page, 0));
	EXPECT_EQ(-ENXIO, dmabuf_get(self->fd, size, page, 0));
	EXPECT_EQ(-ENXIO, dmabuf_get(self->fd, page, size, 0));
	EXPECT_EQ(-ENXIO, dmabuf_get(self->fd, page, -page, 0));
	/* the doorbell is not part of the region */
	EXPECT_EQ(-ENXIO, dmabuf_get(self->fd, 1ULL << 43, page, 0));
}

TEST_F(export, read_only_descriptor)
{
	int reader = region_read_only(self->fd), fd;

	ASSERT_LE(0, reader);
	EXPECT_EQ(-EBADF, dmabuf_get(reader, 0, self->size, MMAPSHARE_DMABUF_WRITABLE));
	fd = dmabuf_get(reader, 0, self->size, 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(reader);
}

/* The descriptor of the dma-buf keeps the region. */
TEST_F(export, region_stays)
{
	int fd = dmabuf_get(self->fd, 0, self->size, 0);
	char *mem;

	ASSERT_LE(0, fd);
	ASSERT_EQ(1, pwrite(self->fd, "x", 1, 0));
	close(self->fd);
	mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ('x', mem[0]);
	munmap(mem, self->size);
	self->fd = -1;
}

/* Only endpoints write to a ring, but a device may read it. */
TEST_F(export, ring)
{
	int ring = ring_create_as(self->dev.fd, NULL, 1 << 16, MMAPSHARE_RING, 1), fd;
	const size_t page = self->dev.page;

	ASSERT_LE(0, ring);
	EXPECT_EQ(-EPERM, dmabuf_get(ring, 0, page, MMAPSHARE_DMABUF_WRITABLE));
	fd = dmabuf_get(ring, 0, page, 0);
	EXPECT_LE(0, fd);
	close(fd);
	close(ring);
}

TEST_HARNESS_MAIN
