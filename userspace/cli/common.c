// SPDX-License-Identifier: MIT
/* How commands read their arguments, and how they complain. */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

static void say(const char *format, va_list args)
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
	say(format, args);
	va_end(args);
}

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(STATUS_FAILED);
}

void fail_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(format, args);
	va_end(args);
	exit(STATUS_USAGE);
}

static const struct {
	int error;
	const char *text;
} errors[] = {
	{ EACCES, "no permission: see mmapshare doctor" },
	{ EBADF, "open for reading only" },
	{ EDQUOT, "more than your share of bytes: ask for less, destroy some, "
	  "or have max_user_bytes raised" },
	{ EEXIST, "there is a region of that name: take another one, or destroy it first" },
	{ ENODEV, "the region was revoked" },
	{ ENOENT, "no such region: see mmapshare list" },
	{ ENOMEM, "not so much memory: ask for less" },
	{ ENOSPC, "more than all regions may have: ask for less, "
	  "or have max_bytes or max_regions raised" },
	{ ENOTTY, "not a region of mmapshare, or of one that is too old for this" },
	{ ENXIO, "not inside the region, or it was just destroyed: see mmapshare info" },
	{ EPERM, "only its owner and the administrator may do that" },
	{ ERANGE, "no region can be so large: ask for less" },
};

void complain_error(const char *region, int error)
{
	size_t i;

	if (error == -ENOENT && access("/dev/mmapshare", F_OK)) {
		complain("there is no /dev/mmapshare: see mmapshare doctor");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].error == -error)
			break;
	complain("%s: %s", region, i < ARRAY_SIZE(errors) ? errors[i].text :
		 strerror(-error));
}

void fail_error(const char *region, int error)
{
	complain_error(region, error);
	exit(STATUS_FAILED);
}

/* getopt has said what is wrong; argp would add a second line to it. */
error_t parse_other(int key, struct argp_state *state)
{
	if (key != ARGP_KEY_INIT)
		return ARGP_ERR_UNKNOWN;
	state->err_stream = NULL;
	return 0;
}

void parse_arguments(const struct argp *argp, int argc, char **argv, void *input)
{
	if (argp_parse(argp, argc, argv, 0, NULL, input))
		exit(STATUS_USAGE);
}

uint64_t parse_bytes(const char *text, const char *what)
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
	/* strtoull() takes signs and spaces, too */
	if (*text < '0' || *text > '9' || *end)
		fail_usage("%s: %s is a number of bytes, behind it K, M, G or T if wanted: 64K",
			   text, what);
	if (errno || n > UINT64_MAX >> shift)
		fail_usage("%s: %s is too large", text, what);
	return n << shift;
}

uint64_t parse_size(const char *text)
{
	const uint64_t size = parse_bytes(text, "SIZE");

	if (!size)
		fail_usage("%s: a region has at least one byte", text);
	return size;
}

unsigned int parse_mode(const char *text)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (*text < '0' || *text > '7' || *end || mode > 0777)
		fail_usage("%s: MODE is three octal digits: 660", text);
	return mode;
}

double parse_seconds(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (end == text || *end || !(n >= 0.01 && n <= 1000000))
		fail_usage("%s: want seconds, at least 0.01", text);
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
		fail_usage("'%s' is no name: those have 1 to 63 letters, digits, '.', '_' or '-'",
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
		fail_error(region_text(name), ret);
	return region;
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
