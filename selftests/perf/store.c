// SPDX-License-Identifier: GPL-2.0
/* Stores to a mapping take as long as stores to memory from malloc(). */
#include "map_fixture.h"
#include <time.h>

#define RECORD		512
#define BUFFER_SIZE	(150 * 1024)
#define BUFFERS		4	/* of each kind: their pages affect caching */
#define LAPS		40	/* over a buffer, in a round: 12,000 records */
#define MIN_ROUNDS	40
#define MAX_ROUNDS	200	/* reached on a busy machine */
#define MAX_RATIO	1.05

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

/* Returns nanoseconds per record. */
static double store_records(char *buffer)
{
	static char record[RECORD] __attribute__((aligned(64)));
	double start = now();
	size_t pos;
	int lap;

	for (lap = 0; lap < LAPS; lap++) {
		memset(record, lap, 8);
		for (pos = 0; pos + RECORD <= BUFFER_SIZE; pos += RECORD) {
			memcpy(buffer + pos, record, RECORD);
			/* the compiler must not drop stores */
			__asm__ volatile ("" : : : "memory");
		}
	}
	return (now() - start) / (LAPS * (BUFFER_SIZE / RECORD));
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

TEST_F(map, stores)
{
	static double mapping[MAX_ROUNDS], heap[MAX_ROUNDS];
	const size_t step = BUFFER_SIZE / self->dev.page * self->dev.page +
			    self->dev.page;
	char *buffer[2][BUFFERS];
	double best[2] = { 1e9, 1e9 };
	int n, i;

	SKIP_IF_INSTRUMENTED();
	if (step * BUFFERS > self->dev.size)
		SKIP(return, "region too small: insmod mmapshare.ko size=1M");
	for (i = 0; i < BUFFERS; i++) {
		buffer[0][i] = self->mem + i * step;
		buffer[1][i] = aligned_alloc(self->dev.page, step);
		ASSERT_NE(NULL, buffer[1][i]);
		store_records(buffer[0][i]);
		store_records(buffer[1][i]);
	}
	/* alternate, so that other load on the machine affects both kinds */
	for (n = 0; n < MAX_ROUNDS; n++) {
		double cost[2];

		if (n >= MIN_ROUNDS && best[0] <= best[1] * MAX_RATIO)
			break;
		for (i = 0; i < 2; i++) {
			const int kind = (n + i) % 2;

			cost[kind] = store_records(buffer[kind][n / 2 % BUFFERS]);
			if (cost[kind] < best[kind])
				best[kind] = cost[kind];
		}
		mapping[n] = cost[0];
		heap[n] = cost[1];
	}
	qsort(mapping, n, sizeof(*mapping), compare);
	qsort(heap, n, sizeof(*heap), compare);
	ksft_print_msg("ns for %d bytes, in %d rounds of %d\n", RECORD, n,
		       LAPS * (BUFFER_SIZE / RECORD));
	ksft_print_msg("mapping: best %.1f median %.1f worst %.1f\n", mapping[0],
		       mapping[n / 2], mapping[n - 1]);
	ksft_print_msg("malloc:  best %.1f median %.1f worst %.1f\n", heap[0],
		       heap[n / 2], heap[n - 1]);
	ksft_print_msg("mapping / malloc: best %.3f, median %.3f\n",
		       best[0] / best[1], mapping[n / 2] / heap[n / 2]);
	EXPECT_LE(best[0], best[1] * MAX_RATIO);
}

TEST_HARNESS_MAIN
