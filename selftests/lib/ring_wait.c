// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: sleeping producers and consumers are woken when their condition
 * holds. A lost wake-up fails after 20 s. $MMAPSHARE_ROUNDS is the number of
 * rounds.
 */
#include "lib_ring_test.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/time.h>

#define ROUNDS	1000
#define LIMIT	(20 * SECOND)

/**
 * struct player - one of two threads that send each other sequence numbers
 * @in: its consumer endpoint of one ring
 * @out: its producer endpoint of the other ring
 * @wait: how it waits: wait_by_library() or wait_by_poll()
 * @rounds: number of records to receive
 * @serves: sends first
 * @ret: 0 or minus errno
 */
struct player {
	struct mmapshare_endpoint *in, *out;
	int (*wait)(struct mmapshare_endpoint *in);
	uint64_t rounds;
	bool serves;
	int ret;
};

static int wait_by_library(struct mmapshare_endpoint *in)
{
	return mmapshare_ring_wait(in, 0, LIMIT);
}

static int wait_by_poll(struct mmapshare_endpoint *in)
{
	struct pollfd p = { .fd = mmapshare_ring_fd(in), .events = POLLIN };

	return poll(&p, 1, 20000) == 1 && p.revents == POLLIN ? 0 : -ETIMEDOUT;
}

static int take_seq(struct player *player, uint64_t *seq)
{
	const void *record;
	size_t length;
	int ret;

	while ((ret = mmapshare_ring_next(player->in, &record, &length)) == -EAGAIN) {
		ret = player->wait(player->in);
		if (ret)
			return ret;
	}
	if (ret || length != 8)
		return ret ? ret : -EPROTO;
	memcpy(seq, record, 8);
	return mmapshare_ring_release(player->in);
}

static void *play(void *arg)
{
	struct player *player = arg;
	uint64_t i, seq;

	for (i = 0; i < player->rounds && !player->ret; i++) {
		if (player->serves)
			player->ret = mmapshare_ring_write(player->out, &i, 8);
		if (!player->ret)
			player->ret = take_seq(player, &seq);
		if (!player->ret && seq != i)
			player->ret = -EPROTO;
		if (!player->ret && !player->serves)
			player->ret = mmapshare_ring_write(player->out, &i, 8);
	}
	return NULL;
}

static void ping_pong(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		      int (*wait)(struct mmapshare_endpoint *), unsigned int spins)
{
	const uint64_t rounds = get_env_number("MMAPSHARE_ROUNDS", ROUNDS);
	struct player a = { .wait = wait, .rounds = rounds, .serves = true };
	struct player b = { .wait = wait, .rounds = rounds };
	struct mmapshare *back;
	pthread_t thread;

	ASSERT_EQ(0, mmapshare_ring_create(&back, NULL, 1, 0, 1, 0));
	ASSERT_EQ(0, attach(self, &a.out, PRODUCER));
	ASSERT_EQ(0, attach(self, &b.in, CONSUMER));
	ASSERT_EQ(0, mmapshare_ring_attach(&b.out, back, PRODUCER));
	ASSERT_EQ(0, mmapshare_ring_attach(&a.in, back, CONSUMER));
	mmapshare_ring_set_spins(a.in, spins);
	mmapshare_ring_set_spins(b.in, spins);
	ASSERT_EQ(0, pthread_create(&thread, NULL, play, &b));
	play(&a);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, a.ret);
	EXPECT_EQ(0, b.ret);
	mmapshare_ring_close(a.in);
	mmapshare_ring_close(a.out);
	mmapshare_ring_close(b.in);
	mmapshare_ring_close(b.out);
	mmapshare_close(back);
}

TEST_F_TIMEOUT(ring, ping_pong, 3600)
{
	ping_pong(_metadata, self, wait_by_library, 0);
}

TEST_F_TIMEOUT(ring, ping_pong_poll, 3600)
{
	ping_pong(_metadata, self, wait_by_poll, 0);
}

TEST_F_TIMEOUT(ring, ping_pong_spins, 3600)
{
	ping_pong(_metadata, self, wait_by_library, 1000);
}

static void *take_all_seqs(void *arg)
{
	struct player *player = arg;
	unsigned int seed = 1;
	uint64_t i, seq;

	for (i = 0; i < player->rounds && !player->ret; i++) {
		player->ret = take_seq(player, &seq);
		if (!player->ret && seq != i)
			player->ret = -EPROTO;
		if (!(rand_r(&seed) % 4096))
			sleep_ns(MS);
	}
	return NULL;
}

