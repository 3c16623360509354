// SPDX-License-Identifier: MIT
/* Run the command that the first argument names with the arguments after it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"

struct dispatch {
	const struct command *commands;
	int status;
};

/* Change "help NAME" to "NAME --help". */
static void swap_help(int argc, char **argv)
{
	char *option = strdup("--help");

	if (!option)
		fail("%s", strerror(ENOMEM));
	if (argc > 2)
		fail_usage("'%s': extra argument; only one COMMAND is allowed", argv[2]);
	argv[0] = argv[1];
	/* never freed: the command refers to it */
	argv[1] = option;
}

static int find_and_run(const struct command *c, int argc, char **argv)
{
	char *name;

	if (!strcmp(argv[0], "help"))
		swap_help(argc, argv);
	for (; c->name; c++) {
		if (strcmp(c->name, argv[0]))
			continue;
		/* never freed: it is the prefix of all further messages */
		if (asprintf(&name, "%s %s", program_invocation_name, argv[0]) < 0)
			fail("%s", strerror(ENOMEM));
		argv[0] = name;
		program_invocation_name = name;
		return c->run(argc, argv);
	}
	fail_usage("'%s': no such command; see %s --help", argv[0],
		   program_invocation_name);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct dispatch *d = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (!strcmp(arg, "help") && state->next == state->argc)
			argp_state_help(state, state->out_stream, ARGP_HELP_STD_HELP);
		d->status = find_and_run(d->commands, state->argc - state->next + 1,
					 state->argv + state->next - 1);
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		fail_usage("COMMAND is required; see %s --help", program_invocation_name);
	default:
		return parse_other(key, state);
	}
}

int run_command(const struct command *commands, const char *doc, int argc, char **argv)
{
	struct dispatch d = { .commands = commands, .status = STATUS_OK };
	const struct argp argp = {
		.parser = parse,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = doc,
	};

	if (is_completing())
		return complete_command(commands, doc, argc, argv);
	if (parse_with_help(&argp, argc, argv, ARGP_IN_ORDER, &d))
		return STATUS_USAGE;
	return d.status;
}
