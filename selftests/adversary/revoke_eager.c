// SPDX-License-Identifier: GPL-2.0
/*
 * REVOKE of a region whose strategy makes page table entries in mmap() gets
 * EOPNOTSUPP, and changes nothing.
 */
#include "region_test.h"

TEST(refused)
{
	static const uint32_t strategies[] = {
		MMAPSHARE_STRATEGY_VMALLOC, MMAPSHARE_STRATEGY_PFN,
	};
	struct device dev;
	size_t i;

	DEVICE_OPEN(&dev, O_RDWR);
	for (i = 0; i < ARRAY_SIZE(strategies); i++) {
		struct mmapshare_query facts;
		char name[32], *mem;
		int fd;

		snprintf(name, sizeof(name), "eager.%d", getpid());
		fd = region_create_as(dev.fd, name, REGION_SIZE, strategies[i], 0600);
		ASSERT_LE(0, fd);
		mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ASSERT_NE(MAP_FAILED, mem);
		EXPECT_EQ(EOPNOTSUPP, region_revoke(fd));
		EXPECT_EQ(EOPNOTSUPP, region_destroy_revoke(dev.fd, name));
		EXPECT_EQ(0, region_query(dev.fd, name, &facts));
		mem[0] = 'x';
		EXPECT_EQ('x', mem[0]);
		EXPECT_EQ(1, pread(fd, name, 1, 0));
		munmap(mem, REGION_SIZE);
		snprintf(name, sizeof(name), "eager.%d", getpid());
		EXPECT_EQ(0, region_destroy(dev.fd, name));
		close(fd);
	}
	close(dev.fd);
}

TEST_HARNESS_MAIN
