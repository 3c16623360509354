// SPDX-License-Identifier: MIT
/* create and destroy, and what all have in common that make something */
#include <stdlib.h>
#include <unistd.h>
#include "cli.h"

static error_t parse_creation(int key, char *arg, struct argp_state *state)
{
	struct creation *c = state->input;

	switch (key) {
	case 'e':
		c->may_exist = true;
		return 0;
	case 'm':
		c->mode = parse_mode(arg);
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num == 0) {
			check_name(arg);
			c->name = arg;
		} else if (state->arg_num == 1) {
			c->size = parse_size(arg);
		} else {
			fail_usage("%s: one NAME and one SIZE are enough", arg);
		}
		return 0;
	case ARGP_KEY_END:
		if (!c->name || !c->size)
			fail_usage("say NAME and SIZE: %s", c->example);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option creation_options[] = {
	{ "exist-ok", 'e', NULL, 0, "it is fine if there is one of that name", 0 },
	{ "mode", 'm', "MODE", 0, "permissions, less the umask's (600)", 0 },
	{ 0 }
};

static const struct argp creation_argp = {
	.options = creation_options,
	.parser = parse_creation,
};

const struct argp_child creation_child[] = {
	{ &creation_argp, 0, NULL, 0 },
	{ 0 }
};

/* With --exist-ok a node that exists is opened first. */
unsigned int create_ops(const struct creation *args)
{
	char path[80];

	if (!args->may_exist || mmapshare_path(args->name, path, sizeof(path)) ||
	    access(path, F_OK))
		return OP_CREATE;
	return OP_CREATE | OP_OPEN;
}

struct region_creation {
	struct creation common;
	int strategy;
};

static int parse_strategy(const char *text)
{
	int strategy = mmapshare_strategy_by_name(text);

	if (strategy < 0)
		fail_usage("%s: STRATEGY is fault, huge, vmalloc or pfn", text);
	return strategy;
}

static error_t parse_create(int key, char *arg, struct argp_state *state)
{
	struct region_creation *c = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &c->common;
		return parse_other(key, state);
	case 's':
		c->strategy = parse_strategy(arg);
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option create_options[] = {
	{ "strategy", 's', "STRATEGY", 0,
	  "fault (default), huge, vmalloc or pfn", 0 },
	{ 0 }
};

static const struct argp create_argp = {
	.options = create_options,
	.parser = parse_create,
	.children = creation_child,
	.args_doc = "NAME SIZE",
	.doc = "Make a region of SIZE bytes, /dev/mmapshare-NAME. K, M, G or T behind "
	       "SIZE multiplies.",
};

int cmd_create(int argc, char **argv)
{
	struct region_creation r = { .common = { .mode = 0600, .example = "picture 64K" } };
	const struct creation *c = &r.common;
	struct mmapshare *region;
	int ret;

	parse_arguments(&create_argp, argc, argv, &r);
	if (c->may_exist)
		ret = mmapshare_create_or_open(&region, c->name, c->size, r.strategy,
					       c->mode);
	else
		ret = mmapshare_create(&region, c->name, c->size, r.strategy, c->mode);
	if (ret < 0)
		fail_error(create_ops(c), c->name, NULL, ret);
	mmapshare_close(region);
	return STATUS_OK;
}

struct destruction {
	int first;		/* of the arguments that are names */
	unsigned int flags;
};

static error_t parse_destroy(int key, char *arg, struct argp_state *state)
{
	struct destruction *d = state->input;

	switch (key) {
	case 'r':
		d->flags = MMAPSHARE_DESTROY_REVOKE;
		return 0;
	case ARGP_KEY_ARGS:
		d->first = state->next;
		return 0;
	case ARGP_KEY_NO_ARGS:
		fail_usage("say which: NAME...");
	default:
		(void)arg;
		return parse_other(key, state);
	}
}

static const struct argp_option destroy_options[] = {
	{ "revoke", 'r', NULL, 0, "nobody keeps it: who touches it gets SIGBUS", 0 },
	{ 0 }
};

static const struct argp destroy_argp = {
	.options = destroy_options,
	.parser = parse_destroy,
	.args_doc = "NAME...",
	.doc = "Take away names and nodes of regions. Who uses one keeps it; its memory "
	       "goes with the last of them.",
};

/* As rm does: each of them, whatever becomes of the others. */
int cmd_destroy(int argc, char **argv)
{
	struct destruction d = { 0 };
	int status = STATUS_OK, i, ret;

	parse_arguments(&destroy_argp, argc, argv, &d);
	for (i = d.first; i < argc; i++) {
		check_name(argv[i]);
		ret = mmapshare_destroy(argv[i], d.flags);
		if (ret) {
			complain_error(OP_DESTROY, argv[i], NULL, ret);
			status = STATUS_FAILED;
		}
	}
	return status;
}
