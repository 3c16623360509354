// SPDX-License-Identifier: GPL-2.0
/*
 * Chapter 7: how many page table entries one fault makes. The memory is one
 * block that a single entry of the PMD level can map.
 */
#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include "compat.h"

#define TABLES_ORDER	(PMD_SHIFT - PAGE_SHIFT)
#define TABLES_PAGES	BIT(TABLES_ORDER)

static struct page *tables_block;

static unsigned int around = 1;
module_param(around, uint, 0644);
MODULE_PARM_DESC(around, "number of pages that a fault maps");
static bool huge;
module_param(huge, bool, 0644);
MODULE_PARM_DESC(huge, "map by PMD entries where possible");

static atomic_t tables_count[3];
enum { TABLES_FAULTS, TABLES_HUGE_FAULTS, TABLES_VMA_LOCKED };

static int tables_get_count(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(kp->arg));
}

static const struct kernel_param_ops tables_count_ops = {
	.get = tables_get_count,
};

module_param_cb(faults, &tables_count_ops, &tables_count[TABLES_FAULTS], 0444);
MODULE_PARM_DESC(faults, "calls of ->fault");
module_param_cb(huge_faults, &tables_count_ops, &tables_count[TABLES_HUGE_FAULTS], 0444);
MODULE_PARM_DESC(huge_faults, "PMD entries made");
module_param_cb(vma_locked, &tables_count_ops, &tables_count[TABLES_VMA_LOCKED], 0444);
MODULE_PARM_DESC(vma_locked, "calls of ->fault under the lock of the VMA");

/* Return: the frame number of @addr. tables_mmap() has checked that it exists. */
static unsigned long tables_pfn(struct vm_area_struct *vma, unsigned long addr)
{
	return page_to_pfn(tables_block) + vma->vm_pgoff +
	       ((addr - vma->vm_start) >> PAGE_SHIFT);
}

/*
 * Map a window of aligned addresses, as far as it is in the VMA. Failures for
 * pages other than the faulting one do not matter: these fault later.
 */
static vm_fault_t tables_fault(struct vm_fault *vmf)
{
	const unsigned int pages = clamp(READ_ONCE(around), 1U, (unsigned int)TABLES_PAGES);
	const unsigned long size = rounddown_pow_of_two(pages) * PAGE_SIZE;
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = round_down(vmf->address, size);
	unsigned long end = min(start + size, vma->vm_end);
	unsigned long addr = max(start, vma->vm_start);
	vm_fault_t ret;

	atomic_inc(&tables_count[TABLES_FAULTS]);
	if (fault_holds_vma_lock(vmf))
		atomic_inc(&tables_count[TABLES_VMA_LOCKED]);
	ret = vmf_insert_pfn(vma, vmf->address, tables_pfn(vma, vmf->address));
	for (; ret == VM_FAULT_NOPAGE && addr < end; addr += PAGE_SIZE)
		if (addr != vmf->address)
			vmf_insert_pfn(vma, addr, tables_pfn(vma, addr));
	return ret;
}

#ifdef HAVE_HUGE_FAULT
/* An entry must not reach beyond the VMA, nor begin in the middle of the block. */
static vm_fault_t tables_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned long start = vmf->address & PMD_MASK;
	vm_fault_t ret;

	if (!READ_ONCE(huge) || order != TABLES_ORDER || start < vma->vm_start ||
	    vma->vm_end - start < PMD_SIZE ||
	    tables_pfn(vma, start) != page_to_pfn(tables_block))
		return VM_FAULT_FALLBACK;
	ret = insert_pfn_pmd(vmf, page_to_pfn(tables_block));
	if (ret == VM_FAULT_NOPAGE)
		atomic_inc(&tables_count[TABLES_HUGE_FAULTS]);
	return ret;
}
#endif

static const struct vm_operations_struct tables_vm_ops = {
	.fault = tables_fault,
#ifdef HAVE_HUGE_FAULT
	.huge_fault = tables_huge_fault,
#endif
};

/* VM_PFNMAP: see chapter 6 for why there are no private mappings. */
static int tables_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_pgoff >= TABLES_PAGES || vma_pages(vma) > TABLES_PAGES - vma->vm_pgoff)
		return -ENXIO;
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &tables_vm_ops;
	return 0;
}

static const struct file_operations tables_fops = {
	.owner = THIS_MODULE,
	.mmap = tables_mmap,
};

static struct miscdevice tables_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tutorial-tables",
	.fops = &tables_fops,
};

static int __init tables_init(void)
{
	int ret;

	tables_block = alloc_pages(GFP_KERNEL | __GFP_COMP | __GFP_ZERO, TABLES_ORDER);
	if (!tables_block)
		return -ENOMEM;
	ret = misc_register(&tables_device);
	if (ret)
		__free_pages(tables_block, TABLES_ORDER);
	return ret;
}
module_init(tables_init);

static void __exit tables_exit(void)
{
	misc_deregister(&tables_device);
	__free_pages(tables_block, TABLES_ORDER);
}
module_exit(tables_exit);

MODULE_DESCRIPTION("Tutorial, chapter 7: page tables");
MODULE_LICENSE("GPL");
