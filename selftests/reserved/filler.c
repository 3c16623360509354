// SPDX-License-Identifier: GPL-2.0
/*
 * A filler has no sequence number. One that is found in reserved memory with the mark of
 * a record that was not committed remains a filler.
 */
#include "ring_image.h"

FIXTURE(filler)
{
	int control;
	struct ring_image image;
};

FIXTURE_SETUP(filler)
{
	helper_unload("mmapshare_survive");
	LOAD_WITH_RANGE();
	ASSERT_EQ(0, leave_ring(RANGE));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	ASSERT_TRUE(image_copy(&self->image, self->control, RANGE));
}

FIXTURE_TEARDOWN(filler)
{
	free(self->image.bytes);
	close(self->control);
}

/* Returns what read() returns at the end of the ring, or a negative errno. */
static ssize_t read_to_end(int region)
{
	struct mmapshare_ring_attach_args attach = {
		.size = sizeof(attach),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_OLDEST,
	};
	static char buffer[1 << 20];
	int ep = ioctl(region, MMAPSHARE_IOC_RING_ATTACH, &attach);
	ssize_t n;

	do
		n = read(ep, buffer, sizeof(buffer));
	while (n > 0);
	if (n < 0)
		n = -errno;
	close(ep);
	return n;
}

TEST_F(filler, not_committed)
{
	const uint64_t pos = image_nth(&self->image, 2);
	struct mmapshare_record *record = image_record(&self->image, pos);
	int fd;

	/* as mmapshare_trim() makes it, but BUSY: the next record has the same number */
	record->seq = image_record(&self->image, image_next(&self->image, pos))->seq;
	record->length |= MMAPSHARE_RECORD_FILLER | MMAPSHARE_RECORD_DISCARD |
			  MMAPSHARE_RECORD_BUSY;
	ASSERT_TRUE(image_store(&self->image, pos));
	fd = reserved_create(self->control, RANGE, 0, MMAPSHARE_RING);
	ASSERT_GE(fd, 0);
	EXPECT_EQ(0, read_to_end(fd));
	close(fd);
	EXPECT_EQ(0, region_destroy(self->control, RANGE));
}

TEST_HARNESS_MAIN
