// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 9: the driver maps the memory of a program, and stores to it whenever
 * it wants to, as a device does by DMA.
 */
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "pin.h"

#define PIN_MAX		BIT(20)

struct pin {
	/* held by all ioctls */
	struct mutex lock;
	/* the address space that is charged for the pages */
	struct mm_struct *mm;
	struct page **pages;
	unsigned long nr_pages;
	/* all pages, contiguous; NULL without a buffer */
	char *vaddr;
	/* of the buffer in vaddr */
	unsigned long offset, len;
};

/* Return: 0, or an errno if not all pages can be pinned. */
static int pin_get_pages(struct pin *p, unsigned long addr)
{
	int pinned = pin_user_pages_fast(addr & PAGE_MASK, p->nr_pages,
					 FOLL_WRITE | FOLL_LONGTERM, p->pages);

	if (pinned == p->nr_pages)
		return 0;
	if (pinned < 0)
		return pinned;
	unpin_user_pages(p->pages, pinned);
	return -EFAULT;
}

static int pin_map(struct pin *p, unsigned long addr)
{
	int ret = account_locked_vm(current->mm, p->nr_pages, true);

	if (ret)
		return ret;
	ret = -ENOMEM;
	p->pages = kcalloc(p->nr_pages, sizeof(*p->pages), GFP_KERNEL);
	if (!p->pages)
		goto uncharge;
	ret = pin_get_pages(p, addr);
	if (ret)
		goto free;
	ret = -ENOMEM;
	p->vaddr = vmap(p->pages, p->nr_pages, VM_MAP, PAGE_KERNEL);
	if (!p->vaddr)
		goto unpin;
	p->mm = current->mm;
	mmgrab(p->mm);
	return 0;

unpin:
	unpin_user_pages(p->pages, p->nr_pages);
free:
	kfree(p->pages);
uncharge:
	account_locked_vm(current->mm, p->nr_pages, false);
	return ret;
}

static int pin_buffer(struct pin *p, const struct pin_buffer __user *arg)
{
	struct pin_buffer buffer;

	if (p->vaddr)
		return -EBUSY;
	if (copy_from_user(&buffer, arg, sizeof(buffer)))
		return -EFAULT;
	/* pin_user_pages_fast() checks that the range is one of user space. */
	if (!buffer.len || buffer.len > PIN_MAX || buffer.addr != (unsigned long)buffer.addr)
		return -EINVAL;
	p->offset = offset_in_page(buffer.addr);
	p->len = buffer.len;
	p->nr_pages = DIV_ROUND_UP(p->offset + p->len, PAGE_SIZE);
	return pin_map(p, buffer.addr);
}

static int pin_fill(struct pin *p, unsigned long byte)
{
	if (!p->vaddr)
		return -ENXIO;
	memset(p->vaddr + p->offset, byte, p->len);
	return 0;
}

static long pin_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pin *p = file->private_data;
	long ret = -ENOTTY;

	mutex_lock(&p->lock);
	if (cmd == PIN_BUFFER)
		ret = pin_buffer(p, (void __user *)arg);
	else if (cmd == PIN_FILL)
		ret = pin_fill(p, arg);
	mutex_unlock(&p->lock);
	return ret;
}

static int pin_open(struct inode *inode, struct file *file)
{
	struct pin *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	mutex_init(&p->lock);
	file->private_data = p;
	return 0;
}

/* The program may have exited: its pages are still there, and its mm_struct. */
static int pin_release(struct inode *inode, struct file *file)
{
	struct pin *p = file->private_data;

	if (p->vaddr) {
		vunmap(p->vaddr);
		unpin_user_pages_dirty_lock(p->pages, p->nr_pages, true);
		account_locked_vm(p->mm, p->nr_pages, false);
		mmdrop(p->mm);
		kfree(p->pages);
	}
	kfree(p);
	return 0;
}

static const struct file_operations pin_fops = {
	.owner = THIS_MODULE,
	.open = pin_open,
	.release = pin_release,
	.unlocked_ioctl = pin_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice pin_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-pin",
	.fops = &pin_fops,
};

module_misc_device(pin_device);
MODULE_DESCRIPTION("Tutorial, chapter 9: pinned user pages");
MODULE_LICENSE("GPL");
