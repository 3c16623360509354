// SPDX-License-Identifier: GPL-2.0
/* Threads and soft interrupts publish. On PREEMPT_RT both can be preempted. */
#include "context_test.h"

TEST_F(context, thread)
{
	CONTEXTS_RUN("kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, softirq)
{
	CONTEXTS_RUN("softirq");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, softirq_and_thread)
{
	CONTEXTS_RUN("softirq,kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
