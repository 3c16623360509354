// SPDX-License-Identifier: MIT
/*
 * bridge import: the messages of a stream become records of a ring.
 *
 * Before the records of a message are written, a state file gets the number and the ID
 * of the message, and how many records the ring has when it has all of this message. So
 * after the bridge was killed, the sequence number of the ring tells which records are
 * missing. If the stream then has another message by this number, or none, it is not the
 * stream that was imported.
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

/* A message of the stream. */
struct place {
	uint64_t number;
	uint64_t generation, next_seq;	/* as in its header; @generation is 0 if unknown */
	uint64_t index;		/* of the record after it */
};

struct importer {
	struct bridge bridge;	/* @bridge.seq: records in the ring */
	enum from from;
	bool has_from;		/* --from was used */
	uint64_t from_seq;
	const char *state_path;
	uint64_t generation;	/* of the ring */
	bool has_types;
	bool has_state;		/* the following two are known */
	struct place last;	/* the message that was begun last */
	uint64_t until;		/* what @bridge.seq is when the ring has all of it */
	uint64_t number;	/* of the next message */
	struct message message;
};

static bool is_last(const struct importer *i, const struct message *m)
{
	return m->number == i->last.number && m->header.generation == i->last.generation &&
	       m->header.next_seq == i->last.next_seq;
}

/*
 * Store the state. It is not synced: the file must survive the bridge, not a crash of the
 * machine, because the ring does not survive that.
 */
static void save_state(const struct importer *i)
{
	const struct place *last = &i->last;
	const char *path = i->state_path;
	char *temporary;
	FILE *f;

	if (asprintf(&temporary, "%s.new", path) < 0)
		fail("%s", strerror(ENOMEM));
	f = fopen(temporary, "we");
	if (!f)
		fail("'%s': %s", temporary, strerror(errno));
	fprintf(f, "mmapshare-bridge 1\nring %016" PRIx64 " %" PRIu64 "\nstream %s\nlast %" PRIu64
		" %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", i->generation, i->until,
		i->bridge.target.stream, last->number, last->generation, last->next_seq,
		last->index);
	if (fclose(f) || rename(temporary, path))
		fail("'%s': %s", path, strerror(errno));
	free(temporary);
}

/* Begin with the message @m, of which the ring gets the last @records records. */
static void begin_message(struct importer *i, const struct message *m, uint64_t records)
{
	const struct bridge_header *h = &m->header;

	i->has_state = true;
	i->last = (struct place){ m->number, h->generation, h->next_seq, h->index + h->records };
	i->until = i->bridge.seq + records;
	save_state(i);
}

/* Read what save_state() has written. False if there is no state of this ring. */
static bool read_state(struct importer *i)
{
	struct place *last = &i->last;
	uint64_t generation;
	char stream[256];
	FILE *f = fopen(i->state_path, "re");
	int n;

	if (!f && errno == ENOENT)
		return false;
	if (!f)
		fail("'%s': %s", i->state_path, strerror(errno));
	n = fscanf(f, "mmapshare-bridge 1\nring %" SCNx64 " %" SCNu64 "\nstream %255s\n"
		   "last %" SCNu64 " %" SCNx64 " %" SCNu64 " %" SCNu64 "\n",
		   &generation, &i->until, stream,
		   &last->number, &last->generation, &last->next_seq, &last->index);
	fclose(f);
	/* a file that was not synced is empty after a crash */
	if (n == EOF)
		return false;
	if (n != 7)
		fail("'%s': not a valid state file; remove it, or use --state", i->state_path);
	if (generation != i->generation)
		return false;
	if (strcmp(stream, i->bridge.target.stream))
		fail("'%s': the ring has records of the stream '%s'; remove this file to begin with '%s'",
		     i->state_path, stream, i->bridge.target.stream);
	if (i->until < i->bridge.seq)
		fail("'%s': the ring '%s' has records that are not from the bridge; remove this file, then use --from",
		     i->state_path, i->bridge.name);
	return true;
}

static void get_state(struct importer *i)
{
	i->has_state = read_state(i);
	if (!i->has_state && i->bridge.seq && !i->has_from)
		fail("'%s': the ring has records already, and '%s' does not tell of which messages; use --state or --from",
		     i->bridge.name, i->state_path);
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

/*
 * Set @i->number to the first message with a record from @i->from_seq on, or to @last + 1.
 * Only those of the ring in @i->message, the last one: other rings reuse sequence numbers.
 */
static bool search(struct importer *i, uint64_t first, uint64_t last)
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
		if (!m.length || (m.header.generation == i->message.header.generation &&
				  m.header.next_seq > i->from_seq))
			high = middle;
		else
			low = at + 1;
	}
	free(m.data);
	i->number = low;
	return ok;
}

