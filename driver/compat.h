/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between kernel versions. probe.sh defines MMS_HAVE_* by
 * compiling a test program for each: a version number does not tell, because
 * distributions backport changes.
 */
#ifndef MMAPSHARE_COMPAT_H
#define MMAPSHARE_COMPAT_H

#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include "compat_probes.h"

/* 6.3 made vma->vm_flags read-only */
#ifndef MMS_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.2 made the parameter of ->devnode const */
#ifdef MMS_HAVE_CONST_DEVNODE
#define MMS_CONST_DEVNODE	const
#else
#define MMS_CONST_DEVNODE
#endif

/* 6.2 made the parameter of ->uevent const */
#ifdef MMS_HAVE_CONST_UEVENT
#define MMS_CONST_UEVENT	const
#else
#define MMS_CONST_UEVENT
#endif

/* 6.5 replaced generic_file_splice_read() by copy_splice_read() */
#ifdef MMS_HAVE_COPY_SPLICE_READ
#define mms_splice_read		copy_splice_read
#else
#define mms_splice_read		generic_file_splice_read
#endif

/* 6.17 made ->s_d_op private */
static inline void mms_set_default_d_op(struct super_block *sb,
					const struct dentry_operations *ops)
{
#ifdef MMS_HAVE_SET_DEFAULT_D_OP
	set_default_d_op(sb, ops);
#else
	sb->s_d_op = ops;
#endif
}

/*
 * 6.10 introduced mapping_set_inaccessible(), for pages that must not be
 * migrated. Without it compaction tries to migrate them, fails, and may split
 * large folios.
 */
static inline void mms_mapping_set_unmovable(struct address_space *mapping)
{
	mapping_set_unevictable(mapping);
#ifdef MMS_HAVE_MAPPING_SET_INACCESSIBLE
	mapping_set_inaccessible(mapping);
#endif
}

/* 6.8 replaced ->error_remove_page() by ->error_remove_folio() */
#ifdef MMS_HAVE_ERROR_REMOVE_FOLIO
#define MMS_ERROR_REMOVE(fn)	.error_remove_folio = (fn)
#define MMS_ERROR_PAGE		struct folio
#else
#define MMS_ERROR_REMOVE(fn)	.error_remove_page = (fn)
#define MMS_ERROR_PAGE		struct page
#endif

/**
 * struct mms_mapping - a mapping that mmap() is about to make
 * @file: the file that is mapped
 * @start: first address
 * @end: address after the last one
 * @pgoff: page of the file that is mapped at @start
 * @flags: VM_*; the driver may change them
 * @unpinnable: set by the driver: nothing may keep a reference to a page when it is
 *	no longer mapped
 * @vm_ops: set by the driver
 */
struct mms_mapping {
	struct file *file;
	unsigned long start;
	unsigned long end;
	pgoff_t pgoff;
	vm_flags_t flags;
	bool unpinnable;
	const struct vm_operations_struct *vm_ops;
};

static inline struct mms_mapping mms_mapping_of(const struct vm_area_struct *vma)
{
	return (struct mms_mapping){
		.file = vma->vm_file,
		.start = vma->vm_start,
		.end = vma->vm_end,
		.pgoff = vma->vm_pgoff,
		.flags = vma->vm_flags,
	};
}

/*
 * The hooks of mmap(). The driver has two functions, which are called in this
 * order on all kernels:
 *
 *  - mms_map_prepare() checks the intended mapping, and chooses its flags and
 *    vm_ops. It changes no other state: mmap() may fail afterwards, without a
 *    call of the driver.
 *  - mms_map_vma() counts the VMA and makes page table entries. It may fail.
 */
int mms_map_prepare(struct mms_mapping *m);
int mms_map_vma(struct vm_area_struct *vma);

/*
 * Both steps, for an operation that gets a VMA which is in no tree yet: .mmap of the
 * file before 7.1, and that of a dma-buf on all kernels.
 */
static inline int mms_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mms_mapping m = mms_mapping_of(vma);
	int ret = mms_map_prepare(&m);

	if (ret)
		return ret;
	vm_flags_set(vma, m.flags);
	vm_flags_clear(vma, ~m.flags);
	vma->vm_ops = m.vm_ops;
	ret = mms_map_vma(vma);
	/*
	 * after a failure the core removes the page table entries, but does not
	 * call ->close
	 */
	if (ret)
		vma->vm_ops->close(vma);
	return ret;
}

#ifdef MMS_HAVE_MMAP_PREPARE

/*
 * Since 7.1: .mmap_prepare is called before the VMA exists, vm_ops->mapped
 * after
 */
#define MMS_FOPS_MMAP		.mmap_prepare = mms_mmap_prepare,
#define MMS_VM_OPS_MAPPED	.mapped = mms_vma_mapped,

static inline int mms_mmap_prepare(struct vm_area_desc *desc)
{
	struct mms_mapping m = {
		.file = desc->file,
		.start = desc->start,
		.end = desc->end,
		.pgoff = desc->pgoff,
		.flags = vma_flags_to_legacy(desc->vma_flags),
	};
	int ret = mms_map_prepare(&m);

	if (ret)
		return ret;
	desc->vma_flags = legacy_to_vma_flags(m.flags);
	desc->vm_ops = m.vm_ops;
	return 0;
}

