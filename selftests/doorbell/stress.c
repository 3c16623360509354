// SPDX-License-Identifier: GPL-2.0
/*
 * No wake-up is lost and no count is wrong, whoever rings and waits how:
 * a lost one would leave somebody asleep for ever.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>

/* Who has slept so long sleeps for ever. */
#define TIMEOUT_S	20

/* More often with $MMAPSHARE_ROUNDS, which is a factor. */
#define ROUNDS	200
#define BURSTS	500

static long rounds(long times)
{
	const char *text = getenv("MMAPSHARE_ROUNDS");

	return text ? times * atol(text) : times;
}

enum how { BY_WAIT, BY_POLL, BY_EPOLL, BY_EDGE };

struct side {
	int fd, ep;
	struct mmapshare_doorbell *bell;
	enum how how;
	uint64_t seen;		/* count at the last look */
};

static bool side_open(struct side *side, const FIXTURE_DATA(bell) *self,
		      enum how how)
{
	struct epoll_event event = {
		.events = how == BY_EDGE ? EPOLLIN | EPOLLET : EPOLLIN,
	};

	side->how = how;
	side->seen = 0;
	side->fd = bell_open(self, O_RDWR);
	side->bell = bell_map(side->fd, PROT_READ | PROT_WRITE);
	side->ep = epoll_create1(EPOLL_CLOEXEC);
	return side->bell != MAP_FAILED &&
	       !epoll_ctl(side->ep, EPOLL_CTL_ADD, side->fd, &event);
}

static void side_close(struct side *side, const FIXTURE_DATA(bell) *self)
{
	close(side->ep);
	munmap(side->bell, self->dev.page);
	close(side->fd);
}

/* Sleep until there is another count than the last one. */
static bool side_wait(struct side *side)
{
	struct pollfd p = { .fd = side->fd, .events = POLLIN };
	struct epoll_event event;
	uint64_t count = side->seen;
	int error;

	switch (side->how) {
	case BY_POLL:
		if (poll(&p, 1, TIMEOUT_S * 1000) != 1)
			return false;
		break;
	case BY_EPOLL:
	case BY_EDGE:
		if (epoll_wait(side->ep, &event, 1, TIMEOUT_S * 1000) != 1)
			return false;
		break;
	default:
		break;
	}
	error = bell_wait(side->fd, &count,
			  side->how == BY_WAIT ? TIMEOUT_S * SECOND : 0);
	/* an edge may be of what the last look has found already */
	if (error && !(error == ETIMEDOUT && side->how == BY_EDGE))
		return false;
	side->seen = count;
	return true;
}

struct game {
	FIXTURE_DATA(bell) *self;
	struct side side;
	uint64_t goal;
	long rings, calls;
	bool good;
	pthread_t thread;
};

/* Odd counts are one's, even ones the other's; whose turn it is rings. */
static void play(struct game *g, bool odd, long times)
{
	g->good = true;
	while (times--) {
		while (bell_count(g->side.bell) % 2 != odd) {
			if (!side_wait(&g->side)) {
				g->good = false;
				return;
			}
		}
		g->rings++;
		g->calls += bell_ring(g->side.bell, g->side.fd);
	}
}

FIXTURE_VARIANT(bell)
{
	enum how how;
};

FIXTURE_VARIANT_ADD(bell, wait) {
	.how = BY_WAIT,
};

FIXTURE_VARIANT_ADD(bell, poll) {
	.how = BY_POLL,
};

FIXTURE_VARIANT_ADD(bell, epoll) {
	.how = BY_EPOLL,
};

FIXTURE_VARIANT_ADD(bell, edge) {
	.how = BY_EDGE,
};

/* Two processes by turns. */
TEST_F_TIMEOUT(bell, ping_pong, 250)
{
	struct game g = { .self = self };
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct game child = { .self = self };

		if (!side_open(&child.side, self, variant->how))
			_exit(2);
		play(&child, true, rounds(ROUNDS));
		_exit(!child.good);
	}
	ASSERT_TRUE(side_open(&g.side, self, variant->how));
	play(&g, false, rounds(ROUNDS));
	EXPECT_TRUE(g.good);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(2 * rounds(ROUNDS), (long)bell_count(self->bell));
	TH_LOG("%ld rings, %ld system calls", g.rings, g.calls);
	side_close(&g.side, self);
}

static void *listen_on(void *arg)
{
	struct game *g = arg;

	g->good = true;
	while (g->side.seen < g->goal && g->good)
		g->good = side_wait(&g->side);
	return NULL;
}

static void *ring_bursts(void *arg)
{
	struct game *g = arg;
	unsigned int seed = (uintptr_t)g;
	long i;

	for (i = 0; i < rounds(BURSTS); i++) {
		g->calls += bell_ring(g->side.bell, g->side.fd);
		if (rand_r(&seed) % 32 == 0)
			sleep_ns(rand_r(&seed) % 200 * 1000);
	}
	return NULL;
}

/* Many wait while several ring: all of them see the last ring. */
TEST_F_TIMEOUT(bell, many, 250)
{
	struct game listeners[12], ringers[3];
	const uint64_t goal = ARRAY_SIZE(ringers) * rounds(BURSTS);
	long calls = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(listeners); i++) {
		listeners[i] = (struct game){ .self = self, .goal = goal };
		ASSERT_TRUE(side_open(&listeners[i].side, self, variant->how));
		pthread_create(&listeners[i].thread, NULL, listen_on, &listeners[i]);
	}
	for (i = 0; i < ARRAY_SIZE(ringers); i++) {
		ringers[i] = (struct game){ .self = self };
		ASSERT_TRUE(side_open(&ringers[i].side, self, variant->how));
		pthread_create(&ringers[i].thread, NULL, ring_bursts, &ringers[i]);
	}
	for (i = 0; i < ARRAY_SIZE(ringers); i++) {
		pthread_join(ringers[i].thread, NULL);
		calls += ringers[i].calls;
	}
	for (i = 0; i < ARRAY_SIZE(listeners); i++) {
		pthread_join(listeners[i].thread, NULL);
		EXPECT_TRUE(listeners[i].good);
		EXPECT_EQ(goal, listeners[i].side.seen);
		side_close(&listeners[i].side, self);
	}
	EXPECT_EQ(goal, bell_count(self->bell));
	TH_LOG("%d rings, %ld system calls", (int)goal, calls);
}

TEST_HARNESS_MAIN
