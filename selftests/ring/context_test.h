/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the tests in which a module publishes to a ring from some
 * contexts: sleeping consumers take each record that was published, in order.
 */
#ifndef CONTEXT_TEST_H
#define CONTEXT_TEST_H

#include "context_consumer.h"

FIXTURE(context) {
	int fd;
	struct context_consumer consumers[2];
	struct context_counts counts[CONTEXTS];
};

FIXTURE_VARIANT(context) {
	const char *params;
	int64_t timeout;	/* of the second consumer, 0 if there is none */
};

FIXTURE_VARIANT_ADD(context, multi) { .params = "" };
FIXTURE_VARIANT_ADD(context, multi_timeouts) { .params = "", .timeout = MS };
FIXTURE_VARIANT_ADD(context, multi_full) { .params = "size=4096", .timeout = MS };
FIXTURE_VARIANT_ADD(context, multi_overwrite) { .params = "overwrite=1 size=4096" };
FIXTURE_VARIANT_ADD(context, single) { .params = "multi=0", .timeout = MS };
FIXTURE_VARIANT_ADD(context, single_overwrite) { .params = "multi=0 overwrite=1 size=4096" };

static void *consume(void *arg)
{
	struct context_consumer *c = arg;

	while (!c->error) {
		int error;

		while (take_record(c))
			;
		if (c->error)
			break;
		error = endpoint_wait(&c->ep, c->timeout);
		if (error != ETIMEDOUT)
			c->error = error;
	}
	return NULL;
}

static bool start_consumer(struct context_consumer *c, int fd, int64_t timeout)
{
	c->timeout = timeout;
	c->started = !endpoint_attach(&c->ep, fd, MMAPSHARE_RING_ATTACH_CONSUMER) &&
		     !pthread_create(&c->thread, NULL, consume, c);
	return c->started;
}

FIXTURE_SETUP(context)
{
	CONTEXTS_LOAD(variant->params);
	self->fd = open(CONTEXTS_NODE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_TRUE(start_consumer(&self->consumers[0], self->fd, NO_TIMEOUT));
	if (variant->timeout)
		ASSERT_TRUE(start_consumer(&self->consumers[1], self->fd, variant->timeout));
}

/* The module is gone after the test; the consumers get EPIPE, and nothing else. */
FIXTURE_TEARDOWN(context)
{
	struct context_consumer *c;

	EXPECT_EQ(0, contexts_unload());
	for (c = self->consumers; c < self->consumers + 2; c++) {
		if (!c->started)
			continue;
		pthread_join(c->thread, NULL);
		EXPECT_EQ(EPIPE, c->error);
		endpoint_detach(&c->ep);
	}
	close(self->fd);
}

/*
 * In a lossless ring, a consumer has lost those that were refused before the last
 * one was written; in an overwriting ring others, too.
 */
static bool gets_all(struct context_consumer *c, uint64_t written, uint64_t refused)
{
	const bool overwrite = c->ep.ring->flags & MMAPSHARE_RING_OVERWRITE;
	const int64_t end = now() + 20 * SECOND;
	uint64_t total, lost;

	for (;;) {
		total = __atomic_load_n(&c->total, __ATOMIC_ACQUIRE);
		lost = __atomic_load_n(&c->lost, __ATOMIC_RELAXED);
		if (total + (overwrite ? lost : 0) >= written || now() > end)
			break;
		sleep_ns(MS);
	}
	return overwrite ? total + lost - written <= refused :
			   total == written && lost <= refused;
}

/*
 * Each record that was published has reached each consumer, except those that
 * an overwriting ring has lost, which it has counted.
 */
#define EXPECT_PUBLISHED(self)						\
	do {								\
		uint64_t written_ = 0, refused_ = 0;			\
		int i_, n_;						\
									\
		ASSERT_TRUE(contexts_get((self)->counts));		\
		contexts_print((self)->counts);				\
		for (i_ = 0; i_ < CONTEXTS; i_++) {			\
			written_ += (self)->counts[i_].written;		\
			refused_ += context_refused(&(self)->counts[i_]); \
		}							\
		EXPECT_LT(0ULL, written_);				\
		for (n_ = 0; n_ < 2; n_++) {				\
			struct context_consumer *c_ = &(self)->consumers[n_]; \
									\
			if (!c_->started)				\
				continue;				\
			EXPECT_TRUE(gets_all(c_, written_, refused_))	\
				TH_LOG("consumer %d: %llu of %llu, %llu lost", n_, \
				       (unsigned long long)c_->total,	\
				       (unsigned long long)written_,	\
				       (unsigned long long)c_->lost);	\
			EXPECT_EQ(0, c_->error);			\
			if (c_->lost && c_->ep.ring->flags & MMAPSHARE_RING_OVERWRITE) \
				continue;				\
			for (i_ = 0; i_ < CONTEXTS; i_++)		\
				EXPECT_EQ((self)->counts[i_].written, c_->received[i_]); \
		}							\
		EXPECT_EQ(refused_, (self)->consumers[0].ep.p->dropped); \
	} while (0)

/* All contexts make all attempts, and each published record arrives. */
#define EXPECT_ALL_RECORDS(self)						\
	do {								\
		ASSERT_TRUE(contexts_end_but(0));			\
		EXPECT_PUBLISHED(self);					\
	} while (0)

#endif /* CONTEXT_TEST_H */
