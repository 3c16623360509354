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
	unsigned int consumers;
	unsigned int flags;
};

static unsigned int parse_consumers(const char *text)
{
	const uint64_t n = parse_number(text, "COUNT");

	if (!n || n > MMAPSHARE_RING_CONSUMERS_MAX)
		fail_usage("'%s': COUNT must be from 1 to %d", text,
			   MMAPSHARE_RING_CONSUMERS_MAX);
	return n;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct ring_create_args *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->common;
		return parse_other(key, state);
	case 'c':
		c->consumers = parse_consumers(arg);
		return 0;
	case 'o':
		c->flags |= MMAPSHARE_RING_OVERWRITE;
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option create_options[] = {
	{ "consumers", 'c', "COUNT", 0, "number of consumer slots, 1 to 64 (default 8)", 0 },
	{ "overwrite", 'o', NULL, 0, "when full, overwrite the oldest records", 0 },
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

static int ring_create(int argc, char **argv)
{
	struct ring_create_args r = {
		.common = { .mode = 0600, .example = "mmapshare ring create samples 1M" },
		.consumers = 8,
	};
	const struct create_args *c = &r.common;
	struct mmapshare *region;
	int ret;

	parse_arguments(&create_argp, argc, argv, &r);
	if (c->exist_ok)
		ret = mmapshare_ring_create_or_open(&region, c->name, c->size, r.flags,
						    r.consumers, c->mode);
	else
		ret = mmapshare_ring_create(&region, c->name, c->size, r.flags,
					    r.consumers, c->mode);
	if (ret < 0)
		fail_error(create_ops(c) | OP_CREATE_RING, c->name, NULL, ret);
	mmapshare_close(region);
	return STATUS_OK;
}

static const struct command commands[] = {
	{ "create", ring_create },
	{ "put", ring_put },
	{ "cat", ring_cat },
	{ "tail", ring_tail },
	{ "stat", ring_stat },
	{ "bench", ring_bench },
	{ NULL, NULL }
};

static const char doc[] =
	"Pass records from one producer to many consumers.\v"
	"Commands:\n"
	"  create NAME SIZE    create a ring with the node /dev/mmapshare-NAME\n"
	"  put NAME            write records from standard input\n"
	"  cat NAME            print the records in the ring, and take them\n"
	"  tail NAME           print new records as they arrive, and leave them\n"
	"  stat NAME           print the state of a ring and its endpoints\n"
	"  bench               measure throughput and latency of rings\n"
	"\n"
	"'mmapshare ring COMMAND --help' lists the options of a command. "
	"'mmapshare destroy NAME' destroys a ring.";

int cmd_ring(int argc, char **argv)
{
	return run_command(commands, doc, argc, argv);
}
