// SPDX-License-Identifier: GPL-2.0
/*
 * The handler of a timer interrupt publishes, or one that irq_work_queue() has
 * queued. On PREEMPT_RT, too, these run with interrupts disabled.
 */
#include "context_test.h"

TEST_F(context, hardirq)
{
	CONTEXTS_RUN("hardirq");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, hardirq_and_thread)
{
	CONTEXTS_RUN("hardirq,kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, irq_work)
{
	CONTEXTS_RUN("irq_work");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
