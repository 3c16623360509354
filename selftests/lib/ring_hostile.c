// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a peer stores invalid values into its pages of the ring. The
 * library detects them, reads nothing outside the ring, and every call returns.
 */
#include "lib_ring_test.h"
#include "ring_protocol.h"

#define LENGTH	40

TEST_F(ring, invalid_pos)
{
	struct endpoint raw;
	uint64_t bad[] = {
		1, 12, self->size + 8, 2 * self->size, 1ULL << 32, 1ULL << 63, -8ULL, -1ULL,
	};
	size_t i;

	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		raw.p->pos = 0;
		ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
		raw.p->pos = bad[i];
		EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record,
							&self->length));
		EXPECT_GE(0, mmapshare_ring_wait(self->c, 0, 0));
		/* a valid position again: the consumer continues */
		raw.p->pos = 0;
		EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record,
						       &self->length));
		mmapshare_ring_close(self->c);
		self->c = NULL;
	}
	endpoint_detach(&raw);
}

TEST_F(ring, invalid_length)
{
	struct endpoint raw;
	uint32_t bad[] = { 33, 40, self->size / 2 - 7, self->size, MMAPSHARE_RECORD_LENGTH };
	size_t i;

	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	raw.p->pos = 40;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		endpoint_record(&raw, 0)->length = bad[i];
		EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record,
							&self->length));
		endpoint_record(&raw, 0)->length = bad[i] | MMAPSHARE_RECORD_DISCARD;
		EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record,
							&self->length));
	}
	endpoint_record(&raw, 0)->length = 32;
	endpoint_record(&raw, 0)->seq = 7;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	endpoint_record(&raw, 0)->seq = 0;
	EXPECT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(32, (int)self->length);
	endpoint_detach(&raw);
}

/* Only kernel producers publish BUSY records; elsewhere they are corrupt. */
static void check_busy(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		       unsigned int flags, uint64_t oldest_pos)
{
	struct endpoint raw;

	ASSERT_EQ(0, make_ring(self, self->dev.page, flags));
	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	endpoint_record(&raw, 0)->length = 32 | MMAPSHARE_RECORD_BUSY;
	raw.p->oldest_pos = oldest_pos;
	raw.p->pos = 40;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	endpoint_record(&raw, 0)->length = 32;
	EXPECT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	endpoint_detach(&raw);
	mmapshare_ring_close(self->c);
	self->c = NULL;
}

TEST_F(ring, busy)
{
	check_busy(_metadata, self, 0, 0);
	/* a consumer of a lossless ring ignores the oldest position */
	check_busy(_metadata, self, 0, 40);
	check_busy(_metadata, self, OVERWRITE, 0);
}

TEST_F(ring, invalid_oldest_pos)
{
	struct endpoint raw;
	uint64_t bad[] = { 1, 44, 48, 1ULL << 32, (1ULL << 63) - 8 };
	size_t i;

	ASSERT_EQ(0, make_ring(self, self->dev.page, OVERWRITE));
	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	raw.p->pos = 40;
	endpoint_record(&raw, 0)->length = 32;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		raw.p->oldest_pos = bad[i];
		EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record,
							&self->length));
	}
	/* the sequence number must not decrease */
	raw.p->oldest_pos = 40;
	endpoint_record(&raw, 40)->seq = -3U;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
	endpoint_record(&raw, 40)->seq = 1;
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
	endpoint_detach(&raw);
}

/*
 * A consumer's invalid position blocks the producer until RING_WAIT detaches
 * that consumer; no record is overwritten that the other one needs.
 */
