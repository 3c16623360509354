// SPDX-License-Identifier: GPL-2.0
/*
 * Concurrent ringing and waiting by WAIT, poll() and epoll: no wake-up is lost
 * and no count is wrong. A waiter that misses a wake-up times out.
 */
#include "doorbell_test.h"
#include <poll.h>
#include <sys/epoll.h>

#define TIMEOUT_S	20

/* Both are multiplied by $MMAPSHARE_ROUNDS. */
#define ROUNDS	200
#define BURSTS	500

static long scaled(long times)
{
	const char *text = getenv("MMAPSHARE_ROUNDS");

	return text ? times * atol(text) : times;
}

enum method { BY_WAIT, BY_POLL, BY_EPOLL, BY_EDGE };

struct bell_file {
	int fd, epfd;
	struct mmapshare_doorbell *bell;
	enum method method;
	uint64_t seen;		/* last count that WAIT returned */
};

static bool bell_file_open(struct bell_file *file, const FIXTURE_DATA(bell) *self,
			   enum method method)
{
	struct epoll_event event = {
		.events = method == BY_EDGE ? EPOLLPRI | EPOLLET : EPOLLPRI,
	};

	file->method = method;
	file->seen = 0;
	file->fd = bell_open(self, O_RDWR);
	file->bell = bell_map(file->fd, PROT_READ | PROT_WRITE);
	file->epfd = epoll_create1(EPOLL_CLOEXEC);
	return file->bell != MAP_FAILED &&
	       !epoll_ctl(file->epfd, EPOLL_CTL_ADD, file->fd, &event);
}

static void bell_file_close(struct bell_file *file, const FIXTURE_DATA(bell) *self)
{
	close(file->epfd);
	munmap(file->bell, self->dev.page);
	close(file->fd);
}

/* Sleep until the count differs from @seen. False after TIMEOUT_S or an error. */
static bool bell_file_wait(struct bell_file *file)
{
	struct pollfd p = { .fd = file->fd, .events = POLLPRI };
	struct epoll_event event;
	uint64_t count = file->seen;
	int error;

	switch (file->method) {
	case BY_POLL:
		if (poll(&p, 1, TIMEOUT_S * 1000) != 1)
			return false;
		break;
	case BY_EPOLL:
	case BY_EDGE:
		if (epoll_wait(file->epfd, &event, 1, TIMEOUT_S * 1000) != 1)
			return false;
		break;
	default:
		break;
	}
	error = bell_wait(file->fd, &count,
			  file->method == BY_WAIT ? TIMEOUT_S * SECOND : 0);
	/* an edge can report a ring whose count an earlier WAIT has returned */
	if (error && !(error == ETIMEDOUT && file->method == BY_EDGE))
		return false;
	file->seen = count;
	return true;
}

struct worker {
	FIXTURE_DATA(bell) *self;
	struct bell_file file;
	uint64_t final_count;
	long rings, calls;
	bool ok;
	pthread_t thread;
};

/* Ring whenever the count is odd if @odd is set, else whenever it is even. */
static void ring_by_turns(struct worker *w, bool odd, long times)
{
	w->ok = true;
	while (times--) {
		while (bell_count(w->file.bell) % 2 != odd) {
			if (!bell_file_wait(&w->file)) {
				w->ok = false;
				return;
			}
		}
		w->rings++;
		w->calls += bell_ring(w->file.bell, w->file.fd);
	}
}

FIXTURE_VARIANT(bell)
{
	enum method method;
};

FIXTURE_VARIANT_ADD(bell, wait) {
	.method = BY_WAIT,
};

FIXTURE_VARIANT_ADD(bell, poll) {
	.method = BY_POLL,
};

FIXTURE_VARIANT_ADD(bell, epoll) {
	.method = BY_EPOLL,
};

FIXTURE_VARIANT_ADD(bell, epoll_edge) {
	.method = BY_EDGE,
};

TEST_F_TIMEOUT(bell, ping_pong, 250)
{
	struct worker w = { .self = self };
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct worker child = { .self = self };

		if (!bell_file_open(&child.file, self, variant->method))
			_exit(2);
		ring_by_turns(&child, true, scaled(ROUNDS));
		_exit(!child.ok);
	}
	ASSERT_TRUE(bell_file_open(&w.file, self, variant->method));
	ring_by_turns(&w, false, scaled(ROUNDS));
	EXPECT_TRUE(w.ok);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(2 * scaled(ROUNDS), (long)bell_count(self->bell));
	TH_LOG("%ld rings, %ld system calls", w.rings, w.calls);
	bell_file_close(&w.file, self);
}

static void *wait_for_final_count(void *arg)
{
	struct worker *w = arg;

	w->ok = true;
	while (w->file.seen < w->final_count && w->ok)
		w->ok = bell_file_wait(&w->file);
	return NULL;
}

static void *ring_bursts(void *arg)
{
	struct worker *w = arg;
	unsigned int seed = (uintptr_t)w;
	long i;

	for (i = 0; i < scaled(BURSTS); i++) {
		w->calls += bell_ring(w->file.bell, w->file.fd);
		if (rand_r(&seed) % 32 == 0)
			sleep_ns(rand_r(&seed) % 200 * 1000);
	}
	return NULL;
}

/* Several threads ring: each of many waiters sees the last count. */
TEST_F_TIMEOUT(bell, many_waiters, 250)
{
	struct worker waiters[12], ringers[3];
	const uint64_t final_count = ARRAY_SIZE(ringers) * scaled(BURSTS);
	long calls = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		waiters[i] = (struct worker){ .self = self, .final_count = final_count };
		ASSERT_TRUE(bell_file_open(&waiters[i].file, self, variant->method));
		pthread_create(&waiters[i].thread, NULL, wait_for_final_count, &waiters[i]);
	}
	for (i = 0; i < ARRAY_SIZE(ringers); i++) {
		ringers[i] = (struct worker){ .self = self };
		ASSERT_TRUE(bell_file_open(&ringers[i].file, self, variant->method));
		pthread_create(&ringers[i].thread, NULL, ring_bursts, &ringers[i]);
	}
	for (i = 0; i < ARRAY_SIZE(ringers); i++) {
		pthread_join(ringers[i].thread, NULL);
		calls += ringers[i].calls;
	}
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		pthread_join(waiters[i].thread, NULL);
		EXPECT_TRUE(waiters[i].ok);
		EXPECT_EQ(final_count, waiters[i].file.seen);
		bell_file_close(&waiters[i].file, self);
	}
	EXPECT_EQ(final_count, bell_count(self->bell));
	TH_LOG("%d rings, %ld system calls", (int)final_count, calls);
}

TEST_HARNESS_MAIN
