// SPDX-License-Identifier: GPL-2.0
/*
 * All contexts ring at the same time, including probes in wait queues and
 * locks.
 */
#include "context_test.h"

TEST_F(context, all)
{
	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "interval", "10"));
	CONTEXTS_RUN("all,contention_begin");
	/* contention_begin may not end: there may be too little contention */
	EXPECT_TRUE(contexts_end_but(1));
	ASSERT_TRUE(contexts_stop());
	EXPECT_NOTIFIED(self);
}

TEST_HARNESS_MAIN
