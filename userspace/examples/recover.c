// SPDX-License-Identifier: MIT
/*
 * Check the log that a logger left in /dev/mmapshare, and count intact and torn
 * records. With --kill, first watch the log grow through the mapping, and kill
 * the logger at an arbitrary moment after it has written enough records.
 */
#include <argp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "log.h"
#include "region.h"

static pid_t logger_pid;
static unsigned int min_records = 1;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'k':
		logger_pid = parse_number(arg);
		break;
	case 'n':
		min_records = parse_number(arg);
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
	{ "kill", 'k', "PID", 0, "kill the logger with this process ID first", 0 },
	{ "records", 'n', "N", 0, "kill it after this many records (default: 1)", 0 },
	{ 0 }
};

static const struct argp argp = {
	options, parse, NULL, "Check the log in /dev/mmapshare.",
	NULL, NULL, NULL
};

/*
 * Wait for the record @last, then kill the logger at an arbitrary instruction.
 * Wait until the logger is dead: after kill() it may still run on another CPU.
 */
static void kill_logger(pid_t pid, struct record *last)
{
	struct pollfd exited = { .events = POLLIN };

	exited.fd = syscall(SYS_pidfd_open, pid, 0);
	if (exited.fd < 0)
		err(1, "pidfd_open of process %d", (int)pid);
	while (!record_is_committed(last))
		if (poll(&exited, 1, 1) > 0)
			errx(1, "process %d exited before it had written enough records", (int)pid);
	if (kill(pid, SIGKILL) || poll(&exited, 1, -1) < 0)
		err(1, "killing process %d", (int)pid);
	close(exited.fd);
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
	if (!min_records || min_records > count)
		errx(1, "--records must be from 1 to %u, the capacity of " DEVICE, count);

	if (logger_pid)
		kill_logger(logger_pid, &log[min_records - 1]);

	while (intact < count && record_is_intact(&log[intact], intact + 1))
		intact++;
	for (i = intact; i < count; i++)
		torn += record_is_committed(&log[i]);

	printf("%u records intact, %u torn\n", intact, torn);
	return torn != 0;
}
