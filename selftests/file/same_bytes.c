// SPDX-License-Identifier: GPL-2.0
/* A read concurrent with writes returns only bytes that a write has stored. */
#include "mmapshare_test.h"
#include <pthread.h>

#define LENGTH	6000	/* more than a page, less than two */
#define ROUNDS	400

FIXTURE(same_bytes)
{
	struct device dev;
};

FIXTURE_SETUP(same_bytes)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(same_bytes)
{
	close(self->dev.fd);
}

static int fd;

/*
 * The bits of a stored byte are all 0 or all 1, so that a byte mixed from two
 * stores is detected.
 */
static bool is_written(uint8_t byte)
{
	return byte == 0x00 || byte == 0xff;
}

static void *write_bytes(void *arg)
{
	uint8_t buf[LENGTH];
	int i;

	memset(buf, 0x00, sizeof(buf));
	for (i = 0; i < ROUNDS; i++)
		if (pwrite(fd, buf, sizeof(buf), 0) != sizeof(buf))
			return "pwrite()";
	return NULL;
}

static void *fill_bytes(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (kernel_fill(fd, 0, LENGTH, 0xff))
			return "MMAPSHARE_IOC_FILL";
	return NULL;
}

static void *sum_bytes(void *arg)
{
	int i;

	for (i = 0; i < ROUNDS / 4; i++)
		if (kernel_checksum(fd, 0, LENGTH) < 0)
			return "MMAPSHARE_IOC_CHECKSUM";
	return NULL;
}

static void *read_bytes(void *arg)
{
	uint8_t buf[LENGTH];
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		if (pread(fd, buf, sizeof(buf), 0) != sizeof(buf))
			return "pread()";
		for (j = 0; j < LENGTH; j++)
			if (!is_written(buf[j]))
				return "a byte that was never written";
	}
	return NULL;
}

TEST_F(same_bytes, concurrent_writers)
{
	void *(*const work[])(void *) = {
		write_bytes, fill_bytes, sum_bytes, read_bytes,
	};
	pthread_t thread[4];
	void *failed;
	size_t i;

	fd = self->dev.fd;
	ASSERT_EQ(0, kernel_fill(fd, 0, LENGTH, 0));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, work[i], NULL));
	for (i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], &failed));
		EXPECT_EQ(NULL, failed)
			TH_LOG("%s", (char *)failed);
	}
}

TEST_HARNESS_MAIN
