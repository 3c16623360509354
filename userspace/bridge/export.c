// SPDX-License-Identifier: MIT
/*
 * bridge export: the records of a ring become messages of a stream.
 *
 * The server appends a message only if the stream's last message is the one that the
 * bridge expects. So the last message tells up to which sequence number the stream is
 * complete. The bridge releases records only when the server has stored them. If the
 * bridge or the server is killed, the next bridge continues after the last message: no
 * record is missing or repeated.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "bridge.h"

#define BYTES_DEFAULT	65536
#define BYTES_MIN	512
/* A window has at most WINDOW_MESSAGES messages, and records for WINDOW_BYTES full ones. */
#define WINDOW_BYTES	32
#define WINDOW_MESSAGES	64

#define ENTRY_OF_LOSS	(sizeof(struct mmapshare_record) + sizeof(struct record_loss))

struct exporter {
	struct bridge bridge;	/* @bridge.seq: records before are stored, or in the window */
	struct mmapshare_ring_attach_args at;
	size_t bytes;		/* of a message */
	bool skip_long;
	uint64_t features;
	uint64_t generation;	/* of the ring */
	uint64_t ring_size;
	bool started;		/* the stream was read once */
	bool known;		/* @last is the stream's last message */
	uint64_t last;
	uint64_t index;		/* of the record behind the window */
	uint64_t long_seq;	/* a record that is too long for the server, */
	size_t long_size;	/* and the bytes that its message would have */
	/* messages of the window: from @first on they are not stored yet */
	struct message window[WINDOW_MESSAGES];
	unsigned int first, count;
	struct message scratch;
};

/* Count the message as stored. */
static void pass(struct exporter *e)
{
	const struct message *m = &e->window[e->first++];

	e->bridge.records += m->header.records;
	e->bridge.bytes += m->length;
	e->bridge.messages++;
}

/*
 * Skip the messages of the window that the stream has: it has all records below
 * @next_seq. The window is refilled only when all its messages are stored, so a stored
 * message has the same boundaries as in the window.
 */
static void skip_stored(struct exporter *e, uint64_t next_seq)
{
	const struct bridge *b = &e->bridge;
	uint64_t expected;

	while (e->first < e->count && e->window[e->first].header.next_seq <= next_seq)
		pass(e);
	expected = e->first < e->count ? e->window[e->first].header.seq : b->seq;
	if (next_seq != expected)
		fail("%s, stream '%s': last message ends before record %" PRIu64
		     ", expected %" PRIu64, b->target.servers, b->target.stream, next_seq,
		     expected);
}

/* Continue after @last, the last message of the stream. */
static void continue_stream(struct exporter *e, const struct message *last)
{
	struct bridge *b = &e->bridge;

	if (last->header.generation == e->generation) {
		if (!e->started)
			b->seq = last->header.next_seq;
		skip_stored(e, last->header.next_seq);
	} else if (e->started) {
		fail("%s, stream '%s': the bridge of another ring writes to it",
		     b->target.servers, b->target.stream);
	} else {
		complain("%s, stream '%s': appending after the records of another ring",
			 b->target.servers, b->target.stream);
	}
	if (!e->started)
		e->index = last->header.index + last->header.records;
}

/* All messages were removed: the stream tells no longer which records it had. */
static void restart_index(struct exporter *e)
{
	const struct bridge *b = &e->bridge;

	e->index = e->last << BRIDGE_INDEX_SHIFT;
	if (e->last)
		complain("%s, stream '%s': its last message, %" PRIu64 ", was removed; if a bridge was killed, records may be published again",
			 b->target.servers, b->target.stream, e->last);
}

/*
 * Read the end of the stream: at the start, and after a failure, because some messages
 * may have been stored.
 */
static bool synchronize(struct exporter *e)
{
	struct message *m = &e->scratch;
	struct bridge *b = &e->bridge;
	uint64_t first, last;

	if (!bridge_check(b, bridge_range(b, &first, &last)))
		return false;
	if (last < e->last)
		fail("%s, stream '%s': last message is %" PRIu64 ", but the server has acknowledged %"
		     PRIu64, b->target.servers, b->target.stream, last, e->last);
	e->last = last;
	m->length = 0;
	if (e->last && !bridge_get(b, m, e->last))
		return false;
	if (m->length)
		continue_stream(e, m);
	else if (!e->started)
		restart_index(e);
	if (e->bytes > b->link->message_max)
		e->bytes = b->link->message_max;
	e->started = true;
	return true;
}

/* Learn the last message. False after a signal, or the timeout. */
static bool find_last(struct exporter *e)
{
	while (!e->known) {
		if (stopped || e->bridge.expired)
			return false;
		e->known = bridge_open(&e->bridge) && synchronize(e);
	}
	return true;
}

