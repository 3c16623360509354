// SPDX-License-Identifier: GPL-2.0
/*
 * A task that is stopped while the kernel maps a region for it delays no call on
 * another region. The test stops the task in mmap() or in a page fault. In
 * practice a task stays there long for a large mapping, or if a task of higher
 * priority preempts it.
 */
#include "stuck_page.h"
#include <sys/prctl.h>

#define DELAY		"mmapshare_delay"
#define NOBODY		65534

FIXTURE(stopped) {
	struct device dev;
	int fd, other;		/* the region that is mapped; another one */
	pid_t pid;
};

FIXTURE_VARIANT(stopped) {
	const char *function;	/* in which the task stops */
	uint32_t strategy;
};

FIXTURE_VARIANT_ADD(stopped, fault) {
	.function = "vm_insert_pages",
	.strategy = MMAPSHARE_STRATEGY_FAULT,
};

FIXTURE_VARIANT_ADD(stopped, vmalloc) {
	.function = "remap_vmalloc_range",
	.strategy = MMAPSHARE_STRATEGY_VMALLOC,
};

FIXTURE_VARIANT_ADD(stopped, pfn) {
	.function = "remap_pfn_range",
	.strategy = MMAPSHARE_STRATEGY_PFN,
};

/* Runs as another user, with a descriptor that is open for reading. */
static int map_and_touch(void *arg)
{
	FIXTURE_DATA(stopped) *self = arg;
	const int fd = region_read_only(self->fd);
	char *mem;

	if (setuid(NOBODY) || prctl(PR_SET_NAME, "stopped"))
		return 1;
	mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	return mem == MAP_FAILED || mem[0];
}

FIXTURE_SETUP(stopped)
{
	char parameters[64];
	int error;

	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(parameters, sizeof(parameters), "function=%s", variant->function);
	error = helper_load(DELAY, parameters);
	if (helper_is_missing(error))
		SKIP(return, "no helper module, not root, or no function tracer");
	ASSERT_EQ(0, error);
	self->fd = region_create_as(self->dev.fd, NULL, REGION_SIZE, variant->strategy, 0);
	ASSERT_LE(0, self->fd);
	self->other = region_create(self->dev.fd, NULL);
	ASSERT_LE(0, self->other);
	self->pid = start_task(map_and_touch, self);
	EXPECT_TRUE(is_stopped());
}

FIXTURE_TEARDOWN(stopped)
{
	int status;

	EXPECT_TRUE(helper_set(DELAY, "go", "Y"));
	EXPECT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, helper_unload(DELAY));
	close(self->fd);
	close(self->other);
	close(self->dev.fd);
}

static int seal_other(void *arg)
{
	FIXTURE_DATA(stopped) *self = arg;

	return region_seal(self->other, MMAPSHARE_SEAL_WRITE);
}

static int revoke_other(void *arg)
{
	FIXTURE_DATA(stopped) *self = arg;

	return region_revoke(self->other);
}

TEST_F(stopped, seal)
{
	EXPECT_EQ(0, run_patiently(seal_other, self));
	EXPECT_EQ((int)MMAPSHARE_SEAL_WRITE, region_seals(self->other));
}

TEST_F(stopped, revoke)
{
	EXPECT_EQ(0, run_patiently(revoke_other, self));
	EXPECT_EQ(ENODEV, region_seal(self->other, MMAPSHARE_SEAL_WRITE));
}

/*
 * Calls on the same region that neither seal nor revoke it do not wait for the
 * stopped task.
 */
TEST_F(stopped, same_region)
{
	char byte;

	EXPECT_EQ(0, kernel_fill(self->fd, 0, REGION_SIZE, 0));
	EXPECT_EQ(1, pread(self->fd, &byte, 1, 0));
	EXPECT_EQ(0, region_seal(self->fd, 0));
}

TEST_HARNESS_MAIN
