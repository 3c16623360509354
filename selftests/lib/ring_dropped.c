// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: mmapshare_ring_dropped() counts records that were dropped. */
#include "lib_ring_test.h"

TEST_F(ring, counts)
{
	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0U, mmapshare_ring_dropped(self->p));
	EXPECT_EQ(0, mmapshare_ring_drop(self->p, 3));
	EXPECT_EQ(3U, mmapshare_ring_dropped(self->p));
	EXPECT_EQ(3U, mmapshare_ring_dropped(self->c));
	EXPECT_EQ(0U, mmapshare_ring_lost(self->c));
}

TEST_F(ring, continues_with_the_next_producer)
{
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(0, mmapshare_ring_drop(self->p, 3));
	mmapshare_ring_close(self->p);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(0, mmapshare_ring_drop(self->p, 1));
	EXPECT_EQ(4U, mmapshare_ring_dropped(self->p));
}

TEST_HARNESS_MAIN
