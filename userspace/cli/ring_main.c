// SPDX-License-Identifier: MIT
/* ring: its commands, and ring create */
#define _GNU_SOURCE
#include <string.h>
#include "ring.h"

void set_name(const char **name, const char *arg)
{
	if (*name)
		fail_usage("'%s': extra argument; only one NAME is allowed", arg);
	if (!strchr(arg, '/'))
		check_name(arg);
	*name = arg;
}

struct ring_create_args {
	struct create_args common;
	struct mmapshare_create_args ring;
};

static unsigned int parse_consumers(const char *text, unsigned int min)
{
	const uint64_t n = parse_number(text, "COUNT");

	if (n < min || n > MMAPSHARE_RING_CONSUMERS_MAX)
		fail_usage("'%s': COUNT must be from %u to %d", text, min,
			   MMAPSHARE_RING_CONSUMERS_MAX);
	return n;
}

/* The features of a ring, in the order in which they are printed. */
static const struct feature {
	const char *name;
	uint64_t bit;
} features[] = {
	{ "monotonic", MMAPSHARE_RING_FEAT_MONOTONIC },
	{ "boottime", MMAPSHARE_RING_FEAT_BOOTTIME },
	{ "cpu", MMAPSHARE_RING_FEAT_CPU },
	{ "type", MMAPSHARE_RING_FEAT_TYPE },
};

const char *feature_name(uint64_t bits, unsigned int n)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		if (bits & features[i].bit && !n--)
			return features[i].name;
	return NULL;
}

/* Returns 0 if there is no feature of that name. */
static uint64_t feature_bit(const char *name, size_t length)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(features); i++)
		if (strlen(features[i].name) == length && !memcmp(features[i].name, name, length))
			return features[i].bit;
	return 0;
}

/* "cpus" is 0: one ring for each possible CPU. */
static unsigned int parse_members(const char *text)
{
	uint64_t n;

	if (!strcmp(text, "cpus"))
		return 0;
	n = parse_number(text, "COUNT");
	if (!n || n > MMAPSHARE_RING_MEMBERS_MAX)
		fail_usage("'%s': COUNT must be from 1 to %d, or cpus", text,
			   MMAPSHARE_RING_MEMBERS_MAX);
	return n;
}

static uint64_t parse_info(const char *text)
{
	const uint64_t clocks = MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME;
	uint64_t bits = 0, bit;
	const char *p = text;
	size_t length;

	do {
		length = strcspn(p, ",");
		bit = feature_bit(p, length);
		bits |= bit;
		if (!bit || (bits & clocks) == clocks)
			fail_usage("'%s': LIST must be of monotonic or boottime, cpu, and type",
				   text);
		p += length;
	} while (*p++);
	return bits;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct ring_create_args *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->common;
		return parse_other(key, state);
	case 'c':
		c->ring.consumers = parse_consumers(arg, 1);
		return 0;
	case 'E':
		c->ring.evict_ns = parse_seconds(arg) * 1e9;
		return 0;
	case 'H':
		c->ring.ring |= MMAPSHARE_RING_READERS_HOLD;
		return 0;
	case 'i':
		c->ring.features = parse_info(arg);
		return 0;
	case 'o':
		c->ring.ring |= MMAPSHARE_RING_OVERWRITE;
		return 0;
	case 'p':
		c->ring.consumers_per_uid = parse_consumers(arg, 1);
		return 0;
	case 'r':
		c->ring.consumers_reserved = parse_consumers(arg, 0) ?:
					     MMAPSHARE_RING_RESERVE_NONE;
		return 0;
	case 's':
		c->ring.members = parse_members(arg);
		c->ring.ring |= MMAPSHARE_RING_SET;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option create_options[] = {
	{ "consumers", 'c', "COUNT", 0, "number of consumer slots, 1 to 64 (default 8)", 0 },
	{ "evict", 'E', "SECONDS", 0,
	  "how long the producer waits for a consumer (default: no limit)", 0 },
	{ "info", 'i', "LIST", 0,
	  "what each record has besides its bytes: a time, of the clock monotonic or boottime, "
	  "cpu, type; separated by commas", 0 },
	{ "overwrite", 'o', NULL, 0, "when full, overwrite the oldest records", 0 },
	{ "per-user", 'p', "COUNT", 0,
	  "number of slots that a user other than the owner can take (default: half of those "
	  "not reserved)", 0 },
	{ "readers-hold", 'H', NULL, 0,
	  "the producer waits for each consumer, also for those that may only read", 0 },
	{ "reserve", 'r', "COUNT", 0,
	  "number of slots reserved for the owner (default: 1 if there are two or more)", 0 },
	{ "ring-set", 's', "COUNT", 0,
	  "create a ring set: COUNT rings of SIZE bytes, or cpus for one for each possible "
	  "CPU", 0 },
	{ 0 }
};

static const struct argp create_argp = {
	.options = create_options,
	.parser = parse_create,
	.children = create_child,
	.args_doc = "NAME SIZE",
	.doc = "Create a ring with the node /dev/mmapshare-NAME and SIZE bytes for records, "
	       "rounded up to a power of two of pages.",
};

static void check_slots(const struct mmapshare_create_args *ring)
{
	if (ring->consumers_per_uid > ring->consumers ||
	    (ring->consumers_reserved > ring->consumers &&
	     ring->consumers_reserved != MMAPSHARE_RING_RESERVE_NONE))
		fail_usage("--per-user and --reserve must not exceed --consumers (%u)",
			   ring->consumers);
}

/* With --exist-ok a plain region may have that name. */
static void check_is_ring(const struct mmapshare *region, const char *name)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	const int ret = mmapshare_get_info(region, &info);

	if (ret)
		fail_error(OP_USE, name, region, ret);
	if (!(info.ring & MMAPSHARE_RING))
		fail("'%s': a plain region of that name exists; choose another name, or destroy it",
		     name);
}

