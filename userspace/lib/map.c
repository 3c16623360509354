// SPDX-License-Identifier: MIT
/*
 * Map any range of bytes. A mapping consists of whole pages, so each function
 * rounds down to the start of the first page.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include "lib.h"

/* Bytes from the start of the page to @pos. */
static size_t offset_in_page(uint64_t pos)
{
	return pos % sysconf(_SC_PAGESIZE);
}

int mmapshare_map(const struct mmapshare *region, unsigned int access,
		  uint64_t offset, size_t length, void **address)
{
	const int flags = access == MMAPSHARE_COPY ? MAP_PRIVATE : MAP_SHARED;
	const int prot = access == MMAPSHARE_READ ? PROT_READ :
			 PROT_READ | PROT_WRITE;
	const size_t skip = offset_in_page(offset);
	uint64_t bytes = length;
	char *p;

	if (access > MMAPSHARE_COPY)
		return -EINVAL;
	if (!mms_range_ok(region->size, offset, length) || offset == region->size)
		return -ENXIO;
	if (!bytes)
		bytes = region->size - offset;
	/* a region may be larger than the addresses of a 32-bit program */
	if (bytes > SIZE_MAX - skip)
		return -ENOMEM;
	p = mmap(NULL, bytes + skip, prot, flags, region->fd, offset - skip);
	if (p == MAP_FAILED)
		return -errno;
	*address = p + skip;
	return 0;
}

int mmapshare_unmap(void *address, size_t length)
{
	const size_t skip = offset_in_page((uintptr_t)address);

	if (!length)
		return -EINVAL;
	return munmap((char *)address - skip, length + skip) ? -errno : 0;
}

int mmapshare_flush(void *address, size_t length)
{
	const size_t skip = offset_in_page((uintptr_t)address);

	return msync((char *)address - skip, length + skip, MS_SYNC) ? -errno : 0;
}
