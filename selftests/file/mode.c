// SPDX-License-Identifier: GPL-2.0
/* Reads and writes on a descriptor that is not open for them get EBADF. */
#include "mmapshare_test.h"
#include <sys/uio.h>

#define O_IOCTL	3	/* neither read nor write: for ioctl() only */

FIXTURE(mode)
{
	struct device dev;
	char buf[8];
};

FIXTURE_VARIANT(mode)
{
	int flags;
	bool reads;
	bool writes;
};

FIXTURE_VARIANT_ADD(mode, rdwr) {
	.flags = O_RDWR, .reads = true, .writes = true,
};

FIXTURE_VARIANT_ADD(mode, rdonly) {
	.flags = O_RDONLY, .reads = true,
};

FIXTURE_VARIANT_ADD(mode, wronly) {
	.flags = O_WRONLY, .writes = true,
};

FIXTURE_VARIANT_ADD(mode, ioctl_only) {
	.flags = O_IOCTL,
};

FIXTURE_SETUP(mode)
{
	DEVICE_OPEN(&self->dev, variant->flags);
}

FIXTURE_TEARDOWN(mode)
{
	close(self->dev.fd);
}

static int errno_of(ssize_t ret)
{
	return ret < 0 ? errno : 0;
}

TEST_F(mode, read)
{
	struct iovec iov = { self->buf, sizeof(self->buf) };
	int want = variant->reads ? 0 : EBADF;
	int fd = self->dev.fd;

	EXPECT_EQ(want, errno_of(read(fd, self->buf, 8)));
	EXPECT_EQ(want, errno_of(pread(fd, self->buf, 8, 0)));
	EXPECT_EQ(want, errno_of(readv(fd, &iov, 1)));
	EXPECT_EQ(want, errno_of(preadv2(fd, &iov, 1, 0, RWF_NOWAIT)));
	EXPECT_EQ(want, errno_of(read(fd, NULL, 0)));
}

TEST_F(mode, write)
{
	struct iovec iov = { self->buf, sizeof(self->buf) };
	int want = variant->writes ? 0 : EBADF;
	int fd = self->dev.fd;

	EXPECT_EQ(want, errno_of(write(fd, self->buf, 8)));
	EXPECT_EQ(want, errno_of(pwrite(fd, self->buf, 8, 0)));
	EXPECT_EQ(want, errno_of(writev(fd, &iov, 1)));
	EXPECT_EQ(want, errno_of(pwritev2(fd, &iov, 1, 0, RWF_NOWAIT)));
	EXPECT_EQ(want, errno_of(write(fd, NULL, 0)));
	/* at the end, the mode is checked before the offset */
	want = variant->writes ? ENOSPC : EBADF;
	EXPECT_EQ(want, errno_of(pwrite(fd, self->buf, 8, self->dev.size)));
}

TEST_F(mode, lseek)
{
	EXPECT_EQ((off_t)self->dev.size, lseek(self->dev.fd, 0, SEEK_END));
}

TEST(o_path)
{
	struct mmapshare_info info;
	char byte = 0;
	int fd;

	if (access(DEVICE, F_OK))
		SKIP(return, "no " DEVICE ": load the module");
	fd = open(DEVICE, O_PATH);
	ASSERT_LE(0, fd);
	EXPECT_EQ(EBADF, errno_of(read(fd, &byte, 1)));
	EXPECT_EQ(EBADF, errno_of(write(fd, &byte, 1)));
	EXPECT_EQ(EBADF, errno_of(lseek(fd, 0, SEEK_END)));
	EXPECT_EQ(EBADF, errno_of(device_info(fd, &info)));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
	EXPECT_EQ(EBADF, errno);
	close(fd);
}

TEST_HARNESS_MAIN
