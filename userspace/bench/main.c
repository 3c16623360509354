// SPDX-License-Identifier: MIT
/* mmapshare-bench: parse the command line and run the selected experiments. */
#include <argp.h>
#include <err.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

struct options options = {
	.runs = 7,
	.seconds = 0.05,
	.records = 1000000,
	.tmpfs = "/dev/shm",
};

static const struct experiment * const experiments[] = {
	&log_experiment, &bulk_experiment, &touch_experiment, &random_experiment,
	&records_experiment, &readers_experiment, &kernel_experiment, &pingpong_experiment,
	&contend_experiment,
};

static bool selected[ARRAY_SIZE(experiments)];
static const char *json_name, *plot_dir;

static uint64_t parse_bytes(struct argp_state *state, const char *text, char **end)
{
	static const char units[] = "KMG";
	uint64_t n = strtoull(text, end, 0);
	const char *unit = **end ? strchr(units, **end) : NULL;

	if (unit) {
		n <<= 10 * (unit - units + 1);
		++*end;
	}
	if (*end == text || !n)
		argp_error(state, "'%s' is not a size; use for example 512, 64K or 1G", text);
	return n;
}

static void parse_sizes(struct argp_state *state, char *text)
{
	do {
		if (options.n_sizes == SIZES_MAX)
			argp_error(state, "--size accepts at most %d sizes", SIZES_MAX);
		options.sizes[options.n_sizes++] = parse_bytes(state, text, &text);
	} while (*text++ == ',');
	if (text[-1])
		argp_error(state, "'%s' after a size; separate sizes with commas", text - 1);
}

static double parse_number(struct argp_state *state, const char *text, double min,
			   double max)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= min && n <= max))
		argp_error(state, "'%s' is not a number from %g to %g", text, min, max);
	return n;
}

static void select_memory(struct argp_state *state, const char *name)
{
	options.memfd = !strcmp(name, "memfd");
	if (!options.memfd && strcmp(name, "device"))
		argp_error(state, "'%s' is not a memory for rings; use device or memfd", name);
}

static void select_experiment(struct argp_state *state, const char *name)
{
	bool known = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(experiments); i++) {
		if (strcmp(name, experiments[i]->name) && strcmp(name, "all"))
			continue;
		selected[i] = true;
		known = true;
	}
	if (!known)
		argp_error(state, "no experiment is called '%s'; see --help", name);
}

static void set_quick(void)
{
	options.quick = true;
	options.runs = 2;
	options.seconds = 0.001;
	options.records = 1000;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'r':
		options.runs = parse_number(state, arg, 1, RUNS_MAX);
		return 0;
	case 't':
		options.seconds = parse_number(state, arg, 0.000001, 1000000);
		return 0;
	case 'n':
		options.records = parse_number(state, arg, 1, 1000000000000);
		return 0;
	case 's':
		parse_sizes(state, arg);
		return 0;
	case 'o':
		options.only = arg;
		return 0;
	case 'd':
		options.tmpfs = arg;
		return 0;
	case 'm':
		select_memory(state, arg);
		return 0;
	case 'i':
		options.instructions = true;
		return 0;
	case 'q':
		set_quick();
		return 0;
	case 'j':
		json_name = arg;
		return 0;
	case 'p':
		plot_dir = arg;
		return 0;
	case ARGP_KEY_ARG:
		select_experiment(state, arg);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option argp_options[] = {
	{ "runs", 'r', "N", 0, "measure each contender N times (7)", 0 },
	{ "time", 't', "SECONDS", 0, "minimum duration of a measurement (0.05)", 0 },
	{ "size", 's', "BYTES,...", 0, "measure these sizes instead of the default ones", 0 },
	{ "records", 'n', "N", 0, "number of records in the log experiment (1000000)", 0 },
	{ "only", 'o', "PATTERN,...", 0, "only contenders whose names match", 0 },
	{ "tmpfs", 'd', "DIR", 0, "a directory on a tmpfs (/dev/shm)", 0 },
	{ "memory", 'm', "KIND", 0,
	  "put rings into this memory: device, of the module (default), or memfd, without the module",
	  0 },
	{ "instructions", 'i', NULL, 0,
	  "count instructions; needs a machine whose clock does, as QEMU's with -icount shift=0",
	  0 },
	{ "quick", 'q', NULL, 0, "only check that the experiments work", 0 },
	{ "json", 'j', "FILE", 0, "write all measured values to FILE", 0 },
	{ "plot", 'p', "DIR", 0, "write gnuplot files to DIR, and draw them", 0 },
	{ 0 }
};

/* Append each experiment's name and description to --help. */
static char *help(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t i, size;
	FILE *f;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	f = open_memstream(&all, &size);
	if (!f)
		return (char *)text;
	fputs("Experiments:\n", f);
	for (i = 0; i < ARRAY_SIZE(experiments); i++)
		fprintf(f, "  %-10s %s\n", experiments[i]->name, experiments[i]->doc);
	fputs("  all        all experiments\n", f);
	fclose(f);
	return all;
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse,
	.args_doc = "EXPERIMENT...",
	.doc = "Compare mmapshare with other ways to share memory and to pass records.\v ",
	.help_filter = help,
};

/*
 * Check that the clock advances by one with each instruction. The loop is
 * assembler, so that an iteration is exactly two instructions.
 */
static void check_clock(void)
{
#if defined(__x86_64__) || defined(__aarch64__)
	const uint64_t iterations = 10000000;
	uint64_t n = iterations, begin = read_clock(), took;

#ifdef __x86_64__
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(n) : : "cc");
#else
	__asm__ volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(n) : : "cc");
#endif
	took = read_clock() - begin;
	if (took < iterations * 2 || took > iterations * 2 * 1.02)
		errx(1, "--instructions needs QEMU's -icount: %llu ticks for %llu instructions",
		     (unsigned long long)took, (unsigned long long)iterations * 2);
#endif
}

static void run_experiments(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(experiments); i++)
		if (selected[i] && !(options.instructions && experiments[i]->timed_only))
			experiments[i]->run();
}

int main(int argc, char **argv)
{
	FILE *json = NULL;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (options.instructions)
		check_clock();
	/*
	 * open the file first, so that a bad name fails before the measurements
	 */
	if (json_name) {
		json = fopen(json_name, "w");
		if (!json)
			err(1, "cannot write %s", json_name);
	}
	begin_report();
	set_count_only(true);
	run_experiments();
	set_count_only(false);
	run_experiments();
	clear_progress();
	end_report();
	if (json) {
		write_json(json);
		if (fclose(json))
			err(1, "cannot write %s", json_name);
	}
	return plot_dir ? draw_plots(plot_dir) : 0;
}
