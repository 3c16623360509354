// SPDX-License-Identifier: GPL-2.0
/* Stores into a map cost what stores into malloc()ed memory cost. */
#include "map_fixture.h"
#include <time.h>

#define RECORD		512
#define AREA		(150 * 1024)
#define AREAS		4	/* of each, for luck with caches */
#define LAPS		40	/* over the area, in a round: 12,000 records */
#define MIN_ROUNDS	40
#define MAX_ROUNDS	200	/* on a machine with much else to do */
#define MAX_RATIO	1.05

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Nanoseconds for a record. */
static double store_records(char *area)
{
	static char record[RECORD] __attribute__((aligned(64)));
	double start = now();
	size_t pos;
	int lap;

	for (lap = 0; lap < LAPS; lap++) {
		memset(record, lap, 8);
		for (pos = 0; pos + RECORD <= AREA; pos += RECORD) {
			memcpy(area + pos, record, RECORD);
			/* every store is to be done */
			__asm__ volatile ("" : : : "memory");
		}
	}
	return (now() - start) / (LAPS * (AREA / RECORD));
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

TEST_F(map, stores)
{
	static double map[MAX_ROUNDS], heap[MAX_ROUNDS];
	const size_t step = AREA / self->dev.page * self->dev.page +
			    self->dev.page;
	char *area[2][AREAS];
	double best[2] = { 1e9, 1e9 };
	int n, i;

	SKIP_IF_INSTRUMENTED();
	if (step * AREAS > self->dev.size)
		SKIP(return, "the region is too small: load it with size=1M");
	for (i = 0; i < AREAS; i++) {
		area[0][i] = self->mem + i * step;
		area[1][i] = aligned_alloc(self->dev.page, step);
		ASSERT_NE(NULL, area[1][i]);
		store_records(area[0][i]);
		store_records(area[1][i]);
	}
	/* both in turn, so that what else goes on meets both */
	for (n = 0; n < MAX_ROUNDS; n++) {
		double cost[2];

		if (n >= MIN_ROUNDS && best[0] <= best[1] * MAX_RATIO)
			break;
		for (i = 0; i < 2; i++) {
			const int kind = (n + i) % 2;

			cost[kind] = store_records(area[kind][n / 2 % AREAS]);
			if (cost[kind] < best[kind])
				best[kind] = cost[kind];
		}
		map[n] = cost[0];
		heap[n] = cost[1];
	}
	qsort(map, n, sizeof(*map), compare);
	qsort(heap, n, sizeof(*heap), compare);
	ksft_print_msg("ns for %d bytes, in %d rounds of %d\n", RECORD, n,
		       LAPS * (AREA / RECORD));
	ksft_print_msg("map:    best %.1f median %.1f worst %.1f\n", map[0],
		       map[n / 2], map[n - 1]);
	ksft_print_msg("malloc: best %.1f median %.1f worst %.1f\n", heap[0],
		       heap[n / 2], heap[n - 1]);
	ksft_print_msg("map / malloc: best %.3f, median %.3f\n",
		       best[0] / best[1], map[n / 2] / heap[n / 2]);
	EXPECT_LE(best[0], best[1] * MAX_RATIO);
}

TEST_HARNESS_MAIN
