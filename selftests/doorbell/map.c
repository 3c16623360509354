// SPDX-License-Identifier: GPL-2.0
/* Mapping the doorbell page: offset, size, permissions, VMA operations. */
#include "doorbell_test.h"
#include "map_fixture.h"

/* Returns the errno of mmap(), or 0. */
static int try_map(int fd, size_t length, int prot, int flags, uint64_t offset)
{
	char *p = mmap(NULL, length, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, length);
	return 0;
}

TEST_F(bell, zero_at_first)
{
	const uint8_t *byte = (void *)self->bell;
	size_t i;

	for (i = 0; i < self->dev.page; i++)
		ASSERT_EQ(0, byte[i]);
}

TEST_F(bell, default_region)
{
	struct mmapshare_doorbell *bell;

	EXPECT_LE(self->dev.info.region_size, self->dev.info.doorbell_offset);
	bell = bell_map(self->dev.fd, PROT_READ | PROT_WRITE);
	ASSERT_NE(MAP_FAILED, bell);
	EXPECT_EQ((int64_t)bell_count(bell) + 1, bell_notify(self->dev.fd, 0));
	EXPECT_EQ(0U, bell_count(self->bell));
	munmap(bell, self->dev.page);
}

TEST_F(bell, offset_and_length)
{
	const uint64_t offset = self->dev.info.doorbell_offset;
	const size_t page = self->dev.page;
	const int rw = PROT_READ | PROT_WRITE;

	EXPECT_EQ(0, try_map(self->fd, page, rw, MAP_SHARED, offset));
	EXPECT_EQ(0, try_map(self->fd, 1, rw, MAP_SHARED, offset));
	EXPECT_EQ(0, try_map(self->fd, page, rw, MAP_SHARED_VALIDATE, offset));
	EXPECT_EQ(ENXIO, try_map(self->fd, page + 1, rw, MAP_SHARED, offset));
	EXPECT_EQ(ENXIO, try_map(self->fd, page, rw, MAP_SHARED, offset + page));
	EXPECT_EQ(ENXIO, try_map(self->fd, page, rw, MAP_SHARED, offset - page));
	EXPECT_EQ(ENXIO, try_map(self->fd, 2 * page, rw, MAP_SHARED,
				 offset - page));
	EXPECT_EQ(ENXIO, try_map(self->fd, page, rw, MAP_SHARED, 2 * offset));
	EXPECT_EQ(EINVAL, try_map(self->fd, 0, rw, MAP_SHARED, offset));
}

