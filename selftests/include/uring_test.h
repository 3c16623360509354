/* SPDX-License-Identifier: GPL-2.0 */
/* An io_uring, and poll requests on it. The program is linked with liburing. */
#ifndef URING_TEST_H
#define URING_TEST_H

#include "mmapshare_test.h"
#include <liburing.h>

#define URING_SETUP(uring)						\
	do {								\
		int ret_ = io_uring_queue_init(8, uring, 0);		\
									\
		if (ret_ == -ENOSYS || ret_ == -EPERM)			\
			SKIP(return, "no io_uring in this kernel, or it is disabled"); \
		ASSERT_EQ(0, ret_);					\
	} while (0)

static inline void submit_poll(struct io_uring *uring, int fd, short events, bool multishot)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);

	if (multishot)
		io_uring_prep_poll_multishot(sqe, fd, events);
	else
		io_uring_prep_poll_add(sqe, fd, events);
	io_uring_submit(uring);
}

/*
 * Returns the result of the next completion, and its flags unless @flags is
 * NULL. -ETIME if there is none within @timeout ns.
 */
static inline int wait_for_completion(struct io_uring *uring, unsigned int *flags, int64_t timeout)
{
	struct __kernel_timespec ts = {
		.tv_sec = timeout / 1000000000,
		.tv_nsec = timeout % 1000000000,
	};
	struct io_uring_cqe *cqe;
	int ret = io_uring_wait_cqe_timeout(uring, &cqe, &ts);

	if (ret)
		return ret;
	ret = cqe->res;
	if (flags)
		*flags = cqe->flags;
	io_uring_cqe_seen(uring, cqe);
	return ret;
}

#endif /* URING_TEST_H */
