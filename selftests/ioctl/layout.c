// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers, sizes and offsets of the ABI. They must never change, and must be
 * the same in 32-bit programs (compat/ioctl_layout.c).
 */
#include "layout_test.h"

#define RW	(_IOC_READ | _IOC_WRITE)

TEST(numbers)
{
	EXPECT_EQ(_IOC(RW, 0xbb, 0x00, 152), MMAPSHARE_IOC_INFO);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x01, 40), MMAPSHARE_IOC_FILL);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x02, 32), MMAPSHARE_IOC_CHECKSUM);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x03, 16), MMAPSHARE_IOC_SEAL);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x04, 8), MMAPSHARE_IOC_READ_ONLY);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x05, 8), MMAPSHARE_IOC_REVOKE);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x0b, 24), MMAPSHARE_IOC_DMABUF);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x06, 16), MMAPSHARE_IOC_NOTIFY);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x07, 24), MMAPSHARE_IOC_WAIT);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x08, 168), MMAPSHARE_IOC_RING_ATTACH);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x09, 8), MMAPSHARE_IOC_RING_NOTIFY);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x0a, 16), MMAPSHARE_IOC_RING_WAIT);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x0e, 128), MMAPSHARE_IOC_RING_NAME);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x0f, 72), MMAPSHARE_IOC_RING_REMOVE);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x10, 128), MMAPSHARE_IOC_CREATE);
	EXPECT_EQ(_IOC(_IOC_WRITE, 0xbb, 0x11, 72), MMAPSHARE_IOC_DESTROY);
	EXPECT_EQ(_IOC(RW, 0xbb, 0x12, 120), MMAPSHARE_IOC_QUERY);
	EXPECT_EQ(1, MMAPSHARE_ABI_VERSION);
}

TEST(info)
{
	EXPECT_EQ(152, (int)sizeof(struct mmapshare_info));
	FIELD(mmapshare_info, size, 0, 4);
	FIELD(mmapshare_info, flags, 4, 4);
	FIELD(mmapshare_info, abi_version, 8, 4);
	FIELD(mmapshare_info, strategy, 12, 4);
	FIELD(mmapshare_info, region_size, 16, 8);
	FIELD(mmapshare_info, features, 24, 8);
	FIELD(mmapshare_info, page_size, 32, 4);
	FIELD(mmapshare_info, huge_page_size, 36, 4);
	FIELD(mmapshare_info, huge_bytes, 40, 8);
	FIELD(mmapshare_info, maps, 48, 8);
	FIELD(mmapshare_info, files, 56, 8);
	FIELD(mmapshare_info, doorbell_offset, 64, 8);
	FIELD(mmapshare_info, seals, 72, 4);
	FIELD(mmapshare_info, id, 76, 4);
	FIELD(mmapshare_info, name, 80, 64);
	FIELD(mmapshare_info, ring, 144, 4);
	FIELD(mmapshare_info, members, 148, 4);
}

TEST(fill)
{
	EXPECT_EQ(40, (int)sizeof(struct mmapshare_fill_args));
	EXPECT_EQ(8, MMAPSHARE_PATTERN_MAX);
	FIELD(mmapshare_fill_args, size, 0, 4);
	FIELD(mmapshare_fill_args, flags, 4, 4);
	FIELD(mmapshare_fill_args, offset, 8, 8);
	FIELD(mmapshare_fill_args, length, 16, 8);
	FIELD(mmapshare_fill_args, pattern, 24, 8);
	FIELD(mmapshare_fill_args, pattern_len, 32, 4);
	FIELD(mmapshare_fill_args, reserved, 36, 4);
}

TEST(checksum)
{
	EXPECT_EQ(32, (int)sizeof(struct mmapshare_checksum_args));
	FIELD(mmapshare_checksum_args, size, 0, 4);
	FIELD(mmapshare_checksum_args, flags, 4, 4);
	FIELD(mmapshare_checksum_args, offset, 8, 8);
	FIELD(mmapshare_checksum_args, length, 16, 8);
	FIELD(mmapshare_checksum_args, crc32c, 24, 4);
	FIELD(mmapshare_checksum_args, reserved, 28, 4);
}

