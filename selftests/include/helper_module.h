/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loads and unloads the helper modules of the tests, which are built together
 * with $MMAPSHARE_KO, and reads and writes their parameters.
 */
#ifndef HELPER_MODULE_H
#define HELPER_MODULE_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Returns 0 or an errno. */
static inline int module_load(const char *path, const char *parameters)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	int ret;

	if (fd < 0)
		return errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return ret;
}

/* Load a helper module. Returns 0 or an errno. */
static inline int helper_load(const char *name, const char *parameters)
{
	const char *ko = getenv("MMAPSHARE_KO");
	const char *end = ko ? strrchr(ko, '/') : NULL;
	char path[512];

	if (!end)
		return ENOENT;
	snprintf(path, sizeof(path), "%.*s/driver/tests/%s.ko", (int)(end - ko), ko, name);
	return module_load(path, parameters);
}

static inline int helper_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? errno : 0;
}

static inline int helper_parameter(const char *name, const char *parameter, int flags)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", name, parameter);
	return open(path, flags | O_CLOEXEC);
}

/* Returns the text of a parameter without newline, "" if there is none. */
static inline const char *helper_get(const char *name, const char *parameter)
{
	static char text[64];
	const int fd = helper_parameter(name, parameter, O_RDONLY);
	const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n - 1 : 0] = '\0';
	return text;
}

static inline bool helper_set(const char *name, const char *parameter, const char *text)
{
	const int fd = helper_parameter(name, parameter, O_WRONLY);
	const ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(text);
}

/*
 * Was the helper module not built, is the caller not root, or does this kernel
 * not support the module? @error: what helper_load() returned.
 */
static inline bool helper_is_missing(int error)
{
	return error == ENOENT || error == EOPNOTSUPP || error == EPERM;
}

#endif /* HELPER_MODULE_H */
