/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests in which a module rings a doorbell from some
 * contexts: a thread waits for notifications in a loop.
 */
#ifndef CONTEXT_TEST_H
#define CONTEXT_TEST_H

#include "contexts_test.h"

FIXTURE(context) {
	int fd, waiter_fd;
	pthread_t waiter;
	uint64_t seen;		/* count that the last wait returned */
	int error;		/* of its last wait */
	struct context_counts counts[CONTEXTS];
};

static void *wait_for_bell(void *arg)
{
	FIXTURE_DATA(context) *self = arg;
	uint64_t count = 0;

	while (!self->error) {
		self->error = bell_wait(self->waiter_fd, &count, NO_TIMEOUT);
		__atomic_store_n(&self->seen, count, __ATOMIC_RELEASE);
	}
	return NULL;
}

FIXTURE_SETUP(context)
{
	CONTEXTS_LOAD("doorbell=1");
	self->fd = open(CONTEXTS_NODE, O_RDWR | O_CLOEXEC);
	self->waiter_fd = open(CONTEXTS_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_LE(0, self->waiter_fd);
	ASSERT_EQ(0, pthread_create(&self->waiter, NULL, wait_for_bell, self));
}

/* Without a peer, the waiter's last wait fails with EPIPE. */
FIXTURE_TEARDOWN(context)
{
	EXPECT_EQ(0, contexts_unload());
	close(self->fd);
	pthread_join(self->waiter, NULL);
	EXPECT_EQ(EPIPE, self->error);
	close(self->waiter_fd);
}

static bool sees(FIXTURE_DATA(context) *self, uint64_t count)
{
	const int64_t end = now() + 20 * SECOND;

	while (__atomic_load_n(&self->seen, __ATOMIC_ACQUIRE) != count && now() < end)
		sleep_ns(MS);
	return self->seen == count;
}

/* Every notification was counted, and the waiter has seen the last one. */
#define EXPECT_NOTIFIED(self)						\
	do {								\
		uint64_t notified_ = 0;					\
		int i_;							\
									\
		ASSERT_TRUE(contexts_get((self)->counts));		\
		contexts_print((self)->counts);				\
		for (i_ = 0; i_ < CONTEXTS; i_++)			\
			notified_ += (self)->counts[i_].written;	\
		EXPECT_LT(0ULL, notified_);				\
		EXPECT_TRUE(sees(self, notified_))			\
			TH_LOG("%llu instead of %llu", (unsigned long long)(self)->seen, \
			       (unsigned long long)notified_);		\
		EXPECT_EQ(0, (self)->error);				\
	} while (0)

#define EXPECT_ALL_NOTIFIED(self)					\
	do {								\
		ASSERT_TRUE(contexts_end_but(0));			\
		EXPECT_NOTIFIED(self);					\
	} while (0)

#endif /* CONTEXT_TEST_H */
