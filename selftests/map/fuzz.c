// SPDX-License-Identifier: GPL-2.0
/*
 * After random operations on a mapping, no permitted access raises a signal or
 * finds wrong bytes.
 */
#include "map_fixture.h"

#define ROUNDS	150

struct fuzz {
	const struct device *dev;
	unsigned int seed;
};

static unsigned int next_random(struct fuzz *f)
{
	f->seed = f->seed * 1664525 + 1013904223;
	return f->seed >> 8;
}

/* Every page of the region begins with its index. */
static int check_page(const char *mem, size_t offset, size_t index)
{
	return *(volatile const uint32_t *)(mem + offset) == index ? 0 : 3;
}

/* Load, and store if allowed, in the first, the last and ten random pages. */
static int touch(struct fuzz *f, char *mem, size_t pgoff, size_t pages,
		 int prot)
{
	const size_t page = f->dev->page;
	int i, error = 0;

	for (i = 0; i < 12 && !error; i++) {
		size_t n = i == 0 ? 0 : i == 1 ? pages - 1 :
			   next_random(f) % pages;

		error = check_page(mem, n * page, pgoff + n);
		(void)((volatile char *)mem)[n * page + page - 1];
		if (prot & PROT_WRITE)
			((volatile char *)mem)[n * page + page - 1] = i;
	}
	return error;
}

static void change_mapping(struct fuzz *f, char *mem, size_t pages)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_WILLNEED, MADV_COLD, MADV_PAGEOUT,
		MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_REMOVE,
	};
	const size_t page = f->dev->page, at = next_random(f) % pages;
	const size_t length = (1 + next_random(f) % (pages - at)) * page;

	switch (next_random(f) % 6) {
	case 0 ... 2:
		madvise(mem + at * page, length,
			advices[next_random(f) % ARRAY_SIZE(advices)]);
		break;
	case 3:
		mprotect(mem + at * page, length, PROT_NONE);
		mprotect(mem + at * page, length, PROT_READ | PROT_WRITE);
		break;
	case 4:
		mlock(mem + at * page, length);
		munlock(mem + at * page, length);
		break;
	default:
		msync(mem + at * page, length, MS_SYNC);
	}
}

/* Map a random range of the region in a random way, move it and unmap parts. */
static int round_trip(struct fuzz *f)
{
	static const int flags[] = {
		MAP_SHARED, MAP_SHARED | MAP_POPULATE, MAP_PRIVATE,
		MAP_PRIVATE | MAP_POPULATE,
	};
	const size_t page = f->dev->page, all = f->dev->size / page;
	const size_t pgoff = next_random(f) % all;
	size_t pages = 1 + next_random(f) % (all - pgoff), cut;
	const int flag = flags[next_random(f) % ARRAY_SIZE(flags)];
	char *mem = mmap(NULL, pages * page, PROT_READ | PROT_WRITE, flag,
			 f->dev->fd, pgoff * page);
	char *to;
	int error;

	if (mem == MAP_FAILED)
		return (flag & MAP_PRIVATE) && errno == EINVAL ? 0 : 2;
	error = touch(f, mem, pgoff, pages, PROT_READ | PROT_WRITE);
	change_mapping(f, mem, pages);
	error = error ?: touch(f, mem, pgoff, pages, PROT_READ | PROT_WRITE);
	to = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	/* older kernels cannot move a mapping that mprotect() has split */
	if (mremap(mem, pages * page, pages * page,
		   MREMAP_MAYMOVE | MREMAP_FIXED, to) != to) {
		if (errno != EFAULT)
			return 4;
		munmap(to, pages * page);
		to = mem;
	}
	change_mapping(f, to, pages);
	error = error ?: touch(f, to, pgoff, pages, PROT_READ | PROT_WRITE);
	cut = next_random(f) % pages;
	munmap(to, cut * page);
	error = error ?: touch(f, to + cut * page, pgoff + cut, pages - cut,
			       PROT_READ | PROT_WRITE);
	munmap(to, pages * page);
	return error;
}

static int fuzz(void *arg)
{
	struct fuzz *f = arg;
	int i, error = 0;

	for (i = 0; i < ROUNDS && !error; i++)
		error = round_trip(f);
	return error;
}

TEST_F(map, random_ranges)
{
	const size_t page = self->dev.page;
	unsigned int seed;
	size_t i;

	for (i = 0; i < self->dev.size / page; i++)
		*(uint32_t *)(self->mem + i * page) = i;
	for (seed = 1; seed <= 2; seed++) {
		struct fuzz f = { &self->dev, seed };

		EXPECT_EQ(0, run_child(fuzz, &f)) TH_LOG("seed %u", seed);
	}
	EXPECT_EQ(1, count_maps(self->dev.fd));
}

TEST_HARNESS_MAIN
