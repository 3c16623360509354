/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tests of reserved memory: the machine has it if its command line says
 * reserve_mem=...:mms-test. They load the module with it, and leave the module loaded
 * so: that makes no difference for other tests.
 */
#ifndef RESERVED_TEST_H
#define RESERVED_TEST_H

#include "../include/region_test.h"
#include "../include/helper_module.h"

#define RANGE	"mms-test"

/* Memory at a fixed address, which the kernel does not manage: memmap=1M$ADDRESS */
#define FIXED		"mms-fixed"
#define FIXED_SIZE	(1UL << 20)
#define FIXED_OPTION	"memmap=1M$"

/* Returns what follows @text on the command line of the kernel, or NULL. */
static inline const char *command_line_after(const char *text)
{
	static char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, line, sizeof(line) - 1);
	const char *found;

	close(fd);
	line[n > 0 ? n : 0] = '\0';
	found = strstr(line, text);
	return found ? found + strlen(text) : NULL;
}

/* Returns the address of the memory at a fixed address, or 0. */
static inline unsigned long fixed_address(void)
{
	const char *text = command_line_after(FIXED_OPTION);

	return text ? strtoul(text, NULL, 16) : 0;
}

/* Unload the module, and load it with @parameters. Returns 0 or an errno. */
static inline int reload(const char *parameters)
{
	int ret = helper_unload("mmapshare");

	if (ret && ret != ENOENT)
		return ret;
	return module_load(getenv("MMAPSHARE_KO"), parameters);
}

/* The same with the memory at a fixed address. */
static inline int reload_fixed(void)
{
	char parameters[128];

	snprintf(parameters, sizeof(parameters), "size=8M ranges=" FIXED ":1M@%#lx",
		 fixed_address());
	return reload(parameters);
}

/* As region_create_by(), on reserved memory. */
static inline int reserved_create(int control, const char *name, uint64_t size, uint32_t ring)
{
	struct mmapshare_create_args create = {
		.region_size = size,
		.strategy = MMAPSHARE_STRATEGY_RESERVED,
		.mode = 0400,
		.ring = ring,
	};

	return region_create_by(control, &create, name);
}

/* Is @line in the fdinfo of the descriptor? */
static inline bool fdinfo_has(int fd, const char *line)
{
	char path[64], got[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && !found && fgets(got, sizeof(got), f))
		found = !strcmp(got, line);
	if (f)
		fclose(f);
	return found;
}

/* Have a kernel producer leave a ring in the range. Returns 0 or an errno. */
static inline int leave_ring(const char *range)
{
	char parameters[64];
	int ret;

	snprintf(parameters, sizeof(parameters), "ring=%s counts=", range);
	ret = helper_load("mmapshare_survive", parameters);
	if (ret)
		return ret;
	usleep(200000);
	while ((ret = helper_unload("mmapshare_survive")) == EAGAIN)
		usleep(10000);
	return ret;
}

/* Copy the bytes of the range. Returns their number, or -1. */
static inline ssize_t copy_range(int control, const char *range, void *bytes, size_t size)
{
	int fd = reserved_create(control, range, 0, 0);
	ssize_t n = pread(fd, bytes, size, 0);

	close(fd);
	return fd < 0 || region_destroy(control, range) ? -1 : n;
}

/* Store @size bytes to the range, from @offset on. */
static inline bool store_range(int control, const char *range, const void *bytes, size_t size,
			       off_t offset)
{
	int fd = reserved_create(control, range, 0, 0);
	ssize_t n = pwrite(fd, bytes, size, offset);

	close(fd);
	return fd >= 0 && !region_destroy(control, range) && n == (ssize_t)size;
}

#define SKIP_WITHOUT_RANGE() do {						\
	if (geteuid() || !getenv("MMAPSHARE_KO"))				\
		SKIP(return, "needs root, and MMAPSHARE_KO");			\
	if (!command_line_after(":" RANGE))					\
		SKIP(return, "no reserve_mem=SIZE:4096:" RANGE);		\
} while (0)

/* Load the module with the range, or skip. */
#define LOAD_WITH_RANGE() do {							\
	int error;								\
										\
	SKIP_WITHOUT_RANGE();							\
	error = reload("size=8M reserved=" RANGE);				\
	if (error == EOPNOTSUPP) {						\
		reload("size=8M");						\
		SKIP(return, "the kernel has no reserve_mem_find_by_name()");	\
	}									\
	ASSERT_EQ(0, error);							\
} while (0)

/* The same with the memory at a fixed address. */
#define LOAD_WITH_FIXED() do {							\
	if (geteuid() || !getenv("MMAPSHARE_KO"))				\
		SKIP(return, "needs root, and MMAPSHARE_KO");			\
	if (!fixed_address())							\
		SKIP(return, "no " FIXED_OPTION "ADDRESS");			\
	ASSERT_EQ(0, reload_fixed());						\
} while (0)

#endif /* RESERVED_TEST_H */
