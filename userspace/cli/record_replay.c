// SPDX-License-Identifier: MIT
/* ring replay: write the records in files to a ring */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "record.h"

#define CLOCKS	(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME)
#define SECOND	1000000000ULL

struct replay {
	char **files;
	unsigned int file_count;
	const char *name;
	bool drop;
	bool dry_run;
	bool hang_up;
	bool has_speed;
	double speed;		/* 0: as fast as possible */
	double max_gap;		/* seconds of the recording; negative: any */
	double timeout;		/* seconds; negative: none */
	uint64_t count;
	uint64_t from, since;
	struct mmapshare_endpoint *ep;
	bool has_types;
	uint64_t dropped, lost;
	/* the pace: nanoseconds since the first record, by the replay's clock */
	bool has_time;
	uint64_t last_time;	/* of the record before, by the recording's clock */
	uint64_t deadline;
	uint64_t start;		/* CLOCK_MONOTONIC */
};

/*
 * When is the record due? A time before that of the record before, as after another
 * recording, is no gap.
 */
static uint64_t next_deadline(struct replay *r, uint64_t time)
{
	uint64_t gap = r->has_time && time > r->last_time ? time - r->last_time : 0;
	double scaled;

	if (r->max_gap >= 0 && gap > r->max_gap * SECOND)
		gap = r->max_gap * SECOND;
	r->has_time = true;
	r->last_time = time;
	scaled = r->speed == 1 ? 0 : gap / r->speed;
	if (r->speed != 1)
		gap = scaled < (double)(UINT64_MAX / 2) ? scaled : UINT64_MAX / 2;
	r->deadline = gap < UINT64_MAX / 2 - r->deadline ? r->deadline + gap : UINT64_MAX / 2;
	return r->deadline;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

static void sleep_until(struct replay *r, uint64_t deadline)
{
	struct timespec t;

	if (!r->start)
		r->start = now();
	deadline += r->start;
	t.tv_sec = deadline / SECOND;
	t.tv_nsec = deadline % SECOND;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

/* Returns an exit status. */
static int wait_for_space(struct replay *r)
{
	const int64_t timeout = r->timeout < 0 ? -1 : r->timeout * 1e9;
	const unsigned int flags = r->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	const int ret = mmapshare_ring_wait(r->ep, flags, timeout);

	if (ret && ret != -EINTR && ret != -ETIMEDOUT && ret != -EPIPE)
		fail_error(OP_RING, r->name, NULL, ret);
	return ret == -ETIMEDOUT ? STATUS_TIMEOUT : ret == -EPIPE ? STATUS_HUNGUP : STATUS_OK;
}

static int publish(struct replay *r, const struct record_item *item)
{
	int status, ret;
	void *record;

	while ((ret = mmapshare_ring_reserve(r->ep, item->length, &record)) == -EAGAIN) {
		if (r->drop) {
			mmapshare_ring_drop(r->ep, 1);
			r->dropped++;
			return STATUS_OK;
		}
		status = wait_for_space(r);
		if (status)
			return status;
	}
	if (ret == -EMSGSIZE)
		fail("'%s': record %" PRIu64 " has %zu bytes, more than the maximum of %zu",
		     r->name, item->seq, item->length, mmapshare_ring_record_max(r->ep));
	if (!ret && r->has_types)
		ret = mmapshare_ring_set_type(r->ep, item->info.type);
	if (!ret) {
		memcpy(record, item->data, item->length);
		ret = mmapshare_ring_commit(r->ep);
	}
	if (ret)
		fail_error(OP_RING, r->name, NULL, ret);
	return STATUS_OK;
}

static int replay_record(struct replay *r, const struct record_item *item)
{
	uint64_t deadline = 0;

	if (r->speed)
		deadline = next_deadline(r, item->info.time);
	if (r->dry_run) {
		printf("%" PRIu64 " %" PRIu64 ".%09" PRIu64 "\n", item->seq,
		       (uint64_t)(deadline / SECOND), (uint64_t)(deadline % SECOND));
		if (ferror(stdout))
			close_output();
		return STATUS_OK;
	}
	if (r->speed)
		sleep_until(r, deadline);
	return publish(r, item);
}

/* A speed needs records with times. */
static bool set_speed(struct replay *r, const struct record_source *s)
{
	if (!r->has_speed)
		r->speed = s->info.features & CLOCKS ? 1 : 0;
	if (!r->speed || s->info.features & CLOCKS || s->torn)
		return true;
	complain("'%s': its records have no times; use --speed max", s->path);
	return false;
}

/* Returns an exit status: of the ring, or else STATUS_FAILED for a corrupt file. */
static int replay_file(struct replay *r, const char *path)
{
	struct record_source s;
	struct record_item item;
	int status = STATUS_OK;

	if (!record_open(&s, path) || !set_speed(r, &s)) {
		record_close(&s);
		return STATUS_FAILED;
	}
	record_seek(&s, r->from, r->since);
	while (!status && r->count && record_next(&s, &item)) {
		if (item.loss) {
			r->lost += item.lost;
			continue;
		}
		status = replay_record(r, &item);
		r->count--;
	}
	return record_close(&s) ?: status;
}

static double parse_speed(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (!strcmp(text, "max"))
		return 0;
	if (*text < '0' || *text > '9' || *end || !isfinite(n) || n < 0.000001 || n > 1000000)
		fail_usage("'%s': SPEED must be max, or a number from 0.000001 to 1000000", text);
	return n;
}

uint64_t record_parse_time(const char *text)
{
	char *end;
	double n = strtod(text, &end);

	if (*text < '0' || *text > '9' || *end || !isfinite(n) || n > 1e10)
		fail_usage("'%s': TIME must be a number of seconds since 1970", text);
	return n * 1e9;
}

static void check_arguments(struct replay *r)
{
	if (r->file_count < 2)
		fail_usage("FILE and NAME are required");
	r->file_count--;
	set_name(&r->name, r->files[r->file_count]);
	if (r->drop && r->hang_up)
		fail_usage("--drop and --hang-up exclude each other");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct replay *r = state->input;

	switch (key) {
	case 'c':
		r->count = parse_number(arg, "COUNT");
		return 0;
	case 'd':
		r->drop = true;
		return 0;
	case 'f':
		r->from = parse_number(arg, "SEQ");
		return 0;
	case 'g':
		r->max_gap = parse_timeout(arg);
		return 0;
	case 'n':
		r->dry_run = true;
		return 0;
	case 'S':
		r->since = record_parse_time(arg);
		return 0;
	case 's':
		r->speed = parse_speed(arg);
		r->has_speed = true;
		return 0;
	case 't':
		r->timeout = parse_timeout(arg);
		return 0;
	case 'u':
		r->hang_up = true;
		return 0;
	case ARGP_KEY_ARGS:
		r->files = state->argv + state->next;
		r->file_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		check_arguments(r);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "count", 'c', "COUNT", 0, "write at most COUNT records", 0 },
	{ "drop", 'd', NULL, 0,
	  "drop records while the ring is full, and exit with status 5", 0 },
	{ "dry-run", 'n', NULL, 0,
	  "print the sequence number of each record, and when it would be written: seconds "
	  "after the first one", 0 },
	{ "from", 'f', "SEQ", 0, "begin with the record that has the sequence number SEQ", 0 },
	{ "hang-up", 'u', NULL, 0,
	  "exit with status 4 when the ring is full and all consumers have detached", 0 },
	{ "max-gap", 'g', "SECONDS", 0,
	  "shorten times without a record to SECONDS of the recording", 0 },
	{ "since", 'S', "TIME", 0,
	  "begin with the records of TIME, seconds since 1970: see ring dump", 0 },
	{ "speed", 's', "SPEED", 0,
	  "replay SPEED times as fast as the records were made, or as fast as possible: max "
	  "(default: 1 if the records have times, else max)", 0 },
	{ "timeout", 't', "SECONDS", 0,
	  "exit with status 3 after SECONDS without free space (default: no timeout)", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "FILE... NAME",
	.doc = "Write the records in files that 'ring record' has written to a ring, with the "
	       "types that they had.",
};

static void attach(struct replay *r)
{
	const int ret = mmapshare_ring_open(&r->ep, r->name, MMAPSHARE_RING_ATTACH_PRODUCER);

	if (ret)
		fail_error(OP_ATTACH_PRODUCER, r->name, NULL, ret);
	r->has_types = mmapshare_ring_features(r->ep) & MMAPSHARE_RING_FEAT_TYPE;
}

int ring_replay(int argc, char **argv)
{
	struct replay r = { .count = UINT64_MAX, .max_gap = -1, .timeout = -1 };
	int status = STATUS_OK, ret;
	unsigned int i;

	parse_arguments(&argp, argc, argv, &r);
	if (!r.dry_run)
		attach(&r);
	for (i = 0; i < r.file_count && status <= STATUS_FAILED; i++) {
		ret = replay_file(&r, r.files[i]);
		status = ret ? ret : status;
	}
	mmapshare_ring_close(r.ep);
	if (r.lost)
		complain("%" PRIu64 " records of the recording were lost when it was made", r.lost);
	if (r.dropped)
		complain("'%s': ring full, %" PRIu64 " records dropped", r.name, r.dropped);
	return status ? status : r.dropped ? STATUS_DROPPED : STATUS_OK;
}
