// SPDX-License-Identifier: GPL-2.0
/*
 * Probes of tracepoints in the kernel's locks publish: contention_begin, and on
 * kernels with lockdep also lock_acquire, which the producers' lock may hit.
 */
#include "context_test.h"
#include <sys/mman.h>

#define WRITERS	4
#define CHUNK	(1 << 20)

struct writers {
	pthread_t threads[WRITERS];
	int fd;
	bool stop;
};

/* The lock of the file's inode is held while the bytes are copied. */
static void *write_chunks(void *arg)
{
	struct writers *w = arg;
	char *chunk = calloc(1, CHUNK);

	while (chunk && !__atomic_load_n(&w->stop, __ATOMIC_RELAXED))
		if (pwrite(w->fd, chunk, CHUNK, 0) != CHUNK)
			break;
	free(chunk);
	return NULL;
}

static bool start_writers(struct writers *w)
{
	int i;

	w->stop = false;
	w->fd = memfd_create("contended", MFD_CLOEXEC);
	for (i = 0; i < WRITERS; i++)
		if (pthread_create(&w->threads[i], NULL, write_chunks, w))
			return false;
	return w->fd >= 0;
}

static void stop_writers(struct writers *w)
{
	int i;

	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < WRITERS; i++)
		pthread_join(w->threads[i], NULL);
	close(w->fd);
}

TEST_F(context, contention_begin)
{
	struct writers writers;

	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "records", "20"));
	CONTEXTS_RUN("contention_begin,kthread");
	ASSERT_TRUE(start_writers(&writers));
	EXPECT_TRUE(contexts_end_but(0));
	stop_writers(&writers);
	EXPECT_PUBLISHED(self);
}

TEST_F(context, lock_acquire)
{
	CONTEXTS_RUN("lock_acquire,kthread,hardirq");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
