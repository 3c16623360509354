// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that are pinned when their region is freed stay charged to its user; a
 * huge page is charged as a whole. So the limits cover pinned memory, too.
 */
#include "limits_test.h"
#include <sys/uio.h>

#define PIPE_PAGES	16	/* capacity of a pipe */
#define REGIONS		8
#define SLACK		(16 * MB)

FIXTURE(pinned) {
	struct device dev;
	unsigned long saved[LIMITS];
	int pipes[REGIONS][2];
	unsigned long before;
};

FIXTURE_VARIANT(pinned) {
	uint32_t strategy;
	size_t stride;	/* one byte in each of these is pinned */
};

FIXTURE_VARIANT_ADD(pinned, fault) {
	.strategy = MMAPSHARE_STRATEGY_FAULT,
	.stride = 4096,
};

FIXTURE_VARIANT_ADD(pinned, vmalloc) {
	.strategy = MMAPSHARE_STRATEGY_VMALLOC,
	.stride = 4096,
};

/* All regions together pin 256 MiB, if pinned pages are not charged. */
FIXTURE_VARIANT_ADD(pinned, huge) {
	.strategy = MMAPSHARE_STRATEGY_HUGE,
	.stride = 2 * MB,
};

FIXTURE_SETUP(pinned)
{
	int i;

	DEVICE_OPEN(&self->dev, O_RDWR);
	if (geteuid())
		SKIP(return, "needs root");
	if (self->dev.page != 4096)
		SKIP(return, "pages are not 4 KiB");
	if (variant->strategy == MMAPSHARE_STRATEGY_HUGE &&
	    access("/sys/kernel/mm/transparent_hugepage", F_OK))
		SKIP(return, "the kernel has no huge pages");
	limits_save(self->saved);
	ASSERT_EQ(0, limit_set("max_user_bytes", 2 * PIPE_PAGES * variant->stride));
	for (i = 0; i < REGIONS; i++)
		ASSERT_EQ(0, pipe(self->pipes[i]));
	self->before = mem_available();
	ASSERT_EQ(0, seteuid(USER));
}

FIXTURE_TEARDOWN(pinned)
{
	seteuid(0);
	limits_restore(self->saved);
	close(self->dev.fd);
}

/*
 * Create a region, pin one byte in each @stride bytes, and close the region.
 * Returns 0 or an errno.
 */
static int pin_region(int control, int pipe, uint32_t strategy, size_t stride)
{
	const size_t size = PIPE_PAGES * stride;
	int fd = region_create_as(control, NULL, size, strategy, 0), i, ret = 0;
	char *mem;

	if (fd < 0)
		return -fd;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mem == MAP_FAILED)
		return errno;
	for (i = 0; i < PIPE_PAGES && !ret; i++) {
		struct iovec iov = { mem + i * stride, 1 };

		if (vmsplice(pipe, &iov, 1, 0) != 1)
			ret = errno;
	}
	munmap(mem, size);
	return ret;
}

TEST_F(pinned, are_charged)
{
	unsigned long size = PIPE_PAGES * variant->stride, after;
	int i, n, error = 0, fd[2];

	for (n = 0; n < REGIONS; n++) {
		error = pin_region(self->dev.fd, self->pipes[n][1], variant->strategy,
				   variant->stride);
		if (error)
			break;
	}
	EXPECT_EQ(EDQUOT, error);
	EXPECT_EQ(2, n);
	after = mem_available();
	EXPECT_GE(after + 2 * size + SLACK, self->before) {
		TH_LOG("%lu MiB held, limit %lu MiB", (self->before - after) / MB, 2 * size / MB);
	}

	/* the pages are freed when they are unpinned, and uncharged */
	for (i = 0; i < REGIONS; i++) {
		close(self->pipes[i][0]);
		close(self->pipes[i][1]);
	}
	for (i = 0; i < 2; i++) {
		fd[i] = region_create_as(self->dev.fd, NULL, size, variant->strategy, 0);
		EXPECT_LE(0, fd[i]);
	}
	for (i = 0; i < 2; i++)
		close(fd[i]);
	EXPECT_TRUE(mem_becomes_available(self->before - SLACK)) {
		TH_LOG("%lu MiB not free", (self->before - mem_available()) / MB);
	}
}

/* Pages are freed after they were unpinned, without another CREATE. */
TEST_F(pinned, are_freed)
{
	ASSERT_EQ(0, pin_region(self->dev.fd, self->pipes[0][1], variant->strategy,
				variant->stride));
	close(self->pipes[0][0]);
	close(self->pipes[0][1]);
	EXPECT_TRUE(mem_becomes_available(self->before - SLACK));
}

TEST_HARNESS_MAIN
