// SPDX-License-Identifier: MIT
/*
 * random: accesses of 8 bytes at random addresses. The address of a load
 * depends on the value loaded before, so that loads do not overlap.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include "bench.h"

#define ACCESSES	10000	/* loads or stores in an operation */

struct walk {
	struct memory memory;
	uint64_t words;
	uint64_t state;	/* of xorshift() */
};

/* Marsaglia's xorshift; choose_word() uses the upper bits. */
static uint64_t xorshift(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static uint64_t choose_word(const struct walk *w, uint64_t x)
{
	return ((x >> 32) * w->words) >> 32;
}

/*
 * All words are 0, but the compiler does not know that: so the next address
 * depends on the loaded value.
 */
static void load(void *state)
{
	struct walk *w = state;
	const volatile uint64_t *words = (uint64_t *)w->memory.at;
	uint64_t x = w->state;
	int i;

	for (i = 0; i < ACCESSES; i++)
		x = xorshift(x) ^ words[choose_word(w, x)];
	w->state = x;
}

static void store(void *state)
{
	struct walk *w = state;
	volatile uint64_t *words = (uint64_t *)w->memory.at;
	uint64_t x = w->state;
	int i;

	for (i = 0; i < ACCESSES; i++) {
		words[choose_word(w, x)] = 0;
		x = xorshift(x);
	}
	w->state = x;
}

static const char *measure(const struct contender *c, const struct group *g,
			   double *values)
{
	struct walk w = { .words = g->size / sizeof(uint64_t), .state = 88172645463325252 };
	const char *reason = memory_open(&w.memory, c->kind, g->size);

	/* populated, because page faults take long in User-mode Linux */
	if (!reason)
		reason = memory_map(&w.memory, MAP_POPULATE);
	if (!reason) {
		memset(w.memory.at, 0, g->size);
		*values = per_operation(strcmp(g->what, "load") ? store : load, &w, 0) /
			ACCESSES;
	}
	memory_close(&w.memory);
	return reason;
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
	static const char * const modes[] = { "load", "store" };
	uint64_t sizes[SIZES_MAX];
	const size_t n = choose_sizes(own, ARRAY_SIZE(own), GIB, sizes);
	struct group g = {
		.experiment = "random",
		.x = "bytes",
		.contenders = contenders,
		.n_contenders = ARRAY_SIZE(contenders),
		.metrics = time_metric,
	};
	size_t i, mode;

	for (mode = 0; mode < ARRAY_SIZE(modes); mode++) {
		g.what = modes[mode];
		for (i = 0; i < n; i++) {
			g.size = sizes[i];
			compare(&g);
		}
	}
}

const struct experiment random_experiment = {
	.name = "random",
	.doc = "loads and stores of 8 bytes at random addresses, in huge and small pages",
	.run = run,
	.timed_only = true,
};
