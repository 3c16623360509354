// SPDX-License-Identifier: MIT
/*
 * The report: on which machine the program ran, and how much else ran there.
 * It is part of the output and of the JSON, so that results can be compared.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "bench.h"

#define VULNERABILITIES	"/sys/devices/system/cpu/vulnerabilities"
#define GAP		5000	/* nanoseconds */
#define GAP_READS	10
#define ITEMS_MAX	20

/**
 * struct item - a line of the report
 * @name: what it is about
 * @value: printable characters, no quotes and no backslashes
 */
struct item {
	const char *name;
	char value[512];
};

/**
 * struct use - how the processors were used, in ticks
 * @busy: executing anything, by all tasks
 * @stolen: executing something else than this machine
 * @total: all of the time
 * @own: executing this program and its children
 */
struct use {
	unsigned long long busy, stolen, total, own;
};

static struct item items[ITEMS_MAX];
static size_t n_items;
static struct use before;

/* Prints the item, and keeps it for write_report(). */
static void __attribute__((format(printf, 2, 3))) add(const char *name, const char *format, ...)
{
	struct item *item = &items[n_items++];
	va_list args;
	char *c;

	check("items of the report", n_items <= ITEMS_MAX);
	item->name = name;
	va_start(args, format);
	vsnprintf(item->value, sizeof(item->value), format, args);
	va_end(args);
	for (c = item->value; *c; c++)
		if (*c == '"' || *c == '\\' || *c < ' ')
			*c = ' ';
	printf("%-14s %s\n", name, item->value);
}

/* Stores the first line of the file @path in @text, or "". */
static void read_line(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");

	*text = '\0';
	if (f && fgets(text, size, f))
		text[strcspn(text, "\n")] = '\0';
	if (f)
		fclose(f);
}

/* Stores the value of a "field: value" line of @path in @text, or "". */
void read_field(const char *path, const char *field, char *text, size_t size)
{
	char line[256], *colon;
	FILE *f = fopen(path, "r");

	*text = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (strncmp(line, field, strlen(field)) || !colon)
			continue;
		snprintf(text, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
		text[strcspn(text, "\"\\\n")] = '\0';
		break;
	}
	if (f)
		fclose(f);
}

/* Lists the vulnerabilities whose state begins with @state. */
static void list_vulnerabilities(const char *state, char *text, size_t size)
{
	struct dirent **files;
	int n = scandir(VULNERABILITIES, &files, NULL, alphasort), i;
	char path[512], line[256];

	*text = '\0';
	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), VULNERABILITIES "/%s", files[i]->d_name);
		read_line(path, line, sizeof(line));
		if (!strncmp(line, state, strlen(state)))
			snprintf(text + strlen(text), size - strlen(text), " %s",
				 files[i]->d_name);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
	if (!*text)
		snprintf(text, size, n < 0 ? " unknown" : " none");
}

static void add_mitigations(void)
{
	char mitigated[200], vulnerable[200], options_of_kernel[1024];
	const char *option;

	list_vulnerabilities("Mitigation", mitigated, sizeof(mitigated));
	list_vulnerabilities("Vulnerable", vulnerable, sizeof(vulnerable));
	read_line("/proc/cmdline", options_of_kernel, sizeof(options_of_kernel));
	option = strstr(options_of_kernel, "mitigations=");
	add("mitigations", "mitigated:%s; vulnerable:%s; %.*s", mitigated, vulnerable,
	    option ? (int)strcspn(option, " ") : 23, option ? option : "no kernel parameter");
}

static void add_processors(void)
{
	char model[128], cache[64], vendor[64], product[64];

	read_field("/proc/cpuinfo", "model name", model, sizeof(model));
	read_line("/sys/devices/system/cpu/cpu0/cache/index3/size", cache, sizeof(cache));
	read_line("/sys/class/dmi/id/sys_vendor", vendor, sizeof(vendor));
	read_line("/sys/class/dmi/id/product_name", product, sizeof(product));
	add("processors", "%ld x %s, L3 %s", sysconf(_SC_NPROCESSORS_ONLN),
	    *model ? model : "unknown", *cache ? cache : "unknown");
	add("hardware", "%s %s", *vendor ? vendor : "unknown", product);
}

