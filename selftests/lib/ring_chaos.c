// SPDX-License-Identifier: GPL-2.0
/*
 * Rings in libmmapshare: records of any length, consumers that stall, and now and
 * then somebody is killed, wherever he is, and another one takes his place. In a
 * lossless ring no record is lost, torn or out of order; in one that overwrites
 * losses are known to the record. $MMAPSHARE_RECORDS says how many records there
 * are for each.
 */
#include "lib_ring_kill.h"

#define RECORDS		20000
#define SIZE		16384
#define ROLES		4
#define NOBODY		(-1)

/*
 * struct consumer - what is known of one, however often it has died
 * @mortal: it is killed
 * @alone: there is no other one; what it has not released is there for the next
 * @there: it is attached
 * @next: the number of the record it has to get next
 * @taken: how many it had
 * @lost: how many it has not had
 * @again: how many it got once more, having died before they were released
 */
struct consumer {
	bool mortal;
	bool alone;
	bool there;
	uint64_t next;
	uint64_t taken;
	uint64_t lost;
	uint64_t again;
};

/* Role 0 is the producer, who is always mortal; the others are consumers. */
struct chaos {
	FIXTURE_DATA(ring) *ring;
	struct diary diary;
	uint64_t total;
	bool overwrite;
	int roles;
	struct consumer consumers[ROLES];
	uint64_t kills[ROLES];
};

static int fail_at(struct chaos *chaos, const struct consumer *me, const char *what,
		   long long value)
{
	return fail(&chaos->diary, "consumer %d: %s, %lld, at %llu",
		    (int)(me - chaos->consumers), what, value, (unsigned long long)me->next);
}

/* One has come that begins with the record @first. */
static int begin(struct chaos *chaos, struct consumer *me, uint64_t first)
{
	if (first <= me->next)
		return 0;
	if (!chaos->overwrite && (me->alone || !me->mortal))
		return fail_at(chaos, me, "begins with", first);
	me->lost += first - me->next;
	me->next = first;
	return 0;
}

