// SPDX-License-Identifier: MIT
/*
 * bridge: run mmapshare-bridge, a program of its own: it needs libraries of servers,
 * without which this command must start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

int cmd_bridge(int argc, char **argv)
{
	static char program[24] = "mmapshare-bridge", complete[16] = "__complete";
	char **words = calloc(argc + 2, sizeof(*words));
	int n = 0, i;

	if (!words)
		fail("%s", strerror(ENOMEM));
	words[n++] = program;
	if (is_completing())
		words[n++] = complete;
	for (i = 1; i < argc; i++)
		words[n++] = argv[i];
	execvp(program, words);
	if (errno == ENOENT)
		fail("%s is not installed; it is in the package of that name, and is built if libnats or hiredis is there",
		     program);
	fail("%s: %s", program, strerror(errno));
}
