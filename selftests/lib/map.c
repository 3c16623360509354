// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: map and unmap ranges of a region, for each kind of access. */
#include "lib_test.h"

static void *const untouched = (void *)1;

TEST_F(lib, whole_region)
{
	char *p, byte;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, 0, 0, (void **)&p));
	p[0] = 'a';
	p[REGION_SIZE - 1] = 'z';
	EXPECT_EQ(0, mmapshare_flush(p + 1, REGION_SIZE - 1));
	ASSERT_EQ(1, mmapshare_read(self->region, REGION_SIZE - 1, &byte, 1));
	EXPECT_EQ('z', byte);
	EXPECT_EQ(0, mmapshare_unmap(p, REGION_SIZE));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, p));
}

TEST_F(lib, unaligned_range)
{
	const size_t page = self->dev.page, offset = 2 * page - 3;
	struct mmapshare_info info = { .size = sizeof(info) };
	char *p;

	make_bytes(p = malloc(REGION_SIZE), REGION_SIZE, 0, 1);
	ASSERT_EQ(REGION_SIZE, (size_t)mmapshare_write(self->region, 0, p, REGION_SIZE));
	free(p);
	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_WRITE, offset, 6,
				   (void **)&p));
	EXPECT_EQ(page - 3, (size_t)p % page);
	EXPECT_TRUE(same_bytes(p, 6, offset, 1));
	EXPECT_EQ(0, mmapshare_flush(p, 6));
	EXPECT_EQ(0, mmapshare_unmap(p, 6));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, p));
	EXPECT_EQ(SIGSEGV, run_child(load_byte, p + 5));

	/* length 0: up to the end of the region */
	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_READ, offset, 0,
				   (void **)&p));
	EXPECT_TRUE(same_bytes(p, REGION_SIZE - offset, offset, 1));
	EXPECT_EQ(0, mmapshare_unmap(p, REGION_SIZE - offset));
	ASSERT_EQ(0, mmapshare_get_info(self->region, &info));
	EXPECT_EQ(0U, info.maps);
}

TEST_F(lib, read_only_mapping)
{
	char *p;

	ASSERT_EQ(0, mmapshare_map(self->region, MMAPSHARE_READ, 0, 0, (void **)&p));
	EXPECT_EQ(0, run_child(load_byte, p));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, p));
	EXPECT_EQ(0, mmapshare_unmap(p, REGION_SIZE));
}

TEST_F(lib, private_copy)
{
	char *p = untouched, byte;
	int ret;

	ret = mmapshare_map(self->region, MMAPSHARE_COPY, 1, 1, (void **)&p);
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_COW)) {
		EXPECT_EQ(-EINVAL, ret);
		EXPECT_EQ(untouched, p);
		return;
	}
	ASSERT_EQ(0, ret);
	*p = 'x';
	ASSERT_EQ(1, mmapshare_read(self->region, 1, &byte, 1));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(0, mmapshare_unmap(p, 1));
}

TEST_F(lib, invalid_arguments)
{
	const struct mmapshare *r = self->region;
	struct mmapshare *reader;
	void *p = untouched;

	EXPECT_EQ(-ENXIO, mmapshare_map(r, MMAPSHARE_READ, REGION_SIZE, 0, &p));
	EXPECT_EQ(-ENXIO, mmapshare_map(r, MMAPSHARE_READ, REGION_SIZE, 1, &p));
	EXPECT_EQ(-ENXIO, mmapshare_map(r, MMAPSHARE_READ, REGION_SIZE - 1, 2, &p));
	EXPECT_EQ(-ENXIO, mmapshare_map(r, MMAPSHARE_READ, UINT64_MAX, 2, &p));
	EXPECT_EQ(-ENXIO, mmapshare_map(r, MMAPSHARE_READ, 1, SIZE_MAX, &p));
	EXPECT_EQ(-EINVAL, mmapshare_map(r, 3, 0, 0, &p));
	EXPECT_EQ(-EINVAL, mmapshare_unmap(self, 0));
	EXPECT_EQ(-ENOMEM, mmapshare_flush((void *)self->dev.page, 1));
	ASSERT_EQ(0, mmapshare_open(&reader, NULL, MMAPSHARE_READ));
	EXPECT_EQ(-EACCES, mmapshare_map(reader, MMAPSHARE_WRITE, 0, 0, &p));
	mmapshare_close(reader);
	EXPECT_EQ(untouched, p);
}

TEST_F(lib, mapping_outlives_handle)
{
	struct mmapshare *region;
	char *p;

	ASSERT_EQ(0, mmapshare_create(&region, NULL, 1, FAULT, 0));
	ASSERT_EQ(0, mmapshare_map(region, MMAPSHARE_WRITE, 0, 0, (void **)&p));
	mmapshare_close(region);
	p[7] = 'x';
	EXPECT_EQ('x', p[7]);
	EXPECT_EQ(0, mmapshare_unmap(p, self->dev.page));
}

TEST_HARNESS_MAIN
