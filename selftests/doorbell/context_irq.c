// SPDX-License-Identifier: GPL-2.0
/*
 * Interrupt handlers ring that run with interrupts disabled, even on
 * PREEMPT_RT.
 */
#include "context_test.h"

TEST_F(context, hardirq)
{
	CONTEXTS_RUN("hardirq");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_F(context, irq_work)
{
	CONTEXTS_RUN("irq_work");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_F(context, softirq_and_thread)
{
	CONTEXTS_RUN("softirq,kthread");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_HARNESS_MAIN
