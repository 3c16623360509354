// SPDX-License-Identifier: GPL-2.0
/*
 * Ringing makes no system call while no task waits. A ptrace tracer counts the
 * system calls of the ringing process.
 */
#include "doorbell_test.h"
#include "map_fixture.h"
#include <sys/ptrace.h>
#include <sys/syscall.h>

#define RINGS	1000000

/* The tracer counts the system calls between the two getppid() calls. */
static int ring_between_marks(const FIXTURE_DATA(bell) *self, long rings)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	syscall(SYS_getppid);
	while (rings--)
		bell_ring(self->bell, self->fd);
	syscall(SYS_getppid);
	return 0;
}

/* Continue @pid to its next system call entry; false if it has ended. */
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

/* The number of system calls for @rings rings; -1 on failure. */
static long count_calls(const FIXTURE_DATA(bell) *self, long rings, long *ioctls)
{
	long calls = 0, nr;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(ring_between_marks(self, rings));
	*ioctls = 0;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD))
		return -1;
	do {
		if (!next_call(pid, &nr))
			return -1;
	} while (nr != SYS_getppid);
	while (next_call(pid, &nr) && nr != SYS_getppid) {
		calls++;
		*ioctls += nr == SYS_ioctl;
	}
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return nr == SYS_getppid && !status ? calls : -1;
}

TEST_F(bell, none_without_waiters)
{
	long ioctls;

	EXPECT_EQ(0, count_calls(self, RINGS, &ioctls));
	EXPECT_EQ((uint64_t)RINGS, bell_count(self->bell));
}

/* A waiter that was woken leaves the doorbell disarmed. */
TEST_F(bell, none_after_wake_up)
{
	uint64_t count = 0;
	pid_t pid = fork();
	long ioctls;

	if (!pid)
		_exit(bell_wait(self->fd, &count, NO_TIMEOUT));
	ASSERT_TRUE(falls_asleep(pid));
	EXPECT_EQ(1, count_calls(self, 1, &ioctls));
	EXPECT_EQ(1, ioctls);
	EXPECT_EQ(0, wait_child(pid));
	EXPECT_EQ(0, count_calls(self, 1000, &ioctls));
}

/* A waiter that timed out leaves it armed: one superfluous call. */
TEST_F(bell, one_after_a_timeout)
{
	uint64_t count = 0;
	long ioctls;

	EXPECT_EQ(ETIMEDOUT, bell_wait(self->fd, &count, MS));
	EXPECT_EQ(1, count_calls(self, 1000, &ioctls));
	EXPECT_EQ(1, ioctls);
	EXPECT_EQ(0, count_calls(self, 1000, &ioctls));
}

TEST_HARNESS_MAIN
