// SPDX-License-Identifier: MIT
/* Misuse /dev/mmapshare in several ways and print the error of each attempt. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "region.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define READ_WRITE	(PROT_READ | PROT_WRITE)

static struct region rw, ro;

static int try_map(struct region *r, size_t length, int prot, off_t offset)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, r->fd, offset);

	return p == MAP_FAILED ? errno : 0;
}

static int map_past_end(void)
{
	return try_map(&rw, 2 * 4096, PROT_READ, rw.size - 4096);
}

static int map_unaligned(void)
{
	return try_map(&rw, 4096, PROT_READ, 100);
}

static int map_exec(void)
{
	return try_map(&rw, 4096, PROT_READ | PROT_EXEC, 0);
}

static int map_write_rdonly(void)
{
	return try_map(&ro, 4096, READ_WRITE, 0);
}

static int mprotect_write_rdonly(void)
{
	return mprotect(ro.base, 4096, READ_WRITE) ? errno : 0;
}

static int grow_mapping(void)
{
	void *p = mremap(rw.base, rw.size, rw.size + 4096, MREMAP_MAYMOVE);

	return p == MAP_FAILED ? errno : 0;
}

static int write_at_end(void)
{
	return pwrite(rw.fd, "x", 1, rw.size) < 0 ? errno : 0;
}

static int fill_past_end(void)
{
	struct mmapshare_fill_args fill = {
		.size = sizeof(fill),
		.offset = rw.size - 1,
		.length = 2,
		.pattern_len = 1,
	};

	return ioctl(rw.fd, MMAPSHARE_IOC_FILL, &fill) ? errno : 0;
}

static const struct {
	const char *what;
	int (*try)(void);
	int expected;
} tests[] = {
	{ "map past the end of the region", map_past_end, ENXIO },
	{ "map at an offset inside a page", map_unaligned, EINVAL },
	{ "map executable", map_exec, EPERM },
	{ "map a read-only descriptor for writing", map_write_rdonly, EACCES },
	{ "make a read-only mapping writable", mprotect_write_rdonly, EACCES },
	{ "grow a mapping with mremap(2)", grow_mapping, EFAULT },
	{ "write(2) at the end of the region", write_at_end, ENOSPC },
	{ "have the kernel fill past the end", fill_past_end, ENXIO },
};

/* Return the signal that kills a child which stores to a read-only mapping. */
static int store_read_only(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		ro.base[0] = 1;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		err(1, "fork");
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

int main(void)
{
	int got, wrong = 0;
	size_t i;

	rw = region_map(O_RDWR);
	ro = region_map(O_RDONLY);

	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		got = tests[i].try();
		printf("%-42s %s\n", tests[i].what,
		       got ? strerrorname_np(got) : "no error");
		wrong += got != tests[i].expected;
	}
	got = store_read_only();
	printf("%-42s killed by SIG%s\n", "store to a read-only mapping",
	       got ? sigabbrev_np(got) : "nothing");
	wrong += got != SIGSEGV;
	return wrong != 0;
}