/* Store the messages of the window. False after a signal, or the timeout. */
static bool store(struct exporter *e)
{
	unsigned int n;

	while (e->first < e->count) {
		if (!find_last(e))
			return false;
		n = e->count - e->first;
		if (!n)
			break;
		e->known = bridge_check(&e->bridge, bridge_append(&e->bridge, e->last,
								  &e->window[e->first], n));
		if (!e->known)
			continue;
		bridge_passed(&e->bridge);
		bridge_set_timeout(&e->bridge);
		e->last += n;
		while (n--)
			pass(e);
	}
	return true;
}

/* Begin the next message of the window, with space for a record of so many bytes. */
static struct message *begin_message(struct exporter *e, size_t size)
{
	const size_t needed = sizeof(struct bridge_header) + ENTRY_OF_LOSS + size;
	struct message *m = &e->window[e->count++];

	if (!message_begin(m, needed > e->bytes ? needed : e->bytes))
		fail("%s", strerror(ENOMEM));
	m->header = (struct bridge_header){
		.generation = e->generation,
		.features = e->features,
		.seq = e->bridge.seq,
		.next_seq = e->bridge.seq,
	};
	return m;
}

/* The message of the window to which a record of so many bytes is added. */
static struct message *message_for(struct exporter *e, size_t size)
{
	struct message *m = e->count ? &e->window[e->count - 1] : NULL;

	if (m && !m->header.entries)
		e->count--;
	else if (m && m->length + ENTRY_OF_LOSS + size <= e->bytes)
		return m;
	return begin_message(e, size);
}

/*
 * Add the record that was taken last, and a loss if sequence numbers are missing before
 * it. A record that is overwritten while it is copied is not added: it becomes part of
 * the loss before the next one.
 */
static void add_record(struct exporter *e, const void *data, size_t length, size_t size)
{
	const uint64_t seq = mmapshare_ring_seq(e->bridge.ep) - 1, missing = seq - e->bridge.seq;
	struct message *m = message_for(e, size);
	const struct message before = *m;
	struct mmapshare_record_info info = { 0 };

	if (e->features)
		mmapshare_ring_record_info(e->bridge.ep, &info);
	if (missing)
		message_add_loss(m, seq, missing);
	message_add_record(m, seq, data, length, &info);
	if (mmapshare_ring_check(e->bridge.ep)) {
		*m = before;
		return;
	}
	e->bridge.lost += missing;
	e->bridge.seq = seq + 1;
}

/* Is the record too long for a message? False if it was overwritten: then its length is void. */
static bool is_too_long(struct exporter *e, size_t size)
{
	const size_t total = sizeof(struct bridge_header) + ENTRY_OF_LOSS + size;

	if (total <= e->bridge.link->message_max || mmapshare_ring_check(e->bridge.ep))
		return false;
	e->long_seq = mmapshare_ring_seq(e->bridge.ep) - 1;
	e->long_size = total;
	return true;
}

/*
 * Take records for a window, as many as there are or as fit. Returns 0 or a negative
 * errno: -EMSGSIZE if the next record is too long.
 */
static int take_records(struct exporter *e)
{
	struct bridge *b = &e->bridge;
	uint64_t taken = 0;
	const void *data;
	size_t length, size;
	int ret = 0;

	/* at most half of the ring, so that the producer has free space meanwhile */
	while (taken < e->ring_size / 2 && taken < WINDOW_BYTES * e->bytes &&
	       e->count < WINDOW_MESSAGES) {
		ret = mmapshare_ring_next(b->ep, &data, &length);
		if (ret)
			break;
		size = message_record_size(e->features, length);
		taken += size;
		if (mmapshare_ring_seq(b->ep) <= b->seq)
			continue;	/* stored by the last bridge */
		if (!is_too_long(e, size)) {
			add_record(e, data, length, size);
		} else if (!e->skip_long) {
			ret = -EMSGSIZE;
			break;
		}
	}
	return ret;
}

static int fill_window(struct exporter *e)
{
	struct message *m;
	unsigned int i;
	int ret;

	e->first = 0;
	e->count = 0;
	ret = take_records(e);
	if (e->count && !e->window[e->count - 1].header.entries)
		e->count--;
	for (i = 0; i < e->count; i++) {
		m = &e->window[i];
		m->header.index = e->index;
		e->index += m->header.records;
		message_end(m);
	}
	return ret;
}

/* Returns 0; -ETIMEDOUT if @b->timeout has expired; or another negative errno. */
static int wait_for_records(struct exporter *e)
{
	struct bridge *b = &e->bridge;
	const unsigned int flags = b->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	int ret;

	do {
		ret = mmapshare_ring_wait(b->ep, flags, bridge_sleep(b));
		bridge_metrics(b, false);
		if (ret == -ETIMEDOUT && bridge_is_late(b))
			break;
	} while (!stopped && (ret == -ETIMEDOUT || ret == -EINTR));
	return ret;
}

