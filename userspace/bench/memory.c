// SPDX-License-Identifier: MIT
/*
 * Allocate and map memory: mmapshare regions, memfds, tmpfs files, anonymous
 * memory.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mmapshare.h>
#include "bench.h"

static const char *region_open(struct memory *m)
{
	int ret;

	if (options.memfd)
		return NEEDS_MODULE;
	ret = mmapshare_create(&m->region, NULL, m->size, m->kind, 0);
	if (ret)
		return strerror(-ret);
	m->fd = mmapshare_fd(m->region);
	return NULL;
}

static const char *tmpfs_open(struct memory *m)
{
	m->fd = open(options.tmpfs, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (m->fd < 0 || ftruncate(m->fd, m->size))
		return strerror(errno);
	return NULL;
}

static const char *memfd_open(struct memory *m, unsigned int flags)
{
	struct stat st;

	m->fd = memfd_create("mmapshare-bench", MFD_CLOEXEC | flags);
	if (m->fd < 0 || fstat(m->fd, &st))
		return strerror(errno);
	if (flags)
		m->size = (m->size + st.st_blksize - 1) & -st.st_blksize;
	return ftruncate(m->fd, m->size) ? strerror(errno) : NULL;
}

/*
 * Returns NULL, or the reason for the failure. No page has been accessed yet.
 */
const char *memory_open(struct memory *m, enum memory_kind kind, size_t size)
{
	const char *reason = NULL;

	*m = (struct memory){ .kind = kind, .fd = -1, .size = size };
	switch (kind) {
	case MALLOC:
		break;
	case MEMFD:
		reason = memfd_open(m, 0);
		break;
	case MEMFD_HUGE:
		reason = memfd_open(m, MFD_HUGETLB);
		break;
	case TMPFS:
		reason = tmpfs_open(m);
		break;
	default:
		reason = region_open(m);
	}
	if (reason)
		memory_close(m);
	return reason;
}

const char *memory_map(struct memory *m, int flags)
{
	flags |= m->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	m->at = mmap(NULL, m->size, PROT_READ | PROT_WRITE, flags, m->fd, 0);
	if (m->at != MAP_FAILED)
		return NULL;
	m->at = NULL;
	return m->kind == MEMFD_HUGE ? "too few huge pages; raise vm.nr_overcommit_hugepages" :
		strerror(errno);
}

void memory_unmap(struct memory *m)
{
	if (m->at)
		munmap(m->at, m->size);
	m->at = NULL;
}

void memory_close(struct memory *m)
{
	memory_unmap(m);
	if (m->region)
		mmapshare_close(m->region);
	else if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	m->region = NULL;
}

/* Private memory, populated. */
void *private_memory(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	check("mmap", p != MAP_FAILED);
	return p;
}

void private_memory_free(void *p, size_t size)
{
	munmap(p, size);
}

/*
 * Memory that is shared with a child, populated: faults are not part of a
 * measurement.
 */
void *shared_memory(size_t size)
{
	int fd = memfd_create("mmapshare-bench", MFD_CLOEXEC);
	void *p;

	check("memfd_create", fd >= 0 && !ftruncate(fd, size));
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	check("mmap", p != MAP_FAILED);
	close(fd);
	return p;
}
