// SPDX-License-Identifier: MIT
/* ring put, cat and tail: records as lines, as hexadecimal digits, or as they are */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ring.h"

enum format {
	TEXT,
	HEX,
	RAW,
};

struct transfer {
	const char *name;
	enum format format;
	bool all;
	bool drop;
	bool hang_up;
	uint64_t count;		/* UINT64_MAX: no end */
	double timeout;		/* negative: for ever */
	struct mmapshare_endpoint *ep;
	uint64_t dropped;
	uint64_t lost;
};

#define TRANSFER	{ .count = UINT64_MAX, .timeout = -1 }

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct transfer *t = state->input;

	switch (key) {
	case 'a':
		t->all = true;
		return 0;
	case 'c':
		t->count = parse_bytes(arg, "COUNT");
		return 0;
	case 'd':
		t->drop = true;
		return 0;
	case 'r':
		t->format = RAW;
		return 0;
	case 't':
		t->timeout = parse_seconds(arg);
		return 0;
	case 'u':
		t->hang_up = true;
		return 0;
	case 'x':
		t->format = HEX;
		return 0;
	case ARGP_KEY_ARG:
		take_name(&t->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!t->name)
			fail_usage("say which: NAME");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static void attach(struct transfer *t, unsigned int flags)
{
	int ret = mmapshare_ring_open(&t->ep, t->name, flags);

	if (ret)
		fail_error(flags & MMAPSHARE_RING_ATTACH_PRODUCER ? OP_ATTACH_PRODUCER :
			   OP_ATTACH_CONSUMER, t->name, NULL, ret);
}

/* A status: OK if there is something to do. */
static int wait_for_others(struct transfer *t)
{
	const unsigned int flags = t->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	const int64_t timeout = t->timeout < 0 ? -1 : t->timeout * 1e9;
	int ret;

	close_output();
	do
		ret = mmapshare_ring_wait(t->ep, flags, timeout);
	while (ret == -EINTR);
	if (ret == -ETIMEDOUT)
		return STATUS_TIMEOUT;
	if (ret == -EPIPE)
		return STATUS_HUNGUP;
	if (ret)
		fail_error(OP_RING, t->name, NULL, ret);
	return STATUS_OK;
}

/* Room for a record; NULL if it is to be dropped, or @status says why not. */
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
		*status = wait_for_others(t);
		if (*status)
			return NULL;
	}
	if (ret == -EMSGSIZE)
		fail("%s: a record can have %zu bytes, not %zu", t->name,
		     mmapshare_ring_record_max(t->ep), length);
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

static int digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' - 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place; bytes, or -1 if those are no digits. */
static ssize_t from_hex(char *line, size_t length)
{
	size_t i;

	if (length % 2)
		return -1;
	for (i = 0; i < length; i += 2) {
		if (digit(line[i]) < 0 || digit(line[i + 1]) < 0)
			return -1;
		line[i / 2] = digit(line[i]) << 4 | digit(line[i + 1]);
	}
	return length / 2;
}

/* Up to what @t says, or the end; a status. */
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
			length = from_hex(line, length);
		if (length < 0)
			fail("line %llu: want two hexadecimal digits for each byte", n);
		status = put_record(t, line, length);
	}
	free(line);
	return status;
}

/* A record that is not there as a whole is not put. */
static void read_all(void *buffer, size_t length)
{
	if (fread(buffer, 1, length, stdin) != length && !ferror(stdin))
		fail("the input ends within a record");
}

static int put_raw(struct transfer *t)
{
	int status = STATUS_OK;
	uint32_t length;
	uint64_t n;
	size_t got;
	void *room;

	for (n = 0; n < t->count && !status; n++) {
		got = fread(&length, 1, sizeof(length), stdin);
		if (!got)
			break;
		read_all((char *)&length + got, sizeof(length) - got);
		length = le32toh(length);
		room = reserve(t, length, &status);
		if (room) {
			read_all(room, length);
			if (ferror(stdin))
				break;
			commit(t);
		} else if (!status) {
			for (; length && getchar() != EOF; length--)
				;
		}
	}
	return status;
}

static const struct argp_option put_options[] = {
	{ "count", 'c', "COUNT", 0, "how many records (all there are)", 0 },
	{ "drop", 'd', NULL, 0, "do not wait for room: drop what does not fit", 0 },
	{ "hang-up", 'u', NULL, 0, "end when it is full and all consumers have gone", 0 },
	{ "hex", 'x', NULL, 0, "lines are hexadecimal digits", 0 },
	{ "raw", 'r', NULL, 0,
	  "before each record is its length, 4 bytes, the lowest first", 0 },
	{ "timeout", 't', "SECONDS", 0, "how long to wait for room (for ever)", 0 },
	{ 0 }
};

