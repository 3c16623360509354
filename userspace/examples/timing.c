// SPDX-License-Identifier: MIT
/*
 * What it costs to move 512-byte records, and to look at 1 MiB, through the
 * mapping and by other ways. The ways take turns, and the median of their
 * rounds counts, so that what else the machine does hits all of them alike.
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

static unsigned long look(const char *p)
{
	const unsigned long *word = (const unsigned long *)p;
	unsigned long sum = 0;
	size_t i;

	for (i = 0; i < SPAN / sizeof(*word); i++)
		sum += word[i];
	return sum;
}

static void look_mapping(void)
{
	sum_mapping = look(dev.base);
}

static void look_read(void)
{
	if (pread(dev.fd, buffer, SPAN, 0) != SPAN)
		err(1, "pread");
	sum_read = look(buffer);
}

struct way {
	const char *name;
	void (*run)(void);
	double ns[ROUNDS];
};

static struct way stores[] = {
	{ "store into the mapping", store_mapping, { 0 } },
	{ "store into malloc()ed memory", store_heap, { 0 } },
	{ "pwrite(2) to the device", write_device, { 0 } },
	{ "pwrite(2) to a tmpfs file", write_tmpfs, { 0 } },
};

static struct way loads[] = {
	{ "look at it in the mapping", look_mapping, { 0 } },
	{ "pread(2) it, then look at it", look_read, { 0 } },
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

static double median(const struct way *way)
{
	return way->ns[ROUNDS / 2];
}

/* The first way is what the others are compared with. */
static void measure(struct way *ways, size_t count, int parts)
{
	double start;
	size_t i;
	int round;

	/* Round -1 only warms up. */
	for (round = -1; round < ROUNDS; round++)
		for (i = 0; i < count; i++) {
			start = now();
			ways[i].run();
			if (round >= 0)
				ways[i].ns[round] = (now() - start) / parts;
		}
	for (i = 0; i < count; i++) {
		qsort(ways[i].ns, ROUNDS, sizeof(double), compare);
		printf("  %-30s %10.0f %9.2f\n", ways[i].name,
		       median(&ways[i]), median(&ways[i]) / median(&ways[0]));
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
		errx(1, "needs 1 MiB of the region, of memory and of tmpfs");

	printf("a record of 512 bytes                  ns     ratio\n");
	measure(stores, ARRAY_SIZE(stores), SPAN / RECORD);
	printf("1 MiB, every word looked at            ns     ratio\n");
	measure(loads, ARRAY_SIZE(loads), 1);

	if (sum_mapping != sum_read)
		errx(1, "the mapping and pread(2) differ");
	/* Memory is memory: if a system call is cheaper, something is wrong. */
	return median(&stores[0]) > median(&stores[2]) ||
	       median(&loads[0]) > median(&loads[1]);
}
