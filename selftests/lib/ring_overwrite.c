// SPDX-License-Identifier: GPL-2.0
/*
 * Rings that overwrite, in libmmapshare: a consumer gets whole records or none,
 * and knows to the record how many it has missed.
 */
#include "lib_ring_test.h"

#define LENGTH	56
#define STEP	64

/* What there is room for, with the next record's number. */
static uint64_t kept(const FIXTURE_DATA(ring) *self)
{
	return (self->size - 8) / STEP;
}

static int begin(FIXTURE_DATA(ring) *self)
{
	int ret = make_ring(self, self->dev.page, OVERWRITE);

	return ret ? ret : attach_both(self);
}

TEST_F(ring, never_full)
{
	int i;

	ASSERT_EQ(0, begin(self));
	for (i = 0; i < 10000; i++) {
		ASSERT_EQ(0, put_record(self->p, i, length_of(i, 2000)));
		EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, i % 1000 ? 1 : 0));
	}
}

/* After each number of records, from none to several times the ring. */
TEST_F(ring, losses_are_exact)
{
	uint64_t put = 0, expected = 0, lost = 0, n;

	ASSERT_EQ(0, begin(self));
	for (n = 0; n < 3 * kept(self); n++) {
		uint64_t i, left = n < kept(self) ? n : kept(self);

		for (i = 0; i < n; i++)
			ASSERT_EQ(0, put_record(self->p, put++, LENGTH));
		lost += n - left;
		expected = put - left;
		ASSERT_EQ((long)left, take_all(self->c, expected, LENGTH));
		ASSERT_EQ(lost, mmapshare_ring_lost(self->c));
	}
}

/* Also when no record is left that could tell. */
TEST_F(ring, losses_at_the_end)
{
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring ring;
	void *room;
	int i;

	ASSERT_EQ(0, begin(self));
	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	/* what makes room for these is gone, though they never come */
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 8, &room));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 64, &room));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_reserve(self->p, LENGTH, &room));
	EXPECT_EQ(0, mmapshare_ring_discard(self->p));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(7, (int)mmapshare_ring_lost(self->c));
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &producer, NULL, 0));
	EXPECT_EQ(7, (int)producer.overwritten);
	ASSERT_EQ(0, put_record(self->p, 7, LENGTH));
	EXPECT_EQ(1, take_all(self->c, 7, LENGTH));
}

/* One that is overwritten in one's hands is lost, and no other. */
TEST_F(ring, checked)
{
	uint64_t n = kept(self), i;

	ASSERT_EQ(0, begin(self));
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
	/* used before, and not lost therefore */
	ASSERT_EQ(0, put_record(self->p, i++, LENGTH));
	ASSERT_EQ(0, put_record(self->p, i++, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 3, LENGTH));
	EXPECT_EQ(2, (int)mmapshare_ring_lost(self->c));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
}

/* What is seen behind a record says nothing about the record. */
TEST_F(ring, checked_with_discarded_behind)
{
	struct mmapshare_record *header;
	uint64_t i;
	void *room;

	ASSERT_EQ(0, begin(self));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, LENGTH, &room));
	header = (struct mmapshare_record *)room - 1;
	header->length |= MMAPSHARE_RECORD_DISCARD;
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	for (i = 2; i <= kept(self); i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	EXPECT_EQ(-ESTALE, mmapshare_ring_check(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 2, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_check(self->c));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
}

/* However often one asks. */
TEST_F(ring, lost_once)
{
	void *room;
	int i;

	ASSERT_EQ(0, begin(self));
	for (i = 0; i < 7; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	/* all make way for what never comes */
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 8, &room));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, self->size / 2 - 64, &room));
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

TEST_F(ring, each_has_his_own_losses)
{
	struct mmapshare_endpoint *late;
	uint64_t i;

	ASSERT_EQ(0, begin(self));
	for (i = 0; i < kept(self) + 10; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, attach(self, &late, CONSUMER));
	EXPECT_EQ((long)kept(self), take_all(late, 10, LENGTH));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(late));
	EXPECT_EQ((long)kept(self), take_all(self->c, 10, LENGTH));
	EXPECT_EQ(10, (int)mmapshare_ring_lost(self->c));
	mmapshare_ring_close(late);
}

/* Where a copy goes, and what is done when it touches that first. */
static struct {
	FIXTURE_DATA(ring) *ring;
	char *page;
	uint64_t put;
} target;

