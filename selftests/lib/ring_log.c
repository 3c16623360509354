// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: an overwriting ring as a log. Its writer is killed at any
 * point, for some seconds or $MMAPSHARE_KILLS times: a reader gets every
 * committed record that still fits into the ring, none torn, and the next
 * writer continues behind the last one.
 */
#include "lib_ring_kill.h"

#define DURATION	(2 * SECOND)
#define SIZE		16384

/* Bytes of a record, including its header and padding. */
static uint64_t record_size(uint64_t seq)
{
	return 8 + (record_length(seq) + 7) / 8 * 8;
}

/* Write until killed, within @max_ns. Returns only if something fails. */
static int run_writer(FIXTURE_DATA(ring) *self, struct progress *progress, unsigned int seed,
		      int64_t max_ns)
{
	/* like another program: open the ring by its name */
	struct mmapshare *region;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!kill_me_later(CLOCK_MONOTONIC, rand_r(&seed) % max_ns))
		return fail(progress, "timer_create or timer_settime failed");
	if (mmapshare_open(&region, self->name, MMAPSHARE_WRITE))
		return fail(progress, "mmapshare_open failed");
	self->region = region;
	return produce(self, progress, UINT64_MAX, &seed);
}

/*
 * Check all records in the ring. Stores the sequence number of the first one in
 * @first, their size in @bytes, and returns the next sequence number.
 */
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
		ASSERT_TRUE(is_intact(self->record, self->length, seq))
			TH_LOG("record %llu", (unsigned long long)seq);
		*bytes += record_size(seq);
	}
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_EQ(0, (int)mmapshare_ring_lost(c));
	EXPECT_EQ(seq, mmapshare_ring_seq(c));
	mmapshare_ring_close(c);
	return seq;
}

TEST_F_TIMEOUT(ring, killed_writer, 3600)
{
	const uint64_t kills = get_env_number("MMAPSHARE_KILLS", UINT64_MAX);
	const int64_t end = now() + DURATION;
	struct progress *progress = map_shared_memory(sizeof(*progress));
	uint64_t first, next, bytes, total = 0, n, during_commit = 0, idle = 0;
	int64_t max_ns = 4 * MS;
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, progress);
	ASSERT_EQ(0, make_ring(self, SIZE, OVERWRITE));
	for (n = 0; n < kills && (kills != UINT64_MAX || now() < end || !total); n++) {
		pid = fork();
		if (!pid)
			_exit(run_writer(self, progress, now(), max_ns));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(SIGKILL, status) TH_LOG("%s", progress->failure);
		next = read_all(_metadata, self, &first, &bytes);
		ASSERT_TRUE(next == progress->committed || next == progress->begun)
			TH_LOG("read up to seq %llu, %llu committed, %llu begun",
			       (unsigned long long)next, (unsigned long long)progress->committed,
			       (unsigned long long)progress->begun);
		/* reserved records may have overwritten older ones */
		if (first)
			ASSERT_LE(SIZE - 8 - (BATCH_MAX + 1) * (RECORD_MAX + 16), (int)bytes);
		during_commit += progress->begun != progress->committed;
		/*
		 * Double the limit if the writer committed nothing, else reduce
		 * it: most writers have time to commit, but not much more.
		 */
		max_ns += next == total ? max_ns : -max_ns / 16;
		idle += next == total;
		total = next;
	}
	TH_LOG("%llu kills, %llu before the first commit, %llu during a commit; %llu records",
	       (unsigned long long)n, (unsigned long long)idle, (unsigned long long)during_commit,
	       (unsigned long long)total);
}

/* mmapshare_ring_seq() of producers and consumers, also after a new attach. */
TEST_F(ring, sequence_numbers)
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
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER | LATEST));
	EXPECT_EQ(2, (int)mmapshare_ring_seq(self->c));
}

TEST_HARNESS_MAIN
