// SPDX-License-Identifier: GPL-2.0
/*
 * Regions as dma-bufs: the pages of a range, for the drivers of devices.
 *
 * The importing driver gets the DMA addresses of the pages, or a kernel mapping of them.
 * Such a use holds a reference to each page, like a page pin of direct I/O, so
 * SEAL_WRITE fails with -EBUSY while it lasts. A revocation prevents new uses. A use
 * that has begun keeps its pages, which no longer belong to the region; the user of the
 * region remains charged for them.
 *
 * A writable dma-buf counts in r->writable as long as it exists, even if nothing maps
 * it: unlike an open file of the region, it can be mapped by a device at any time.
 *
 * A program that maps the dma-buf gets an ordinary mapping of the region.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include "compat.h"
#include "file.h"

/* Size of the first version of the structure. */
#define MMS_DMABUF_SIZE_VER0	24

static_assert(sizeof(struct mmapshare_dmabuf_args) == MMS_DMABUF_SIZE_VER0);

#ifdef CONFIG_DMA_SHARED_BUFFER

#include <linux/align.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/iosys-map.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/page_ref.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

/**
 * struct mms_dmabuf - a range of a region, as a dma-buf
 * @file: an open file of the region, with O_RDWR if @writable, else O_RDONLY
 * @pgoff: first page of the range
 * @nr_pages: number of its pages
 * @writable: whether devices, and programs that map it, may write
 * @lock: protects @uses
 * @uses: the mappings for devices, a list of struct mms_dmabuf_use
 */
struct mms_dmabuf {
	struct file *file;
	pgoff_t pgoff;
	unsigned long nr_pages;
	bool writable;
	struct mutex lock;	/* protects uses */
	struct list_head uses;
};

/**
 * struct mms_dmabuf_use - the pages, mapped for a device
 * @list: in the list of the dma-buf
 * @dev: the device
 * @dir: direction of the DMA
 * @sgt: the pages, each with a reference, and their addresses for @dev
 */
struct mms_dmabuf_use {
	struct list_head list;
	struct device *dev;
	enum dma_data_direction dir;
	struct sg_table sgt;
};

static struct mms_region *mms_dmabuf_region(const struct mms_dmabuf *d)
{
	return mms_region_of(d->file);
}

/*
 * Begin a use: get a reference to each page, and call @begin, one of the functions of
 * access.c. Return: the pages, valid until mms_access_end(); -ENODEV if the region was
 * revoked; -EIO if a page has a memory failure; -EINTR if @begin returns that.
 */
static struct page **mms_dmabuf_begin(const struct mms_dmabuf *d,
				      int (*begin)(struct mms_region *r, bool store))
{
	struct mms_region *r = mms_dmabuf_region(d);
	const u64 length = (u64)d->nr_pages << PAGE_SHIFT;
	struct page **pages = &r->mem.pages[d->pgoff];
	unsigned long i;
	int ret = begin(r, false);

	if (ret)
		return ERR_PTR(ret);
	if (mms_intact(&r->mem, (u64)d->pgoff << PAGE_SHIFT, length) != length) {
		mms_access_end(r);
		return ERR_PTR(-EIO);
	}
	for (i = 0; i < d->nr_pages; i++) {
		mms_get_folio(pages[i]);
		cond_resched();
	}
	return pages;
}

/* Drop the references that mms_dmabuf_begin() has taken. */
static void mms_dmabuf_put_pages(const struct mms_dmabuf *d, struct page **pages)
{
	unsigned long i;

	for (i = 0; i < d->nr_pages; i++)
		put_page(pages[i]);
}

/*
 * Drop the references that @sgt holds. The folios are dirty from their allocation on, so
 * that what a device has written need not be marked.
 */
static void mms_dmabuf_put_table(struct sg_table *sgt)
{
	struct sg_page_iter iter;

	for_each_sgtable_page(sgt, &iter, 0)
		put_page(sg_page_iter_page(&iter));
	sg_free_table(sgt);
}