TEST_F(bell, mapping_types)
{
	const uint64_t offset = self->dev.info.doorbell_offset;
	const size_t page = self->dev.page;

	EXPECT_EQ(EINVAL, try_map(self->fd, page, PROT_READ, MAP_PRIVATE, offset));
	EXPECT_EQ(EINVAL, try_map(self->fd, page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE, offset));
	if (exec_allowed())
		SKIP(return, "the module was loaded with exec=Y");
	EXPECT_EQ(EPERM, try_map(self->fd, page, PROT_READ | PROT_EXEC,
				 MAP_SHARED, offset));
	EXPECT_EQ(-1, mprotect(self->bell, page, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
}

/* A read-only descriptor maps the page read only. */
TEST_F(bell, open_mode)
{
	const uint64_t offset = self->dev.info.doorbell_offset;
	const size_t page = self->dev.page;
	int reader = bell_open(self, O_RDONLY), writer = bell_open(self, O_WRONLY);
	struct mmapshare_doorbell *bell;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, writer);
	EXPECT_EQ(EACCES, try_map(reader, page, PROT_READ | PROT_WRITE,
				  MAP_SHARED, offset));
	EXPECT_EQ(EACCES, try_map(writer, page, PROT_WRITE, MAP_SHARED, offset));
	bell = bell_map(reader, PROT_READ);
	ASSERT_NE(MAP_FAILED, bell);
	EXPECT_EQ(-1, mprotect(bell, page, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(1U, bell_count(bell));
	EXPECT_EQ(SIGSEGV, run_child(store_byte, bell));
	munmap(bell, page);
	close(reader);
	close(writer);
}

TEST_F(bell, all_mappings_share_the_page)
{
	int other = bell_open(self, O_RDWR);
	struct mmapshare_doorbell *bell = bell_map(other, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, bell);
	bell->reserved[3] = 7;
	EXPECT_EQ(7U, self->bell->reserved[3]);
	EXPECT_EQ(1, bell_notify(self->fd, 0));
	EXPECT_EQ(1U, bell_count(bell));
	munmap(bell, self->dev.page);
	close(other);
}

/* No read, write or ioctl on the region reaches the doorbell page. */
TEST_F(bell, not_part_of_the_region)
{
	char byte = 1;

	memset(self->bell, 0xff, self->dev.page);
	EXPECT_EQ(1, pread(self->fd, &byte, 1, REGION_SIZE - 1));
	EXPECT_EQ(0, byte);
	EXPECT_EQ(0, pread(self->fd, &byte, 1, self->dev.info.doorbell_offset));
	EXPECT_EQ(-1, pwrite(self->fd, &byte, 1, self->dev.info.doorbell_offset));
	EXPECT_EQ(ENOSPC, errno);
	EXPECT_EQ(-1, kernel_fill(self->fd, self->dev.info.doorbell_offset, 1, 1));
	EXPECT_EQ(ENXIO, errno);
	EXPECT_EQ(0, kernel_fill(self->fd, 0, REGION_SIZE, 0));
	EXPECT_EQ(UINT64_MAX, bell_count(self->bell));
}

TEST_F(bell, counted_as_mapping)
{
	EXPECT_EQ(1, count_maps(self->fd));
	munmap(self->bell, self->dev.page);
	EXPECT_EQ(0, count_maps(self->fd));
	self->bell = bell_map(self->fd, PROT_READ | PROT_WRITE);
	EXPECT_EQ(1, count_maps(self->fd));
}

TEST_F(bell, outlives_descriptor)
{
	int other = bell_open(self, O_RDWR);
	struct mmapshare_doorbell *bell = bell_map(other, PROT_READ | PROT_WRITE);

	ASSERT_NE(MAP_FAILED, bell);
	close(other);
	bell->count = 5;
	EXPECT_EQ(5U, bell_count(self->bell));
	munmap(bell, self->dev.page);
}

TEST_F(bell, mremap)
{
	const size_t page = self->dev.page;
	void *moved;

	EXPECT_EQ(MAP_FAILED, mremap(self->bell, page, 2 * page, MREMAP_MAYMOVE));
	EXPECT_EQ(EFAULT, errno);
	bell_ring(self->bell, self->fd);
	moved = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, moved);
	ASSERT_EQ(moved, mremap(self->bell, page, page,
				MREMAP_MAYMOVE | MREMAP_FIXED, moved));
	self->bell = moved;
	EXPECT_EQ(1U, bell_count(self->bell));
	EXPECT_EQ(1, count_maps(self->fd));
}

TEST_F(bell, madvise_and_mlock)
{
	const size_t page = self->dev.page;

	bell_ring(self->bell, self->fd);
	EXPECT_EQ(0, madvise(self->bell, page, MADV_DONTNEED));
	EXPECT_EQ(1U, bell_count(self->bell));
	EXPECT_EQ(0, msync(self->bell, page, MS_SYNC));
	EXPECT_EQ(0, mlock(self->bell, page));
	EXPECT_EQ(0, munlock(self->bell, page));
	madvise(self->bell, page, MADV_COLD);
	madvise(self->bell, page, MADV_PAGEOUT);
	EXPECT_EQ(1U, bell_count(self->bell));
}

static int ring_in_child(void *arg)
{
	FIXTURE_DATA(bell) *self = arg;

	bell_ring(self->bell, self->fd);
	return bell_count(self->bell) != 2;
}

TEST_F(bell, fork)
{
	bell_ring(self->bell, self->fd);
	EXPECT_EQ(0, run_child(ring_in_child, self));
	EXPECT_EQ(2U, bell_count(self->bell));
	EXPECT_EQ(1, count_maps(self->fd));
}

TEST_F(bell, every_strategy)
{
	uint32_t strategy;

	for (strategy = 0; strategy <= MMAPSHARE_STRATEGY_PFN; strategy++) {
		struct mmapshare_doorbell *bell;
		int fd = region_create_as(self->dev.fd, NULL, self->dev.page,
					  strategy, 0);

		ASSERT_LE(0, fd);
		bell = bell_map(fd, PROT_READ | PROT_WRITE);
		ASSERT_NE(MAP_FAILED, bell);
		EXPECT_EQ(1, bell_notify(fd, 0));
		EXPECT_EQ(1U, bell_count(bell));
		munmap(bell, self->dev.page);
		close(fd);
	}
}

TEST_F(bell, beyond_largest_region)
{
	const uint64_t largest = (1ULL << 40) - self->dev.page;

	EXPECT_LE(largest, self->dev.info.doorbell_offset);
	EXPECT_EQ(-ERANGE, region_create_as(self->dev.fd, NULL, largest + 1, 0, 0));
	EXPECT_EQ(-ENOSPC, region_create_as(self->dev.fd, NULL, largest, 0, 0));
}

TEST_HARNESS_MAIN
