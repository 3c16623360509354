// SPDX-License-Identifier: MIT
/*
 * Alternatives to a ring: a plain single-producer, single-consumer queue in a
 * memfd, whose endpoints never sleep; pipes and sockets; futexes and eventfds.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

#define SPINS	200

/**
 * struct queue - a queue of records in shared memory
 * @head: bytes ever put; stored by the producer
 * @tail: bytes ever taken; stored by the consumer
 * @tail_seen: the producer's copy of @tail
 * @head_seen: the consumer's copy of @head
 * @records: the bytes of the records
 *
 * Each position is in a cache line of its own.
 */
struct queue {
	_Alignas(64) uint64_t head;
	_Alignas(64) uint64_t tail;
	_Alignas(64) uint64_t tail_seen;
	_Alignas(64) uint64_t head_seen;
	_Alignas(64) char records[CHANNEL_SIZE];
};

struct channel {
	struct queue *queue;
	size_t length;
	uint64_t position;
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

static struct channel *queue_make(size_t length)
{
	struct channel *c = new_channel();

	c->length = length;
	c->queue = shared_memory(sizeof(*c->queue));
	return c;
}

/* Yields every SPINS calls, because the peer may need this processor. */
static void spin_or_yield(unsigned int *spins)
{
	if (++*spins % SPINS == 0)
		sched_yield();
}

/* All records have the same length, which is not stored. */
static void queue_put(struct channel *c, const void *record, size_t length)
{
	struct queue *q = c->queue;
	unsigned int spins = 0;

	while (c->position - q->tail_seen == CHANNEL_SIZE) {
		/* pairs with the release in queue_take() */
		q->tail_seen = __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE);
		spin_or_yield(&spins);
	}
	memcpy(q->records + c->position % CHANNEL_SIZE, record, length);
	c->position += length;
	/* pairs with the acquire in queue_take() */
	__atomic_store_n(&q->head, c->position, __ATOMIC_RELEASE);
}

static const void *queue_take(struct channel *c, size_t *length)
{
	struct queue *q = c->queue;
	unsigned int spins = 0;
	const char *record;

	/* release the previous record; pairs with the acquire in queue_put() */
	__atomic_store_n(&q->tail, c->position, __ATOMIC_RELEASE);
	while (c->position == q->head_seen) {
		/* pairs with the release in queue_put() */
		q->head_seen = __atomic_load_n(&q->head, __ATOMIC_ACQUIRE);
		spin_or_yield(&spins);
	}
	record = q->records + c->position % CHANNEL_SIZE;
	*length = c->length;
	c->position += c->length;
	return record;
}

static void queue_close(struct channel *c)
{
	munmap(c->queue, sizeof(*c->queue));
	free(c);
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

const struct transport queue_transport = {
	.name = "queue",
	.make = queue_make,
	.put = queue_put,
	.flush = flush_nothing,
	.take = queue_take,
	.close = queue_close,
};

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
