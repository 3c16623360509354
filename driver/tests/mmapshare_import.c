// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: the driver of a device without hardware, which imports a dma-buf. What
 * such a device would read and write by DMA, the CPU does at the addresses that the
 * device got. Built with CONFIG_MMAPSHARE_DELAY=m.
 *
 *	attach	write the number of a descriptor: that dma-buf is attached; -1: it is
 *		detached
 *	map	write "to", "from" or "both", as the device reads, writes, or does both:
 *		the dma-buf is mapped for it; "no": unmapped
 *	store	write a number: the device stores it to each byte
 *	sum	the sum of all bytes as the device reads them
 *	vmap	write 1: the kernel maps the bytes; 0: unmaps them
 *	vstore	write a number: the kernel stores it to each byte
 *
 * A mapping of /dev/mmapshare_import is one of the dma-buf, as drivers for graphics
 * make it: the core has checked the access against that file's open mode.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iosys-map.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/string.h>
#include "compat.h"

static struct platform_device *device;
static struct dma_buf *buf;
static struct dma_buf_attachment *attachment;
static struct sg_table *table;
static enum dma_data_direction direction;
static struct iosys_map vmapped;

static void import_unmap(void)
{
	if (table)
		mms_dma_buf_unmap(attachment, table, direction);
	table = NULL;
}

static void import_vunmap(void)
{
	if (!iosys_map_is_null(&vmapped))
		mms_dma_buf_vunmap(buf, &vmapped);
	iosys_map_clear(&vmapped);
}

static void import_detach(void)
{
	import_unmap();
	import_vunmap();
	if (attachment)
		dma_buf_detach(buf, attachment);
	if (buf)
		dma_buf_put(buf);
	attachment = NULL;
	buf = NULL;
}

static int set_attach(const char *text, const struct kernel_param *kp)
{
	struct dma_buf_attachment *at;
	struct dma_buf *b;
	int fd, ret;

	ret = kstrtoint(text, 0, &fd);
	if (ret)
		return ret;
	import_detach();
	if (fd < 0)
		return 0;
	b = dma_buf_get(fd);
	if (IS_ERR(b))
		return PTR_ERR(b);
	at = dma_buf_attach(b, &device->dev);
	if (IS_ERR(at)) {
		dma_buf_put(b);
		return PTR_ERR(at);
	}
	buf = b;
	attachment = at;
	return 0;
}

static int set_map(const char *text, const struct kernel_param *kp)
{
	struct sg_table *t;

	if (!attachment)
		return -ENXIO;
	import_unmap();
	if (sysfs_streq(text, "no"))
		return 0;
	if (sysfs_streq(text, "to"))
		direction = DMA_TO_DEVICE;
	else if (sysfs_streq(text, "from"))
		direction = DMA_FROM_DEVICE;
	else if (sysfs_streq(text, "both"))
		direction = DMA_BIDIRECTIONAL;
	else
		return -EINVAL;
	t = mms_dma_buf_map(attachment, direction);
	if (IS_ERR(t))
		return PTR_ERR(t);
	table = t;
	return 0;
}

static int set_store(const char *text, const struct kernel_param *kp)
{
	struct scatterlist *sg;
	unsigned int i;
	u8 byte;
	int ret;

	ret = kstrtou8(text, 0, &byte);
	if (ret || !table)
		return ret ?: -ENXIO;
	/* no IOMMU: the device's addresses are physical ones */
	for_each_sgtable_dma_sg(table, sg, i)
		memset(phys_to_virt(sg_dma_address(sg)), byte, sg_dma_len(sg));
	return 0;
}

static int get_sum(char *text, const struct kernel_param *kp)
{
	struct scatterlist *sg;
	unsigned int i, j;
	u64 sum = 0;

	if (!table)
		return -ENXIO;
	for_each_sgtable_dma_sg(table, sg, i) {
		const u8 *bytes = phys_to_virt(sg_dma_address(sg));

		for (j = 0; j < sg_dma_len(sg); j++)
			sum += bytes[j];
	}
	return sysfs_emit(text, "%llu\n", sum);
}

static int set_vmap(const char *text, const struct kernel_param *kp)
{
	bool on;
	int ret;

	ret = kstrtobool(text, &on);
	if (ret || !buf)
		return ret ?: -ENXIO;
	import_vunmap();
	return on ? mms_dma_buf_vmap(buf, &vmapped) : 0;
}

static int set_vstore(const char *text, const struct kernel_param *kp)
{
	u8 byte;
	int ret;

	ret = kstrtou8(text, 0, &byte);
	if (ret || iosys_map_is_null(&vmapped))
		return ret ?: -ENXIO;
	iosys_map_memset(&vmapped, 0, byte, buf->size);
	return 0;
}

static const struct kernel_param_ops attach_ops = { .set = set_attach };
module_param_cb(attach, &attach_ops, NULL, 0200);
MODULE_PARM_DESC(attach, "Attach the dma-buf of this descriptor, or detach (-1)");

static const struct kernel_param_ops map_ops = { .set = set_map };
module_param_cb(map, &map_ops, NULL, 0200);
MODULE_PARM_DESC(map, "Map it for the device: to, from, both, or no");

static const struct kernel_param_ops store_ops = { .set = set_store };
module_param_cb(store, &store_ops, NULL, 0200);
MODULE_PARM_DESC(store, "The device stores this byte everywhere");

static const struct kernel_param_ops sum_ops = { .get = get_sum };
module_param_cb(sum, &sum_ops, NULL, 0400);
MODULE_PARM_DESC(sum, "Sum of all bytes");

static const struct kernel_param_ops vmap_ops = { .set = set_vmap };
module_param_cb(vmap, &vmap_ops, NULL, 0200);
MODULE_PARM_DESC(vmap, "Map it for the kernel");

static const struct kernel_param_ops vstore_ops = { .set = set_vstore };
module_param_cb(vstore, &vstore_ops, NULL, 0200);
MODULE_PARM_DESC(vstore, "The kernel stores this byte everywhere");

static int import_mmap(struct file *file, struct vm_area_struct *vma)
{
	return buf ? dma_buf_mmap(buf, vma, vma->vm_pgoff) : -ENXIO;
}

static const struct file_operations import_fops = {
	.owner = THIS_MODULE,
	.mmap = import_mmap,
};

static struct miscdevice import_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mmapshare_import",
	.fops = &import_fops,
	.mode = 0600,
};

static int __init import_init(void)
{
	int ret;

	device = platform_device_register_simple("mmapshare_import", PLATFORM_DEVID_NONE, NULL, 0);
	if (IS_ERR(device))
		return PTR_ERR(device);
	ret = dma_coerce_mask_and_coherent(&device->dev, DMA_BIT_MASK(64)) ?:
	      misc_register(&import_misc);
	if (ret)
		platform_device_unregister(device);
	return ret;
}

static void __exit import_exit(void)
{
	misc_deregister(&import_misc);
	import_detach();
	platform_device_unregister(device);
}

module_init(import_init);
module_exit(import_exit);

MODULE_DESCRIPTION("mmapshare: a device that imports a dma-buf, for tests");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(MMS_NS_DMA_BUF);
