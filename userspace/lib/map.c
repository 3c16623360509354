// SPDX-License-Identifier: MIT
/*
 * Mappings. They begin and end where the caller says, those of the kernel
 * where pages do.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

/* Bytes from the beginning of the page to there. */
static size_t in_page(uint64_t position)
{
	return position % sysconf(_SC_PAGESIZE);
}

int mmapshare_map(const struct mmapshare *region, unsigned int access,
		  uint64_t offset, size_t length, void **address)
{
	const int flags = access == MMAPSHARE_COPY ? MAP_PRIVATE : MAP_SHARED;
	const int prot = access == MMAPSHARE_READ ? PROT_READ :
			 PROT_READ | PROT_WRITE;
	const size_t skip = in_page(offset);
	uint64_t wanted = length;
	char *p;

	if (access > MMAPSHARE_COPY)
		return -EINVAL;
	if (!mms_range_ok(region->size, offset, length) || offset == region->size)
		return -ENXIO;
	if (!wanted)
		wanted = region->size - offset;
	/* 32-bit programs */
	if (wanted > SIZE_MAX - skip)
		return -ENOMEM;
	p = mmap(NULL, wanted + skip, prot, flags, region->fd, offset - skip);
	if (p == MAP_FAILED)
		return -errno;
	*address = p + skip;
	return 0;
}

int mmapshare_unmap(void *address, size_t length)
{
	const size_t skip = in_page((uintptr_t)address);

	if (!length)
		return -EINVAL;
	return munmap((char *)address - skip, length + skip) ? -errno : 0;
}

int mmapshare_flush(void *address, size_t length)
{
	const size_t skip = in_page((uintptr_t)address);

	return msync((char *)address - skip, length + skip, MS_SYNC) ? -errno : 0;
}
