// SPDX-License-Identifier: GPL-2.0
/* ioctl requests that the driver does not have get ENOTTY. */
#include "mmapshare_test.h"
#include <asm/termbits.h>	/* struct termios, for TCGETS */
#include <linux/fs.h>
#include <linux/vt.h>
#include <sys/ioctl.h>

FIXTURE(unknown)
{
	struct device dev;
};

FIXTURE_SETUP(unknown)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(unknown)
{
	close(self->dev.fd);
}

static bool is_known(unsigned int nr)
{
	return nr <= _IOC_NR(MMAPSHARE_IOC_WAIT) || nr == _IOC_NR(MMAPSHARE_IOC_DMABUF) ||
	       (nr >= _IOC_NR(MMAPSHARE_IOC_CREATE) &&
		nr <= _IOC_NR(MMAPSHARE_IOC_QUERY));
}

/*
 * Returns whether a request gets ENOTTY with any argument: the driver checks
 * the request's number before it uses the argument.
 */
static bool is_unknown(int fd, unsigned long cmd)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	const unsigned long args[] = { 0, 1, -1UL, (unsigned long)&info };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(args); i++) {
		errno = 0;
		if (ioctl(fd, cmd, args[i]) != -1 || errno != ENOTTY)
			return false;
	}
	return true;
}

/* Values of _IOC_SIZE: 0, the sizes of structures, and the maximum. */
static const int sizes[] = { 0, 1, 4, 8, 16, 32, 40, 56, 16383 };

TEST_F(unknown, numbers)
{
	unsigned int dir, nr;
	size_t i;

	for (nr = 0; nr < 256; nr++)
		for (dir = 0; dir < 4; dir++)
			for (i = 0; i < ARRAY_SIZE(sizes) && !is_known(nr); i++)
				EXPECT_TRUE(is_unknown(self->dev.fd,
						       _IOC(dir, MMAPSHARE_IOC_MAGIC, nr,
							    sizes[i])));
}

/* Magic and number identify a request; direction and size are ignored. */
TEST_F(unknown, encodings)
{
	unsigned int dir;
	size_t i;

	for (dir = 0; dir < 4; dir++) {
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct mmapshare_info info = { .size = sizeof(info) };

			EXPECT_EQ(0, ioctl(self->dev.fd,
					   _IOC(dir, MMAPSHARE_IOC_MAGIC,
						_IOC_NR(MMAPSHARE_IOC_INFO), sizes[i]),
					   &info));
			EXPECT_EQ(1U, info.abi_version);
		}
	}
}

TEST_F(unknown, other_magics)
{
	int magic;

	/* skips magics of ioctls that the core handles for any file */
	for (magic = 0; magic < 256; magic++) {
		if (magic == MMAPSHARE_IOC_MAGIC || magic == 0 ||
		    magic == 'T' || magic == 'X' || magic == 'f' ||
		    magic == 'v' || magic == 0x15 || magic == 0x94)
			continue;
		EXPECT_TRUE(is_unknown(self->dev.fd, _IO(magic, 0)));
		EXPECT_TRUE(is_unknown(self->dev.fd, _IO(magic, 1)));
		EXPECT_TRUE(is_unknown(self->dev.fd, _IO(magic, 2)));
	}
}

TEST_F(unknown, other_devices)
{
	const unsigned long commands[] = {
		TCGETS, TIOCGWINSZ, TIOCSTI, BLKGETSIZE64, BLKRRPART, BLKZEROOUT,
		VT_GETSTATE,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		EXPECT_TRUE(is_unknown(self->dev.fd, commands[i]));
	EXPECT_FALSE(isatty(self->dev.fd));
}

TEST_HARNESS_MAIN
