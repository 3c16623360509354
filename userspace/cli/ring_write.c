// SPDX-License-Identifier: MIT
/* ring write: records from lines of text, from hexadecimal, or raw */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "ring_transfer.h"

/*
 * Reserve a record. Returns NULL with @status STATUS_OK if it was dropped, and
 * with another @status if the wait for free space ended.
 */
static void *reserve(struct transfer *t, size_t length, int *status)
{
	void *record;
	int ret;

	*status = STATUS_OK;
	while ((ret = mmapshare_ring_reserve(t->ep, length, &record)) == -EAGAIN) {
		if (t->drop) {
			mmapshare_ring_drop(t->ep, 1);
			t->dropped++;
			return NULL;
		}
		*status = transfer_wait(t);
		if (*status)
			return NULL;
	}
	if (ret == -EMSGSIZE)
		fail("'%s': a record of %zu bytes exceeds the maximum of %zu", t->name,
		     length, mmapshare_ring_record_max(t->ep));
	if (!ret && t->has_type)
		ret = mmapshare_ring_set_type(t->ep, t->type);
	if (ret)
		fail_error(OP_RING, t->name, NULL, ret);
	return record;
}

static void commit(struct transfer *t)
{
	int ret = mmapshare_ring_commit(t->ep);

	if (ret)
		fail_error(OP_RING, t->name, NULL, ret);
}

static int put_record(struct transfer *t, const void *data, size_t length)
{
	int status;
	void *record = reserve(t, length, &status);

	if (record) {
		memcpy(record, data, length);
		commit(t);
	}
	return status;
}

/* The value of a hexadecimal digit, -1 if @c is none. */
static int digit_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode @line in place. Returns the number of bytes, -1 if it is malformed. */
static ssize_t decode_hex(char *line, size_t length)
{
	size_t i;

	if (length % 2)
		return -1;
	for (i = 0; i < length; i += 2) {
		if (digit_value(line[i]) < 0 || digit_value(line[i + 1]) < 0)
			return -1;
		line[i / 2] = digit_value(line[i]) << 4 | digit_value(line[i + 1]);
	}
	return length / 2;
}

/* Returns an exit status. */
static int put_lines(struct transfer *t)
{
	unsigned long long n;
	int status = STATUS_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t length;

	for (n = 1; n <= t->count && !status; n++) {
		length = getline(&line, &size, stdin);
		if (length < 0)
			break;
		if (length && line[length - 1] == '\n')
			length--;
		if (t->format == HEX)
			length = decode_hex(line, length);
		if (length < 0)
			fail("standard input, line %llu: two hexadecimal digits expected per byte",
			     n);
		status = put_record(t, line, length);
	}
	free(line);
	return status;
}

/* Exits if the input ends early: an incomplete record is not committed. */
static void read_exactly(void *buffer, size_t length)
{
	if (fread(buffer, 1, length, stdin) != length && !ferror(stdin))
		fail("standard input ends in the middle of a record");
}

/* Returns an exit status. */
static int put_raw(struct transfer *t)
{
	int status = STATUS_OK;
	uint32_t length;
	uint64_t n;
	size_t got;
	void *record;

	for (n = 0; n < t->count && !status; n++) {
		got = fread(&length, 1, sizeof(length), stdin);
		if (!got)
			break;
		read_exactly((char *)&length + got, sizeof(length) - got);
		length = le32toh(length);
		record = reserve(t, length, &status);
		if (record) {
			read_exactly(record, length);
			if (ferror(stdin))
				break;
			commit(t);
		} else if (!status) {
			/* dropped: skip its bytes */
			for (; length && getchar() != EOF; length--)
				;
		}
	}
	return status;
}

static const struct argp_option put_options[] = {
	{ "count", 'c', "COUNT", 0, "write at most COUNT records (default: all input)", 0 },
	{ "drop", 'd', NULL, 0,
	  "drop records while the ring is full, and exit with status 5", 0 },
	{ "hang-up", 'u', NULL, 0,
	  "exit with status 4 when the ring is full and all consumers have detached", 0 },
	{ "hex", 'x', NULL, 0, "read lines of hexadecimal digits, two for each byte", 0 },
	{ "raw", 'r', NULL, 0,
	  "each record is preceded by its length, 4 bytes, little-endian", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS without free space (default: no timeout)", 0 },
	{ "type", 'T', "TYPE", 0,
	  "the type of all records, 0 to 65535, in a ring created with --info type", 0 },
	{ 0 }
};

static const struct argp put_argp = {
	.options = put_options,
	.parser = transfer_parse,
	.args_doc = "NAME",
	.doc = "Write records from standard input to a ring. Each line, without the newline, is "
	       "a record.",
};

int ring_put(int argc, char **argv)
{
	struct transfer t = TRANSFER_DEFAULTS;
	int status;

	parse_arguments(&put_argp, argc, argv, &t);
	transfer_attach(&t, MMAPSHARE_RING_ATTACH_PRODUCER);
	if (t.has_type && !(mmapshare_ring_features(t.ep) & MMAPSHARE_RING_FEAT_TYPE))
		fail("'%s': records of this ring have no type; create it with --info type", t.name);
	status = t.format == RAW ? put_raw(&t) : put_lines(&t);
	if (ferror(stdin))
		fail("standard input: %s", strerror(errno));
	mmapshare_ring_close(t.ep);
	if (!t.dropped)
		return status;
	complain("'%s': ring full, %llu records dropped", t.name,
		 (unsigned long long)t.dropped);
	return status ? status : STATUS_DROPPED;
}