static const struct argp put_argp = {
	.options = put_options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Put records from standard input into a ring, each line, without its end, "
	       "as one.",
};

int ring_put(int argc, char **argv)
{
	struct transfer t = TRANSFER;
	int status;

	parse_arguments(&put_argp, argc, argv, &t);
	attach(&t, MMAPSHARE_RING_ATTACH_PRODUCER);
	status = t.format == RAW ? put_raw(&t) : put_lines(&t);
	if (ferror(stdin))
		fail("standard input: %s", strerror(errno));
	mmapshare_ring_close(t.ep);
	if (t.dropped)
		complain("%s: no room for %llu records", t.name,
			 (unsigned long long)t.dropped);
	return status;
}

static void print_record(const struct transfer *t, const unsigned char *record,
			 size_t length)
{
	const uint32_t prefix = htole32(length);
	size_t i;

	if (t->format == RAW)
		fwrite(&prefix, sizeof(prefix), 1, stdout);
	if (t->format == HEX)
		for (i = 0; i < length; i++)
			printf("%02x", record[i]);
	else
		fwrite(record, 1, length, stdout);
	if (t->format != RAW)
		putchar('\n');
	if (ferror(stdout))
		close_output();
}

static void tell_losses(struct transfer *t)
{
	const uint64_t lost = mmapshare_ring_lost(t->ep);

	if (lost != t->lost)
		complain("%s: %llu records lost", t->name,
			 (unsigned long long)(lost - t->lost));
	t->lost = lost;
}

/* As many as there are, or are wanted; a negative errno, or 0. */
static int print_records(struct transfer *t, void *buffer)
{
	const size_t size = mmapshare_ring_record_max(t->ep);
	ssize_t length = 0;

	for (; t->count; t->count--) {
		length = mmapshare_ring_read(t->ep, buffer, size);
		tell_losses(t);
		if (length < 0)
			return length;
		print_record(t, buffer, length);
	}
	return 0;
}

static void *attach_with_buffer(struct transfer *t, unsigned int flags)
{
	void *buffer;

	attach(t, flags);
	buffer = malloc(mmapshare_ring_record_max(t->ep));
	if (!buffer)
		fail("%s", strerror(ENOMEM));
	return buffer;
}

static const struct argp_option cat_options[] = {
	{ "count", 'c', "COUNT", 0, "how many (all there are)", 0 },
	{ "hex", 'x', NULL, 0, "print hexadecimal digits", 0 },
	{ "raw", 'r', NULL, 0,
	  "before each record its length, 4 bytes, the lowest first", 0 },
	{ 0 }
};

static const struct argp cat_argp = {
	.options = cat_options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print the records that are in a ring, each as a line. In one that does not "
	       "overwrite they are taken, if nobody else needs them.",
};

int ring_cat(int argc, char **argv)
{
	struct transfer t = TRANSFER;
	void *buffer;
	int ret;

	parse_arguments(&cat_argp, argc, argv, &t);
	buffer = attach_with_buffer(&t, MMAPSHARE_RING_ATTACH_CONSUMER);
	ret = print_records(&t, buffer);
	if (ret && ret != -EAGAIN)
		fail_error(OP_RING, t.name, NULL, ret);
	mmapshare_ring_close(t.ep);
	free(buffer);
	return STATUS_OK;
}

static const struct argp_option tail_options[] = {
	{ "all", 'a', NULL, 0, "begin with the oldest one there is", 0 },
	{ "count", 'c', "COUNT", 0, "how many (until interrupted)", 0 },
	{ "hang-up", 'u', NULL, 0, "end when the producer has gone", 0 },
	{ "hex", 'x', NULL, 0, "print hexadecimal digits", 0 },
	{ "raw", 'r', NULL, 0,
	  "before each record its length, 4 bytes, the lowest first", 0 },
	{ "timeout", 't', "SECONDS", 0, "how long to wait for one (for ever)", 0 },
	{ 0 }
};

static const struct argp tail_argp = {
	.options = tail_options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print the records that come into a ring, each as a line, when they come.",
};

int ring_tail(int argc, char **argv)
{
	struct transfer t = TRANSFER;
	int ret, status = STATUS_OK;
	unsigned int flags;
	void *buffer;

	parse_arguments(&tail_argp, argc, argv, &t);
	flags = MMAPSHARE_RING_ATTACH_CONSUMER | (t.all ? 0 : MMAPSHARE_RING_ATTACH_LATEST);
	buffer = attach_with_buffer(&t, flags);
	while ((ret = print_records(&t, buffer)) == -EAGAIN && !status)
		status = wait_for_others(&t);
	if (ret && ret != -EAGAIN)
		fail_error(OP_RING, t.name, NULL, ret);
	mmapshare_ring_close(t.ep);
	free(buffer);
	return status;
}
