// SPDX-License-Identifier: GPL-2.0
/*
 * No pin of a cursor's page is left when its consumer has detached: the consumer
 * cannot pin it, and the pages that readers keep in pipes do not matter.
 */
#include "ring_test.h"
#include "uring_test.h"
#include <sys/uio.h>

/* References that were too many for a cursor to be given to another consumer. */
#define REFS		1200
#define PIPE_SIZE	(1 << 20)
#define PIPES		16

static const struct mmapshare_ring_attach_args named = { .name = "a" };

/* Returns 0 or an errno. */
static int splice_page(int pipe_end, void *page)
{
	struct iovec iov = { page, 8 };

	return vmsplice(pipe_end, &iov, 1, SPLICE_F_NONBLOCK) < 0 ? errno : 0;
}

/* Keep @page in pipes REFS times. Returns how often that succeeded. */
static int keep_page(void *page, int pipes[PIPES][2])
{
	int i, n = 0;

	for (i = 0; i < PIPES && n < REFS; i++) {
		if (pipe(pipes[i]))
			break;
		/* 256 pages, or what is allowed */
		fcntl(pipes[i][1], F_SETPIPE_SZ, PIPE_SIZE);
		while (n < REFS && !splice_page(pipes[i][1], page))
			n++;
	}
	return n;
}

static void close_pipes(int pipes[PIPES][2])
{
	int i;

	for (i = 0; i < PIPES; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
}

/* The kernel cannot pin the page for any call of its consumer. */
TEST_F(ring, own)
{
	struct io_uring uring;
	struct iovec iov;
	int pipe_ends[2];

	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_EQ(0, pipe(pipe_ends));
	EXPECT_EQ(EFAULT, splice_page(pipe_ends[1], self->c.c));
	/* mapped now, so that the fast path of the kernel finds the entry */
	self->c.c->wake_bytes = 8;
	EXPECT_EQ(EFAULT, splice_page(pipe_ends[1], self->c.c));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	URING_SETUP(&uring);
	iov.iov_base = self->c.c;
	iov.iov_len = sizeof(*self->c.c);
	EXPECT_EQ(-EFAULT, io_uring_register_buffers(&uring, &iov, 1));
	io_uring_queue_exit(&uring);
}

/* The kernel can still copy to the page, and a child has it, too. */
TEST_F(ring, copy)
{
	int pipe_ends[2], status;
	const uint32_t wake = 4096;
	pid_t pid;

	ASSERT_EQ(0, endpoint_attach(&self->c, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_EQ(0, pipe(pipe_ends));
	ASSERT_EQ((ssize_t)sizeof(wake), write(pipe_ends[1], &wake, sizeof(wake)));
	EXPECT_EQ((ssize_t)sizeof(wake), read(pipe_ends[0], &self->c.c->wake_bytes, sizeof(wake)));
	EXPECT_EQ(wake, self->c.c->wake_bytes);
	pid = fork();
	if (!pid) {
		self->c.c->wake_bytes++;
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(wake + 1, self->c.c->wake_bytes);
	close(pipe_ends[0]);
	close(pipe_ends[1]);
}

/*
 * A reader keeps the page of a cursor, which the next consumer gets nevertheless: by
 * the name, too.
 */
TEST_F(ring, by_reader)
{
	const struct mmapshare_ring_attach_args none = { };
	const struct mmapshare_ring_attach_args *args[] = { &none, &named };
	struct mmapshare_ring_attach_args at;
	int pipes[PIPES][2], fd;
	unsigned int i;
	void *page;

	for (i = 0; i < ARRAY_SIZE(args); i++) {
		at = *args[i];
		fd = ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0U, at.cursor);
		page = mmap(NULL, at.own_size, PROT_READ, MAP_SHARED, self->fd, at.own_offset);
		ASSERT_NE(MAP_FAILED, page);
		memset(pipes, 0xff, sizeof(pipes));
		EXPECT_EQ(REFS, keep_page(page, pipes));
		close(fd);
		at = *args[i];
		fd = ring_attach_with(self->fd, MMAPSHARE_RING_ATTACH_CONSUMER, &at);
		EXPECT_LE(0, fd);
		EXPECT_EQ(0U, at.cursor);
		close(fd);
		close_pipes(pipes);
		munmap(page, at.own_size);
	}
}

TEST_HARNESS_MAIN
