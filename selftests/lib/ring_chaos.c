// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: producers and consumers are killed at random points, and new
 * ones replace them. A lossless ring loses no record; consumers of an
 * overwriting ring know exactly how many they lost. No record is torn or out of
 * order. $MMAPSHARE_RECORDS is the number of records for each test.
 */
#include "lib_ring_kill.h"

#define RECORDS		20000
#define SIZE		16384
#define ROLES		4
#define NO_ROLE		(-1)

/**
 * struct consumer - state of a consumer that survives its processes
 * @killed: its processes are killed
 * @only: it is the only consumer: records that it has not released are retained
 * @attached: its first process has attached, and has set this
 * @next: sequence number of the record it must get next
 * @taken: number of records it got, without @repeated
 * @lost: number of records it did not get
 * @repeated: number of records it got again, because the process that got them
 *	first was killed before it released them
 */
struct consumer {
	bool killed;
	bool only;
	bool attached;
	uint64_t next;
	uint64_t taken;
	uint64_t lost;
	uint64_t repeated;
};

/* Role 0 is the producer, which is always killed; the others are consumers. */
struct chaos {
	FIXTURE_DATA(ring) *ring;
	struct progress progress;
	uint64_t total;
	bool overwrite;
	int roles;
	struct consumer consumers[ROLES];
	uint64_t kills[ROLES];
};

static int fail_at(struct chaos *chaos, const struct consumer *consumer, const char *what,
		   long long value)
{
	return fail(&chaos->progress, "consumer %d: %s: %lld, expected record %llu",
		    (int)(consumer - chaos->consumers), what, value,
		    (unsigned long long)consumer->next);
}

/* A new process has attached at record @first. Returns 0, or 1 on failure. */
static int account_attach(struct chaos *chaos, struct consumer *consumer, uint64_t first)
{
	if (first <= consumer->next)
		return 0;
	if (!chaos->overwrite && (consumer->only || !consumer->killed))
		return fail_at(chaos, consumer, "attached at", first);
	consumer->lost += first - consumer->next;
	consumer->next = first;
	return 0;
}

