// SPDX-License-Identifier: GPL-2.0
/*
 * A peer stores whatever it likes to the doorbell page, all the time: calls
 * come to their end, waiters at their time-outs at the latest, and once it
 * stops all is as it was.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include <poll.h>
#include <sys/epoll.h>

#define RUN	(SECOND / 2)
#define PATIENCE	(20 * SECOND)	/* for timeouts of 4 ms: a busy machine is not so late */

/* What the vandal stores. */
enum mood { RANDOM, SAME_COUNT, DISARM, ARM, CLEAR };

FIXTURE_VARIANT(bell)
{
	enum mood mood;
};

FIXTURE_VARIANT_ADD(bell, random) {
	.mood = RANDOM,
};

FIXTURE_VARIANT_ADD(bell, takes_back) {
	.mood = SAME_COUNT,
};

FIXTURE_VARIANT_ADD(bell, disarms) {
	.mood = DISARM,
};

FIXTURE_VARIANT_ADD(bell, arms) {
	.mood = ARM,
};

FIXTURE_VARIANT_ADD(bell, clears) {
	.mood = CLEAR,
};

struct vandal {
	volatile uint32_t *word;
	size_t words;
	enum mood mood;
};

static int scribble(void *arg)
{
	const struct vandal *v = arg;
	volatile struct mmapshare_doorbell *bell = (void *)v->word;
	unsigned int seed = now();
	size_t i;

	for (;;) {
		switch (v->mood) {
		case RANDOM:
			v->word[rand_r(&seed) % 24] = rand_r(&seed) * 2U;
			v->word[rand_r(&seed) % v->words] = rand_r(&seed);
			break;
		case SAME_COUNT:
			bell->count = 7;
			break;
		case DISARM:
			bell->armed = 0;
			break;
		case ARM:
			bell->armed = ~0U;
			break;
		case CLEAR:
			for (i = 0; i < v->words; i++)
				v->word[i] = 0;
			break;
		}
	}
	return 0;
}

/* Calls of all sorts; false if one gives what it must not. */
static bool live_with_it(FIXTURE_DATA(bell) *self, int ep)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct epoll_event event;
	int64_t start, end = now() + RUN;
	uint64_t count;
	int error, round;

	for (round = 0; !round || now() < end; round++) {
		start = now();
		count = round % 3 ? bell_count(self->bell) : 7;
		error = bell_wait(self->fd, &count, round % 5 * MS);
		if (error && error != ETIMEDOUT)
			return false;
		bell_notify(self->fd, round % 2);
		bell_ring(self->bell, self->fd);
		if (poll(&p, 1, round % 3) < 0 ||
		    epoll_wait(ep, &event, 1, round % 3) < 0)
			return false;
		if (now() - start > PATIENCE)
			return false;
	}
	return true;
}

TEST_F(bell, vandal)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int other = bell_open(self, O_RDWR), ep = epoll_create1(EPOLL_CLOEXEC);
	struct vandal vandal = {
		.word = (void *)bell_map(other, PROT_READ | PROT_WRITE),
		.words = self->dev.page / sizeof(uint32_t),
		.mood = variant->mood,
	};
	uint64_t count, region[REGION_SIZE / 8];
	struct mmapshare_info info;
	pid_t pid, waiter;
	size_t i;

	ASSERT_NE(MAP_FAILED, (void *)vandal.word);
	ASSERT_EQ(0, epoll_ctl(ep, EPOLL_CTL_ADD, self->fd, &event));
	pid = start_child(scribble, &vandal);
	EXPECT_TRUE(live_with_it(self, ep));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_child(pid));

	/* of the region nothing has changed */
	EXPECT_EQ(0, device_info(self->fd, &info));
	EXPECT_EQ(REGION_SIZE, info.region_size);
	ASSERT_EQ((ssize_t)REGION_SIZE, pread(self->fd, region, REGION_SIZE, 0));
	for (i = 0; i < ARRAY_SIZE(region); i++)
		ASSERT_EQ(0U, region[i]);

	/* and the doorbell works */
	count = bell_count(self->bell);
	waiter = fork();
	if (!waiter)
		_exit(bell_wait(self->fd, &count, 20 * SECOND));
	ASSERT_TRUE(falls_asleep(waiter));
	EXPECT_TRUE(bell_ring(self->bell, self->fd));
	EXPECT_EQ(0, wait_child(waiter));
	EXPECT_EQ(count + 1, bell_count(self->bell));
	munmap((void *)vandal.word, self->dev.page);
	close(other);
	close(ep);
}

TEST_HARNESS_MAIN
