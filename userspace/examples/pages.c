// SPDX-License-Identifier: MIT
/*
 * Several threads and a child process read one anonymous region without copying
 * it: their mappings consist of the same physical pages. Needs root, because
 * /proc/self/pagemap shows page frame numbers only with CAP_SYS_ADMIN.
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <mmapshare.h>
#include "crc32c.h"

#define THREADS	8
#define PAGES	64

/* The child stores its results here, in an additional page of the region. */
struct child_result {
	uint64_t frames[PAGES];
	unsigned int crc32c;
};

static struct mmapshare *region;
static size_t page_size;

static char *map_region(void)
{
	void *address;
	int ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address);

	if (ret)
		errx(1, "map: %s", strerror(-ret));
	return address;
}

/* Get the page frame number of each page; 0 if it is not present. */
static void read_page_frames(const char *base, uint64_t *frames)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), i;
	const size_t size = PAGES * sizeof(*frames);

	/*
	 * read every page: a page that was never accessed may not be mapped yet
	 */
	for (i = 0; i < PAGES; i++)
		(void)*(const volatile char *)(base + i * page_size);
	if (fd < 0 || pread(fd, frames, size, (uintptr_t)base / page_size * 8) !=
	    (ssize_t)size)
		err(1, "/proc/self/pagemap");
	close(fd);
	/* bit 63: page present; bits 0 to 54: page frame number */
	for (i = 0; i < PAGES; i++)
		frames[i] = frames[i] >> 63 ? frames[i] & ((1ULL << 55) - 1) : 0;
}

static void *thread_checksum(void *base)
{
	return (void *)(uintptr_t)crc32c(base, PAGES * page_size);
}

/* Checksum the region in each thread; return how many results are right. */
static int count_matching_threads(char *base, unsigned int crc)
{
	pthread_t threads[THREADS];
	int i, ret, matching = 0;
	void *result;

	for (i = 0; i < THREADS; i++) {
		ret = pthread_create(&threads[i], NULL, thread_checksum, base);
		if (ret)
			errx(1, "pthread_create: %s", strerror(ret));
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &result);
		matching += (uintptr_t)result == crc;
	}
	return matching;
}

/* The child makes a mapping of its own; it does not use the inherited one. */
static void run_child(void)
{
	char *base = map_region();
	struct child_result *result = (void *)(base + PAGES * page_size);

	result->crc32c = crc32c(base, PAGES * page_size);
	read_page_frames(base, result->frames);
	_exit(0);
}

int main(void)
{
	uint64_t frames[PAGES];
	int ret, status, i, present = 0;
	struct child_result *result;
	unsigned int crc;
	char *base;

	page_size = sysconf(_SC_PAGESIZE);
	ret = mmapshare_create(&region, NULL, (PAGES + 1) * page_size,
			       MMAPSHARE_STRATEGY_FAULT, 0);
	if (ret)
		errx(1, "create: %s", strerror(-ret));
	base = map_region();
	result = (void *)(base + PAGES * page_size);
	for (i = 0; i < (int)(PAGES * page_size); i++)
		base[i] = i * 2654435761U >> 24;
	crc = crc32c(base, PAGES * page_size);
	printf("%d of %d threads see the same bytes\n", count_matching_threads(base, crc),
	       THREADS);

	fflush(stdout);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		run_child();
	}
	if (wait(&status) < 0 || status)
		errx(1, "the child process failed");
	read_page_frames(base, frames);
	for (i = 0; i < PAGES; i++)
		present += !!frames[i];
	printf("the child sees %s bytes\n",
	       result->crc32c == crc ? "the same" : "different");
	printf("%d of %d pages are present; the child maps %s physical pages\n", present, PAGES,
	       memcmp(frames, result->frames, sizeof(frames)) ? "different" : "the same");
	return 0;
}
