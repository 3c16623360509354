// SPDX-License-Identifier: GPL-2.0
/*
 * Ranges: physical memory that the administrator has set aside for regions of the
 * strategy "reserved".
 *
 * A range is mapped cached, or, if the administrator says so, write-combining or
 * uncached. A cached range may keep its bytes over a reboot. Its first page is a
 * header, which is not part of any region. A valid header means that the other bytes
 * are kept: they are those of an earlier use, if each boot since then has reserved the
 * range. Without one they are of unknown origin: they are zeroed before a region gets
 * them. The header also says how the last use ended:
 *
 *	clean	the module was unloaded, or the machine was shut down in order
 *	panic	the kernel panicked
 *	dirty	neither: a reset, a hang, or the power was lost; then bytes that were in
 *		the caches may be lost, so that the others are stale
 *
 * At most one region at a time uses a range. This file does not validate the bytes
 * behind the header; ring_found.c validates a ring.
 */
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/io.h>
#include <linux/kernel.h>
#include <linux/libnvdimm.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "memory.h"
#include "range.h"

#define MMS_RANGE_MAGIC		0x65676e6172736d6dULL	/* "mmsrange" */
#define MMS_RANGE_VERSION	1

/* In the header: as @stale of struct mms_range */
#define MMS_HEADER_STALE	BIT(0)

/**
 * struct mms_range_header - the first page of a range that is cached memory
 * @magic: MMS_RANGE_MAGIC
 * @version: MMS_RANGE_VERSION
 * @end: enum mms_range_end of the last use; DIRTY while the range is in use
 * @start: physical address of the header
 * @size: bytes of the range, with the header
 * @generation: number of this use, from 1 on; a use begins with the first region after
 *	the module was loaded
 * @flags: 0 or MMS_HEADER_STALE
 * @crc: CRC-32C of the members above
 */
struct mms_range_header {
	u64 magic;
	u32 version;
	u32 end;
	u64 start;
	u64 size;
	u64 generation;
	u32 flags;
	u32 crc;
};

const char *const mms_range_ends[MMS_RANGE_ENDS] = {
	[MMS_END_NONE] = "none",
	[MMS_END_DIRTY] = "dirty",
	[MMS_END_PANIC] = "panic",
	[MMS_END_CLEAN] = "clean",
};

const char *const mms_range_caches[MMS_RANGE_CACHES] = {
	[MMS_CACHE_WB] = "wb",
	[MMS_CACHE_WC] = "wc",
	[MMS_CACHE_UC] = "uc",
};

struct mms_range mms_ranges[MMS_RANGES_MAX];
unsigned int mms_nr_ranges;

/*
 * Held while a header changes, and while the kernel address of a region is used or
 * removed. Not when the kernel panics.
 */
static DEFINE_MUTEX(mms_ranges_lock);

static u32 mms_header_crc(const struct mms_range_header *header)
{
	return ~mms_crc32c(~0U, header, offsetof(struct mms_range_header, crc));
}

static bool mms_header_ok(const struct mms_range *range)
{
	const struct mms_range_header *header = range->header;

	return header->magic == MMS_RANGE_MAGIC && header->version == MMS_RANGE_VERSION &&
	       header->start == range->start && header->size == range->size &&
	       header->end > MMS_END_NONE && header->end < MMS_RANGE_ENDS &&
	       header->crc == mms_header_crc(header);
}

/* Say in the header how the use ends, if it has begun. Any context. */
void mms_range_set_end(struct mms_range *range, enum mms_range_end end)
{
	struct mms_range_header *header = range->header;

	if (!header || !READ_ONCE(range->used))
		return;
	header->end = end;
	header->flags = range->stale ? MMS_HEADER_STALE : 0;
	header->crc = mms_header_crc(header);
	arch_wb_cache_pmem(header, sizeof(*header));
}

/*
 * Begin a use: write a new header. Not done when the module is loaded, so that a load
 * that fails leaves the header of the last use unchanged.
 */
static void mms_range_begin(struct mms_range *range)
{
	mutex_lock(&mms_ranges_lock);
	*range->header = (struct mms_range_header) {
		.magic = MMS_RANGE_MAGIC,
		.version = MMS_RANGE_VERSION,
		.start = range->start,
		.size = range->size,
		.generation = range->generation,
	};
	WRITE_ONCE(range->used, true);
	mms_range_set_end(range, MMS_END_DIRTY);
	mutex_unlock(&mms_ranges_lock);
}

/**
 * mms_range_renew - what the range has is not stale any more
 * @range: from mms_range_take(). Its user has taken account of @range->stale, or has
 *	written all of it
 *
 * Context: process context, may sleep.
 */
void mms_range_renew(struct mms_range *range)
{
	mutex_lock(&mms_ranges_lock);
	range->stale = false;
	mms_range_set_end(range, MMS_END_DIRTY);
	mutex_unlock(&mms_ranges_lock);
}

