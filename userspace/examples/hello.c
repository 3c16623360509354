// SPDX-License-Identifier: MIT
/* The shortest useful program: map the device, print its text, replace it. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/dev/mmapshare", O_RDWR);
	char *p;

	if (fd < 0)
		err(1, "/dev/mmapshare");
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "mmap");
	printf("found: \"%.40s\"\n", p);
	snprintf(p, 4096, "hello from pid %d", (int)getpid());
	return 0;
}
