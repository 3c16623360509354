// SPDX-License-Identifier: MIT
/*
 * Measure contenders in turns, so that other load on the machine affects all of
 * them alike, and store the results.
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

#define BAR		40	/* characters of the progress bar */
/* Limits of bytes and of operations in a run when instructions are counted. */
#define FIXED_BYTES	(1 * MIB)
#define FIXED_TIMES	200
/* Pages to touch and unmap, and how often, so that QEMU enlarges its TLB. */
#define TLB_PAGES	1024
#define TLB_ROUNDS	6

const char * const time_metric[] = { "time", NULL };

struct result *results;
size_t n_results;

static bool counting;
static unsigned long n_measurements, n_done;

void fail(const char *what)
{
	clear_progress();
	if (errno)
		err(1, "%s", what);
	errx(1, "%s", what);
}

/* Returns nanoseconds, or instructions on a machine whose clock counts them. */
uint64_t read_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static bool has_terminal(void)
{
	const char *type = getenv("TERM");

	return isatty(STDERR_FILENO) && type && strcmp(type, "dumb");
}

static void show_progress(const struct group *g, const char *name)
{
	char bar[BAR + 1] = "";

	if (!has_terminal())
		return;
	memset(bar, ' ', BAR);
	memset(bar, '#', BAR * n_done / n_measurements);
	fprintf(stderr, "\r\033[K[%s] %3lu%% %s %s %llu %s", bar,
		100 * n_done / n_measurements, g->experiment, g->what,
		(unsigned long long)g->size, name);
}

void clear_progress(void)
{
	if (has_terminal())
		fputs("\r\033[K", stderr);
}

/*
 * While this is on, compare() only counts measurements, for the progress bar.
 */
void set_count_only(bool on)
{
	counting = on;
}

/*
 * Stores the sizes to measure: those of --size, else the experiment's @own
 * sizes. When instructions are counted, sizes above @max are left out: they
 * take long and add nothing.
 */
size_t choose_sizes(const uint64_t *own, size_t n, uint64_t max, uint64_t *sizes)
{
	size_t i, count = 0;

	if (options.n_sizes) {
		memcpy(sizes, options.sizes, sizeof(options.sizes));
		return options.n_sizes;
	}
	if (!options.instructions)
		max = UINT64_MAX;
	if (options.quick)
		max = own[0];
	for (i = 0; i < n; i++)
		if (own[i] <= max)
			sizes[count++] = own[i];
	return count;
}

/*
 * When instructions are counted, let the kernel finish deferred work first,
 * such as freeing memory. Sleeping executes no instructions.
 */
void settle(void)
{
	const struct timespec t = { .tv_nsec = 100000000 };

	if (options.instructions)
		nanosleep(&t, NULL);
}

static uint64_t choose_fixed_times(uint64_t bytes)
{
	const uint64_t times = bytes ? FIXED_BYTES / bytes : FIXED_TIMES;

	return times > FIXED_TIMES ? FIXED_TIMES : times ? times : 1;
}

/*
 * Returns the average duration of an operation on @bytes. Does it once to warm
 * up, then repeats it for the duration of a run, or a fixed number of times
 * when instructions are counted. Reads the clock after each operation only if
 * one takes 10 us or more.
 */
double per_operation(void (*operation)(void *state), void *state, uint64_t bytes)
{
	const uint64_t duration = options.seconds * 1e9;
	uint64_t begin, took, times = 0, batch = 1, i;

	begin = read_clock();
	operation(state);
	took = read_clock() - begin;
	if (options.instructions)
		batch = choose_fixed_times(bytes);
	else if (took < 10000)
		batch = 10000 / (took + 1) + 1;
	settle();
	begin = read_clock();
	do {
		for (i = 0; i < batch; i++)
			operation(state);
		times += batch;
		took = read_clock() - begin;
	} while (took < duration && !options.instructions);
	return (double)took / times;
}

static void touch_and_unmap(void)
{
	const size_t page = sysconf(_SC_PAGESIZE), size = TLB_PAGES * page;
	volatile char *at;
	size_t i;

	at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("mmap", at != MAP_FAILED);
	for (i = 0; i < size; i += page)
		at[i] = 1;
	munmap((void *)at, size);
}

/*
 * Without KVM, QEMU emulates a TLB for each processor. It chooses the TLB's
 * size when the TLB is flushed, by how full it was. A contender that touches
 * little memory would leave a small TLB to the next one, which would then take
 * two or three times as long, until the next flush. So start each contender
 * with large TLBs.
 *
 * User-mode Linux emulates nothing, and takes long for page faults.
 */
static void enlarge_tlbs(void)
{
	cpu_set_t all, one;
	char vendor[64];
	int cpu, i;

	read_field("/proc/cpuinfo", "vendor_id", vendor, sizeof(vendor));
	if (!strcmp(vendor, "User Mode Linux"))
		return;
	check("sched_getaffinity", !sched_getaffinity(0, sizeof(all), &all));
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		check("sched_setaffinity", !sched_setaffinity(0, sizeof(one), &one));
		for (i = 0; i < TLB_ROUNDS; i++)
			touch_and_unmap();
	}
	check("sched_setaffinity", !sched_setaffinity(0, sizeof(all), &all));
}

static bool is_selected(const char *name)
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
	*r = (struct result){ .group = *g, .name = c->name };
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
	n_done++;
	if (r->reason)
		return;
	if (!options.instructions && !options.quick)
		enlarge_tlbs();
	r->reason = c->measure(c, g, values);
	if (r->reason || run < 0)
		return;
	for (i = 0; g->metrics[i]; i++)
		r->values[i][run] = values[i];
	r->runs = run + 1;
}

/* Measures the selected contenders of @g in turns; the first turn warms up. */
void compare(const struct group *g)
{
	const int first_run = options.quick ? 0 : -1;
	const struct contender *c, *end = g->contenders + g->n_contenders;
	size_t first = n_results, i;
	int run;

	if (counting) {
		for (c = g->contenders; c < end; c++)
			n_measurements += is_selected(c->name) * (options.runs - first_run);
		return;
	}
	for (c = g->contenders; c < end; c++)
		if (is_selected(c->name))
			add_result(g, c);
	for (run = first_run; run < (int)options.runs; run++) {
		for (c = g->contenders, i = first; c < end; c++)
			if (is_selected(c->name))
				measure(g, c, run, &results[i++]);
	}
	clear_progress();
	if (n_results > first)
		print_group(&results[first], n_results - first);
}
