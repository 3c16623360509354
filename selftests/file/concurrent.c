// SPDX-License-Identifier: GPL-2.0
/* Threads that concurrently read and write disjoint ranges do not interfere. */
#include "mmapshare_test.h"
#include <pthread.h>

#define THREADS	4
#define ROUNDS	25
#define CHUNK	3000	/* less than a page: threads share pages */
#define CHUNKS	16

FIXTURE(concurrent)
{
	struct device dev;
};

FIXTURE_SETUP(concurrent)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(concurrent)
{
	close(self->dev.fd);
}

struct worker {
	pthread_t thread;
	int fd;
	int index;
	const char *failed;
};

/* Offset of chunk @i of a worker; the chunks of the workers are interleaved. */
static off_t chunk_offset(const struct worker *w, int i)
{
	return (off_t)(i * THREADS + w->index) * CHUNK;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int seed;
	char buf[CHUNK];
	int i, round;

	for (round = 0; round < ROUNDS; round++) {
		seed = 100 * w->index + round;
		for (i = 0; i < CHUNKS; i++) {
			make_bytes(buf, CHUNK, i, seed);
			if (pwrite(w->fd, buf, CHUNK, chunk_offset(w, i)) != CHUNK)
				w->failed = "pwrite";
		}
		for (i = 0; i < CHUNKS; i++) {
			if (pread(w->fd, buf, CHUNK, chunk_offset(w, i)) != CHUNK)
				w->failed = "pread";
			if (!same_bytes(buf, CHUNK, i, seed))
				w->failed = "bytes";
		}
	}
	return NULL;
}

static void run_workers(struct __test_metadata *_metadata, const int *fds)
{
	struct worker workers[THREADS] = {};
	int i;

	for (i = 0; i < THREADS; i++) {
		workers[i].fd = fds[i];
		workers[i].index = i;
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work,
					    &workers[i]));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(NULL, workers[i].failed);
	}
}

TEST_F(concurrent, one_descriptor)
{
	int fds[THREADS], i;

	for (i = 0; i < THREADS; i++)
		fds[i] = self->dev.fd;
	run_workers(_metadata, fds);
	EXPECT_EQ(0, lseek(self->dev.fd, 0, SEEK_CUR));
}

TEST_F(concurrent, separate_descriptors)
{
	int fds[THREADS], i;

	for (i = 0; i < THREADS; i++) {
		fds[i] = open(DEVICE, O_RDWR);
		ASSERT_LE(0, fds[i]);
	}
	run_workers(_metadata, fds);
	for (i = 0; i < THREADS; i++)
		close(fds[i]);
}

TEST_HARNESS_MAIN
