// SPDX-License-Identifier: GPL-2.0
/*
 * A simulated camera: programs read its frames, of some MiB, where the hardware has
 * stored them, in buffers that the driver lends.
 *
 * A record of the ring says which buffer of the pool, a region, has a new frame. A
 * reader borrows the frame from a device of this driver; each open file can have one.
 * A reader that is slow, or stopped, keeps its buffer, and not the ring; if it dies,
 * the kernel closes its file. Without a free buffer the camera drops frames.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/mmapshare.h>
#include <mmapshare_ring.h>
#include "frames.h"

#define BUFFERS		8

static unsigned int bytes = 1 << 20;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "Size of a frame in bytes, rounded up to pages (default 1 MiB)");

static unsigned int interval = 40;
module_param(interval, uint, 0644);
MODULE_PARM_DESC(interval, "Milliseconds between two frames (default 40)");

static unsigned long pages[BUFFERS];
module_param_array(pages, ulong, NULL, 0400);
MODULE_PARM_DESC(pages, "Number of the page frame in which each buffer begins (read only)");

/* Protects @buffers and @latest, and the loan of each open file, in private_data. */
static DEFINE_SPINLOCK(lock);
static struct buffer {
	u64 number;		/* of the frame in it; 0 for none */
	unsigned int loans;	/* open files that have borrowed it */
} buffers[BUFFERS];
static u32 latest = BUFFERS;
static struct mmapshare_region *pool;
static struct mmapshare_source *ring;
static struct task_struct *camera;

/* The "hardware" stores a frame: each word is its number. The latest frame remains. */
static void frames_make(u64 number)
{
	struct frame frame = { .number = number, .bytes = bytes };
	u32 i;

	spin_lock(&lock);
	for (i = 0; i < BUFFERS && (buffers[i].loans || i == latest); i++)
		;
	if (i < BUFFERS)
		buffers[i].number = 0;
	spin_unlock(&lock);
	if (i == BUFFERS)
		return;
	memset64(mmapshare_region_address(pool) + (size_t)i * bytes, number, bytes / 8);
	frame.buffer = i;
	spin_lock(&lock);
	buffers[i].number = number;
	latest = i;
	spin_unlock(&lock);
	mmapshare_write(ring, &frame, sizeof(frame));
}

static int frames_run(void *unused)
{
	static u64 number;

	while (!kthread_should_stop()) {
		frames_make(++number);
		schedule_timeout_interruptible(msecs_to_jiffies(READ_ONCE(interval)));
	}
	return 0;
}

/* The first consumer of the ring was attached, or the last one detached. */
static void frames_wanted(void *context, bool wanted)
{
	if (wanted)
		camera = kthread_run(frames_run, NULL, "mms-frames");
	else if (!IS_ERR(camera))
		kthread_stop(camera);
}

static int loan_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

/* Called with the lock held. */
static void loan_end(struct file *file)
{
	struct buffer *b = file->private_data;

	if (b)
		b->loans--;
}

/* Borrow a frame, and give back the one that the open file has borrowed before. */
static long loan_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct frame_loan loan;
	struct buffer *b;
	bool valid;

	if (cmd != FRAMES_IOC_BORROW)
		return -ENOTTY;
	if (copy_from_user(&loan, (void __user *)arg, sizeof(loan)))
		return -EFAULT;
	if (loan.buffer >= BUFFERS || !loan.number || loan.reserved)
		return -EINVAL;
	b = &buffers[array_index_nospec(loan.buffer, BUFFERS)];
	spin_lock(&lock);
	valid = b->number == loan.number;
	if (valid) {
		loan_end(file);
		b->loans++;
		file->private_data = b;
	}
	spin_unlock(&lock);
	return valid ? 0 : -ESTALE;
}

static int loan_release(struct inode *inode, struct file *file)
{
	spin_lock(&lock);
	loan_end(file);
	spin_unlock(&lock);
	return 0;
}

static const struct file_operations loan_fops = {
	.owner = THIS_MODULE,
	.open = loan_open,
	.release = loan_release,
	.unlocked_ioctl = loan_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice loan_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mms-frames",
	.fops = &loan_fops,
	.mode = 0400,		/* a user that borrows all frames stops the camera */
};

static int __init frames_init(void)
{
	struct mmapshare_params params = { .name = "frames-pool", .mode = 0400 };
	int i, ret;

	bytes = PAGE_ALIGN(bytes);
	params.size = (u64)bytes * BUFFERS;
	pool = mmapshare_region_create(&params);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < BUFFERS; i++)
		pages[i] = vmalloc_to_pfn(mmapshare_region_address(pool) + (size_t)i * bytes);
	params = (struct mmapshare_params){ .name = "frames", .mode = 0400, .size = 4096,
			.consumers = BUFFERS, .flags = MMAPSHARE_OVERWRITE,
			.features = MMAPSHARE_RING_FEAT_MONOTONIC };
	ring = mmapshare_source_create(&params);
	ret = PTR_ERR_OR_ZERO(ring);
	if (ret)
		goto put_pool;
	ret = mmapshare_source_watch(ring, frames_wanted, NULL) ?: misc_register(&loan_device);
	if (!ret)
		return 0;
	mmapshare_source_put(ring);
put_pool:
	mmapshare_region_put(pool);
	return ret;
}

static void __exit frames_exit(void)
{
	misc_deregister(&loan_device);
	mmapshare_source_put(ring);	/* frames_wanted() has stopped the camera */
	mmapshare_region_put(pool);
}

module_init(frames_init);
module_exit(frames_exit);

MODULE_DESCRIPTION("mmapshare: a simulated camera that lends its frames");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
