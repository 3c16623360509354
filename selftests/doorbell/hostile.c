// SPDX-License-Identifier: GPL-2.0
/*
 * A hostile peer stores arbitrary values in the doorbell page. Every call still
 * returns, a wait at the latest after its timeout. After the peer has stopped,
 * the doorbell works.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include <poll.h>
#include <sys/epoll.h>

#define RUN_TIME	(SECOND / 2)
#define ROUND_MAX	(20 * SECOND)	/* each call may wait for 4 ms */

/* The values that the hostile peer stores. */
enum pattern { RANDOM, FIXED_COUNT, DISARM, ARM, CLEAR };

FIXTURE_VARIANT(bell)
{
	enum pattern pattern;
};

FIXTURE_VARIANT_ADD(bell, random) {
	.pattern = RANDOM,
};

FIXTURE_VARIANT_ADD(bell, fixed_count) {
	.pattern = FIXED_COUNT,
};

FIXTURE_VARIANT_ADD(bell, disarms) {
	.pattern = DISARM,
};

FIXTURE_VARIANT_ADD(bell, arms) {
	.pattern = ARM,
};

FIXTURE_VARIANT_ADD(bell, clears) {
	.pattern = CLEAR,
};

struct writer {
	volatile uint32_t *word;
	size_t words;
	enum pattern pattern;
};

static int write_doorbell(void *arg)
{
	const struct writer *w = arg;
	volatile struct mmapshare_doorbell *bell = (void *)w->word;
	unsigned int seed = now();
	size_t i;

	for (;;) {
		switch (w->pattern) {
		case RANDOM:
			w->word[rand_r(&seed) % 24] = rand_r(&seed) * 2U;
			w->word[rand_r(&seed) % w->words] = rand_r(&seed);
			break;
		case FIXED_COUNT:
			bell->count = 7;
			break;
		case DISARM:
			bell->armed = 0;
			break;
		case ARM:
			bell->armed = ~0U;
			break;
		case CLEAR:
			for (i = 0; i < w->words; i++)
				w->word[i] = 0;
			break;
		}
	}
	return 0;
}

/* Wait, notify and poll; false if a call fails or a round exceeds ROUND_MAX. */
static bool check_calls(FIXTURE_DATA(bell) *self, int epfd)
{
	struct pollfd p = { .fd = self->fd, .events = POLLPRI };
	struct epoll_event event;
	int64_t start, end = now() + RUN_TIME;
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
		    epoll_wait(epfd, &event, 1, round % 3) < 0)
			return false;
		if (now() - start > ROUND_MAX)
			return false;
	}
	return true;
}

TEST_F(bell, hostile_writer)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	int other = bell_open(self, O_RDWR), epfd = epoll_create1(EPOLL_CLOEXEC);
	struct writer writer = {
		.word = (void *)bell_map(other, PROT_READ | PROT_WRITE),
		.words = self->dev.page / sizeof(uint32_t),
		.pattern = variant->pattern,
	};
	uint64_t count, region[REGION_SIZE / 8];
	struct mmapshare_info info;
	pid_t pid, waiter;
	size_t i;

	ASSERT_NE(MAP_FAILED, (void *)writer.word);
	ASSERT_EQ(0, epoll_ctl(epfd, EPOLL_CTL_ADD, self->fd, &event));
	pid = start_child(write_doorbell, &writer);
	EXPECT_TRUE(check_calls(self, epfd));
	kill(pid, SIGKILL);
	EXPECT_EQ(SIGKILL, wait_child(pid));

	/* the region is unchanged */
	EXPECT_EQ(0, device_info(self->fd, &info));
	EXPECT_EQ(REGION_SIZE, info.region_size);
	ASSERT_EQ((ssize_t)REGION_SIZE, pread(self->fd, region, REGION_SIZE, 0));
	for (i = 0; i < ARRAY_SIZE(region); i++)
		ASSERT_EQ(0U, region[i]);

	/* the doorbell works again */
	count = bell_count(self->bell);
	waiter = fork();
	if (!waiter)
		_exit(bell_wait(self->fd, &count, 20 * SECOND));
	ASSERT_TRUE(falls_asleep(waiter));
	EXPECT_TRUE(bell_ring(self->bell, self->fd));
	EXPECT_EQ(0, wait_child(waiter));
	EXPECT_EQ(count + 1, bell_count(self->bell));
	munmap((void *)writer.word, self->dev.page);
	close(other);
	close(epfd);
}

TEST_HARNESS_MAIN