TEST_F(ring, invalid_cursor)
{
	struct endpoint raw;
	uint64_t bad[] = { 1, 12, 1ULL << 20, 1ULL << 63, -1ULL };
	long n;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		ASSERT_EQ(0, make_ring(self, self->dev.page, 0));
		ASSERT_EQ(0, attach_both(self));
		ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), CONSUMER));
		n = put_all(self->p, 0, LENGTH);
		ASSERT_LT(0, n);
		raw.c->pos = bad[i];
		EXPECT_EQ(0, put_all(self->p, n, LENGTH));
		/* the next producer does not take the position over either */
		mmapshare_ring_close(self->p);
		ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
		EXPECT_EQ(0, put_all(self->p, n, LENGTH));
		EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
		/* the kernel detaches the corrupt consumer */
		EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 20 * SECOND));
		EXPECT_EQ(n, put_all(self->p, n, LENGTH));
		EXPECT_EQ(n, take_all(self->c, n, LENGTH));
		endpoint_detach(&raw);
		mmapshare_ring_close(self->p);
		mmapshare_ring_close(self->c);
		self->p = NULL;
		self->c = NULL;
	}
}

/* The last producer left an invalid length: the next one gets -EBADMSG. */
TEST_F(ring, invalid_length_of_last_producer)
{
	struct endpoint raw;
	int ret, i;

	ASSERT_EQ(0, make_ring(self, self->dev.page, OVERWRITE));
	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	endpoint_record(&raw, 0)->length = MMAPSHARE_RECORD_LENGTH;
	raw.p->pos = self->size;
	endpoint_detach(&raw);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	for (i = 0; i < 100; i++) {
		ret = put_record(self->p, i, LENGTH);
		EXPECT_EQ(-EBADMSG, ret);
	}
}

struct writer {
	struct endpoint raw;
	bool stop;
};

static void *store_random_values(void *arg)
{
	struct writer *s = arg;
	const uint64_t size = s->raw.ring->data_size;
	volatile struct mmapshare_ring_producer *p = s->raw.p;
	unsigned int seed = 1, i;

	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
		for (i = 0; i < 50; i++)
			*(volatile uint32_t *)(s->raw.data + rand_r(&seed) % size / 4 * 4) =
				rand_r(&seed) % 200 | (rand_r(&seed) % 8 ? 0 : 1U << 30);
		p->pos += rand_r(&seed) % 300 * 8;
		p->oldest_pos = p->pos - rand_r(&seed) % (2 * size);
		p->seq = rand_r(&seed);
	}
	return NULL;
}

/*
 * For a second, with a producer that stores random values: each record that the
 * consumer gets is inside the ring. An access outside of it would be SIGSEGV.
 */
static void consume_random_values(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self)
{
	struct writer s = { };
	const int64_t end = now() + SECOND;
	unsigned long taken = 0, corrupt = 0, sum = 0;
	const char *low, *high;
	pthread_t thread;
	int ret;

	ASSERT_EQ(0, endpoint_attach(&s.raw, mmapshare_fd(self->region), PRODUCER));
	ASSERT_EQ(0, pthread_create(&thread, NULL, store_random_values, &s));
	ret = attach(self, &self->c, CONSUMER);
	while (now() < end || !corrupt) {
		if (ret) {
			mmapshare_ring_close(self->c);
			self->c = NULL;
			corrupt++;
			ret = attach(self, &self->c, CONSUMER);
			ASSERT_TRUE(!ret || ret == -EBADMSG);
			continue;
		}
		ret = mmapshare_ring_next(self->c, &self->record, &self->length);
		if (ret == -EAGAIN)
			ret = 0;
		if (ret || !self->length)
			continue;
		ASSERT_GE(mmapshare_ring_record_max(self->c), self->length);
		low = self->record;
		high = low + self->length - 1;
		sum += *low + *high;
		taken++;
		mmapshare_ring_release(self->c);
	}
	__atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	TH_LOG("%lu records taken, %lu times corrupt (%lu)", taken, corrupt, sum % 2);
	EXPECT_LT(0UL, corrupt);
	endpoint_detach(&s.raw);
}

TEST_F(ring, random_values)
{
	consume_random_values(_metadata, self);
}

TEST_F(ring, random_values_overwrite)
{
	ASSERT_EQ(0, make_ring(self, self->dev.page, OVERWRITE));
	consume_random_values(_metadata, self);
}

TEST_HARNESS_MAIN
