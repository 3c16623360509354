// SPDX-License-Identifier: GPL-2.0
/* A mapping can be a registered io_uring buffer if its pages can be pinned. */
#include "map_fixture.h"
#include "uring_test.h"

FIXTURE(ring) {
	struct device dev;
	char *mem;
	struct io_uring ring;
	int file;
	int error;
};

FIXTURE_VARIANT(ring) {
	bool whole;
};

FIXTURE_VARIANT_ADD(ring, some_pages) { };
FIXTURE_VARIANT_ADD(ring, whole_region) { .whole = true, };

/*
 * Until 6.4 io_uring refused buffers in mappings of files other than shmem and
 * hugetlbfs, whatever their pages. Tested with a private mapping of /dev/zero,
 * whose pages are anonymous. Returns 0 or the errno.
 */
static int register_any_file(struct io_uring *ring, size_t page)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC), error;
	struct iovec iov = { .iov_len = page };

	iov.iov_base = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE,
			    fd, 0);
	error = -io_uring_register_buffers(ring, &iov, 1);
	if (!error)
		io_uring_unregister_buffers(ring);
	munmap(iov.iov_base, page);
	close(fd);
	return error;
}

FIXTURE_SETUP(ring)
{
	struct iovec iov;
	int ret;

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	URING_SETUP(&self->ring);
	self->file = memfd_create("file", MFD_CLOEXEC);
	ASSERT_LE(0, self->file);
	iov.iov_base = self->mem;
	iov.iov_len = variant->whole ? self->dev.size : 16 * self->dev.page;
	ret = register_any_file(&self->ring, self->dev.page);
	if (ret)
		ASSERT_EQ(EOPNOTSUPP, ret);
	self->error = -io_uring_register_buffers(&self->ring, &iov, 1);
	ASSERT_EQ(has_feature(&self->dev, MMAPSHARE_FEAT_GUP) ? ret : EFAULT,
		  self->error);
}

FIXTURE_TEARDOWN(ring)
{
	io_uring_queue_exit(&self->ring);
	close(self->file);
	munmap(self->mem, self->dev.size);
	close(self->dev.fd);
}

/* Submit one request and wait. Returns what the system call would return. */
static int run_request(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_submit_and_wait(ring, 1);

	if (ret != 1 || io_uring_peek_cqe(ring, &cqe))
		return -1000;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

TEST_F(ring, write_fixed)
{
	const int length = 5 * self->dev.page, at = self->dev.page + 11;
	char *buf = malloc(length);

	if (self->error)
		return;
	make_bytes(self->mem + at, length, at, 1);
	io_uring_prep_write_fixed(io_uring_get_sqe(&self->ring), self->file,
				  self->mem + at, length, 0, 0);
	EXPECT_EQ(length, run_request(&self->ring));
	ASSERT_EQ(length, pread(self->file, buf, length, 0));
	EXPECT_TRUE(same_bytes(buf, length, at, 1));
	free(buf);
}

TEST_F(ring, read_fixed)
{
	const int length = 5 * self->dev.page;
	const size_t at = variant->whole ? self->dev.size - length : 11;
	char *buf = malloc(length);

	if (self->error)
		return;
	make_bytes(buf, length, at, 2);
	ASSERT_EQ(length, pwrite(self->file, buf, length, 0));
	ASSERT_EQ(0, kernel_fill(self->dev.fd, at, length, 0));
	io_uring_prep_read_fixed(io_uring_get_sqe(&self->ring), self->file,
				 self->mem + at, length, 0, 0);
	EXPECT_EQ(length, run_request(&self->ring));
	EXPECT_TRUE(same_bytes(self->mem + at, length, at, 2));
	ASSERT_EQ(length, pread(self->dev.fd, buf, length, at));
	EXPECT_TRUE(same_bytes(buf, length, at, 2));
	free(buf);
}

/* The pages are pinned: the buffer outlives the mapping. */
TEST_F(ring, after_munmap)
{
	const int length = self->dev.page;
	char *buf = malloc(length);

	if (self->error)
		return;
	ASSERT_EQ(0, munmap(self->mem, self->dev.size));
	make_bytes(buf, length, 0, 3);
	ASSERT_EQ(length, pwrite(self->dev.fd, buf, length, 0));
	io_uring_prep_write_fixed(io_uring_get_sqe(&self->ring), self->file,
				  self->mem, length, 0, 0);
	EXPECT_EQ(length, run_request(&self->ring));
	memset(buf, 0, length);
	ASSERT_EQ(length, pread(self->file, buf, length, 0));
	EXPECT_TRUE(same_bytes(buf, length, 0, 3));
	free(buf);
}

TEST_HARNESS_MAIN
