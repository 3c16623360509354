// SPDX-License-Identifier: GPL-2.0
/* The buffer of a read or write may be a mapping of the same region. */
#include "mmapshare_test.h"
#include <sys/uio.h>

#define LENGTH	((1 << 20) + 5000)	/* more than the driver copies at once */
#define FAR	(4 << 20)

FIXTURE(self)
{
	struct device dev;
	char *map;	/* used as buffer; not accessed before */
	char *view;	/* to check the bytes */
};

FIXTURE_SETUP(self)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->view = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->view);
	memset(self->view, '.', 2 * FAR);
	make_bytes(self->view, LENGTH, 0, 17);
}

FIXTURE_TEARDOWN(self)
{
	munmap(self->map, self->dev.size);
	munmap(self->view, self->dev.size);
	close(self->dev.fd);
}

TEST_F(self, read_into_mapping)
{
	ASSERT_EQ(LENGTH, pread(self->dev.fd, self->map + FAR, LENGTH, 0));
	EXPECT_TRUE(same_bytes(self->view + FAR, LENGTH, 0, 17));
	EXPECT_TRUE(same_bytes(self->view, LENGTH, 0, 17));
}

TEST_F(self, write_from_mapping)
{
	ASSERT_EQ(LENGTH, pwrite(self->dev.fd, self->map, LENGTH, FAR));
	EXPECT_TRUE(same_bytes(self->view + FAR, LENGTH, 0, 17));
	EXPECT_TRUE(same_bytes(self->view, LENGTH, 0, 17));
}

TEST_F(self, vectors)
{
	struct iovec iov[] = {
		{ self->map + FAR + 5000, 3000 },
		{ self->map + FAR, 5000 },
	};

	ASSERT_EQ(8000, preadv2(self->dev.fd, iov, 2, 100, RWF_NOWAIT));
	EXPECT_TRUE(same_bytes(self->view + FAR + 5000, 3000, 100, 17));
	EXPECT_TRUE(same_bytes(self->view + FAR, 5000, 3100, 17));
	ASSERT_EQ(8000, pwritev2(self->dev.fd, iov, 2, FAR + 8000, RWF_NOWAIT));
	EXPECT_TRUE(same_bytes(self->view + FAR + 8000, 8000, 100, 17));
}

/* Source and destination are the same bytes. */
TEST_F(self, same_range)
{
	ASSERT_EQ(LENGTH, pread(self->dev.fd, self->map, LENGTH, 0));
	EXPECT_TRUE(same_bytes(self->view, LENGTH, 0, 17));
	ASSERT_EQ(LENGTH, pwrite(self->dev.fd, self->map, LENGTH, 0));
	EXPECT_TRUE(same_bytes(self->view, LENGTH, 0, 17));
}

/* In the overlap the result is unspecified; bytes outside do not change. */
TEST_F(self, overlapping_ranges)
{
	ASSERT_EQ(8192, pread(self->dev.fd, self->map + 4096, 8192, 0));
	EXPECT_TRUE(same_bytes(self->view, 4096, 0, 17));
	EXPECT_TRUE(same_bytes(self->view + 4096, 4096, 0, 17));
	EXPECT_TRUE(same_bytes(self->view + 12288, 4096, 12288, 17));

	ASSERT_EQ(8192, pwrite(self->dev.fd, self->map + FAR, 8192,
			       FAR + 4096));
	EXPECT_EQ('.', self->view[FAR]);
	EXPECT_EQ('.', self->view[FAR + 4096]);
	EXPECT_EQ('.', self->view[FAR + 12288]);
}

/* A read into a private mapping does not change the region. */
TEST_F(self, private_mapping)
{
	char *map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_PRIVATE);

	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(MAP_FAILED, map);
		return;
	}
	ASSERT_NE(MAP_FAILED, map);
	ASSERT_EQ(8192, pread(self->dev.fd, map + FAR, 8192, 0));
	EXPECT_TRUE(same_bytes(map + FAR, 8192, 0, 17));
	EXPECT_EQ('.', self->view[FAR]);
	EXPECT_EQ('.', self->view[FAR + 8191]);
	munmap(map, self->dev.size);
}

TEST_HARNESS_MAIN
