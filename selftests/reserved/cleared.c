// SPDX-License-Identifier: GPL-2.0
/*
 * A new ring in reserved memory clears all of it: also what is behind the ring, which a
 * region that is created there later shows.
 */
#include "reserved_test.h"

#define BYTES_MAX	(64UL << 20)

FIXTURE(cleared)
{
	int control;
	char *bytes;
	size_t size;
};

FIXTURE_SETUP(cleared)
{
	ssize_t n;

	helper_unload("mmapshare_survive");
	LOAD_WITH_RANGE();
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	self->bytes = malloc(BYTES_MAX);
	ASSERT_NE(NULL, self->bytes);
	n = copy_range(self->control, RANGE, self->bytes, BYTES_MAX);
	ASSERT_LT(0, n);
	self->size = n;
}

FIXTURE_TEARDOWN(cleared)
{
	free(self->bytes);
	close(self->control);
}

TEST_F(cleared, behind_the_ring)
{
	const struct mmapshare_ring *ring = (const void *)self->bytes;
	size_t i;

	memset(self->bytes, 'x', self->size);
	ASSERT_TRUE(store_range(self->control, RANGE, self->bytes, self->size, 0));
	ASSERT_EQ(0, leave_ring(RANGE));
	ASSERT_EQ((ssize_t)self->size, copy_range(self->control, RANGE, self->bytes, self->size));
	/* or the test tests nothing */
	ASSERT_LT(ring->map_size, self->size);
	for (i = ring->map_size; i < self->size && !self->bytes[i]; i++)
		;
	EXPECT_EQ(self->size, i);
}

TEST_HARNESS_MAIN
