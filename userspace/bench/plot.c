// SPDX-License-Identifier: MIT
/*
 * Plots: write a gnuplot file for each measurement and draw it. The file
 * contains the data, so that it can be drawn again, also on another machine.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bench.h"

extern char **environ;

static bool is_same_plot(const struct result *a, const struct result *b)
{
	return !strcmp(a->group.experiment, b->group.experiment) &&
	       !strcmp(a->group.what, b->group.what);
}

/* Colours that can be distinguished on screen and in print. */
static const char * const colours[] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9",
	"#7f3c8d", "#b2182b", "#808080",
};

/* Formats the size of @g with a unit: "256 MiB". */
static const char *format_size(char *text, size_t size, const struct group *g)
{
	static const char * const units[] = { "bytes", "KiB", "MiB", "GiB" };
	unsigned long long n = g->size;
	size_t unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && n && n % 1024 == 0) {
		n /= 1024;
		unit++;
	}
	snprintf(text, size, "%llu %s", n, units[unit]);
	return text;
}

/* Number of results from @first on that belong in the same plot. */
static size_t count_plot_results(size_t first)
{
	size_t i = first;

	while (i < n_results && is_same_plot(&results[i], &results[first]))
		i++;
	return i - first;
}

/*
 * Operations that move bytes are drawn as MiB/s, unless instructions are
 * counted.
 */
static bool is_rate(const struct group *g)
{
	return g->bytes && !options.instructions;
}

static double compute_y(const struct group *g, double value)
{
	return is_rate(g) ? g->bytes / value * 1e9 / MIB : value;
}

static void write_point(FILE *f, const struct result *r, const char *x)
{
	const struct summary s = summarize(r, 0);
	const double a = compute_y(&r->group, s.q1), b = compute_y(&r->group, s.q3);

	fprintf(f, "%s %.10g %.10g %.10g\n", x, compute_y(&r->group, s.median),
		a < b ? a : b, a < b ? b : a);
}

static const char *choose_y_label(const struct group *g)
{
	if (is_rate(g))
		return "MiB/s (more is better)";
	return options.instructions ? "guest instructions, no measure of speed" :
				      "ns (less is better)";
}

static void write_head(FILE *f, const char *name, const struct group *g)
{
	fputs("# gnuplot input, written by mmapshare-bench\n"
	      "set terminal svg size 960,540 dynamic background rgb 'white' font 'sans,13'\n",
	      f);
	fprintf(f, "set output '%s.svg'\n", name);
	fprintf(f, "set title '%s: %s' noenhanced\n", g->experiment, g->what);
	fprintf(f, "set ylabel '%s'\nset grid\n", choose_y_label(g));
}

static bool is_first_of_name(size_t first, size_t i)
{
	size_t j;

	for (j = first; j < i; j++)
		if (!strcmp(results[j].name, results[i].name))
			return false;
	return true;
}

static bool is_tmpfs(const char *name)
{
	const size_t n = strlen(name);

	return n > 6 && !strcmp(name + n - 6, "-tmpfs");
}

/*
 * Is this result "read-tmpfs", for example, and the one before it
 * "read-device"? Their lines have the same colour, and the second one is
 * dashed.
 */
static bool has_device_line(size_t first, size_t i)
{
	const char *name = results[i].name, *before = i > first ? results[i - 1].name : "";
	const size_t prefix = strcspn(name, "-") + 1;

	return is_tmpfs(name) && !strncmp(name, before, prefix) &&
	       !strcmp(before + prefix, "device");
}

static size_t choose_colour(size_t first, size_t i)
{
	size_t j, colour = 0;

	for (j = first; j < i; j++)
		colour += is_first_of_name(first, j) && !has_device_line(first, j);
	return colour - has_device_line(first, i);
}

/* A line for each contender; the x axis is the size. */
static void write_lines(FILE *f, size_t first, size_t n)
{
	const struct group *g = &results[first].group;
	const bool bytes = !strcmp(g->x, "bytes");
	size_t i, j, lines = 0;
	char x[32];

	for (i = first; i < first + n; i++) {
		if (!is_first_of_name(first, i))
			continue;
		fprintf(f, "$line%zu << END\n", lines++);
		for (j = i; j < first + n; j++) {
			snprintf(x, sizeof(x), "%llu",
				 (unsigned long long)results[j].group.size);
			if (!strcmp(results[j].name, results[i].name) && !results[j].reason)
				write_point(f, &results[j], x);
		}
		fputs("END\n", f);
	}
	fprintf(f, "set xlabel '%s'\nset key outside right noenhanced\n", g->x);
	if (bytes)
		fputs("set logscale x 2\nset logscale y\n"
		      "set format x '%.0b%B'\nset format y '%.0s%c'\n", f);
	else
		fprintf(f, "set xtics 1\nset yrange [0:*]\nset xrange [0.5:%llu.5]\n"
			"set format y '%%.1s%%c'\n",
			(unsigned long long)results[first + n - 1].group.size);
	for (i = first, lines = 0; i < first + n; i++) {
		if (!is_first_of_name(first, i))
			continue;
		fprintf(f, "%s $line%zu using 1:2:3:4 with yerrorlines lw 1.5",
			lines ? ", \\\n\t" : "plot", lines);
		fprintf(f, " lc rgb '%s' pt %zu dt %d title '%s'",
			colours[choose_colour(first, i) % ARRAY_SIZE(colours)], lines + 1,
			is_tmpfs(results[i].name) ? 2 : 1, results[i].name);
		lines++;
	}
	fputc('\n', f);
}

