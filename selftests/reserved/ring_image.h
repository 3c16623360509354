/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A copy of a ring that a kernel producer has left in reserved memory: where the records
 * are, to change one.
 */
#ifndef RING_IMAGE_H
#define RING_IMAGE_H

#include "reserved_test.h"

#define IMAGE_MAX	(4UL << 20)

struct ring_image {
	int control;
	const char *range;
	char *bytes;
};

static inline struct mmapshare_ring *image_head(const struct ring_image *image)
{
	return (void *)image->bytes;
}

static inline struct mmapshare_ring_producer *image_producer(const struct ring_image *image)
{
	return (void *)(image->bytes + image_head(image)->producer_offset);
}

/* The header of the record at @pos. */
static inline struct mmapshare_record *image_record(const struct ring_image *image, uint64_t pos)
{
	const struct mmapshare_ring *head = image_head(image);

	return (void *)(image->bytes + head->data_offset + (pos & (head->data_size - 1)));
}

/* The position behind the record at @pos. */
static inline uint64_t image_next(const struct ring_image *image, uint64_t pos)
{
	const uint32_t bytes = image_record(image, pos)->length & MMAPSHARE_RECORD_LENGTH;

	return pos + sizeof(struct mmapshare_record) + ((bytes + 7) & ~7U);
}

/* The position of the record that is @n records behind the oldest one. */
static inline uint64_t image_nth(const struct ring_image *image, unsigned int n)
{
	uint64_t pos = image_producer(image)->oldest_pos;

	while (n--)
		pos = image_next(image, pos);
	return pos;
}

/* Copy the ring that is in the range. @image->bytes is to be freed. */
static inline bool image_copy(struct ring_image *image, int control, const char *range)
{
	*image = (struct ring_image) {
		.control = control,
		.range = range,
		.bytes = calloc(1, IMAGE_MAX),
	};
	return image->bytes && copy_range(control, range, image->bytes, IMAGE_MAX) > 0 &&
	       image_head(image)->magic == MMAPSHARE_RING_MAGIC;
}

/* Store the header of the record at @pos to the range. */
static inline bool image_store(const struct ring_image *image, uint64_t pos)
{
	const struct mmapshare_record *record = image_record(image, pos);

	return store_range(image->control, image->range, record, sizeof(*record),
			   (const char *)record - image->bytes);
}

#endif /* RING_IMAGE_H */
