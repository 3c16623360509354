// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: attaching a consumer to a lossless ring, which follows the
 * records that others have released, ends when a signal arrives.
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

/* Interrupt the target again and again. */
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

TEST_F(ring, interrupted_attach)
{
	struct sigaction action = { .sa_handler = ignore, .sa_flags = SA_RESTART };
	struct signaller s = { .target = pthread_self() };
	struct mmapshare_endpoint *other;
	long i;
	int ret;

	ASSERT_EQ(0, make_ring(self, 16UL * RECORDS + self->dev.page, 0));
	ASSERT_EQ(0, attach_both(self));
	for (i = 0; i < RECORDS; i++)
		ASSERT_EQ(0, put_record(self->p, i, 8));
	ASSERT_EQ(RECORDS, take_all(self->c, 0, 8));
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	ASSERT_EQ(0, pthread_create(&s.thread, NULL, interrupt, &s));
	ret = attach_until_interrupted(self);
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(s.thread, NULL));
	EXPECT_EQ(-EINTR, ret);
	/* the call left nothing behind */
	ASSERT_EQ(0, attach(self, &other, CONSUMER));
	ASSERT_EQ(0, put_record(self->p, RECORDS, 8));
	EXPECT_EQ(1, take_all(other, RECORDS, 8));
	EXPECT_EQ(1, take_all(self->c, RECORDS, 8));
	mmapshare_ring_close(other);
}

TEST_HARNESS_MAIN
