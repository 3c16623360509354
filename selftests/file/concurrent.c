// SPDX-License-Identifier: GPL-2.0
/* Threads that read and write different bytes do not disturb each other. */
#include "mmapshare_test.h"
#include <pthread.h>

#define THREADS	4
#define ROUNDS	25
#define PIECE	3000	/* so that pages have bytes of several threads */
#define PIECES	16

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
	int number;
	const char *failed;
};

/* Piece @i of a worker; those of all are interleaved. */
static off_t place(const struct worker *w, int i)
{
	return (off_t)(i * THREADS + w->number) * PIECE;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int seed;
	char buf[PIECE];
	int i, round;

	for (round = 0; round < ROUNDS; round++) {
		seed = 100 * w->number + round;
		for (i = 0; i < PIECES; i++) {
			make_bytes(buf, PIECE, i, seed);
			if (pwrite(w->fd, buf, PIECE, place(w, i)) != PIECE)
				w->failed = "pwrite";
		}
		for (i = 0; i < PIECES; i++) {
			if (pread(w->fd, buf, PIECE, place(w, i)) != PIECE)
				w->failed = "pread";
			if (!same_bytes(buf, PIECE, i, seed))
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
		workers[i].number = i;
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

TEST_F(concurrent, one_descriptor_each)
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
