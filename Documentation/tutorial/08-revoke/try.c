// SPDX-License-Identifier: GPL-2.0
/* Chapter 8: a page that goes away, and what keeps the driver. */
#include "../try.h"

#define DEVICE	"/dev/tutorial-revoke"
#define BOTH	(PROT_READ | PROT_WRITE)

static void tell_driver(int fd, const char *what)
{
	if (write(fd, what, 1) != 1)
		err(1, "write");
}

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	int other = open_device(DEVICE, O_RDWR);
	char *p, *q;
	int to[2];

	plan(10);
	if (pipe(to))
		err(1, "pipe");
	p = map(fd, page, BOTH, MAP_SHARED, 0);
	q = map(other, page, BOTH, MAP_SHARED, 0);
	strcpy(p, "first");
	check(!strcmp(q, "first"), "two files map the same page");

	tell_driver(fd, "0");
	check(signal_of(p, false) == SIGBUS, "a revoked page raises SIGBUS");
	check(signal_of(q, true) == SIGBUS, "in the mapping of the other file, too");
	check(write(to[1], p, 1) == -1 && errno == EFAULT,
	      "a system call that reads it gets EFAULT");
	check(map_error(other, page, BOTH, MAP_SHARED, 0) == 0,
	      "the range can still be mapped");

	tell_driver(fd, "1");
	check(!strcmp(p, "") && !strcmp(q, ""), "the new page is empty");
	strcpy(q, "second");
	check(!strcmp(p, "second"), "and shared, in the mappings that existed before");

	close(fd);
	close(other);
	check(!strcmp(p, "second"), "a mapping outlives its descriptor");
	check(unload("revoke") == EWOULDBLOCK, "and keeps the module");
	tell_driver(fd = open_device(DEVICE, O_RDWR), "0");
	check(signal_of(p, false) == SIGBUS, "revocation finds it without a descriptor");
	return done();
}
