// SPDX-License-Identifier: MIT
/* read, write, fill, checksum: access a region's bytes */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli.h"

#define CHUNK	(1UL << 20)

struct range {
	const char *name;
	uint64_t offset;
	uint64_t length;
	bool has_length;
	unsigned char pattern[MMAPSHARE_PATTERN_MAX];
	size_t pattern_length;
};

static void parse_text(struct range *r, const char *text)
{
	const size_t length = strlen(text);

	if (!length || length > MMAPSHARE_PATTERN_MAX)
		fail_usage("'%s': TEXT must be 1 to %d bytes long", text,
			   MMAPSHARE_PATTERN_MAX);
	memcpy(r->pattern, text, length);
	r->pattern_length = length;
}

static void parse_hex(struct range *r, const char *text)
{
	const size_t length = strlen(text) / 2;
	size_t i;

	if (!length || length > MMAPSHARE_PATTERN_MAX || strlen(text) % 2 ||
	    text[strspn(text, "0123456789abcdefABCDEF")])
		fail_usage("'%s': DIGITS must be 1 to %d bytes of two hexadecimal digits each",
			   text, MMAPSHARE_PATTERN_MAX);
	for (i = 0; i < length; i++)
		sscanf(text + 2 * i, "%2hhx", &r->pattern[i]);
	r->pattern_length = length;
}

