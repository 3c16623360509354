/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark module's files know of each other: a feed is a file of the
 * device, its kernel thread and what that hands records to.
 */
#ifndef MMAPSHARE_BENCH_FEED_H
#define MMAPSHARE_BENCH_FEED_H

#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include "bench.h"

struct feed;
struct mmapshare_source;

/**
 * struct feed_way - one way from the kernel to a program
 * @open: may sleep; returns 0 or a descriptor for the caller, or an errno
 * @put: hand on the feed's record, in its thread, and wait for room; nonzero if
 *	that cannot be
 * @close: after the thread has ended
 */
struct feed_way {
	int (*open)(struct feed *feed, u32 to);
	int (*put)(struct feed *feed);
	void (*close)(struct feed *feed);
};

/**
 * struct feed_queue - a driver's queue for read(2): slots of one size
 * @slots: BENCH_SIZE bytes
 * @head: bytes ever put; stored by the thread
 * @tail: bytes ever taken; stored with @lock
 * @lock: of readers
 * @readers: where they sleep
 * @writer: where the thread sleeps
 */
struct feed_queue {
	void *slots;
	unsigned long head ____cacheline_aligned;
	unsigned long tail ____cacheline_aligned;
	struct mutex lock;	/* see above */
	wait_queue_head_t readers;
	wait_queue_head_t writer;
};

/**
 * struct feed - a measurement
 * @way: NULL until START
 * @lock: of START
 * @task: makes the records; NULL until START
 * @length: bytes of each
 * @milliseconds: for how long
 * @record: the one to be handed on
 * @source: of the ring
 * @queue: for read
 * @pipe: the file
 * @port: whose netlink socket it is
 */
struct feed {
	const struct feed_way *way;
	struct mutex lock;	/* see above */
	struct task_struct *task;
	u32 length;
	u32 milliseconds;
	struct bench_record *record;
	struct mmapshare_source *source;
	struct feed_queue queue;
	struct file *pipe;
	u32 port;
};

extern const struct feed_way feed_queue_way, feed_pipe_way, feed_netlink_way, feed_bpf_way;

void feed_queue_init(struct feed_queue *q);
ssize_t feed_queue_read(struct feed *feed, struct iov_iter *to, bool wait);
__poll_t feed_queue_poll(struct feed *feed, struct file *file,
			 struct poll_table_struct *wait);

int feed_netlink_init(void);
void feed_netlink_exit(void);

#endif /* MMAPSHARE_BENCH_FEED_H */
