// SPDX-License-Identifier: MIT
/* ring write, read, follow: records as lines of text, as hexadecimal, or raw */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "ring.h"

enum format {
	TEXT,
	HEX,
	RAW,
	JSON,
};

struct transfer {
	const char *name;
	enum format format;
	bool all;
	bool drop;
	bool follow;
	bool hang_up;
	bool info;
	bool has_type;
	uint16_t type;
	uint64_t count;		/* UINT64_MAX: unlimited */
	double timeout;		/* seconds; negative: none */
	struct mmapshare_endpoint *ep;	/* of a consumer of a set: in the first ring */
	struct mmapshare_set *set;	/* NULL if it is none */
	double window;			/* seconds */
	struct mmapshare_record_info record_info;
	unsigned int member;		/* of the last record */
	uint64_t dropped;
	uint64_t lost;		/* reported so far */
	struct mmapshare_ring_attach_args at;
};

#define TRANSFER_DEFAULTS	{							\
		.count = UINT64_MAX,							\
		.timeout = -1,								\
		.at = { .size = sizeof(struct mmapshare_ring_attach_args) },		\
	}

static uint16_t parse_type(const char *text)
{
	const uint64_t n = parse_number(text, "TYPE");

	if (n > UINT16_MAX)
		fail_usage("'%s': TYPE must be from 0 to %d", text, UINT16_MAX);
	return n;
}

