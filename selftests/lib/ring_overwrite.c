// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a consumer of an overwriting ring never takes a torn record,
 * and knows exactly how many records it has lost.
 */
#include "lib_ring_test.h"

#define LENGTH	56
#define STEP	64

/* Number of records that fit, with the header of the next one. */
static uint64_t capacity(const FIXTURE_DATA(ring) *self)
{
	return (self->size - 8) / STEP;
}

static int attach_overwriting(FIXTURE_DATA(ring) *self)
{
	int ret = make_ring(self, self->dev.page, OVERWRITE);

	return ret ? ret : attach_both(self);
}

TEST_F(ring, never_full)
{
	int i;

	ASSERT_EQ(0, attach_overwriting(self));
	for (i = 0; i < 10000; i++) {
		ASSERT_EQ(0, put_record(self->p, i, length_of(i, 2000)));
		EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, i % 1000 ? 1 : 0));
	}
}

/* Losses after 0, 1, 2, ... records, up to three times what fits. */
TEST_F(ring, exact_losses)
{
	uint64_t put = 0, expected = 0, lost = 0, n;

	ASSERT_EQ(0, attach_overwriting(self));
	for (n = 0; n < 3 * capacity(self); n++) {
		uint64_t i, available = n < capacity(self) ? n : capacity(self);

		for (i = 0; i < n; i++)
			ASSERT_EQ(0, put_record(self->p, put++, LENGTH));
		lost += n - available;
		expected = put - available;
		ASSERT_EQ((long)available, take_all(self->c, expected, LENGTH));
		ASSERT_EQ(lost, mmapshare_ring_lost(self->c));
	}
}

/* Lost records are counted although the ring has no later record. */
TEST_F(ring, losses_in_empty_ring)
{
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring ring;
	void *record;
	int i;

	ASSERT_EQ(0, attach_overwriting(self));
	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	/* the reservations overwrite the records, and are then discarded */
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 8, &record));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 64, &record));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_reserve(self->p, LENGTH, &record));
	EXPECT_EQ(0, mmapshare_ring_discard(self->p));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(7, (int)mmapshare_ring_lost(self->c));
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &producer, NULL, 0));
	EXPECT_EQ(7, (int)producer.overwritten);
	ASSERT_EQ(0, put_record(self->p, 7, LENGTH));
	EXPECT_EQ(1, take_all(self->c, 7, LENGTH));
}

/* A record that was overwritten while in use counts as lost. */
TEST_F(ring, check)
{
	uint64_t n = capacity(self), i;

	ASSERT_EQ(0, attach_overwriting(self));
	for (i = 0; i < n; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	ASSERT_EQ(0, put_record(self->p, i++, LENGTH));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
	/* record 1 was used before it was overwritten: only 2 is lost */
	ASSERT_EQ(0, put_record(self->p, i++, LENGTH));
	ASSERT_EQ(0, put_record(self->p, i++, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 3, LENGTH));
	EXPECT_EQ(2, (int)mmapshare_ring_lost(self->c));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
}

/*
 * After a next() that finds no record, check() is about the last one returned.
 */
TEST_F(ring, check_before_discarded)
{
	struct mmapshare_record *header;
	uint64_t i;
	void *record;

	ASSERT_EQ(0, attach_overwriting(self));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, LENGTH, &record));
	header = (struct mmapshare_record *)record - 1;
	header->length |= MMAPSHARE_RECORD_DISCARD;
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	for (i = 2; i <= capacity(self); i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 2, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
}

/* Repeated calls of check() and next() count a loss once. */
TEST_F(ring, loss_counted_once)
{
	void *record;
	int i;

	ASSERT_EQ(0, attach_overwriting(self));
	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	/* the reservations overwrite all records, and are then discarded */
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 8, &record));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 64, &record));
	EXPECT_EQ(0, mmapshare_ring_discard(self->p));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
		EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record,
						       &self->length));
		EXPECT_EQ(7, (int)mmapshare_ring_lost(self->c));
	}
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(-EINVAL, mmapshare_ring_check(self->c));
	ASSERT_EQ(0, put_record(self->p, 7, LENGTH));
	EXPECT_EQ(1, take_all(self->c, 7, LENGTH));
	EXPECT_EQ(7, (int)mmapshare_ring_lost(self->c));
}

TEST_F(ring, losses_per_consumer)
{
	struct mmapshare_endpoint *late;
	uint64_t i;

	ASSERT_EQ(0, attach_overwriting(self));
	for (i = 0; i < capacity(self) + 10; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, attach(self, &late, CONSUMER));
	EXPECT_EQ((long)capacity(self), take_all(late, 10, LENGTH));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(late));
	EXPECT_EQ((long)capacity(self), take_all(self->c, 10, LENGTH));
	EXPECT_EQ(10, (int)mmapshare_ring_lost(self->c));
	mmapshare_ring_close(late);
}

/*
 * The destination of a copy: an inaccessible page. The SIGSEGV of the first
 * access runs a handler, in the middle of mmapshare_ring_read(). @put: the
 * number of records put so far.
 */
static struct {
	FIXTURE_DATA(ring) *ring;
	char *page;
	uint64_t put;
} target;

static void overwrite_all(int signal)
{
	const FIXTURE_DATA(ring) *self = target.ring;
	uint64_t i;

	for (i = 0; i < 2 * capacity(self); i++)
		put_record(self->p, target.put++, LENGTH);
	mprotect(target.page, self->dev.page, PROT_READ | PROT_WRITE);
}

