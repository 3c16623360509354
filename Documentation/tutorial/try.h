/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs of all chapters need: results in the TAP format, and a way
 * to ask which signal an access raises.
 */
#ifndef TUTORIAL_TRY_H
#define TUTORIAL_TRY_H

/* for mremap(): this header is included first */
#define _GNU_SOURCE

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int planned, results, failures;

static inline void plan(int n)
{
	planned = n;
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%d\n", n);
}

static inline void check(bool ok, const char *what)
{
	printf("%sok %d %s\n", ok ? "" : "not ", ++results, what);
	failures += !ok;
}

/* Skip @n results. */
static inline void skip(int n, const char *why)
{
	while (n--)
		printf("ok %d # SKIP %s\n", ++results, why);
}

/* The status with which main() ends. */
static inline int done(void)
{
	return failures || results != planned;
}

static inline int open_device(const char *name, int flags)
{
	int fd = open(name, flags);

	if (fd < 0)
		err(1, "%s", name);
	return fd;
}

/* mmap() that must succeed. */
static inline char *map(int fd, size_t len, int prot, int flags, off_t offset)
{
	char *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		err(1, "mmap");
	return p;
}

/* Return: the errno with which mmap() fails, or 0. */
static inline int map_error(int fd, size_t len, int prot, int flags, off_t offset)
{
	char *p = mmap(NULL, len, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, len);
	return 0;
}

/* Return: the signal that a load from @p raises, or a store to it; or 0. */
static inline int signal_of(char *p, bool store)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		char c = __atomic_load_n(p, __ATOMIC_RELAXED);

		if (store)
			__atomic_store_n(p, c, __ATOMIC_RELAXED);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Return: the number in a parameter of a loaded module. */
static inline long parameter(const char *module, const char *name)
{
	char path[128];
	long value;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%ld", &value) != 1)
		err(1, "%s", path);
	fclose(f);
	return value;
}

/* What rmmod does. Return: the errno, or 0. */
static inline int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? errno : 0;
}

#endif /* TUTORIAL_TRY_H */
