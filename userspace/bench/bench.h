/* SPDX-License-Identifier: MIT */
/*
 * Ways from one process to another, to be measured side by side. A channel is
 * made before fork(); the parent puts, the child takes.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LENGTH_MAX	4096
#define CHANNEL_SIZE	(1UL << 20)	/* of those that have a size */

struct channel;

/*
 * struct transport - a way for records
 * @make: for records of @length bytes each, a power of two
 * @put: waits for room
 * @flush: what was put is there for the other one
 * @take: waits for one; the record is there until the next call
 */
struct transport {
	const char *name;
	struct channel *(*make)(size_t length);
	void (*put)(struct channel *channel, const void *record, size_t length);
	void (*flush)(struct channel *channel);
	const void *(*take)(struct channel *channel, size_t *length);
	void (*close)(struct channel *channel);
};

/*
 * struct signaller - a way to wake the other one and to be woken
 * @wake, @sleep: @side is 0 for the parent and 1 for the child
 */
struct signaller {
	const char *name;
	struct channel *(*make)(void);
	void (*wake)(struct channel *channel, int side);
	void (*sleep)(struct channel *channel, int side);
	void (*close)(struct channel *channel);
};

extern const struct transport ring_transport, ring_batch_transport, queue_transport;
extern const struct transport pipe_transport, seqpacket_transport;
extern const struct signaller ring_signaller, futex_signaller, eventfd_signaller;

/* What every process ends with if something is not as it should be. */
void check(const char *what, bool good);
/* Memory for both processes. */
void *shared_memory(size_t size);

#endif /* BENCH_H */
