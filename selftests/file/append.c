// SPDX-License-Identifier: GPL-2.0
/* O_APPEND writes begin at the end of the region, and so get ENOSPC. */
#include "mmapshare_test.h"
#include <sys/uio.h>

#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND	0x20	/* Linux 6.9 */
#endif

FIXTURE(append)
{
	struct device dev;
	int fd;
	struct iovec iov;
};

FIXTURE_SETUP(append)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->fd = open(DEVICE, O_RDWR | O_APPEND);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, kernel_fill(self->dev.fd, 0, 4096, '.'));
	ASSERT_EQ(5, lseek(self->fd, 5, SEEK_SET));
	self->iov.iov_base = "n";
	self->iov.iov_len = 1;
}

FIXTURE_TEARDOWN(append)
{
	close(self->fd);
	close(self->dev.fd);
}

/* Returns the number of bytes that were overwritten, or -1. */
static int count_written(int fd)
{
	char buf[4096];
	int i, n = 0;

	if (pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
		return -1;
	for (i = 0; i < 4096; i++)
		n += buf[i] != '.';
	return n;
}

TEST_F(append, o_append)
{
	EXPECT_EQ(-1, write(self->fd, "n", 1));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, writev(self->fd, &self->iov, 1));
	EXPECT_EQ(ENOSPC, errno);
	/* with O_APPEND, Linux ignores the offset, contrary to POSIX */
	EXPECT_EQ(-1, pwrite(self->fd, "n", 1, 0));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, write(self->fd, "n", 0));
	EXPECT_EQ(5, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(0, count_written(self->fd));
}

TEST_F(append, f_setfl)
{
	ASSERT_EQ(0, fcntl(self->dev.fd, F_SETFL, O_APPEND));
	EXPECT_EQ(-1, write(self->dev.fd, "n", 1));
	EXPECT_EQ(ENOSPC, errno);
	ASSERT_EQ(0, fcntl(self->dev.fd, F_SETFL, 0));
	EXPECT_EQ(1, write(self->dev.fd, "n", 1));
	EXPECT_EQ(1, count_written(self->fd));
}

TEST_F(append, rwf_append)
{
	EXPECT_EQ(-1, pwritev2(self->dev.fd, &self->iov, 1, 0, RWF_APPEND));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(0, count_written(self->fd));
}

TEST_F(append, rwf_noappend)
{
	ssize_t n = pwritev2(self->fd, &self->iov, 1, 3, RWF_NOAPPEND);
	char byte;

	if (n < 0 && errno == EOPNOTSUPP)
		SKIP(return, "no RWF_NOAPPEND before Linux 6.9");
	EXPECT_EQ(1, n);
	EXPECT_EQ(1, count_written(self->fd));
	EXPECT_EQ(1, pread(self->fd, &byte, 1, 3));
	EXPECT_EQ('n', byte);
}

TEST_F(append, read)
{
	char byte = 0;

	EXPECT_EQ(1, read(self->fd, &byte, 1));
	EXPECT_EQ('.', byte);
	EXPECT_EQ(6, lseek(self->fd, 0, SEEK_CUR));
}

TEST_HARNESS_MAIN
