// SPDX-License-Identifier: MIT
/*
 * Two programs that share nothing but the name of a region. The writer stores a
 * line and then its sequence number, with release order. The reader loads the
 * sequence number with acquire order: it polls every millisecond, or waits for
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
 * struct page - the content of the region
 * @seq: sequence number of @line; the writer stores it after the line
 * @read_seq: sequence number of the last line read; stored by the reader
 * @line: text, stored by the writer
 */
struct page {
	atomic_uint seq;
	atomic_uint read_seq;
	char line[64];
};

static struct mmapshare *region;
static struct page *page;
static bool doorbell;

static void store_seq(atomic_uint *word, unsigned int value)
{
	int ret;

	/* pairs with the load-acquire in wait_for_seq() */
	atomic_store_explicit(word, value, memory_order_release);
	ret = doorbell ? mmapshare_notify(region) : 0;
	if (ret)
		errx(1, "notify: %s", strerror(-ret));
}

/* Wait until a word has the value. Return how often it was checked. */
static unsigned int wait_for_seq(atomic_uint *word, unsigned int value, uint64_t *count)
{
	unsigned int checks = 1;
	int ret;

	for (; atomic_load_explicit(word, memory_order_acquire) != value; checks++) {
		if (!doorbell) {
			usleep(1000);
			continue;
		}
		ret = mmapshare_wait(region, count, -1);
		if (ret)
			errx(1, "wait: %s", strerror(-ret));
	}
	return checks;
}

static void writer(void)
{
	uint64_t count = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		usleep(300000);
		snprintf(page->line, sizeof(page->line), "%s", lines[i]);
		store_seq(&page->seq, i + 1);
		wait_for_seq(&page->read_seq, i + 1, &count);
	}
	printf("writer: %u lines were read\n", i);
}

static void reader(void)
{
	unsigned int i, checks = 0;
	uint64_t count = 0;

	for (i = 0; i < ARRAY_SIZE(lines); i++) {
		checks += wait_for_seq(&page->seq, i + 1, &count);
		printf("reader: %.64s\n", page->line);
		store_seq(&page->read_seq, i + 1);
	}
	printf("reader: checked %s\n", checks < 4 * i ? "a few times" : "many times");
}

int main(int argc, char **argv)
{
	void *address;
	int ret;

	if (argc != 4 || (strcmp(argv[1], "write") && strcmp(argv[1], "read")) ||
	    (strcmp(argv[3], "poll") && strcmp(argv[3], "doorbell")))
		errx(1, "usage: pair write|read NAME poll|doorbell");
	doorbell = !strcmp(argv[3], "doorbell");

	/* the program that starts first creates the region */
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
