// SPDX-License-Identifier: GPL-2.0
/*
 * Rings in libmmapshare: a log that outlives its writer. That is killed at any
 * point, as often as there is time for, or $MMAPSHARE_KILLS times. Who reads the
 * ring then finds all that was committed, as far back as there is room for, and
 * nothing torn; and the next writer goes on behind it.
 */
#include "lib_ring_kill.h"

#define ENOUGH		(2 * SECOND)
#define SIZE		16384

/* The bytes, with its header, that a record takes. */
static uint64_t step_of(uint64_t seq)
{
	return 8 + (record_length(seq) + 7) / 8 * 8;
}

static int be_the_writer(FIXTURE_DATA(ring) *self, struct diary *diary, unsigned int seed,
			 int64_t within)
{
	/* another program: it finds the ring by its name */
	struct mmapshare *region;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!kill_me_later(CLOCK_MONOTONIC, rand_r(&seed) % within))
		return fail(diary, "no timer");
	if (mmapshare_open(&region, self->name, MMAPSHARE_WRITE))
		return fail(diary, "no ring");
	self->region = region;
	return produce(self, diary, UINT64_MAX, &seed);
}

/* What there is, from where it begins; the number of the next one. */
static uint64_t read_all(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
			 uint64_t *first, uint64_t *bytes)
{
	struct mmapshare_endpoint *c;
	uint64_t seq;
	int ret;

	*bytes = 0;
	ASSERT_EQ(0, mmapshare_ring_open(&c, self->name, CONSUMER));
	*first = mmapshare_ring_seq(c);
	for (seq = *first; ; seq++) {
		ret = mmapshare_ring_next(c, &self->record, &self->length);
		if (ret)
			break;
		ASSERT_TRUE(is_whole(self->record, self->length, seq))
			TH_LOG("record %llu", (unsigned long long)seq);
		*bytes += step_of(seq);
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(0, (int)mmapshare_ring_lost(c));
	EXPECT_EQ(seq, mmapshare_ring_seq(c));
	mmapshare_ring_close(c);
	return seq;
}

TEST_F_TIMEOUT(ring, writer_is_killed, 3600)
{
	const uint64_t kills = from_environment("MMAPSHARE_KILLS", UINT64_MAX);
	const int64_t end = now() + ENOUGH;
	struct diary *diary = shared_memory(sizeof(*diary));
	uint64_t first, next, bytes, total = 0, n, cut = 0, idle = 0;
	int64_t within = 4 * MS;
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, diary);
	ASSERT_EQ(0, make_ring(self, SIZE, OVERWRITE));
	for (n = 0; n < kills && (kills != UINT64_MAX || now() < end || !total); n++) {
		pid = fork();
		if (!pid)
			_exit(be_the_writer(self, diary, now(), within));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(SIGKILL, status) TH_LOG("%s", diary->failure);
		next = read_all(_metadata, self, &first, &bytes);
		ASSERT_TRUE(next == diary->done || next == diary->begun)
			TH_LOG("up to %llu, %llu were committed, %llu begun",
			       (unsigned long long)next, (unsigned long long)diary->done,
			       (unsigned long long)diary->begun);
		/* what was to be stored when it was killed may have taken some */
		if (first)
			ASSERT_LE(SIZE - 8 - (BATCH_MAX + 1) * (RECORD_MAX + 16), (int)bytes);
		cut += diary->begun != diary->done;
		/* they are to have time to come somewhere, and no more than that */
		within += next == total ? within : -within / 16;
		idle += next == total;
		total = next;
	}
	TH_LOG("%llu kills, %llu of them before anything was committed, %llu during a commit; %llu records",
	       (unsigned long long)n, (unsigned long long)idle, (unsigned long long)cut,
	       (unsigned long long)total);
}

/* The numbers go on, whoever asks. */
TEST_F(ring, numbers)
{
	ASSERT_EQ(0, make_ring(self, SIZE, OVERWRITE));
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, (int)mmapshare_ring_seq(self->p));
	EXPECT_EQ(0, (int)mmapshare_ring_seq(self->c));
	EXPECT_EQ(3, reserve_records(self->p, 0, 3));
	EXPECT_EQ(3, (int)mmapshare_ring_seq(self->p));
	ASSERT_EQ(0, mmapshare_ring_discard(self->p));
	EXPECT_EQ(0, (int)mmapshare_ring_seq(self->p));
	EXPECT_EQ(2, reserve_records(self->p, 0, 2));
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(1, reserve_records(self->p, 2, 1));
	mmapshare_ring_close(self->p);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(2, (int)mmapshare_ring_seq(self->p));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(1, (int)mmapshare_ring_seq(self->c));
	mmapshare_ring_close(self->c);
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER | NEWEST));
	EXPECT_EQ(2, (int)mmapshare_ring_seq(self->c));
}

TEST_HARNESS_MAIN