/* The consumer got record @seq, intact. Returns 0, or 1 on failure. */
static int account_record(struct chaos *chaos, struct consumer *consumer, uint64_t seq)
{
	if (seq < consumer->next) {
		consumer->repeated++;
		return consumer->killed ? 0 : fail_at(chaos, consumer, "repeated record", seq);
	}
	if (seq > consumer->next && !chaos->overwrite)
		return fail_at(chaos, consumer, "missed records before", seq);
	consumer->lost += seq - consumer->next;
	consumer->taken++;
	__atomic_store_n(&consumer->next, seq + 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Sleep for less than a millisecond, in one of @times calls on average. */
static void stall(unsigned int *seed, unsigned int times)
{
	if (!(rand_r(seed) / 7 % times))
		sleep_ns(rand_r(seed) % MS);
}

/*
 * Take and check a record. @first: sequence number of the record at which the
 * process has attached. @given: number of records it got since. Returns 0,
 * minus errno of mmapshare_ring_next(), or 1 on failure.
 */
static int take_record(struct chaos *chaos, struct consumer *consumer,
		       struct mmapshare_endpoint *c, uint64_t *given, uint64_t first,
		       unsigned int *seed)
{
	const void *record;
	uint64_t seq;
	size_t length;
	bool intact;
	int ret;

	ret = mmapshare_ring_next(c, &record, &length);
	if (ret)
		return ret;
	seq = mmapshare_ring_seq(c) - 1;
	stall(seed, 128);
	intact = is_intact(record, length, seq);
	if (mmapshare_ring_check(c) == -ESTALE)
		return chaos->overwrite ? 0 : fail_at(chaos, consumer, "overwritten record", seq);
	if (!intact)
		return fail_at(chaos, consumer, "torn record", seq);
	/* every record since the attach was given or counted as lost */
	if (first + (*given)++ + mmapshare_ring_lost(c) != seq)
		return fail_at(chaos, consumer, "wrong count of lost records",
			       mmapshare_ring_lost(c));
	return account_record(chaos, consumer, seq);
}

static int consume(struct chaos *chaos, struct consumer *consumer, unsigned int *seed)
{
	unsigned int hold = 1, held = 0;
	struct mmapshare_endpoint *c;
	uint64_t first, given = 0;
	int ret;

	ret = attach(chaos->ring, &c, CONSUMER);
	if (ret)
		return fail_at(chaos, consumer, "attach failed", ret);
	__atomic_store_n(&consumer->attached, true, __ATOMIC_SEQ_CST);
	first = mmapshare_ring_seq(c);
	ret = account_attach(chaos, consumer, first);
	while (!ret && consumer->next < chaos->total) {
		ret = take_record(chaos, consumer, c, &given, first, seed);
		if (ret > 0)
			return ret;
		if ((!ret && ++held >= hold) || ret == -EAGAIN) {
			if (mmapshare_ring_release(c))
				return fail_at(chaos, consumer, "release failed", 0);
			hold = 1 + rand_r(seed) / 7 % 16;
			held = 0;
		}
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(c, MMAPSHARE_RING_WAIT_IGNORE_HUP, LIMIT);
		if (ret)
			return fail_at(chaos, consumer, "next or wait failed", ret);
		stall(seed, 8192);
	}
	mmapshare_ring_close(c);
	return ret;
}

/*
 * Kill the calling process after up to 0.5 s; each order of magnitude of that
 * time is equally likely. In three of four cases it is CPU time, because on a
 * busy machine wall-clock time would end before the process has done much. In
 * the others it is wall-clock time, so that a process is also killed in its
 * sleep.
 */
static bool schedule_kill(unsigned int *seed)
{
	const int64_t time = (rand_r(seed) / 7 % MS) << (rand_r(seed) / 7 % 10);

	return kill_me_later(rand_r(seed) / 7 % 4 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
			     time);
}

static int run_role(struct chaos *chaos, int role)
{
	struct consumer *consumer = &chaos->consumers[role];
	unsigned int seed = now() + role;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((!role || consumer->killed) && !schedule_kill(&seed))
		return fail(&chaos->progress, "timer_create or timer_settime failed");
	return role ? consume(chaos, consumer, &seed) :
		      produce(chaos->ring, &chaos->progress, chaos->total, &seed);
}

static pid_t start_role(struct chaos *chaos, int role)
{
	pid_t pid = fork();

	if (!pid)
		_exit(run_role(chaos, role));
	return pid;
}

static int find_role(const pid_t *pids, pid_t pid)
{
	int role;

	for (role = 0; role < ROLES; role++)
		if (pids[role] == pid)
			return role;
	return NO_ROLE;
}

static void wait_for_attach(struct consumer *c, pid_t pid)
{
	while (!__atomic_load_n(&c->attached, __ATOMIC_SEQ_CST) && state_of(pid) != 'Z')
		sched_yield();
}

static void log_ring_state(struct __test_metadata *_metadata, const FIXTURE_DATA(ring) *self)
{
	struct mmapshare_ring_cursor cursors[CONSUMERS];
	struct mmapshare_ring_producer p;
	struct mmapshare_ring r;
	int i;

	if (mmapshare_ring_stat(self->region, &r, &p, cursors, CONSUMERS))
		return;
	TH_LOG("producer %u: pos %llx, oldest_pos %llx, seq %llu; consumer_wake_pos %llx, producer_wake_pos %llx, retained_pos %llx",
	       r.producer_state, p.pos, p.oldest_pos, p.seq, r.consumer_wake_pos,
	       r.producer_wake_pos, r.retained_pos);
	for (i = 0; i < CONSUMERS; i++)
		if (r.consumers >> i & 1)
			TH_LOG("cursor %d: pos %llx", i, cursors[i].pos);
}

/*
 * Run all roles until they are done; start a new process for each that was
 * killed. False if one has failed.
 */
static bool run_roles(struct __test_metadata *_metadata, struct chaos *chaos)
{
	int role, status, left = chaos->roles;
	pid_t pids[ROLES] = { 0 }, pid;

	/* consumer 1 must attach before the first record is committed */
	for (role = chaos->roles - 1; role >= 0; role--) {
		pids[role] = start_role(chaos, role);
		if (role == 1)
			wait_for_attach(&chaos->consumers[1], pids[1]);
	}
	while (left) {
		pid = waitpid(-1, &status, 0);
		role = find_role(pids, pid);
		if (role == NO_ROLE)
			continue;
		if (status && status != SIGKILL)
			break;
		if (status) {
			chaos->kills[role]++;
			pids[role] = start_role(chaos, role);
		} else {
			pids[role] = 0;
			left--;
		}
	}
	if (left)
		log_ring_state(_metadata, chaos->ring);
	for (role = 0; role < chaos->roles; role++)
		if (pids[role])
			kill(pids[role], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return !left;
}

static void run_chaos(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		      struct chaos *chaos)
{
	const struct consumer *c;
	int i;

	chaos->ring = self;
	chaos->total = get_env_number("MMAPSHARE_RECORDS", RECORDS);
	ASSERT_EQ(0, make_ring(self, SIZE, chaos->overwrite ? OVERWRITE : 0));
	ASSERT_TRUE(run_roles(_metadata, chaos))
		TH_LOG("%s", chaos->progress.failure[0] ? chaos->progress.failure :
			     "an endpoint failed without a message");
	EXPECT_EQ(chaos->total, chaos->progress.committed);
	TH_LOG("%llu records, producer killed %llu times", (unsigned long long)chaos->total,
	       (unsigned long long)chaos->kills[0]);
	for (i = 1; i < chaos->roles; i++) {
		c = &chaos->consumers[i];
		TH_LOG("consumer %d: %llu taken, %llu repeated, %llu lost, killed %llu times", i,
		       (unsigned long long)c->taken, (unsigned long long)c->repeated,
		       (unsigned long long)c->lost, (unsigned long long)chaos->kills[i]);
		EXPECT_EQ(chaos->total, c->next);
		/*
		 * a kill between the updates of two counters leaves them off by
		 * one
		 */
		EXPECT_LE(c->taken + c->lost, c->next + chaos->kills[i]);
		EXPECT_LE(c->next, c->taken + c->lost + chaos->kills[i]);
		if (!chaos->overwrite && (!c->killed || c->only))
			EXPECT_EQ(0, (int)c->lost);
	}
	munmap(chaos, sizeof(*chaos));
}

static struct chaos *alloc_chaos(int roles, bool overwrite)
{
	struct chaos *chaos = map_shared_memory(sizeof(*chaos));

	if (chaos == MAP_FAILED)
		return NULL;
	chaos->roles = roles;
	chaos->overwrite = overwrite;
	return chaos;
}

/*
 * Producer and consumer are killed: records that the consumer has not released
 * are retained.
 */
TEST_F_TIMEOUT(ring, lossless, 14400)
{
	struct chaos *chaos = alloc_chaos(2, false);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[1].killed = true;
	chaos->consumers[1].only = true;
	run_chaos(_metadata, self, chaos);
}

/* Consumers 2 and 3 are killed; consumer 1 is not, and loses no record. */
TEST_F_TIMEOUT(ring, lossless_several_consumers, 14400)
{
	struct chaos *chaos = alloc_chaos(4, false);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[2].killed = true;
	chaos->consumers[3].killed = true;
	run_chaos(_metadata, self, chaos);
}

TEST_F_TIMEOUT(ring, overwrite, 14400)
{
	struct chaos *chaos = alloc_chaos(3, true);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[2].killed = true;
	run_chaos(_metadata, self, chaos);
}

TEST_HARNESS_MAIN
