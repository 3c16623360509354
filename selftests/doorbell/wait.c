// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_WAIT: new counts, timeouts, signals, wake-ups. */
#include "doorbell_test.h"
#include <sched.h>
#include <sys/resource.h>

struct waiter {
	int fd;
	uint64_t count;
	int64_t timeout;
	int error;
	pid_t tid;
	pthread_t thread;
};

static void *run_waiter(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, gettid(), __ATOMIC_RELEASE);
	w->error = bell_wait(w->fd, &w->count, w->timeout);
	return NULL;
}

/* Returns once the waiter sleeps. */
static bool start_waiter(struct waiter *w, int fd, uint64_t count)
{
	*w = (struct waiter){ .fd = fd, .count = count, .timeout = NO_TIMEOUT };
	if (pthread_create(&w->thread, NULL, run_waiter, w))
		return false;
	while (!__atomic_load_n(&w->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return falls_asleep(w->tid);
}

TEST_F(bell, returns_at_once_if_count_differs)
{
	uint64_t count = 0;

	bell_notify(self->fd, 0);
	bell_notify(self->fd, 0);
	EXPECT_EQ(0, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_EQ(2U, count);
	/* a smaller count differs, too */
	count = 7;
	EXPECT_EQ(0, bell_wait(self->fd, &count, NO_TIMEOUT));
	EXPECT_EQ(2U, count);
	EXPECT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, 0));
	EXPECT_EQ(2U, count);
}

TEST_F(bell, any_open_mode)
{
	const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	uint64_t count;
	size_t i;

	bell_notify(self->fd, 0);
	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		int fd = bell_open(self, modes[i]);

		ASSERT_LE(0, fd);
		count = 0;
		EXPECT_EQ(0, bell_wait(fd, &count, NO_TIMEOUT));
		EXPECT_EQ(1U, count);
		close(fd);
	}
}

TEST_F(bell, zero_timeout_does_not_sleep)
{
	struct rusage before, after;
	uint64_t count = 0;
	int i;

	getrusage(RUSAGE_SELF, &before);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, 0));
	getrusage(RUSAGE_SELF, &after);
	EXPECT_EQ(before.ru_nvcsw, after.ru_nvcsw);
	EXPECT_EQ(0U, self->bell->armed);
}

/*
 * A wait never times out early. How late it does is only printed, because that
 * depends on the machine.
 */
TEST_F(bell, timeouts)
{
	const int64_t timeouts[] = { 1, 1000, MS, 20 * MS, 300 * MS };
	uint64_t count = 0;
	int64_t start, took;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		start = now();
		EXPECT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, timeouts[i]));
		took = now() - start;
		EXPECT_LE(timeouts[i], took);
		TH_LOG("%lld ns took %lld", (long long)timeouts[i],
		       (long long)took);
	}
}

TEST_F(bell, longest_timeouts)
{
	const int64_t timeouts[] = { INT64_MAX, INT64_MAX - 1, INT64_MIN, -1 };
	struct waiter w;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timeouts); i++) {
		ASSERT_TRUE(start_waiter(&w, self->fd, i));
		bell_notify(self->fd, 0);
		pthread_join(w.thread, NULL);
		EXPECT_EQ(0, w.error);
		EXPECT_EQ(i + 1, w.count);
	}
}

TEST_F(bell, woken_by_notify)
{
	struct waiter w;

	ASSERT_TRUE(start_waiter(&w, self->fd, 0));
	EXPECT_EQ(1U, self->bell->armed);
	EXPECT_EQ(1, bell_notify(self->fd, 0));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.error);
	EXPECT_EQ(1U, w.count);
	EXPECT_EQ(0U, self->bell->armed);
}

TEST_F(bell, woken_by_ring)
{
	struct waiter w;

	EXPECT_FALSE(bell_ring(self->bell, self->fd));
	ASSERT_TRUE(start_waiter(&w, self->fd, 1));
	EXPECT_TRUE(bell_ring(self->bell, self->fd));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.error);
	EXPECT_EQ(2U, w.count);
	EXPECT_FALSE(bell_ring(self->bell, self->fd));
}

/* The woken waiter finds the count unchanged and sleeps again. */
TEST_F(bell, sleeps_while_count_is_unchanged)
{
	struct waiter w;

	ASSERT_TRUE(start_waiter(&w, self->fd, 0));
	EXPECT_EQ(0, bell_notify(self->fd, MMAPSHARE_NOTIFY_COUNTED));
	sleep_ns(20 * MS);
	EXPECT_TRUE(falls_asleep(w.tid));
	EXPECT_EQ(1U, self->bell->armed);
	EXPECT_TRUE(bell_ring(self->bell, self->fd));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(1U, w.count);
}

TEST_F(bell, wakes_all)
{
	struct waiter w[20];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(w); i++)
		ASSERT_TRUE(start_waiter(&w[i], self->fd, 0));
	EXPECT_EQ(1, bell_notify(self->fd, 0));
	for (i = 0; i < ARRAY_SIZE(w); i++) {
		pthread_join(w[i].thread, NULL);
		EXPECT_EQ(0, w[i].error);
		EXPECT_EQ(1U, w[i].count);
	}
}

static void on_signal(int sig)
{
}

/* Not restarted, even with SA_RESTART: that would begin the timeout again. */
TEST_F(bell, signals)
{
	const struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};
	struct waiter w;

	sigaction(SIGUSR1, &action, NULL);
	ASSERT_TRUE(start_waiter(&w, self->fd, 0));
	pthread_kill(w.thread, SIGUSR1);
	pthread_join(w.thread, NULL);
	EXPECT_EQ(EINTR, w.error);
	EXPECT_EQ(0U, w.count);
}

static int wait_in_child(void *arg)
{
	FIXTURE_DATA(bell) *self = arg;
	uint64_t count = 0;

	return bell_wait(self->fd, &count, NO_TIMEOUT);
}

TEST_F(bell, killed_while_waiting)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(wait_in_child(self));
	ASSERT_TRUE(falls_asleep(pid));
	kill(pid, SIGKILL);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
}

/* NOTIFY wakes the wait queue whatever value armed has. */
TEST_F(bell, notify_ignores_armed)
{
	struct waiter w;

	ASSERT_TRUE(start_waiter(&w, self->fd, 0));
	self->bell->armed = 0;
	EXPECT_EQ(1, bell_notify(self->fd, 0));
	pthread_join(w.thread, NULL);
	EXPECT_EQ(0, w.error);
}

TEST_F(bell, unknown_flags)
{
	struct mmapshare_wait_args wait = { .size = sizeof(wait), .count = 1 };
	int bit;

	for (bit = 0; bit < 32; bit++) {
		wait.flags = 1U << bit;
		EXPECT_EQ(-1, ioctl(self->fd, MMAPSHARE_IOC_WAIT, &wait));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_HARNESS_MAIN
