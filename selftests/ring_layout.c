// SPDX-License-Identifier: GPL-2.0
/*
 * What of a ring is in memory, once more and by hand: programs that were
 * compiled long ago use it, and 32-bit ones beside 64-bit ones.
 */
#include "mmapshare_test.h"
#include <stddef.h>

#define FIELD(type, field, offset, length)				\
	do {								\
		struct type s;						\
									\
		EXPECT_EQ(offset, (int)offsetof(struct type, field));	\
		EXPECT_EQ(length, (int)sizeof(s.field));		\
	} while (0)

/* Words that different sides store are in cache lines of their own. */
TEST(ring)
{
	EXPECT_EQ(320, (int)sizeof(struct mmapshare_ring));
	FIELD(mmapshare_ring, magic, 0, 8);
	FIELD(mmapshare_ring, version, 8, 4);
	FIELD(mmapshare_ring, length, 12, 4);
	FIELD(mmapshare_ring, flags, 16, 4);
	FIELD(mmapshare_ring, consumers_max, 20, 4);
	FIELD(mmapshare_ring, features, 24, 8);
	FIELD(mmapshare_ring, data_size, 32, 8);
	FIELD(mmapshare_ring, data_offset, 40, 8);
	FIELD(mmapshare_ring, map_size, 48, 8);
	FIELD(mmapshare_ring, producer_offset, 56, 8);
	FIELD(mmapshare_ring, cursor_offset, 64, 8);
	FIELD(mmapshare_ring, cursor_stride, 72, 8);
	FIELD(mmapshare_ring, record_max, 80, 8);
	FIELD(mmapshare_ring, consumers, 128, 8);
	FIELD(mmapshare_ring, kept, 136, 8);
	FIELD(mmapshare_ring, producer, 144, 4);
	FIELD(mmapshare_ring, wake, 192, 8);
	FIELD(mmapshare_ring, room, 256, 8);
}

TEST(producer)
{
	EXPECT_EQ(128, (int)sizeof(struct mmapshare_ring_producer));
	FIELD(mmapshare_ring_producer, position, 0, 8);
	FIELD(mmapshare_ring_producer, tail, 8, 8);
	FIELD(mmapshare_ring_producer, records, 16, 8);
	FIELD(mmapshare_ring_producer, wake_bytes, 24, 4);
	FIELD(mmapshare_ring_producer, dropped, 64, 8);
	FIELD(mmapshare_ring_producer, overwritten, 72, 8);
}

TEST(cursor)
{
	EXPECT_EQ(64, (int)sizeof(struct mmapshare_ring_cursor));
	FIELD(mmapshare_ring_cursor, position, 0, 8);
	FIELD(mmapshare_ring_cursor, number, 8, 8);
	FIELD(mmapshare_ring_cursor, lost, 16, 8);
	FIELD(mmapshare_ring_cursor, wake_bytes, 24, 4);
}

TEST(record)
{
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_record));
	FIELD(mmapshare_record, length, 0, 4);
	FIELD(mmapshare_record, number, 4, 4);
	EXPECT_EQ(0x80000000U, MMAPSHARE_RECORD_BUSY);
	EXPECT_EQ(0x40000000U, MMAPSHARE_RECORD_DISCARD);
	EXPECT_EQ(0x3fffffffU, MMAPSHARE_RECORD_LENGTH);
}

TEST(calls)
{
	EXPECT_EQ(40, (int)sizeof(struct mmapshare_ring_attach));
	FIELD(mmapshare_ring_attach, size, 0, 4);
	FIELD(mmapshare_ring_attach, flags, 4, 4);
	FIELD(mmapshare_ring_attach, map_size, 8, 8);
	FIELD(mmapshare_ring_attach, own_offset, 16, 8);
	FIELD(mmapshare_ring_attach, own_size, 24, 8);
	FIELD(mmapshare_ring_attach, cursor, 32, 4);
	FIELD(mmapshare_ring_attach, reserved, 36, 4);
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_ring_notify));
	FIELD(mmapshare_ring_notify, size, 0, 4);
	FIELD(mmapshare_ring_notify, flags, 4, 4);
	EXPECT_EQ(16, (int)sizeof(struct mmapshare_ring_wait));
	FIELD(mmapshare_ring_wait, size, 0, 4);
	FIELD(mmapshare_ring_wait, flags, 4, 4);
	FIELD(mmapshare_ring_wait, timeout, 8, 8);
}

TEST(numbers)
{
	EXPECT_EQ(1U, MMAPSHARE_RING);
	EXPECT_EQ(2U, MMAPSHARE_RING_OVERWRITE);
	EXPECT_EQ(4U, MMAPSHARE_RING_KERNEL_PRODUCER);
	EXPECT_EQ(8U, MMAPSHARE_RING_KERNEL_CONSUMER);
	EXPECT_EQ(64, MMAPSHARE_RING_CONSUMERS_MAX);
	EXPECT_EQ(1ULL << 34, MMAPSHARE_RING_SIZE_MAX);
	EXPECT_EQ(1, MMAPSHARE_RING_VERSION);
	EXPECT_EQ(0x00676e6972736d6dULL, MMAPSHARE_RING_MAGIC);
	EXPECT_EQ(0, MMAPSHARE_RING_PRODUCER_NONE);
	EXPECT_EQ(1, MMAPSHARE_RING_PRODUCER_HERE);
	EXPECT_EQ(2, MMAPSHARE_RING_PRODUCER_GONE);
	EXPECT_EQ(1U, MMAPSHARE_RING_ATTACH_PRODUCER);
	EXPECT_EQ(2U, MMAPSHARE_RING_ATTACH_CONSUMER);
	EXPECT_EQ(4U, MMAPSHARE_RING_ATTACH_NEWEST);
	EXPECT_EQ(8U, MMAPSHARE_RING_ATTACH_CLOEXEC);
	EXPECT_EQ(1U, MMAPSHARE_RING_WAIT_STAY);
}

TEST_HARNESS_MAIN
