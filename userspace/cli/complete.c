// SPDX-License-Identifier: MIT
/*
 * Completion, for the files completion.*: "mmapshare __complete WORD..." prints
 * what the last WORD, which may be empty, could be. Each line is a candidate, and
 * a tab and its description if there is one. The candidates need not begin as the
 * word does: the shell chooses. Nothing is printed if that is a file, or unknown.
 *
 * The words are dispatched as usual. A command whose arguments are to be parsed
 * prints the candidates instead, from the same tables, and exits.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "scope.h"

static bool completing;

bool is_completing(void)
{
	return completing;
}

bool start_completing(int argc, char **argv)
{
	completing = argc > 2 && !strcmp(argv[1], "__complete");
	return completing;
}

/* Print at most @length bytes of the description. */
static void candidate(const char *prefix, const char *text, const char *description, int length)
{
	printf("%s%s", prefix, text);
	if (length)
		printf("\t%.*s", length, description);
	putchar('\n');
}

static void option(char key, const char *name, const char *description)
{
	const char letter[] = { key, '\0' };

	candidate("-", letter, description, INT_MAX);
	candidate("--", name, description, INT_MAX);
}

/* The description of a command is in the list of @doc: "  NAME ...  DESCRIPTION". */
static void command(const char *name, const char *doc)
{
	const char *line, *description = "";
	const size_t length = strlen(name);

	for (line = strstr(doc, "\n  "); line; line = strstr(line + 1, "\n  ")) {
		if (strncmp(line + 3, name, length) || line[3 + length] != ' ')
			continue;
		description = strstr(line + 3, "  ");
		description += strspn(description, " ");
		break;
	}
	candidate("", name, description, strcspn(description, "\n"));
}

static void all_commands(const struct command *c, const char *doc)
{
	for (; c->name; c++)
		command(c->name, doc);
	command("help", doc);
}

int complete_command(const struct command *commands, const char *doc, int argc, char **argv)
{
	const struct command *c;

	if (argc == 2 && argv[1][0] == '-') {
		option('h', "help", "print the commands");
		option('V', "version", "print the version");
	} else if (argc == 2 || (argc == 3 && !strcmp(argv[1], "help"))) {
		all_commands(commands, doc);
	} else {
		for (c = commands; c->name; c++)
			if (!strcmp(c->name, argv[1]))
				return c->run(argc - 1, argv + 1);
	}
	return STATUS_OK;
}

static void regions(bool rings)
{
	struct mmapshare_query query = { .size = sizeof(query) };
	struct mmapshare_list *list;

	if (mmapshare_list_open(&list))
		return;
	while (mmapshare_list_next(list, &query) == 1)
		if (query.ring || !rings)
			candidate("", query.name, query.ring ? "ring" : "region", INT_MAX);
	mmapshare_list_close(list);
}

/* Candidates for what the texts for --help call @what. */
static void values(const char *what)
{
	const char *name;
	unsigned int i;

	if (!strcmp(what, "STRATEGY"))
		for (i = 0; (name = mmapshare_strategy_name(i)); i++)
			candidate("", name, "", 0);
	else if (!strcmp(what, "WAVE"))
		for (i = 0; i < WAVES; i++)
			candidate("", wave_names[i], "", 0);
	else if (!strcmp(what, "SEAL"))
		for (i = 0; i < SEAL_NAMES; i++)
			candidate("", seal_names[i].name, "", 0);
}

/* Find the option that takes the word after @word as its value. */
static const struct argp_option *takes_value(const struct argp *argp, const char *word)
{
	const struct argp_option *o = argp->options;

	if (word[0] != '-')
		return NULL;
	for (; o && (o->name || o->key); o++)
		if (o->arg && (word[1] == '-' ? !strcmp(word + 2, o->name) :
			       word[1] == o->key && !word[2]))
			return o;
	return argp->children ? takes_value(argp->children->argp, word) : NULL;
}

static void all_options(const struct argp *argp)
{
	const struct argp_option *o = argp->options;

	for (; o && o->name; o++)
		option(o->key, o->name, o->doc);
	if (argp->children)
		all_options(argp->children->argp);
}

/* The position of the last word among the arguments that are no options. */
static int position(const struct argp *argp, int argc, char **argv)
{
	int i, n = 0;

	for (i = 1; i < argc - 1; i++)
		if (argv[i][0] != '-' && (i == 1 || !takes_value(argp, argv[i - 1])))
			n++;
	return n;
}

/* Is the argument at the position @n a file? The last word of @what is repeated. */
static bool is_file(const char *what, int n)
{
	while (n-- && strchr(what, ' '))
		what = strchr(what, ' ') + 1;
	return !strncmp(what, "FILE", 4) || !strncmp(what, "PATH", 4);
}

static void positional(const struct argp *argp, int n)
{
	const char *what = argp->args_doc ? argp->args_doc : "";

	if (is_file(what, n))
		return;
	if (n && strstr(what, "SEAL"))
		values("SEAL");
	else if (strstr(what, "SIZE") || (n && !strstr(what, "...")))
		return;
	else if (strstr(what, "REGION"))
		regions(false);
	else if (strstr(what, "NAME"))
		regions(true);
}

void complete_argument(const struct argp *argp, int argc, char **argv)
{
	const struct argp_option *o = argc > 2 ? takes_value(argp, argv[argc - 2]) : NULL;

	if (o) {
		values(o->arg);
	} else if (argc > 1 && argv[argc - 1][0] == '-') {
		all_options(argp);
		option('h', "help", "print the options");
	} else if (argc > 1) {
		positional(argp, position(argp, argc, argv));
	}
	close_output();
	exit(STATUS_OK);
}
