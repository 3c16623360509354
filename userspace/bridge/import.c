// SPDX-License-Identifier: MIT
/*
 * bridge import: the messages of a stream become records of a ring.
 *
 * A ring counts its records, and each message has the number of records that precede it
 * in the stream. A state file has one pair of these numbers that belong together. With it,
 * the sequence number of the ring tells which record of the stream is next, even after
 * the bridge was killed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "bridge.h"

enum from { FROM_FIRST, FROM_NEW, FROM_SEQ };

struct importer {
	struct bridge bridge;	/* @bridge.seq: records in the ring */
	enum from from;
	uint64_t from_seq;
	const char *state_path;
	uint64_t generation;	/* of the ring */
	bool has_types;
	/* if @has_base: record @index0 of the stream has sequence number @seq0 in the ring */
	bool has_base;
	uint64_t seq0, index0;
	uint64_t number;	/* of the next message; 0 if unknown */
	struct message message;
};

/* Index in the stream of the next record for the ring. */
static uint64_t next_index(const struct importer *i)
{
	return i->index0 + (i->bridge.seq - i->seq0);
}

/* Store, also in the state file, that record @index of the stream is the ring's next record. */
static void set_base(struct importer *i, uint64_t index)
{
	const char *path = i->state_path;
	char *temporary;
	FILE *f;

	i->has_base = true;
	i->seq0 = i->bridge.seq;
	i->index0 = index;
	if (asprintf(&temporary, "%s.new", path) < 0)
		fail("%s", strerror(ENOMEM));
	f = fopen(temporary, "we");
	if (!f)
		fail("'%s': %s", temporary, strerror(errno));
	fprintf(f, "mmapshare-bridge 1\nring %016" PRIx64 " %" PRIu64 "\nstream %s %" PRIu64 "\n",
		i->generation, i->seq0, i->bridge.target.stream, index);
	if (fflush(f) || fsync(fileno(f)) | fclose(f) || rename(temporary, path))
		fail("'%s': %s", path, strerror(errno));
	free(temporary);
}

/* Read what set_base() has written, unless it is about an earlier ring. */
static void get_base(struct importer *i)
{
	uint64_t generation, seq, index;
	char stream[256];
	FILE *f = fopen(i->state_path, "re");

	if (!f && errno == ENOENT)
		return;
	if (!f)
		fail("'%s': %s", i->state_path, strerror(errno));
	if (fscanf(f, "mmapshare-bridge 1\nring %" SCNx64 " %" SCNu64 "\nstream %255s %" SCNu64 "\n",
		   &generation, &seq, stream, &index) != 4)
		fail("'%s': not a valid state file; remove it, or use --state", i->state_path);
	fclose(f);
	if (generation != i->generation)
		return;
	if (strcmp(stream, i->bridge.target.stream))
		fail("'%s': the ring has records of the stream '%s'; remove this file to begin with '%s'",
		     i->state_path, stream, i->bridge.target.stream);
	if (seq > i->bridge.seq)
		fail("'%s': corrupt; remove it, or use --state", i->state_path);
	i->has_base = true;
	i->seq0 = seq;
	i->index0 = index;
}

/* For search(): true for the message searched for, and for each later one. */
typedef bool (*reached_fn)(const struct importer *i, const struct message *m);

static bool reached_index(const struct importer *i, const struct message *m)
{
	return m->header.index + m->header.records > next_index(i);
}

/* Only messages of the ring in @i->message, the last one: other rings reuse sequence numbers. */
static bool reached_seq(const struct importer *i, const struct message *m)
{
	return m->header.generation == i->message.header.generation &&
	       m->header.next_seq > i->from_seq;
}

/* Get the first existing message from *@number to @last, and advance *@number to it. */
static bool get_next(struct importer *i, struct message *m, uint64_t *number, uint64_t last)
{
	m->length = 0;
	for (; *number <= last; ++*number) {
		if (!bridge_get(&i->bridge, m, *number))
			return false;
		if (m->length)
			break;
	}
	return true;
}

/* Set @i->number to the first message for which @reached is true, or to @last + 1. */
static bool search(struct importer *i, uint64_t first, uint64_t last, reached_fn reached)
{
	struct message m = { .data = NULL };
	uint64_t low = first ? first : 1, high = last + 1, middle, at;
	bool ok = true;

	while (low < high) {
		middle = low + (high - low) / 2;
		at = middle;
		ok = get_next(i, &m, &at, high - 1);
		if (!ok)
			break;
		if (!m.length || reached(i, &m))
			high = middle;
		else
			low = at + 1;
	}
	free(m.data);
	i->number = low;
	return ok;
}

