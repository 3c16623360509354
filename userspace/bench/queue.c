// SPDX-License-Identifier: MIT
/*
 * A plain queue between one producer and one consumer, in a memfd: what a
 * program would implement by hand.
 *
 *	queue		publishes and releases each record; both sides poll
 *	queue-by-16	publishes and releases sixteen at a time; both sides poll
 *	queue-futex	as queue, but a side that waits sleeps by a futex
 *	queue-eventfd	as queue, but a side that waits sleeps by an eventfd
 *
 * Each side keeps a copy of the position that it has last seen of its peer, and
 * loads the peer's own only if that copy says full, or empty.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "bench.h"

#define SPINS	200
#define BATCH	16

enum side {
	PRODUCER,
	CONSUMER,
};

/**
 * struct queue - a queue of records in shared memory
 * @head: bytes ever put; stored by the producer
 * @tail: bytes ever taken; stored by the consumer
 * @tail_seen: the producer's copy of @tail
 * @head_seen: the consumer's copy of @head
 * @producer_asleep: 1 while the producer sleeps or is about to
 * @consumer_asleep: the same for the consumer
 * @records: the bytes of the records
 *
 * Each word is in a cache line of its own.
 */
struct queue {
	_Alignas(64) uint64_t head;
	_Alignas(64) uint64_t tail;
	_Alignas(64) uint64_t tail_seen;
	_Alignas(64) uint64_t head_seen;
	_Alignas(64) uint32_t producer_asleep;
	_Alignas(64) uint32_t consumer_asleep;
	_Alignas(64) char records[CHANNEL_SIZE];
};

/**
 * struct channel - the queue, and what each side knows of it
 * @queue: in shared memory
 * @length: bytes of each record; not stored in the queue
 * @position: where this side puts or takes the next record
 * @batch: records to publish or release together in queue-by-16
 * @pending: records put or taken since the last full batch
 * @fd: eventfd that wakes each side, -1 without
 */
struct channel {
	struct queue *queue;
	size_t length;
	uint64_t position;
	unsigned int batch, pending;
	int fd[2];
};

static struct channel *make(size_t length)
{
	struct channel *c = calloc(1, sizeof(*c));

	check("memory", c);
	c->length = length;
	c->queue = shared_memory(sizeof(*c->queue));
	c->batch = CHANNEL_SIZE / 4 / length < BATCH ? CHANNEL_SIZE / 4 / length : BATCH;
	c->fd[PRODUCER] = -1;
	c->fd[CONSUMER] = -1;
	return c;
}

static struct channel *make_eventfd(size_t length)
{
	struct channel *c = make(length);

	c->fd[PRODUCER] = eventfd(0, EFD_CLOEXEC);
	c->fd[CONSUMER] = eventfd(0, EFD_CLOEXEC);
	check("eventfd", c->fd[PRODUCER] >= 0 && c->fd[CONSUMER] >= 0);
	return c;
}

static void close_queue(struct channel *c)
{
	munmap(c->queue, sizeof(*c->queue));
	if (c->fd[PRODUCER] >= 0) {
		close(c->fd[PRODUCER]);
		close(c->fd[CONSUMER]);
	}
	free(c);
}

/* Yields every SPINS calls, because the peer may need this processor. */
static void spin_or_yield(unsigned int *spins)
{
	if (++*spins % SPINS == 0)
		sched_yield();
}

/* Copies the record behind the last one. The caller has found space. */
static inline void fill(struct channel *c, const void *record, size_t length)
{
	memcpy(c->queue->records + c->position % CHANNEL_SIZE, record, length);
	c->position += length;
}

/* The caller knows that there is a record. */
static inline const void *next(struct channel *c, size_t *length)
{
	const char *record = c->queue->records + c->position % CHANNEL_SIZE;

	*length = c->length;
	c->position += c->length;
	return record;
}

/* Release: pairs with the acquire in is_empty(). */
static void publish(struct channel *c)
{
	__atomic_store_n(&c->queue->head, c->position, __ATOMIC_RELEASE);
}

/* Release: pairs with the acquire in is_full(). */
static void release(struct channel *c)
{
	__atomic_store_n(&c->queue->tail, c->position, __ATOMIC_RELEASE);
}

static inline bool is_full(struct channel *c)
{
	struct queue *q = c->queue;

	if (c->position - q->tail_seen != CHANNEL_SIZE)
		return false;
	/* pairs with the release in release(), and with release_and_wake() */
	q->tail_seen = __atomic_load_n(&q->tail, __ATOMIC_ACQUIRE);
	return c->position - q->tail_seen == CHANNEL_SIZE;
}

static inline bool is_empty(struct channel *c)
{
	struct queue *q = c->queue;

	if (c->position != q->head_seen)
		return false;
	/* pairs with the release in publish(), and with put_and_wake() */
	q->head_seen = __atomic_load_n(&q->head, __ATOMIC_ACQUIRE);
	return c->position == q->head_seen;
}

