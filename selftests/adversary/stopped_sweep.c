// SPDX-License-Identifier: GPL-2.0
/*
 * A task that exceeds a limit scans for pages that are no longer pinned; one
 * task scans at a time. If that task is stopped, waiting tasks can be killed.
 * When it continues, one further scan is sufficient for all waiting tasks.
 */
#include "limits_test.h"
#include "stuck_page.h"
#include <sys/prctl.h>
#include <sys/uio.h>

#define DELAY	"mmapshare_delay"

FIXTURE(sweep) {
	struct device dev;
	unsigned long saved[LIMITS];
	int pipe[2];
	pid_t pid;
};

static int create_stopped(void *arg)
{
	FIXTURE_DATA(sweep) *self = arg;

	prctl(PR_SET_NAME, "stopped");
	return region_create(self->dev.fd, NULL) != -ENOSPC;
}

static int create_other(void *arg)
{
	FIXTURE_DATA(sweep) *self = arg;

	return setuid(USER) || region_create(self->dev.fd, NULL) != -ENOSPC;
}

/* Pin a page of a region, which is closed while the page is pinned. */
static bool pin_page(int control, int pipe)
{
	const int fd = region_create(control, NULL);
	char *mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	struct iovec iov = { mem, 1 };
	bool ok = mem != MAP_FAILED && vmsplice(pipe, &iov, 1, 0) == 1;

	munmap(mem, REGION_SIZE);
	close(fd);
	return ok;
}

FIXTURE_SETUP(sweep)
{
	int error;

	DEVICE_OPEN(&self->dev, O_RDWR);
	error = helper_load(DELAY, "function=mms_memory_sweep");
	if (helper_is_missing(error))
		SKIP(return, "no helper module, not root, or no function tracer");
	ASSERT_EQ(0, error);
	limits_save(self->saved);
	ASSERT_EQ(0, pipe(self->pipe));
	ASSERT_TRUE(pin_page(self->dev.fd, self->pipe[1]));
	ASSERT_EQ(0, limit_set("max_regions", 0));
	self->pid = start_task(create_stopped, self);
	EXPECT_TRUE(is_stopped());
}

FIXTURE_TEARDOWN(sweep)
{
	int status;

	EXPECT_TRUE(helper_set(DELAY, "go", "Y"));
	EXPECT_EQ(self->pid, waitpid(self->pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, helper_unload(DELAY));
	limits_restore(self->saved);
	close(self->pipe[0]);
	close(self->pipe[1]);
	close(self->dev.fd);
}

TEST_F(sweep, other_can_be_killed)
{
	const pid_t pid = start_task(create_other, self);

	EXPECT_TRUE(is_stuck(pid));
	EXPECT_TRUE(can_be_killed(pid));
}

TEST_F(sweep, one_for_all)
{
	pid_t pids[20];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = start_task(create_other, self);
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_TRUE(is_stuck(pids[i]));
	EXPECT_TRUE(helper_set(DELAY, "go", "Y"));
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		EXPECT_EQ(pids[i], waitpid(pids[i], NULL, 0));
	/*
	 * fewer scans than tasks: one for all of them, and at most one a second
	 * by the driver's work item
	 */
	EXPECT_GT((int)ARRAY_SIZE(pids), atoi(helper_get(DELAY, "calls")));
}

TEST_HARNESS_MAIN