/* Index of the first record of @m with a sequence number of at least @i->from_seq. */
static uint64_t index_of_seq(const struct importer *i, const struct message *m)
{
	uint64_t index = m->header.index;
	struct record_item item;
	struct record_walk w;

	for (message_walk(m, &w); w.next < w.end; )
		if (record_walk(&w, &item) > 0 && !item.loss) {
			if (item.seq >= i->from_seq)
				break;
			index++;
		}
	return index;
}

/* Begin as --from says. False if the link failed. */
static bool begin(struct importer *i, uint64_t first, uint64_t last)
{
	struct message *m = &i->message;

	m->length = 0;
	if (last && !bridge_get(&i->bridge, m, last))
		return false;
	i->number = last + 1;
	if (i->from == FROM_FIRST)
		i->number = first ? first : 1;
	if (i->from == FROM_SEQ && m->length && !search(i, first, last, reached_seq))
		return false;
	if (i->number <= last && !get_next(i, m, &i->number, last))
		return false;
	if (!last)
		set_base(i, 0);
	else if (!m->length)
		i->has_base = false;	/* add_message() sets it */
	else if (i->number > last)
		set_base(i, m->header.index + m->header.records);
	else if (i->from == FROM_SEQ)
		set_base(i, index_of_seq(i, m));
	else
		set_base(i, m->header.index);
	return true;
}

/* Find the message that is next, after the link was opened. */
static bool find_message(struct importer *i)
{
	struct bridge *b = &i->bridge;
	uint64_t first, last;

	if (!bridge_check(b, bridge_range(b, &first, &last)))
		return false;
	if (!i->has_base && !i->number)
		return begin(i, first, last);
	if (i->number && last + 1 < i->number)
		fail("%s, stream '%s': last message is %" PRIu64
		     ", expected at least %" PRIu64 "; remove '%s' to begin anew", b->target.servers,
		     b->target.stream, last, i->number - 1, i->state_path);
	return i->number || search(i, first, last, reached_index);
}

/* Returns 0, 1 after a signal, or a negative errno: -EPIPE without a consumer. */
static int wait_for_space(struct importer *i)
{
	struct bridge *b = &i->bridge;
	const unsigned int flags = b->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	int ret;

	do {
		ret = mmapshare_ring_wait(b->ep, flags, b->metrics_path ? 1000000000 : -1);
		bridge_metrics(b, false);
	} while (!stopped && (ret == -ETIMEDOUT || ret == -EINTR));
	return stopped ? 1 : ret;
}

/* Publish what was reserved. */
static int commit(struct importer *i)
{
	struct bridge *b = &i->bridge;
	const int ret = mmapshare_ring_commit(b->ep);

	b->records += mmapshare_ring_seq(b->ep) - b->seq;
	b->seq = mmapshare_ring_seq(b->ep);
	return ret;
}

/* Reserve a record; wait for space. Returns as wait_for_space(). */
static int add_record(struct importer *i, const struct record_item *item)
{
	struct mmapshare_endpoint *ep = i->bridge.ep;
	void *record;
	int ret;

	while ((ret = mmapshare_ring_reserve(ep, item->length, &record)) == -EAGAIN) {
		ret = commit(i);
		if (!ret)
			ret = wait_for_space(i);
		if (ret)
			return ret;
	}
	if (ret == -EMSGSIZE)
		fail("'%s': record %" PRIu64 " of the stream has %zu bytes, more than the maximum of %zu",
		     i->bridge.name, item->seq, item->length, mmapshare_ring_record_max(ep));
	if (!ret && i->has_types)
		ret = mmapshare_ring_set_type(ep, item->info.type);
	if (!ret)
		memcpy(record, item->data, item->length);
	return ret;
}

/* Count records that are missing in the stream, here and as dropped in the ring. */
static void lose(struct importer *i, uint64_t count)
{
	i->bridge.lost += count;
	mmapshare_ring_drop(i->bridge.ep, count);
}

/* The records from next_index() to @index were removed from the stream. */
static void skip_missing(struct importer *i, uint64_t index)
{
	struct bridge *b = &i->bridge;
	const uint64_t count = index - next_index(i);

	if (count >> BRIDGE_INDEX_SHIFT)
		complain("%s, stream '%s': its messages before %" PRIu64
			 " were removed before they were imported; the number of lost records is unknown",
			 b->target.servers, b->target.stream, i->message.number);
	else
		lose(i, count);
	set_base(i, index);
}

/* Write the records of the message that the ring has not got. Returns as wait_for_space(). */
static int add_message(struct importer *i)
{
	const struct message *m = &i->message;
	uint64_t index = m->header.index, next;
	struct record_item item;
	struct record_walk w;
	int ret = 0;

	if (!i->has_base)
		set_base(i, index);
	else if (index > next_index(i))
		skip_missing(i, index);
	next = next_index(i);
	for (message_walk(m, &w); !ret && w.next < w.end; ) {
		if (record_walk(&w, &item) <= 0)
			continue;
		if (item.loss) {
			if (index >= next)
				lose(i, item.lost);
			continue;
		}
		if (index++ >= next)
			ret = add_record(i, &item);
	}
	return commit(i) ?: ret;
}

