// SPDX-License-Identifier: GPL-2.0
/* Chapter 3: pages come into being one at a time, and stay. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-ondemand"
#define BOTH	(PROT_READ | PROT_WRITE)

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	char *p, *q;

	plan(8);
	p = map(fd, 16 * page, BOTH, MAP_SHARED, 0);
	check(parameter("ondemand", "allocated") == 0, "mmap allocates nothing");
	strcpy(p + 3 * page, "third");
	check(parameter("ondemand", "allocated") == 1, "a store allocates one page");
	q = map(fd, page, PROT_READ, MAP_SHARED, 3 * page);
	check(!strcmp(q, "third"), "another mapping shows the same page");
	check(parameter("ondemand", "allocated") == 1, "that allocates no page");
	if (madvise(p, 16 * page, MADV_DONTNEED))
		err(1, "madvise");
	check(!strcmp(p + 3 * page, "third"), "a page that was dropped comes back");
	munmap(p, 16 * page);
	munmap(q, page);
	p = map(fd, 16 * page, BOTH, MAP_SHARED, 0);
	check(!strcmp(p + 3 * page, "third"), "the bytes stay without a mapping");

	p = mremap(p, 16 * page, 17 * page, MREMAP_MAYMOVE);
	check(p != MAP_FAILED, "the mapping may become longer than the memory");
	check(signal_of(p + 16 * page, false) == SIGBUS,
	      "an access behind the end raises SIGBUS");
	return done();
}
