// SPDX-License-Identifier: GPL-2.0
/*
 * A consumer registers its cursor as a buffer of io_uring, and detaches. While
 * that buffer exists the cursor is not given to another consumer, because the
 * first one could still store to it.
 */
#include "ring_test.h"
#include "uring_test.h"
#include <sys/uio.h>

/* Attach a consumer, register its cursor with @uring, and detach. */
static int pin_cursor(FIXTURE_DATA(ring) *self, struct io_uring *uring)
{
	struct iovec iov;
	int ret = endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER);

	if (ret)
		return -ret;
	iov.iov_base = self->c.c;
	iov.iov_len = sizeof(*self->c.c);
	ret = io_uring_register_buffers(uring, &iov, 1);
	endpoint_detach(&self->c);
	return ret;
}

TEST_F(ring, pinned_cursor)
{
	struct mmapshare_ring_attach_args at;
	int others[RING_CONSUMERS - 1], fd, ret;
	struct io_uring uring;
	unsigned int i;

	URING_SETUP(&uring);
	ret = pin_cursor(self, &uring);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no buffers in mappings of a file on this kernel");
	ASSERT_EQ(0, ret);
	for (i = 0; i < RING_CONSUMERS - 1; i++) {
		others[i] = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
		ASSERT_LE(0, others[i]);
		EXPECT_EQ(i + 1, at.cursor);
	}
	EXPECT_EQ(-ENOSPC, ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at));
	/* unlike closing the io_uring, this frees the buffer at once */
	ASSERT_EQ(0, io_uring_unregister_buffers(&uring));
	fd = ring_attach(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
	EXPECT_LE(0, fd);
	EXPECT_EQ(0U, at.cursor);
	close(fd);
	for (i = 0; i < RING_CONSUMERS - 1; i++)
		close(others[i]);
	io_uring_queue_exit(&uring);
}

TEST_HARNESS_MAIN
