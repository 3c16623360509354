// SPDX-License-Identifier: MIT
/*
 * setup: create the regions that files describe; mmapshare.d(5) has the format.
 *
 * Each line becomes the command line of "create" or "ring create" and is run by a
 * child process, whose messages begin with the file and the line. A line that fails
 * does not prevent the others.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli.h"
#include "ring.h"

#define FILES		"/etc/mmapshare.d/*.conf"
#define WORDS_MAX	32

struct line {
	char *place;		/* "mmapshare setup: FILE:NUMBER", the prefix of messages */
	char *words[WORDS_MAX];
	int count;
};

/* Store the words of @text, which is changed. */
static void split(struct line *l, char *text)
{
	char *word;

	text[strcspn(text, "#")] = '\0';
	for (word = strtok(text, " \t\r"); word; word = strtok(NULL, " \t\r")) {
		if (l->count == WORDS_MAX)
			fail("more than %d words", WORDS_MAX);
		l->words[l->count++] = word;
	}
}

/* Does not return. */
static void create(struct line *l)
{
	char *argv[WORDS_MAX + 3], exist_ok[] = "--exist-ok", end[] = "--";
	int (*run)(int argc, char **argv) = cmd_create;
	int argc = 0, i;

	if (!strcmp(l->words[0], "ring"))
		run = ring_create;
	else if (strcmp(l->words[0], "region"))
		fail("'%s': a line must begin with region or ring", l->words[0]);
	if (l->count < 3)
		fail("NAME and SIZE are required, for example: %s picture 64K", l->words[0]);
	argv[argc++] = l->place;
	argv[argc++] = exist_ok;
	for (i = 3; i < l->count; i++)
		if (asprintf(&argv[argc++], "--%s", l->words[i]) < 0)
			fail("%s", strerror(ENOMEM));
	argv[argc++] = end;
	argv[argc++] = l->words[1];
	argv[argc++] = l->words[2];
	argv[argc] = NULL;
	disable_help();
	exit(run(argc, argv));
}

/* Returns whether the line has no error. */
static bool run_line(const char *file, unsigned int number, char *text)
{
	struct line l = { 0 };
	int status = 0;
	pid_t pid;

	if (asprintf(&l.place, "%s: %s:%u", program_invocation_name, file, number) < 0)
		fail("%s", strerror(ENOMEM));
	pid = fork();
	if (pid < 0)
		fail("%s", strerror(errno));
	if (!pid) {
		program_invocation_name = l.place;
		split(&l, text);
		if (l.count)
			create(&l);
		exit(STATUS_OK);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("%s", strerror(errno));
	free(l.place);
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

/*
 * The whole file, to be freed by the caller. It is closed before a child process
 * exits, which would change the position of an open one. NULL after an error, which
 * was printed.
 */
static char *read_file(const char *file)
{
	FILE *f = fopen(file, "re");
	const char *problem = NULL;
	char *text = NULL;
	size_t size = 0;

	if (!f) {
		complain("%s: %s", file, strerror(errno));
		return NULL;
	}
	errno = 0;
	if (getdelim(&text, &size, '\0', f) < 0 && errno)
		problem = strerror(errno);
	else if (!feof(f))
		problem = "not a text file: it has a byte 0";
	if (problem)
		complain("%s: %s", file, problem);
	else if (!text)
		text = strdup("");
	fclose(f);
	if (!problem)
		return text;
	free(text);
	return NULL;
}

/* Returns whether the file and all its lines have no error. */
static bool run_file(const char *file)
{
	char *text = read_file(file), *rest = text, *line;
	unsigned int number = 0;
	bool ok = text;

	while ((line = strsep(&rest, "\n")))
		ok &= run_line(file, ++number, line);
	free(text);
	return ok;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	int *first = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARGS)
		return parse_other(key, state);
	*first = state->next;
	return 0;
}

static const struct argp argp = {
	.parser = parse,
	.args_doc = "[FILE...]",
	.doc = "Create the regions and rings that FILEs describe, by default " FILES ". Leave "
	       "those that exist. A line of a file is \"region NAME SIZE [OPTION...]\" or "
	       "\"ring NAME SIZE [OPTION...]\", with the long options of create or ring create "
	       "without \"--\", as in: region picture 64K mode=660",
};

int cmd_setup(int argc, char **argv)
{
	int first = 0, status = STATUS_OK;
	glob_t files = { 0 };
	size_t i;

	parse_arguments(&argp, argc, argv, &first);
	/* the modes in the files are those of the nodes */
	umask(0);
	if (first) {
		files.gl_pathv = argv + first;
		files.gl_pathc = argc - first;
	} else if (glob(FILES, 0, NULL, &files) == GLOB_NOSPACE) {
		fail("%s", strerror(ENOMEM));
	}
	for (i = 0; i < files.gl_pathc; i++)
		if (!run_file(files.gl_pathv[i]))
			status = STATUS_FAILED;
	return status;
}
