/* SPDX-License-Identifier: GPL-2.0 */
/* The limits of the module: its parameters, users, and available memory. */
#ifndef LIMITS_TEST_H
#define LIMITS_TEST_H

#include "region_test.h"
#include <grp.h>

#define USER	1000	/* the first of several user IDs */
#define MB	(1UL << 20)

/* The parameters that limits_restore() restores. */
static const char * const limit_names[] = {
	"max_regions", "max_bytes", "max_user_regions", "max_user_bytes",
};

#define LIMITS	ARRAY_SIZE(limit_names)

static inline FILE *limit_open(const char *name, const char *mode)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/module/mmapshare/parameters/%s", name);
	return fopen(path, mode);
}

/* Returns 0 if there is no such parameter. */
static inline unsigned long limit_get(const char *name)
{
	FILE *f = limit_open(name, "r");
	unsigned long value = 0;

	if (!f)
		return 0;
	if (fscanf(f, "%lu", &value) != 1)
		value = 0;
	fclose(f);
	return value;
}

/* Returns 0, or -1. */
static inline int limit_set(const char *name, unsigned long value)
{
	FILE *f = limit_open(name, "w");
	int ret;

	if (!f)
		return -1;
	ret = fprintf(f, "%lu", value) < 0 ? -1 : 0;
	return fclose(f) ? -1 : ret;
}

static inline void limits_save(unsigned long *values)
{
	size_t i;

	for (i = 0; i < LIMITS; i++)
		values[i] = limit_get(limit_names[i]);
}

static inline void limits_restore(const unsigned long *values)
{
	size_t i;

	for (i = 0; i < LIMITS; i++)
		limit_set(limit_names[i], values[i]);
}

/*
 * Returns the sum of the numbers in those lines of a file that match @format.
 */
static inline unsigned long sum_lines(const char *path, const char *format)
{
	FILE *f = fopen(path, "r");
	unsigned long sum = 0, n;
	char line[200];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

/*
 * Returns MemAvailable in bytes, plus the free pages in per-CPU lists, which
 * MemAvailable does not include.
 */
static inline unsigned long mem_available(void)
{
	return (sum_lines("/proc/meminfo", "MemAvailable: %lu") << 10) +
		sum_lines("/proc/zoneinfo", " count: %lu") * sysconf(_SC_PAGESIZE);
}

/* Wait up to 10 s until that many bytes are available. */
static inline bool mem_becomes_available(unsigned long bytes)
{
	int i;

	/* KASAN's quarantine delays frees, up to 1/32 of memory */
	if (kernel_is_instrumented())
		bytes -= 64 * MB;
	for (i = 0; i < 100 && mem_available() < bytes; i++)
		usleep(100000);
	return mem_available() >= bytes;
}

/*
 * Create regions until one is refused. Sets *@count to the number of regions,
 * and returns the error; all descriptors stay open.
 */
static inline int create_until_refused(int control, uint64_t size, unsigned long *count)
{
	int fd;

	for (*count = 0;; ++*count) {
		fd = region_create_as(control, NULL, size, MMAPSHARE_STRATEGY_FAULT, 0);
		if (fd < 0)
			return fd;
	}
}

#endif /* LIMITS_TEST_H */
