// SPDX-License-Identifier: MIT
/*
 * Map the device at several offsets. Clear 1 MiB, store a byte, then store 4
 * bytes through a mapping that starts at 64 KiB, and show the device with od.
 * Offsets that are not multiples of the page size are refused.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "region.h"

#define MIB	(1024 * 1024)

/* Show the device; od prints repeated lines as one '*'. */
static void show_device(void)
{
	fflush(stdout);
	if (system("od -A d -t x1 -N 1048576 " DEVICE))
		errx(1, "od failed");
}

static void map_at(int fd, off_t offset, const char *name)
{
	const long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);

	if (p == MAP_FAILED) {
		printf("offset %s: %m\n", name);
		return;
	}
	memcpy(p, "page", 4);
	munmap(p, page);
	printf("offset %s: mapped\n", name);
}

int main(void)
{
	struct region r = region_map(O_RDWR);

	if (r.size < MIB)
		errx(1, DEVICE ": smaller than 1 MiB");
	memset(r.base, 0, MIB);
	r.base[0] = 'a';
	show_device();

	map_at(r.fd, 65536, "65536");
	show_device();
	map_at(r.fd, 100, "100");
	map_at(r.fd, 65537, "65537");
	return 0;
}