/* Returns 0 after a signal, or a negative errno. */
static int export_records(struct bridge *b)
{
	struct exporter *e = (struct exporter *)b;
	int ret, error;

	if (!find_last(e))
		return 0;
	do {
		ret = fill_window(e);
		if (!store(e))
			return 0;
		if (ret == -EMSGSIZE)
			fail("'%s': record %" PRIu64 " needs a message of %zu bytes, but at most %zu are possible; raise the server's limit, or use --skip-long",
			     b->name, e->long_seq, e->long_size, b->link->message_max);
		error = mmapshare_ring_release(b->ep);
		if (error)
			return error;
		bridge_metrics(b, false);
		if (ret == -EAGAIN && !stopped)
			ret = wait_for_records(e);
	} while (!ret && !stopped);
	return ret;
}

/* Does the ring overwrite its oldest records? */
static bool get_size(struct exporter *e)
{
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring ring;
	struct mmapshare *region = open_region(e->bridge.name, MMAPSHARE_READ);
	const int ret = mmapshare_ring_stat(region, &ring, &producer, NULL, 0);

	if (ret)
		fail_error(OP_RING_STAT, e->bridge.name, region, ret);
	mmapshare_close(region);
	e->ring_size = ring.data_size;
	return ring.flags & MMAPSHARE_RING_OVERWRITE;
}

static void attach(struct exporter *e)
{
	struct bridge *b = &e->bridge;
	int ret;

	e->at.size = sizeof(e->at);
	e->at.flags = MMAPSHARE_RING_ATTACH_CONSUMER |
		      (get_size(e) ? 0 : MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE);
	ret = mmapshare_ring_open_with(&b->ep, b->name, &e->at);
	/* get_size() has opened the ring for reading */
	if (ret == -EACCES)
		fail("'%s': this user may not hold back the producer, so that records would be lost; allow it to write the node, or create the ring with --readers-hold",
		     b->name);
	if (ret)
		fail_error(OP_ATTACH_CONSUMER, b->name, NULL, ret);
	e->features = mmapshare_ring_features(b->ep);
	e->generation = mmapshare_ring_generation(b->ep);
	b->seq = mmapshare_ring_seq(b->ep);
}

static size_t parse_bytes(const char *arg)
{
	const uint64_t n = parse_size(arg);

	if (n < BYTES_MIN || n > RECORD_BYTES_MAX)
		fail_usage("'%s': SIZE must be from %d to %u", arg, BYTES_MIN, RECORD_BYTES_MAX);
	return n;
}

static unsigned int parse_replicas(const char *arg)
{
	const uint64_t n = parse_number(arg, "COUNT");

	if (!n || n > 5)
		fail_usage("'%s': COUNT must be from 1 to 5", arg);
	return n;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct exporter *e = state->input;
	struct bridge *b = &e->bridge;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = b;
		return parse_other(key, state);
	case 'b':
		e->bytes = parse_bytes(arg);
		return 0;
	case 'c':
		check_name(arg);
		snprintf((char *)e->at.name, sizeof(e->at.name), "%s", arg);
		return 0;
	case 'k':
		e->at.keep_ns = strcmp(arg, "all") ? parse_seconds(arg) * 1e9 :
				MMAPSHARE_RING_KEEP_ALL;
		return 0;
	case 'r':
		b->target.replicas = parse_replicas(arg);
		return 0;
	case 's':
		e->skip_long = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!b->name)
			parse_ring(b, arg);
		else if (!b->target.engine)
			parse_target(&b->target, arg);
		else
			parse_ring(b, arg);	/* fails */
		return 0;
	case ARGP_KEY_END:
		if (!b->target.engine)
			fail_usage("NAME and URL are required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "cursor", 'c', "CURSOR", 0,
	  "the name of the cursor that keeps the position in the ring (default: bridge)", 0 },
	{ "keep", 'k', "SECONDS", 0,
	  "if CURSOR is new: for how long the producer of a lossless ring waits for it "
	  "without a bridge (default: all, no limit)", 0 },
	{ "message-bytes", 'b', "SIZE", 0,
	  "pack records into messages of at most SIZE (default: 64K); a longer record has a "
	  "message of its own", 0 },
	{ "replicas", 'r', "COUNT", 0,
	  "if the stream does not exist: create it on COUNT servers of a cluster", 0 },
	{ "skip-long", 's', NULL, 0,
	  "publish records that are too long for the server as lost", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME URL",
	.doc = "Publish the records of a ring as messages of the stream URL, in order and exactly "
	       "once, even if the bridge or the server is killed. The producer of a lossless ring waits until the server has "
	       "stored them. The stream is created if it does not exist.",
	.children = bridge_child,
};

int bridge_export(int argc, char **argv)
{
	struct exporter *e = calloc(1, sizeof(*e));
	int status;

	if (!e)
		fail("%s", strerror(ENOMEM));
	e->bytes = BYTES_DEFAULT;
	e->at.keep_ns = MMAPSHARE_RING_KEEP_ALL;
	strcpy((char *)e->at.name, "bridge");
	e->bridge.timeout = -1;
	e->bridge.target.replicas = 1;
	parse_arguments(&argp, argc, argv, e);
	attach(e);
	status = bridge_run(&e->bridge, export_records, "exported");
	return status;
}