TEST(seal)
{
	EXPECT_EQ(16, (int)sizeof(struct mmapshare_seal_args));
	EXPECT_EQ(1U, MMAPSHARE_SEAL_SEAL);
	EXPECT_EQ(2U, MMAPSHARE_SEAL_FUTURE_WRITE);
	EXPECT_EQ(4U, MMAPSHARE_SEAL_WRITE);
	FIELD(mmapshare_seal_args, size, 0, 4);
	FIELD(mmapshare_seal_args, flags, 4, 4);
	FIELD(mmapshare_seal_args, seals, 8, 4);
	FIELD(mmapshare_seal_args, reserved, 12, 4);
}

TEST(dmabuf)
{
	EXPECT_EQ(24, (int)sizeof(struct mmapshare_dmabuf_args));
	EXPECT_EQ(1U, MMAPSHARE_DMABUF_CLOEXEC);
	EXPECT_EQ(2U, MMAPSHARE_DMABUF_WRITABLE);
	FIELD(mmapshare_dmabuf_args, size, 0, 4);
	FIELD(mmapshare_dmabuf_args, flags, 4, 4);
	FIELD(mmapshare_dmabuf_args, offset, 8, 8);
	FIELD(mmapshare_dmabuf_args, length, 16, 8);
}

TEST(read_only)
{
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_read_only_args));
	EXPECT_EQ(1U, MMAPSHARE_READ_ONLY_CLOEXEC);
	FIELD(mmapshare_read_only_args, size, 0, 4);
	FIELD(mmapshare_read_only_args, flags, 4, 4);
}

TEST(revoke_args)
{
	EXPECT_EQ(8, (int)sizeof(struct mmapshare_revoke_args));
	FIELD(mmapshare_revoke_args, size, 0, 4);
	FIELD(mmapshare_revoke_args, flags, 4, 4);
}

TEST(notify)
{
	EXPECT_EQ(16, (int)sizeof(struct mmapshare_notify_args));
	EXPECT_EQ(1U, MMAPSHARE_NOTIFY_COUNTED);
	FIELD(mmapshare_notify_args, size, 0, 4);
	FIELD(mmapshare_notify_args, flags, 4, 4);
	FIELD(mmapshare_notify_args, count, 8, 8);
}

TEST(wait_args)
{
	struct mmapshare_wait_args wait = { .timeout = -1 };

	EXPECT_EQ(24, (int)sizeof(struct mmapshare_wait_args));
	EXPECT_GT(0, wait.timeout);
	FIELD(mmapshare_wait_args, size, 0, 4);
	FIELD(mmapshare_wait_args, flags, 4, 4);
	FIELD(mmapshare_wait_args, count, 8, 8);
	FIELD(mmapshare_wait_args, timeout, 16, 8);
}

/* A mapped structure; count and armed are in different cache lines. */
TEST(doorbell)
{
	EXPECT_EQ(128, (int)sizeof(struct mmapshare_doorbell));
	FIELD(mmapshare_doorbell, count, 0, 8);
	FIELD(mmapshare_doorbell, pad, 8, 56);
	FIELD(mmapshare_doorbell, armed, 64, 4);
	FIELD(mmapshare_doorbell, reserved, 68, 60);
}

