// SPDX-License-Identifier: MIT
/*
 * Edit a line of text in place, in a mapping of /dev/mmapshare. Then map a
 * writable, a read-only and a sealed region with each access mode, and show
 * which loads and stores are possible.
 */
#define _GNU_SOURCE
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <mmapshare.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define LENGTH		4096

static void check(const char *what, int error)
{
	if (error < 0)
		errx(1, "%s: %s", what, strerror(-error));
}

static struct mmapshare *open_for(unsigned int access)
{
	struct mmapshare *region;

	check("/dev/mmapshare", mmapshare_open(&region, NULL, access));
	return region;
}

static void edit_line(void)
{
	struct mmapshare *region = open_for(MMAPSHARE_WRITE);
	void *address;
	char *text, *word, copy[15] = "";

	check("write", mmapshare_write(region, 0, "Hello device!\n", 14));
	check("map", mmapshare_map(region, MMAPSHARE_WRITE, 0, LENGTH, &address));
	text = address;
	printf("line:  %.*s", (int)strcspn(text, "\n") + 1, text);
	printf("slice: %.5s\n", text);
	word = memmem(text, LENGTH, "device", 6);
	if (!word)
		errx(1, "\"device\" not found in the mapping");
	printf("find:  %td\n", word - text);
	memcpy(word, " world", 6);
	/* needed for files only: a region's mapping is the region's memory */
	check("flush", mmapshare_flush(text, LENGTH));
	printf("line:  %.*s", (int)strcspn(text, "\n") + 1, text);
	mmapshare_unmap(address, LENGTH);

	/* read(2) returns what was stored in the mapping */
	check("read", mmapshare_read(region, 0, copy, sizeof(copy) - 1));
	printf("read:  %s", copy);
	mmapshare_close(region);
}

/*
 * Map the region, load from it and store to it. The store is a read(2) into the
 * mapping, of the 3 bytes at offset 3: if the mapping is read-only, this call
 * fails with EFAULT, where a store instruction would get SIGSEGV.
 */
static void try_access(struct mmapshare *region, unsigned int access)
{
	void *address;
	char *text;
	int ret;

	ret = mmapshare_map(region, access, 0, LENGTH, &address);
	if (ret) {
		printf("%s", strerror(-ret));
		return;
	}
	text = address;
	printf("reads %.3s, ", text);
	ret = mmapshare_read(region, 3, text, 3);
	if (ret < 0)
		printf("no store: %s", strerror(-ret));
	else
		printf("stores, reads %.3s", text);
	mmapshare_unmap(address, LENGTH);
}

static void show_accesses(const char *name, struct mmapshare *region)
{
	static const char * const names[] = {
		[MMAPSHARE_READ] = "READ",
		[MMAPSHARE_WRITE] = "WRITE",
		[MMAPSHARE_COPY] = "COPY",
	};
	char content[4] = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		printf("%-10s %-5s ", name, names[i]);
		try_access(region, i);
		check("read", mmapshare_read(region, 0, content, 3));
		printf("; device: %s\n", content);
		/* undo the store; this fails where none was possible */
		mmapshare_write(region, 0, "old", 3);
	}
}

int main(void)
{
	struct mmapshare *writable, *readable, *sealed;

	edit_line();

	writable = open_for(MMAPSHARE_WRITE);
	readable = open_for(MMAPSHARE_READ);
	check("write", mmapshare_write(writable, 0, "oldNEW", 6));
	show_accesses("read-write", writable);
	show_accesses("read-only", readable);

	check("create", mmapshare_create(&sealed, NULL, LENGTH, MMAPSHARE_STRATEGY_FAULT, 0));
	check("write", mmapshare_write(sealed, 0, "oldNEW", 6));
	check("seal", mmapshare_seal(sealed, MMAPSHARE_SEAL_WRITE, NULL));
	show_accesses("sealed", sealed);

	mmapshare_close(sealed);
	mmapshare_close(readable);
	mmapshare_close(writable);
	return 0;
}
