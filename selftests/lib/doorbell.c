// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: mmapshare_wait() returns for each notification, with the exact
 * count, and mmapshare_notify() makes no system call if no task waits.
 */
#include "lib_test.h"
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#define MS	1000000LL
#define NO_TIMEOUT	(-1)

/*
 * @region and @other are open files of one region. @count is the count that the
 * last wait of @region returned.
 */
FIXTURE(bell) {
	struct device dev;
	char name[32];
	struct mmapshare *region;
	struct mmapshare *other;
	uint64_t count;
};

FIXTURE_SETUP(bell)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "bell.%d", getpid());
	ASSERT_EQ(0, mmapshare_create(&self->region, self->name, 1,
				      loaded_strategy(&self->dev), 0600));
	ASSERT_EQ(0, mmapshare_open(&self->other, self->name, MMAPSHARE_WRITE));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_wait(self->region, &self->count, 0));
}

FIXTURE_TEARDOWN(bell)
{
	mmapshare_destroy(self->name, 0);
	mmapshare_close(self->region);
	mmapshare_close(self->other);
	close(self->dev.fd);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 * MS + t.tv_nsec;
}

TEST_F(bell, count)
{
	const uint64_t before = self->count;
	int i;

	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mmapshare_notify(self->other));
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, NO_TIMEOUT));
	EXPECT_EQ(before + 3, self->count);
	EXPECT_EQ(-ETIMEDOUT, mmapshare_wait(self->region, &self->count, 0));
	/* a notification of the waiting handle itself counts, too */
	ASSERT_EQ(0, mmapshare_notify(self->region));
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, 0));
	EXPECT_EQ(before + 4, self->count);
}

TEST_F(bell, timeout)
{
	const long long start = now();

	EXPECT_EQ(-ETIMEDOUT, mmapshare_wait(self->region, &self->count, 50 * MS));
	EXPECT_LE(50 * MS, now() - start);
}

/**
 * struct player - one of two threads that take turns
 * @region: its handle
 * @turn: shared: the @id of the thread whose turn it is
 * @id: 0 or 1
 * @ret: 0 or minus errno
 */
struct player {
	struct mmapshare *region;
	volatile int *turn;
	int id;
	int ret;
};

#define TURNS	500

/* Each turn waits for the other thread's: a lost wake-up times out. */
static void *take_turns(void *arg)
{
	struct player *p = arg;
	uint64_t count = 0;
	int i;

	for (i = 0; i < TURNS && !p->ret; i++) {
		while (__atomic_load_n(p->turn, __ATOMIC_ACQUIRE) != p->id && !p->ret)
			p->ret = mmapshare_wait(p->region, &count, 10000 * MS);
		__atomic_store_n(p->turn, !p->id, __ATOMIC_RELEASE);
		if (!p->ret)
			p->ret = mmapshare_notify(p->region);
	}
	return NULL;
}

TEST_F(bell, ping_pong)
{
	volatile int turn = 0;
	struct player one = { self->region, &turn, 0, 0 };
	struct player two = { self->other, &turn, 1, 0 };
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, take_turns, &one));
	take_turns(&two);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, one.ret);
	EXPECT_EQ(0, two.ret);
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, 0));
	EXPECT_EQ(2 * TURNS, (int)self->count);
}

#define THREADS	4

struct notifier {
	struct mmapshare *region;
	long long end;
	uint64_t count;
	int ret;
};

static void *notify_until_end(void *arg)
{
	struct notifier *n = arg;
	int i;

	while (!n->ret && now() < n->end)
		for (i = 0; i < 100 && !n->ret; i++, n->count++)
			n->ret = mmapshare_notify(n->region);
	return NULL;
}

TEST_F(bell, concurrent_notify_one_handle)
{
	const long long end = now() + 1000 * MS;
	struct notifier notifiers[THREADS];
	uint64_t expected = self->count;
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++) {
		notifiers[i] = (struct notifier){ self->other, end, 0, 0 };
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, notify_until_end,
					    &notifiers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, notifiers[i].ret);
		expected += notifiers[i].count;
	}
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, 0));
	EXPECT_EQ(expected, self->count);
}

/* Strict seccomp kills at any system call but read(), write() and exit(). */
static int notify_without_system_calls(void *arg)
{
	int i;

	if (mmapshare_notify(arg))
		return 1;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 77;
	for (i = 0; i < 1000; i++)
		if (mmapshare_notify(arg))
			syscall(SYS_exit, 2);
	syscall(SYS_exit, 0);
	return 3;
}

TEST_F(bell, no_system_call_without_waiter)
{
	const uint64_t before = self->count;
	int ret = run_child(notify_without_system_calls, self->other);

	if (ret == -77)
		SKIP(return, "needs CONFIG_SECCOMP");
	EXPECT_EQ(0, ret);
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, 0));
	EXPECT_EQ(before + 1001, self->count);
}

/* A read-only handle can wait, but not notify. */
TEST_F(bell, read_only_handle)
{
	struct mmapshare *reader;
	uint64_t count = self->count;

	ASSERT_EQ(0, mmapshare_open(&reader, self->name, MMAPSHARE_READ));
	EXPECT_EQ(-EBADF, mmapshare_notify(reader));
	ASSERT_EQ(0, mmapshare_notify(self->region));
	EXPECT_EQ(0, mmapshare_wait(reader, &count, NO_TIMEOUT));
	EXPECT_EQ(self->count + 1, count);
	mmapshare_close(reader);
}

TEST_F(bell, last_peer_closes)
{
	uint64_t count = self->count;

	/* notify() maps the doorbell; close() must undo that */
	ASSERT_EQ(0, mmapshare_notify(self->other));
	mmapshare_close(self->other);
	EXPECT_EQ(0, mmapshare_wait(self->region, &count, NO_TIMEOUT));
	EXPECT_EQ(-EPIPE, mmapshare_wait(self->region, &count, NO_TIMEOUT));
	EXPECT_EQ(self->count + 1, count);
	ASSERT_EQ(0, mmapshare_open(&self->other, self->name, MMAPSHARE_WRITE));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_wait(self->region, &count, 0));
}

static void handle_signal(int signal)
{
}

TEST_F(bell, signal)
{
	struct sigaction action = { .sa_handler = handle_signal };
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };
	uint64_t count = self->count;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	/* periodic: the first signal may come before the wait begins */
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &often, NULL));
	EXPECT_EQ(-EINTR, mmapshare_wait(self->region, &count, NO_TIMEOUT));
	alarm(0);
	EXPECT_EQ(self->count, count);
}

TEST_F(bell, poll)
{
	struct pollfd p = { .fd = mmapshare_fd(self->region), .events = POLLPRI };

	EXPECT_EQ(0, poll(&p, 1, 0));
	ASSERT_EQ(0, mmapshare_notify(self->other));
	ASSERT_EQ(1, poll(&p, 1, 10000));
	EXPECT_EQ(POLLPRI, p.revents);
	EXPECT_EQ(0, mmapshare_wait(self->region, &self->count, 0));
	EXPECT_EQ(0, poll(&p, 1, 0));
	mmapshare_close(self->other);
	self->other = NULL;
	ASSERT_EQ(1, poll(&p, 1, 10000));
	EXPECT_EQ(POLLPRI | POLLHUP, p.revents);
}

TEST_HARNESS_MAIN
