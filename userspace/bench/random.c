// SPDX-License-Identifier: MIT
/*
 * random: 8 bytes here and there. Where to go next depends on what was found, so
 * that one has to be there before the next one begins.
 */
#include <string.h>
#include "bench.h"

#define ACCESSES	10000	/* at once */

struct walk {
	struct memory memory;
	uint64_t words;
	uint64_t position;
};

/* A generator of Marsaglia's, of which the upper bits are taken. */
static uint64_t next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static uint64_t place(const struct walk *w, uint64_t x)
{
	return ((x >> 32) * w->words) >> 32;
}

/* All words are 0, which nobody but us knows. */
static void load(void *state)
{
	struct walk *w = state;
	const volatile uint64_t *words = (uint64_t *)w->memory.at;
	uint64_t x = w->position;
	int i;

	for (i = 0; i < ACCESSES; i++)
		x = next(x) ^ words[place(w, x)];
	w->position = x;
}

static void store(void *state)
{
	struct walk *w = state;
	volatile uint64_t *words = (uint64_t *)w->memory.at;
	uint64_t x = w->position;
	int i;

	for (i = 0; i < ACCESSES; i++) {
		words[place(w, x)] = 0;
		x = next(x);
	}
	w->position = x;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	struct walk w = { .words = g->size / sizeof(uint64_t), .position = 88172645463325252 };
	const char *why = memory_open(&w.memory, c->kind, g->size);

	if (!why)
		why = memory_map(&w.memory, 0);
	if (!why) {
		memset(w.memory.at, 0, g->size);
		*values = per_operation(strcmp(g->what, "load") ? store : load, &w, 0) /
			ACCESSES;
	}
	memory_close(&w.memory);
	return why;
}

static const struct contender contenders[] = {
	{ "memory", measure, MALLOC, NULL },
	{ "fault", measure, FAULT, NULL },
	{ "huge", measure, HUGE, NULL },
	{ "memfd", measure, MEMFD, NULL },
	{ "memfd-huge", measure, MEMFD_HUGE, NULL },
};

static void run(void)
{
	static const uint64_t own[] = { MIB, 16 * MIB, 256 * MIB, GIB };
	static const char * const ways[] = { "load", "store" };
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), GIB, sizes);
	struct group g = {
		.experiment = "random",
		.x = "bytes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = one_metric,
	};
	size_t i, way;

	for (way = 0; way < ARRAY_SIZE(ways); way++) {
		g.what = ways[way];
		for (i = 0; i < n; i++) {
			g.size = sizes[i];
			compare(&g);
		}
	}
}

const struct experiment random_experiment = {
	.name = "random",
	.doc = "8 bytes here and there, in huge pages and in small ones",
	.run = run,
	.timed_only = true,
};
