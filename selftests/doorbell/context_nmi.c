// SPDX-License-Identifier: GPL-2.0
/* The handler of a non-maskable interrupt rings, while a thread may be ringing. */
#include "context_test.h"

TEST_F(context, nmi)
{
	CONTEXTS_RUN("nmi,kthread");
	EXPECT_ALL_NOTIFIED(self);
}

TEST_HARNESS_MAIN
