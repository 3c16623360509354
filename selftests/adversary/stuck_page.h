/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A page whose fault does not end. A task that accesses it inside a system call
 * holds the locks of that call until it is killed.
 */
#ifndef STUCK_PAGE_H
#define STUCK_PAGE_H

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "helper_module.h"
#include "region_test.h"

/*
 * Seconds: sufficient under any load for a call that does not wait for the
 * page.
 */
#define PATIENCE	60

/*
 * Map such a page for the calling task alone; its fault ends when the task is
 * killed. Return: NULL without userfaultfd.
 */
static inline void *stuck_page(void)
{
	const size_t size = sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	const int fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	void *mem;

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
		return NULL;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return NULL;
	reg.range.start = (uintptr_t)mem;
	reg.range.len = size;
	return ioctl(fd, UFFDIO_REGISTER, &reg) ? NULL : mem;
}

/* The state of a task in /proc, such as 'S' or 'D'. */
static inline char state_of(pid_t pid)
{
	char path[64], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file) {
		if (fscanf(file, "%*d %*s %c", &state) != 1)
			state = '?';
		fclose(file);
	}
	return state;
}

/* Wait until the task sleeps in the kernel, and stays so for a while. */
static inline bool is_stuck(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int n, asleep = 0;

	for (n = 0; n < PATIENCE * 100 && asleep < 20; n++) {
		char state = state_of(pid);

		asleep = state == 'S' || state == 'D' ? asleep + 1 : 0;
		nanosleep(&pause, NULL);
	}
	return asleep == 20;
}

/*
 * Run @fn in a child. Return: its exit status; 128 and the signal that killed
 * it; or -1 if it had not ended after PATIENCE seconds, and was left behind.
 */
static inline int run_patiently(int (*fn)(void *arg), void *arg)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	const pid_t pid = fork();
	int n, status;

	if (!pid)
		_exit(fn(arg));
	for (n = 0; n < PATIENCE * 100; n++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	return -1;
}

/* Wait until helper module mmapshare_delay has stopped a task. */
static inline bool is_stopped(void)
{
	int n;

	for (n = 0; n < PATIENCE * 10 && strcmp(helper_get("mmapshare_delay", "reached"), "Y"); n++)
		usleep(100000);
	return n < PATIENCE * 10;
}

/* Kill a task, and wait for its end; false if it does not die. */
static inline bool can_be_killed(pid_t pid)
{
	int n, status = 0;

	kill(pid, SIGKILL);
	for (n = 0; n < PATIENCE * 100 && !waitpid(pid, &status, WNOHANG); n++)
		usleep(10000);
	return WIFSIGNALED(status);
}

static inline pid_t start_task(int (*fn)(void *arg), void *arg)
{
	const pid_t pid = fork();

	if (!pid)
		_exit(fn(arg));
	return pid;
}

#endif /* STUCK_PAGE_H */
