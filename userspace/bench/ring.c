// SPDX-License-Identifier: MIT
/*
 * Records and wake-ups through an mmapshare ring.
 *
 *	ring		commits each record, releases sixteen at a time
 *	ring-by-16	commits and releases sixteen records at a time
 *	ring-by-1	commits and releases each record
 *	ring-eager	as ring, but the consumer is woken for each record
 *
 * Except in ring-eager, a consumer that has to sleep is woken when WAKE_BYTES
 * are available or WAIT_TIMEOUT has passed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <mmapshare_inline.h>
#include "bench.h"

#define BATCH	16
#define SPINS	200
#define WAKE_BYTES	(CHANNEL_SIZE / 16)
#define WAIT_TIMEOUT	1000000	/* nanoseconds */

/**
 * struct channel - one ring for records, or two for wake-ups
 * @producer: endpoint of the parent; NULL if another channel has it
 * @consumer: endpoint of the child
 * @back_producer: endpoint of the child in the second ring, or NULL
 * @back_consumer: endpoint of the parent in the second ring, or NULL
 * @pending: records reserved since the last commit
 * @taken: records taken since the last release
 * @batch: records to commit or release together
 */
struct channel {
	struct mmapshare_endpoint *producer, *consumer;
	struct mmapshare_endpoint *back_producer, *back_consumer;
	unsigned int pending, taken;
	unsigned int batch;
};

/* Creates a ring with @n consumers. */
static void make_ring(struct mmapshare_endpoint **producer, struct mmapshare_endpoint **consumers,
		      int n)
{
	struct mmapshare *region;

	check("mmapshare_ring_create", !mmapshare_ring_create(&region, NULL, CHANNEL_SIZE,
							      0, n, 0));
	check("attach producer", !mmapshare_ring_attach(producer, region,
							MMAPSHARE_RING_ATTACH_PRODUCER));
	while (n--)
		check("attach consumer", !mmapshare_ring_attach(&consumers[n], region,
								MMAPSHARE_RING_ATTACH_CONSUMER));
	mmapshare_close(region);
}

/*
 * A channel of an attached ring. Wake an endpoint only for a larger number of
 * records. A consumer woken for the first record would fetch each record from
 * the other processor's cache while the producer stores the next one.
 */
static struct channel *new_channel(size_t length, struct mmapshare_endpoint *producer,
				   struct mmapshare_endpoint *consumer)
{
	struct channel *c = calloc(1, sizeof(*c));

	check("memory", c);
	/* a batch takes at most a quarter of the ring */
	c->batch = CHANNEL_SIZE / 4 / length < BATCH ? CHANNEL_SIZE / 4 / length : BATCH;
	c->producer = producer;
	c->consumer = consumer;
	mmapshare_ring_set_wake_bytes(consumer, WAKE_BYTES);
	mmapshare_ring_set_spins(consumer, SPINS);
	if (producer) {
		mmapshare_ring_set_wake_bytes(producer, CHANNEL_SIZE / 2);
		mmapshare_ring_set_spins(producer, SPINS);
	}
	return c;
}

static struct channel *make(size_t length)
{
	struct mmapshare_endpoint *producer, *consumer;

	make_ring(&producer, &consumer, 1);
	return new_channel(length, producer, consumer);
}

/* The first channel has the producer. */
static void make_readers(size_t length, struct channel **channels, int n)
{
	struct mmapshare_endpoint *producer, *consumers[READERS_MAX];
	int i;

	make_ring(&producer, consumers, n);
	for (i = 0; i < n; i++)
		channels[i] = new_channel(length, i ? NULL : producer, consumers[i]);
}

static struct channel *make_eager(size_t length)
{
	struct channel *c = make(length);

	mmapshare_ring_set_wake_bytes(c->consumer, 0);
	return c;
}

static void flush(struct channel *c)
{
	check("commit", !mmapshare_ring_commit(c->producer));
	c->pending = 0;
}

static __attribute__((noinline)) void *wait_and_reserve(struct channel *c, size_t length)
{
	void *slot;

	do {
		flush(c);
		check("wait for free space", !mmapshare_ring_wait(c->producer, 0, -1));
	} while (mmapshare_ring_reserve(c->producer, length, &slot));
	return slot;
}

