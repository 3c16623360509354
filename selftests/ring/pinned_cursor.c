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
static int pin_cursor(FIXTURE_DATA(ring) *self, struct io_uring *uring,
		      const struct mmapshare_ring_attach_args *at)
{
	struct iovec iov;
	int ret = endpoint_attach_with(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, at);

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
	struct mmapshare_ring_attach_args at = { };
	int others[RING_CONSUMERS - 1], fd, ret;
	struct io_uring uring;
	unsigned int i;

	URING_SETUP(&uring);
	ret = pin_cursor(self, &uring, &at);
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

static const struct mmapshare_ring_attach_args named = { .name = "a" };

/* Attach by the name. Returns 0 or an errno. */
static int attach_by_name(FIXTURE_DATA(ring) *self)
{
	struct mmapshare_ring_attach_args at = named;
	int fd = ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

/* The pins of a user do not keep that user from coming back. */
TEST_F(ring, named)
{
	struct io_uring uring;
	int ret;

	URING_SETUP(&uring);
	ret = pin_cursor(self, &uring, &named);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no buffers in mappings of a file on this kernel");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(0, attach_by_name(self));
	io_uring_queue_exit(&uring);
}

/*
 * As another user, pin the cursor of a name, tell it, and wait to be killed. Returns 2
 * where no page of a ring can be pinned.
 */
static int pin_as_other(FIXTURE_DATA(ring) *self, int ready)
{
	struct io_uring uring;

	if (setgid(65534) || setuid(65534))
		return 1;
	if (io_uring_queue_init(8, &uring, 0) || pin_cursor(self, &uring, &named))
		return 2;
	if (write(ready, "x", 1) != 1)
		return 1;
	pause();
	return 1;
}

/* But a name is not given to another user, as the owner of the ring, until then. */
TEST_F(ring, named_by_other)
{
	int ready[2], status, ret;
	char byte;
	pid_t pid;

	if (geteuid())
		SKIP(return, "needs root");
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(pin_as_other(self, ready[1]));
	}
	close(ready[1]);
	ret = read(ready[0], &byte, 1);
	if (ret == 1)
		EXPECT_EQ(EBUSY, attach_by_name(self));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	if (ret != 1 && WIFEXITED(status) && WEXITSTATUS(status) == 2)
		SKIP(return, "no io_uring, or no buffers in mappings of a file");
	ASSERT_EQ(1, ret);
	/* the kernel frees the buffers some time after the process has ended */
	while ((ret = attach_by_name(self)) == EBUSY)
		sleep_ns(MS);
	EXPECT_EQ(0, ret);
}

TEST_HARNESS_MAIN
