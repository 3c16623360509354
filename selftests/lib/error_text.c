// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: texts of errors that mean something else than in the C library. */
#include "lib_ring_test.h"

TEST(texts)
{
	EXPECT_STREQ("no peer is left", mmapshare_error_text(-EPIPE));
	EXPECT_STREQ("no peer is left", mmapshare_error_text(EPIPE));
	EXPECT_STREQ("not a region, or not a ring", mmapshare_error_text(-ENOTTY));
	EXPECT_STREQ("the record was overwritten", mmapshare_error_text(-ESTALE));
	EXPECT_STREQ(strerror(ENOENT), mmapshare_error_text(-ENOENT));
	EXPECT_STREQ(strerror(0), mmapshare_error_text(0));
}

/* The end of a stream: the producer has detached, and all records were taken. */
TEST_F(ring, end_of_stream)
{
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_record(self->p, 0, 16));
	mmapshare_ring_close(self->p);
	self->p = NULL;
	EXPECT_EQ(1, take_all(self->c, 0, 16));
	EXPECT_STREQ("no peer is left",
		     mmapshare_error_text(mmapshare_ring_wait(self->c, 0, -1)));
}

TEST_HARNESS_MAIN
