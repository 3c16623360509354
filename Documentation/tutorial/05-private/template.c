// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 5: private mappings. A program may change its copy of a page; the
 * driver, and all other programs, keep the original.
 */
#include <linux/atomic.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#define TEMPLATE_PAGES	4
#define TEMPLATE_SIZE	(TEMPLATE_PAGES * PAGE_SIZE)

static char *template_memory;
static atomic_t template_copies;

static int template_get_copies(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&template_copies));
}

static const struct kernel_param_ops template_copies_ops = {
	.get = template_get_copies,
};

module_param_cb(copies, &template_copies_ops, NULL, 0444);
MODULE_PARM_DESC(copies, "number of pages that were copied for a first store");

static vm_fault_t template_fault(struct vm_fault *vmf)
{
	struct page *page;

	if (vmf->pgoff >= TEMPLATE_PAGES)
		return VM_FAULT_SIGBUS;
	/* The core has allocated the copy, and fills it from vmf->page. */
	if (vmf->cow_page)
		atomic_inc(&template_copies);
	page = vmalloc_to_page(template_memory + (vmf->pgoff << PAGE_SHIFT));
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct template_vm_ops = {
	.fault = template_fault,
};

static int template_mmap(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &template_vm_ops;
	return 0;
}

static ssize_t template_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *pos)
{
	if (count && *pos >= TEMPLATE_SIZE)
		return -ENOSPC;
	return simple_write_to_buffer(template_memory, TEMPLATE_SIZE, pos, buf, count);
}

static const struct file_operations template_fops = {
	.owner = THIS_MODULE,
	.mmap = template_mmap,
	.write = template_write,
	.llseek = default_llseek,
};

static struct miscdevice template_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-template",
	.fops = &template_fops,
};

static int __init template_init(void)
{
	int ret;

	template_memory = vmalloc_user(TEMPLATE_SIZE);
	if (!template_memory)
		return -ENOMEM;
	ret = misc_register(&template_device);
	if (ret)
		vfree(template_memory);
	return ret;
}
module_init(template_init);

static void __exit template_exit(void)
{
	misc_deregister(&template_device);
	vfree(template_memory);
}
module_exit(template_exit);

MODULE_DESCRIPTION("Tutorial, chapter 5: private mappings");
MODULE_LICENSE("GPL");