static inline void reserve_and_fill(struct channel *c, const void *record, size_t length)
{
	void *slot;

	if (mmapshare_ring_reserve(c->producer, length, &slot))
		slot = wait_and_reserve(c, length);
	memcpy(slot, record, length);
}

static void put(struct channel *c, const void *record, size_t length)
{
	reserve_and_fill(c, record, length);
	check("commit", !mmapshare_ring_commit(c->producer));
}

static void put_batch(struct channel *c, const void *record, size_t length)
{
	reserve_and_fill(c, record, length);
	if (++c->pending == c->batch)
		flush(c);
}

static __attribute__((noinline)) const void *wait_for_record(struct mmapshare_endpoint *ep,
							     size_t *length)
{
	const void *record;
	int ret;

	do {
		check("release", !mmapshare_ring_release(ep));
		ret = mmapshare_ring_wait(ep, 0, WAIT_TIMEOUT);
		check("wait", !ret || ret == -ETIMEDOUT);
		ret = mmapshare_ring_next(ep, &record, length);
	} while (ret == -EAGAIN);
	check("next", !ret);
	return record;
}

static inline const void *take_from(struct mmapshare_endpoint *ep, size_t *length)
{
	const void *record;

	if (mmapshare_ring_next(ep, &record, length))
		record = wait_for_record(ep, length);
	return record;
}

static const void *take(struct channel *c, size_t *length)
{
	/* release the previous record */
	check("release", !mmapshare_ring_release(c->consumer));
	return take_from(c->consumer, length);
}

static const void *take_batch(struct channel *c, size_t *length)
{
	if (++c->taken == c->batch) {
		check("release", !mmapshare_ring_release(c->consumer));
		c->taken = 0;
	}
	return take_from(c->consumer, length);
}

static void close_channel(struct channel *c)
{
	mmapshare_ring_close(c->producer);
	mmapshare_ring_close(c->consumer);
	mmapshare_ring_close(c->back_producer);
	mmapshare_ring_close(c->back_consumer);
	free(c);
}

static struct channel *make_both_ways(void)
{
	struct channel *c = calloc(1, sizeof(*c));

	check("memory", c);
	make_ring(&c->producer, &c->consumer, 1);
	make_ring(&c->back_producer, &c->back_consumer, 1);
	return c;
}

static void wake(struct channel *c, int side)
{
	struct mmapshare_endpoint *ep = side ? c->back_producer : c->producer;
	void *slot;

	check("reserve", !mmapshare_ring_reserve(ep, 0, &slot));
	check("commit", !mmapshare_ring_commit(ep));
}

static void wait_for_wake(struct channel *c, int side)
{
	struct mmapshare_endpoint *ep = side ? c->consumer : c->back_consumer;
	const void *record;
	size_t length;
	int ret;

	while ((ret = mmapshare_ring_next(ep, &record, &length)) == -EAGAIN)
		check("wait", !mmapshare_ring_wait(ep, 0, -1));
	check("next", !ret);
	check("release", !mmapshare_ring_release(ep));
}

const struct transport ring_transport = {
	.name = "ring",
	.make = make,
	.make_readers = make_readers,
	.put = put,
	.flush = flush,
	.take = take_batch,
	.close = close_channel,
};

const struct transport ring_by_16_transport = {
	.name = "ring-by-16",
	.make = make,
	.make_readers = make_readers,
	.put = put_batch,
	.flush = flush,
	.take = take_batch,
	.close = close_channel,
};

const struct transport ring_by_1_transport = {
	.name = "ring-by-1",
	.make = make,
	.put = put,
	.flush = flush,
	.take = take,
	.close = close_channel,
};

const struct transport ring_eager_transport = {
	.name = "ring-eager",
	.make = make_eager,
	.put = put,
	.flush = flush,
	.take = take_batch,
	.close = close_channel,
};

const struct signaller ring_signaller = {
	.name = "ring",
	.make = make_both_ways,
	.wake = wake,
	.sleep = wait_for_wake,
	.close = close_channel,
};
