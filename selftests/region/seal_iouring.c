// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_SEAL_WRITE fails with EBUSY while io_uring has a buffer pinned. */
#include "map_fixture.h"
#include "region_test.h"
#include "uring_test.h"

TEST_F(region, fixed_buffer)
{
	const size_t size = own_size(&self->dev);
	int fd = region_create_own(&self->dev, NULL), ret;
	struct io_uring ring;
	struct iovec iov;

	ASSERT_LE(0, fd);
	URING_SETUP(&ring);
	iov.iov_base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	iov.iov_len = self->dev.page;
	ASSERT_NE(MAP_FAILED, iov.iov_base);
	ret = io_uring_register_buffers(&ring, &iov, 1);
	munmap(iov.iov_base, size);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_GUP)) {
		EXPECT_EQ(-EFAULT, ret);
		goto out;
	}
	if (ret == -EOPNOTSUPP)
		SKIP(goto out, "no fixed buffers in files on this kernel");
	ASSERT_EQ(0, ret);
	EXPECT_EQ(EBUSY, region_seal(fd, MMAPSHARE_SEAL_WRITE));
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_FUTURE_WRITE));
	ASSERT_EQ(0, io_uring_unregister_buffers(&ring));
	EXPECT_EQ(0, region_seal(fd, MMAPSHARE_SEAL_WRITE));
out:
	io_uring_queue_exit(&ring);
	close(fd);
}

TEST_HARNESS_MAIN
