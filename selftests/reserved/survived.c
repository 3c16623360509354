// SPDX-License-Identifier: GPL-2.0
/*
 * survived RING COUNTS: check what mmapshare_survive.ko has left in reserved memory
 * when the kernel died. Each thread's records must follow each other without a gap,
 * with a right CRC, up to the last one that the thread has committed. Prints a line
 * with the number of boots so far, this one included, and how the last one ended.
 *
 * survived RING: the same for a producer that was loaded without COUNTS, and numbers
 * its records from 1 on each time. Prints where the ring ends.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mmapshare.h>
#include "../../driver/tests/survive.h"
#include "../../userspace/examples/crc32c.h"

/* What the second region has. The kernel's threads write @committed. */
struct counts {
	uint64_t committed[SURVIVE_THREADS];
	uint64_t boots;
};

struct state {
	struct counts counts;
	uint64_t last[SURVIVE_THREADS];
	uint64_t records;
	bool restarts;
};

static void fail(const char *what, int error)
{
	printf("survived: %s: %s\n", what, strerror(error));
	exit(1);
}

/* Print the line of fdinfo that says how the last use of the memory ended. */
static void print_end(int fd)
{
	char path[64], line[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "mmapshare-range-last-end:", 25))
			printf("last end%s", line + 24);
	if (f)
		fclose(f);
}

static void check_record(struct state *s, const struct survive_record *record, size_t length)
{
	const uint32_t thread = length < sizeof(*record) ? SURVIVE_THREADS : record->thread;

	if (thread >= SURVIVE_THREADS ||
	    record->crc != crc32c(&record->thread, length - sizeof(record->crc))) {
		printf("survived: record %llu is torn\n", (unsigned long long)s->records);
		exit(1);
	}
	if (s->last[thread] && record->number != s->last[thread] + 1 &&
	    !(s->restarts && record->number == 1)) {
		printf("survived: thread %u: record %llu follows %llu\n", thread,
		       (unsigned long long)record->number, (unsigned long long)s->last[thread]);
		exit(1);
	}
	s->last[thread] = record->number;
	s->records++;
}

/* Take all records, up to the end that the death of the producer has left. */
static void check_ring(struct state *s, const struct mmapshare *region)
{
	struct mmapshare_endpoint *ep;
	const void *record;
	size_t length;
	int ret;

	ret = mmapshare_ring_attach(&ep, region, MMAPSHARE_RING_ATTACH_CONSUMER |
						 MMAPSHARE_RING_ATTACH_OLDEST);
	if (ret)
		fail("cannot attach to the ring", -ret);
	for (;;) {
		ret = mmapshare_ring_next(ep, &record, &length);
		if (!ret) {
			check_record(s, record, length);
			mmapshare_ring_release(ep);
			continue;
		}
		if (ret == -EAGAIN)
			ret = mmapshare_ring_wait(ep, 0, 0);
		if (ret)
			break;
	}
	if (ret != -EPIPE)
		fail("the ring does not end", -ret);
	if (s->restarts)
		printf("generation %llx end %llu records %llu\n",
		       (unsigned long long)mmapshare_ring_generation(ep),
		       (unsigned long long)mmapshare_ring_seq(ep), (unsigned long long)s->records);
	mmapshare_ring_close(ep);
}

static void check_counts(const struct state *s)
{
	unsigned int i;

	for (i = 0; i < SURVIVE_THREADS; i++) {
		const uint64_t least = s->counts.committed[i];

		/* the kernel may have died between a commit and the count of it */
		if (s->last[i] != least && s->last[i] != least + 1) {
			printf("survived: thread %u: committed %llu, last found %llu\n", i,
			       (unsigned long long)least, (unsigned long long)s->last[i]);
			exit(1);
		}
	}
}

/* Check the ring, if there is one. Return: 0 or a negative errno. */
static int check_found(struct state *s, const char *name)
{
	const struct mmapshare_create_args args = {
		.size = sizeof(args),
		.strategy = MMAPSHARE_STRATEGY_RESERVED,
		.mode = 0400,
	};
	struct mmapshare *ring;
	int ret = mmapshare_ring_create_with(&ring, name, &args);

	if (ret)
		return ret;
	check_ring(s, ring);
	mmapshare_close(ring);
	return mmapshare_destroy(name, 0);
}

int main(int argc, char **argv)
{
	struct state s = { .restarts = argc == 2 };
	struct mmapshare *counts;
	int ret;

	if (argc == 2) {
		ret = check_found(&s, argv[1]);
		if (ret)
			fail(argv[1], -ret);
		return 0;
	}
	if (argc != 3)
		fail("usage: survived RING [COUNTS]", EINVAL);
	ret = mmapshare_create(&counts, argv[2], 0, MMAPSHARE_STRATEGY_RESERVED, 0600);
	if (ret)
		fail(argv[2], -ret);
	if (pread(mmapshare_fd(counts), &s.counts, sizeof(s.counts), 0) != sizeof(s.counts))
		fail("cannot read the numbers", errno);
	ret = check_found(&s, argv[1]);
	if (ret && (ret != -ENODATA || s.counts.boots))
		fail(argv[1], -ret);
	if (!ret)
		check_counts(&s);
	/* the threads go on behind the last record that is in the ring */
	memcpy(s.counts.committed, s.last, sizeof(s.last));
	s.counts.boots++;
	printf("boot %llu records %llu ", (unsigned long long)s.counts.boots,
	       (unsigned long long)s.records);
	print_end(mmapshare_fd(counts));
	if (pwrite(mmapshare_fd(counts), &s.counts, sizeof(s.counts), 0) != sizeof(s.counts))
		fail("cannot write the numbers", errno);
	mmapshare_close(counts);
	mmapshare_destroy(argv[2], 0);
	return 0;
}
