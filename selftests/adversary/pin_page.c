// SPDX-License-Identifier: GPL-2.0
/*
 * pin_page: keep a page of a region in a pipe, without a descriptor of the
 * driver. Prints a line when the page is in the pipe, then waits for the end of
 * the input, and exits with 0 if the page still has its bytes.
 */
#include "device.h"
#include <stdio.h>
#include <sys/uio.h>

#define SIZE	65536

int main(void)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = SIZE,
	};
	int control = open(DEVICE, O_RDWR | O_CLOEXEC), fd, ends[2];
	struct iovec iov;
	char *mem, byte = 0;

	fd = ioctl(control, MMAPSHARE_IOC_CREATE, &create);
	close(control);
	if (fd < 0 || pipe(ends))
		return 1;
	mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mem == MAP_FAILED)
		return 1;
	mem[0] = 'x';
	iov = (struct iovec){ mem, 1 };
	if (vmsplice(ends[1], &iov, 1, 0) != 1)
		return 1;
	munmap(mem, SIZE);
	puts("pinned");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	if (read(ends[0], &byte, 1) != 1)
		return 1;
	return byte != 'x';
}