/* It was given the record @seq, and it is whole. */
static int account(struct chaos *chaos, struct consumer *me, uint64_t seq)
{
	if (seq < me->next) {
		me->again++;
		return me->mortal ? 0 : fail_at(chaos, me, "again", seq);
	}
	if (seq > me->next && !chaos->overwrite)
		return fail_at(chaos, me, "goes on with", seq);
	me->lost += seq - me->next;
	me->taken++;
	__atomic_store_n(&me->next, seq + 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* Once in so many times. */
static void stall(unsigned int *seed, unsigned int times)
{
	if (!(rand_r(seed) / 7 % times))
		sleep_ns(rand_r(seed) % MS);
}

/* 0, or a negative errno, as the library says; or 1 if it has failed. */
static int take_one(struct chaos *chaos, struct consumer *me, struct mmapshare_endpoint *c,
		    uint64_t *given, uint64_t first, unsigned int *seed)
{
	const void *record;
	uint64_t seq;
	size_t length;
	bool whole;
	int ret;

	ret = mmapshare_ring_next(c, &record, &length);
	if (ret)
		return ret;
	seq = mmapshare_ring_seq(c) - 1;
	stall(seed, 128);
	whole = is_whole(record, length, seq);
	if (mmapshare_ring_check(c) == -ESTALE)
		return chaos->overwrite ? 0 : fail_at(chaos, me, "overwritten", seq);
	if (!whole)
		return fail_at(chaos, me, "torn", seq);
	/* none is missing that is not counted */
	if (first + (*given)++ + mmapshare_ring_lost(c) != seq)
		return fail_at(chaos, me, "losses are", mmapshare_ring_lost(c));
	return account(chaos, me, seq);
}

static int consume(struct chaos *chaos, struct consumer *me, unsigned int *seed)
{
	unsigned int hold = 1, held = 0;
	struct mmapshare_endpoint *c;
	uint64_t first, given = 0;
	int ret;

	ret = attach(chaos->ring, &c, CONSUMER);
	if (ret)
		return fail_at(chaos, me, "attach", ret);
	__atomic_store_n(&me->there, true, __ATOMIC_SEQ_CST);
	first = mmapshare_ring_seq(c);
	ret = begin(chaos, me, first);
	while (!ret && me->next < chaos->total) {
		ret = take_one(chaos, me, c, &given, first, seed);
		if (ret > 0)
			return ret;
		if ((!ret && ++held >= hold) || ret == -EAGAIN) {
			if (mmapshare_ring_release(c))
				return fail_at(chaos, me, "release", 0);
			hold = 1 + rand_r(seed) / 7 % 16;
			held = 0;
		}
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(c, MMAPSHARE_RING_WAIT_IGNORE_HUP, LIMIT);
		if (ret)
			return fail_at(chaos, me, "next or wait", ret);
		stall(seed, 8192);
	}
	mmapshare_ring_close(c);
	return ret;
}

/*
 * Each order of magnitude is as likely. Most die while they run, so that some come
 * further than to the beginning on a machine that is busy; but sleepers, too.
 */
static bool live_for_a_while(unsigned int *seed)
{
	const int64_t time = (rand_r(seed) / 7 % MS) << (rand_r(seed) / 7 % 10);

	return kill_me_later(rand_r(seed) / 7 % 4 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC,
			     time);
}

static int play(struct chaos *chaos, int role)
{
	struct consumer *me = &chaos->consumers[role];
	unsigned int seed = now() + role;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((!role || me->mortal) && !live_for_a_while(&seed))
		return fail(&chaos->diary, "no timer");
	return role ? consume(chaos, me, &seed) :
		      produce(chaos->ring, &chaos->diary, chaos->total, &seed);
}

static pid_t start(struct chaos *chaos, int role)
{
	pid_t pid = fork();

	if (!pid)
		_exit(play(chaos, role));
	return pid;
}

static int role_of(const pid_t *pids, pid_t pid)
{
	int role;

	for (role = 0; role < ROLES; role++)
		if (pids[role] == pid)
			return role;
	return NOBODY;
}

static void wait_for(struct consumer *c, pid_t pid)
{
	while (!__atomic_load_n(&c->there, __ATOMIC_SEQ_CST) && state_of(pid) != 'Z')
		sched_yield();
}

/* How the ring is, for who has to find out what was wrong. */
static void tell_state(struct __test_metadata *_metadata, const FIXTURE_DATA(ring) *self)
{
	struct mmapshare_ring_cursor cursors[CONSUMERS];
	struct mmapshare_ring_producer p;
	struct mmapshare_ring r;
	int i;

	if (mmapshare_ring_stat(self->region, &r, &p, cursors, CONSUMERS))
		return;
	TH_LOG("producer %u at %llx, tail %llx, %llu records; wake %llx, room %llx, kept %llx",
	       r.producer_state, p.pos, p.oldest_pos, p.seq, r.consumer_wake_pos, r.producer_wake_pos, r.retained_pos);
	for (i = 0; i < CONSUMERS; i++)
		if (r.consumers >> i & 1)
			TH_LOG("cursor %d at %llx", i, cursors[i].pos);
}

/* Until all have done what they had to; false if somebody has failed. */
static bool run(struct __test_metadata *_metadata, struct chaos *chaos)
{
	int role, status, left = chaos->roles;
	pid_t pids[ROLES] = { 0 }, pid;

	/* consumers are there before the first record is */
	for (role = chaos->roles - 1; role >= 0; role--) {
		pids[role] = start(chaos, role);
		if (role == 1)
			wait_for(&chaos->consumers[1], pids[1]);
	}
	while (left) {
		pid = waitpid(-1, &status, 0);
		role = role_of(pids, pid);
		if (role == NOBODY)
			continue;
		if (status && status != SIGKILL)
			break;
		if (status) {
			chaos->kills[role]++;
			pids[role] = start(chaos, role);
		} else {
			pids[role] = 0;
			left--;
		}
	}
	if (left)
		tell_state(_metadata, chaos->ring);
	for (role = 0; role < chaos->roles; role++)
		if (pids[role])
			kill(pids[role], SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	return !left;
}

static void try(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		struct chaos *chaos)
{
	const struct consumer *c;
	int i;

	chaos->ring = self;
	chaos->total = from_environment("MMAPSHARE_RECORDS", RECORDS);
	ASSERT_EQ(0, make_ring(self, SIZE, chaos->overwrite ? OVERWRITE : 0));
	ASSERT_TRUE(run(_metadata, chaos))
		TH_LOG("%s", chaos->diary.failure[0] ? chaos->diary.failure : "somebody died");
	EXPECT_EQ(chaos->total, chaos->diary.done);
	TH_LOG("%llu records, %llu producers killed", (unsigned long long)chaos->total,
	       (unsigned long long)chaos->kills[0]);
	for (i = 1; i < chaos->roles; i++) {
		c = &chaos->consumers[i];
		TH_LOG("consumer %d: %llu taken, %llu again, %llu lost, %llu times killed", i,
		       (unsigned long long)c->taken, (unsigned long long)c->again,
		       (unsigned long long)c->lost, (unsigned long long)chaos->kills[i]);
		EXPECT_EQ(chaos->total, c->next);
		/* who is killed between the two has counted one of them */
		EXPECT_LE(c->taken + c->lost, c->next + chaos->kills[i]);
		EXPECT_LE(c->next, c->taken + c->lost + chaos->kills[i]);
		if (!chaos->overwrite && (!c->mortal || c->alone))
			EXPECT_EQ(0, (int)c->lost);
	}
	munmap(chaos, sizeof(*chaos));
}

static struct chaos *new_chaos(int roles, bool overwrite)
{
	struct chaos *chaos = shared_memory(sizeof(*chaos));

	if (chaos == MAP_FAILED)
		return NULL;
	chaos->roles = roles;
	chaos->overwrite = overwrite;
	return chaos;
}

/* Nothing is lost though both die: what was not released is there for the next. */
TEST_F_TIMEOUT(ring, lossless, 14400)
{
	struct chaos *chaos = new_chaos(2, false);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[1].mortal = true;
	chaos->consumers[1].alone = true;
	try(_metadata, self, chaos);
}

/* Nor by who lives, while others come and go. */
TEST_F_TIMEOUT(ring, lossless_among_others, 14400)
{
	struct chaos *chaos = new_chaos(4, false);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[2].mortal = true;
	chaos->consumers[3].mortal = true;
	try(_metadata, self, chaos);
}

TEST_F_TIMEOUT(ring, overwrite, 14400)
{
	struct chaos *chaos = new_chaos(3, true);

	ASSERT_NE(NULL, chaos);
	chaos->consumers[2].mortal = true;
	try(_metadata, self, chaos);
}

TEST_HARNESS_MAIN
