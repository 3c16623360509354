// SPDX-License-Identifier: GPL-2.0
/* Chapter 2: what a mapping by remap_vmalloc_range() does, and does not. */
#include "../try.h"
#include <linux/futex.h>

#define DEVICE	"/dev/tutorial-eager"
#define BOTH	(PROT_READ | PROT_WRITE)

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	size_t size = 16 * page;
	int fd = open_device(DEVICE, O_RDWR);
	int reader = open_device(DEVICE, O_RDONLY);
	char buf[16] = "";
	char *p;

	plan(10);
	p = map(fd, size, BOTH, MAP_SHARED, 0);
	check(!strcmp(p, "from the kernel"), "the program sees the driver's bytes");
	strcpy(p + page, "program");
	check(pread(fd, buf, 8, page) == 8 && !strcmp(buf, "program"),
	      "read() returns what the program stored");
	check(map_error(fd, size + page, BOTH, MAP_SHARED, 0) == EINVAL,
	      "a mapping that is too long is EINVAL");
	check(map_error(fd, page, BOTH, MAP_SHARED, size) == EINVAL,
	      "an offset at the end is EINVAL");
	check(map_error(fd, page, BOTH, MAP_SHARED, INT64_MAX & -page) == EINVAL,
	      "the largest offset is EINVAL");
	check(map_error(reader, page, BOTH, MAP_SHARED, 0) == EACCES,
	      "PROT_WRITE of a file that is open for reading is EACCES");
	p = map(fd, page, BOTH, MAP_SHARED, 0);
	check(mremap(p, page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	      "mremap cannot make the mapping longer");
	check(syscall(SYS_futex, p, FUTEX_WAKE, 1, NULL, NULL, 0) == -1 && errno == EFAULT,
	      "a futex in these pages is EFAULT");
	check(!signal_of(p, true), "the page is there");
	if (madvise(p, page, MADV_DONTNEED))
		err(1, "madvise");
	check(signal_of(p, false) == SIGBUS, "after MADV_DONTNEED it raises SIGBUS");
	return done();
}
