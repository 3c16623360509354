// SPDX-License-Identifier: GPL-2.0
/*
 * A kprobe publishes: in the function that wakes a task of a wait queue, whose
 * lock is held then, and in the one by which the scheduler wakes it. A consumer
 * may sleep in that queue.
 */
#include "context_test.h"

/* Attach and detach consumers, which wakes the sleeping consumers. */
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
