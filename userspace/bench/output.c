// SPDX-License-Identifier: MIT
/* Print results as tables, and write all of them as JSON. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "bench.h"

static int compare_values(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The @fraction quantile, interpolated linearly between two values. */
static double quantile(const double *sorted, unsigned int n, double fraction)
{
	const double at = fraction * (n - 1);
	const unsigned int i = at;

	if (i + 1 >= n)
		return sorted[n - 1];
	return sorted[i] + (at - i) * (sorted[i + 1] - sorted[i]);
}

struct summary summarize(const struct result *r, int metric)
{
	double sorted[RUNS_MAX];

	if (!r->runs)
		return (struct summary){ 0 };
	memcpy(sorted, r->values[metric], r->runs * sizeof(*sorted));
	qsort(sorted, r->runs, sizeof(*sorted), compare_values);
	return (struct summary){
		.median = quantile(sorted, r->runs, 0.5),
		.q1 = quantile(sorted, r->runs, 0.25),
		.q3 = quantile(sorted, r->runs, 0.75),
		.min = sorted[0],
	};
}

const char *unit_of(const char *metric)
{
	if (!strcmp(metric, "faults"))
		return "faults";
	return options.instructions ? "instructions" : "ns";
}

/* Returns the name of the contender that @r is paired with, or NULL. */
const char *against(const struct result *r)
{
	const struct pair *p = r->group.pairs;

	while (p && p->name && strcmp(p->name, r->name))
		p++;
	return p ? p->against : NULL;
}

/* Prints the ratio of @r to its pair, which is one of the @n results at @first. */
static void print_pair(const struct result *r, const struct result *first, size_t n)
{
	const char *name = against(r);
	size_t i;

	for (i = 0; i < n && name; i++)
		if (!strcmp(first[i].name, name) && !first[i].reason)
			printf("  %.3f %s", summarize(r, 0).median /
			       summarize(&first[i], 0).median, name);
}

static void print_head(const struct result *r)
{
	int i;

	printf("\n%s %s, %llu %s\n", r->group.experiment, r->group.what,
	       (unsigned long long)r->group.size, r->group.x);
	printf("  %-16s %14s %14s %14s %8s", "", unit_of(r->group.metrics[0]), "1st quartile",
	       "3rd quartile", "first=1");
	for (i = 1; r->group.metrics[i]; i++)
		printf(" %12s", r->group.metrics[i]);
	if (r->group.bytes && !options.instructions)
		printf(" %12s", "MiB/s");
	if (r->group.pairs)
		printf("  against");
	putchar('\n');
}

static void print_row(const struct result *r, double base, const struct result *first, size_t n)
{
	const struct summary s = summarize(r, 0);
	int i;

	if (r->reason) {
		printf("  %-16s %s\n", r->name, r->reason);
		return;
	}
	printf("  %-16s %14.1f %14.1f %14.1f %8.3f", r->name, s.median, s.q1, s.q3,
	       s.median / base);
	for (i = 1; r->group.metrics[i]; i++)
		printf(" %12.0f", summarize(r, i).median);
	if (r->group.bytes && !options.instructions)
		printf(" %12.1f", r->group.bytes * 1e9 / s.median / MIB);
	print_pair(r, first, n);
	putchar('\n');
}

void print_group(const struct result *first, size_t n)
{
	double base = 0;
	size_t i;

	for (i = 0; i < n && !base; i++)
		base = summarize(&first[i], 0).median;
	print_head(first);
	for (i = 0; i < n; i++)
		print_row(&first[i], base, first, n);
	fflush(stdout);
}

static void write_machine(FILE *f)
{
	char cpu[128], memory[64], date[64];
	double load[3] = { 0 };
	const time_t now = time(NULL);
	struct utsname u;

	uname(&u);
	getloadavg(load, 3);
	read_field("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	read_field("/proc/meminfo", "MemTotal", memory, sizeof(memory));
	strftime(date, sizeof(date), "%FT%TZ", gmtime(&now));
	fprintf(f, "  \"date\": \"%s\",\n  \"unit\": \"%s\",\n", date, unit_of("time"));
	fprintf(f, "  \"kernel\": \"%s\",\n  \"machine\": \"%s\",\n", u.release, u.machine);
	fprintf(f, "  \"processor\": \"%s\",\n  \"processors\": %ld,\n", cpu,
		sysconf(_SC_NPROCESSORS_ONLN));
	fprintf(f, "  \"memory\": \"%s\",\n  \"load\": [%.2f, %.2f, %.2f],\n", memory,
		load[0], load[1], load[2]);
	fprintf(f, "  \"rings\": \"%s\",\n", options.memfd ? "memfd" : "device");
	write_report(f);
	fprintf(f, "  \"runs\": %u,\n  \"seconds\": %g,\n", options.runs, options.seconds);
}

static void write_names(FILE *f, const struct result *r)
{
	fprintf(f, "{\"experiment\": \"%s\", \"what\": \"%s\", \"size\": %llu, \"how\": \"%s\"",
		r->group.experiment, r->group.what, (unsigned long long)r->group.size,
		r->name);
}

static void write_metric(FILE *f, const struct result *r, int metric)
{
	const struct summary s = summarize(r, metric);
	const char *name = r->group.metrics[metric];
	unsigned int i;

	write_names(f, r);
	fprintf(f, ", \"metric\": \"%s\", \"unit\": \"%s\"", name, unit_of(name));
	if (against(r))
		fprintf(f, ", \"against\": \"%s\"", against(r));
	fprintf(f, ", \"median\": %.10g, \"q1\": %.10g, \"q3\": %.10g, \"least\": %.10g",
		s.median, s.q1, s.q3, s.min);
	fputs(", \"values\": [", f);
	for (i = 0; i < r->runs; i++)
		fprintf(f, "%s%.10g", i ? ", " : "", r->values[metric][i]);
	fputs("]}", f);
}

/* Writes the results that have values if @measured is set, else the others. */
static void write_results(FILE *f, bool measured)
{
	const char *separator = "\n    ";
	size_t i;
	int metric;

	for (i = 0; i < n_results; i++) {
		if (!results[i].reason != measured)
			continue;
		for (metric = 0; results[i].group.metrics[metric]; metric++) {
			fputs(separator, f);
			separator = ",\n    ";
			if (measured) {
				write_metric(f, &results[i], metric);
				continue;
			}
			write_names(f, &results[i]);
			fprintf(f, ", \"why\": \"%s\"}", results[i].reason);
			break;
		}
	}
}

void write_json(FILE *f)
{
	fputs("{\n", f);
	write_machine(f);
	fputs("  \"results\": [", f);
	write_results(f, true);
	fputs("\n  ],\n  \"impossible\": [", f);
	write_results(f, false);
	fputs("\n  ]\n}\n", f);
}
