// SPDX-License-Identifier: GPL-2.0
/*
 * Operations that only regular files, sockets, pipes or directories support are
 * refused.
 */
#include "mmapshare_test.h"
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/socket.h>

FIXTURE(refused)
{
	struct device dev;
};

FIXTURE_SETUP(refused)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(refused)
{
	struct mmapshare_info info;

	/* the size of the region has not changed */
	EXPECT_EQ(0, device_info(self->dev.fd, &info));
	EXPECT_EQ(self->dev.size, info.region_size);
	close(self->dev.fd);
}

TEST_F(refused, size_change)
{
	off_t size = self->dev.size;
	int fd;

	EXPECT_EQ(-1, ftruncate(self->dev.fd, 0));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ftruncate(self->dev.fd, size));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, truncate(DEVICE, 4096));
	EXPECT_EQ(EINVAL, errno);
	/* O_TRUNC is accepted, but has no effect, as POSIX allows */
	ASSERT_EQ(0, kernel_fill(self->dev.fd, size - 1, 1, 't'));
	fd = open(DEVICE, O_RDWR | O_TRUNC | O_CREAT, 0600);
	ASSERT_LE(0, fd);
	EXPECT_EQ(size, lseek(fd, 0, SEEK_END));
	EXPECT_EQ(kernel_checksum(fd, size - 1, 1), user_crc32c("t", 1));
	close(fd);
}

TEST_F(refused, fallocate)
{
	const int modes[] = {
		0, FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_COLLAPSE_RANGE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		EXPECT_EQ(-1, fallocate(self->dev.fd, modes[i], 0, 4096));
		EXPECT_EQ(ENODEV, errno);
	}
	EXPECT_EQ(ENODEV, posix_fallocate(self->dev.fd, 0, 4096));
}

TEST_F(refused, fcntl)
{
	EXPECT_EQ(-1, fcntl(self->dev.fd, F_SETLEASE, F_WRLCK));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->dev.fd, F_ADD_SEALS, F_SEAL_SHRINK));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, fcntl(self->dev.fd, F_SETPIPE_SZ, 4096));
	EXPECT_EQ(EBADF, errno);
	EXPECT_EQ(-1, fcntl(self->dev.fd, F_NOTIFY, DN_MODIFY));
	EXPECT_EQ(ENOTDIR, errno);
}

TEST_F(refused, ioctl)
{
	const unsigned long commands[] = {
		FIONREAD, FIBMAP, FIOQSIZE, FS_IOC_GETFLAGS, FS_IOC_FSGETXATTR,
	};
	long arg[8] = {};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-1, ioctl(self->dev.fd, commands[i], arg));
		EXPECT_EQ(ENOTTY, errno);
	}
	EXPECT_EQ(-1, ioctl(self->dev.fd, FS_IOC_FIEMAP, arg));
	EXPECT_EQ(EOPNOTSUPP, errno);
}

TEST_F(refused, reflink)
{
	EXPECT_EQ(-1, ioctl(self->dev.fd, FICLONE, self->dev.fd));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(refused, socket)
{
	EXPECT_EQ(-1, send(self->dev.fd, "x", 1, 0));
	EXPECT_EQ(ENOTSOCK, errno);
}

TEST_F(refused, directory)
{
	EXPECT_EQ(-1, openat(self->dev.fd, "x", O_RDONLY));
	EXPECT_EQ(ENOTDIR, errno);
	EXPECT_EQ(-1, open(DEVICE "/x", O_RDONLY));
	EXPECT_EQ(ENOTDIR, errno);
	EXPECT_EQ(-1, open(DEVICE, O_RDONLY | O_DIRECTORY));
	EXPECT_EQ(ENOTDIR, errno);
}

TEST_HARNESS_MAIN
