// SPDX-License-Identifier: MIT
/* Read from the module's queue by io_uring, with READS reads in flight. */
#include <liburing.h>
#include "bench.h"
#include "kernel.h"

#define READS	64

static char buffers[READS][BENCH_LENGTH_MAX] __attribute__((aligned(8)));

static void prepare(struct io_uring *uring, const struct feed *feed, uintptr_t n)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring);

	io_uring_prep_read(sqe, feed->device, buffers[n], sizeof(buffers[n]), 0);
	io_uring_sqe_set_data(sqe, (void *)n);
}

static void iouring_drain(struct feed *feed)
{
	struct io_uring_cqe *cqe;
	struct io_uring uring;
	unsigned int head, n;
	uintptr_t i;

	check("io_uring_queue_init", !io_uring_queue_init(READS, &uring, 0));
	for (i = 0; i < READS; i++)
		prepare(&uring, feed, i);
	while (!is_done(feed)) {
		check("io_uring_submit_and_wait", io_uring_submit_and_wait(&uring, 1) >= 0);
		n = 0;
		io_uring_for_each_cqe(&uring, head, cqe) {
			i = (uintptr_t)io_uring_cqe_get_data(cqe);
			check("read", cqe->res == (int)feed->length);
			count_record(feed, buffers[i]);
			prepare(&uring, feed, i);
			n++;
		}
		io_uring_cq_advance(&uring, n);
	}
	io_uring_queue_exit(&uring);
}

const struct kernel_way kernel_iouring = {
	.name = "io_uring",
	.way = BENCH_QUEUE,
	.drain = iouring_drain,
};
