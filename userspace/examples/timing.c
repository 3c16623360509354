// SPDX-License-Identifier: MIT
/*
 * Measure how long it takes to store 512-byte records and to read 1 MiB,
 * through the mapping and with other methods. The methods are measured in
 * turns, and each result is a median: other load on the machine then affects
 * all of them alike.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "region.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define RECORD		512
#define SPAN		(1024 * 1024)
#define ROUNDS		15

static struct region dev;
static char *heap, *buffer, *record;
static unsigned long sum_mapping, sum_read;
static int tmpfs;

static void store_mapping(void)
{
	size_t i;

	for (i = 0; i < SPAN; i += RECORD)
		memcpy(dev.base + i, record, RECORD);
}

static void store_heap(void)
{
	size_t i;

	for (i = 0; i < SPAN; i += RECORD)
		memcpy(heap + i, record, RECORD);
}

static void write_file(int fd)
{
	size_t i;

	for (i = 0; i < SPAN; i += RECORD)
		if (pwrite(fd, record, RECORD, i) != RECORD)
			err(1, "pwrite");
}

static void write_device(void)
{
	write_file(dev.fd);
}

static void write_tmpfs(void)
{
	write_file(tmpfs);
}

static unsigned long sum_words(const char *p)
{
	const unsigned long *word = (const unsigned long *)p;
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < SPAN / sizeof(*word); i++)
		sum += word[i];
	return sum;
}

static void load_mapping(void)
{
	sum_mapping = sum_words(dev.base);
}

static void load_read(void)
{
	if (pread(dev.fd, buffer, SPAN, 0) != SPAN)
		err(1, "pread");
	sum_read = sum_words(buffer);
}

struct method {
	const char *name;
	void (*run)(void);
	double ns[ROUNDS];
};

static struct method stores[] = {
	{ "store into the mapping", store_mapping, { 0 } },
	{ "store into malloc()ed memory", store_heap, { 0 } },
	{ "pwrite(2) to the device", write_device, { 0 } },
	{ "pwrite(2) to a tmpfs file", write_tmpfs, { 0 } },
};

static struct method loads[] = {
	{ "sum it in the mapping", load_mapping, { 0 } },
	{ "pread(2) it, then sum the copy", load_read, { 0 } },
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double median(const struct method *method)
{
	return method->ns[ROUNDS / 2];
}

/*
 * @operations: number of operations in a run. Ratios are to the first method.
 */
static void measure(struct method *methods, size_t count, int operations)
{
	double start;
	size_t i;
	int round;

	/* round -1 warms up the caches and is not counted */
	for (round = -1; round < ROUNDS; round++)
		for (i = 0; i < count; i++) {
			start = now();
			methods[i].run();
			if (round >= 0)
				methods[i].ns[round] = (now() - start) / operations;
		}
	for (i = 0; i < count; i++) {
		qsort(methods[i].ns, ROUNDS, sizeof(double), compare);
		printf("  %-30s %10.0f %9.2f\n", methods[i].name,
		       median(&methods[i]), median(&methods[i]) / median(&methods[0]));
	}
}

int main(void)
{
	dev = region_map(O_RDWR);
	heap = aligned_alloc(4096, SPAN);
	buffer = aligned_alloc(4096, SPAN);
	record = aligned_alloc(4096, RECORD * 8);
	tmpfs = memfd_create("timing", MFD_CLOEXEC);
	if (dev.size < SPAN || !heap || !buffer || !record || tmpfs < 0)
		errx(1, "needs a region of 1 MiB, memory and a memfd");

	printf("a record of 512 bytes                  ns     ratio\n");
	measure(stores, ARRAY_SIZE(stores), SPAN / RECORD);
	printf("1 MiB, every word summed               ns     ratio\n");
	measure(loads, ARRAY_SIZE(loads), 1);

	if (sum_mapping != sum_read)
		errx(1, DEVICE ": the mapping and pread(2) differ");
	/* loads and stores must not cost more than system calls */
	return median(&stores[0]) > median(&stores[2]) ||
	       median(&loads[0]) > median(&loads[1]);
}
