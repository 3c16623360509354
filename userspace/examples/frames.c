// SPDX-License-Identifier: MIT
/*
 * Read the frames of driver/examples/mmapshare_frames.c where the driver has stored
 * them, and check each byte. With -k, keep the first frame until the end of standard
 * input, as a reader that is stuck does, and check then that it is still the same.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <mmapshare.h>
#include "../../driver/examples/frames.h"

#define PAGES	"/sys/module/mmapshare_frames/parameters/pages"

static const char *pool;
static int loans;
/* Frames that were read, that were replaced before they were borrowed, and wrong ones */
static uint64_t used, stale, wrong, first, last;
/* Frames that begin in a page that is, or is not, the one that the driver has filled */
static uint64_t same_page, other_page;

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static const uint64_t *frame_address(const struct frame *f)
{
	return (const void *)(pool + (size_t)f->buffer * f->bytes);
}

/* The simulated camera stores the number of a frame in each word of it. */
static bool is_right(const struct frame *f)
{
	const uint64_t *words = frame_address(f);
	size_t i;

	for (i = 0; i < f->bytes / sizeof(*words); i++)
		if (words[i] != f->number)
			return false;
	return true;
}

/* Wait for the announcement of the next frame, and copy it. */
static void next_frame(struct mmapshare_endpoint *ring, struct frame *f)
{
	ssize_t length;

	while ((length = mmapshare_ring_read(ring, f, sizeof(*f))) == -EAGAIN)
		check(mmapshare_ring_wait(ring, 0, -1), "wait");
	check(length, "read");
}

/* Returns false if the buffer has another frame already. */
static bool borrow(const struct frame *f)
{
	const struct frame_loan loan = { .number = f->number, .buffer = f->buffer };

	if (!ioctl(loans, FRAMES_IOC_BORROW, &loan))
		return true;
	if (errno != ESTALE)
		err(1, FRAMES_LOAN_DEVICE);
	return false;
}

/* Needs root: others see no page frame numbers. The frame has been read. */
static void compare_page(const struct frame *f)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	const off_t at = (uintptr_t)frame_address(f) / sysconf(_SC_PAGESIZE) * 8;
	FILE *pages = fopen(PAGES, "re");
	unsigned long driver = 0;
	uint64_t own = 0;
	uint32_t i;

	for (i = 0; pages && i <= f->buffer; i++)
		if (fscanf(pages, "%lu,", &driver) != 1)
			driver = 0;
	if (pages)
		fclose(pages);
	if (fd < 0 || pread(fd, &own, sizeof(own), at) != sizeof(own))
		own = 0;
	close(fd);
	own &= (1ULL << 55) - 1;
	if (own && own == driver)
		same_page++;
	else
		other_page++;
}

static void read_frames(struct mmapshare_endpoint *ring, uint64_t count)
{
	struct frame f;

	while (used < count) {
		next_frame(ring, &f);
		first = first ?: f.number;
		last = f.number;
		if (!borrow(&f)) {
			stale++;
			continue;
		}
		used++;
		wrong += !is_right(&f);
		compare_page(&f);
	}
	printf("%" PRIu64 " frames read, %" PRIu64 " wrong\n", used, wrong);
	printf("%" PRIu64 " begin in the page that the driver filled, %" PRIu64 " do not\n",
	       same_page, other_page);
	/* overwritten in the ring, too late to be borrowed, without a free buffer */
	fprintf(stderr, "%" PRIu64 " frames missed: %" PRIu64 " lost, %" PRIu64 " replaced, %"
		PRId64 " not made\n", last - first + 1 - used, mmapshare_ring_lost(ring), stale,
		(int64_t)(last - first + 1 - used - stale - mmapshare_ring_lost(ring)));
}

static void keep_frame(struct mmapshare_endpoint *ring)
{
	struct frame f;
	char byte;

	do {
		next_frame(ring, &f);
	} while (!borrow(&f));
	printf("keeping a frame\n");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	printf("the frame is %s\n", is_right(&f) ? "the same" : "another one");
}

int main(int argc, char **argv)
{
	struct mmapshare_endpoint *ring;
	struct mmapshare *region;
	void *address;

	if (argc != 2)
		errx(1, "usage: frames COUNT | -k");
	check(mmapshare_open(&region, "frames-pool", MMAPSHARE_READ), "frames-pool");
	check(mmapshare_map(region, MMAPSHARE_READ, 0, 0, &address), "map");
	pool = address;
	loans = open(FRAMES_LOAN_DEVICE, O_RDONLY | O_CLOEXEC);
	if (loans < 0)
		err(1, FRAMES_LOAN_DEVICE);
	check(mmapshare_ring_open(&ring, "frames", MMAPSHARE_RING_ATTACH_CONSUMER |
				  MMAPSHARE_RING_ATTACH_LATEST), "frames");
	if (!strcmp(argv[1], "-k"))
		keep_frame(ring);
	else
		read_frames(ring, strtoull(argv[1], NULL, 0));
	mmapshare_ring_close(ring);
	close(loans);
	return 0;
}
