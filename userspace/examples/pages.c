// SPDX-License-Identifier: MIT
/*
 * Many threads, and another process, look at one region that has no name, and
 * nothing is copied: the physical pages are the same ones. Only root is told
 * their numbers.
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

/* One page more: where the child stores what it has found. */
struct answer {
	uint64_t numbers[PAGES];
	unsigned int crc32c;
};

static struct mmapshare *region;
static size_t page_size;

static char *map(void)
{
	void *address;
	int ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address);

	if (ret)
		errx(1, "map: %s", strerror(-ret));
	return address;
}

/* The physical page behind each, 0 where there is none. */
static void page_numbers(const char *base, uint64_t *numbers)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), i;
	const size_t size = PAGES * sizeof(*numbers);

	/* touch them all, or nothing may be behind them yet */
	for (i = 0; i < PAGES; i++)
		(void)*(const volatile char *)(base + i * page_size);
	if (fd < 0 || pread(fd, numbers, size, (uintptr_t)base / page_size * 8) !=
	    (ssize_t)size)
		err(1, "pagemap");
	close(fd);
	/* bit 63: it is there; bits 0 to 54: its number */
	for (i = 0; i < PAGES; i++)
		numbers[i] = numbers[i] >> 63 ? numbers[i] & ((1ULL << 55) - 1) : 0;
}

static void *look(void *base)
{
	return (void *)(uintptr_t)crc32c(base, PAGES * page_size);
}

static int count_right(char *base, unsigned int crc)
{
	pthread_t threads[THREADS];
	int i, right = 0;
	void *found;

	for (i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, look, base))
			errx(1, "pthread_create");
	for (i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &found);
		right += (uintptr_t)found == crc;
	}
	return right;
}

/* Not what fork() has given it: a mapping of its own. */
static void child(void)
{
	char *base = map();
	struct answer *answer = (void *)(base + PAGES * page_size);

	answer->crc32c = crc32c(base, PAGES * page_size);
	page_numbers(base, answer->numbers);
	_exit(0);
}

int main(void)
{
	uint64_t numbers[PAGES];
	int ret, status, i, there = 0;
	struct answer *answer;
	unsigned int crc;
	char *base;

	page_size = sysconf(_SC_PAGESIZE);
	ret = mmapshare_create(&region, NULL, (PAGES + 1) * page_size,
			       MMAPSHARE_STRATEGY_FAULT, 0);
	if (ret)
		errx(1, "create: %s", strerror(-ret));
	base = map();
	answer = (void *)(base + PAGES * page_size);
	for (i = 0; i < (int)(PAGES * page_size); i++)
		base[i] = i * 2654435761U >> 24;
	crc = crc32c(base, PAGES * page_size);
	printf("%d of %d threads see the same bytes\n", count_right(base, crc), THREADS);

	fflush(stdout);
	switch (fork()) {
	case -1:
		err(1, "fork");
	case 0:
		child();
	}
	if (wait(&status) < 0 || status)
		errx(1, "the child has failed");
	page_numbers(base, numbers);
	for (i = 0; i < PAGES; i++)
		there += !!numbers[i];
	printf("another process sees %s bytes\n",
	       answer->crc32c == crc ? "the same" : "other");
	printf("%d of %d pages are there, and it has %s physical pages\n", there, PAGES,
	       memcmp(numbers, answer->numbers, sizeof(numbers)) ? "other" : "the same");
	return 0;
}
