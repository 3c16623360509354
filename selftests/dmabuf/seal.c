// SPDX-License-Identifier: GPL-2.0
/*
 * A writable dma-buf is a right to write: the region is not sealed while there is
 * one, nor while a device has the pages. A sealed region has read-only ones.
 */
#include "dmabuf_test.h"
#include "map_fixture.h"

FIXTURE(sealed) {
	struct device dev;
	size_t size;
	int fd;
};

FIXTURE_SETUP(sealed)
{
	DMABUF_REGION(self);
	IMPORTER_NEEDED();
}

FIXTURE_TEARDOWN(sealed)
{
	IMPORTER_GONE();
	close(self->fd);
	close(self->dev.fd);
}

#define SEAL()		region_seal(self->fd, MMAPSHARE_SEAL_WRITE)
#define DMABUF(flags)	dmabuf_get(self->fd, 0, self->size, flags)

TEST_F(sealed, writable)
{
	int fd = DMABUF(MMAPSHARE_DMABUF_WRITABLE);

	ASSERT_LE(0, fd);
	EXPECT_EQ(EBUSY, SEAL());
	close(fd);
	EXPECT_EQ(0, SEAL());
	EXPECT_EQ(-EPERM, DMABUF(MMAPSHARE_DMABUF_WRITABLE));
	fd = DMABUF(0);
	EXPECT_LE(0, fd);
	close(fd);
}

/* The importer keeps the dma-buf, too. */
TEST_F(sealed, imported)
{
	int fd = DMABUF(MMAPSHARE_DMABUF_WRITABLE);

	ASSERT_EQ(0, import_attach(fd));
	close(fd);
	EXPECT_EQ(EBUSY, SEAL());
	ASSERT_EQ(0, import_set("attach", "-1"));
	EXPECT_EQ(0, SEAL());
}

/* The seal's check for pins cannot tell a device that reads from one that writes. */
TEST_F(sealed, device_reads)
{
	int fd = DMABUF(0);

	ASSERT_EQ(0, import_attach(fd));
	close(fd);
	ASSERT_EQ(0, import_set("map", "to"));
	EXPECT_EQ(EBUSY, SEAL());
	ASSERT_EQ(0, import_set("map", "no"));
	EXPECT_EQ(0, SEAL());
	EXPECT_EQ(0, import_set("map", "to"));
}

/* FUTURE_WRITE leaves what exists, but no new writable mapping is made of it. */
TEST_F(sealed, future_write)
{
	int fd = DMABUF(MMAPSHARE_DMABUF_WRITABLE);
	char *mem;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, self->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	EXPECT_EQ(EPERM, errno);
	mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size, PROT_READ | PROT_WRITE)));
	munmap(mem, self->size);
	EXPECT_EQ(-EPERM, DMABUF(MMAPSHARE_DMABUF_WRITABLE));
	close(fd);
}

TEST_HARNESS_MAIN
