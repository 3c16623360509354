// SPDX-License-Identifier: GPL-2.0
/*
 * A probe of the tracepoint sched_switch publishes. It runs while the scheduler
 * holds the lock of the run queue to which a woken consumer is added.
 */
#include "context_test.h"

TEST_F(context, sched_switch)
{
	CONTEXTS_RUN("sched_switch");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, sched_switch_and_thread)
{
	CONTEXTS_RUN("sched_switch,kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
