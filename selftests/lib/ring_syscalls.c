// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: neither producer nor consumer makes a system call for a million
 * records while no peer sleeps. The calls are counted with ptrace().
 */
#include "lib_ring_test.h"
#include "syscalls_test.h"

#define RECORDS	1000000
#define LENGTH	64

/* put_records() and take_records() spin, never sleep. */
static int put_records(void *arg, long records)
{
	FIXTURE_DATA(ring) *self = arg;
	char record[LENGTH] = "";
	int ret;

	while (records) {
		ret = mmapshare_ring_write(self->p, record, LENGTH);
		if (ret && ret != -EAGAIN)
			return 1;
		records -= !ret;
	}
	return 0;
}

static int take_records(void *arg, long records)
{
	FIXTURE_DATA(ring) *self = arg;
	const void *record;
	size_t length;
	int ret;

	while (records) {
		ret = mmapshare_ring_next(self->c, &record, &length);
		if (ret && ret != -EAGAIN)
			return 1;
		records -= !ret;
		if (mmapshare_ring_release(self->c))
			return 1;
	}
	return 0;
}

/* As count_calls(), while @peer runs in another, untraced process. */
static long count_calls_with_peer(FIXTURE_DATA(ring) *self, int (*run)(void *arg, long n),
				  int (*peer)(void *arg, long n), long records)
{
	pid_t pid = fork();
	int status;
	long calls;

	if (!pid)
		_exit(peer(self, records));
	calls = count_calls(run, self, records, NULL);
	if (calls < 0)
		kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && !status ? calls : -1;
}

TEST_F(ring, producer)
{
	ASSERT_EQ(0, make_ring(self, 64 << 10, 0));
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, count_calls_with_peer(self, put_records, take_records, RECORDS));
}

TEST_F(ring, consumer)
{
	ASSERT_EQ(0, make_ring(self, 64 << 10, 0));
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, count_calls_with_peer(self, take_records, put_records, RECORDS));
}

static int wait_often(void *arg, long times)
{
	FIXTURE_DATA(ring) *self = arg;
	int ret = 0;

	while (times-- && !ret)
		ret = mmapshare_ring_wait(self->c, 0, NO_TIMEOUT) ?:
		      mmapshare_ring_wait(self->p, 0, NO_TIMEOUT);
	return ret;
}

/* Waiting makes no system call if the condition holds already. */
TEST_F(ring, wait_when_ready)
{
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_records(self, 1));
	EXPECT_EQ(0, count_calls(wait_often, self, 1000, NULL));
}

/* Waking a sleeper takes one call, and so shows that the tracer counts. */
TEST_F(ring, wake_sleeper)
{
	pid_t pid;

	ASSERT_EQ(0, attach_both(self));
	pid = fork();
	if (!pid)
		_exit(mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	ASSERT_TRUE(falls_asleep(pid));
	EXPECT_EQ(1, count_calls(put_records, self, 20, NULL));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