/* How many records of @m have at least the sequence number @seq? */
static uint64_t records_from(const struct message *m, uint64_t seq)
{
	struct record_item item;
	struct record_walk w;
	uint64_t count = 0;

	for (message_walk(m, &w); w.next < w.end; )
		if (record_walk(&w, &item) > 0 && !item.loss && item.seq >= seq)
			count++;
	return count;
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
	if (i->from == FROM_SEQ && m->length && !search(i, first, last))
		return false;
	if (i->number <= last && !get_next(i, m, &i->number, last))
		return false;
	if (m->length) {
		begin_message(i, m, i->number > last ? 0 :
				    records_from(m, i->from == FROM_SEQ ? i->from_seq : 0));
		return true;
	}
	/* all were removed: see the index in struct bridge_header */
	i->number = last + 1;
	i->has_state = true;
	i->last = (struct place){ .number = last, .index = last << BRIDGE_INDEX_SHIFT };
	i->until = i->bridge.seq;
	save_state(i);
	return true;
}

static _Noreturn void fail_lost(const struct importer *i, const char *what)
{
	fail("%s, stream '%s': %s message %" PRIu64 ", up to which it was imported; "
	     "remove '%s', then use --from, for example --from %" PRIu64
	     " for the record after this message", i->bridge.target.servers,
	     i->bridge.target.stream, what, i->last.number, i->state_path, i->last.next_seq);
}

/* Find the message that is next, after the link was opened. */
static bool find_message(struct importer *i)
{
	struct bridge *b = &i->bridge;
	struct message *m = &i->message;
	uint64_t first, last;

	if (!bridge_check(b, bridge_range(b, &first, &last)))
		return false;
	if (!i->has_state)
		return begin(i, first, last);
	if (last < i->last.number)
		fail_lost(i, "the server has lost");
	i->number = i->last.number + (i->until == b->seq);
	m->length = 0;
	if (i->last.generation && !bridge_get(b, m, i->last.number))
		return false;
	if (m->length && !is_last(i, m))
		fail_lost(i, "the server has another one instead of");
	return true;
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

/*
 * If messages before @i->message were removed from the stream, count their records as lost.
 * If they were not, @index may have been restarted: see struct bridge_header.
 */
static void count_removed(struct importer *i)
{
	struct bridge *b = &i->bridge;
	const struct message *m = &i->message;
	const uint64_t rest = i->until - b->seq;	/* of the message that was begun last */
	const uint64_t count = m->header.index - i->last.index + rest;

	if (m->number == i->number)
		return;
	if ((m->header.index ^ i->last.index) >> BRIDGE_INDEX_SHIFT)
		complain("%s, stream '%s': messages from %" PRIu64 " to %" PRIu64
			 " were removed before they were imported; the number of lost records is unknown",
			 b->target.servers, b->target.stream, i->number, m->number - 1);
	else
		lose(i, count);
}

/*
 * Begin with @i->message. False if all of it was imported: export publishes records again
 * if it was killed before it released them, and they were removed from the stream since.
 */
static bool is_new(struct importer *i)
{
	const struct bridge_header *h = &i->message.header;
	const bool same_ring = h->generation == i->last.generation;

	if (is_last(i, &i->message))
		return true;
	if (same_ring && h->next_seq <= i->last.next_seq)
		return false;
	count_removed(i);
	begin_message(i, &i->message,
		      records_from(&i->message, same_ring ? i->last.next_seq : 0));
	return true;
}

/* Write the records of the message that the ring has not got. Returns as wait_for_space(). */
static int add_message(struct importer *i)
{
	const struct message *m = &i->message;
	struct record_item item;
	struct record_walk w;
	uint64_t missing;
	uint32_t left = m->header.records;
	int ret = 0;

	if (!is_new(i))
		return 0;
	missing = i->until - i->bridge.seq;
	for (message_walk(m, &w); !ret && w.next < w.end; ) {
		if (record_walk(&w, &item) <= 0)
			continue;
		if (item.loss) {
			if (left <= missing)
				lose(i, item.lost);
			continue;
		}
		if (left-- <= missing)
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
	const char *dir = getenv("RUNTIME_DIRECTORY");
	struct mmapshare_query query = { .size = sizeof(query) };
	char *parent = NULL, *path;
	int ret;

	if (i->state_path)
		return;
	/* not the argument: the ring has a name, and paths */
	ret = query_region(i->bridge.name, &query);
	if (ret)
		fail("'%s': %s; use --state", i->bridge.name, strerror(-ret));
	if (!dir && geteuid() && getenv("XDG_RUNTIME_DIR"))
		dir = getenv("XDG_RUNTIME_DIR");
	else if (!dir && !geteuid())
		dir = "/run";
	if (!dir)
		fail_usage("there is no XDG_RUNTIME_DIR; use --state");
	if (asprintf(&parent, "%s/mmapshare-bridge", dir) < 0 ||
	    asprintf(&path, "%s/%s", parent, query.name) < 0)
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
		i->has_from = true;
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
	  "keep in FILE which message of the stream is imported (default for root: "
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
	get_state(i);
	status = bridge_run(&i->bridge, import_records, "imported");
	return status;
}
