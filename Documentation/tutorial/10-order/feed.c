// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 10: a kernel thread passes values to a program, without system calls.
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "feed.h"

static struct feed *feed;
static struct task_struct *feed_task;
/* bit 0: the device is open */
static unsigned long feed_busy;

/*
 * Publish @value at position @head. The program may store anything to the page
 * at any time, so nothing is read from it but the tail, once, and that is
 * checked. Return: whether there was space, or -EBADMSG.
 */
static int feed_publish(u32 head, u32 value)
{
	/* Pairs with the release by the program: its loads of the slot are done. */
	u32 used = head - smp_load_acquire(&feed->tail);

	if (used > FEED_SLOTS)
		return -EBADMSG;
	if (used == FEED_SLOTS)
		return 0;
	WRITE_ONCE(feed->value[head % FEED_SLOTS], value);
	/* Pairs with the acquire by the program: the value is there. */
	smp_store_release(&feed->head, head + 1);
	return 1;
}

static int feed_thread(void *unused)
{
	u32 head = 0;
	int ret;

	while (!kthread_should_stop()) {
		ret = feed_publish(head, head * 3);
		if (ret < 0) {
			WRITE_ONCE(feed->corrupt, 1);
			break;
		}
		head += ret;
		if (!ret)
			usleep_range(20, 50);
	}
	/* kthread_stop() needs a thread. */
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule();
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

/* One program at a time: there is only one tail. */
static int feed_open(struct inode *inode, struct file *file)
{
	if (test_and_set_bit_lock(0, &feed_busy))
		return -EBUSY;
	memset(feed, 0, sizeof(*feed));
	feed_task = kthread_run(feed_thread, NULL, "tutorial-feed");
	if (!IS_ERR(feed_task))
		return 0;
	clear_bit_unlock(0, &feed_busy);
	return PTR_ERR(feed_task);
}

/* Called when the last mapping is gone, too. */
static int feed_release(struct inode *inode, struct file *file)
{
	kthread_stop(feed_task);
	clear_bit_unlock(0, &feed_busy);
	return 0;
}

static int feed_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, feed, vma->vm_pgoff);
}

static const struct file_operations feed_fops = {
	.owner = THIS_MODULE,
	.open = feed_open,
	.release = feed_release,
	.mmap = feed_mmap,
};

static struct miscdevice feed_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-feed",
	.fops = &feed_fops,
};

static int __init feed_init(void)
{
	int ret;

	BUILD_BUG_ON(sizeof(struct feed) > PAGE_SIZE);
	feed = vmalloc_user(PAGE_SIZE);
	if (!feed)
		return -ENOMEM;
	ret = misc_register(&feed_device);
	if (ret)
		vfree(feed);
	return ret;
}
module_init(feed_init);

static void __exit feed_exit(void)
{
	misc_deregister(&feed_device);
	vfree(feed);
}
module_exit(feed_exit);

MODULE_DESCRIPTION("Tutorial, chapter 10: memory ordering");
MODULE_LICENSE("GPL");
