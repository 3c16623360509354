// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 2: programs map the driver's memory. All page table entries are made
 * by mmap().
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include "compat.h"

#define EAGER_SIZE	(16 * PAGE_SIZE)

static char *eager_memory;

static int eager_mmap(struct file *file, struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, eager_memory, vma->vm_pgoff);
}

static ssize_t eager_read(struct file *file, char __user *buf, size_t count,
			  loff_t *pos)
{
	return simple_read_from_buffer(buf, count, pos, eager_memory, EAGER_SIZE);
}

static const struct file_operations eager_fops = {
	.owner = THIS_MODULE,
	.mmap = eager_mmap,
	.read = eager_read,
	.llseek = default_llseek,
};

static struct miscdevice eager_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-eager",
	.fops = &eager_fops,
};

static int __init eager_init(void)
{
	int ret;

	eager_memory = vmalloc_user(EAGER_SIZE);
	if (!eager_memory)
		return -ENOMEM;
	strscpy(eager_memory, "from the kernel", EAGER_SIZE);
	ret = misc_register(&eager_device);
	if (ret)
		vfree(eager_memory);
	return ret;
}
module_init(eager_init);

static void __exit eager_exit(void)
{
	misc_deregister(&eager_device);
	vfree(eager_memory);
}
module_exit(eager_exit);

MODULE_DESCRIPTION("Tutorial, chapter 2: an eager mapping");
MODULE_LICENSE("GPL");
