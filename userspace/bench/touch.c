// SPDX-License-Identifier: MIT
/*
 * touch: allocate memory, map it, and store to each page for the first time,
 * with and without MAP_POPULATE.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "bench.h"

enum { TOTAL, CREATE, MAP, TOUCH, MAP_AND_TOUCH, FAULTS };

static const char * const metrics[] = {
	[TOTAL] = "total",
	[CREATE] = "create",
	[MAP] = "map",
	[TOUCH] = "touch",
	[MAP_AND_TOUCH] = "map+touch",
	[FAULTS] = "faults",
	NULL
};

static long count_faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

static void touch_pages(volatile char *at, size_t size)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	size_t i;

	for (i = 0; i < size; i += page)
		at[i] = 1;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	const int flags = strcmp(g->what, "populate") ? 0 : MAP_POPULATE;
	uint64_t begin, created, mapped, touched;
	struct memory m;
	const char *reason;
	long faults;

	settle();
	faults = count_faults();
	begin = read_clock();
	reason = memory_open(&m, c->kind, g->size);
	if (reason)
		return reason;
	created = read_clock();
	reason = memory_map(&m, flags);
	mapped = read_clock();
	if (!reason)
		touch_pages(m.at, g->size);
	touched = read_clock();
	faults = count_faults() - faults;
	memory_close(&m);
	values[TOTAL] = touched - begin;
	values[CREATE] = created - begin;
	values[MAP] = mapped - created;
	values[TOUCH] = touched - mapped;
	values[MAP_AND_TOUCH] = touched - created;
	values[FAULTS] = faults;
	return reason;
}

static const struct contender contenders[] = {
	{ "memfd", measure, MEMFD, NULL },
	{ "memfd-huge", measure, MEMFD_HUGE, NULL },
	{ "fault", measure, FAULT, NULL },
	{ "huge", measure, HUGE, NULL },
	{ "vmalloc", measure, VMALLOC, NULL },
	{ "pfn", measure, PFN, NULL },
};

static void run(void)
{
	static const uint64_t own[] = {
		4 * KIB, 64 * KIB, MIB, 16 * MIB, 256 * MIB, GIB,
	};
	static const char * const modes[] = { "touch", "populate" };
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), 256 * MIB, sizes);
	struct group g = {
		.experiment = "touch",
		.x = "bytes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = metrics,
		.n_parts = TOUCH,
	};
	size_t i, mode;

	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		g.what = modes[mode];
		for (i = 0; i < n; i++) {
			g.size = sizes[i];
			compare(&g);
		}
	}
}

const struct experiment touch_experiment = {
	.name = "touch",
	.doc = "allocate memory, map it, with and without MAP_POPULATE, touch each page",
	.run = run,
};
