// SPDX-License-Identifier: GPL-2.0
/*
 * A ring that goes on in reserved memory has the same generation, unless records may be
 * missing at its end: new ones then get sequence numbers that other records had.
 */
#include "ring_image.h"
#include <stddef.h>
#include "../../userspace/examples/crc32c.h"

/* struct mms_range_header, at the beginning of a range */
struct range_header {
	uint64_t magic;
	uint32_t version;
	uint32_t end;
	uint64_t start;
	uint64_t size;
	uint64_t generation;
	uint32_t flags;
	uint32_t crc;
};

#define END_DIRTY	1

FIXTURE(generation)
{
	int control;
};

FIXTURE_SETUP(generation)
{
	helper_unload("mmapshare_survive");
	LOAD_WITH_RANGE();
	ASSERT_EQ(0, leave_ring(RANGE));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
}

FIXTURE_TEARDOWN(generation)
{
	close(self->control);
}

/* Returns the generation of the ring that is found in the range, or 0. */
static uint64_t found(int control, const char *range)
{
	const off_t offset = offsetof(struct mmapshare_ring, generation);
	uint64_t generation = 0;
	int fd = reserved_create(control, range, 0, MMAPSHARE_RING);

	if (fd < 0 || pread(fd, &generation, 8, offset) != 8)
		generation = 0;
	close(fd);
	region_destroy(control, range);
	return generation;
}

TEST_F(generation, stays)
{
	const uint64_t first = found(self->control, RANGE);

	EXPECT_NE(0U, first);
	EXPECT_EQ(first, found(self->control, RANGE));
	close(self->control);
	ASSERT_EQ(0, reload("size=8M reserved=" RANGE));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	EXPECT_EQ(first, found(self->control, RANGE));
}

TEST_F(generation, changes_if_truncated)
{
	const uint64_t first = found(self->control, RANGE);
	struct ring_image image;
	uint64_t pos, second;

	ASSERT_NE(0U, first);
	ASSERT_TRUE(image_copy(&image, self->control, RANGE));
	pos = image_nth(&image, 2);
	image_record(&image, pos)->length = MMAPSHARE_RECORD_LENGTH;
	ASSERT_TRUE(image_store(&image, pos));
	free(image.bytes);
	second = found(self->control, RANGE);
	EXPECT_NE(0U, second);
	EXPECT_NE(first, second);
	/* it is cut now */
	EXPECT_EQ(second, found(self->control, RANGE));
}

FIXTURE(fixed)
{
	int control;
	uint64_t first;
};

FIXTURE_SETUP(fixed)
{
	helper_unload("mmapshare_survive");
	LOAD_WITH_FIXED();
	ASSERT_EQ(0, leave_ring(FIXED));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	self->first = found(self->control, FIXED);
	ASSERT_NE(0U, self->first);
}

FIXTURE_TEARDOWN(fixed)
{
	close(self->control);
	reload("size=8M");
}

/* While the module is not loaded, have the header say that the last use did not end. */
static bool reload_after_reset(FIXTURE_DATA(fixed) *self)
{
	struct range_header *header;
	int fd;

	close(self->control);
	self->control = -1;
	fd = helper_unload("mmapshare") ? -1 : open("/dev/mem", O_RDWR | O_CLOEXEC);
	header = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      fixed_address());
	close(fd);
	if (header == MAP_FAILED)
		return false;
	header->end = END_DIRTY;
	header->crc = crc32c(header, offsetof(struct range_header, crc));
	munmap(header, getpagesize());
	if (reload_fixed())
		return false;
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	return self->control >= 0;
}

/* The caches may have had the last records, and the position behind them. */
TEST_F(fixed, changes_after_a_reset)
{
	uint64_t second;

	ASSERT_TRUE(reload_after_reset(self));
	second = found(self->control, FIXED);
	EXPECT_NE(0U, second);
	EXPECT_NE(self->first, second);
	EXPECT_EQ(second, found(self->control, FIXED));
	ASSERT_EQ(0, leave_ring(FIXED));
	EXPECT_EQ(second, found(self->control, FIXED));
}

/* The ring is found two uses later: the one in between had the bytes as a plain region. */
TEST_F(fixed, changes_later)
{
	uint64_t second;
	char byte;

	ASSERT_TRUE(reload_after_reset(self));
	ASSERT_EQ(1, copy_range(self->control, FIXED, &byte, 1));
	close(self->control);
	ASSERT_EQ(0, reload_fixed());
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	second = found(self->control, FIXED);
	EXPECT_NE(0U, second);
	EXPECT_NE(self->first, second);
}

TEST_HARNESS_MAIN
