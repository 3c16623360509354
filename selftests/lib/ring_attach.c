// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: when a consumer attaches to a lossless ring, the kernel walks the
 * records that other consumers have released. A signal ends the walk: -EINTR.
 */
#include "lib_ring_test.h"
#include <pthread.h>
#include <signal.h>

#define RECORDS	(1 << 20)
#define TRIES	1000

static void ignore(int signal)
{
}

struct signaller {
	pthread_t thread, target;
	bool stop;
};

/* Send signals to the target until the test ends. */
static void *interrupt(void *arg)
{
	struct signaller *s = arg;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		pthread_kill(s->target, SIGUSR1);
		usleep(100);
	}
	return NULL;
}

/* Attach a third endpoint until the call is interrupted. Returns its result. */
static int attach_until_interrupted(FIXTURE_DATA(ring) *self)
{
	struct mmapshare_endpoint *other;
	int i, ret = 0;

	for (i = 0; i < TRIES && !ret; i++) {
		ret = attach(self, &other, CONSUMER);
		if (!ret)
			mmapshare_ring_close(other);
	}
	return ret;
}

/* Put many records, and have the consumer release them all. */
static int put_and_release(FIXTURE_DATA(ring) *self)
{
	long i;
	int ret = make_ring(self, 16UL * RECORDS + self->dev.page, 0);

	if (!ret)
		ret = attach_both(self);
	for (i = 0; !ret && i < RECORDS; i++)
		ret = put_record(self->p, i, 8);
	return ret ? ret : take_all(self->c, 0, 8) == RECORDS ? 0 : -EPROTO;
}

/* Attach while signals arrive, until one ends a call. Returns the result. */
static int attach_with_signals(FIXTURE_DATA(ring) *self)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct signaller s = { .target = pthread_self() };
	int ret;

	if (sigaction(SIGUSR1, &action, NULL) ||
	    pthread_create(&s.thread, NULL, interrupt, &s))
		return -EPROTO;
	ret = attach_until_interrupted(self);
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(s.thread, NULL);
	return ret;
}

TEST_F(ring, interrupted)
{
	struct mmapshare_endpoint *other;

	ASSERT_EQ(0, put_and_release(self));
	EXPECT_EQ(-EINTR, attach_with_signals(self));
	/* the interrupted call has changed nothing */
	ASSERT_EQ(0, attach(self, &other, CONSUMER));
	ASSERT_EQ(0, put_record(self->p, RECORDS, 8));
	EXPECT_EQ(1, take_all(other, RECORDS, 8));
	EXPECT_EQ(1, take_all(self->c, RECORDS, 8));
	mmapshare_ring_close(other);
}

/*
 * If no other consumer is attached, released records are not retained either.
 */
TEST_F(ring, interrupted_alone)
{
	ASSERT_EQ(0, put_and_release(self));
	mmapshare_ring_close(self->c);
	self->c = NULL;
	EXPECT_EQ(-EINTR, attach_with_signals(self));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	ASSERT_EQ(0, put_record(self->p, RECORDS, 8));
	EXPECT_EQ(1, take_all(self->c, RECORDS, 8));
}

TEST_HARNESS_MAIN