/*
 * The core does not pass the VMA, but has inserted it into the tree and holds
 * the mmap lock for writing: find_vma() finds it.
 *
 * This is not so if another file maps this one in its own mmap operation, as a
 * stacked file does: that mapping is refused. After a failure the core unmaps
 * the VMA, and calls ->close.
 */
static inline int mms_vma_mapped(unsigned long start, unsigned long end, pgoff_t pgoff,
				 const struct file *file, void **private_data)
{
	struct vm_area_struct *vma = find_vma(current->mm, start);
	int ret;

	if (!vma || vma->vm_start != start || vma->vm_file != file)
		return -EINVAL;
	ret = mms_map_vma(vma);
	*private_data = vma->vm_private_data;
	return ret;
}

#else

/* Before 7.1: .mmap is called, with a VMA that is in no tree yet */
#define MMS_FOPS_MMAP		.mmap = mms_mmap,
#define MMS_VM_OPS_MAPPED

#endif

/*
 * Keep the shared VMA of mms_map_vma() from ever becoming writable. From 7.1 on
 * the core has already counted the VMA in i_mmap_writable: undo that.
 */
static inline void mms_vma_deny_write(struct vm_area_struct *vma)
{
	vm_flags_clear(vma, VM_MAYWRITE);
#ifdef MMS_HAVE_MMAP_PREPARE
	mapping_unmap_writable(vma->vm_file->f_mapping);
#endif
}

/*
 * Before 6.14 crc32c() is in a separate module, which insmod does not load;
 * __crc32c_le() is built in.
 */
static inline u32 mms_crc32c(u32 crc, const void *p, size_t n)
{
#ifdef MMS_HAVE_CRC32C_LE
	return __crc32c_le(crc, p, n);
#else
	return crc32c(crc, p, n);
#endif
}

/*
 * Number of page table entries that map any part of a folio. Before 6.10
 * modules have only page_mapcount(), which counts a PMD entry in each page.
 */
static inline long mms_folio_mapcount(struct folio *folio)
{
#ifdef MMS_HAVE_FOLIO_LARGE_MAPCOUNT
	return folio_mapcount(folio);
#else
	long i, nr = folio_nr_pages(folio), count = 0;

	for (i = 0; i < nr; i++)
		count += page_mapcount(folio_page(folio, i));
	if (nr > 1)
		count -= (nr - 1) * folio_entire_mapcount(folio);
	return count;
#endif
}

/* 6.13 made the namespace of EXPORT_SYMBOL_NS_GPL() a string */
#ifdef MMS_HAVE_NS_TOKEN
#define MMS_NS			MMAPSHARE
#define MMS_NS_DMA_BUF		DMA_BUF
#else
#define MMS_NS			"MMAPSHARE"
#define MMS_NS_DMA_BUF		"DMA_BUF"
#endif

/*
 * 6.13 merged hrtimer_init() and setting .function into hrtimer_setup(); later
 * kernels dropped hrtimer_init().
 */
static inline void mms_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*fn)(struct hrtimer *timer),
				     clockid_t clock, enum hrtimer_mode mode)
{
#ifdef MMS_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#endif
}

/* 6.2 renamed the function. Users of the macro include <linux/ftrace.h>. */
#ifdef MMS_HAVE_FTRACE_SET_IP
#define mms_ftrace_set_ip	ftrace_regs_set_instruction_pointer
#else
#define mms_ftrace_set_ip	ftrace_instruction_pointer_set
#endif

/* 6.12 introduced memory that the boot reserves by name, reserve_mem= */
static inline int mms_find_reserved(const char *name, phys_addr_t *start, phys_addr_t *size)
{
#ifdef MMS_HAVE_RESERVE_MEM
	return reserve_mem_find_by_name(name, start, size) ? 0 : -ENOENT;
#else
	return -EOPNOTSUPP;
#endif
}

/*
 * 6.2 gave the functions that take the reservation lock themselves another name. Users
 * of the macros include <linux/dma-buf.h>.
 */
#ifdef MMS_HAVE_DMA_BUF_MAP_UNLOCKED
#define mms_dma_buf_map		dma_buf_map_attachment_unlocked
#define mms_dma_buf_unmap	dma_buf_unmap_attachment_unlocked
#else
#define mms_dma_buf_map		dma_buf_map_attachment
#define mms_dma_buf_unmap	dma_buf_unmap_attachment
#endif
#ifdef MMS_HAVE_DMA_BUF_VMAP_UNLOCKED
#define mms_dma_buf_vmap	dma_buf_vmap_unlocked
#define mms_dma_buf_vunmap	dma_buf_vunmap_unlocked
#else
#define mms_dma_buf_vmap	dma_buf_vmap
#define mms_dma_buf_vunmap	dma_buf_vunmap
#endif

/*
 * PMD_ORDER exists since 6.9; HPAGE_PMD_ORDER only with transparent huge pages
 */
#define MMS_PMD_ORDER		(PMD_SHIFT - PAGE_SHIFT)

#endif /* MMAPSHARE_COMPAT_H */
