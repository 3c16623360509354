// SPDX-License-Identifier: GPL-2.0
/*
 * A kprobe publishes: where a wait queue, whose lock is held, wakes a task, and
 * where the scheduler is about to do so. The queue may be that of a consumer.
 */
#include "context_test.h"

/* Consumers attach and detach, which wakes those that sleep. */
static bool attach_meanwhile(int fd)
{
	struct endpoint ep;
	int i;

	for (i = 0; i < 100; i++) {
		if (endpoint_attach(&ep, fd, MMAPSHARE_RING_ATTACH_CONSUMER))
			return false;
		endpoint_detach(&ep);
	}
	return true;
}

TEST_F(context, wait_queue)
{
	CONTEXTS_RUN("kprobe,kthread,hardirq");
	EXPECT_TRUE(attach_meanwhile(self->fd));
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, scheduler)
{
	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "function", "try_to_wake_up"));
	CONTEXTS_RUN("kprobe,kthread,hardirq");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
