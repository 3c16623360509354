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

static inline bool command_line_has(const char *text)
{
	char line[4096] = "";
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, line, sizeof(line) - 1);

	close(fd);
	return n > 0 && strstr(line, text);
}

/* Unload the module, and load it with @parameters. Returns 0 or an errno. */
static inline int reload(const char *parameters)
{
	int ret = helper_unload("mmapshare");

	if (ret && ret != ENOENT)
		return ret;
	return module_load(getenv("MMAPSHARE_KO"), parameters);
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

#define SKIP_WITHOUT_RANGE() do {						\
	if (geteuid() || !getenv("MMAPSHARE_KO"))				\
		SKIP(return, "needs root, and MMAPSHARE_KO");			\
	if (!command_line_has(":" RANGE))					\
		SKIP(return, "no reserve_mem=SIZE:4096:" RANGE);		\
} while (0)

#endif /* RESERVED_TEST_H */
