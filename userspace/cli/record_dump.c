// SPDX-License-Identifier: MIT
/* ring dump: print the records in files, for people or as JSON */
#define _GNU_SOURCE
#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "record.h"

enum format {
	TEXT,
	HEX,
	RAW,
	JSON,
	BLOCKS,
};

struct dump {
	enum format format;
	bool info;
	bool cut;
	uint64_t count;
	uint64_t from, since;
	char **files;
	struct record_source source;
};

/* Bytes that would do something to a terminal are shown as \xNN. */
static void print_text(const unsigned char *data, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (data[i] == '\\' || (!isprint(data[i]) && data[i] != '\t'))
			printf("\\x%02x", data[i]);
		else
			putchar(data[i]);
}

static void print_loss(const struct dump *d, const struct record_item *item)
{
	if (d->format == JSON)
		printf("{\"seq\": %" PRIu64 ", \"lost\": %" PRIu64 "}\n", item->seq, item->lost);
	else if (d->format == RAW)
		complain("'%s': %" PRIu64 " records lost before %" PRIu64, d->source.path,
			 item->lost, item->seq);
	else
		printf("- %" PRIu64 " records lost\n", item->lost);
}

static void print_item(const struct dump *d, const struct record_item *item)
{
	const unsigned char *data = (const unsigned char *)item->data;
	const uint32_t prefix = htole32(item->length);

	switch (d->format) {
	case RAW:
		fwrite(&prefix, sizeof(prefix), 1, stdout);
		fwrite(data, 1, item->length, stdout);
		return;
	case JSON:
		printf("{\"seq\": %" PRIu64 ", ", item->seq);
		print_record_info(d->source.info.features, &item->info, true);
		printf("\"length\": %zu, \"hex\": \"", item->length);
		print_hex(data, item->length);
		printf("\"}\n");
		return;
	default:
		printf("%" PRIu64 " ", item->seq);
		if (d->info)
			print_record_info(d->source.info.features, &item->info, false);
		if (d->format == HEX)
			print_hex(data, item->length);
		else
			print_text(data, item->length);
		putchar('\n');
	}
}

static void dump_records(struct dump *d)
{
	struct record_item item;

	while (d->count && record_next(&d->source, &item)) {
		if (!item.loss) {
			print_item(d, &item);
			d->count--;
		} else if (item.lost) {
			print_loss(d, &item);
		}
		if (ferror(stdout))
			close_output();
	}
}

static void print_block(const struct record_header *h)
{
	printf("%14" PRIu64 " %10" PRIu64 " %10u %14" PRIu64 " %14" PRIu64 " %" PRIu64
	       ".%09" PRIu64 "\n", h->offset, record_total(h), h->entries, h->seq, h->next_seq,
	       h->realtime / 1000000000, h->realtime % 1000000000);
}

static void dump_blocks(struct dump *d)
{
	struct record_source *s = &d->source;
	const char *name;
	unsigned int i;

	printf("%s: ring ", s->path);
	print_text((unsigned char *)s->info.name, strlen(s->info.name));
	printf(", file %" PRIu64, s->info.number);
	for (i = 0; (name = feature_name(s->info.features, i)); i++)
		printf(", %s", name);
	printf("\n%14s %10s %10s %14s %14s %s\n", "offset", "bytes", "entries", "seq", "next seq",
	       "written");
	while (record_next_block(s))
		if (s->block.next_seq > d->from && s->block.realtime >= d->since)
			print_block(&s->block);
	printf("%s\n", s->ended ? "closed" : "not closed");
}

/*
 * Open the file for cut(). The lock keeps a recorder from writing: one that had the lock
 * may have completed, since the file was read, the block that looked torn.
 */
static int open_locked(const char *path)
{
	const int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	complain("'%s': %s", path, errno == EWOULDBLOCK ? "a recorder is writing this file" :
							  strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Remove a torn block at the end. */
static void cut(const struct record_source *s, int fd)
{
	if (s->torn && (ftruncate(fd, s->good_end) || fdatasync(fd)))
		fail("'%s': %s", s->path, strerror(errno));
	close(fd);
}

static int dump_file(struct dump *d, const char *path)
{
	struct record_source *s = &d->source;
	const int fd = d->cut ? open_locked(path) : -1;

	if (d->cut && fd < 0)
		return STATUS_FAILED;
	if (record_open(s, path)) {
		record_seek(s, d->from, d->since);
		if (d->format == BLOCKS)
			dump_blocks(d);
		else
			dump_records(d);
	}
	if (d->cut)
		cut(s, fd);
	return record_close(s);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dump *d = state->input;

	switch (key) {
	case 'b':
		d->format = BLOCKS;
		return 0;
	case 'C':
		d->cut = true;
		return 0;
	case 'c':
		d->count = parse_number(arg, "COUNT");
		return 0;
	case 'f':
		d->from = parse_number(arg, "SEQ");
		return 0;
	case 'i':
		d->info = true;
		return 0;
	case 'j':
		d->format = JSON;
		return 0;
	case 'r':
		d->format = RAW;
		return 0;
	case 'S':
		d->since = record_parse_time(arg);
		return 0;
	case 'x':
		d->format = HEX;
		return 0;
	case ARGP_KEY_ARGS:
		d->files = state->argv + state->next;
		return 0;
	case ARGP_KEY_END:
		if (!d->files)
			fail_usage("FILE is required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "blocks", 'b', NULL, 0, "print the blocks of the files instead of the records", 0 },
	{ "count", 'c', "COUNT", 0, "print at most COUNT records", 0 },
	{ "cut", 'C', NULL, 0, "remove a torn block from the end of a file", 0 },
	{ "from", 'f', "SEQ", 0, "begin with the record that has the sequence number SEQ", 0 },
	{ "hex", 'x', NULL, 0, "print hexadecimal digits, two for each byte", 0 },
	{ "info", 'i', NULL, 0,
	  "print the time, the CPU and the type in front of each record, as far as the ring "
	  "had them", 0 },
	{ "json", 'j', NULL, 0, "print JSON objects, with the bytes in hexadecimal", 0 },
	{ "raw", 'r', NULL, 0,
	  "print the bytes only, each record with its length before, 4 bytes, little-endian", 0 },
	{ "since", 'S', "TIME", 0,
	  "print records from TIME on, seconds since 1970: the time of the record, or else "
	  "when it was recorded", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE...",
	.doc = "Print the records in files that 'ring record' has written, one a line, each "
	       "with its sequence number, and how many were lost where.",
};

int ring_dump(int argc, char **argv)
{
	struct dump d = { .count = UINT64_MAX };
	int status = STATUS_OK;

	parse_arguments(&argp, argc, argv, &d);
	while (*d.files)
		status |= dump_file(&d, *d.files++);
	return status;
}