/* Returns 0 after a signal, or a negative errno. */
static int import_records(struct bridge *b)
{
	struct importer *i = (struct importer *)b;
	bool found = false;
	int64_t wait;
	int ret = 0;

	while (!ret && !stopped && !b->expired) {
		bridge_metrics(b, false);
		if (!found) {
			found = bridge_open(b) && find_message(i);
			continue;
		}
		wait = bridge_sleep(b);
		if (wait < 0 || wait > 1000000000)
			wait = 1000000000;
		i->message.number = i->number;
		found = bridge_check(b, bridge_receive(b, &i->message, wait / 1000000));
		if (found)
			bridge_passed(b);
		if (found && i->message.length) {
			bridge_check_message(b, &i->message);
			ret = add_message(i);
			i->number = i->message.number + 1;
			b->messages++;
			b->bytes += i->message.length;
			bridge_set_timeout(b);
		} else if (found && bridge_is_late(b)) {
			ret = -ETIMEDOUT;
		}
	}
	return ret;
}

/*
 * The default directory is cleared at boot, and so is the ring. It is writable only for
 * the user that runs the bridge.
 */
static void set_state_path(struct importer *i)
{
	const char *dir = getenv("RUNTIME_DIRECTORY"), *name = basename(i->bridge.name);
	char *parent = NULL, *path;

	if (i->state_path)
		return;
	if (!dir && geteuid() && getenv("XDG_RUNTIME_DIR"))
		dir = getenv("XDG_RUNTIME_DIR");
	else if (!dir && !geteuid())
		dir = "/run";
	if (!dir)
		fail_usage("there is no XDG_RUNTIME_DIR; use --state");
	if (asprintf(&parent, "%s/mmapshare-bridge", dir) < 0 ||
	    asprintf(&path, "%s/%s", parent, name) < 0)
		fail("%s", strerror(ENOMEM));
	if (mkdir(parent, 0700) && errno != EEXIST)
		fail("'%s': %s", parent, strerror(errno));
	free(parent);
	i->state_path = path;
}

static void attach(struct importer *i)
{
	struct bridge *b = &i->bridge;
	const int ret = mmapshare_ring_open(&b->ep, b->name, MMAPSHARE_RING_ATTACH_PRODUCER);

	if (ret)
		fail_error(OP_ATTACH_PRODUCER, b->name, NULL, ret);
	i->has_types = mmapshare_ring_features(b->ep) & MMAPSHARE_RING_FEAT_TYPE;
	i->generation = mmapshare_ring_generation(b->ep);
	b->seq = mmapshare_ring_seq(b->ep);
}

static void parse_from(struct importer *i, const char *arg)
{
	if (!strcmp(arg, "first")) {
		i->from = FROM_FIRST;
	} else if (!strcmp(arg, "new")) {
		i->from = FROM_NEW;
	} else {
		i->from = FROM_SEQ;
		i->from_seq = parse_number(arg, "FROM");
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct importer *i = state->input;
	struct bridge *b = &i->bridge;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = b;
		return parse_other(key, state);
	case 'f':
		parse_from(i, arg);
		return 0;
	case 's':
		i->state_path = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (!b->target.engine)
			parse_target(&b->target, arg);
		else
			parse_ring(b, arg);
		return 0;
	case ARGP_KEY_END:
		if (!b->name)
			fail_usage("URL and NAME are required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "from", 'f', "FROM", 0,
	  "begin with the first record that the stream has (first, the default), with the next "
	  "one to be published (new), or with the one that has this sequence number in the ring "
	  "that was exported last", 0 },
	{ "state", 's', "FILE", 0,
	  "keep in FILE which record of the stream was the ring's first (default for root: "
	  "/run/mmapshare-bridge/NAME)", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "URL NAME",
	.doc = "Write the records of the stream URL to a ring, in order and exactly once, even if "
	       "the bridge or the server is killed. While the ring is full, the bridge waits.",
	.children = bridge_child,
};

int bridge_import(int argc, char **argv)
{
	struct importer *i = calloc(1, sizeof(*i));
	int status;

	if (!i)
		fail("%s", strerror(ENOMEM));
	i->bridge.timeout = -1;
	parse_arguments(&argp, argc, argv, i);
	attach(i);
	set_state_path(i);
	get_base(i);
	status = bridge_run(&i->bridge, import_records, "imported");
	return status;
}
