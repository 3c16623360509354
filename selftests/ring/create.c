// SPDX-License-Identifier: GPL-2.0
/* CREATE of rings: arguments, sizes, first page and MMAPSHARE_IOC_QUERY. */
#include "ring_test.h"

#define EXPECT_REFUSED(error, name, size, flags, consumers)		\
	EXPECT_EQ(-(error), ring_create_as(self->dev.fd, name, size, flags, consumers))

TEST_F(ring, invalid_arguments)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = RING_SIZE,
		.ring = MMAPSHARE_RING,
		.consumers = 1,
	};
	uint32_t strategy;

	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE, MMAPSHARE_RING, 0);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE, MMAPSHARE_RING,
		       MMAPSHARE_RING_CONSUMERS_MAX + 1);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE, MMAPSHARE_RING_OVERWRITE, 1);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE, 0, 1);
	EXPECT_REFUSED(EINVAL, NULL, 0, MMAPSHARE_RING, 1);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE,
		       MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_PRODUCER, 1);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE,
		       MMAPSHARE_RING | MMAPSHARE_RING_KERNEL_CONSUMER, 1);
	EXPECT_REFUSED(EINVAL, NULL, RING_SIZE, MMAPSHARE_RING | 1U << 31, 1);
	EXPECT_REFUSED(ERANGE, NULL, MMAPSHARE_RING_SIZE_MAX + 1, MMAPSHARE_RING, 1);
	EXPECT_REFUSED(ERANGE, NULL, -1ULL, MMAPSHARE_RING, 1);
	EXPECT_REFUSED(EEXIST, self->name, RING_SIZE, MMAPSHARE_RING, 1);

	for (strategy = 1; strategy < 4; strategy++) {
		create.strategy = strategy;
		EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create));
		EXPECT_EQ(EINVAL, errno);
	}
}

TEST_F(ring, sizes)
{
	/*
	 * @request is in bytes in the first two entries, in pages in the others
	 */
	static const struct {
		uint64_t request, pages;
	} sizes[] = { { 1, 1 }, { 4096, 1 }, { 3, 4 }, { 5, 8 } };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct mmapshare_create_args create = {
			.size = sizeof(create),
			.region_size = i < 2 ? sizes[i].request :
				       sizes[i].request * self->dev.page,
			.ring = MMAPSHARE_RING,
			.consumers = 3,
		};
		struct mmapshare_info info;
		int fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);

		ASSERT_LE(0, fd);
		EXPECT_EQ(sizes[i].pages * self->dev.page, create.region_size);
		EXPECT_EQ(0, device_info(fd, &info));
		/* first page, three cursors, producer's page, records */
		EXPECT_EQ((sizes[i].pages + 5) * self->dev.page, info.region_size);
		EXPECT_EQ(MMAPSHARE_RING, info.ring);
		close(fd);
	}
}

TEST_F(ring, first_page)
{
	const uint64_t page = self->dev.page;
	struct mmapshare_ring *ring;

	ring = mmap(NULL, page, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, ring);
	EXPECT_EQ(MMAPSHARE_RING_MAGIC, ring->magic);
	EXPECT_EQ(1U, ring->version);
	EXPECT_EQ(sizeof(*ring), ring->length);
	EXPECT_EQ(MMAPSHARE_RING, ring->flags);
	EXPECT_EQ(RING_CONSUMERS, (int)ring->consumers_max);
	EXPECT_EQ(0ULL, ring->features);
	EXPECT_EQ(RING_SIZE, ring->data_size);
	EXPECT_EQ(page, ring->cursor_offset);
	EXPECT_EQ(page, ring->cursor_stride);
	EXPECT_EQ((RING_CONSUMERS + 1) * page, ring->producer_offset);
	EXPECT_EQ((RING_CONSUMERS + 2) * page, ring->data_offset);
	EXPECT_EQ(ring->data_offset + RING_SIZE, ring->map_size);
	EXPECT_EQ(RING_SIZE / 2 - 8, ring->record_max);
	EXPECT_EQ(0ULL, ring->consumers);
	EXPECT_EQ(0ULL, ring->consumer_wake_pos);
	EXPECT_EQ(0ULL, ring->producer_wake_pos);
	EXPECT_EQ(0U, ring->producer_state);
	munmap(ring, page);
}

TEST_F(ring, query)
{
	struct mmapshare_query query;
	int plain;

	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(MMAPSHARE_RING, query.ring);
	ASSERT_EQ(0, make_ring(self, MMAPSHARE_RING_OVERWRITE));
	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(MMAPSHARE_RING | MMAPSHARE_RING_OVERWRITE, query.ring);
	region_destroy(self->dev.fd, self->name);
	plain = region_create(self->dev.fd, self->name);
	EXPECT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(0U, query.ring);
	close(plain);
}

/*
 * 88 bytes is the structure without @ring and @consumers: CREATE makes a plain
 * region.
 */
TEST_F(ring, first_structure_version)
{
	struct mmapshare_create_args create = { .size = 88, .region_size = 4096, .consumers = 7 };
	int fd = ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create);
	struct mmapshare_info info;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, device_info(fd, &info));
	EXPECT_EQ(0U, info.ring);
	EXPECT_EQ(self->dev.page, info.region_size);
	close(fd);
}

TEST_HARNESS_MAIN
