// SPDX-License-Identifier: MIT
/* How far a long copy is, for who waits at a terminal. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "cli.h"

#define BAR	40
#define PATIENCE	0.5	/* seconds before there is a bar */
#define PERIOD		0.1

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/*
 * Not where the bytes themselves go to the terminal, nor on one that cannot draw
 * over a line.
 */
static bool is_watched(void)
{
	const char *type = getenv("TERM");

	return isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) &&
	       type && strcmp(type, "dumb");
}

static void draw(uint64_t done, uint64_t total)
{
	char bar[BAR + 1];
	size_t full;

	if (!total) {
		fprintf(stderr, "\r%llu MiB", (unsigned long long)done >> 20);
		return;
	}
	full = (double)done / total * BAR;
	memset(bar, ' ', BAR);
	memset(bar, '#', full);
	bar[BAR] = '\0';
	fprintf(stderr, "\r[%s] %3d%%", bar, (int)((double)done / total * 100));
}

void progress(uint64_t done, uint64_t total, bool end)
{
	static double start, last;
	static int watched = -1;
	double t;

	if (watched < 0) {
		watched = is_watched();
		start = now();
	}
	if (!watched)
		return;
	if (end && last) {
		fprintf(stderr, "\r\033[K");
		return;
	}
	t = now();
	if (end || t < start + PATIENCE || t < last + PERIOD)
		return;
	draw(done, total);
	last = t;
}
