// SPDX-License-Identifier: GPL-2.0
/* Chapter 9: a driver that stores to the program's memory. */
#include "../try.h"
#include <sys/ioctl.h>
#include <sys/resource.h>
#include "pin.h"

#define DEVICE	"/dev/tutorial-pin"
#define BOTH	(PROT_READ | PROT_WRITE)

/* Return: the errno of PIN_BUFFER, or 0. */
static int pin(int fd, const void *addr, size_t len)
{
	struct pin_buffer buffer = { (uintptr_t)addr, len };

	return ioctl(fd, PIN_BUFFER, &buffer) ? errno : 0;
}

static void fill(int fd, char c)
{
	if (ioctl(fd, PIN_FILL, c))
		err(1, "PIN_FILL");
}

static char *anonymous(size_t len, int prot)
{
	return map(-1, len, prot, MAP_PRIVATE | MAP_ANONYMOUS, 0);
}

/* Return: the errno of PIN_BUFFER in a process that may lock no memory. */
static int pin_without_limit(const void *addr, size_t len)
{
	struct rlimit none = { 0, 0 };
	int fd = open_device(DEVICE, O_RDWR);
	int status;
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		if (setrlimit(RLIMIT_MEMLOCK, &none) || setuid(65534))
			_exit(255);
		_exit(pin(fd, addr, len));
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	close(fd);
	return WEXITSTATUS(status);
}

/* What the program sees, and what a child sees that shares its pages. */
static void try_fork(int fd, volatile char *p)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		fill(fd, 'b');
		_exit(*p != 'a');
	}
	if (waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	check(!status, "after fork the child has a copy");
	check(*p == 'b', "and its parent the page that the driver has");
}

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd = open_device(DEVICE, O_RDWR);
	char *p = anonymous(4 * page, BOTH);
	char *constant = anonymous(page, PROT_READ);
	char *gone = anonymous(page, BOTH);

	plan(12);
	/* These stay free: nothing is mapped from here on. */
	munmap(gone, page);
	munmap(p + 3 * page, page);
	check(pin(fd, constant, page) == EFAULT, "memory that is read-only is EFAULT");
	check(pin(fd, gone, page) == EFAULT, "and so are addresses without memory");
	check(pin(fd, p, 4 * page) == EFAULT, "or with memory at the beginning only");
	check(pin(fd, (void *)-1, 2) != 0, "a range that wraps around is refused");
	check(pin(fd, p, 0) == EINVAL, "no bytes are EINVAL");
	check(pin_without_limit(p, page) == ENOMEM, "more than RLIMIT_MEMLOCK is ENOMEM");

	check(pin(fd, p + 1, 2 * page) == 0, "a buffer at any address can be pinned");
	fill(fd, 'a');
	check(p[0] == 0 && p[1] == 'a' && p[2 * page] == 'a' && p[2 * page + 1] == 0,
	      "the driver stores to the buffer, and to no other byte");
	try_fork(fd, p + 1);
	if (madvise(p, 3 * page, MADV_DONTNEED))
		err(1, "madvise");
	fill(fd, 'c');
	check(p[1] == 0, "after MADV_DONTNEED the program has another page");
	munmap(p, 3 * page);
	check(ioctl(fd, PIN_FILL, 'd') == 0, "the driver's pages outlive the mapping");
	return done();
}