/* A bar for each contender. */
static void write_bars(FILE *f, size_t first, size_t n)
{
	char x[80];
	size_t i;

	fputs("$bars << END\n", f);
	for (i = first; i < first + n; i++) {
		if (results[i].reason)
			continue;
		snprintf(x, sizeof(x), "\"%s\"", results[i].name);
		write_point(f, &results[i], x);
	}
	fputs("END\n"
	      "set style fill solid 0.6\nset boxwidth 0.7\nunset key\nset yrange [0:*]\n"
	      "set xtics rotate by -35 noenhanced\nset format y '%g'\n"
	      "set rmargin 10\nset bmargin 6\nset offsets 0.2, 0.2, graph 0.08, 0\n"
	      "plot $bars using 0:2:3:4:(0.7):xtic(1) with boxerrorbars lc rgb '#0072b2', \\\n"
	      "\t$bars using 0:4:(sprintf($2 < 100 ? '%.3g' : '%.0f', $2)) \\\n"
	      "\twith labels offset 0,0.8\n", f);
}

/* A bar for each contender, stacked from the parts of its total. */
static void write_stacks(FILE *f, size_t first, size_t n)
{
	const struct group *g = &results[first].group;
	char size[32];
	int metric;
	size_t i;

	fputs("$bars << END\n", f);
	for (i = first; i < first + n; i++) {
		if (results[i].reason)
			continue;
		fprintf(f, "\"%s\"", results[i].name);
		for (metric = 1; metric <= g->n_parts; metric++)
			fprintf(f, " %.10g", summarize(&results[i], metric).median);
		fputc('\n', f);
	}
	fprintf(f, "END\nset title '%s: %s, %s' noenhanced\n", g->experiment, g->what,
		format_size(size, sizeof(size), g));
	fputs("set style data histograms\nset style histogram rowstacked\n"
	      "set style fill solid 0.7\nset boxwidth 0.7\nset yrange [0:*]\n"
	      "set xtics noenhanced\nset format y '%.0s%c'\nset key outside right\n", f);
	for (metric = 1; metric <= g->n_parts; metric++)
		fprintf(f, "%s $bars using %d%s lc rgb '%s' title '%s'",
			metric > 1 ? ", \\\n\t" : "plot", metric + 1,
			metric > 1 ? "" : ":xtic(1)", colours[metric - 1],
			g->metrics[metric]);
	fputc('\n', f);
}

/* Returns 0 if it was drawn, or if there is no gnuplot. */
static int draw_plot(const char *name)
{
	char * const argv[] = { "gnuplot", (char *)name, NULL };
	static bool missing;
	int status = 0;
	pid_t pid;

	if (missing)
		return 0;
	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno == ENOENT) {
		warnx("gnuplot was not found: only the .gp files were written");
		missing = true;
		return 0;
	}
	check("gnuplot", !errno && waitpid(pid, &status, 0) == pid);
	return status ? 1 : 0;
}

static int write_plot(const char *name, size_t first, size_t n,
		      void (*write)(FILE *f, size_t first, size_t n))
{
	char path[100];
	FILE *f;

	snprintf(path, sizeof(path), "%s.gp", name);
	f = fopen(path, "w");
	check(path, f);
	write_head(f, name, &results[first].group);
	write(f, first, n);
	check(path, !fclose(f));
	return draw_plot(path);
}

/* Number of results from @first on, at most @n, of the same size. */
static size_t count_group_results(size_t first, size_t n)
{
	size_t i = 0;

	while (i < n && results[first + i].group.size == results[first].group.size)
		i++;
	return i;
}

/*
 * Write a plot over all sizes and, if the first metric is a sum, a plot of its
 * parts for each size.
 */
static int write_plots(size_t first, size_t n)
{
	const struct group *g = &results[first].group;
	size_t i, length = count_group_results(first, n);
	char name[80];
	int ret;

	snprintf(name, sizeof(name), "%s-%s", g->experiment, g->what);
	ret = write_plot(name, first, n, length < n ? write_lines : write_bars);
	for (i = first; g->n_parts && i < first + n; i += length) {
		length = count_group_results(i, first + n - i);
		snprintf(name, sizeof(name), "%s-%s-%llu", g->experiment, g->what,
			 (unsigned long long)results[i].group.size);
		ret |= write_plot(name, i, length, write_stacks);
	}
	return ret;
}

int draw_plots(const char *dir)
{
	size_t i, n;
	int ret = 0;

	check(dir, (!mkdir(dir, 0777) || errno == EEXIST) && !chdir(dir));
	for (i = 0; i < n_results; i += n) {
		n = count_plot_results(i);
		ret |= write_plots(i, n);
	}
	return ret;
}
