/* SPDX-License-Identifier: GPL-2.0 */
/* A thread that sleeps in RING_WAIT. */
#ifndef SLEEPER_TEST_H
#define SLEEPER_TEST_H

#include "ring_protocol.h"

/* A thread that waits on @ep. @done is set after @error. */
struct sleeper {
	struct endpoint *ep;
	int64_t timeout;
	uint32_t flags;
	int error;
	pid_t tid;
	bool done;
	pthread_t thread;
};

static inline void *wait_thread(void *arg)
{
	struct sleeper *s = arg;

	__atomic_store_n(&s->tid, gettid(), __ATOMIC_RELEASE);
	s->error = endpoint_wait_as(s->ep, s->flags, s->timeout);
	__atomic_store_n(&s->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static inline bool start_sleeper(struct sleeper *s)
{
	if (pthread_create(&s->thread, NULL, wait_thread, s))
		return false;
	while (!__atomic_load_n(&s->tid, __ATOMIC_ACQUIRE))
		;
	return falls_asleep(s->tid);
}

static inline bool is_done(struct sleeper *s)
{
	return __atomic_load_n(&s->done, __ATOMIC_ACQUIRE);
}

#endif /* SLEEPER_TEST_H */
