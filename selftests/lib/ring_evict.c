// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: an evicted consumer can continue, and knows exactly how many
 * records it has lost; a consumer that is not evicted loses none.
 */
#include "lib_ring_test.h"

#define LENGTH		56
#define EVICT_NS	20000000

static int make_evicting(FIXTURE_DATA(ring) *self)
{
	const struct mmapshare_create_args args = {
		.size = sizeof(args),
		.region_size = self->size,
		.mode = 0600,
		.consumers = CONSUMERS,
		.evict_ns = EVICT_NS,
	};

	mmapshare_destroy(self->name, 0);
	mmapshare_close(self->region);
	self->region = NULL;
	return mmapshare_ring_create_with(&self->region, self->name, &args) ?: attach_both(self);
}

TEST_F(ring, evicted_while_it_uses_a_record)
{
	long n;

	ASSERT_EQ(0, make_evicting(self));
	EXPECT_EQ(1, mmapshare_ring_may_lose(self->c));
	EXPECT_EQ(-EBADF, mmapshare_ring_may_lose(self->p));
	n = put_all(self->p, 0, LENGTH);
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 0, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 60 * SECOND));
	EXPECT_EQ(0, put_record(self->p, n, LENGTH));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(1, take_all(self->c, n, LENGTH));
	EXPECT_EQ(n, (long)mmapshare_ring_lost(self->c));
}

static void *take_each(void *arg)
{
	FIXTURE_DATA(ring) *self = arg;
	const void *record;
	size_t length;
	long n = 0;
	int ret;

	for (;;) {
		while (!(ret = mmapshare_ring_next(self->c, &record, &length)))
			if (!is_record(record, length, n, length_of(n, 600)) ||
			    mmapshare_ring_check(self->c) || ++n < 0)
				return (void *)-1L;
		if (ret == -EAGAIN)
			ret = mmapshare_ring_release(self->c);
		if (!ret)
			ret = mmapshare_ring_wait(self->c, 0, 60 * SECOND);
		if (ret == -EPIPE)
			return (void *)n;
		if (ret)
			return (void *)(long)ret;
	}
}

/*
 * The producer no longer waits for a consumer that hangs, but still waits for
 * one that reads. On a slow machine the latter may be evicted, too: then its
 * thread ends before it has taken all records.
 */
TEST_F(ring, hanging_consumer)
{
	struct mmapshare_endpoint *hanging;
	struct mmapshare_ring_producer p;
	struct mmapshare_ring ring;
	pthread_t thread;
	void *taken;
	long n = 0;
	int ret;

	ASSERT_EQ(0, make_evicting(self));
	ASSERT_EQ(0, attach(self, &hanging, CONSUMER));
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_each, self));
	while (n < 20000) {
		ret = put_record(self->p, n, length_of(n, 600));
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(self->p, 0, 60 * SECOND);
		else
			n++;
		ASSERT_EQ(0, ret);
	}
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &p, NULL, 0));
	EXPECT_EQ(2ULL, ring.evicted & 2);
	mmapshare_ring_close(self->p);
	self->p = NULL;
	ASSERT_EQ(0, pthread_join(thread, &taken));
	if (!(ring.evicted & 1))
		EXPECT_EQ(n, (long)taken);
	mmapshare_ring_close(hanging);
}

TEST_HARNESS_MAIN
