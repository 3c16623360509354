// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 4: programs map the memory of a PCI device. Two devices of QEMU are
 * supported: the registers of "edu", which are not cached, and the memory of
 * "ivshmem", which is mapped as a frame buffer is.
 */
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>

struct bars_type {
	const char *name;
	int bar;
	bool is_memory;
};

static const struct bars_type bars_registers = { "tutorial-registers", 0, false };
static const struct bars_type bars_memory = { "tutorial-frames", 2, true };

/* An open file may outlive the device: the last of both frees this. */
struct bars {
	struct kref ref;
	struct miscdevice misc;
	const struct bars_type *type;
	/* NULL once the device is removed */
	struct pci_dev *pdev;
	/* protects pdev */
	struct mutex lock;
};

static void bars_free(struct kref *ref)
{
	kfree(container_of(ref, struct bars, ref));
}

/* The misc device is registered, so there is a reference. */
static int bars_open(struct inode *inode, struct file *file)
{
	struct bars *b = container_of(file->private_data, struct bars, misc);

	kref_get(&b->ref);
	file->private_data = b;
	return 0;
}

static int bars_release(struct inode *inode, struct file *file)
{
	struct bars *b = file->private_data;

	kref_put(&b->ref, bars_free);
	return 0;
}

static int bars_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bars *b = file->private_data;
	int ret = -ENODEV;

	/* A copy of a register makes no sense. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (b->type->is_memory)
		vma->vm_page_prot = pgprot_writecombine(vma->vm_page_prot);
	else
		vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	mutex_lock(&b->lock);
	if (b->pdev)
		ret = vm_iomap_memory(vma, pci_resource_start(b->pdev, b->type->bar),
				      pci_resource_len(b->pdev, b->type->bar));
	mutex_unlock(&b->lock);
	return ret;
}

static const struct file_operations bars_fops = {
	.owner = THIS_MODULE,
	.open = bars_open,
	.release = bars_release,
	.mmap = bars_mmap,
};

static int bars_create(struct pci_dev *pdev, const struct bars_type *type)
{
	struct bars *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int ret;

	if (!b)
		return -ENOMEM;
	kref_init(&b->ref);
	mutex_init(&b->lock);
	b->pdev = pdev;
	b->type = type;
	b->misc.minor = MISC_DYNAMIC_MINOR;
	b->misc.name = type->name;
	b->misc.fops = &bars_fops;
	pci_set_drvdata(pdev, b);
	ret = misc_register(&b->misc);
	if (ret)
		kref_put(&b->ref, bars_free);
	return ret;
}

static int bars_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	const struct bars_type *type = (const struct bars_type *)id->driver_data;
	int ret;

	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	ret = pci_request_region(pdev, type->bar, "tutorial");
	if (ret)
		goto disable;
	ret = bars_create(pdev, type);
	if (ret)
		goto release;
	return 0;

release:
	pci_release_region(pdev, type->bar);
disable:
	pci_disable_device(pdev);
	return ret;
}

static void bars_remove(struct pci_dev *pdev)
{
	struct bars *b = pci_get_drvdata(pdev);

	misc_deregister(&b->misc);
	mutex_lock(&b->lock);
	b->pdev = NULL;
	mutex_unlock(&b->lock);
	pci_release_region(pdev, b->type->bar);
	pci_disable_device(pdev);
	kref_put(&b->ref, bars_free);
}

static const struct pci_device_id bars_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8), .driver_data = (kernel_ulong_t)&bars_registers },
	{ PCI_DEVICE(0x1af4, 0x1110), .driver_data = (kernel_ulong_t)&bars_memory },
	{ }
};
MODULE_DEVICE_TABLE(pci, bars_ids);

static struct pci_driver bars_driver = {
	.name = "tutorial-bars",
	.id_table = bars_ids,
	.probe = bars_probe,
	.remove = bars_remove,
	/* See the chapter: existing mappings would remain. */
	.driver.suppress_bind_attrs = true,
};

module_pci_driver(bars_driver);
MODULE_DESCRIPTION("Tutorial, chapter 4: device memory");
MODULE_LICENSE("GPL");