/* Read the header of the last use, if the range is cached. */
void mms_range_read_header(struct mms_range *range)
{
	const struct mms_range_header *header = range->header;

	if (!header)
		return;
	range->kept = mms_header_ok(range);
	range->last = range->kept ? header->end : MMS_END_NONE;
	range->generation = range->kept ? header->generation + 1 : 1;
	range->stale = range->last == MMS_END_DIRTY ||
		       (range->kept && header->flags & MMS_HEADER_STALE);
}

/* The machine was off, and the header may be lost. The caller holds the range. */
void mms_range_recheck(struct mms_range *range)
{
	if (mms_header_ok(range))
		return;
	WRITE_ONCE(range->used, false);
	mms_range_read_header(range);
}

/*
 * Write back the caches, as far as the kernel can: a reset may drop their contents. For
 * a panic: no other processor runs. Any context.
 */
void mms_range_write_back(const struct mms_range *range)
{
	void *vaddr = READ_ONCE(range->vaddr);

	if (vaddr)
		arch_wb_cache_pmem(vaddr, READ_ONCE(range->size_used));
}

/* The same in pieces, with mms_ranges_lock held. May sleep. */
static void mms_range_flush(const struct mms_range *range)
{
	u64 done, n;

	for (done = 0; range->vaddr && done < range->size_used; done += n) {
		n = min_t(u64, range->size_used - done, SZ_1M);
		arch_wb_cache_pmem(range->vaddr + done, n);
		cond_resched();
	}
}

/* The use ends: write back, then say so in the header. May sleep. */
void mms_range_end_clean(struct mms_range *range)
{
	mutex_lock(&mms_ranges_lock);
	mms_range_flush(range);
	mms_range_set_end(range, MMS_END_CLEAN);
	mutex_unlock(&mms_ranges_lock);
}

/**
 * mms_range_clear - clear all that regions on the range may show
 * @range: cached, from mms_range_take(); nothing was stored since. If that has cleared
 *	it, nothing is done
 *
 * The caches are written back: a header that is written later must not outlive a reset
 * that the zeroes do not.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOMEM.
 */
int mms_range_clear(struct mms_range *range)
{
	u64 left = range->size - PAGE_SIZE, n;
	void *vaddr, *p;

	if (range->blank)
		return 0;
	vaddr = memremap(range->start + PAGE_SIZE, left, MEMREMAP_WB);
	if (!vaddr)
		return -ENOMEM;
	for (p = vaddr; left; p += n, left -= n) {
		n = min_t(u64, left, SZ_1M);
		memset(p, 0, n);
		arch_wb_cache_pmem(p, n);
		cond_resched();
	}
	memunmap(vaddr);
	range->kept = true;
	range->blank = true;
	mms_range_renew(range);
	return 0;
}

/* Return: the range of this name, or NULL. Any context. */
struct mms_range *mms_range_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < mms_nr_ranges; i++)
		if (!strcmp(mms_ranges[i].name, name))
			return &mms_ranges[i];
	return NULL;
}

/* Return: false if the range is in use; else mms_range_put() follows. Any context. */
bool mms_range_hold(struct mms_range *range)
{
	/* acquire; pairs with the release in mms_range_put(), for @kept */
	return !test_and_set_bit_lock(0, &range->flags);
}

/**
 * mms_range_take - get a range for a region
 * @name: of the range
 *
 * Context: process context, may sleep.
 * Return: the range, for mms_range_put(); or an ERR_PTR(): -ENOENT if there is
 * none of this name; -EBUSY if a region has it; -ENOMEM.
 */
struct mms_range *mms_range_take(const char *name)
{
	struct mms_range *range = mms_range_find(name);
	int ret = 0;

	if (!range)
		return ERR_PTR(-ENOENT);
	if (!mms_range_hold(range))
		return ERR_PTR(-EBUSY);
	if (range->header && !range->kept)
		ret = mms_range_clear(range);
	if (ret) {
		mms_range_put(range);
		return ERR_PTR(ret);
	}
	if (range->header && !range->used)
		mms_range_begin(range);
	return range;
}

/* Undo mms_range_take(). No program may have the range mapped. Any context. */
void mms_range_put(struct mms_range *range)
{
	if (!range)
		return;
	range->blank = false;
	/* release; pairs with the acquire in mms_range_hold() */
	clear_bit_unlock(0, &range->flags);
}

static u64 mms_range_offset(const struct mms_range *range)
{
	return range->header ? PAGE_SIZE : 0;
}

/* Return: how many bytes a region on the range may have. */
u64 mms_range_bytes(const struct mms_range *range)
{
	return range->size - mms_range_offset(range);
}

/*
 * Return: the first page that a region on the range has; NULL if the kernel does
 * not map the range as cached memory. The caller holds the range.
 */
const void *mms_range_contents(const struct mms_range *range)
{
	return range->header ? (const void *)range->header + PAGE_SIZE : NULL;
}

/* Do all pages have a struct page, which vmap() requires? */
static bool mms_pages_valid(phys_addr_t start, u64 size)
{
	unsigned long pfn = PHYS_PFN(start), n = size >> PAGE_SHIFT;

	while (n--)
		if (!pfn_valid(pfn++))
			return false;
	return true;
}

