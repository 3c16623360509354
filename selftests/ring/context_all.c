// SPDX-License-Identifier: GPL-2.0
/*
 * All contexts publish at the same time, as fast as they can.
 * $MMAPSHARE_RECORDS is the number of records that each context attempts to
 * publish.
 */
#include "context_test.h"

TEST_F_TIMEOUT(context, all, 36000)
{
	const char *records = getenv("MMAPSHARE_RECORDS") ?: "1000";

	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "records", records));
	ASSERT_TRUE(helper_set(CONTEXTS_MODULE, "interval", "10"));
	CONTEXTS_RUN("all,contention_begin");
	/* contention_begin may not end: there may be too little contention */
	while (!contexts_end_but(1) && getenv("MMAPSHARE_RECORDS"))
		;
	EXPECT_TRUE(contexts_end_but(1));
	ASSERT_TRUE(contexts_stop());
	EXPECT_PUBLISHED(self);
}

TEST_HARNESS_MAIN