/* Overwrite all records without a new one. */
static void reserve_and_discard(int signal)
{
	const FIXTURE_DATA(ring) *self = target.ring;
	void *record;

	mmapshare_ring_reserve(self->p, self->size / 2 - 8, &record);
	mmapshare_ring_reserve(self->p, self->size / 2 - 64, &record);
	mmapshare_ring_discard(self->p);
	mprotect(target.page, self->dev.page, PROT_READ | PROT_WRITE);
}

static int set_target(FIXTURE_DATA(ring) *self, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };

	target.ring = self;
	target.page = mmap(NULL, self->dev.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	return target.page == MAP_FAILED ? -1 : sigaction(SIGSEGV, &action, NULL);
}

/* The record is overwritten during the copy, and the ring is empty then. */
TEST_F(ring, overwritten_during_read_empty)
{
	ASSERT_EQ(0, attach_overwriting(self));
	ASSERT_EQ(0, set_target(self, reserve_and_discard));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_read(self->c, target.page, self->dev.page));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 1000000));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
}

/* All records are overwritten twice during the copy. */
TEST_F(ring, overwritten_during_read)
{
	ASSERT_EQ(0, attach_overwriting(self));
	ASSERT_EQ(0, set_target(self, overwrite_all));
	ASSERT_EQ(0, put_record(self->p, target.put++, LENGTH));
	ASSERT_EQ(LENGTH, mmapshare_ring_read(self->c, target.page, self->dev.page));
	EXPECT_EQ(1 + 2 * capacity(self), target.put);
	EXPECT_EQ(1 + capacity(self), mmapshare_ring_lost(self->c));
	EXPECT_TRUE(is_record(target.page, LENGTH, 1 + capacity(self), LENGTH));
}

/* Records of the race: the sequence number, and bytes that follow from it. */
#define RACE_MAX	600

struct race {
	struct mmapshare_endpoint *p;
	uint64_t records;
	int ret;
};

static void *put_without_waiting(void *arg)
{
	struct race *race = arg;
	uint64_t n;
	void *record;

	for (n = 0; n < race->records && !race->ret; n++) {
		const size_t length = 8 + length_of(n, RACE_MAX);

		race->ret = mmapshare_ring_reserve(race->p, length, &record);
		if (race->ret)
			break;
		memcpy(record, &n, 8);
		memset((char *)record + 8, n, length - 8);
		race->ret = mmapshare_ring_commit(race->p);
	}
	return NULL;
}

static bool is_intact(const void *record, size_t length, uint64_t *n)
{
	const unsigned char *bytes = record;
	size_t i;

	if (length < 8)
		return false;
	memcpy(n, record, 8);
	if (length != 8 + length_of(*n, RACE_MAX))
		return false;
	for (i = 8; i < length; i++)
		if (bytes[i] != (unsigned char)*n)
			return false;
	return true;
}

/* Returns 1 if the record was intact in the ring, 0 if not, or minus errno. */
static int take_in_place(struct mmapshare_endpoint *c, uint64_t *n)
{
	const void *record;
	size_t length;
	int ret = mmapshare_ring_next(c, &record, &length);
	bool intact;

	if (ret)
		return ret;
	intact = is_intact(record, length, n);
	ret = mmapshare_ring_check(c);
	return mmapshare_ring_release(c) ?: ret ?: intact;
}

/* As take_in_place(), with a copy of the record. */
static int take_copy(struct mmapshare_endpoint *c, uint64_t *n)
{
	char copy[RACE_MAX + 8];
	ssize_t length = mmapshare_ring_read(c, copy, sizeof(copy));

	return length < 0 ? length : is_intact(copy, length, n);
}

/*
 * A producer that never waits: every record taken is intact, and every record
 * not taken is counted as lost.
 */
TEST_F(ring, race)
{
	struct race race = { .records = get_env_number("MMAPSHARE_RECORDS", 2000000) };
	uint64_t taken = 0, torn = 0, wrong = 0, stale = 0, n;
	pthread_t thread;
	int ret;

	ASSERT_EQ(0, attach_overwriting(self));
	race.p = self->p;
	ASSERT_EQ(0, pthread_create(&thread, NULL, put_without_waiting, &race));
	while (taken + mmapshare_ring_lost(self->c) < race.records) {
		ret = taken % 2 ? take_copy(self->c, &n) : take_in_place(self->c, &n);
		if (ret >= 0) {
			torn += !ret;
			wrong += n != taken + mmapshare_ring_lost(self->c);
			taken++;
		} else if (ret == -ESTALE) {
			stale++;
		} else {
			ASSERT_EQ(-EAGAIN, ret);
			if (taken + mmapshare_ring_lost(self->c) < race.records)
				ASSERT_EQ(0, mmapshare_ring_wait(self->c, 0, 20 * SECOND));
		}
	}
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, race.ret);
	EXPECT_EQ(0, (int)torn);
	EXPECT_EQ(0, (int)wrong);
	EXPECT_EQ(race.records, taken + mmapshare_ring_lost(self->c));
	TH_LOG("%lld taken, %lld lost, %lld of them while in use", (long long)taken,
	       (long long)mmapshare_ring_lost(self->c), (long long)stale);
	EXPECT_LT(0, (int)taken);
}

TEST_HARNESS_MAIN
