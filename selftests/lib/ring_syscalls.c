// SPDX-License-Identifier: GPL-2.0
/*
 * A million records take no system call, on either side, while nobody sleeps:
 * counted by a tracer, who sees every one that a process makes.
 */
#include "lib_ring_test.h"
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define RECORDS	1000000
#define LENGTH	64

/* Spinning, so that both are busy all the time, on one processor, too. */
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

/* What the tracer counts is what happens between two getppid()s. */
static int between_marks(FIXTURE_DATA(ring) *self,
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

/* Run it on to the next system call it begins; false when it has ended. */
static bool next_call(pid_t pid, long *nr)
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

/* How many system calls there are; -1 if that cannot be told. */
static long calls_of(FIXTURE_DATA(ring) *self, int (*run)(FIXTURE_DATA(ring) *, long),
		     long records)
{
	pid_t pid = fork();
	long calls = 0, nr;
	int status;

	if (!pid)
		_exit(between_marks(self, run, records));
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
		return -1;
	do {
		if (!next_call(pid, &nr))
			return -1;
	} while (nr != SYS_getppid);
	while (next_call(pid, &nr) && nr != SYS_getppid)
		calls++;
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return nr == SYS_getppid && !status ? calls : -1;
}

/* The other side is another process, which is not counted. */
static long calls_beside(FIXTURE_DATA(ring) *self,
			 int (*run)(FIXTURE_DATA(ring) *, long),
			 int (*other)(FIXTURE_DATA(ring) *, long), long records)
{
	pid_t pid = fork();
	int status;
	long calls;

	if (!pid)
		_exit(other(self, records));
	calls = calls_of(self, run, records);
	if (calls < 0)
		kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && !status ? calls : -1;
}

TEST_F(ring, producer_makes_none)
{
	ASSERT_EQ(0, make_ring(self, 64 << 10, 0));
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, calls_beside(self, put_records, take_records, RECORDS));
}

TEST_F(ring, consumer_makes_none)
{
	ASSERT_EQ(0, make_ring(self, 64 << 10, 0));
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0, calls_beside(self, take_records, put_records, RECORDS));
}

static int wait_often(FIXTURE_DATA(ring) *self, long times)
{
	int ret = 0;

	while (times-- && !ret)
		ret = mmapshare_ring_wait(self->c, 0, FOREVER) ?:
		      mmapshare_ring_wait(self->p, 0, FOREVER);
	return ret;
}

/* Who waits for what is there. */
TEST_F(ring, none_for_nothing)
{
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_records(self, 1));
	EXPECT_EQ(0, calls_of(self, wait_often, 1000));
}

/* Would the tracer see it? Who waits costs one, and then none again. */
TEST_F(ring, one_for_who_waits)
{
	pid_t pid;

	ASSERT_EQ(0, attach_both(self));
	pid = fork();
	if (!pid)
		_exit(mmapshare_ring_wait(self->c, 0, 20 * SECOND));
	ASSERT_TRUE(falls_asleep(pid));
	EXPECT_EQ(1, calls_of(self, put_records, 20));
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
}

TEST_HARNESS_MAIN