static int put_seq(struct mmapshare_endpoint *p, uint64_t seq)
{
	int ret;

	while ((ret = mmapshare_ring_write(p, &seq, 8)) == -EAGAIN) {
		ret = mmapshare_ring_wait(p, 0, LIMIT);
		if (ret)
			return ret;
	}
	return ret;
}

/* Producer and consumer pause at random, so that the other one has to wait. */
static void both_sleep(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		       uint32_t wake_bytes)
{
	const uint64_t records = 30 * get_env_number("MMAPSHARE_ROUNDS", ROUNDS);
	struct player player = { .wait = wait_by_library, .rounds = records };
	unsigned int seed = 2;
	pthread_t thread;
	uint64_t i;
	int ret = 0;

	ASSERT_EQ(0, attach_both(self));
	player.in = self->c;
	mmapshare_ring_set_wake_bytes(self->p, wake_bytes);
	mmapshare_ring_set_wake_bytes(self->c, wake_bytes);
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_all_seqs, &player));
	for (i = 0; i < records && !ret; i++) {
		ret = put_seq(self->p, i);
		if (!(rand_r(&seed) % 4096))
			sleep_ns(MS);
	}
	/* the last records may be below wake_bytes: this wakes the consumer */
	mmapshare_ring_close(self->p);
	self->p = NULL;
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, player.ret);
}

TEST_F_TIMEOUT(ring, both_sleep, 3600)
{
	both_sleep(_metadata, self, 0);
}

TEST_F_TIMEOUT(ring, both_sleep_wake_bytes, 3600)
{
	both_sleep(_metadata, self, self->size / 2);
}

TEST_F(ring, timeout)
{
	const int64_t start = now();

	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 50 * MS));
	EXPECT_LE(50 * MS, now() - start);
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, NO_TIMEOUT));
}

static void handle_signal(int signal)
{
}

TEST_F(ring, signal)
{
	struct sigaction action = { .sa_handler = handle_signal };
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	/* periodic: the first signal may come before the wait begins */
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(-EINTR, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
	alarm(0);
}

/* Headers count: 10 records of 8 bytes are 160 bytes. */
TEST_F(ring, wake_bytes)
{
	struct pollfd p = { .events = POLLIN };
	int i;

	ASSERT_EQ(0, attach_both(self));
	p.fd = mmapshare_ring_fd(self->c);
	mmapshare_ring_set_wake_bytes(self->c, 160);
	for (i = 0; i < 9; i++) {
		ASSERT_EQ(0, put_record(self->p, i, 8));
		EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 0));
		EXPECT_EQ(0, poll(&p, 1, 0));
	}
	ASSERT_EQ(0, put_record(self->p, i, 8));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_EQ(10, take_all(self->c, 0, 8));
	/* more than half the ring counts as half */
	mmapshare_ring_set_wake_bytes(self->c, UINT32_MAX);
	ASSERT_EQ(0, put_record(self->p, 10, self->size / 2 - 8));
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, NO_TIMEOUT));
}

/* POLLOUT means free space for the record that was refused last. */
TEST_F(ring, poll_free_space)
{
	struct pollfd p = { .events = POLLOUT };
	void *record;

	ASSERT_EQ(0, attach_both(self));
	p.fd = mmapshare_ring_fd(self->p);
	EXPECT_EQ(1, poll(&p, 1, 0));
	EXPECT_LT(1, put_all(self->p, 0, 100));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_reserve(self->p, 1000, &record));
	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_LT(1, take_all(self->c, 1, 100));
	EXPECT_EQ(1, poll(&p, 1, 10000));
	EXPECT_EQ(POLLOUT, p.revents);
	EXPECT_EQ(0, mmapshare_ring_reserve(self->p, 1000, &record));
}

/* Edge-triggered: each publication is reported once. */
TEST_F(ring, epoll_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epfd = epoll_create1(EPOLL_CLOEXEC), i;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, mmapshare_ring_fd(self->c), &event));
	EXPECT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	for (i = 0; i < 100; i++) {
		ASSERT_EQ(0, put_record(self->p, i, 8));
		ASSERT_EQ(1, epoll_wait(epfd, &event, 1, 10000));
		ASSERT_EQ(0, epoll_wait(epfd, &event, 1, 0));
	}
	EXPECT_EQ(100, take_all(self->c, 0, 8));
	close(epfd);
}

TEST_HARNESS_MAIN
