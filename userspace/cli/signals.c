// SPDX-License-Identifier: MIT
/* Signals that end a command when it has completed what it does. */
#include <signal.h>
#include <stddef.h>
#include <sys/time.h>
#include "cli.h"

volatile sig_atomic_t stopped;

static const int signals[] = { SIGALRM, SIGINT, SIGTERM, SIGHUP };

/*
 * A wait that begins right after @stopped was tested does not see this signal. So
 * let others interrupt it.
 */
static void stop(int signal)
{
	const struct itimerval often = { { 0, 100000 }, { 0, 100000 } };

	if (signal != SIGALRM)
		stopped = 1;
	setitimer(ITIMER_REAL, &often, NULL);
}

void catch_stop_signals(void)
{
	struct sigaction action = { .sa_handler = stop }, old;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(signals[i], &action, NULL);
	}
}