static int mms_dmabuf_get_table(const struct mms_dmabuf *d, struct device *dev,
				struct sg_table *sgt)
{
	struct page **pages = mms_dmabuf_begin(d, mms_access_begin);
	int ret;

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	ret = sg_alloc_table_from_pages_segment(sgt, pages, d->nr_pages, 0,
						d->nr_pages << PAGE_SHIFT,
						dma_get_max_seg_size(dev), GFP_KERNEL);
	if (ret)
		mms_dmabuf_put_pages(d, pages);
	mms_access_end(mms_dmabuf_region(d));
	return ret;
}

/*
 * ->map_dma_buf. Called with the reservation lock of the dma-buf held. Return: the
 * table; -EACCES if the dma-buf is read-only and @dir lets the device write; -ENODEV,
 * -EIO, -EINTR as mms_dmabuf_begin(); -ENOMEM; or the error of dma_map_sgtable().
 */
static struct sg_table *mms_dmabuf_map(struct dma_buf_attachment *at,
				       enum dma_data_direction dir)
{
	struct mms_dmabuf *d = at->dmabuf->priv;
	struct mms_dmabuf_use *use;
	int ret;

	if (!d->writable && dir != DMA_TO_DEVICE)
		return ERR_PTR(-EACCES);
	use = kzalloc(sizeof(*use), GFP_KERNEL_ACCOUNT);
	if (!use)
		return ERR_PTR(-ENOMEM);
	use->dev = at->dev;
	use->dir = dir;
	ret = mms_dmabuf_get_table(d, at->dev, &use->sgt);
	if (ret)
		goto free;
	ret = dma_map_sgtable(at->dev, &use->sgt, dir, 0);
	if (ret)
		goto put_table;
	mutex_lock(&d->lock);
	list_add(&use->list, &d->uses);
	mutex_unlock(&d->lock);
	return &use->sgt;

put_table:
	mms_dmabuf_put_table(&use->sgt);
free:
	kfree(use);
	return ERR_PTR(ret);
}

static void mms_dmabuf_unmap(struct dma_buf_attachment *at, struct sg_table *sgt,
			     enum dma_data_direction dir)
{
	struct mms_dmabuf_use *use = container_of(sgt, struct mms_dmabuf_use, sgt);
	struct mms_dmabuf *d = at->dmabuf->priv;

	mutex_lock(&d->lock);
	list_del(&use->list);
	mutex_unlock(&d->lock);
	dma_unmap_sgtable(use->dev, sgt, use->dir, 0);
	mms_dmabuf_put_table(sgt);
	kfree(use);
}

/* The core names no attachment: sync the mappings for all devices. */
static int mms_dmabuf_begin_cpu(struct dma_buf *buf, enum dma_data_direction dir)
{
	struct mms_dmabuf *d = buf->priv;
	struct mms_dmabuf_use *use;

	mutex_lock(&d->lock);
	list_for_each_entry(use, &d->uses, list)
		dma_sync_sgtable_for_cpu(use->dev, &use->sgt, use->dir);
	mutex_unlock(&d->lock);
	return 0;
}

static int mms_dmabuf_end_cpu(struct dma_buf *buf, enum dma_data_direction dir)
{
	struct mms_dmabuf *d = buf->priv;
	struct mms_dmabuf_use *use;

	mutex_lock(&d->lock);
	list_for_each_entry(use, &d->uses, list)
		dma_sync_sgtable_for_device(use->dev, &use->sgt, use->dir);
	mutex_unlock(&d->lock);
	return 0;
}

/*
 * Map one zeroed page at all @d->nr_pages positions, with one reference for each, which
 * mms_dmabuf_vunmap() drops. Return: the address, or NULL if there is no memory.
 */
