// SPDX-License-Identifier: GPL-2.0
/*
 * Probes of the tracepoints sched_waking and sched_switch ring. The scheduler
 * then holds a lock that it needs to wake the waiter.
 */
#include "context_test.h"

TEST_F(context, sched_waking)
{
	CONTEXTS_RUN("sched_waking");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_F(context, sched_switch)
{
	CONTEXTS_RUN("sched_switch");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_HARNESS_MAIN
