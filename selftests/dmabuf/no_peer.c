// SPDX-License-Identifier: GPL-2.0
/*
 * A dma-buf is no peer of the open files of its region: it cannot notify. WAIT gets
 * EPIPE while there is one, and does not get it because there was one.
 */
#include "dmabuf_test.h"
#include "doorbell_test.h"

/* What WAIT returns if there was no notification. */
static int wait_error(int fd)
{
	uint64_t count = 0;

	return bell_wait(fd, &count, 0);
}

TEST_F(bell, none_was_there)
{
	int buf;

	DMABUF_NEEDED(self->fd, REGION_SIZE);
	EXPECT_EQ(ETIMEDOUT, wait_error(self->fd));
	buf = dmabuf_get(self->fd, 0, REGION_SIZE, MMAPSHARE_DMABUF_WRITABLE);
	ASSERT_LE(0, buf);
	EXPECT_EQ(ETIMEDOUT, wait_error(self->fd));
	close(buf);
	EXPECT_EQ(ETIMEDOUT, wait_error(self->fd));
}

TEST_F(bell, all_are_gone)
{
	int other = bell_open(self, O_RDWR), buf;
	char *mem;

	ASSERT_LE(0, other);
	DMABUF_NEEDED(self->fd, REGION_SIZE);
	buf = dmabuf_get(self->fd, 0, REGION_SIZE, 0);
	ASSERT_LE(0, buf);
	mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, buf, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(ETIMEDOUT, wait_error(self->fd));
	close(other);
	EXPECT_EQ(EPIPE, wait_error(self->fd));
	munmap(mem, REGION_SIZE);
	close(buf);
	EXPECT_EQ(EPIPE, wait_error(self->fd));
}

TEST_HARNESS_MAIN
