// SPDX-License-Identifier: MIT
/*
 * Two programs that know nothing of each other but a region's name: a writer
 * stores a line and then its number, with release order; a reader looks for the
 * number, with acquire order, again and again with a nap between, or is told by
 * the doorbell.
 */
#include <err.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <mmapshare.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static const char * const lines[] = {
	"the quick brown fox", "jumps over", "the lazy dog"
};

/*
 * struct page - what is in the region
 * @number: of the line that is there, stored by the writer behind it
 * @taken: of the line that was read, stored by the reader
 */
struct page {
	atomic_uint number;
	atomic_uint taken;
	char line[64];
};

static struct mmapshare *region;
static struct page *page;
static bool doorbell;

static void tell(atomic_uint *word, unsigned int value)
{
	int ret;

	atomic_store_explicit(word, value, memory_order_release);
	ret = doorbell ? mmapshare_notify(region) : 0;
	if (ret)
		errx(1, "notify: %s", strerror(-ret));
}

/* How often it was looked at. */
static unsigned int until(atomic_uint *word, unsigned int value, uint64_t *count)
{
	unsigned int looks = 1;
	int ret;

	for (; atomic_load_explicit(word, memory_order_acquire) != value; looks++) {
		if (!doorbell) {
			usleep(1000);
			continue;
		}
		ret = mmapshare_wait(region, count, -1);
		if (ret)
			errx(1, "wait: %s", strerror(-ret));
	}
	return looks;
}

static void writer(void)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		usleep(300000);
		snprintf(page->line, sizeof(page->line), "%s", lines[i]);
		tell(&page->number, i + 1);
		until(&page->taken, i + 1, &count);
	}
	printf("writer: %u lines were read\n", i);
}

static void reader(void)
{
	unsigned int i, looks = 0;
	uint64_t count = 0;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		looks += until(&page->number, i + 1, &count);
		printf("reader: %.64s\n", page->line);
		tell(&page->taken, i + 1);
	}
	printf("reader: looked %s\n", looks < 4 * i ? "a few times" : "again and again");
}

int main(int argc, char **argv)
{
	void *address;
	int ret;

	if (argc != 4 || (strcmp(argv[1], "write") && strcmp(argv[1], "read")) ||
	    (strcmp(argv[3], "poll") && strcmp(argv[3], "doorbell")))
		errx(1, "usage: pair write|read NAME poll|doorbell");
	doorbell = !strcmp(argv[3], "doorbell");

	/* who comes first makes it */
	ret = mmapshare_create_or_open(&region, argv[2], sizeof(struct page),
				       MMAPSHARE_STRATEGY_FAULT, 0600);
	if (ret >= 0)
		ret = mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, &address);
	if (ret < 0)
		errx(1, "%s: %s", argv[2], strerror(-ret));
	page = address;
	if (!strcmp(argv[1], "write"))
		writer();
	else
		reader();
	mmapshare_close(region);
	return 0;
}