static void overwrite_all(int signal)
{
	const FIXTURE_DATA(ring) *self = target.ring;
	uint64_t i;

	for (i = 0; i < 2 * kept(self); i++)
		put_record(self->p, target.put++, LENGTH);
	mprotect(target.page, self->dev.page, PROT_READ | PROT_WRITE);
}

static void make_way(int signal)
{
	const FIXTURE_DATA(ring) *self = target.ring;
	void *room;

	mmapshare_ring_reserve(self->p, self->size / 2 - 8, &room);
	mmapshare_ring_reserve(self->p, self->size / 2 - 64, &room);
	mmapshare_ring_discard(self->p);
	mprotect(target.page, self->dev.page, PROT_READ | PROT_WRITE);
}

/* Who touches the page the first time has @handler run. */
static int set_target(FIXTURE_DATA(ring) *self, void (*handler)(int signal))
{
	struct sigaction action = { .sa_handler = handler };

	target.ring = self;
	target.page = mmap(NULL, self->dev.page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	return target.page == MAP_FAILED ? -1 : sigaction(SIGSEGV, &action, NULL);
}

/* And there is no other record: nobody has one in his hands then. */
TEST_F(ring, gone_during_a_copy)
{
	ASSERT_EQ(0, begin(self));
	ASSERT_EQ(0, set_target(self, make_way));
	ASSERT_EQ(0, put_record(self->p, 0, LENGTH));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_read(self->c, target.page, self->dev.page));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 1000000));
	EXPECT_EQ(1, (int)mmapshare_ring_lost(self->c));
}

/* In the middle of it everything is stored over, twice. */
TEST_F(ring, overwritten_during_a_copy)
{
	ASSERT_EQ(0, begin(self));
	ASSERT_EQ(0, set_target(self, overwrite_all));
	ASSERT_EQ(0, put_record(self->p, target.put++, LENGTH));
	ASSERT_EQ(LENGTH, mmapshare_ring_read(self->c, target.page, self->dev.page));
	EXPECT_EQ(1 + 2 * kept(self), target.put);
	EXPECT_EQ(1 + kept(self), mmapshare_ring_lost(self->c));
	EXPECT_TRUE(is_record(target.page, LENGTH, 1 + kept(self), LENGTH));
}

/* Record @n has its number, and bytes that follow from it. */
#define RACE_MAX	600

struct race {
	struct mmapshare_endpoint *p;
	uint64_t records;
	int ret;
};

static void *put_as_fast_as_it_goes(void *arg)
{
	struct race *race = arg;
	uint64_t n;
	void *room;

	for (n = 0; n < race->records && !race->ret; n++) {
		const size_t length = 8 + length_of(n, RACE_MAX);

		race->ret = mmapshare_ring_reserve(race->p, length, &room);
		if (race->ret)
			break;
		memcpy(room, &n, 8);
		memset((char *)room + 8, n, length - 8);
		race->ret = mmapshare_ring_commit(race->p);
	}
	return NULL;
}

static bool is_whole(const void *record, size_t length, uint64_t *n)
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

/* Where it is used. 1 if it was whole, 0 if it was not, or a negative errno. */
static int take_in_place(struct mmapshare_endpoint *c, uint64_t *n)
{
	const void *record;
	size_t length;
	int ret = mmapshare_ring_next(c, &record, &length);
	bool whole;

	if (ret)
		return ret;
	whole = is_whole(record, length, n);
	ret = mmapshare_ring_check(c);
	return mmapshare_ring_release(c) ?: ret ?: whole;
}

static int take_copy(struct mmapshare_endpoint *c, uint64_t *n)
{
	char copy[RACE_MAX + 8];
	ssize_t length = mmapshare_ring_read(c, copy, sizeof(copy));

	return length < 0 ? length : is_whole(copy, length, n);
}

/*
 * Beside a producer that does not care. Every record that is read is whole, and
 * all that are not read are counted, one by one.
 */
TEST_F(ring, race)
{
	struct race race = { .records = from_environment("MMAPSHARE_RECORDS", 2000000) };
	uint64_t taken = 0, torn = 0, wrong = 0, stale = 0, n;
	pthread_t thread;
	int ret;

	ASSERT_EQ(0, begin(self));
	race.p = self->p;
	ASSERT_EQ(0, pthread_create(&thread, NULL, put_as_fast_as_it_goes, &race));
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
	TH_LOG("%lld taken, %lld lost, %lld of them in our hands", (long long)taken,
	       (long long)mmapshare_ring_lost(self->c), (long long)stale);
	EXPECT_LT(0, (int)taken);
}

TEST_HARNESS_MAIN