static void put(struct channel *c, const void *record, size_t length)
{
	unsigned int spins = 0;

	while (is_full(c))
		spin_or_yield(&spins);
	fill(c, record, length);
	publish(c);
}

static const void *take(struct channel *c, size_t *length)
{
	unsigned int spins = 0;

	/* release the previous record */
	release(c);
	while (is_empty(c))
		spin_or_yield(&spins);
	return next(c, length);
}

static void put_batch(struct channel *c, const void *record, size_t length)
{
	unsigned int spins = 0;

	while (is_full(c)) {
		publish(c);
		spin_or_yield(&spins);
	}
	fill(c, record, length);
	if (++c->pending == c->batch) {
		publish(c);
		c->pending = 0;
	}
}

static const void *take_batch(struct channel *c, size_t *length)
{
	unsigned int spins = 0;

	if (c->pending == c->batch) {
		release(c);
		c->pending = 0;
	}
	while (is_empty(c)) {
		release(c);
		spin_or_yield(&spins);
	}
	c->pending++;
	return next(c, length);
}

/*
 * Polls, then sleeps until the peer calls wake_side(). The fence is between the
 * store of @asleep and the load of the peer's position. It pairs with the
 * sequentially consistent store and load in put_and_wake() and
 * release_and_wake().
 */
static __attribute__((noinline)) void
wait_side(struct channel *c, enum side self, bool (*must_wait)(struct channel *c))
{
	struct queue *q = c->queue;
	uint32_t *asleep = self == PRODUCER ? &q->producer_asleep : &q->consumer_asleep;
	unsigned int spins;
	eventfd_t count;

	for (spins = 0; spins < SPINS; spins++)
		if (!must_wait(c))
			return;
	__atomic_store_n(asleep, 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	/* if the peer has seen @asleep, it also writes to the eventfd */
	if (!must_wait(c) && __atomic_exchange_n(asleep, 0, __ATOMIC_ACQUIRE))
		return;
	if (c->fd[self] >= 0)
		check("eventfd", !eventfd_read(c->fd[self], &count));
	else
		while (__atomic_load_n(asleep, __ATOMIC_ACQUIRE))
			syscall(SYS_futex, asleep, FUTEX_WAIT, 1, NULL, NULL, 0);
}

static __attribute__((noinline)) void wake_side(struct channel *c, enum side peer)
{
	struct queue *q = c->queue;
	uint32_t *asleep = peer == PRODUCER ? &q->producer_asleep : &q->consumer_asleep;

	if (!__atomic_exchange_n(asleep, 0, __ATOMIC_RELEASE))
		return;
	if (c->fd[peer] >= 0)
		check("eventfd", !eventfd_write(c->fd[peer], 1));
	else
		syscall(SYS_futex, asleep, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void put_and_wake(struct channel *c, const void *record, size_t length)
{
	struct queue *q = c->queue;

	while (is_full(c))
		wait_side(c, PRODUCER, is_full);
	fill(c, record, length);
	__atomic_store_n(&q->head, c->position, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->consumer_asleep, __ATOMIC_SEQ_CST))
		wake_side(c, CONSUMER);
}

/* Wakes the producer when half of the queue is free, as a ring does. */
static void release_and_wake(struct channel *c)
{
	struct queue *q = c->queue;

	__atomic_store_n(&q->tail, c->position, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&q->producer_asleep, __ATOMIC_SEQ_CST) &&
	    __atomic_load_n(&q->head, __ATOMIC_RELAXED) - c->position <= CHANNEL_SIZE / 2)
		wake_side(c, PRODUCER);
}

static const void *take_and_wake(struct channel *c, size_t *length)
{
	release_and_wake(c);
	while (is_empty(c))
		wait_side(c, CONSUMER, is_empty);
	return next(c, length);
}

static void flush_nothing(struct channel *c)
{
	(void)c;
}

const struct transport queue_transport = {
	.name = "queue",
	.make = make,
	.put = put,
	.flush = flush_nothing,
	.take = take,
	.close = close_queue,
};

const struct transport queue_by_16_transport = {
	.name = "queue-by-16",
	.make = make,
	.put = put_batch,
	.flush = publish,
	.take = take_batch,
	.close = close_queue,
};

const struct transport queue_futex_transport = {
	.name = "queue-futex",
	.make = make,
	.put = put_and_wake,
	.flush = flush_nothing,
	.take = take_and_wake,
	.close = close_queue,
};

const struct transport queue_eventfd_transport = {
	.name = "queue-eventfd",
	.make = make_eventfd,
	.put = put_and_wake,
	.flush = flush_nothing,
	.take = take_and_wake,
	.close = close_queue,
};
