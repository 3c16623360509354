/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Declarations shared by the files of the benchmark module. A feed is an open
 * file of the device, with its kernel thread and the destination of its
 * records.
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
 * struct feed_way - a way to pass records to a program
 * @open: prepare for the destination @to. May sleep. Returns 0 or a descriptor
 *	for the caller, or a negative errno
 * @put: pass on the feed's record and wait for free space. Runs in the feed's
 *	thread. Returns 0, or nonzero on failure
 * @close: release what @open prepared, after the thread has ended
 */
struct feed_way {
	int (*open)(struct feed *feed, u32 to);
	int (*put)(struct feed *feed);
	void (*close)(struct feed *feed);
};

/**
 * struct feed_queue - a driver's queue for read(2): slots of equal size
 * @slots: BENCH_SIZE bytes
 * @head: bytes ever put; stored by the feed's thread
 * @tail: bytes ever taken; stored by readers under @lock
 * @lock: serializes readers
 * @readers: wait queue of readers and pollers
 * @writer: wait queue of the feed's thread
 */
struct feed_queue {
	void *slots;
	unsigned long head ____cacheline_aligned;
	unsigned long tail ____cacheline_aligned;
	struct mutex lock;	/* serializes readers */
	wait_queue_head_t readers;
	wait_queue_head_t writer;
};

/**
 * struct feed - an open file of the device: one measurement
 * @way: how records are passed on; NULL until START
 * @lock: serializes START
 * @task: the thread that produces records; NULL until START
 * @length: bytes of each record
 * @milliseconds: how long records are produced
 * @record: the record to pass on
 * @source: BENCH_RING: the producer of the ring
 * @queue: BENCH_QUEUE: the queue
 * @pipe: BENCH_PIPE: the pipe's write end
 * @port: BENCH_NETLINK: port ID of the program's socket
 */
struct feed {
	const struct feed_way *way;
	struct mutex lock;	/* serializes START */
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
