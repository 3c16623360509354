// SPDX-License-Identifier: GPL-2.0
/* flock(), POSIX and OFD locks work on the device. */
#include "mmapshare_test.h"
#include <sys/file.h>

FIXTURE(lock)
{
	struct device dev;
};

FIXTURE_SETUP(lock)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(lock)
{
	close(self->dev.fd);
}

/* For run_child(): returns 0 or the errno of a non-blocking lock. */
static int try_flock(void *arg)
{
	int fd = open(DEVICE, O_RDWR);

	return flock(fd, LOCK_EX | LOCK_NB) ? errno : 0;
}

static int try_bytes(void *arg)
{
	struct flock l = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = *(off_t *)arg,
		.l_len = 1,
	};
	int fd = open(DEVICE, O_RDWR);

	return fcntl(fd, F_SETLK, &l) ? errno : 0;
}

TEST_F(lock, flock)
{
	ASSERT_EQ(0, flock(self->dev.fd, LOCK_EX));
	EXPECT_EQ(-EWOULDBLOCK, run_child(try_flock, NULL));
	ASSERT_EQ(0, flock(self->dev.fd, LOCK_UN));
	EXPECT_EQ(0, run_child(try_flock, NULL));
}

static void test_range(struct __test_metadata *_metadata, int fd, int command)
{
	struct flock l = {
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 100,
		.l_len = 10,
	};
	off_t at;

	ASSERT_EQ(0, fcntl(fd, command, &l));
	at = 105;
	EXPECT_EQ(-EAGAIN, run_child(try_bytes, &at));
	at = 110;
	EXPECT_EQ(0, run_child(try_bytes, &at));
	l.l_type = F_UNLCK;
	ASSERT_EQ(0, fcntl(fd, command, &l));
	at = 105;
	EXPECT_EQ(0, run_child(try_bytes, &at));
}

TEST_F(lock, posix)
{
	test_range(_metadata, self->dev.fd, F_SETLK);
}

TEST_F(lock, ofd)
{
	test_range(_metadata, self->dev.fd, F_OFD_SETLK);
}

TEST_HARNESS_MAIN
