// SPDX-License-Identifier: GPL-2.0
/*
 * O_DIRECT transfers between a disk and a mapping work without a copy if the
 * strategy supports pinned pages, else fail with EFAULT.
 */
#include "map_fixture.h"
#include <linux/magic.h>
#include <sys/vfs.h>

#define BLOCK	4096

/*
 * Open a file that supports O_DIRECT: the block device MMAPSHARE_DISK, which is
 * overwritten, or a temporary file. tmpfs accepts O_DIRECT, but copies.
 */
static int open_disk(void)
{
	static const char * const dirs[] = { "/var/tmp", "/tmp", "." };
	const char *disk = getenv("MMAPSHARE_DISK");
	struct statfs fs;
	int fd = -1;
	size_t i;

	if (disk && *disk)
		return open(disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	for (i = 0; fd < 0 && i < ARRAY_SIZE(dirs); i++)
		if (!statfs(dirs[i], &fs) &&
		    fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC &&
		    fs.f_type != OVERLAYFS_SUPER_MAGIC)
			fd = open(dirs[i], O_RDWR | O_DIRECT | O_TMPFILE, 0600);
	return fd;
}

FIXTURE(disk) {
	struct device dev;
	char *mem;
	int fd;
	size_t length;
	char *buf;
};

FIXTURE_VARIANT(disk) {
	size_t blocks;
};

FIXTURE_VARIANT_ADD(disk, one_block) { .blocks = 1, };
FIXTURE_VARIANT_ADD(disk, blocks_150) { .blocks = 150, };

FIXTURE_SETUP(disk)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	self->length = variant->blocks * BLOCK;
	ASSERT_EQ(0, posix_memalign((void **)&self->buf, BLOCK, self->length));
	self->fd = open_disk();
	if (self->fd < 0)
		SKIP(return, "no MMAPSHARE_DISK, no file system with O_DIRECT");
}

FIXTURE_TEARDOWN(disk)
{
	close(self->fd);
	free(self->buf);
	munmap(self->mem, self->dev.size);
	close(self->dev.fd);
}

TEST_F(disk, write_from_mapping)
{
	const size_t at = self->dev.size - self->length;
	const ssize_t ret = self->length;

	make_bytes(self->buf, self->length, at, 1);
	ASSERT_EQ(ret, pwrite(self->dev.fd, self->buf, self->length, at));
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(pwrite(self->fd, self->mem + at,
						  self->length, 0)));
		return;
	}
	memset(self->buf, 0, self->length);
	ASSERT_EQ(ret, pwrite(self->fd, self->buf, self->length, BLOCK));
	EXPECT_EQ(ret, pwrite(self->fd, self->mem + at, self->length, BLOCK));
	EXPECT_EQ(ret, pread(self->fd, self->buf, self->length, BLOCK));
	EXPECT_TRUE(same_bytes(self->buf, self->length, at, 1));
}

TEST_F(disk, read_into_mapping)
{
	const size_t at = self->dev.page;
	const ssize_t ret = self->length;

	make_bytes(self->buf, self->length, at, 2);
	ASSERT_EQ(ret, pwrite(self->fd, self->buf, self->length, 0));
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, at + self->length, 0));
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(pread(self->fd, self->mem + at,
						 self->length, 0)));
		return;
	}
	EXPECT_EQ(ret, pread(self->fd, self->mem + at, self->length, 0));
	EXPECT_TRUE(same_bytes(self->mem + at, self->length, at, 2));
	memset(self->buf, 0, self->length);
	EXPECT_EQ(ret, pread(self->dev.fd, self->buf, self->length, at));
	EXPECT_TRUE(same_bytes(self->buf, self->length, at, 2));
}

TEST_HARNESS_MAIN
