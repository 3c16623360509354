// SPDX-License-Identifier: GPL-2.0
/* Chapter 5: which mapping sees which store. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-template"
#define BOTH	(PROT_READ | PROT_WRITE)

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	int reader = open_device(DEVICE, O_RDONLY);
	char *shared, *private;

	plan(9);
	shared = map(fd, 4 * page, BOTH, MAP_SHARED, 0);
	private = map(reader, 4 * page, BOTH, MAP_PRIVATE, 0);
	check(true, "a private mapping of a read-only file may be writable");
	strcpy(shared, "original");
	strcpy(shared + page, "original");
	check(!strcmp(private, "original"), "before its first store it shows the original");

	strcpy(private, "copy");
	check(!strcmp(shared, "original"), "its store does not change the original");
	strcpy(shared, "new");
	check(!strcmp(private, "copy"), "nor does the original change the copy any more");
	strcpy(shared + page, "new");
	check(!strcmp(private + page, "new"), "a page without a copy still shows the original");
	check(parameter("template", "copies") == 0,
	      "the core copied the page that was mapped, without the driver");

	strcpy(private + 2 * page, "copy");
	check(parameter("template", "copies") == 1,
	      "a store to a page that was not mapped is one fault, with cow_page");
	if (madvise(private, page, MADV_DONTNEED))
		err(1, "madvise");
	check(!strcmp(private, "new"), "MADV_DONTNEED drops the copy");
	if (pwrite(fd, "driver", 7, page) != 7)
		err(1, "write");
	check(!strcmp(private + page, "driver"),
	      "the driver's store shows where there is no copy");
	return done();
}