static void *mms_dmabuf_vmap_empty(const struct mms_dmabuf *d)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	struct page **pages = kvmalloc_array(d->nr_pages, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	void *vaddr = NULL;

	if (page && pages) {
		memset_p((void **)pages, page, d->nr_pages);
		vaddr = vmap(pages, d->nr_pages, VM_MAP, PAGE_KERNEL);
	}
	if (vaddr)
		page_ref_add(page, d->nr_pages - 1);
	else if (page)
		put_page(page);
	kvfree(pages);
	return vaddr;
}

/*
 * ->vmap: map the pages for CPU access by the importer. Not the region's own kernel
 * mapping, because a revocation removes that.
 *
 * dma_buf_vmap() warns if this fails. So if the region was revoked, or a page has a memory
 * failure, the importer gets a zeroed page that nothing else uses. Not if its task was
 * killed: the core keeps the mapping for other importers, and the region is intact.
 */
static int mms_dmabuf_vmap(struct dma_buf *buf, struct iosys_map *map)
{
	struct mms_dmabuf *d = buf->priv;
	struct page **pages = mms_dmabuf_begin(d, mms_access_begin_unkillable);
	void *vaddr;

	if (IS_ERR(pages)) {
		vaddr = mms_dmabuf_vmap_empty(d);
	} else {
		vaddr = vmap(pages, d->nr_pages, VM_MAP, PAGE_KERNEL);
		if (!vaddr)
			mms_dmabuf_put_pages(d, pages);
		mms_access_end(mms_dmabuf_region(d));
	}
	if (!vaddr)
		return -ENOMEM;
	iosys_map_set_vaddr(map, vaddr);
	return 0;
}

/* Not by r->mem.pages: a revocation since ->vmap has changed that array. */
static void mms_dmabuf_vunmap(struct dma_buf *buf, struct iosys_map *map)
{
	const struct mms_dmabuf *d = buf->priv;
	unsigned long i;

	for (i = 0; i < d->nr_pages; i++)
		put_page(vmalloc_to_page(map->vaddr + (i << PAGE_SHIFT)));
	vunmap(map->vaddr);
}

/*
 * ->mmap. The core has checked the range. It has checked the access against the open mode
 * of the dma-buf, or, if an importer calls dma_buf_mmap(), against that of a file of the
 * importer. So a dma-buf that is not writable refuses VMAs that are, as do_mmap() does.
 *
 * The region's lock keeps seals from being added between the two steps of mms_mmap():
 * from 7.1 on, mms_map_vma() cannot make a VMA read-only that is in no tree yet.
 */
static int mms_dmabuf_mmap(struct dma_buf *buf, struct vm_area_struct *vma)
{
	const struct mms_dmabuf *d = buf->priv;
	struct mms_region *r = mms_dmabuf_region(d);
	int ret;

	if (!d->writable && vma->vm_flags & VM_SHARED) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	ret = mutex_lock_killable(&r->lock);
	if (ret)
		return ret;
	vma_set_file(vma, d->file);
	vma->vm_pgoff += d->pgoff;
	ret = mms_mmap(d->file, vma);
	mutex_unlock(&r->lock);
	return ret;
}

static void mms_dmabuf_free(struct mms_dmabuf *d)
{
	if (d->writable)
		mms_seal_drop(mms_dmabuf_region(d));
	fput(d->file);
	kfree(d);
}

static void mms_dmabuf_release(struct dma_buf *buf)
{
	mms_dmabuf_free(buf->priv);
}

/* No ->vmap: an importer does not declare whether it writes to the mapping. */
static const struct dma_buf_ops mms_dmabuf_read_only_ops = {
	.map_dma_buf = mms_dmabuf_map,
	.unmap_dma_buf = mms_dmabuf_unmap,
	.begin_cpu_access = mms_dmabuf_begin_cpu,
	.end_cpu_access = mms_dmabuf_end_cpu,
	.mmap = mms_dmabuf_mmap,
	.release = mms_dmabuf_release,
};

