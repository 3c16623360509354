/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of most mapping tests: the device open for reading and writing,
 * the whole region mapped MAP_SHARED at @mem. And helpers that count VMAs, page
 * faults and present pages, and that read smaps.
 */
#ifndef MAP_FIXTURE_H
#define MAP_FIXTURE_H

#include "mmapshare_test.h"
#include <sys/resource.h>
#include <sys/utsname.h>

FIXTURE(map) {
	struct device dev;
	char *mem;
};

FIXTURE_SETUP(map)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
}

FIXTURE_TEARDOWN(map)
{
	munmap(self->mem, self->dev.size);
	close(self->dev.fd);
}

/* Page-aligned offset of the middle of the region. */
static inline size_t middle(const struct device *dev)
{
	return dev->size / dev->page / 2 * dev->page;
}

/* Bytes that one page table maps, that is, one PMD entry. */
static inline size_t pmd_size(const struct device *dev)
{
	FILE *f = fopen("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "r");
	size_t size = dev->page / sizeof(uint64_t) * dev->page;
	struct utsname system;

	/* on s390x a page table is half a page */
	if (!uname(&system) && !strcmp(system.machine, "s390x"))
		size /= 2;
	if (f) {
		if (fscanf(f, "%zu", &size) != 1)
			size = 0;
		fclose(f);
	}
	return size;
}

/* The maximum number of bytes that one fault maps by page table entries. */
static inline size_t fault_window(const struct device *dev)
{
	const size_t pmd = pmd_size(dev);

	return pmd < 512 * dev->page ? pmd : 512 * dev->page;
}

/* sizeof with the type that read() and write() return. */
#define SSIZEOF(x)	((ssize_t)sizeof(x))

/* errno if @ret is -1, else 0. */
#define errno_of(ret)	((long)(ret) == -1 ? errno : 0)

/*
 * Returns whether child @pid has not exited. Does not reap the child;
 * wait_child() does.
 */
static inline bool is_running(pid_t pid)
{
	siginfo_t info = { };

	return !waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

/* Returns the module parameter "exec". */
static inline bool exec_allowed(void)
{
	int fd = open("/sys/module/mmapshare/parameters/exec", O_RDONLY);
	char c = 'N';

	if (fd >= 0 && read(fd, &c, 1) != 1)
		c = 'N';
	close(fd);
	return c == 'Y';
}

/* Returns the number of VMAs that map the region, or -1. */
static inline long count_maps(int fd)
{
	struct mmapshare_info info;

	return device_info(fd, &info) ? -1 : (long)info.maps;
}

/* Returns the number of minor page faults of this process, or -1. */
static inline long count_faults(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? -1 : usage.ru_minflt;
}

/*
 * Minor page faults of touch(dev, mem). touch() runs twice, the first time on a
 * byte of the stack, so that faults on code are not counted. @round is volatile
 * to keep the compiler from unrolling the loop into two copies of the code.
 */
static inline long
faults_of(void (*touch)(const struct device *dev, volatile char *mem),
	  const struct device *dev, volatile char *mem)
{
	const struct device small = { .size = 1, .page = 1 };
	volatile int round;
	volatile char byte;
	long faults = 0;

	for (round = 0; round < 2; round++) {
		faults = -count_faults();
		touch(round ? dev : &small, round ? mem : &byte);
		faults += count_faults();
	}
	return faults;
}

/*
 * Whether the first store to a page faults although the page is mapped. It does
 * where the kernel sets the dirty bit instead of the CPU: s390x, and arm64
 * before Armv8.1. Measured on a memfd.
 */
static inline bool stores_fault_anyway(void)
{
	const size_t page = getpagesize();
	int fd = memfd_create("clean", MFD_CLOEXEC);
	volatile char *p = MAP_FAILED;
	long faults = 0;

	if (fd >= 0 && !ftruncate(fd, page))
		p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED) {
		(void)*p;
		faults = -count_faults();
		*p = 1;
		faults += count_faults();
		munmap((void *)p, page);
	}
	close(fd);
	return faults > 0;
}

/*
 * Returns the number of pages in a range that have a page table entry, or -1.
 * With strategy pfn that is always 0, because pagemap does not show such
 * entries. mincore() is of no use: it reports pages in the page cache.
 */
static inline long count_present(void *addr, size_t length, size_t page)
{
	const int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t pos = (uintptr_t)addr / page * sizeof(uint64_t);
	long present = 0;
	uint64_t entry;

	for (; length && present >= 0; length -= page, pos += sizeof(entry))
		if (pread(fd, &entry, sizeof(entry), pos) == sizeof(entry))
			present += entry >> 63;
		else
			present = -1;
	close(fd);
	return present;
}

/* What count_present() returns for @pages that are mapped. */
static inline long visible_pages(const struct device *dev, long pages)
{
	return dev->info.strategy == MMAPSHARE_STRATEGY_PFN ? 0 : pages;
}

/*
 * Find the line of smaps that starts with @name, of the VMA that starts at
 * @addr, and copy the rest of it to @rest.
 */
static inline bool smaps_line(const void *addr, const char *name, char *rest,
			      size_t size)
{
	FILE *smaps = fopen("/proc/self/smaps", "r");
	size_t len = strlen(name);
	bool in_vma = false, found = false;
	unsigned long start, end;
	char line[512];

	while (smaps && !found && fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			in_vma = start == (unsigned long)addr;
		found = in_vma && !strncmp(line, name, len);
	}
	if (smaps)
		fclose(smaps);
	if (found)
		snprintf(rest, size, "%s", line + len);
	return found;
}

/* Value of a smaps field in bytes, -1 if there is none. */
static inline long smaps_bytes(const void *addr, const char *name)
{
	char rest[512];

	return smaps_line(addr, name, rest, sizeof(rest)) ?
	       strtol(rest, NULL, 10) * 1024 : -1;
}

/* Whether VmFlags in smaps contains @flag, two letters. */
static inline bool smaps_flag(const void *addr, const char *flag)
{
	char rest[512], word[5];

	snprintf(word, sizeof(word), " %s ", flag);
	return smaps_line(addr, "VmFlags:", rest, sizeof(rest)) &&
	       strstr(rest, word);
}

#endif /* MAP_FIXTURE_H */
