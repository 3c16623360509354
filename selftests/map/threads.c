// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that concurrently fault in, write and drop (MADV_DONTNEED) the same
 * pages lose no stores.
 */
#include "map_fixture.h"
#include <pthread.h>

#define THREADS	6
#define ROUNDS	4
#define STEPS	800

struct job {
	const struct device *dev;
	pthread_barrier_t *barrier;
	char *mem;
	unsigned int thread;
	unsigned int seed;
	long errors;
};

/* The word of this thread in a page: each thread has one in every page. */
static uint32_t *slot(const struct job *job, size_t page)
{
	return (uint32_t *)(job->mem + page * job->dev->page) +
	       job->thread * (job->dev->page / sizeof(uint32_t) / THREADS);
}

static unsigned int next_random(unsigned int *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* All threads access the pages in the same order, starting at the same time. */
static void *touch(void *arg)
{
	struct job *job = arg;
	size_t pages = job->dev->size / job->dev->page, i;

	pthread_barrier_wait(job->barrier);
	for (i = 0; i < pages; i++) {
		uint32_t *word = slot(job, i);

		if (*(volatile uint32_t *)word != ~(uint32_t)i)
			job->errors++;
		*word = i;
	}
	return NULL;
}

/* Drops pages that all threads use; checks the words of this thread. */
static void *store_and_drop(void *arg)
{
	struct job *job = arg;
	size_t pages = job->dev->size / job->dev->page, i;
	uint32_t *want = calloc(pages, sizeof(*want));
	int step;

	for (i = 0; i < pages; i++)
		want[i] = i;
	pthread_barrier_wait(job->barrier);
	for (step = 0; step < STEPS; step++) {
		size_t first = next_random(&job->seed) % pages;

		switch (next_random(&job->seed) % 16) {
		case 0:
			i = next_random(&job->seed) % 600;
			if (i > pages - first)
				i = pages - first;
			if (madvise(job->mem + first * job->dev->page,
				    i * job->dev->page, MADV_DONTNEED) &&
			    has_feature(job->dev, MMAPSHARE_FEAT_DONTNEED))
				job->errors++;
			break;
		case 1 ... 8:
			want[first] = step << 8 | job->thread;
			*slot(job, first) = want[first];
			break;
		default:
			if (*slot(job, first) != want[first])
				job->errors++;
		}
	}
	for (i = 0; i < pages; i++)
		if (*slot(job, i) != want[i])
			job->errors++;
	free(want);
	return NULL;
}

static long run_threads(const struct device *dev, char *mem,
			void *(*fn)(void *))
{
	struct job jobs[THREADS];
	pthread_t threads[THREADS];
	pthread_barrier_t barrier;
	long errors = 0;
	unsigned int i;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++) {
		jobs[i] = (struct job) { dev, &barrier, mem, i, i + 1, 0 };
		if (pthread_create(&threads[i], NULL, fn, &jobs[i]))
			exit(KSFT_FAIL);
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		errors += jobs[i].errors;
	}
	pthread_barrier_destroy(&barrier);
	return errors;
}

TEST_F(map, concurrent_faults)
{
	const size_t words = self->dev.page / sizeof(uint32_t) / THREADS;
	size_t pages = self->dev.size / self->dev.page, i;
	int round, t;

	for (round = 0; round < ROUNDS; round++) {
		char *mem = device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);

		ASSERT_NE(MAP_FAILED, mem);
		for (i = 0; i < pages; i++)
			for (t = 0; t < THREADS; t++)
				((uint32_t *)(self->mem + i * self->dev.page))
					[t * words] = ~i;
		EXPECT_EQ(0, run_threads(&self->dev, mem, touch));
		for (i = 0; i < pages; i++)
			for (t = 0; t < THREADS; t++)
				ASSERT_EQ(i, ((uint32_t *)(self->mem +
					      i * self->dev.page))[t * words]);
		munmap(mem, self->dev.size);
	}
}

TEST_F(map, concurrent_dontneed)
{
	size_t pages = self->dev.size / self->dev.page, i, j;

	for (i = 0; i < pages; i++)
		for (j = 0; j < self->dev.page / sizeof(uint32_t); j++)
			((uint32_t *)(self->mem + i * self->dev.page))[j] = i;
	EXPECT_EQ(0, run_threads(&self->dev, self->mem, store_and_drop));
}

TEST_HARNESS_MAIN
