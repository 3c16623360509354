// SPDX-License-Identifier: GPL-2.0
/* Page pins outlive their mapping; MMAPSHARE_SEAL_WRITE fails with EBUSY. */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/uio.h>

TEST_F(region, seal_write)
{
	const size_t size = own_size(&self->dev), page = self->dev.page;
	int fd = region_create_own(&self->dev, NULL), ends[2];
	char *mem, *buf = malloc(2 * page);
	struct iovec iov;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(ends));
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	iov = (struct iovec){ mem + size - 2 * page, 2 * page };
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(vmsplice(ends[1], &iov, 1, 0)));
		return;
	}
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(ends[1], &iov, 1, 0));
	ASSERT_EQ(0, munmap(mem, size));
	EXPECT_EQ(EBUSY, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, region_seals(fd));
	ASSERT_EQ((ssize_t)page, read(ends[0], buf, page));
	EXPECT_EQ(EBUSY, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	/* the failed seal left writable mappings allowed */
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, munmap(mem, size));
	ASSERT_EQ((ssize_t)page, read(ends[0], buf, page));
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	close(ends[0]);
	close(ends[1]);
	close(fd);
	free(buf);
}

/* Other seals can be added while pages are pinned. */
TEST_F(region, other_seals)
{
	const size_t size = own_size(&self->dev);
	int fd = region_create_own(&self->dev, NULL), ends[2];
	struct iovec iov;
	char *mem;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(ends));
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	iov = (struct iovec){ mem, self->dev.page };
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(EFAULT, errno_of(vmsplice(ends[1], &iov, 1, 0)));
		return;
	}
	ASSERT_EQ((ssize_t)iov.iov_len, vmsplice(ends[1], &iov, 1, 0));
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_FUTURE_WRITE | MMAPSHARE_SEAL_SEAL));
	close(ends[0]);
	close(ends[1]);
	munmap(mem, size);
	close(fd);
}

TEST_HARNESS_MAIN
