// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring reads and writes complete inline, during submission, without a
 * worker thread.
 */
#include "uring_test.h"
#include <dirent.h>

#define LENGTH	((1 << 20) + 300)	/* more than the driver copies at once */

FIXTURE(iouring)
{
	struct device dev;
	struct io_uring ring;
	char *map;
	struct iovec iov;
};

FIXTURE_VARIANT(iouring)
{
	unsigned int read_op;
	unsigned int write_op;
};

FIXTURE_VARIANT_ADD(iouring, plain) {
	.read_op = IORING_OP_READ, .write_op = IORING_OP_WRITE,
};

FIXTURE_VARIANT_ADD(iouring, vector) {
	.read_op = IORING_OP_READV, .write_op = IORING_OP_WRITEV,
};

FIXTURE_VARIANT_ADD(iouring, fixed) {
	.read_op = IORING_OP_READ_FIXED, .write_op = IORING_OP_WRITE_FIXED,
};

FIXTURE_SETUP(iouring)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->map);
	self->iov.iov_base = malloc(LENGTH);
	self->iov.iov_len = LENGTH;
	ASSERT_NE(NULL, self->iov.iov_base);
	URING_SETUP(&self->ring);
	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &self->iov, 1));
}

FIXTURE_TEARDOWN(iouring)
{
	io_uring_queue_exit(&self->ring);
	free(self->iov.iov_base);
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

static int count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	struct dirent *d;
	int n = 0;

	if (!dir)
		return -1;
	while ((d = readdir(dir)))
		n += d->d_name[0] != '.';
	closedir(dir);
	return n;
}

static void submit(FIXTURE_DATA(iouring) *self, unsigned int op, uint64_t pos,
		   unsigned int flags)
{
	bool vector = op == IORING_OP_READV || op == IORING_OP_WRITEV;
	struct io_uring_sqe *sqe = io_uring_get_sqe(&self->ring);

	io_uring_prep_rw(op, sqe, self->dev.fd,
			 vector ? (void *)&self->iov : self->iov.iov_base,
			 vector ? 1 : LENGTH, pos);
	sqe->flags = flags;
	io_uring_submit(&self->ring);
}

/*
 * Submit a request. Returns its result if it has completed inline,
 * -EINPROGRESS if it has not, -ECHILD if there is a worker thread.
 */
static int submit_inline(FIXTURE_DATA(iouring) *self, unsigned int op,
			 uint64_t pos)
{
	struct io_uring_cqe *cqe;
	int ret = -EINPROGRESS;

	submit(self, op, pos, 0);
	if (!io_uring_peek_cqe(&self->ring, &cqe)) {
		ret = cqe->res;
		io_uring_cqe_seen(&self->ring, cqe);
	}
	return count_threads() == 1 ? ret : -ECHILD;
}

TEST_F(iouring, read)
{
	off_t size = self->dev.size;

	make_bytes(self->map, LENGTH + 100, 0, 12);
	ASSERT_EQ(LENGTH, submit_inline(self, variant->read_op, 99));
	EXPECT_TRUE(same_bytes(self->iov.iov_base, LENGTH, 99, 12));
	EXPECT_EQ(10, submit_inline(self, variant->read_op, size - 10));
	EXPECT_EQ(0, submit_inline(self, variant->read_op, size));
	EXPECT_EQ(-EINVAL, submit_inline(self, variant->read_op, -2));
	/* an offset of -1 means the position */
	ASSERT_EQ(50, lseek(self->dev.fd, 50, SEEK_SET));
	ASSERT_EQ(LENGTH, submit_inline(self, variant->read_op, -1));
	EXPECT_TRUE(same_bytes(self->iov.iov_base, LENGTH, 50, 12));
	EXPECT_EQ(50 + LENGTH, lseek(self->dev.fd, 0, SEEK_CUR));
}

TEST_F(iouring, write)
{
	off_t size = self->dev.size;

	memset(self->map, '.', LENGTH + 4096);
	make_bytes(self->iov.iov_base, LENGTH, 0, 13);
	ASSERT_EQ(LENGTH, submit_inline(self, variant->write_op, 99));
	EXPECT_EQ('.', self->map[98]);
	EXPECT_TRUE(same_bytes(self->map + 99, LENGTH, 0, 13));
	EXPECT_EQ('.', self->map[99 + LENGTH]);
	EXPECT_EQ(10, submit_inline(self, variant->write_op, size - 10));
	EXPECT_EQ(-ENOSPC, submit_inline(self, variant->write_op, size));
}

/* Check that count_threads() counts a worker thread. */
TEST_F(iouring, worker_is_counted)
{
	struct io_uring_cqe *cqe;

	submit(self, variant->read_op, 0, IOSQE_ASYNC);
	ASSERT_EQ(0, io_uring_wait_cqe(&self->ring, &cqe));
	EXPECT_EQ(LENGTH, cqe->res);
	io_uring_cqe_seen(&self->ring, cqe);
	EXPECT_LT(1, count_threads());
}

TEST_HARNESS_MAIN
