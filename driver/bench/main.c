// SPDX-License-Identifier: GPL-2.0
/*
 * Benchmark module: a kernel thread produces records as fast as it can, for an
 * mmapshare ring or another interface that drivers use. See bench.h for its
 * interface. Only "make bench" and the selftests need it.
 */
#include <linux/cpumask.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <mmapshare_ring.h>
#include "feed.h"

/* Records between two reads of the clock and calls of cond_resched(). */
#define BATCH		64

static int ring_open(struct feed *feed, u32 to)
{
	const struct mmapshare_params params = { .size = BENCH_SIZE, .consumers = 1 };
	struct file *file;
	int fd;

	feed->source = mmapshare_source_create(&params);
	if (IS_ERR(feed->source))
		return PTR_ERR(feed->source);
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		goto put;
	file = mmapshare_source_file(feed->source);
	if (!IS_ERR(file)) {
		fd_install(fd, file);
		return fd;
	}
	put_unused_fd(fd);
	fd = PTR_ERR(file);
put:
	mmapshare_source_put(feed->source);
	return fd;
}

/* If the ring is full, wait until there is space for the largest record. */
static int ring_put(struct feed *feed)
{
	int ret;

	while (mmapshare_write(feed->source, feed->record, feed->length)) {
		ret = mmapshare_source_wait(feed->source, BENCH_SIZE / 2 - 8, -1);
		if (ret)
			return ret;
	}
	return 0;
}

static void ring_close(struct feed *feed)
{
	mmapshare_source_put(feed->source);
}

static const struct feed_way feed_ring_way = {
	.open = ring_open,
	.put = ring_put,
	.close = ring_close,
};

static const struct feed_way *const ways[] = {
	[BENCH_RING] = &feed_ring_way,
	[BENCH_QUEUE] = &feed_queue_way,
	[BENCH_PIPE] = &feed_pipe_way,
	[BENCH_NETLINK] = &feed_netlink_way,
	[BENCH_BPF] = &feed_bpf_way,
};

static int feed_put(struct feed *feed, unsigned int times)
{
	struct bench_record *record = feed->record;
	int ret;

	for (; times; times--) {
		ret = feed->way->put(feed);
		if (ret)
			return ret;
		record->sequence++;
	}
	return 0;
}

static int feed_thread(void *data)
{
	struct feed *feed = data;
	const u64 end = ktime_get_ns() + feed->milliseconds * (u64)NSEC_PER_MSEC;
	struct bench_record *record = feed->record;
	int ret = 0;

	allow_kernel_signal(SIGKILL);
	while (!ret && ktime_get_ns() < end && !kthread_should_stop()) {
		ret = feed_put(feed, BATCH);
		cond_resched();
	}
	if (!ret && !kthread_should_stop()) {
		record->total = record->sequence + 1;
		ret = feed_put(feed, 1);
	}
	if (ret && !kthread_should_stop())
		pr_info("mms-bench: cannot pass on record %llu: error %d\n",
			record->sequence, ret);
	return ret;
}

static bool feed_is_valid_start(const struct bench_start *start)
{
	return start->way < ARRAY_SIZE(ways) && is_power_of_2(start->length) &&
	       start->length >= BENCH_LENGTH_MIN && start->length <= BENCH_LENGTH_MAX &&
	       start->processor < nr_cpu_ids && cpu_online(start->processor);
}

static int feed_start(struct feed *feed, const struct bench_start *start)
{
	struct task_struct *task;
	int ret;

	feed->length = start->length;
	feed->milliseconds = start->milliseconds;
	feed->record = kzalloc(start->length, GFP_KERNEL);
	if (!feed->record)
		return -ENOMEM;
	task = kthread_create(feed_thread, feed, "mms-bench");
	if (IS_ERR(task)) {
		ret = PTR_ERR(task);
		goto free;
	}
	ret = ways[start->way]->open(feed, start->to);
	if (ret < 0)
		goto stop;
	feed->way = ways[start->way];
	/*
	 * hold the task: the thread may end long before feed_release() stops it
	 */
	feed->task = get_task_struct(task);
	kthread_bind(task, start->processor);
	wake_up_process(task);
	return ret;

stop:
	kthread_stop(task);
free:
	kfree(feed->record);
	feed->record = NULL;
	return ret;
}

static long feed_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct feed *feed = file->private_data;
	struct bench_start start;
	int ret = -EBUSY;

	if (cmd != BENCH_IOC_START)
		return -ENOTTY;
	if (copy_from_user(&start, (void __user *)arg, sizeof(start)))
		return -EFAULT;
	if (!feed_is_valid_start(&start))
		return -EINVAL;
	mutex_lock(&feed->lock);
	if (!feed->task)
		ret = feed_start(feed, &start);
	mutex_unlock(&feed->lock);
	return ret;
}

static bool feed_has_queue(const struct feed *feed)
{
	/* no barrier: a program reads only after START has returned */
	return READ_ONCE(feed->way) == &feed_queue_way;
}

static ssize_t feed_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct feed *feed = file->private_data;
	const bool wait = !(file->f_flags & O_NONBLOCK) && !(iocb->ki_flags & IOCB_NOWAIT);

	return feed_has_queue(feed) ? feed_queue_read(feed, to, wait) : -EINVAL;
}

static __poll_t feed_poll(struct file *file, struct poll_table_struct *wait)
{
	struct feed *feed = file->private_data;

	return feed_has_queue(feed) ? feed_queue_poll(feed, file, wait) : EPOLLERR;
}

static int feed_open(struct inode *inode, struct file *file)
{
	struct feed *feed = kzalloc(sizeof(*feed), GFP_KERNEL);

	if (!feed)
		return -ENOMEM;
	mutex_init(&feed->lock);
	feed_queue_init(&feed->queue);
	file->private_data = feed;
	/* FMODE_NOWAIT: io_uring may try a read without a worker thread */
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file);
}

static int feed_release(struct inode *inode, struct file *file)
{
	struct feed *feed = file->private_data;

	if (feed->task) {
		/*
		 * SIGKILL interrupts any wait of the thread, in a pipe for
		 * example
		 */
		send_sig(SIGKILL, feed->task, 1);
		kthread_stop(feed->task);
		put_task_struct(feed->task);
		feed->way->close(feed);
		kfree(feed->record);
	}
	kfree(feed);
	return 0;
}

static const struct file_operations feed_fops = {
	.owner = THIS_MODULE,
	.open = feed_open,
	.release = feed_release,
	.unlocked_ioctl = feed_ioctl,
	.read_iter = feed_read_iter,
	.poll = feed_poll,
};

static struct miscdevice feed_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mms-bench",
	.fops = &feed_fops,
	.mode = 0600,
};

static int __init bench_init(void)
{
	int ret = feed_netlink_init();

	if (ret)
		return ret;
	ret = misc_register(&feed_device);
	if (ret)
		feed_netlink_exit();
	return ret;
}

static void __exit bench_exit(void)
{
	misc_deregister(&feed_device);
	feed_netlink_exit();
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_DESCRIPTION("mmapshare: records from the kernel, for benchmarks");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
