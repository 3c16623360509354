// SPDX-License-Identifier: GPL-2.0
/*
 * The handler of a non-maskable interrupt publishes. It may interrupt anything,
 * such as a thread that is just publishing to the same ring.
 */
#include "context_test.h"

TEST_F(context, nmi)
{
	CONTEXTS_RUN("nmi");
	EXPECT_ALL_RECORDS(self);
}

TEST_F(context, nmi_and_thread)
{
	CONTEXTS_RUN("nmi,kthread");
	EXPECT_ALL_RECORDS(self);
}

TEST_HARNESS_MAIN
