// SPDX-License-Identifier: GPL-2.0
/*
 * What a driver has without mmapshare: a queue in the kernel, and a read that
 * copies one record out of it. One thread puts, without a lock; readers have one
 * among themselves. Nobody is woken who does not sleep, and the thread not before
 * half of the queue is empty.
 */
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/string.h>
#include "feed.h"

static unsigned long queue_used(const struct feed_queue *q)
{
	/* each side's acquire pairs with the other's release */
	return smp_load_acquire(&q->head) - smp_load_acquire(&q->tail);
}

void feed_queue_init(struct feed_queue *q)
{
	mutex_init(&q->lock);
	init_waitqueue_head(&q->readers);
	init_waitqueue_head(&q->writer);
}

static int queue_open(struct feed *feed, u32 to)
{
	feed->queue.slots = kvmalloc(BENCH_SIZE, GFP_KERNEL);
	return feed->queue.slots ? 0 : -ENOMEM;
}

static int queue_put(struct feed *feed)
{
	struct feed_queue *q = &feed->queue;

	if (queue_used(q) == BENCH_SIZE &&
	    wait_event_interruptible(q->writer, queue_used(q) <= BENCH_SIZE / 2))
		return -EINTR;
	memcpy(q->slots + q->head % BENCH_SIZE, feed->record, feed->length);
	/* pairs with queue_used() of readers */
	smp_store_release(&q->head, q->head + feed->length);
	if (wq_has_sleeper(&q->readers))
		wake_up_interruptible(&q->readers);
	return 0;
}

static void queue_close(struct feed *feed)
{
	kvfree(feed->queue.slots);
}

/* With the lock of readers. */
static ssize_t queue_take(struct feed *feed, struct iov_iter *to)
{
	struct feed_queue *q = &feed->queue;
	const size_t n = feed->length;

	if (!queue_used(q))
		return -EAGAIN;
	if (iov_iter_count(to) < n)
		return -EMSGSIZE;
	if (copy_to_iter(q->slots + q->tail % BENCH_SIZE, n, to) != n)
		return -EFAULT;
	/* pairs with queue_used() of the thread */
	smp_store_release(&q->tail, q->tail + n);
	if (wq_has_sleeper(&q->writer) && queue_used(q) <= BENCH_SIZE / 2)
		wake_up_interruptible(&q->writer);
	return n;
}

/* One record, or -EAGAIN if there is none and @wait says not to wait for one. */
ssize_t feed_queue_read(struct feed *feed, struct iov_iter *to, bool wait)
{
	struct feed_queue *q = &feed->queue;
	ssize_t ret;

	do {
		if (wait)
			mutex_lock(&q->lock);
		else if (!mutex_trylock(&q->lock))
			return -EAGAIN;
		ret = queue_take(feed, to);
		mutex_unlock(&q->lock);
		if (ret != -EAGAIN || !wait)
			return ret;
	} while (!wait_event_interruptible(q->readers, queue_used(q)));
	return -ERESTARTSYS;
}

__poll_t feed_queue_poll(struct feed *feed, struct file *file,
			 struct poll_table_struct *wait)
{
	poll_wait(file, &feed->queue.readers, wait);
	/* before the look; pairs with wq_has_sleeper() of who puts */
	smp_mb();
	return queue_used(&feed->queue) ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct feed_way feed_queue_way = {
	.open = queue_open,
	.put = queue_put,
	.close = queue_close,
};
