/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the driver know of each other. Calls go one way:
 * main.c -> file.c, ioctl.c -> region.c -> map.c -> pages.c.
 */
#ifndef MMAPSHARE_INTERNAL_H
#define MMAPSHARE_INTERNAL_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/mmapshare.h>

struct mms_region;

/**
 * struct mms_strategy - one way to get and to map memory
 * @name: as in the module parameter
 * @id: enum mmapshare_strategy
 * @features: MMAPSHARE_FEAT_*
 * @get_pages: fill region->pages with zeroed pages, one reference each.
 *	On failure it leaves nothing behind. May sleep.
 * @put_pages: give back what @get_pages got
 * @map: set up a VMA whose range is inside the region. Called with the mmap
 *	lock held for writing; the caller unmaps whatever a failure leaves.
 * @vm_ops: for the VMA, after @map succeeded
 */
struct mms_strategy {
	const char *name;
	u32 id;
	u64 features;
	int (*get_pages)(struct mms_region *r);
	void (*put_pages)(struct mms_region *r);
	int (*map)(struct mms_region *r, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

/**
 * struct mms_region - a fixed-size, zeroed buffer with a kernel address
 * @ref: the module holds one for the default region, each open file one.
 *	A mapping needs none of its own: its VMA holds the file.
 * @id: number in tracepoints; 0 is the default region
 * @size: bytes, a multiple of PAGE_SIZE
 * @nr_pages: @size in pages
 * @strategy: how @pages were got and are mapped
 * @pages: every page of the region, each with a reference of the region's
 * @vaddr: @pages in a row in vmalloc space
 * @shmem: the shmem file that owns @pages, where the strategy uses one
 * @huge_pages: how many PMD-sized pages @pages consist of
 * @inode: its i_mapping is the f_mapping of every file open on the region,
 *	so all mappings are found in one place; its i_size is @size, which
 *	the core wants before it maps a huge page
 * @maps: VMAs that map the region, changed by the vm_ops, read by anyone
 *
 * All but @ref and @maps are constant from mms_region_create() on, and so
 * need no lock. The bytes in the region belong to the users.
 */
struct mms_region {
	refcount_t ref;
	u32 id;
	u64 size;
	unsigned long nr_pages;
	const struct mms_strategy *strategy;
	struct page **pages;
	void *vaddr;
	struct file *shmem;
	unsigned long huge_pages;
	struct inode *inode;
	atomic_long_t maps;
};

/* The one rule for every offset and length that comes from user space. */
static inline bool mms_range_ok(u64 size, u64 offset, u64 length)
{
	return offset <= size && length <= size - offset;
}

/* region.c */
int mms_region_init(void);
void mms_region_exit(void);
struct mms_region *mms_region_create(u64 size, const struct mms_strategy *s);
struct mms_region *mms_region_get(struct mms_region *r);
void mms_region_put(struct mms_region *r);

/* map.c */
extern bool mms_allow_exec;
const struct mms_strategy *mms_strategy_by_name(const char *name);
int mms_mmap(struct file *file, struct vm_area_struct *vma);

/* pages.c */
int mms_pages_init(void);
void mms_pages_exit(void);
int mms_get_shmem_pages(struct mms_region *r);
int mms_get_huge_pages(struct mms_region *r);
void mms_put_shmem_pages(struct mms_region *r);
int mms_get_single_pages(struct mms_region *r);
int mms_get_page_runs(struct mms_region *r);
void mms_put_own_pages(struct mms_region *r);

/* file.c */
extern const struct file_operations mms_fops;
extern struct mms_region *mms_default_region;

/* ioctl.c */
long mms_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* MMAPSHARE_INTERNAL_H */
