// SPDX-License-Identifier: MIT
/* ring: its commands, and those that make one and look at it */
#define _GNU_SOURCE
#include <string.h>
#include "ring.h"

void take_name(const char **name, const char *arg)
{
	if (*name)
		fail_usage("%s: one NAME at a time", arg);
	if (!strchr(arg, '/'))
		check_name(arg);
	*name = arg;
}

struct ring_creation {
	struct creation common;
	unsigned int consumers;
	unsigned int flags;
};

static unsigned int parse_consumers(const char *text)
{
	const uint64_t n = parse_bytes(text, "COUNT");

	if (!n || n > MMAPSHARE_RING_CONSUMERS_MAX)
		fail_usage("%s: there can be 1 to %d consumers", text,
			   MMAPSHARE_RING_CONSUMERS_MAX);
	return n;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct ring_creation *c = state->input;

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
	{ "consumers", 'c', "COUNT", 0, "how many there can be at a time (8)", 0 },
	{ "overwrite", 'o', NULL, 0, "forget the oldest records when it is full", 0 },
	{ 0 }
};

static const struct argp create_argp = {
	.options = create_options,
	.parser = parse_create,
	.children = creation_child,
	.args_doc = "NAME SIZE",
	.doc = "Make a ring for SIZE bytes of records, rounded up to a power of two of "
	       "pages, /dev/mmapshare-NAME.",
};

static int ring_create(int argc, char **argv)
{
	struct ring_creation r = {
		.common = { .mode = 0600, .example = "samples 1M" },
		.consumers = 8,
	};
	const struct creation *c = &r.common;
	struct mmapshare *region;
	int ret;

	parse_arguments(&create_argp, argc, argv, &r);
	if (c->may_exist)
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
	"Records from one producer to many consumers.\v"
	"Commands:\n"
	"  create NAME SIZE    make a ring, /dev/mmapshare-NAME\n"
	"  put NAME            put records from standard input into it\n"
	"  cat NAME            print the records there are\n"
	"  tail NAME           print those to come, as they come\n"
	"  stat NAME           facts about it, and who takes part\n"
	"  bench               how fast are rings here\n"
	"\n"
	"'mmapshare ring COMMAND --help' has the options. A ring is destroyed by "
	"'mmapshare destroy NAME'.";

int cmd_ring(int argc, char **argv)
{
	return run_command(commands, doc, argc, argv);
}
