// SPDX-License-Identifier: MIT
/* Alternatives to a ring: pipes and sockets; futexes and eventfds. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

struct channel {
	size_t length;
	int fd[2];
	int32_t *turn;
	char buffer[LENGTH_MAX];
};

static struct channel *new_channel(void)
{
	struct channel *c = calloc(1, sizeof(*c));

	check("memory", c);
	return c;
}

static void flush_nothing(struct channel *c)
{
	(void)c;
}

static struct channel *pipe_make(size_t length)
{
	struct channel *c = new_channel();

	c->length = length;
	check("pipe", !pipe(c->fd));
	return c;
}

static struct channel *seqpacket_make(size_t length)
{
	struct channel *c = new_channel();

	c->length = length;
	check("socketpair", !socketpair(AF_UNIX, SOCK_SEQPACKET, 0, c->fd));
	return c;
}

static void fd_put(struct channel *c, const void *record, size_t length)
{
	check("write", write(c->fd[1], record, length) == (ssize_t)length);
}

/* A read from a pipe may return part of a long record. */
static const void *fd_take(struct channel *c, size_t *length)
{
	size_t got = 0;
	ssize_t n;

	while (got < c->length) {
		n = read(c->fd[0], c->buffer + got, c->length - got);
		check("read", n > 0);
		got += n;
	}
	*length = got;
	return c->buffer;
}

static void fd_close(struct channel *c)
{
	close(c->fd[0]);
	close(c->fd[1]);
	free(c);
}

static struct channel *futex_make(void)
{
	struct channel *c = new_channel();

	c->turn = shared_memory(sizeof(*c->turn));
	return c;
}

static void futex_wake(struct channel *c, int side)
{
	__atomic_store_n(c->turn, !side, __ATOMIC_RELEASE);
	syscall(SYS_futex, c->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void futex_sleep(struct channel *c, int side)
{
	while (__atomic_load_n(c->turn, __ATOMIC_ACQUIRE) != side)
		syscall(SYS_futex, c->turn, FUTEX_WAIT, !side, NULL, NULL, 0);
}

static void futex_close(struct channel *c)
{
	munmap(c->turn, sizeof(*c->turn));
	free(c);
}

static struct channel *eventfd_make(void)
{
	struct channel *c = new_channel();

	c->fd[0] = eventfd(0, 0);
	c->fd[1] = eventfd(0, 0);
	check("eventfd", c->fd[0] >= 0 && c->fd[1] >= 0);
	return c;
}

static void eventfd_wake(struct channel *c, int side)
{
	check("eventfd", !eventfd_write(c->fd[!side], 1));
}

static void eventfd_sleep(struct channel *c, int side)
{
	eventfd_t count;

	check("eventfd", !eventfd_read(c->fd[side], &count));
}

const struct transport pipe_transport = {
	.name = "pipe",
	.make = pipe_make,
	.put = fd_put,
	.flush = flush_nothing,
	.take = fd_take,
	.close = fd_close,
};

const struct transport seqpacket_transport = {
	.name = "seqpacket",
	.make = seqpacket_make,
	.put = fd_put,
	.flush = flush_nothing,
	.take = fd_take,
	.close = fd_close,
};

const struct signaller futex_signaller = {
	.name = "futex",
	.make = futex_make,
	.wake = futex_wake,
	.sleep = futex_sleep,
	.close = futex_close,
};

const struct signaller eventfd_signaller = {
	.name = "eventfd",
	.make = eventfd_make,
	.wake = eventfd_wake,
	.sleep = eventfd_sleep,
	.close = fd_close,
};
