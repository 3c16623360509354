// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a consumer of a lossless ring that may lose records never takes a
 * torn record, knows how many records it has lost, and frees no space.
 */
#include "lib_ring_test.h"

#define MAY_LOSE	(CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE)
#define LENGTH		56
#define STEP		64

TEST_F(ring, takes_nothing)
{
	struct mmapshare_endpoint *reader;
	long n;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	n = put_all(self->p, 0, LENGTH);
	EXPECT_EQ((long)(self->size - 8) / STEP, n);
	ASSERT_EQ(0, attach(self, &reader, MAY_LOSE));
	EXPECT_EQ(n, take_all(reader, 0, LENGTH));
	EXPECT_EQ(-EAGAIN, put_record(self->p, n, LENGTH));
	mmapshare_ring_close(reader);
	EXPECT_EQ(-EAGAIN, put_record(self->p, n, LENGTH));
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
}

/*
 * The record that such a consumer uses is overwritten once all other consumers
 * have released it.
 */
TEST_F(ring, overwritten_while_used)
{
	struct mmapshare_endpoint *reader;
	long n;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, attach(self, &reader, MAY_LOSE));
	n = put_all(self->p, 0, LENGTH);
	ASSERT_EQ(0, mmapshare_ring_next(reader, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 0, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(reader));
	EXPECT_EQ(n, take_all(self->c, 0, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(reader));
	EXPECT_EQ(n, put_all(self->p, n, LENGTH));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(reader));
	EXPECT_EQ(n, take_all(reader, n, LENGTH));
	EXPECT_EQ(n, (long)mmapshare_ring_lost(reader));
	mmapshare_ring_close(reader);
}

#define RACE_MAX	600

struct race {
	FIXTURE_DATA(ring) *ring;
	uint64_t records;
	int ret;
};

static int take_one(struct mmapshare_endpoint *c, uint64_t n)
{
	const void *record;
	size_t length;
	int ret;

	while ((ret = mmapshare_ring_next(c, &record, &length)) == -EAGAIN) {
		ret = mmapshare_ring_wait(c, 0, 20 * SECOND);
		if (ret)
			return ret;
	}
	if (ret)
		return ret;
	if (!is_record(record, length, n, length_of(n, RACE_MAX)))
		return -EILSEQ;
	return mmapshare_ring_release(c);
}

static void *take_each(void *arg)
{
	struct race *race = arg;
	uint64_t n;

	for (n = 0; n < race->records && !race->ret; n++)
		race->ret = take_one(race->ring->c, n);
	return NULL;
}

static int put_one(struct mmapshare_endpoint *p, uint64_t n)
{
	int ret;

	while ((ret = put_record(p, n, length_of(n, RACE_MAX))) == -EAGAIN) {
		ret = mmapshare_ring_wait(p, 0, 20 * SECOND);
		if (ret)
			return ret;
	}
	return ret;
}

static void *put_each(void *arg)
{
	struct race *race = arg;
	uint64_t n;

	for (n = 0; n < race->records && !race->ret; n++)
		race->ret = put_one(race->ring->p, n);
	return NULL;
}

/*
 * While another consumer takes each record, each record that @reader reads is
 * intact, and those that it does not read are counted as lost.
 */
TEST_F(ring, race)
{
	struct race put = { .records = get_env_number("MMAPSHARE_RECORDS", 300000) };
	struct race take = put;
	struct mmapshare_endpoint *reader;
	uint64_t taken = 0, torn = 0, n;
	pthread_t threads[2];
	char copy[RACE_MAX];

	put.ring = self;
	take.ring = self;
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, attach(self, &reader, MAY_LOSE));
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, take_each, &take));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, put_each, &put));
	while (taken + mmapshare_ring_lost(reader) < put.records) {
		const ssize_t length = mmapshare_ring_read(reader, copy, sizeof(copy));

		n = taken + mmapshare_ring_lost(reader);
		if (length == -EAGAIN) {
			if (n < put.records)
				ASSERT_EQ(0, mmapshare_ring_wait(reader, 0, 20 * SECOND));
			continue;
		}
		ASSERT_LE(0, length);
		torn += (size_t)length != length_of(n, RACE_MAX) ||
			!same_bytes(copy, length, 0, n);
		taken++;
	}
	ASSERT_EQ(0, pthread_join(threads[0], NULL));
	ASSERT_EQ(0, pthread_join(threads[1], NULL));
	EXPECT_EQ(0, put.ret);
	EXPECT_EQ(0, take.ret);
	EXPECT_EQ(0, (int)torn);
	TH_LOG("%lld taken, %lld lost", (long long)taken, (long long)mmapshare_ring_lost(reader));
	mmapshare_ring_close(reader);
}

TEST_HARNESS_MAIN
