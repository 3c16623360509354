// SPDX-License-Identifier: MIT
/* Command line values, messages, and small helpers. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "cli.h"

void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "mmapshare %s\n", mmapshare_version());
}

static void print_message(const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", program_invocation_name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args);
	va_end(args);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args);
	va_end(args);
	exit(STATUS_FAILED);
}

void fail_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_message(format, args);
	va_end(args);
	exit(STATUS_USAGE);
}

/* getopt prints its own message; argp would add a second line. */
error_t parse_other(int key, struct argp_state *state)
{
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->err_stream = NULL;
	return 0;
}

static error_t parse_help(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	if (key != 'h')
		return ARGP_ERR_UNKNOWN;
	argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
	return 0;
}

static const struct argp_option help_options[] = {
	{ NULL, 'h', NULL, 0, "same as --help", -1 },
	{ 0 }
};

static const struct argp help_argp = {
	.options = help_options,
	.parser = parse_help,
};

#define CHILDREN_MAX	1

error_t parse_with_help(const struct argp *argp, int argc, char **argv, unsigned int flags,
			void *input)
{
	struct argp_child children[CHILDREN_MAX + 2] = { 0 };
	struct argp whole = *argp;
	size_t n = 0;

	/* the command's own child is the first: its input is child_inputs[0] */
	if (argp->children)
		for (; argp->children[n].argp && n < CHILDREN_MAX; n++)
			children[n] = argp->children[n];
	children[n].argp = &help_argp;
	whole.children = children;
	return argp_parse(&whole, argc, argv, flags, NULL, input);
}

/*
 * No option is a digit. So a word such as "-5" is a number, unless it is the value
 * of the option before it.
 */
static void refuse_negative_numbers(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (argv[i][0] == '-' && isdigit((unsigned char)argv[i][1]) &&
		    argv[i - 1][0] != '-')
			fail_usage("'%s': a number must not be negative", argv[i]);
}

static unsigned int parse_flags;

void disable_help(void)
{
	parse_flags = ARGP_NO_HELP;
}

void parse_arguments(const struct argp *argp, int argc, char **argv, void *input)
{
	if (is_completing())
		complete_argument(argp, argc, argv);
	refuse_negative_numbers(argc, argv);
	if (parse_with_help(argp, argc, argv, parse_flags, input))
		exit(STATUS_USAGE);
}

uint64_t parse_number(const char *text, const char *what)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	char *end;
	uint64_t n;
	int shift = 0;

	errno = 0;
	n = strtoull(text, &end, 0);
	suffix = *end ? strchr(suffixes, *end & ~('a' - 'A')) : NULL;
	if (suffix) {
		shift = 10 * (suffix - suffixes + 1);
		end++;
	}
	/* strtoull() would accept leading signs and spaces */
	if (*text < '0' || *text > '9' || *end)
		fail_usage("'%s': %s must be a number, optionally with the suffix K, M, G or T",
			   text, what);
	if (errno || n > UINT64_MAX >> shift)
		fail_usage("'%s': %s is too large", text, what);
	return n << shift;
}

uint64_t parse_size(const char *text)
{
	const uint64_t size = parse_number(text, "SIZE");

	if (!size)
		fail_usage("'%s': SIZE must be at least 1", text);
	return size;
}

unsigned int parse_mode(const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || mode > 0777)
		fail_usage("'%s': MODE must be an octal number from 0 to 777", text);
	return mode;
}

static bool is_seconds(const char *text, double min, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	return end != text && !*end && *seconds >= min && *seconds <= 1000000;
}

double parse_seconds(const char *text)
{
	double n;

	if (!is_seconds(text, 0.01, &n))
		fail_usage("'%s': SECONDS must be from 0.01 to 1000000", text);
	return n;
}

double parse_timeout(const char *text)
{
	double n;

	if (!is_seconds(text, 0, &n))
		fail_usage("'%s': SECONDS must be from 0 to 1000000", text);
	return n;
}

static bool is_name(const char *name)
{
	const size_t length = strlen(name);
	size_t i;

	for (i = 0; i < length; i++)
		if (!isascii(name[i]) || (!isalnum(name[i]) && !strchr("._-", name[i])))
			return false;
	return length && length < MMAPSHARE_NAME_SIZE &&
	       strcmp(name, ".") && strcmp(name, "..");
}

void check_name(const char *name)
{
	if (!is_name(name))
		fail_usage("'%s': NAME must be 1 to 63 of A-Z a-z 0-9 . _ -, not '.' or '..'",
			   name);
}

const char *bytes_text(uint64_t bytes, char text[BYTES_TEXT])
{
	static const char suffixes[] = "KMGT";
	int i = -1;

	while (i < 3 && bytes && !(bytes & 1023)) {
		bytes >>= 10;
		i++;
	}
	if (i < 0)
		snprintf(text, BYTES_TEXT, "%llu", (unsigned long long)bytes);
	else
		snprintf(text, BYTES_TEXT, "%llu%c", (unsigned long long)bytes,
			 suffixes[i]);
	return text;
}

const char *region_text(const char *name)
{
	return name ? name : "/dev/mmapshare";
}

struct mmapshare *open_region(const char *name, unsigned int access)
{
	struct mmapshare *region;
	int ret;

	if (name && !strchr(name, '/'))
		check_name(name);
	ret = mmapshare_open(&region, name, access);
	if (ret)
		fail_error(OP_OPEN, name, NULL, ret);
	return region;
}

/* Cache one entry: regions in a list often have the same owner and group. */
const char *user_text(uint32_t uid)
{
	static char text[40];
	static uint32_t last = -1;
	const struct passwd *entry;

	if (uid == last && *text)
		return text;
	entry = getpwuid(uid);
	last = uid;
	if (entry)
		snprintf(text, sizeof(text), "%s", entry->pw_name);
	else
		snprintf(text, sizeof(text), "%u", uid);
	return text;
}

const char *group_text(uint32_t gid)
{
	static char text[40];
	static uint32_t last = -1;
	const struct group *entry;

	if (gid == last && *text)
		return text;
	entry = getgrgid(gid);
	last = gid;
	if (entry)
		snprintf(text, sizeof(text), "%s", entry->gr_name);
	else
		snprintf(text, sizeof(text), "%u", gid);
	return text;
}

bool sysfs_counter(const char *name, const char *counter, unsigned long long *value)
{
	char path[160];
	bool found;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/mmapshare/mmapshare-%s/%s", name,
		 counter);
	f = fopen(path, "re");
	if (!f)
		return false;
	found = fscanf(f, "%llu", value) == 1;
	fclose(f);
	return found;
}

void close_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		fail("standard output: %s", strerror(errno));
}

double monotonic_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}
