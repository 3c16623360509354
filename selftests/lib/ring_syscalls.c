// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: neither producer nor consumer makes a system call for a million
 * records while no peer sleeps. The calls are counted with ptrace().
 */
#include "lib_ring_test.h"
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define RECORDS	1000000
#define LENGTH	64

/* put_records() and take_records() spin, never sleep. */
static int put_records(FIXTURE_DATA(ring) *self, long records)
{
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

static int take_records(FIXTURE_DATA(ring) *self, long records)
{
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

/* In the traced child: the tracer counts calls between the two getppid(). */
static int run_between_marks(FIXTURE_DATA(ring) *self,
			     int (*run)(FIXTURE_DATA(ring) *, long), long records)
{
	int ret;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	syscall(SYS_getppid);
	ret = run(self, records);
	syscall(SYS_getppid);
	return ret;
}

/* Continue @pid to its next system call. False when it has exited. */
static bool wait_for_call(pid_t pid, long *nr)
{
	struct __ptrace_syscall_info info;
	int status;

	do {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) ||
		    waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
		    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) < 0)
			return false;
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY);
	*nr = info.entry.nr;
	return true;
}

/* Returns the number of system calls of @run in a child; -1 on failure. */
static long count_calls(FIXTURE_DATA(ring) *self, int (*run)(FIXTURE_DATA(ring) *, long),
			long records)
{
	pid_t pid = fork();
	long calls = 0, nr;
	int status;

	if (!pid)
		_exit(run_between_marks(self, run, records));
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return -1;
	do {
		if (!wait_for_call(pid, &nr))
			return -1;
	} while (nr != SYS_getppid);
	while (wait_for_call(pid, &nr) && nr != SYS_getppid)
		calls++;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return nr == SYS_getppid && !status ? calls : -1;
}

/* As count_calls(), while @peer runs in another, untraced process. */
static long count_calls_with_peer(FIXTURE_DATA(ring) *self,
				  int (*run)(FIXTURE_DATA(ring) *, long),
				  int (*peer)(FIXTURE_DATA(ring) *, long), long records)
{
	pid_t pid = fork();
	int status;
	long calls;

	if (!pid)
		_exit(peer(self, records));
	calls = count_calls(self, run, records);
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

static int wait_often(FIXTURE_DATA(ring) *self, long times)
{
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
	EXPECT_EQ(0, count_calls(self, wait_often, 1000));
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
	EXPECT_EQ(1, count_calls(self, put_records, 20));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
