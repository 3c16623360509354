// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: consumers that attach by name are killed at random points, and the
 * next ones go on. No record is missing, and no record is seen again that was
 * released; with the sequence number that the consumer keeps, each is used exactly
 * once. $MMAPSHARE_KILLS is the number of kills.
 */
#include "lib_ring_kill.h"
#include <sched.h>

#define KILLS		1000
#define USED_MAX	64	/* records until a kill, at most, if the test is quick */

/**
 * struct state - shared by all consumers
 * @progress: what a consumer found to be wrong
 * @used: sequence number behind the last record that was used. One store is both the
 *	use of a record and the note that it was used
 * @releasing: likewise behind those that the consumer releases, or has released
 * @released: likewise behind those that it has released
 * @repeated: records that came again
 * @stop: the producer is to end
 */
struct state {
	struct progress progress;
	uint64_t used;
	uint64_t releasing;
	uint64_t released;
	uint64_t repeated;
	bool stop;
};

static struct mmapshare_ring_attach_args named = {
	.size = sizeof(named),
	.flags = CONSUMER,
	.keep_ns = MMAPSHARE_RING_KEEP_ALL,
	.name = "durable",
};

struct producer {
	struct state *state;
	struct mmapshare_endpoint *p;
	int error;
};

/* The producer's thread. It never finds that all consumers have gone. */
static void *produce_all(void *arg)
{
	struct producer *producer = arg;
	unsigned int seed = 1;
	uint64_t seq = 0;
	int ret = 0;

	while (!ret && !__atomic_load_n(&producer->state->stop, __ATOMIC_RELAXED)) {
		ret = reserve_records(producer->p, seq, 1 + rand_r(&seed) / 7 % BATCH_MAX);
		if (ret > 0) {
			seq += ret;
			ret = mmapshare_ring_commit(producer->p);
		} else if (ret == -EAGAIN) {
			ret = mmapshare_ring_wait(producer->p, 0, 100 * MS);
			if (ret == -ETIMEDOUT)
				ret = 0;
		}
	}
	producer->error = ret;
	return NULL;
}

static int fail_at(struct state *state, const char *what, uint64_t value)
{
	return fail(&state->progress, "%s: %llu, used %llu, releasing %llu, released %llu", what,
		    (unsigned long long)value, (unsigned long long)state->used,
		    (unsigned long long)state->releasing, (unsigned long long)state->released);
}

static int release_records(struct state *state, struct mmapshare_endpoint *c)
{
	const uint64_t seq = mmapshare_ring_seq(c);
	int ret;

	__atomic_store_n(&state->releasing, seq, __ATOMIC_SEQ_CST);
	ret = mmapshare_ring_release(c);
	__atomic_store_n(&state->released, seq, __ATOMIC_SEQ_CST);
	return ret;
}

/* Use a record, unless an earlier consumer has. Returns 0, or 1 on failure. */
static int use_record(struct state *state, struct mmapshare_endpoint *c, const void *record,
		      size_t length)
{
	const uint64_t seq = mmapshare_ring_seq(c) - 1;

	if (!is_intact(record, length, seq))
		return fail_at(state, "torn record", seq);
	if (seq > state->used)
		return fail_at(state, "record is missing before", seq);
	if (seq < state->used)
		state->repeated++;
	else
		__atomic_store_n(&state->used, seq + 1, __ATOMIC_SEQ_CST);
	return 0;
}

/* A consumer, until it is killed. Returns the exit status of a failure. */
static int consume(FIXTURE_DATA(ring) *self, struct state *state, unsigned int seed)
{
	struct mmapshare_endpoint *c;
	const void *record;
	uint64_t first;
	size_t length;
	int ret;

	ret = mmapshare_ring_attach_with(&c, self->region, &named);
	if (ret)
		return fail_at(state, "error at attach", -ret);
	first = mmapshare_ring_seq(c);
	if (first != state->released && first != state->releasing)
		return fail_at(state, "attached at", first);
	state->released = first;
	for (;;) {
		ret = mmapshare_ring_next(c, &record, &length);
		if (!ret && use_record(state, c, record, length))
			return 1;
		if (ret == -EAGAIN || !(rand_r(&seed) / 7 % 16)) {
			if (release_records(state, c))
				return fail_at(state, "error at release", first);
		}
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(c, 0, LIMIT);
		if (ret)
			return fail_at(state, "error", -ret);
	}
}

/* Start a consumer, and kill it when it has used some records. */
static void run_consumer(FIXTURE_DATA(ring) *self, struct state *state, unsigned int *seed)
{
	const uint64_t until = state->used + rand_r(seed) / 7 % USED_MAX;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(consume(self, state, *seed));
	}
	while (__atomic_load_n(&state->used, __ATOMIC_SEQ_CST) < until &&
	       !waitpid(pid, NULL, WNOHANG))
		sched_yield();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F_TIMEOUT(ring, named_kill, 280)
{
	const long kills = get_env_number("MMAPSHARE_KILLS", KILLS);
	struct state *state = map_shared_memory(sizeof(*state));
	struct producer producer = { .state = state };
	unsigned int seed = 2;
	pthread_t thread;
	long n;

	ASSERT_NE(MAP_FAILED, state);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	producer.p = self->p;
	/* the name exists before the producer needs space */
	ASSERT_EQ(0, mmapshare_ring_attach_with(&self->c, self->region, &named));
	mmapshare_ring_close(self->c);
	self->c = NULL;
	ASSERT_EQ(0, pthread_create(&thread, NULL, produce_all, &producer));
	for (n = 0; n < kills && !state->progress.failure[0]; n++)
		run_consumer(self, state, &seed);
	__atomic_store_n(&state->stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, producer.error);
	EXPECT_STREQ("", state->progress.failure);
	EXPECT_LT(0ULL, state->repeated);
	TH_LOG("%ld kills, %llu records used, %llu came again", n,
	       (unsigned long long)state->used, (unsigned long long)state->repeated);
}

TEST_HARNESS_MAIN
