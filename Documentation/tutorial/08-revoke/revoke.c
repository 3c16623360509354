// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 8: the driver takes a page away while programs have it mapped, and
 * frees it. A program writes "0" to revoke the page, and "1" to provide a new
 * one.
 */
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include "compat.h"

struct revoke_client {
	struct list_head entry;
	struct file *file;
};

/* protects the two below; taken under the mmap lock */
static DEFINE_MUTEX(revoke_lock);
static LIST_HEAD(revoke_clients);
static struct page *revoke_page;

/*
 * The lock is held until the entry is made: so the entry is either made before
 * revoke_take() unmaps, or not at all.
 */
static vm_fault_t revoke_fault(struct vm_fault *vmf)
{
	vm_fault_t ret = VM_FAULT_SIGBUS;

	mutex_lock(&revoke_lock);
	if (revoke_page)
		ret = vmf_insert_pfn(vmf->vma, vmf->address, page_to_pfn(revoke_page));
	mutex_unlock(&revoke_lock);
	return ret;
}

static const struct vm_operations_struct revoke_vm_ops = {
	.fault = revoke_fault,
};

static int revoke_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff || vma_pages(vma) != 1)
		return -ENXIO;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &revoke_vm_ops;
	return 0;
}

/* Each mapping has a file, which is in the list as long as the mapping exists. */
static void revoke_take(void)
{
	struct revoke_client *client;
	struct page *page;

	mutex_lock(&revoke_lock);
	page = revoke_page;
	revoke_page = NULL;
	list_for_each_entry(client, &revoke_clients, entry)
		unmap_mapping_range(client->file->f_mapping, 0, 0, 1);
	mutex_unlock(&revoke_lock);
	/* No entry has a reference: only now has the page no users. */
	if (page)
		__free_page(page);
}

static int revoke_provide(void)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	mutex_lock(&revoke_lock);
	if (!revoke_page)
		swap(page, revoke_page);
	mutex_unlock(&revoke_lock);
	if (page)
		__free_page(page);
	return 0;
}

static ssize_t revoke_write(struct file *file, const char __user *buf,
			    size_t count, loff_t *pos)
{
	bool provide;
	int ret = kstrtobool_from_user(buf, count, &provide);

	if (ret)
		return ret;
	if (provide)
		ret = revoke_provide();
	else
		revoke_take();
	return ret ?: count;
}

static int revoke_open(struct inode *inode, struct file *file)
{
	struct revoke_client *client = kzalloc(sizeof(*client), GFP_KERNEL);

	if (!client)
		return -ENOMEM;
	client->file = file;
	file->private_data = client;
	mutex_lock(&revoke_lock);
	list_add(&client->entry, &revoke_clients);
	mutex_unlock(&revoke_lock);
	return 0;
}

static int revoke_release(struct inode *inode, struct file *file)
{
	struct revoke_client *client = file->private_data;

	mutex_lock(&revoke_lock);
	list_del(&client->entry);
	mutex_unlock(&revoke_lock);
	kfree(client);
	return 0;
}

static const struct file_operations revoke_fops = {
	.owner = THIS_MODULE,
	.open = revoke_open,
	.release = revoke_release,
	.mmap = revoke_mmap,
	.write = revoke_write,
};

static struct miscdevice revoke_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-revoke",
	.fops = &revoke_fops,
};

static int __init revoke_init(void)
{
	int ret = revoke_provide();

	if (ret)
		return ret;
	ret = misc_register(&revoke_device);
	if (ret)
		revoke_take();
	return ret;
}
module_init(revoke_init);

static void __exit revoke_exit(void)
{
	misc_deregister(&revoke_device);
	revoke_take();
}
module_exit(revoke_exit);

MODULE_DESCRIPTION("Tutorial, chapter 8: lifetimes and revocation");
MODULE_LICENSE("GPL");
