// SPDX-License-Identifier: MIT
/*
 * Have contenders measured in turns, so that whatever else the machine does
 * meanwhile is for all of them alike, and keep all that comes of it.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fnmatch.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

#define BAR		40
/* What is done when instructions are counted: that many bytes, and times. */
#define FIXED_BYTES	(1 * MIB)
#define FIXED_TIMES	200
/* That many are emptied all at once, and the table is twice as large afterwards. */
#define TRANSLATIONS		1024
#define TRANSLATIONS_ROUNDS	6

const char * const one_metric[] = { "time", NULL };

struct result *results;
size_t n_results;

static bool counting;
static unsigned long to_do, done;

void fail(const char *what)
{
	clear_progress();
	if (errno)
		err(1, "%s", what);
	errx(1, "%s", what);
}

/* Nanoseconds, or instructions. */
uint64_t ticks(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static bool is_watched(void)
{
	const char *type = getenv("TERM");

	return isatty(STDERR_FILENO) && type && strcmp(type, "dumb");
}

static void show_progress(const struct group *g, const char *how)
{
	char bar[BAR + 1] = "";

	if (!is_watched())
		return;
	memset(bar, ' ', BAR);
	memset(bar, '#', BAR * done / to_do);
	fprintf(stderr, "\r\033[K[%s] %3lu%% %s %s %llu %s", bar, 100 * done / to_do,
		g->experiment, g->what, (unsigned long long)g->size, how);
}

void clear_progress(void)
{
	if (is_watched())
		fputs("\r\033[K", stderr);
}

/* A first pass, in which nothing is done but to count what there is to do. */
void count_only(bool on)
{
	counting = on;
}

/*
 * Those of @own that are to be measured, or what was asked for instead. To count the
 * instructions for more than @most would only take longer.
 */
size_t choose_sizes(const uint64_t *own, size_t n, uint64_t most, uint64_t *sizes)
{
	size_t i, count = 0;

	if (options.n_sizes) {
		memcpy(sizes, options.sizes, sizeof(options.sizes));
		return options.n_sizes;
	}
	if (!options.instructions)
		most = UINT64_MAX;
	if (options.quick)
		most = own[0];
	for (i = 0; i < n; i++)
		if (own[i] <= most)
			sizes[count++] = own[i];
	return count;
}

/*
 * Where instructions are counted, let the kernel first be done with what it has put
 * off, such as freeing what was used before. To sleep costs nothing there.
 */
void settle(void)
{
	const struct timespec t = { .tv_nsec = 100000000 };

	if (options.instructions)
		nanosleep(&t, NULL);
}

static uint64_t fixed_times(uint64_t bytes)
{
	const uint64_t times = bytes ? FIXED_BYTES / bytes : FIXED_TIMES;

	return times > FIXED_TIMES ? FIXED_TIMES : times ? times : 1;
}

/*
 * Do it once to get warm, then for as long as a run is to last, or as often as is
 * always done: what it takes on average. It is looked at the clock each time only
 * if that is next to nothing.
 */
double per_operation(void (*operation)(void *state), void *state, uint64_t bytes)
{
	const uint64_t wanted = options.seconds * 1e9;
	uint64_t begin, took, times = 0, at_once = 1, i;

	begin = ticks();
	operation(state);
	took = ticks() - begin;
	if (options.instructions)
		at_once = fixed_times(bytes);
	else if (took < 10000)
		at_once = 10000 / (took + 1) + 1;
	settle();
	begin = ticks();
	do {
		for (i = 0; i < at_once; i++)
			operation(state);
		times += at_once;
		took = ticks() - begin;
	} while (took < wanted && !options.instructions);
	return (double)took / times;
}

static void use_translations(void)
{
	const size_t page = sysconf(_SC_PAGESIZE), size = TRANSLATIONS * page;
	volatile char *at;
	size_t i;

	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("mmap", at != MAP_FAILED);
	for (i = 0; i < size; i += page)
		at[i] = 1;
	munmap((void *)at, size);
}

/*
 * QEMU's emulation has a table of translations for each processor, and chooses its
 * size when it is emptied, by how full it was. What has had little use for memory
 * leaves a small one to who is measured next; that one looks up nearly each address
 * anew, and takes two or three times as long, until something happens to have the
 * table emptied. So let all begin with large ones.
 */
static void stretch_translations(void)
{
	cpu_set_t all, one;
	int cpu, i;

	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		check("sched_setaffinity", !sched_setaffinity(0, sizeof(one), &one));
		for (i = 0; i < TRANSLATIONS_ROUNDS; i++)
			use_translations();
	}
	check("sched_setaffinity", !sched_setaffinity(0, sizeof(all), &all));
}

static bool is_chosen(const char *name)
{
	char *all, *rest, *pattern;
	bool found = false;

	if (!options.only)
		return true;
	all = strdup(options.only);
	check("memory", all);
	rest = all;
	while (!found && (pattern = strsep(&rest, ",")))
		found = !fnmatch(pattern, name, 0);
	free(all);
	return found;
}

static struct result *add_result(const struct group *g, const struct contender *c)
{
	struct result *r;

	results = reallocarray(results, n_results + 1, sizeof(*results));
	check("memory", results);
	r = &results[n_results++];
	*r = (struct result){ .group = *g, .how = c->name };
	r->values = calloc(METRICS_MAX, sizeof(*r->values));
	check("memory", r->values);
	return r;
}

static void measure(const struct group *g, const struct contender *c, int run,
		    struct result *r)
{
	double values[METRICS_MAX] = { 0 };
	int i;

	show_progress(g, c->name);
	done++;
	if (r->why)
		return;
	if (!options.instructions && !options.quick)
		stretch_translations();
	r->why = c->measure(c, g, values);
	if (r->why || run < 0)
		return;
	for (i = 0; g->metrics[i]; i++)
		r->values[i][run] = values[i];
	r->runs = run + 1;
}

/* Measure all of a group's contenders in turns, after a turn to get warm. */
void compare(const struct group *g)
{
	const int first_run = options.quick ? 0 : -1;
	const struct contender *c, *end = g->contenders + g->n_contenders;
	size_t first = n_results, i;
	int run;

	if (counting) {
		for (c = g->contenders; c < end; c++)
			to_do += is_chosen(c->name) * (options.runs - first_run);
		return;
	}
	for (c = g->contenders; c < end; c++)
		if (is_chosen(c->name))
			add_result(g, c);
	for (run = first_run; run < (int)options.runs; run++) {
		for (c = g->contenders, i = first; c < end; c++)
			if (is_chosen(c->name))
				measure(g, c, run, &results[i++]);
	}
	clear_progress();
	if (n_results > first)
		print_group(&results[first], n_results - first);
}
