// SPDX-License-Identifier: GPL-2.0
/*
 * Offsets and sizes of the structures of rings, and values of the constants:
 * part of the ABI, the same for 32-bit and 64-bit programs.
 */
#include "layout_test.h"

/* Groups of words that are stored together have a cache line of their own. */
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
	FIELD(mmapshare_ring, generation, 120, 8);
	FIELD(mmapshare_ring, consumers, 128, 8);
	FIELD(mmapshare_ring, retained_pos, 136, 8);
	FIELD(mmapshare_ring, producer_state, 144, 4);
	FIELD(mmapshare_ring, may_lose, 152, 8);
	FIELD(mmapshare_ring, evicted, 160, 8);
	FIELD(mmapshare_ring, consumers_gen, 168, 8);
	FIELD(mmapshare_ring, unheld, 176, 8);
	FIELD(mmapshare_ring, consumer_wake_pos, 192, 8);
	FIELD(mmapshare_ring, producer_wake_pos, 256, 8);
}

TEST(producer)
{
	EXPECT_EQ(128, (int)sizeof(struct mmapshare_ring_producer));
	FIELD(mmapshare_ring_producer, pos, 0, 8);
	FIELD(mmapshare_ring_producer, oldest_pos, 8, 8);
	FIELD(mmapshare_ring_producer, seq, 16, 8);
	FIELD(mmapshare_ring_producer, wake_bytes, 24, 4);
	FIELD(mmapshare_ring_producer, dropped, 64, 8);
	FIELD(mmapshare_ring_producer, overwritten, 72, 8);
}

TEST(cursor)
{
	EXPECT_EQ(64, (int)sizeof(struct mmapshare_ring_cursor));
	FIELD(mmapshare_ring_cursor, pos, 0, 8);
	FIELD(mmapshare_ring_cursor, seq, 8, 8);
	FIELD(mmapshare_ring_cursor, lost, 16, 8);
	FIELD(mmapshare_ring_cursor, wake_bytes, 24, 4);
	FIELD(mmapshare_ring_cursor, wake_us, 28, 4);
}

TEST(record)
{
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_record));
	FIELD(mmapshare_record, length, 0, 4);
	FIELD(mmapshare_record, seq, 4, 4);
	EXPECT_EQ(0x80000000U, MMAPSHARE_RECORD_BUSY);
	EXPECT_EQ(0x40000000U, MMAPSHARE_RECORD_DISCARD);
	EXPECT_EQ(0x20000000U, MMAPSHARE_RECORD_FILLER);
	EXPECT_EQ(0x1fffffffU, MMAPSHARE_RECORD_LENGTH);
}

TEST(ioctl_arguments)
{
	EXPECT_EQ(168, (int)sizeof(struct mmapshare_ring_attach_args));
	FIELD(mmapshare_ring_attach_args, size, 0, 4);
	FIELD(mmapshare_ring_attach_args, flags, 4, 4);
	FIELD(mmapshare_ring_attach_args, map_size, 8, 8);
	FIELD(mmapshare_ring_attach_args, data_size, 16, 8);
	FIELD(mmapshare_ring_attach_args, own_offset, 24, 8);
	FIELD(mmapshare_ring_attach_args, own_size, 32, 8);
	FIELD(mmapshare_ring_attach_args, cursor, 40, 4);
	FIELD(mmapshare_ring_attach_args, member, 44, 4);
	FIELD(mmapshare_ring_attach_args, map_offset, 48, 8);
	FIELD(mmapshare_ring_attach_args, stride, 56, 8);
	FIELD(mmapshare_ring_attach_args, members, 64, 4);
	FIELD(mmapshare_ring_attach_args, reserved, 68, 4);
	FIELD(mmapshare_ring_attach_args, seq, 72, 8);
	FIELD(mmapshare_ring_attach_args, generation, 80, 8);
	FIELD(mmapshare_ring_attach_args, keep_ns, 88, 8);
	FIELD(mmapshare_ring_attach_args, name, 96, 64);
	FIELD(mmapshare_ring_attach_args, types, 160, 8);
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_ring_notify_args));
	FIELD(mmapshare_ring_notify_args, size, 0, 4);
	FIELD(mmapshare_ring_notify_args, flags, 4, 4);
	EXPECT_EQ(16, (int)sizeof(struct mmapshare_ring_wait_args));
	FIELD(mmapshare_ring_wait_args, size, 0, 4);
	FIELD(mmapshare_ring_wait_args, flags, 4, 4);
	FIELD(mmapshare_ring_wait_args, timeout, 8, 8);
}

TEST(names)
{
	EXPECT_EQ(128, (int)sizeof(struct mmapshare_ring_name));
	FIELD(mmapshare_ring_name, size, 0, 4);
	FIELD(mmapshare_ring_name, flags, 4, 4);
	FIELD(mmapshare_ring_name, cursor, 8, 4);
	FIELD(mmapshare_ring_name, uid, 12, 4);
	FIELD(mmapshare_ring_name, state, 16, 4);
	FIELD(mmapshare_ring_name, member, 20, 4);
	FIELD(mmapshare_ring_name, pos, 24, 8);
	FIELD(mmapshare_ring_name, seq, 32, 8);
	FIELD(mmapshare_ring_name, lost, 40, 8);
	FIELD(mmapshare_ring_name, keep_ns, 48, 8);
	FIELD(mmapshare_ring_name, unheld_ns, 56, 8);
	FIELD(mmapshare_ring_name, name, 64, 64);
	EXPECT_EQ(72, (int)sizeof(struct mmapshare_ring_remove_args));
	FIELD(mmapshare_ring_remove_args, name, 8, 64);
	EXPECT_EQ(1U, MMAPSHARE_RING_NAME_HELD);
	EXPECT_EQ(2U, MMAPSHARE_RING_NAME_KEEPS);
	EXPECT_EQ(4U, MMAPSHARE_RING_NAME_MAY_LOSE);
	EXPECT_EQ(8U, MMAPSHARE_RING_NAME_EVICTED);
	EXPECT_EQ(16U, MMAPSHARE_RING_NAME_CORRUPT);
}

TEST(constants)
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
	EXPECT_EQ(1, MMAPSHARE_RING_PRODUCER_ATTACHED);
	EXPECT_EQ(2, MMAPSHARE_RING_PRODUCER_DETACHED);
	EXPECT_EQ(1U, MMAPSHARE_RING_ATTACH_PRODUCER);
	EXPECT_EQ(2U, MMAPSHARE_RING_ATTACH_CONSUMER);
	EXPECT_EQ(4U, MMAPSHARE_RING_ATTACH_LATEST);
	EXPECT_EQ(8U, MMAPSHARE_RING_ATTACH_CLOEXEC);
	EXPECT_EQ(0x40U, MMAPSHARE_RING_ATTACH_OLDEST);
	EXPECT_EQ(0x80U, MMAPSHARE_RING_ATTACH_SEQ);
	EXPECT_EQ(0x100U, MMAPSHARE_RING_ATTACH_EXISTING);
	EXPECT_EQ(0x200U, MMAPSHARE_RING_ATTACH_RESUMED);
	EXPECT_EQ(~0ULL, MMAPSHARE_RING_KEEP_ALL);
	EXPECT_EQ(1U, MMAPSHARE_RING_WAIT_IGNORE_HUP);
}

TEST_HARNESS_MAIN
