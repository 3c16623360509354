// SPDX-License-Identifier: GPL-2.0
/*
 * Several kernel producers: two records are reserved, and completed in any
 * order while a consumer falls asleep or wakes up. The consumer gets both, in
 * each way to sleep. No other record is published before that, because it would
 * hide a lost wake-up. $MMAPSHARE_ROUNDS is the number of rounds (default 500).
 */
#include "context_consumer.h"
#include "uring_test.h"
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>

#define RECORDS		2	/* in a round */

enum method { BY_WAIT, BY_POLL, BY_EPOLL, BY_EDGE, BY_URING };

FIXTURE(rounds) {
	struct context_consumer c;
	enum method method;
	int fd, epfd, round_fd;
	struct io_uring uring;
	sem_t taken;		/* posted for each record, and at the end */
	uint64_t sleeps;
};

FIXTURE_VARIANT(rounds) {
	enum method method;
};

FIXTURE_VARIANT_ADD(rounds, wait) { .method = BY_WAIT };
FIXTURE_VARIANT_ADD(rounds, poll) { .method = BY_POLL };
FIXTURE_VARIANT_ADD(rounds, epoll) { .method = BY_EPOLL };
FIXTURE_VARIANT_ADD(rounds, edge) { .method = BY_EDGE };
FIXTURE_VARIANT_ADD(rounds, uring) { .method = BY_URING };

/* Returns the next events of the multishot poll, or -1. */
static int next_completion(FIXTURE_DATA(rounds) *self)
{
	unsigned int flags = 0;
	int events;

	do
		events = wait_for_completion(&self->uring, &flags, SECOND);
	while (events == -ETIME);
	if (events >= 0 && !(flags & IORING_CQE_F_MORE))
		submit_poll(&self->uring, self->c.ep.fd, POLLIN, true);
	return events;
}

/* Sleep until there may be records. Returns 0; EPIPE at the end, or an errno. */
static int sleep_for_records(FIXTURE_DATA(rounds) *self)
{
	struct pollfd p = { .fd = self->c.ep.fd, .events = POLLIN };
	struct epoll_event event;
	int events = -1;

	self->sleeps++;
	switch (self->method) {
	case BY_WAIT:
		return endpoint_wait(&self->c.ep, NO_TIMEOUT);
	case BY_POLL:
		if (poll(&p, 1, -1) == 1)
			events = p.revents;
		break;
	case BY_EPOLL:
	case BY_EDGE:
		if (epoll_wait(self->epfd, &event, 1, -1) == 1)
			events = event.events;
		break;
	case BY_URING:
		events = next_completion(self);
		break;
	}
	if (events < 0)
		return EIO;
	return events & POLLIN ? 0 : EPIPE;
}

static void *consume(void *arg)
{
	FIXTURE_DATA(rounds) *self = arg;

	while (!self->c.error) {
		int error;

		while (take_record(&self->c))
			sem_post(&self->taken);
		error = self->c.error ?: sleep_for_records(self);
		self->c.error = error;
	}
	sem_post(&self->taken);
	return NULL;
}

FIXTURE_SETUP(rounds)
{
	struct epoll_event event = {
		.events = variant->method == BY_EDGE ? EPOLLIN | EPOLLET : EPOLLIN,
	};

	CONTEXTS_LOAD("");
	self->method = variant->method;
	self->fd = open(CONTEXTS_NODE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->round_fd = helper_parameter(CONTEXTS_MODULE, "round", O_WRONLY);
	ASSERT_LE(0, self->round_fd);
	ASSERT_EQ(0, endpoint_attach(&self->c.ep, self->fd, MMAPSHARE_RING_ATTACH_CONSUMER));
	ASSERT_EQ(0, sem_init(&self->taken, 0, 0));
	self->epfd = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epfd);
	URING_SETUP(&self->uring);
	if (self->method == BY_EPOLL || self->method == BY_EDGE)
		ASSERT_EQ(0, epoll_ctl(self->epfd, EPOLL_CTL_ADD, self->c.ep.fd, &event));
	if (self->method == BY_URING)
		submit_poll(&self->uring, self->c.ep.fd, POLLIN, true);
	ASSERT_EQ(0, pthread_create(&self->c.thread, NULL, consume, self));
}

FIXTURE_TEARDOWN(rounds)
{
	close(self->round_fd);
	EXPECT_EQ(0, contexts_unload());
	pthread_join(self->c.thread, NULL);
	EXPECT_EQ(EPIPE, self->c.error);
	io_uring_queue_exit(&self->uring);
	close(self->epfd);
	endpoint_detach(&self->c.ep);
	close(self->fd);
}

static bool start_round(FIXTURE_DATA(rounds) *self, unsigned int n)
{
	char text[16];
	const int length = snprintf(text, sizeof(text), "%u", n);

	return pwrite(self->round_fd, text, length, 0) == length;
}

/*
 * Returns a random number of iterations: at most about as many as a wake-up
 * takes.
 */
static unsigned int iterations(long round, unsigned int *seed)
{
	return rand_r(seed) % (2U << round % 16);
}

/* False if the consumer is not woken within 60 s. */
static bool end_round(FIXTURE_DATA(rounds) *self)
{
	struct timespec end;
	int i;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += 60;
	for (i = 0; i < RECORDS; i++)
		if (sem_clockwait(&self->taken, CLOCK_MONOTONIC, &end))
			return false;
	return true;
}

TEST_F_TIMEOUT(rounds, woken, 36000)
{
	const long rounds = atol(getenv("MMAPSHARE_ROUNDS") ?: "500");
	unsigned int seed = 1;
	long n;

	for (n = 0; n < rounds; n++) {
		ASSERT_TRUE(start_round(self, iterations(n, &seed)));
		ASSERT_TRUE(end_round(self)) TH_LOG("round %ld", n);
	}
	EXPECT_EQ(0, self->c.error);
	EXPECT_EQ(0ULL, self->c.lost);
	EXPECT_EQ((uint64_t)rounds * RECORDS, self->c.received[CONTEXT_KTHREAD]);
	TH_LOG("%ld rounds, slept %llu times", rounds, (unsigned long long)self->sleeps);
}

TEST_HARNESS_MAIN
