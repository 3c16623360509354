/* SPDX-License-Identifier: GPL-2.0 */
/* A consumer that checks the records of the module mmapshare_contexts. */
#ifndef CONTEXT_CONSUMER_H
#define CONTEXT_CONSUMER_H

#include "contexts_test.h"
#include "ring_test.h"

#define CPUS_MAX	1024

/* A thread that takes all records of the ring until its producer detaches. */
struct context_consumer {
	struct endpoint ep;
	int64_t timeout;		/* of each wait */
	pthread_t thread;
	bool started;
	int error;			/* why it has ended; -1: bad record */
	uint64_t total;			/* the test reads it concurrently */
	uint64_t received[CONTEXTS];
	uint64_t next[CONTEXTS][CPUS_MAX * CONTEXT_LEVELS];
	uint64_t lost;			/* copy of @ep.lost for the test */
};

static bool check_record(struct context_consumer *c, const struct contexts_record *record,
			 int length)
{
	const int n = length - (int)sizeof(*record);
	uint64_t *next;
	int i;

	if (n < 0 || record->context >= CONTEXTS ||
	    record->stream >= CPUS_MAX * CONTEXT_LEVELS)
		return false;
	next = &c->next[record->context][record->stream];
	if (record->seq < *next)
		return false;
	*next = record->seq + 1;
	for (i = 0; i < n; i++)
		if (record->bytes[i] != (uint8_t)(record->seq + i))
			return false;
	c->received[record->context]++;
	return true;
}

/* Returns true if there was a record, and it is correct. */
static inline bool take_record(struct context_consumer *c)
{
	uint64_t buf[CONTEXTS_LENGTH_MAX / 8];
	int length = ring_take(&c->ep, buf, sizeof(buf));

	if (length == -1)
		return false;
	if (length < 0 || !check_record(c, (void *)buf, length)) {
		c->error = -1;
		return false;
	}
	__atomic_store_n(&c->lost, c->ep.lost, __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->total, 1, __ATOMIC_RELEASE);
	return true;
}

#endif /* CONTEXT_CONSUMER_H */