static const struct dma_buf_ops mms_dmabuf_ops = {
	.map_dma_buf = mms_dmabuf_map,
	.unmap_dma_buf = mms_dmabuf_unmap,
	.begin_cpu_access = mms_dmabuf_begin_cpu,
	.end_cpu_access = mms_dmabuf_end_cpu,
	.mmap = mms_dmabuf_mmap,
	.vmap = mms_dmabuf_vmap,
	.vunmap = mms_dmabuf_vunmap,
	.release = mms_dmabuf_release,
};

static struct mms_dmabuf *mms_dmabuf_alloc(struct file *file,
					   const struct mmapshare_dmabuf_args *args)
{
	struct mms_region *r = mms_region_of(file);
	struct mms_dmabuf *d = kzalloc(sizeof(*d), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!d)
		return ERR_PTR(-ENOMEM);
	mutex_init(&d->lock);
	INIT_LIST_HEAD(&d->uses);
	d->pgoff = args->offset >> PAGE_SHIFT;
	d->nr_pages = args->length >> PAGE_SHIFT;
	d->writable = args->flags & MMAPSHARE_DMABUF_WRITABLE;
	ret = d->writable ? mms_seal_hold(r) : 0;
	if (ret)
		goto free;
	d->file = mms_open_for_mappings(r, d->writable ? O_RDWR : O_RDONLY, file->f_op);
	if (!IS_ERR(d->file))
		return d;
	ret = PTR_ERR(d->file);
	if (d->writable)
		mms_seal_drop(r);
free:
	kfree(d);
	return ERR_PTR(ret);
}

static struct dma_buf *mms_dmabuf_export(struct file *file,
					 const struct mmapshare_dmabuf_args *args)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct mms_dmabuf *d = mms_dmabuf_alloc(file, args);
	struct dma_buf *buf;

	if (IS_ERR(d))
		return ERR_CAST(d);
	info.ops = d->writable ? &mms_dmabuf_ops : &mms_dmabuf_read_only_ops;
	info.size = args->length;
	info.flags = d->writable ? O_RDWR : O_RDONLY;
	info.priv = d;
	buf = dma_buf_export(&info);
	if (IS_ERR(buf))
		mms_dmabuf_free(d);
	return buf;
}

static int mms_dmabuf_fd(struct file *file, const struct mmapshare_dmabuf_args *args)
{
	struct dma_buf *buf = mms_dmabuf_export(file, args);
	int fd;

	if (IS_ERR(buf))
		return PTR_ERR(buf);
	fd = dma_buf_fd(buf, args->flags & MMAPSHARE_DMABUF_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		dma_buf_put(buf);
	return fd;
}

MODULE_IMPORT_NS(MMS_NS_DMA_BUF);

#else

static int mms_dmabuf_fd(struct file *file, const struct mmapshare_dmabuf_args *args)
{
	return -EOPNOTSUPP;
}

#endif

long mms_ioctl_dmabuf(struct file *file, void __user *arg)
{
	const struct mms_region *r = mms_region_of(file);
	struct mmapshare_dmabuf_args args;
	u32 usize;
	int ret;

	ret = mms_copy_in(&args, sizeof(args), MMS_DMABUF_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (args.flags & ~(MMAPSHARE_DMABUF_CLOEXEC | MMAPSHARE_DMABUF_WRITABLE) ||
	    !args.length || !PAGE_ALIGNED(args.offset | args.length))
		return -EINVAL;
	if (!mms_range_ok(r->size, args.offset, args.length))
		return -ENXIO;
	/* reserved memory may have no struct pages */
	if (r->mem.range)
		return -EOPNOTSUPP;
	if (args.flags & MMAPSHARE_DMABUF_WRITABLE) {
		if (!(file->f_mode & FMODE_WRITE))
			return -EBADF;
		/* only endpoints may write to a ring */
		if (r->ring)
			return -EPERM;
	}
	return mms_dmabuf_fd(file, &args);
}
