// SPDX-License-Identifier: GPL-2.0
/* Chapter 7: how many faults it takes to touch each page of a block. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-tables"
#define BOTH	(PROT_READ | PROT_WRITE)
/* pages of 4 KiB: a PMD entry maps 2 MiB */
#define BLOCK	((size_t)2 << 20)

static void set_parameter(const char *name, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/tables/parameters/%s", name);
	fd = open_device(path, O_WRONLY);
	if (write(fd, value, strlen(value)) < 0)
		err(1, "%s", path);
	close(fd);
}

/*
 * Map the block at @at, store to each page, and unmap it. Return: the number of
 * faults.
 */
static long touch(int fd, char *at)
{
	long page = sysconf(_SC_PAGESIZE);
	long before = parameter("tables", "faults");
	char *p = mmap(at, BLOCK, BOTH, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);

	if (p == MAP_FAILED)
		err(1, "mmap");
	for (size_t i = 0; i < BLOCK; i += page)
		p[i] = 1;
	munmap(p, BLOCK);
	return parameter("tables", "faults") - before;
}

/* A 2 MiB boundary in a range of addresses that nothing else uses. */
static char *boundary(void)
{
	char *p = map(-1, 3 * BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, 0);

	return (char *)(((uintptr_t)p + BLOCK - 1) & -BLOCK);
}

int main(void)
{
	int fd = open_device(DEVICE, O_RDWR);
	char *at = boundary();
	long faults;

	plan(7);
	check(touch(fd, at) == 512, "a handler that maps one page is called 512 times");
	set_parameter("around", "16");
	check(touch(fd, at) == 32, "one that maps 16 pages is called 32 times");
	set_parameter("around", "512");
	check(touch(fd, at) == 1, "one that maps a whole page table is called once");
	check(touch(fd, at + 8192) == 2, "or twice where the mapping lies in two page tables");
	check(parameter("tables", "vma_locked") == 0,
	      "->fault without ->map_pages is never called under the lock of the VMA");

	set_parameter("huge", "1");
	faults = touch(fd, at);
	if (parameter("tables", "huge_faults") == 0) {
		check(faults == 1, "without PMD entries ->fault is called instead");
	} else {
		check(faults == 0 && parameter("tables", "huge_faults") == 1,
		      "one PMD entry maps the block");
	}
	check(touch(fd, at + 8192) == 2, "at another address that is not possible");
	return done();
}
