// SPDX-License-Identifier: MIT
/* list, watch and info */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"

struct regions {
	struct mmapshare_query *all;
	size_t count;
};

static int compare_names(const void *a, const void *b)
{
	const struct mmapshare_query *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct regions get_regions(void)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	struct regions r = { 0 };
	struct mmapshare_list *list;
	int ret;

	ret = mmapshare_list_open(&list);
	if (ret)
		fail_error(OP_LIST, NULL, NULL, ret);
	while ((ret = mmapshare_list_next(list, &query)) == 1) {
		/* double the array when the count is a power of two */
		if (!(r.count & (r.count - 1))) {
			r.all = reallocarray(r.all, r.count ? 2 * r.count : 1,
					     sizeof(*r.all));
			if (!r.all)
				fail("%s", strerror(ENOMEM));
		}
		r.all[r.count++] = query;
	}
	if (ret)
		fail_error(OP_LIST, NULL, NULL, ret);
	mmapshare_list_close(list);
	if (r.count)
		qsort(r.all, r.count, sizeof(*r.all), compare_names);
	return r;
}

static const char *strategy_text(uint32_t strategy)
{
	const char *name = mmapshare_strategy_name(strategy);

	return name ? name : "unknown";
}

static const char *kind_text(uint32_t ring)
{
	return ring & MMAPSHARE_RING ? "ring" : "plain";
}

static int name_width(const struct regions *r)
{
	size_t width = 4, i;

	for (i = 0; i < r->count; i++)
		if (strlen(r->all[i].name) > width)
			width = strlen(r->all[i].name);
	return width;
}

static void print_heading(int width, bool faults)
{
	printf("%-*s %10s %-8s %-5s %-4s %-8s %-8s %5s %5s%s\n", width, "NAME", "SIZE",
	       "STRATEGY", "KIND", "MODE", "OWNER", "GROUP", "FILES", "MAPS",
	       faults ? "   FAULTS" : "");
}

static void print_row(const struct mmapshare_query *q, int width, bool faults)
{
	char size[BYTES_TEXT];
	unsigned long long n;

	printf("%-*s %10s %-8s %-5s %-4o %-8s %-8s %5llu %5llu", width, q->name,
	       bytes_text(q->region_size, size), strategy_text(q->strategy),
	       kind_text(q->ring), q->mode, user_text(q->uid), group_text(q->gid),
	       q->files, q->maps);
	if (faults && sysfs_counter(q->name, "faults", &n))
		printf(" %8llu", n);
	putchar('\n');
}

/* Print the names of the set bits, as words or as a JSON array. */
static void print_names(const struct bit_name *names, size_t count,
			unsigned long long bits, bool json)
{
	const char *gap = "";
	size_t i;

	if (json)
		putchar('[');
	for (i = 0; i < count; i++) {
		if (!(bits & names[i].bit))
			continue;
		printf(json ? "%s\"%s\"" : "%s%s", gap, names[i].name);
		gap = json ? ", " : " ";
	}
	if (json)
		putchar(']');
}

static void print_json_seals(unsigned long long seals)
{
	printf(", \"seals\": ");
	print_names(seal_names, SEAL_NAMES, seals, true);
}

static const struct bit_name ring_names[] = {
	{ MMAPSHARE_RING_OVERWRITE, "overwrite" },
	{ MMAPSHARE_RING_READERS_HOLD, "readers-hold" },
	{ MMAPSHARE_RING_KERNEL_PRODUCER, "kernel-producer" },
	{ MMAPSHARE_RING_KERNEL_CONSUMER, "kernel-consumer" },
};

static void print_json_ring(uint32_t ring)
{
	printf(", \"ring\": ");
	if (ring & MMAPSHARE_RING)
		print_names(ring_names, ARRAY_SIZE(ring_names), ring, true);
	else
		printf("null");
}

/* No name, path or strategy has a character that JSON needs escaped. */
static void print_members(const struct mmapshare_query *q)
{
	unsigned long long seals;

	printf("\"name\": \"%s\", \"path\": \"/dev/mmapshare-%s\", \"id\": %u, "
	       "\"size\": %llu, \"strategy\": \"%s\", \"mode\": \"%04o\", "
	       "\"uid\": %u, \"gid\": %u, \"files\": %llu, \"maps\": %llu",
	       q->name, q->name, q->id, q->region_size, strategy_text(q->strategy),
	       q->mode, q->uid, q->gid, q->files, q->maps);
	print_json_ring(q->ring);
	if (sysfs_counter(q->name, "seals", &seals))
		print_json_seals(seals);
}