int ring_create(int argc, char **argv)
{
	struct ring_create_args r = {
		.common = { .mode = 0600, .example = "mmapshare ring create samples 1M" },
		.ring = { .size = sizeof(r.ring), .consumers = 8 },
	};
	const struct create_args *c = &r.common;
	struct mmapshare *region;
	int ret;

	parse_arguments(&create_argp, argc, argv, &r);
	check_slots(&r.ring);
	if (r.ring.ring & MMAPSHARE_RING_OVERWRITE && r.ring.ring & MMAPSHARE_RING_READERS_HOLD)
		fail_usage("--overwrite and --readers-hold exclude each other");
	if (r.ring.ring & MMAPSHARE_RING_OVERWRITE && r.ring.evict_ns)
		fail_usage("--overwrite and --evict exclude each other");
	become_owner(c);
	r.ring.region_size = c->size;
	r.ring.mode = c->mode;
	if (c->exist_ok)
		ret = mmapshare_ring_create_or_open_with(&region, c->name, &r.ring);
	else
		ret = mmapshare_ring_create_with(&region, c->name, &r.ring);
	if (ret < 0)
		fail_error(create_ops(c) | OP_CREATE_RING, c->name, NULL, ret);
	check_is_ring(region, c->name);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct command commands[] = {
	{ "create", ring_create },
	{ "write", ring_put },
	{ "read", ring_cat },
	{ "follow", ring_tail },
	{ "put", ring_put },
	{ "cat", ring_cat },
	{ "tail", ring_tail },
	{ "stat", ring_stat },
	{ "cursors", ring_cursors },
	{ "bench", ring_bench },
	{ "record", ring_record },
	{ "dump", ring_dump },
	{ "replay", ring_replay },
	{ NULL, NULL }
};

static const char doc[] =
	"Pass records from one producer to many consumers.\v"
	"Commands:\n"
	"  create NAME SIZE    create a ring with the node /dev/mmapshare-NAME\n"
	"  write NAME          write records from standard input\n"
	"  read NAME           print the records in the ring, and take them\n"
	"  follow NAME         print new records as they arrive, and leave them\n"
	"  put, cat, tail      other names of write, read and follow\n"
	"  stat NAME           print the state of a ring and its endpoints\n"
	"  cursors NAME        list the cursors that have a name, or remove a name\n"
	"  bench               measure throughput and latency of rings\n"
	"  record NAME PATH    write the records of a ring to files\n"
	"  dump FILE...        print the records in files\n"
	"  replay FILE... NAME write the records in files to a ring\n"
	"  help [COMMAND]      print this list, or the help of a command\n"
	"\n"
	"'mmapshare ring COMMAND --help' lists the options of a command. "
	"'mmapshare destroy NAME' destroys a ring.";

int cmd_ring(int argc, char **argv)
{
	return run_command(commands, doc, argc, argv);
}
