// SPDX-License-Identifier: GPL-2.0
/*
 * A probe of the tracepoint sched_waking publishes. It runs while the scheduler
 * holds the lock of the task that is woken, which may be a consumer.
 */
#include "context_test.h"

TEST_F(context, sched_waking)
{
	CONTEXTS_RUN("sched_waking");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, sched_waking_and_thread)
{
	CONTEXTS_RUN("sched_waking,kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
