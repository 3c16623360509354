/* SPDX-License-Identifier: GPL-2.0 */
/* Counting the system calls of a function with ptrace(). */
#ifndef SYSCALLS_TEST_H
#define SYSCALLS_TEST_H

#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the traced child: the tracer counts the calls between the two getppid(). */
static inline int run_between_marks(int (*run)(void *arg, long n), void *arg, long n)
{
	int ret;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		return 1;
	raise(SIGSTOP);
	syscall(SYS_getppid);
	ret = run(arg, n);
	syscall(SYS_getppid);
	return ret;
}

/* Continue @pid to its next system call entry; false if it has ended. */
static inline bool next_call(pid_t pid, long *nr)
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

/*
 * Returns the number of system calls of run(@arg, @n) in a child, and stores how
 * many of them are ioctl() in @ioctls unless that is NULL. -1 if @run does not
 * return 0, or on another failure.
 */
static inline long count_calls(int (*run)(void *arg, long n), void *arg, long n, long *ioctls)
{
	long calls = 0, nr, ignored;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(run_between_marks(run, arg, n));
	ioctls = ioctls ?: &ignored;
	*ioctls = 0;
	if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL))
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

#endif /* SYSCALLS_TEST_H */