static error_t parse_range(int key, char *arg, struct argp_state *state)
{
	struct range *r = state->input;

	switch (key) {
	case 'o':
		r->offset = parse_number(arg, "OFFSET");
		return 0;
	case 'l':
		r->length = parse_number(arg, "LENGTH");
		r->has_length = true;
		return 0;
	case 'p':
		parse_text(r, arg);
		return 0;
	case 'x':
		parse_hex(r, arg);
		return 0;
	case ARGP_KEY_ARG:
		if (r->name)
			fail_usage("'%s': extra argument; only one REGION is allowed", arg);
		r->name = arg;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option range_options[] = {
	{ "offset", 'o', "OFFSET", 0, "start at OFFSET (default 0)", 0 },
	{ "length", 'l', "LENGTH", 0, "number of bytes (default: to the end of the region)", 0 },
	{ 0 }
};

static const struct argp_option fill_options[] = {
	{ "offset", 'o', "OFFSET", 0, "start at OFFSET (default 0)", 0 },
	{ "length", 'l', "LENGTH", 0, "number of bytes (default: to the end of the region)", 0 },
	{ "pattern", 'p', "TEXT", 0, "repeat TEXT, 1 to 8 bytes", 0 },
	{ "hex", 'x', "DIGITS", 0, "repeat a pattern given as hexadecimal digits (default 00)", 0 },
	{ 0 }
};

/* Open the region and check that the range lies inside it; exits on failure. */
static struct mmapshare *open_range(struct range *r, unsigned int access)
{
	struct mmapshare *region = open_region(r->name, access);
	const uint64_t size = mmapshare_size(region);

	if (r->offset > size || (r->has_length && r->length > size - r->offset))
		fail("'%s': the range exceeds the region's %llu bytes",
		     region_text(r->name), (unsigned long long)size);
	if (!r->has_length)
		r->length = size - r->offset;
	return region;
}

static char *alloc_buffer(void)
{
	char *buffer = malloc(CHUNK);

	if (!buffer)
		fail("%s", strerror(ENOMEM));
	return buffer;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * A short read is returned at once, so that its bytes get into the region
 * without delay.
 */
static size_t read_input(char *buffer, size_t length)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, buffer, length);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		fail("standard input: %s", strerror(errno));
	return n;
}

static void write_output(const char *buffer, size_t length)
{
	size_t done = 0;

	while (done < length) {
		ssize_t n = write(STDOUT_FILENO, buffer + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail("standard output: %s", strerror(errno));
		done += n;
	}
}

static const struct argp read_argp = {
	.options = range_options,
	.parser = parse_range,
	.args_doc = "[REGION]",
	.doc = "Copy bytes from REGION (default /dev/mmapshare) to standard output.",
};

int cmd_read(int argc, char **argv)
{
	struct range r = { 0 };
	struct mmapshare *region;
	uint64_t done = 0;
	char *buffer;

	parse_arguments(&read_argp, argc, argv, &r);
	region = open_range(&r, MMAPSHARE_READ);
	buffer = alloc_buffer();
	while (done < r.length) {
		ssize_t n = mmapshare_read(region, r.offset + done, buffer,
					   min_u64(CHUNK, r.length - done));

		if (n < 0)
			fail_error(OP_USE, r.name, region, n);
		write_output(buffer, n);
		done += n;
		progress(done, r.length, false);
	}
	progress(done, r.length, true);
	free(buffer);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct argp write_argp = {
	.options = range_options,
	.parser = parse_range,
	.args_doc = "[REGION]",
	.doc = "Copy standard input to REGION (default /dev/mmapshare): exactly LENGTH bytes, "
	       "or up to the end of input, which must fit.",
};

/*
 * Bytes left in standard input. Returns false if it is no regular file. A file of
 * size 0 may be one of procfs, which has bytes nevertheless.
 */
static bool input_size(uint64_t *size)
{
	struct stat st;
	off_t at;

	if (fstat(STDIN_FILENO, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return false;
	at = lseek(STDIN_FILENO, 0, SEEK_CUR);
	if (at < 0)
		return false;
	*size = at < st.st_size ? st.st_size - at : 0;
	return true;
}

/*
 * If standard input is a regular file, its size is known: change nothing if it
 * does not fit, or has fewer bytes than LENGTH.
 */
static void check_input_size(const struct range *r, uint64_t size)
{
	if (!r->has_length && size > r->length)
		fail("'%s': standard input has %llu bytes, but only %llu fit; nothing was written",
		     region_text(r->name), (unsigned long long)size,
		     (unsigned long long)r->length);
	if (r->has_length && size < r->length)
		fail("standard input has only %llu of %llu bytes; nothing was written",
		     (unsigned long long)size, (unsigned long long)r->length);
}

/* A write that is short, because it met an error, is repeated to get the error. */
static void write_region(const struct range *r, const struct mmapshare *region,
			 uint64_t done, const char *buffer, size_t length)
{
	while (length) {
		const ssize_t n = mmapshare_write(region, r->offset + done, buffer, length);

		if (n <= 0)
			fail_after(done, OP_STORE, r->name, region, n ? n : -EIO);
		done += n;
		buffer += n;
		length -= n;
	}
}

/* Copy standard input to the region. Returns the number of bytes. */
static uint64_t copy_input(const struct range *r, const struct mmapshare *region,
			   char *buffer, uint64_t total)
{
	uint64_t done = 0;
	size_t n;

	while (done < r->length) {
		n = read_input(buffer, min_u64(CHUNK, r->length - done));
		if (!n)
			break;
		write_region(r, region, done, buffer, n);
		done += n;
		progress(done, total, false);
	}
	progress(done, total, true);
	return done;
}

int cmd_write(int argc, char **argv)
{
	struct range r = { 0 };
	struct mmapshare *region;
	uint64_t done, size;
	char *buffer;
	bool known;

	parse_arguments(&write_argp, argc, argv, &r);
	region = open_range(&r, MMAPSHARE_WRITE);
	known = input_size(&size);
	if (known)
		check_input_size(&r, size);
	buffer = alloc_buffer();
	done = copy_input(&r, region, buffer, known ? min_u64(size, r.length) : 0);
	if (done == r.length && !r.has_length && read_input(buffer, 1))
		fail("'%s': standard input is longer than the %llu bytes that fit, which were "
		     "written", region_text(r.name), (unsigned long long)done);
	if (r.has_length && done < r.length)
		fail("standard input ended after %llu of %llu bytes, which were written",
		     (unsigned long long)done, (unsigned long long)r.length);
	free(buffer);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct argp fill_argp = {
	.options = fill_options,
	.parser = parse_range,
	.args_doc = "[REGION]",
	.doc = "Have the kernel fill REGION (default /dev/mmapshare) with a repeated pattern.",
};

int cmd_fill(int argc, char **argv)
{
	struct range r = { .pattern_length = 1 };
	struct mmapshare *region;
	int ret;

	parse_arguments(&fill_argp, argc, argv, &r);
	region = open_range(&r, MMAPSHARE_WRITE);
	ret = mmapshare_fill(region, r.offset, r.length, r.pattern,
			     r.pattern_length);
	if (ret)
		fail_error(OP_STORE, r.name, region, ret);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct argp checksum_argp = {
	.options = range_options,
	.parser = parse_range,
	.args_doc = "[REGION]",
	.doc = "Have the kernel compute the CRC-32C of REGION (default /dev/mmapshare) and "
	       "print it in hexadecimal.",
};

int cmd_checksum(int argc, char **argv)
{
	struct range r = { 0 };
	struct mmapshare *region;
	uint32_t crc;
	int ret;

	parse_arguments(&checksum_argp, argc, argv, &r);
	region = open_range(&r, MMAPSHARE_READ);
	ret = mmapshare_checksum(region, r.offset, r.length, &crc);
	if (ret)
		fail_error(OP_USE, r.name, region, ret);
	printf("%08x\n", crc);
	mmapshare_close(region);
	return STATUS_OK;
}
