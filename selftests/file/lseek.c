// SPDX-License-Identifier: GPL-2.0
/* lseek() accepts positions from 0 to the end; the whole region is data. */
#include "mmapshare_test.h"
#include <sys/stat.h>

FIXTURE(lseek)
{
	struct device dev;
	off_t size;
};

FIXTURE_SETUP(lseek)
{
	DEVICE_OPEN(&self->dev, O_RDONLY);
	self->size = self->dev.size;
}

FIXTURE_TEARDOWN(lseek)
{
	close(self->dev.fd);
}

/*
 * lseek() from position 5. Returns the new position or a negative errno; -EIO
 * if the position was changed by a failure or is not the one returned.
 */
static off_t seek(int fd, off_t offset, int whence)
{
	off_t ret;

	if (lseek(fd, 5, SEEK_SET) != 5)
		return -EIO;
	ret = lseek(fd, offset, whence);
	if (ret < 0)
		return lseek(fd, 0, SEEK_CUR) == 5 ? -errno : -EIO;
	return lseek(fd, 0, SEEK_CUR) == ret ? ret : -EIO;
}

TEST_F(lseek, set)
{
	int fd = self->dev.fd;

	EXPECT_EQ(0, seek(fd, 0, SEEK_SET));
	EXPECT_EQ(4097, seek(fd, 4097, SEEK_SET));
	EXPECT_EQ(self->size, seek(fd, self->size, SEEK_SET));
	EXPECT_EQ(-EINVAL, seek(fd, self->size + 1, SEEK_SET));
	EXPECT_EQ(-EINVAL, seek(fd, -1, SEEK_SET));
	EXPECT_EQ(-EINVAL, seek(fd, 1LL << 44, SEEK_SET));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MAX, SEEK_SET));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MIN, SEEK_SET));
}

TEST_F(lseek, cur)
{
	int fd = self->dev.fd;

	EXPECT_EQ(5, seek(fd, 0, SEEK_CUR));
	EXPECT_EQ(0, seek(fd, -5, SEEK_CUR));
	EXPECT_EQ(4101, seek(fd, 4096, SEEK_CUR));
	EXPECT_EQ(self->size, seek(fd, self->size - 5, SEEK_CUR));
	EXPECT_EQ(-EINVAL, seek(fd, self->size - 4, SEEK_CUR));
	EXPECT_EQ(-EINVAL, seek(fd, -6, SEEK_CUR));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MAX, SEEK_CUR));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MIN, SEEK_CUR));
}

TEST_F(lseek, end)
{
	int fd = self->dev.fd;

	EXPECT_EQ(self->size, seek(fd, 0, SEEK_END));
	EXPECT_EQ(self->size - 1, seek(fd, -1, SEEK_END));
	EXPECT_EQ(0, seek(fd, -self->size, SEEK_END));
	EXPECT_EQ(-EINVAL, seek(fd, -self->size - 1, SEEK_END));
	EXPECT_EQ(-EINVAL, seek(fd, 1, SEEK_END));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MAX, SEEK_END));
	EXPECT_EQ(-EINVAL, seek(fd, INT64_MIN, SEEK_END));
}

TEST_F(lseek, seek_data)
{
	int fd = self->dev.fd;

	EXPECT_EQ(0, seek(fd, 0, SEEK_DATA));
	EXPECT_EQ(4097, seek(fd, 4097, SEEK_DATA));
	EXPECT_EQ(self->size - 1, seek(fd, self->size - 1, SEEK_DATA));
	EXPECT_EQ(-ENXIO, seek(fd, self->size, SEEK_DATA));
	EXPECT_EQ(-ENXIO, seek(fd, self->size + 1, SEEK_DATA));
	EXPECT_EQ(-ENXIO, seek(fd, -1, SEEK_DATA));
}

TEST_F(lseek, seek_hole)
{
	int fd = self->dev.fd;

	EXPECT_EQ(self->size, seek(fd, 0, SEEK_HOLE));
	EXPECT_EQ(self->size, seek(fd, self->size - 1, SEEK_HOLE));
	EXPECT_EQ(-ENXIO, seek(fd, self->size, SEEK_HOLE));
	EXPECT_EQ(-ENXIO, seek(fd, self->size + 1, SEEK_HOLE));
	EXPECT_EQ(-ENXIO, seek(fd, -1, SEEK_HOLE));
}

TEST_F(lseek, unknown_whence)
{
	EXPECT_EQ(-EINVAL, seek(self->dev.fd, 0, SEEK_HOLE + 1));
	EXPECT_EQ(-EINVAL, seek(self->dev.fd, 0, -1));
}

/* st_size is 0; SEEK_END, MMAPSHARE_IOC_INFO and fdinfo give the size. */
TEST_F(lseek, size)
{
	struct stat st;

	ASSERT_EQ(0, fstat(self->dev.fd, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0, st.st_size);
	EXPECT_EQ(0, st.st_blocks);
	EXPECT_EQ((off_t)self->dev.info.region_size,
		  lseek(self->dev.fd, 0, SEEK_END));
}

TEST_HARNESS_MAIN