static void add_governor(void)
{
	char governor[64], huge[64];

	read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor,
		  sizeof(governor));
	add("governor", "%s", *governor ? governor : "none");
	read_line("/sys/kernel/mm/transparent_hugepage/enabled", huge, sizeof(huge));
	add("huge pages", "%s", *huge ? huge : "none");
}

/* The least time between two reads of the clock, which may be a system call. */
static uint64_t least_gap(void)
{
	uint64_t least = UINT64_MAX, last = read_clock(), now;
	int i;

	for (i = 0; i < 100; i++) {
		now = read_clock();
		if (now - last < least)
			least = now - last;
		last = now;
	}
	return least;
}

/*
 * Reads the clock again and again. The time between two reads is longer than
 * GAP, and than ten reads take, only if something else had the processor.
 */
static void add_gaps(void)
{
	const uint64_t duration = options.quick ? 1000000 : 200000000;
	const uint64_t reads = GAP_READS * least_gap(), gap = reads > GAP ? reads : GAP;
	uint64_t begin = read_clock(), last = begin, lost = 0, longest = 0, now;

	do {
		now = read_clock();
		if (now - last > gap)
			lost += now - last;
		if (now - last > longest)
			longest = now - last;
		last = now;
	} while (now - begin < duration);
	add("idle test", "a busy loop lost %.1f %% of %.0f ms, at most %.0f us at a time",
	    100.0 * lost / (now - begin), (now - begin) / 1e6, longest / 1e3);
}

/* Fields of "cpu" in /proc/stat: see proc_stat(5). */
static struct use read_use(void)
{
	unsigned long long t[8] = { 0 };
	struct use use = { 0 };
	struct tms own;
	char line[256];
	int i;

	read_line("/proc/stat", line, sizeof(line));
	sscanf(line, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", t, t + 1, t + 2, t + 3,
	       t + 4, t + 5, t + 6, t + 7);
	for (i = 0; i < 8; i++)
		use.total += t[i];
	use.stolen = t[7];
	use.busy = use.total - t[3] - t[4] - t[7];
	times(&own);
	use.own = own.tms_utime + own.tms_stime + own.tms_cutime + own.tms_cstime;
	return use;
}

void begin_report(void)
{
	struct utsname u;
	char memory[64];
	double load[3] = { 0 };

	uname(&u);
	add("kernel", "%s %s %s %s", u.sysname, u.release, u.version, u.machine);
	add_processors();
	read_field("/proc/meminfo", "MemTotal", memory, sizeof(memory));
	add("memory", "%s", memory);
	add_governor();
	add_mitigations();
	getloadavg(load, 3);
	add("load", "%.2f %.2f %.2f", load[0], load[1], load[2]);
	add("rings", options.memfd ?
	    "in a memfd; they sleep and wake by a futex, whose cost is not that of the driver" :
	    "of the module");
	if (!options.instructions)
		add_gaps();
	before = read_use();
}

/* Is the distance between the quartiles more than a tenth of the median? */
static bool is_noisy(const struct result *r)
{
	const struct summary s = summarize(r, 0);

	return !r->reason && s.q3 - s.q1 > s.median / 10;
}

void end_report(void)
{
	const struct use after = read_use();
	const double total = after.total - before.total;
	double others = (double)(after.busy - before.busy) - (double)(after.own - before.own);
	size_t noisy = 0, measured = 0, i;

	for (i = 0; i < n_results; i++) {
		measured += !results[i].reason;
		noisy += is_noisy(&results[i]);
	}
	putchar('\n');
	if (total > 0)
		add("other tasks", "had %.1f %% of the processors, other machines %.1f %%",
		    others > 0 ? 100 * others / total : 0,
		    100 * (after.stolen - before.stolen) / total);
	add("noise", "%zu of %zu results have quartiles more than a tenth apart", noisy, measured);
}

/* The report as members of a JSON object. */
void write_report(FILE *f)
{
	size_t i;

	fputs("  \"report\": {", f);
	for (i = 0; i < n_items; i++)
		fprintf(f, "%s\n    \"%s\": \"%s\"", i ? "," : "", items[i].name, items[i].value);
	fputs("\n  },\n", f);
}