struct list_args {
	bool json;
	bool no_heading;
};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
	struct list_args *o = state->input;

	switch (key) {
	case 'j':
		o->json = true;
		return 0;
	case 'n':
		o->no_heading = true;
		return 0;
	case ARGP_KEY_ARG:
		fail_usage("'%s': list takes no arguments; see mmapshare info for one region", arg);
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option list_options[] = {
	{ "json", 'j', NULL, 0, "use JSON output format", 0 },
	{ "no-headings", 'n', NULL, 0, "omit the heading line", 0 },
	{ 0 }
};

static const struct argp list_argp = {
	.options = list_options,
	.parser = parse_list,
	.doc = "List all named regions.",
};

int cmd_list(int argc, char **argv)
{
	struct list_args o = { 0 };
	struct regions r;
	size_t i;

	parse_arguments(&list_argp, argc, argv, &o);
	r = get_regions();
	if (o.json) {
		for (i = 0; i < r.count; i++) {
			printf(i ? ",\n {" : "[{");
			print_members(&r.all[i]);
			putchar('}');
		}
		printf("%s]\n", r.count ? "" : "[");
	} else {
		const int width = name_width(&r);

		if (!o.no_heading)
			print_heading(width, false);
		for (i = 0; i < r.count; i++)
			print_row(&r.all[i], width, false);
	}
	free(r.all);
	return STATUS_OK;
}

struct watch_args {
	double interval;
	uint64_t count;
};

static error_t parse_watch(int key, char *arg, struct argp_state *state)
{
	struct watch_args *o = state->input;

	switch (key) {
	case 'n':
		o->interval = parse_seconds(arg);
		return 0;
	case 'c':
		o->count = parse_number(arg, "COUNT");
		return 0;
	case ARGP_KEY_ARG:
		fail_usage("'%s': watch takes no arguments; see mmapshare info for one region",
			   arg);
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option watch_options[] = {
	{ "count", 'c', "COUNT", 0, "exit after COUNT updates (default: until interrupted)", 0 },
	{ "interval", 'n', "SECONDS", 0, "update interval (default 1)", 0 },
	{ 0 }
};

static const struct argp watch_argp = {
	.options = watch_options,
	.parser = parse_watch,
	.doc = "Show all named regions and their page faults, periodically.",
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

/*
 * The number of regions to print: 4 lines of a terminal are for other output.
 */
static size_t rows_on_terminal(bool terminal, size_t wanted)
{
	struct winsize size;

	if (!terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_row < 5)
		return wanted;
	return wanted < size.ws_row - 4U ? wanted : size.ws_row - 4U;
}

static void show_regions(bool terminal)
{
	struct regions r = get_regions();
	const size_t rows = rows_on_terminal(terminal, r.count);
	const int width = name_width(&r);
	char text[BYTES_TEXT];
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < r.count; i++)
		bytes += r.all[i].region_size;
	if (terminal)
		printf("\033[H\033[J");
	printf("regions %zu, total size %s\n", r.count, bytes_text(bytes, text));
	print_heading(width, true);
	for (i = 0; i < rows; i++)
		print_row(&r.all[i], width, true);
	if (rows < r.count)
		printf("... and %zu more\n", r.count - rows);
	free(r.all);
}

/* On a terminal, draw on the alternate screen and restore the primary one. */
int cmd_watch(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = interrupt };
	struct watch_args o = { .interval = 1 };
	const bool terminal = isatty(STDOUT_FILENO);
	struct timespec pause;
	uint64_t round;

	parse_arguments(&watch_argp, argc, argv, &o);
	pause.tv_sec = o.interval;
	pause.tv_nsec = (o.interval - pause.tv_sec) * 1e9;
	if (terminal) {
		sigaction(SIGINT, &action, NULL);
		sigaction(SIGTERM, &action, NULL);
		printf("\033[?1049h");
	}
	for (round = 0; !interrupted && (!o.count || round < o.count); round++) {
		if (round && !terminal)
			putchar('\n');
		if (round && nanosleep(&pause, NULL))
			break;
		show_regions(terminal);
		fflush(stdout);
		if (ferror(stdout))
			break;
	}
	if (terminal)
		printf("\033[?1049l");
	return STATUS_OK;
}

static const struct bit_name features[] = {
	{ MMAPSHARE_FEAT_COW, "cow" },
	{ MMAPSHARE_FEAT_GUP, "gup" },
	{ MMAPSHARE_FEAT_DONTNEED, "dontneed" },
	{ MMAPSHARE_FEAT_FUTEX, "futex" },
	{ MMAPSHARE_FEAT_DUMP, "dump" },
	{ MMAPSHARE_FEAT_HUGE, "huge" },
	{ MMAPSHARE_FEAT_REVOKE, "revoke" },
};

struct info_args {
	const char *name;
	bool json;
	bool has_query;
	bool has_info;
	struct mmapshare_query query;
	struct mmapshare_info info;
};

/* Without permission to open a named region, its seals are read from sysfs. */
static bool get_seals(const struct info_args *f, unsigned long long *seals)
{
	*seals = f->info.seals;
	return f->has_info || sysfs_counter(f->query.name, "seals", seals);
}

static void print_query_facts(const struct info_args *f)
{
	const struct mmapshare_query *q = &f->query;
	unsigned long long faults;

	printf("name        %s\n", q->name);
	printf("path        /dev/mmapshare-%s\n", q->name);
	printf("owner       %s\n", user_text(q->uid));
	printf("group       %s\n", group_text(q->gid));
	printf("mode        %04o at creation\n", q->mode);
	printf("files       %llu open\n", q->files);
	if (sysfs_counter(q->name, "faults", &faults))
		printf("faults      %llu\n", faults);
}

static void print_facts(const struct info_args *f)
{
	const struct mmapshare_info *info = &f->info;
	const uint32_t ring = f->has_info ? info->ring : f->query.ring;
	unsigned long long seals;
	char text[BYTES_TEXT];

	if (f->has_query)
		print_query_facts(f);
	else
		printf("path        %s\n", region_text(f->name));
	printf("size        %s\n", bytes_text(f->has_info ? info->region_size :
	       f->query.region_size, text));
	printf("strategy    %s\n", strategy_text(f->has_info ? info->strategy :
	       f->query.strategy));
	printf("kind        %s%s", kind_text(ring), ring & ~MMAPSHARE_RING ? " " : "");
	print_names(ring_names, ARRAY_SIZE(ring_names), ring, false);
	putchar('\n');
	printf("maps        %llu\n", f->has_info ? info->maps : f->query.maps);
	if (get_seals(f, &seals)) {
		printf("seals       %s", seals ? "" : "none");
		print_names(seal_names, SEAL_NAMES, seals, false);
		putchar('\n');
	}
	if (!f->has_info) {
		printf("more        requires permission to read it\n");
		return;
	}
	printf("features    ");
	print_names(features, ARRAY_SIZE(features), info->features, false);
	printf("\npage size   %s\n", bytes_text(info->page_size, text));
	printf("huge pages  %s", bytes_text(info->huge_bytes, text));
	if (info->huge_bytes)
		printf(", %s each", bytes_text(info->huge_page_size, text));
	printf("\nABI version %u\n", info->abi_version);
}

/* The members that list prints, if known, then those of an open region. */
static void print_json_facts(const struct info_args *f)
{
	const struct mmapshare_info *info = &f->info;

	putchar('{');
	if (f->has_query) {
		print_members(&f->query);
	} else {
		printf("\"size\": %llu, \"strategy\": \"%s\", \"maps\": %llu",
		       info->region_size, strategy_text(info->strategy), info->maps);
		print_json_ring(info->ring);
		print_json_seals(info->seals);
	}
	if (f->has_info) {
		printf(", \"features\": ");
		print_names(features, ARRAY_SIZE(features), info->features, true);
		printf(", \"page_size\": %u, \"huge_page_size\": %u, "
		       "\"huge_bytes\": %llu, \"abi_version\": %u",
		       info->page_size, info->huge_page_size, info->huge_bytes,
		       info->abi_version);
	}
	printf("}\n");
}

static error_t parse_info(int key, char *arg, struct argp_state *state)
{
	struct info_args *f = state->input;

	switch (key) {
	case 'j':
		f->json = true;
		return 0;
	case ARGP_KEY_ARG:
		if (f->name)
			fail_usage("'%s': extra argument; only one REGION is allowed", arg);
		f->name = arg;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option info_options[] = {
	{ "json", 'j', NULL, 0, "use JSON output format", 0 },
	{ 0 }
};

static const struct argp info_argp = {
	.options = info_options,
	.parser = parse_info,
	.args_doc = "[REGION]",
	.doc = "Print facts about REGION (default /dev/mmapshare). For a named region, some are "
	       "available without permission to open it.",
};

int cmd_info(int argc, char **argv)
{
	struct info_args f = {
		.query.size = sizeof(f.query),
		.info.size = sizeof(f.info),
	};
	struct mmapshare *region;
	int ret;

	parse_arguments(&info_argp, argc, argv, &f);
	if (f.name) {
		if (!strchr(f.name, '/'))
			check_name(f.name);
		f.has_query = !query_region(f.name, &f.query);
	}
	ret = mmapshare_open(&region, f.name, MMAPSHARE_READ);
	if (ret && !(f.has_query && ret == -EACCES))
		fail_error(OP_OPEN, f.name, NULL, ret);
	if (!ret) {
		f.has_info = !mmapshare_get_info(region, &f.info);
		mmapshare_close(region);
	}
	if (f.json)
		print_json_facts(&f);
	else
		print_facts(&f);
	return STATUS_OK;
}
