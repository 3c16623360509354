// SPDX-License-Identifier: GPL-2.0
/*
 * A mapping that the importing driver makes of a dma-buf, for a program that has a file
 * of that driver, gives no right that the dma-buf does not give.
 */
#include "dmabuf_test.h"
#include "map_fixture.h"

FIXTURE(importer) {
	struct device dev;
	size_t size;
	int fd;
	int file;
};

FIXTURE_SETUP(importer)
{
	DMABUF_REGION(self);
	IMPORTER_NEEDED();
	self->file = open("/dev/" IMPORTER, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->file);
}

FIXTURE_TEARDOWN(importer)
{
	close(self->file);
	IMPORTER_GONE();
	close(self->fd);
	close(self->dev.fd);
}

/* Have the importer attach a dma-buf of the region, through @fd. Returns 0 or an errno. */
static int attach(FIXTURE_DATA(importer) *self, int fd, uint32_t flags)
{
	int buf = dmabuf_get(fd, 0, self->size, flags), ret;

	if (buf < 0)
		return -buf;
	ret = import_attach(buf);
	close(buf);
	return ret;
}

static char *map(FIXTURE_DATA(importer) *self, int prot, int flags)
{
	return mmap(NULL, self->size, prot, flags, self->file, 0);
}

TEST_F(importer, writable)
{
	char *mem;

	ASSERT_EQ(0, attach(self, self->fd, MMAPSHARE_DMABUF_WRITABLE));
	mem = map(self, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(1, count_maps(self->fd));
	mem[0] = 'w';
	munmap(mem, self->size);
	EXPECT_EQ(0, count_maps(self->fd));
	mem = mmap(NULL, self->size, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ('w', mem[0]);
	munmap(mem, self->size);
}

/* Only the region's reader has made the dma-buf, but the importer's file is O_RDWR. */
TEST_F(importer, read_only)
{
	int reader = region_read_only(self->fd);
	char *mem;

	ASSERT_LE(0, reader);
	ASSERT_EQ(0, attach(self, reader, 0));
	close(reader);
	EXPECT_EQ(MAP_FAILED, map(self, PROT_READ | PROT_WRITE, MAP_SHARED));
	EXPECT_EQ(EACCES, errno);
	mem = map(self, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(EACCES, errno_of(mprotect(mem, self->size, PROT_READ | PROT_WRITE)));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, mem));
	/* it counts as a reader */
	EXPECT_EQ(0, region_seal(self->fd, MMAPSHARE_SEAL_WRITE));
	munmap(mem, self->size);
}

TEST_HARNESS_MAIN
