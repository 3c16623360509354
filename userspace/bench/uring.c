// SPDX-License-Identifier: MIT
/*
 * io_uring: one file and one buffer, both registered, and up to DEPTH requests
 * in flight.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "bench.h"

#ifdef HAVE_LIBURING

#include <liburing.h>
#include <sys/uio.h>

#define DEPTH	64

struct uring {
	struct io_uring ring;
	size_t length;
	unsigned int pending;
};

/* Returns NULL, or the reason for the failure. */
const char *uring_open(struct uring **ring, int fd, void *buffer, size_t size,
		       bool sqpoll)
{
	struct io_uring_params params = {
		.flags = sqpoll ? IORING_SETUP_SQPOLL : 0,
		.sq_thread_idle = 1000,
	};
	struct iovec iov = { .iov_base = buffer, .iov_len = size };
	struct uring *u = calloc(1, sizeof(*u));
	int ret;

	check("memory", u);
	ret = io_uring_queue_init_params(DEPTH, &u->ring, &params);
	if (ret) {
		free(u);
		return strerror(-ret);
	}
	ret = io_uring_register_files(&u->ring, &fd, 1);
	if (!ret)
		ret = io_uring_register_buffers(&u->ring, &iov, 1);
	if (ret) {
		uring_close(u);
		return strerror(-ret);
	}
	*ring = u;
	return NULL;
}

/* All requests in flight have the same length. */
static void reap_cqe(struct uring *u, struct io_uring_cqe *cqe)
{
	errno = cqe->res < 0 ? -cqe->res : EIO;
	check("io_uring", cqe->res == (int)u->length);
	io_uring_cqe_seen(&u->ring, cqe);
	u->pending--;
}

void uring_finish(struct uring *u)
{
	struct io_uring_cqe *cqe;

	if (!u->pending)
		return;
	io_uring_submit_and_wait(&u->ring, u->pending);
	while (u->pending) {
		check("io_uring", !io_uring_wait_cqe(&u->ring, &cqe));
		reap_cqe(u, cqe);
	}
}

/* Queues a request. It is submitted together with others, DEPTH at a time. */
void uring_begin(struct uring *u, bool write, void *at, size_t length, uint64_t offset)
{
	struct io_uring_sqe *sqe;

	if (u->pending == DEPTH)
		uring_finish(u);
	/* with SQPOLL, the kernel thread may still have to consume entries */
	while (!(sqe = io_uring_get_sqe(&u->ring)))
		io_uring_sqring_wait(&u->ring);
	if (write)
		io_uring_prep_write_fixed(sqe, 0, at, length, offset, 0);
	else
		io_uring_prep_read_fixed(sqe, 0, at, length, offset, 0);
	sqe->flags |= IOSQE_FIXED_FILE;
	u->length = length;
	u->pending++;
}

void uring_close(struct uring *u)
{
	io_uring_queue_exit(&u->ring);
	free(u);
}

#else

const char *uring_open(struct uring **ring, int fd, void *buffer, size_t size,
		       bool sqpoll)
{
	(void)ring, (void)fd, (void)buffer, (void)size, (void)sqpoll;
	return "built without liburing";
}

void uring_finish(struct uring *u)
{
	(void)u;
}

void uring_begin(struct uring *u, bool write, void *at, size_t length, uint64_t offset)
{
	(void)u, (void)write, (void)at, (void)length, (void)offset;
}

void uring_close(struct uring *u)
{
	(void)u;
}

#endif
