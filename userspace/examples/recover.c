// SPDX-License-Identifier: MIT
/*
 * Read the log that a logger left in /dev/mmapshare. With --kill, watch it
 * grow, through the mapping, and first kill the logger at a random moment
 * after it has written enough.
 */
#include <argp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "log.h"
#include "region.h"

static pid_t victim;
static unsigned int enough = 1;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'k':
		victim = parse_number(arg);
		break;
	case 'n':
		enough = parse_number(arg);
		break;
	case ARGP_KEY_ARG:
		argp_usage(state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "kill", 'k', "PID", 0, "kill the logger first", 0 },
	{ "records", 'n', "N", 0, "wait for so many records before (1)", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, NULL, "Recover the log in /dev/mmapshare.",
	NULL, NULL, NULL
};

/*
 * Watch the log grow, then kill its writer, at no particular point of what
 * it does then. Returns when it is dead: it may run on another CPU.
 */
static void kill_logger(pid_t pid, struct record *last)
{
	struct pollfd end = { .events = POLLIN };

	end.fd = syscall(SYS_pidfd_open, pid, 0);
	if (end.fd < 0)
		err(1, "process %d", (int)pid);
	while (!record_committed(last))
		if (poll(&end, 1, 1) > 0)
			errx(1, "process %d has ended by itself", (int)pid);
	if (kill(pid, SIGKILL) || poll(&end, 1, -1) < 0)
		err(1, "process %d", (int)pid);
	close(end.fd);
}

int main(int argc, char **argv)
{
	unsigned int count, i, intact = 0, torn = 0;
	struct record *log;
	struct region r;

	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	r = region_map(O_RDONLY);
	log = (struct record *)r.base;
	count = r.size / RECORD_SIZE;
	if (!enough || enough > count)
		errx(1, "there is room for %u records", count);

	if (victim)
		kill_logger(victim, &log[enough - 1]);

	while (intact < count && record_intact(&log[intact], intact + 1))
		intact++;
	for (i = intact; i < count; i++)
		torn += record_committed(&log[i]);

	printf("%u records intact, %u torn\n", intact, torn);
	return torn != 0;
}
