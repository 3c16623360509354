// SPDX-License-Identifier: MIT
/*
 * Map the region, have the kernel fill it (MMAPSHARE_IOC_FILL), and print the mapped
 * bytes before and after.
 */
#include <argp.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "region.h"

static struct mmapshare_fill_args fill = { .size = sizeof(fill) };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'o':
		fill.offset = parse_number(arg);
		break;
	case 'l':
		fill.length = parse_number(arg);
		break;
	case ARGP_KEY_ARG:
		if (fill.pattern_len || strlen(arg) > MMAPSHARE_PATTERN_MAX)
			argp_usage(state);
		fill.pattern_len = strlen(arg);
		memcpy(fill.pattern, arg, fill.pattern_len);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "offset", 'o', "BYTES", 0, "first byte to fill (default: 0)", 0 },
	{ "length", 'l', "BYTES", 0, "bytes to fill (default: up to the end)", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, "[PATTERN]",
	"Have the kernel fill /dev/mmapshare with a pattern of 1 to 8 bytes, or with zeros.",
	NULL, NULL, NULL
};

static void show(const char *when, const char *p, size_t length)
{
	size_t i;

	printf("%s  \"", when);
	for (i = 0; i < length && i < 40; i++)
		putchar(isprint((unsigned char)p[i]) ? p[i] : '.');
	printf("\"\n");
}

int main(int argc, char **argv)
{
	const char *p;
	struct region r;
	size_t i;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (!fill.pattern_len)
		fill.pattern_len = 1;

	r = region_map(O_RDWR);
	if (fill.offset > r.size)
		errx(1, DEVICE ": offset %llu is past the end (size %zu)", fill.offset, r.size);
	if (!fill.length)
		fill.length = r.size - fill.offset;
	p = r.base + fill.offset;

	show("before", p, fill.length);
	if (ioctl(r.fd, MMAPSHARE_IOC_FILL, &fill))
		err(1, DEVICE ": MMAPSHARE_IOC_FILL");
	show("after ", p, fill.length);

	for (i = 0; i < fill.length; i++)
		if (p[i] != (char)fill.pattern[i % fill.pattern_len])
			errx(1, DEVICE ": byte %zu differs from the pattern", i);
	printf("%llu bytes read in place\n", fill.length);
	return 0;
}
