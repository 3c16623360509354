// SPDX-License-Identifier: MIT
/* ring read, follow: records as lines of text, as hexadecimal, or raw */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "ring_transfer.h"

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
	transfer_attach(t, flags);
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
		status = transfer_wait(t);
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
	.parser = transfer_parse,
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
	.parser = transfer_parse,
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
