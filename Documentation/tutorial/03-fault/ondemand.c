// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 3: a page is allocated, and mapped, when a program touches it.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include "compat.h"

#define ONDEMAND_PAGES	16

static struct page *ondemand_pages[ONDEMAND_PAGES];
/* Several threads may touch the same page for the first time. */
static DEFINE_MUTEX(ondemand_lock);

static int allocated;
module_param(allocated, int, 0444);
MODULE_PARM_DESC(allocated, "number of pages that exist");

static struct page *ondemand_get(pgoff_t index)
{
	struct page *page;

	mutex_lock(&ondemand_lock);
	page = ondemand_pages[index];
	if (!page) {
		page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		ondemand_pages[index] = page;
		allocated += !!page;
	}
	if (page)
		get_page(page);
	mutex_unlock(&ondemand_lock);
	return page;
}

static vm_fault_t ondemand_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (vmf->pgoff >= ONDEMAND_PAGES)
		return VM_FAULT_SIGBUS;
	page = ondemand_get(vmf->pgoff);
	if (!page)
		return VM_FAULT_OOM;
	/* The page table entry keeps the reference. */
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct ondemand_vm_ops = {
	.fault = ondemand_fault,
};

static int ondemand_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &ondemand_vm_ops;
	return 0;
}

static const struct file_operations ondemand_fops = {
	.owner = THIS_MODULE,
	.mmap = ondemand_mmap,
};

static struct miscdevice ondemand_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-ondemand",
	.fops = &ondemand_fops,
};

static int __init ondemand_init(void)
{
	return misc_register(&ondemand_device);
}
module_init(ondemand_init);

static void __exit ondemand_exit(void)
{
	int i;

	misc_deregister(&ondemand_device);
	for (i = 0; i < ONDEMAND_PAGES; i++)
		if (ondemand_pages[i])
			put_page(ondemand_pages[i]);
}
module_exit(ondemand_exit);

MODULE_DESCRIPTION("Tutorial, chapter 3: a fault handler");
MODULE_LICENSE("GPL");
