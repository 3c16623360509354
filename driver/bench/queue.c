// SPDX-License-Identifier: GPL-2.0
/*
 * A queue that a driver could have without mmapshare: each read(2) copies one
 * record out of it. The feed's thread puts records without a lock; a mutex
 * serializes readers. A wake-up is done only if a task sleeps, and the feed's
 * thread is woken when half of the queue is free.
 */
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/string.h>
#include "feed.h"

static unsigned long queue_used(const struct feed_queue *q)
{
	/* pair with the releases in queue_put() and queue_take() */
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
	/* pairs with the acquire in queue_used(), called by readers */
	smp_store_release(&q->head, q->head + feed->length);
	if (wq_has_sleeper(&q->readers))
		wake_up_interruptible(&q->readers);
	return 0;
}

static void queue_close(struct feed *feed)
{
	kvfree(feed->queue.slots);
}

/* Called under the queue's lock. */
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
	/* pairs with the acquire in queue_used(), called by the thread */
	smp_store_release(&q->tail, q->tail + n);
	if (wq_has_sleeper(&q->writer) && queue_used(q) <= BENCH_SIZE / 2)
		wake_up_interruptible(&q->writer);
	return n;
}

/* Reads one record. Returns -EAGAIN if there is none and @wait is false. */
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
	/* pairs with the full barrier of wq_has_sleeper() in queue_put() */
	smp_mb();
	return queue_used(&feed->queue) ? EPOLLIN | EPOLLRDNORM : 0;
}

const struct feed_way feed_queue_way = {
	.open = queue_open,
	.put = queue_put,
	.close = queue_close,
};
