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

static int find_and_run(const struct command *c, int argc, char **argv)
{
	char *name;

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

	(void)arg;
	switch (key) {
	case ARGP_KEY_ARG:
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

	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &d))
		return STATUS_USAGE;
	return d.status;
}