TEST(create)
{
	EXPECT_EQ(128, (int)sizeof(struct mmapshare_create_args));
	EXPECT_EQ(64, MMAPSHARE_NAME_SIZE);
	EXPECT_EQ(1U, MMAPSHARE_CREATE_CLOEXEC);
	FIELD(mmapshare_create_args, size, 0, 4);
	FIELD(mmapshare_create_args, flags, 4, 4);
	FIELD(mmapshare_create_args, region_size, 8, 8);
	FIELD(mmapshare_create_args, strategy, 16, 4);
	FIELD(mmapshare_create_args, mode, 20, 4);
	FIELD(mmapshare_create_args, name, 24, 64);
	FIELD(mmapshare_create_args, ring, 88, 4);
	FIELD(mmapshare_create_args, consumers, 92, 4);
	FIELD(mmapshare_create_args, consumers_per_uid, 96, 4);
	FIELD(mmapshare_create_args, consumers_reserved, 100, 4);
	FIELD(mmapshare_create_args, evict_ns, 104, 8);
	FIELD(mmapshare_create_args, features, 112, 8);
	FIELD(mmapshare_create_args, members, 120, 4);
	FIELD(mmapshare_create_args, reserved, 124, 4);
}

TEST(destroy)
{
	EXPECT_EQ(1U, MMAPSHARE_DESTROY_REVOKE);
	EXPECT_EQ(72, (int)sizeof(struct mmapshare_destroy_args));
	FIELD(mmapshare_destroy_args, size, 0, 4);
	FIELD(mmapshare_destroy_args, flags, 4, 4);
	FIELD(mmapshare_destroy_args, name, 8, 64);
}

TEST(query)
{
	EXPECT_EQ(120, (int)sizeof(struct mmapshare_query));
	EXPECT_EQ(1U, MMAPSHARE_QUERY_NEXT);
	FIELD(mmapshare_query, size, 0, 4);
	FIELD(mmapshare_query, flags, 4, 4);
	FIELD(mmapshare_query, region_size, 8, 8);
	FIELD(mmapshare_query, strategy, 16, 4);
	FIELD(mmapshare_query, mode, 20, 4);
	FIELD(mmapshare_query, uid, 24, 4);
	FIELD(mmapshare_query, gid, 28, 4);
	FIELD(mmapshare_query, id, 32, 4);
	FIELD(mmapshare_query, ring, 36, 4);
	FIELD(mmapshare_query, files, 40, 8);
	FIELD(mmapshare_query, maps, 48, 8);
	FIELD(mmapshare_query, name, 56, 64);
}

TEST(strategies_and_features)
{
	EXPECT_EQ(0, MMAPSHARE_STRATEGY_FAULT);
	EXPECT_EQ(1, MMAPSHARE_STRATEGY_HUGE);
	EXPECT_EQ(2, MMAPSHARE_STRATEGY_VMALLOC);
	EXPECT_EQ(3, MMAPSHARE_STRATEGY_PFN);
	EXPECT_EQ(4, MMAPSHARE_STRATEGY_RESERVED);
	EXPECT_EQ(0x01U, MMAPSHARE_FEAT_COW);
	EXPECT_EQ(0x02U, MMAPSHARE_FEAT_GUP);
	EXPECT_EQ(0x04U, MMAPSHARE_FEAT_DONTNEED);
	EXPECT_EQ(0x08U, MMAPSHARE_FEAT_FUTEX);
	EXPECT_EQ(0x10U, MMAPSHARE_FEAT_DUMP);
	EXPECT_EQ(0x20U, MMAPSHARE_FEAT_HUGE);
}

/* The kernel uses the same numbers. */
TEST(kernel_agrees)
{
	uint64_t info[7] = { };
	uint32_t *words = (uint32_t *)info;
	struct device dev;

	DEVICE_OPEN(&dev, O_RDWR);
	words[0] = 56;
	ASSERT_EQ(0, ioctl(dev.fd, 0xbb00, info));
	EXPECT_EQ(1U, words[2]);
	EXPECT_EQ(dev.info.strategy, words[3]);
	EXPECT_EQ((uint64_t)lseek(dev.fd, 0, SEEK_END), info[2]);
	EXPECT_EQ(dev.info.features, info[3]);
	EXPECT_EQ((uint32_t)sysconf(_SC_PAGESIZE), words[8]);
	close(dev.fd);
}

TEST_HARNESS_MAIN