/* Where a consumer begins. */
static void parse_start(struct mmapshare_ring_attach_args *at, const char *text)
{
	if (!strcmp(text, "oldest")) {
		at->flags |= MMAPSHARE_RING_ATTACH_OLDEST;
	} else if (!strcmp(text, "latest")) {
		at->flags |= MMAPSHARE_RING_ATTACH_LATEST;
	} else {
		at->flags |= MMAPSHARE_RING_ATTACH_SEQ;
		at->seq = parse_number(text, "WHERE");
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct transfer *t = state->input;

	switch (key) {
	case 'a':
		t->all = true;
		return 0;
	case 'A':
		parse_start(&t->at, arg);
		return 0;
	case 'C':
		check_name(arg);
		strcpy(t->at.name, arg);
		return 0;
	case 'k':
		t->at.keep_ns = strcmp(arg, "all") ? parse_seconds(arg) * 1e9 :
				MMAPSHARE_RING_KEEP_ALL;
		return 0;
	case 'c':
		t->count = parse_number(arg, "COUNT");
		return 0;
	case 'd':
		t->drop = true;
		return 0;
	case 'f':
		t->follow = true;
		return 0;
	case 'i':
		t->info = true;
		return 0;
	case 'j':
		t->format = JSON;
		return 0;
	case 'r':
		t->format = RAW;
		return 0;
	case 't':
		t->timeout = parse_timeout(arg);
		return 0;
	case 'T':
		t->type = parse_type(arg);
		t->has_type = true;
		return 0;
	case 'u':
		t->hang_up = true;
		return 0;
	case 'w':
		t->window = parse_timeout(arg);
		return 0;
	case 'x':
		t->format = HEX;
		return 0;
	case ARGP_KEY_ARG:
		set_name(&t->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!t->name)
			fail_usage("NAME is required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

/* Exit for an error that only consumers with these options get; else return. */
static void fail_attach(const struct transfer *t, int error)
{
	const struct mmapshare_ring_attach_args *at = &t->at;

	if (error == -EOPNOTSUPP && (at->name[0] || at->flags & MMAPSHARE_RING_ATTACH_SEQ))
		fail("'%s': a ring set; its cursors have no names, and sequence numbers are those of its rings",
		     t->name);
	if (error == -ENODATA)
		fail("'%s': record %" PRIu64 " is gone", t->name, (uint64_t)at->seq);
	if (error == -ERANGE)
		fail("'%s': record %" PRIu64 " is not published yet", t->name, (uint64_t)at->seq);
	if (!at->name[0])
		return;
	if (error == -EBUSY)
		fail("'%s': cursor '%s' has a consumer; only one at a time can attach by a name",
		     t->name, at->name);
	if (error == -EPERM)
		fail("'%s': cursor '%s' belongs to another user", t->name, at->name);
	if (error == -EBADMSG)
		fail("'%s': the position of cursor '%s' is corrupt; use --at to begin elsewhere",
		     t->name, at->name);
	if (error == -EACCES)
		fail("'%s': cursor '%s' holds back the producer, and this user may not",
		     t->name, at->name);
}

/* A consumer of a ring set. Returns 0 or a negative errno. */
static int attach_set(struct transfer *t, unsigned int flags)
{
	int ret;

	if (t->at.name[0] || flags & MMAPSHARE_RING_ATTACH_SEQ)
		return -EOPNOTSUPP;
	ret = mmapshare_set_open(&t->set, t->name,
				 flags & ~MMAPSHARE_RING_ATTACH_CONSUMER);

	if (ret)
		return ret;
	t->ep = mmapshare_set_member(t->set, 0);
	if (mmapshare_set_window(t->set, t->window * 1e9))
		fail("'%s': records have no time, so that --window is not possible; create it with --info",
		     t->name);
	return 0;
}

static void attach(struct transfer *t, unsigned int flags)
{
	int ret;

	t->at.flags |= flags;
	ret = mmapshare_ring_open_with(&t->ep, t->name, &t->at);
	if (ret == -EOPNOTSUPP && flags & MMAPSHARE_RING_ATTACH_CONSUMER)
		ret = attach_set(t, t->at.flags);
	if (!ret)
		return;
	fail_attach(t, ret);
	fail_error(flags & MMAPSHARE_RING_ATTACH_PRODUCER ? OP_ATTACH_PRODUCER :
							    OP_ATTACH_CONSUMER,
		   t->name, NULL, ret);
}

/* Wait for records or free space. Returns an exit status. */
static int wait_for_ring(struct transfer *t)
{
	const unsigned int flags = t->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	const int64_t timeout = t->timeout < 0 ? -1 : t->timeout * 1e9;
	int ret;

	close_output();
	do
		ret = t->set ? mmapshare_set_wait(t->set, flags, timeout) :
			       mmapshare_ring_wait(t->ep, flags, timeout);
	while (ret == -EINTR);
	if (ret == -ETIMEDOUT)
		return STATUS_TIMEOUT;
	if (ret == -EPIPE)
		return STATUS_HUNGUP;
	if (ret)
		fail_error(OP_RING, t->name, NULL, ret);
	return STATUS_OK;
}

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
		*status = wait_for_ring(t);
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
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Write records from standard input to a ring. Each line, without the newline, is "
	       "a record.",
};

int ring_put(int argc, char **argv)
{
	struct transfer t = TRANSFER_DEFAULTS;
	int status;

	parse_arguments(&put_argp, argc, argv, &t);
	attach(&t, MMAPSHARE_RING_ATTACH_PRODUCER);
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

void print_record_info(uint64_t features, const struct mmapshare_record_info *info, bool json)
{
	if (features & (MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME) && json)
		printf("\"time\": %" PRIu64 ", ", (uint64_t)info->time);
	else if (features & (MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME))
		printf("%" PRIu64 ".%09" PRIu64 " ", (uint64_t)info->time / 1000000000,
		       (uint64_t)info->time % 1000000000);
	if (features & MMAPSHARE_RING_FEAT_CPU && info->cpu == MMAPSHARE_RECORD_CPU_UNKNOWN)
		printf(json ? "\"cpu\": null, " : "- ");
	else if (features & MMAPSHARE_RING_FEAT_CPU)
		printf(json ? "\"cpu\": %u, " : "%u ", info->cpu);
	if (features & MMAPSHARE_RING_FEAT_TYPE)
		printf(json ? "\"type\": %u, " : "%u ", info->type);
}

/* The time, the CPU and the type of the last record, if the ring has them. */
static void print_info(const struct transfer *t)
{
	struct mmapshare_record_info info = t->record_info;

	if (t->set || !mmapshare_ring_record_info(t->ep, &info))
		print_record_info(mmapshare_ring_features(t->ep), &info, t->format == JSON);
}

void print_hex(const unsigned char *record, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		printf("%02x", record[i]);
}

static void print_record(const struct transfer *t, const unsigned char *record,
			 size_t length)
{
	const uint32_t prefix = htole32(length);

	if (t->info && t->format != JSON)
		print_info(t);
	switch (t->format) {
	case HEX:
		print_hex(record, length);
		break;
	case JSON:
		/* the sequence number is that of the next record */
		printf("{\"seq\": %" PRIu64 ", ", t->set ? mmapshare_set_seq(t->set) :
		       mmapshare_ring_seq(t->ep) - 1);
		if (t->set)
			printf("\"member\": %u, ", t->member);
		print_info(t);
		printf("\"length\": %zu, \"hex\": \"", length);
		print_hex(record, length);
		printf("\"}");
		break;
	case RAW:
		fwrite(&prefix, sizeof(prefix), 1, stdout);
		fwrite(record, 1, length, stdout);
		break;
	case TEXT:
		fwrite(record, 1, length, stdout);
		break;
	}
	if (t->format != RAW)
		putchar('\n');
	if (ferror(stdout))
		close_output();
}

static void report_losses(struct transfer *t)
{
	const uint64_t lost = t->set ? mmapshare_set_lost(t->set) : mmapshare_ring_lost(t->ep);

	if (lost != t->lost)
		complain("'%s': %llu records lost: overwritten before they were read, or dropped by the producer",
			 t->name, (unsigned long long)(lost - t->lost));
	t->lost = lost;
}

/* Returns the length of the next record, or a negative errno. */
static ssize_t read_record(struct transfer *t, void *buffer, size_t size)
{
	ssize_t length;

	if (!t->set)
		return mmapshare_ring_read(t->ep, buffer, size);
	do {
		length = mmapshare_set_read(t->set, buffer, size, &t->record_info, &t->member);
		if (length == -EBADMSG)
			complain("'%s': ring %u of the set is corrupt, and is not read any more",
				 t->name, t->member);
	} while (length == -EBADMSG);
	return length;
}

/* Records of a cursor with a name that are released together. */
#define NAMED_BATCH	64

/* Release what was printed. Returns a negative errno of the ring. */
static int release(struct transfer *t)
{
	if (fflush(stdout))
		close_output();
	return mmapshare_ring_release(t->ep);
}

/*
 * Print up to @t->count records. Returns 0 after that many, or a negative
 * errno.
 */
static int print_records(struct transfer *t, void *buffer)
{
	const size_t size = mmapshare_ring_record_max(t->ep);
	ssize_t length = 0;

	for (; t->count; t->count--) {
		length = read_record(t, buffer, size);
		report_losses(t);
		if (length < 0)
			return length;
		print_record(t, buffer, length);
	}
	return 0;
}

/*
 * As print_records(), for a cursor that has a name: records are released after they
 * were written out, so that none is missing if this process is killed.
 */
static int print_named_records(struct transfer *t, void *buffer)
{
	const void *record;
	unsigned int n = 0;
	size_t length;
	int ret = 0;

	for (; !ret && t->count; t->count--) {
		ret = mmapshare_ring_next(t->ep, &record, &length);
		report_losses(t);
		if (ret)
			break;
		memcpy(buffer, record, length);
		if (mmapshare_ring_check(t->ep)) {
			t->count++;
			continue;
		}
		print_record(t, buffer, length);
		if (++n % NAMED_BATCH == 0)
			ret = release(t);
	}
	if (!ret || ret == -EAGAIN)
		ret = release(t) ?: ret;
	return ret;
}

/* What a name has lost before was reported then. */
static void forget_losses(struct transfer *t)
{
	struct mmapshare_ring_name info;
	struct mmapshare *region;

	if (!t->at.name[0] || mmapshare_open(&region, t->name, MMAPSHARE_READ))
		return;
	if (!mmapshare_ring_find_name(region, t->at.name, &info))
		t->lost = info.lost;
	mmapshare_close(region);
}

static void *attach_with_buffer(struct transfer *t, unsigned int flags)
{
	void *buffer;

	if (t->info && t->format == RAW)
		fail_usage("--info and --raw exclude each other");
	forget_losses(t);
	attach(t, flags);
	report_losses(t);
	if (t->info && !mmapshare_ring_features(t->ep))
		fail("'%s': records of this ring have no time, CPU or type; create it with --info",
		     t->name);
	buffer = malloc(mmapshare_ring_record_max(t->ep));
	if (!buffer)
		fail("%s", strerror(ENOMEM));
	return buffer;
}

/* Print records as they arrive. Returns an exit status. */
static int follow(struct transfer *t, unsigned int flags)
{
	int (*print)(struct transfer *t, void *buffer) = t->at.name[0] ? print_named_records :
									 print_records;
	void *buffer = attach_with_buffer(t, flags);
	int ret, status = STATUS_OK;

	while ((ret = print(t, buffer)) == -EAGAIN && !status && t->follow)
		status = wait_for_ring(t);
	if (ret && ret != -EAGAIN)
		fail_error(OP_RING, t->name, NULL, ret);
	if (t->set)
		mmapshare_set_close(t->set);
	else
		mmapshare_ring_close(t->ep);
	free(buffer);
	return status;
}

static const struct argp_option cat_options[] = {
	{ "at", 'A', "WHERE", 0,
	  "begin with the oldest record in the ring, the latest, or the one with a sequence "
	  "number: oldest, latest, NUMBER", 0 },
	{ "count", 'c', "COUNT", 0, "print at most COUNT records (default: all in the ring)", 0 },
	{ "cursor", 'C', "CURSOR", 0,
	  "go on where the last consumer with this name was. Records are released after they "
	  "were written: if killed, the next one repeats some, and misses none", 0 },
	{ "follow", 'f', NULL, 0, "wait for more records", 0 },
	{ "hang-up", 'u', NULL, 0,
	  "with --follow: exit with status 4 when the producer has detached", 0 },
	{ "hex", 'x', NULL, 0, "print hexadecimal digits, two for each byte", 0 },
	{ "info", 'i', NULL, 0,
	  "print the time, the CPU and the type in front of each record, as far as the ring "
	  "has them", 0 },
	{ "json", 'j', NULL, 0, "print JSON objects, with the bytes in hexadecimal", 0 },
	{ "keep", 'k', "SECONDS", 0,
	  "for how long the producer waits for a new CURSOR without a consumer, or all for no "
	  "limit (default: not at all)", 0 },
	{ "raw", 'r', NULL, 0,
	  "prefix each record with its length, 4 bytes, little-endian", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "with --follow: exit with status 3 after SECONDS without a record (default: no "
	  "timeout)", 0 },
	{ "window", 'w', "SECONDS", 0,
	  "of a ring set: hold back records that are younger, so that those of all rings come "
	  "in the order of time (default 0)", 0 },
	{ 0 }
};

static const struct argp cat_argp = {
	.options = cat_options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print the records in a ring, one a line. In a lossless ring this consumes them, "
	       "unless another consumer still needs them. 'ring follow' leaves them there.",
};

int ring_cat(int argc, char **argv)
{
	struct transfer t = TRANSFER_DEFAULTS;

	parse_arguments(&cat_argp, argc, argv, &t);
	if (!t.follow && (t.hang_up || t.timeout >= 0))
		fail_usage("--hang-up and --timeout require --follow");
	if (t.at.keep_ns && !t.at.name[0])
		fail_usage("--keep requires --cursor");
	return follow(&t, MMAPSHARE_RING_ATTACH_CONSUMER);
}

static const struct argp_option tail_options[] = {
	{ "all", 'a', NULL, 0, "start with the oldest record in the ring", 0 },
	{ "count", 'c', "COUNT", 0, "exit after COUNT records (default: until interrupted)", 0 },
	{ "hang-up", 'u', NULL, 0,
	  "exit with status 4 when the producer has detached", 0 },
	{ "hex", 'x', NULL, 0, "print hexadecimal digits, two for each byte", 0 },
	{ "info", 'i', NULL, 0,
	  "print the time, the CPU and the type in front of each record, as far as the ring "
	  "has them", 0 },
	{ "json", 'j', NULL, 0, "print JSON objects, with the bytes in hexadecimal", 0 },
	{ "raw", 'r', NULL, 0,
	  "prefix each record with its length, 4 bytes, little-endian", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS without a record (default: no timeout)", 0 },
	{ "window", 'w', "SECONDS", 0,
	  "of a ring set: hold back records that are younger, so that those of all rings come "
	  "in the order of time (default 0)", 0 },
	{ 0 }
};

static const struct argp tail_argp = {
	.options = tail_options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print new records of a ring as they arrive, one a line. They stay in the ring "
	       "for its consumers, and the producer does not wait for this command, which may "
	       "lose records. 'ring read --follow' takes each one.",
};

int ring_tail(int argc, char **argv)
{
	struct transfer t = TRANSFER_DEFAULTS;

	t.follow = true;
	parse_arguments(&tail_argp, argc, argv, &t);
	return follow(&t, MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_MAY_LOSE |
			  (t.all ? 0 : MMAPSHARE_RING_ATTACH_LATEST));
}
