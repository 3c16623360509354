// SPDX-License-Identifier: MIT
/*
 * Through a ring of mmapshare. The consumer sees each record as soon as there is one
 * in "ring", and gives the room of sixteen back; in "ring-by-16" sixteen are
 * committed together, too, and in "ring-by-1" each is released by itself. But when
 * it has to sleep it does that until it is worth it; in "ring-eager" it does not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <mmapshare_inline.h>
#include "bench.h"

#define BATCH	16
#define SPINS	200
#define WORTH_IT	(CHANNEL_SIZE / 16)	/* to wake the consumer, */
#define MS	1000000				/* or after that */

struct channel {
	struct mmapshare_endpoint *producer, *consumer;
	/* of the one who signals: the other way */
	struct mmapshare_endpoint *back_producer, *back_consumer;
	unsigned int pending, taken;
	/* so many at once, and no more than a part of the ring */
	unsigned int batch;
};

static void make_ring(struct mmapshare_endpoint **producer, struct mmapshare_endpoint **consumer)
{
	struct mmapshare *region;

	check("mmapshare_ring_create", !mmapshare_ring_create(&region, NULL, CHANNEL_SIZE,
							      0, 1, 0));
	check("producer", !mmapshare_ring_attach(producer, region,
						 MMAPSHARE_RING_ATTACH_PRODUCER));
	check("consumer", !mmapshare_ring_attach(consumer, region,
						 MMAPSHARE_RING_ATTACH_CONSUMER));
	mmapshare_close(region);
}

static struct channel *make(size_t length)
{
	struct channel *c = calloc(1, sizeof(*c));

	check("memory", c);
	c->batch = CHANNEL_SIZE / 4 / length < BATCH ? CHANNEL_SIZE / 4 / length : BATCH;
	make_ring(&c->producer, &c->consumer);
	/*
	 * Who has to sleep does it until it is worth it. A consumer that goes on with
	 * the first record would have to take each from the other processor's cache
	 * while that is about to store the next.
	 */
	mmapshare_ring_set_wake_bytes(c->producer, CHANNEL_SIZE / 2);
	mmapshare_ring_set_wake_bytes(c->consumer, WORTH_IT);
	mmapshare_ring_set_spins(c->producer, SPINS);
	mmapshare_ring_set_spins(c->consumer, SPINS);
	return c;
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

static __attribute__((noinline)) void *wait_for_room(struct channel *c, size_t length)
{
	void *room;

	do {
		flush(c);
		check("wait for room", !mmapshare_ring_wait(c->producer, 0, -1));
	} while (mmapshare_ring_reserve(c->producer, length, &room));
	return room;
}

static inline void reserve_and_fill(struct channel *c, const void *record, size_t length)
{
	void *room;

	if (mmapshare_ring_reserve(c->producer, length, &room))
		room = wait_for_room(c, length);
	memcpy(room, record, length);
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
		ret = mmapshare_ring_wait(ep, 0, MS);
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
	/* the one before is done with */
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
	make_ring(&c->producer, &c->consumer);
	make_ring(&c->back_producer, &c->back_consumer);
	return c;
}

static void wake(struct channel *c, int side)
{
	struct mmapshare_endpoint *ep = side ? c->back_producer : c->producer;
	void *room;

	check("reserve", !mmapshare_ring_reserve(ep, 0, &room));
	check("commit", !mmapshare_ring_commit(ep));
}

static void sleep_until(struct channel *c, int side)
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
	.put = put,
	.flush = flush,
	.take = take_batch,
	.close = close_channel,
};

const struct transport ring_by_16_transport = {
	.name = "ring-by-16",
	.make = make,
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
	.sleep = sleep_until,
	.close = close_channel,
};
