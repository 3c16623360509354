// SPDX-License-Identifier: MIT
/*
 * blackbox [NAME]: print what mmapshare_blackbox.ko recorded before the machine went
 * down, and say how it did. Run it before that module is loaded again: once it is, it
 * overwrites the oldest records, and this program says how the use before ended.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <mmapshare.h>
#include "../../driver/examples/blackbox.h"

/* What is known of one use of the recorder: from a START to the next one. */
struct use {
	bool started;
	char release[64];
	time_t start;
	unsigned long long records;
	unsigned long long switches;
	unsigned long long torn;
	unsigned int last_type;
	char last[BLACKBOX_TEXT_MAX + 1];
	char panic[BLACKBOX_TEXT_MAX + 1];
	char oops[BLACKBOX_TEXT_MAX + 1];
};

static void die(const char *what, int error)
{
	fprintf(stderr, "blackbox: %s: %s\n", what, strerror(error));
	exit(1);
}

/* Texts in the ring have no terminating 0. Control characters become '?'. */
static void copy_text(char *text, const void *record, size_t length)
{
	size_t i;

	length = length < BLACKBOX_TEXT_MAX ? length : BLACKBOX_TEXT_MAX;
	memcpy(text, record, length);
	text[length] = '\0';
	for (i = 0; i < length; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = '?';
}

static void begin_use(struct use *use, const void *record, size_t length)
{
	struct blackbox_start start = { 0 };

	memset(use, 0, sizeof(*use));
	use->started = true;
	memcpy(&start, record, length < sizeof(start) ? length : sizeof(start));
	copy_text(use->release, start.release,
		  strnlen(start.release, sizeof(start.release) - 1));
	use->start = start.time / 1000000000;
	printf("---- recording began in Linux %s\n", use->release);
}

static void print_switch(const struct blackbox_record *head, const void *record,
			 size_t length)
{
	struct blackbox_switch s;

	if (length != sizeof(s))
		return;
	memcpy(&s, record, sizeof(s));
	printf("[%12.6f] CPU %u: %.*s[%d] -> %.*s[%d]\n", head->time / 1e9, head->cpu,
	       BLACKBOX_COMM_SIZE, s.prev_comm, s.prev_pid, BLACKBOX_COMM_SIZE, s.next_comm,
	       s.next_pid);
}

/* CRC-32 as in zlib */
static uint32_t crc32(const unsigned char *p, size_t length)
{
	uint32_t crc = ~0U;
	int bit;

	while (length--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ (crc & 1 ? 0xedb88320U : 0);
	}
	return ~crc;
}

static bool is_intact(const struct blackbox_record *head, size_t length)
{
	const size_t skip = sizeof(head->crc);

	return length >= sizeof(*head) && head->length == length - sizeof(*head) &&
	       head->crc == crc32((const unsigned char *)head + skip, length - skip);
}

static void take(struct use *use, const struct blackbox_record *head)
{
	const void *record = head + 1;
	const size_t length = head->length;

	use->records++;
	use->last_type = head->type;
	if (head->type == BLACKBOX_SWITCH) {
		use->switches++;
		print_switch(head, record, length);
		return;
	}
	if (head->type == BLACKBOX_START) {
		begin_use(use, record, length);
		return;
	}
	copy_text(use->last, record, length);
	printf("[%12.6f] CPU %u: %s%s\n", head->time / 1e9, head->cpu,
	       head->type == BLACKBOX_OOPS ? "oops: " :
	       head->type == BLACKBOX_PANIC ? "panic: " :
	       head->type == BLACKBOX_DOWN ? "down: " : "", use->last);
	if (head->type == BLACKBOX_PANIC)
		strcpy(use->panic, use->last);
	if (head->type == BLACKBOX_OOPS)
		strcpy(use->oops, use->last);
}

static void print_verdict(const struct use *use)
{
	printf("==== %llu records, %llu of them context switches; %llu torn ones left out\n",
	       use->records, use->switches, use->torn);
	if (use->oops[0])
		printf("==== the kernel had an oops: %s\n", use->oops);
	if (use->panic[0])
		printf("==== the kernel panicked: %s\n", use->panic);
	else if (use->last_type == BLACKBOX_DOWN)
		printf("==== the machine was shut down in order: %s\n", use->last);
	else if (use->last_type == BLACKBOX_STOP)
		printf("==== the recorder was unloaded\n");
	else
		printf("==== the machine stopped without notice: reset, hang or loss of power\n");
}

/* The ring of the recorder, if it runs, else the one that is in the memory. */
static struct mmapshare *open_ring(const char *name, bool *running)
{
	const struct mmapshare_create_args args = {
		.size = sizeof(args),
		.strategy = MMAPSHARE_STRATEGY_RESERVED,
		.mode = 0400,
	};
	struct mmapshare *region;
	int ret = mmapshare_open(&region, name, MMAPSHARE_READ);

	*running = !ret;
	if (ret == -ENOENT)
		ret = mmapshare_ring_create_with(&region, name, &args);
	if (ret == -ENODATA)
		fprintf(stderr, "blackbox: '%s': the memory has no recording\n", name);
	else if (ret)
		die(name, -ret);
	if (ret)
		exit(1);
	return region;
}

/* Print all records that are there now. Return: the use that has ended last. */
static struct use read_all(struct mmapshare_endpoint *ep, bool running)
{
	static _Alignas(8) char copy[1 << 16];
	const struct blackbox_record *head = (const void *)copy;
	struct use use = { 0 }, before = { 0 };
	ssize_t length;

	for (;;) {
		length = mmapshare_ring_read(ep, copy, sizeof(copy));
		/* there may be more behind discarded records */
		if (length == -EAGAIN && !running && !mmapshare_ring_wait(ep, 0, 0))
			continue;
		if (length < 0)
			break;
		if (!is_intact(head, length)) {
			use.torn++;
			continue;
		}
		if (head->type == BLACKBOX_START)
			before = use;
		take(&use, head);
	}
	if (length != -EPIPE && length != -ETIMEDOUT && length != -EAGAIN)
		die("cannot read the records", -length);
	return running ? before : use;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "blackbox";
	struct mmapshare_endpoint *ep;
	struct mmapshare *region;
	struct use use;
	bool running;
	int ret;

	region = open_ring(name, &running);
	ret = mmapshare_ring_attach(&ep, region, MMAPSHARE_RING_ATTACH_CONSUMER |
						 MMAPSHARE_RING_ATTACH_OLDEST);
	if (ret)
		die(name, -ret);
	use = read_all(ep, running);
	print_verdict(&use);
	mmapshare_ring_close(ep);
	mmapshare_close(region);
	/* the name of the ring that was found; the recorder may use the memory again */
	if (!running)
		mmapshare_destroy(name, 0);
	return 0;
}
