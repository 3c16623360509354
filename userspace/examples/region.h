/* SPDX-License-Identifier: MIT */
/* Common part of the examples: open the device and map all of it. */
#ifndef EXAMPLES_REGION_H
#define EXAMPLES_REGION_H

#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <linux/mmapshare.h>

#define DEVICE	"/dev/mmapshare"

struct region {
	int fd;
	char *base;
	size_t size;
	unsigned long long features;
};

/* Parse a number of the command line. */
static inline unsigned long long parse_number(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 0);

	if (end == text || *end)
		errx(1, "%s: not a number", text);
	return n;
}

/* @flags: O_RDONLY or O_RDWR, for the descriptor and for the mapping */
static inline struct region region_map(int flags)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	int prot = flags == O_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE;
	struct region r;

	r.fd = open(DEVICE, flags | O_CLOEXEC);
	if (r.fd < 0)
		err(1, DEVICE);
	if (ioctl(r.fd, MMAPSHARE_IOC_INFO, &info))
		err(1, DEVICE ": MMAPSHARE_IOC_INFO");
	r.size = info.region_size;
	r.features = info.features;
	r.base = mmap(NULL, r.size, prot, MAP_SHARED, r.fd, 0);
	if (r.base == MAP_FAILED)
		err(1, DEVICE ": mmap");
	return r;
}

#endif /* EXAMPLES_REGION_H */
