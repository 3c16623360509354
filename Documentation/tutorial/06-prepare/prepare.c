// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 6: .mmap_prepare describes the mapping; the core makes it.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>

#define PREPARE_PAGES	4
#define PREPARE_SIZE	(PREPARE_PAGES * PAGE_SIZE)

static char *prepare_memory;

/*
 * Check what both hooks are asked for. The first comparison keeps the
 * subtraction in the second from wrapping around.
 */
static int prepare_check(pgoff_t pgoff, unsigned long pages, bool shared)
{
	if (pgoff >= PREPARE_PAGES || pages > PREPARE_PAGES - pgoff)
		return -ENXIO;
	return shared ? 0 : -EINVAL;
}

static unsigned long prepare_pfn(pgoff_t pgoff)
{
	return PHYS_PFN(virt_to_phys(prepare_memory)) + pgoff;
}

#ifdef HAVE_MMAP_PREPARE
static int prepare_mmap_prepare(struct vm_area_desc *desc)
{
	int ret = prepare_check(desc->pgoff, vma_desc_pages(desc),
				vma_desc_test(desc, VMA_MAYSHARE_BIT));

	if (ret)
		return ret;
	mmap_action_remap_full(desc, prepare_pfn(desc->pgoff));
	return 0;
}
#else
static int prepare_mmap(struct file *file, struct vm_area_struct *vma)
{
	int ret = prepare_check(vma->vm_pgoff, vma_pages(vma),
				vma->vm_flags & VM_MAYSHARE);

	if (ret)
		return ret;
	return remap_pfn_range(vma, vma->vm_start, prepare_pfn(vma->vm_pgoff),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}
#endif

static const struct file_operations prepare_fops = {
	.owner = THIS_MODULE,
#ifdef HAVE_MMAP_PREPARE
	.mmap_prepare = prepare_mmap_prepare,
#else
	.mmap = prepare_mmap,
#endif
};

static struct miscdevice prepare_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-prepare",
	.fops = &prepare_fops,
};

static int __init prepare_init(void)
{
	int ret;

	prepare_memory = alloc_pages_exact(PREPARE_SIZE, GFP_KERNEL | __GFP_ZERO);
	if (!prepare_memory)
		return -ENOMEM;
	strscpy(prepare_memory, "contiguous", PREPARE_SIZE);
	ret = misc_register(&prepare_device);
	if (ret)
		free_pages_exact(prepare_memory, PREPARE_SIZE);
	return ret;
}
module_init(prepare_init);

static void __exit prepare_exit(void)
{
	misc_deregister(&prepare_device);
	free_pages_exact(prepare_memory, PREPARE_SIZE);
}
module_exit(prepare_exit);

MODULE_DESCRIPTION("Tutorial, chapter 6: mmap_prepare");
MODULE_LICENSE("GPL");
