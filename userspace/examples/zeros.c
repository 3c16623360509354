// SPDX-License-Identifier: MIT
/*
 * 1 MiB of zeroes: set a byte, and some a page further on by a mapping that
 * begins there, and look at the device with od.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "region.h"

#define MIB	(1024 * 1024)

/* Lines that are all alike are one '*'. */
static void od(void)
{
	fflush(stdout);
	if (system("od -A d -t x1 -N 1048576 " DEVICE))
		errx(1, "od");
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
		errx(1, "needs 1 MiB of the region");
	memset(r.base, 0, MIB);
	r.base[0] = 'a';
	od();

	map_at(r.fd, 65536, "65536");
	od();
	map_at(r.fd, 100, "100");
	map_at(r.fd, 65537, "65537");
	return 0;
}
