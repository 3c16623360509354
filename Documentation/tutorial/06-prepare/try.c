// SPDX-License-Identifier: GPL-2.0
/* Chapter 6: programs do not notice which hook the driver has. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-prepare"
#define BOTH	(PROT_READ | PROT_WRITE)

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	int reader = open_device(DEVICE, O_RDONLY);
	char *p, *q;

	plan(9);
	p = map(fd, 4 * page, BOTH, MAP_SHARED, 0);
	check(!strcmp(p, "contiguous"), "the program sees the driver's bytes");
	strcpy(p + 2 * page, "third");
	q = map(reader, page, PROT_READ, MAP_SHARED, 2 * page);
	check(!strcmp(q, "third"), "an offset selects the page");
	check(mprotect(q, page, BOTH) == -1 && errno == EACCES,
	      "mprotect cannot make a mapping of a read-only file writable");
	check(map_error(fd, 5 * page, BOTH, MAP_SHARED, 0) == ENXIO,
	      "a mapping that is too long is ENXIO");
	check(map_error(fd, page, BOTH, MAP_SHARED, 4 * page) == ENXIO,
	      "an offset at the end is ENXIO");
	check(map_error(fd, page, BOTH, MAP_SHARED, INT64_MAX & -page) == ENXIO,
	      "the largest offset is ENXIO");
	check(map_error(fd, page, BOTH, MAP_PRIVATE, 0) == EINVAL,
	      "a private mapping is EINVAL");
	check(mremap(p, 4 * page, 5 * page, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	      "mremap cannot make the mapping longer");
	munmap(p + page, page);
	check(!strcmp(p + 2 * page, "third"), "the rest stays when a part is unmapped");
	return done();
}
