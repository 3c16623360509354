// SPDX-License-Identifier: MIT
/* Progress bar for copies that take long. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"

#define BAR_WIDTH	40
#define DELAY		0.5	/* seconds until the bar appears */
#define PERIOD		0.1	/* seconds between updates */

/*
 * No bar if standard output is a terminal, where the bytes themselves may go,
 * or if the terminal cannot erase a line.
 */
static bool is_enabled(void)
{
	const char *type = getenv("TERM");

	return isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) &&
	       type && strcmp(type, "dumb");
}

static void draw(uint64_t done, uint64_t total)
{
	char bar[BAR_WIDTH + 1];
	size_t full;

	if (!total) {
		fprintf(stderr, "\r%llu MiB", (unsigned long long)done >> 20);
		return;
	}
	full = (double)done / total * BAR_WIDTH;
	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', full);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d%%", bar, (int)((double)done / total * 100));
}

void progress(uint64_t done, uint64_t total, bool end)
{
	static double start, last;
	static int enabled = -1;
	double t;

	if (enabled < 0) {
		enabled = is_enabled();
		start = monotonic_time();
	}
	if (!enabled)
		return;
	if (end && last) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	t = monotonic_time();
	if (end || t < start + DELAY || t < last + PERIOD)
		return;
	draw(done, total);
	last = t;
}
