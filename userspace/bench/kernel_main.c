// SPDX-License-Identifier: MIT
/* kernel_bench [RUNS [SECONDS]]: records from the kernel; wants mmapshare_bench.ko. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "kernel.h"

void check(const char *what, bool good)
{
	if (good)
		return;
	if (errno)
		perror(what);
	else
		fprintf(stderr, "%s\n", what);
	exit(1);
}

int main(int argc, char **argv)
{
	return bench_kernel(argc, argv);
}