/* Map @size bytes, followed by a mirror of the last @mirrored of them. */
static void *mms_map_mirrored(phys_addr_t start, u64 size, u64 mirrored)
{
	const unsigned long nr = size >> PAGE_SHIFT, more = mirrored >> PAGE_SHIFT;
	struct page **pages;
	unsigned long i;
	void *vaddr;

	if (!mms_pages_valid(start, size))
		return ERR_PTR(-EOPNOTSUPP);
	pages = kvmalloc_array(nr + more, sizeof(*pages), GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr + more; i++)
		pages[i] = pfn_to_page(PHYS_PFN(start) + (i < nr ? i : i - more));
	vaddr = vmap(pages, nr + more, VM_MAP, PAGE_KERNEL);
	kvfree(pages);
	return vaddr ?: ERR_PTR(-ENOMEM);
}

/*
 * The kernel address of a region. Uncached memory gets none: it may be registers,
 * which must not be accessed by memcpy().
 */
static void *mms_range_map(const struct mms_range *range, const struct mms_layout *layout)
{
	const phys_addr_t start = range->start + mms_range_offset(range);
	void *vaddr;

	if (layout->mirrored)
		return range->cache == MMS_CACHE_WB ?
		       mms_map_mirrored(start, layout->size, layout->mirrored) :
		       ERR_PTR(-EOPNOTSUPP);
	if (range->cache == MMS_CACHE_UC)
		return NULL;
	vaddr = memremap(start, layout->size,
			 range->cache == MMS_CACHE_WC ? MEMREMAP_WC : MEMREMAP_WB);
	return vaddr ?: ERR_PTR(-ENOMEM);
}

/**
 * mms_memory_map_range - use a range as the memory of a region
 * @mem: zeroed but for its @mapping
 * @layout: @range, which the caller has taken, and @size; one part, which may be
 *	mirrored
 *
 * Context: process context, may sleep.
 * Return: 0: mms_memory_unmap_range() gives back the range; -ENOSPC if @size is
 * larger than the range; -EOPNOTSUPP for a mirror of memory that is not cached, or
 * has no struct page; -ENOMEM. After a failure the caller still has the range.
 */
int mms_memory_map_range(struct mms_memory *mem, const struct mms_layout *layout)
{
	struct mms_range *range = layout->range;
	void *vaddr;

	if (layout->size > mms_range_bytes(range))
		return -ENOSPC;
	vaddr = mms_range_map(range, layout);
	if (IS_ERR(vaddr))
		return PTR_ERR(vaddr);
	mem->range = range;
	mem->vaddr = vaddr;
	mem->parts = vaddr;
	mem->mirrored = layout->mirrored;
	WRITE_ONCE(range->size_used, layout->size);
	WRITE_ONCE(range->vaddr, range->cache == MMS_CACHE_WB ? vaddr : NULL);
	return 0;
}

/* Undo mms_memory_map_range(). No program has the memory mapped. May sleep. */
void mms_memory_unmap_range(struct mms_memory *mem)
{
	mutex_lock(&mms_ranges_lock);
	mms_range_flush(mem->range);
	WRITE_ONCE(mem->range->vaddr, NULL);
	mutex_unlock(&mms_ranges_lock);
	if (mem->mirrored)
		vunmap(mem->vaddr);
	else if (mem->vaddr)
		memunmap(mem->vaddr);
	mms_range_put(mem->range);
}

/**
 * mms_range_remap - make the page table entries of a new VMA
 * @mem: the memory of the region, a range
 * @vma: inside the region
 *
 * mprotect() keeps the cache attributes that are in vma->vm_page_prot.
 *
 * Context: process context, mmap lock held for writing.
 * Return: 0 or a negative errno.
 */
int mms_range_remap(const struct mms_memory *mem, struct vm_area_struct *vma)
{
	const struct mms_range *range = mem->range;
	const unsigned long pfn = PHYS_PFN(range->start + mms_range_offset(range));
	const unsigned long size = vma->vm_end - vma->vm_start;

	if (range->cache == MMS_CACHE_WB)
		return remap_pfn_range(vma, vma->vm_start, pfn + vma->vm_pgoff, size,
				       vma->vm_page_prot);
	vma->vm_page_prot = range->cache == MMS_CACHE_WC ?
			    pgprot_writecombine(vma->vm_page_prot) :
			    pgprot_noncached(vma->vm_page_prot);
	return io_remap_pfn_range(vma, vma->vm_start, pfn + vma->vm_pgoff, size,
				  vma->vm_page_prot);
}

/* For fdinfo. */
void mms_range_show(struct seq_file *m, const struct mms_range *range)
{
	seq_printf(m, "mmapshare-range:\t%s\n", range->name);
	seq_printf(m, "mmapshare-range-cache:\t%s\n", mms_range_caches[range->cache]);
	if (!range->header)
		return;
	seq_printf(m, "mmapshare-range-generation:\t%llu\n", range->generation);
	seq_printf(m, "mmapshare-range-last-end:\t%s\n", mms_range_ends[range->last]);
}

