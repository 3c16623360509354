// SPDX-License-Identifier: GPL-2.0
/*
 * How a driver maps its memory into a program: the hooks of mmap(), and five
 * strategies to make the page table entries.
 *
 * mmap() creates a VMA: an address range, its permissions, the file, and the
 * page of the file (vm_pgoff) at which it begins. The core has already checked
 * the access against the open mode of the file, and checks it again at every
 * mprotect(). It calls the driver twice:
 *
 *  .mmap_prepare, a file operation, gets a description of the VMA, before there
 *    is one. It refuses ranges that do not exist, and chooses flags and vm_ops.
 *    It changes no other state: mmap() may fail afterwards, without another
 *    call of the driver;
 *  - vm_ops->mapped is called once the VMA exists. It may fail. What ->close
 *    undoes, such as a count, is done here.
 *
 * Kernels before 7.1 have no ->mapped. There the driver uses the older hook,
 * .mmap, for both steps; it gets a VMA that no other task can find yet. On all
 * kernels the steps are mms_map_prepare() and mms_map_vma(), which the hooks in
 * compat.h call.
 *
 * Page table entries are made either
 *
 *  - all of them in mmap(), by mms_map_vma():
 *	vmalloc  remap_vmalloc_range(), page by page from a kernel address;
 *	pfn      remap_pfn_range(), one call per physically contiguous run;
 *	reserved the same for memory that the boot has set aside, see range.c, or
 *  - on access, in a vm_ops->fault handler:
 *	fault    a page-table page's worth at a time;
 *	huge     a PMD entry at a time, where alignment and memory allow.
 *
 * Entries that refer to a struct page behave like those of any other memory:
 * the page can be pinned, copied on write, dropped and faulted in again.
 * Entries made by remap_pfn_range() are bare page frame numbers. The core does
 * not use the struct page of such a frame: there is no pinning, no
 * copy-on-write, and no fault after the entry was dropped.
 *
 * mms_strategies[], at the end, has the functions and flags of each strategy.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "map.h"
#include "range.h"
#include "trace.h"

/* A module parameter: constant once the device exists. */
bool mms_allow_exec;

/*
 * A fault also maps the neighbouring pages in the same page-table page, up to
 * this number of pages in total: each costs a fraction of a fault.
 */
#define MMS_FAULT_WINDOW	min_t(unsigned long, PTRS_PER_PTE, 512)

/*
 * VMAs are created by mmap(), fork(), mremap() and splits. The core calls
 * ->open for each except the one that mmap() creates, which mms_map_vma()
 * counts, and ->close for all.
 *
 * vm_private_data is the region if the VMA is counted, else NULL. A VMA that
 * ->mapped refuses is not counted. The core unmaps it, but does not check
 * whether that succeeds: such a VMA may remain, without pages.
 */
static void mms_vma_open(struct vm_area_struct *vma)
{
	struct mms_region *r = vma->vm_private_data;

	if (!r)
		return;
	atomic_long_inc(&r->maps);
	mms_seal_open(r, vma);
}

static void mms_vma_close(struct vm_area_struct *vma)
{
	struct mms_region *r = vma->vm_private_data;

	if (!r)
		return;
	atomic_long_dec(&r->maps);
	mms_seal_close(r, vma);
	trace_mmapshare_unmap(r, vma);
}

/*
 * Return: where the pointer to the page at @addr is stored: in the array of the
 * region's pages, or in @doorbell_page. The page exists: mmap() has checked
 * that the VMA is inside the region or is that of the doorbell, and
 * VM_DONTEXPAND keeps the VMA from growing.
 */
static struct page **mms_vma_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct mms_region *r = vma->vm_private_data;
	pgoff_t pgoff = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);

	return pgoff == MMS_DOORBELL_PGOFF ? &r->doorbell_page : &r->mem.pages[pgoff];
}

/*
 * Map the pages from @addr to @end, or up to the first one with a memory
 * failure. Return: 0; -EHWPOISON if the page at @addr has one; -EBUSY if one of
 * the pages is mapped already, and those from there on are not mapped; or
 * another errno of vm_insert_pages().
 */
static int mms_insert_range(struct vm_area_struct *vma, unsigned long addr,
			    unsigned long end)
{
	const unsigned long max = (end - addr) >> PAGE_SHIFT;
	struct page **pages = mms_vma_page(vma, addr);
	unsigned long count = 0;

	if (!max)
		return 0;
	while (count < max && !PageHWPoison(pages[count]))
		count++;
	return count ? vm_insert_pages(vma, addr, pages, &count) : -EHWPOISON;
}

/*
 * Translate the result of mms_insert_range() or vm_insert_page() to that of a
 * fault handler. For -EBUSY and -EFAULT see mms_fault_window().
 */
static vm_fault_t mms_fault_result(int ret)
{
	if (ret == -EHWPOISON)
		return VM_FAULT_HWPOISON;
	if (ret && ret != -EBUSY && ret != -EFAULT)
		return vmf_error(ret);
	return VM_FAULT_NOPAGE;
}

/*
 * A program that does not know of the revocation may still access the doorbell:
 * that must not raise a signal. So the fault maps a private page instead, with
 * the last count and with armed set: the program calls NOTIFY, which returns
 * -ENODEV.
 */
static vm_fault_t mms_fault_revoked_doorbell(struct vm_fault *vmf)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	struct mmapshare_doorbell *bell;
	int ret;

	if (!page)
		return VM_FAULT_OOM;
	bell = page_address(page);
	bell->count = mms_doorbell_count(vmf->vma->vm_private_data);
	bell->armed = 1;
	ret = vm_insert_page(vmf->vma, vmf->address & PAGE_MASK, page);
	/* the page table entry has its own reference */
	put_page(page);
	return mms_fault_result(ret);
}

/*
 * Map the window around the faulting address. The part from the faulting page
 * on is mapped first, so that an error in the part before it cannot prevent
 * that.
 *
 * Other threads may fault concurrently. -EBUSY: another thread mapped the page
 * first. -EFAULT: MADV_DONTNEED of another thread freed the page-table page
 * (its upper levels existed when the handler was called). Either way the access
 * is retried.
 */
static vm_fault_t mms_fault_window(struct vm_fault *vmf)
{
	const unsigned long mask = ~((MMS_FAULT_WINDOW << PAGE_SHIFT) - 1);
	struct vm_area_struct *vma = vmf->vma;
	unsigned long addr = vmf->address & PAGE_MASK;
	unsigned long start = max(addr & mask, vma->vm_start);
	unsigned long end = min((addr | ~mask) + 1, vma->vm_end);
	struct mms_region *r = vma->vm_private_data;
	int ret = mms_access_begin(r, false);

	if (ret == -ENODEV && vmf->pgoff == MMS_DOORBELL_PGOFF)
		return mms_fault_revoked_doorbell(vmf);
	if (ret)
		return VM_FAULT_SIGBUS;
	ret = mms_insert_range(vma, addr, end);
	if (!ret)
		mms_insert_range(vma, start, addr);
	mms_access_end(r);
	return mms_fault_result(ret);
}

/*
 * Return the page to the core, locked. The core maps the page, or copies it
 * first for a store to a private mapping, and unlocks it; mms_revoke() waits
 * for this lock. mms_revoke() may free pages as soon as mms_access_end() was
 * called: the reference keeps this one.
 *
 * If a huge page fits, the core makes a PMD entry. ->huge_fault has no
 * advantage over that, and older kernels call it for DAX only.
 *
 * Memory failure marks a page and then takes the page lock to unmap it: so the
 * mark is checked with the lock held.
 */
static vm_fault_t mms_fault_page(struct vm_fault *vmf)
{
	struct mms_region *r = vmf->vma->vm_private_data;
	struct folio *folio;
	struct page *page;
	vm_fault_t ret;

	if (mms_access_begin(r, false))
		return VM_FAULT_SIGBUS;
	page = *mms_vma_page(vmf->vma, vmf->address);
	folio = mms_get_folio(page);
	mms_access_end(r);

	folio_lock(folio);
	ret = VM_FAULT_SIGBUS;
	if (mms_revoked(r))
		goto unlock;
	ret = VM_FAULT_HWPOISON;
	if (PageHWPoison(page))
		goto unlock;
	vmf->page = page;
	return VM_FAULT_LOCKED;

unlock:
	folio_unlock(folio);
	folio_put(folio);
	return ret;
}

static bool mms_fault_is_cow(const struct vm_fault *vmf)
{
	return (vmf->flags & FAULT_FLAG_WRITE) &&
	       !(vmf->vma->vm_flags & VM_SHARED);
}

static vm_fault_t mms_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mms_region *r = vma->vm_private_data;
	vm_fault_t ret;

	if (!r)
		return VM_FAULT_SIGBUS;
	atomic_long_inc(&r->faults);
	/*
	 * vm_insert_pages() needs VM_MIXEDMAP; VMAs without this flag get PMD
	 * entries
	 */
	if (mms_fault_is_cow(vmf) || !(vma->vm_flags & VM_MIXEDMAP))
		ret = mms_fault_page(vmf);
	else
		ret = mms_fault_window(vmf);
	trace_mmapshare_fault(r, vmf, ret);
	return ret;
}

/*
 * An entry without a struct page: get_user_pages(), the fast one included, refuses it.
 * mms_revoke() removes the entries that were made before mms_access_end().
 */
static vm_fault_t mms_fault_unpinnable(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct mms_region *r = vma->vm_private_data;
	vm_fault_t ret = VM_FAULT_SIGBUS;
	struct page *page;

	if (!r)
		return ret;
	atomic_long_inc(&r->faults);
	if (!mms_access_begin(r, false)) {
		page = *mms_vma_page(vma, vmf->address);
		ret = PageHWPoison(page) ? VM_FAULT_HWPOISON :
		      vmf_insert_pfn(vma, vmf->address & PAGE_MASK, page_to_pfn(page));
		mms_access_end(r);
	}
	trace_mmapshare_fault(r, vmf, ret);
	return ret;
}

/*
 * ptrace() and /proc/PID/mem call this where get_user_pages() fails. A debugger
 * may store only where the program itself may.
 */
static int mms_access(struct vm_area_struct *vma, unsigned long addr,
		      void *buf, int len, int write)
{
	struct mms_region *r = vma->vm_private_data;
	u64 pos = ((u64)vma->vm_pgoff << PAGE_SHIFT) + (addr - vma->vm_start);
	int ret;

	if (!r || (write && !(vma->vm_flags & VM_WRITE)))
		return -EACCES;
	/*
	 * a store by a debugger is like one by the program: no seal forbids it
	 * in an existing mapping
	 */
	ret = mms_access_begin(r, false);
	if (ret)
		return ret;
	if (!r->mem.vaddr) {
		mms_access_end(r);
		return -EIO;
	}
	len = mms_intact(&r->mem, pos, min_t(unsigned long, len, vma->vm_end - addr));
	if (write)
		mms_racy(memcpy(r->mem.vaddr + pos, buf, len));
	else
		mms_racy(memcpy(buf, r->mem.vaddr + pos, len));
	mms_access_end(r);
	return len ?: -EIO;
}

static const struct vm_operations_struct mms_page_vm_ops = {
	MMS_VM_OPS_MAPPED
	.open = mms_vma_open,
	.close = mms_vma_close,
	.fault = mms_fault,
};

/* Without ->fault the core raises SIGBUS where an entry was removed. */
static const struct vm_operations_struct mms_pfn_vm_ops = {
	MMS_VM_OPS_MAPPED
	.open = mms_vma_open,
	.close = mms_vma_close,
	.access = mms_access,
};

static const struct vm_operations_struct mms_unpinnable_vm_ops = {
	MMS_VM_OPS_MAPPED
	.open = mms_vma_open,
	.close = mms_vma_close,
	.fault = mms_fault_unpinnable,
	.access = mms_access,
};

/* Does the mapping cover a PMD entry at which a PMD-sized page is aligned? */
static bool mms_fits_pmd(const struct mms_mapping *m)
{
	unsigned long pages = PMD_SIZE >> PAGE_SHIFT;

	return IS_ALIGNED((m->start >> PAGE_SHIFT) - m->pgoff, pages) &&
	       ALIGN(m->start, PMD_SIZE) + PMD_SIZE <= m->end;
}

/*
 * Maps all pages at once. Pages that MADV_DONTNEED drops are mapped again by
 * the fault handler. remap_vmalloc_range() excludes the VMA from core dumps:
 * undo that, because these pages can be dumped like those of any file.
 */
static int mms_fill_vmalloc(struct mms_region *r, struct vm_area_struct *vma)
{
	int ret = remap_vmalloc_range(vma, r->mem.vaddr, vma->vm_pgoff);

	if (!ret)
		vm_flags_clear(vma, VM_DONTDUMP);
	return ret;
}

/*
 * The number of pages from @pgoff on, at most @max, that are physically
 * contiguous.
 */
static unsigned long mms_run_length(struct mms_region *r, pgoff_t pgoff,
				    unsigned long max)
{
	unsigned long pfn = page_to_pfn(r->mem.pages[pgoff]);
	unsigned long n = 1;

	while (n < max && page_to_pfn(r->mem.pages[pgoff + n]) == pfn + n)
		n++;
	return n;
}

static int mms_fill_pfn(struct mms_region *r, struct vm_area_struct *vma)
{
	unsigned long left = vma_pages(vma);
	unsigned long addr = vma->vm_start;
	pgoff_t pgoff = vma->vm_pgoff;

	while (left) {
		unsigned long n = mms_run_length(r, pgoff, left);
		int ret = remap_pfn_range(vma, addr, page_to_pfn(r->mem.pages[pgoff]),
					  n << PAGE_SHIFT, vma->vm_page_prot);

		if (ret)
			return ret;
		addr += n << PAGE_SHIFT;
		pgoff += n;
		left -= n;
	}
	return 0;
}

static int mms_fill_reserved(struct mms_region *r, struct vm_area_struct *vma)
{
	return mms_range_remap(&r->mem, vma);
}

/*
 * The doorbell is not part of the region and is mapped alike in all strategies. A
 * store to a private copy would notify no task.
 */
static const struct mms_strategy mms_doorbell_strategy = {
	.shared_only = true,
	.vm_flags = VM_MIXEDMAP,
	.vm_ops = &mms_page_vm_ops,
};

/*
 * For pages that the next task to map them must have alone, such as the cursors of a
 * ring: a pin would outlive the VMA. The flags are those of mms_fill_pfn().
 */
static const struct mms_strategy mms_unpinnable_strategy = {
	.shared_only = true,
	.vm_flags = VM_DONTDUMP | VM_IO | VM_PFNMAP,
	.vm_ops = &mms_unpinnable_vm_ops,
};

/* Return: the strategy that maps @m; NULL if @m is not inside the region. */
static const struct mms_strategy *mms_strategy_for(const struct mms_region *r,
						   const struct mms_mapping *m)
{
	const unsigned long pages = (m->end - m->start) >> PAGE_SHIFT;

	if (m->pgoff == MMS_DOORBELL_PGOFF && pages == 1)
		return &mms_doorbell_strategy;
	return mms_range_ok(r->size >> PAGE_SHIFT, m->pgoff, pages) ? r->strategy : NULL;
}

static int mms_map_check(struct mms_region *r, struct mms_mapping *m)
{
	const struct mms_strategy *s;
	int ret;

	if (mms_revoked(r))
		return -ENODEV;
	s = mms_strategy_for(r, m);
	if (!s)
		return -ENXIO;
	if (!mms_allow_exec && (m->flags & VM_EXEC))
		return -EPERM;
	if (!mms_allow_exec)
		m->flags &= ~VM_MAYEXEC;
	ret = r->ops ? r->ops->may_map(m->file->private_data, m) : 0;
	ret = ret ?: mms_seal_prepare(r, m);
	if (ret)
		return ret;
	if (m->unpinnable && !(s->vm_flags & VM_PFNMAP))
		s = &mms_unpinnable_strategy;
	/*
	 * VM_SHARED does not tell: the core clears it if the file is open for
	 * reading only
	 */
	if (s->shared_only && !(m->flags & VM_MAYSHARE))
		return -EINVAL;
	/*
	 * VM_DONTEXPAND: an mremap() that grows the VMA would not be checked
	 * against the size of the region. This flag and the strategy's also keep
	 * the core from merging adjacent VMAs, so that each mmap() makes a VMA,
	 * which mms_map_vma() counts.
	 */
	m->flags |= VM_DONTEXPAND | s->vm_flags;
	/*
	 * decided here, because fault handlers cannot change flags: they do not
	 * hold the mmap lock for writing
	 */
	if (s->features & MMAPSHARE_FEAT_HUGE && r->mem.huge_pages && mms_fits_pmd(m))
		m->flags &= ~VM_MIXEDMAP;
	m->vm_ops = s->vm_ops;
	return 0;
}

/**
 * mms_map_prepare - check an intended mapping, and choose its flags and vm_ops
 * @m: the mapping of a file that is open on a region; the core has checked the
 *	access against the open mode, and that the offset is a multiple of the
 *	page size
 *
 * Context: process context, mmap lock held for writing.
 * Return: 0; -ENXIO (POSIX) if the range is neither inside the region nor the
 * doorbell page; -EPERM for PROT_EXEC, and where a seal forbids writing;
 * -EINVAL for MAP_PRIVATE of the doorbell, of a ring, and of a strategy that
 * does not support it; -ENODEV if the region was revoked; -EACCES for a
 * writable mapping of a range of a ring that the endpoint does not write.
 */
int mms_map_prepare(struct mms_mapping *m)
{
	struct mms_region *r = mms_region_of(m->file);
	int ret = mms_map_check(r, m);

	if (ret)
		trace_mmapshare_map(r, m, ret);
	return ret;
}

/*
 * The check of the seals and the count are in one section of
 * mms_access_begin(): a task that adds a seal concurrently finds the VMA
 * counted, or the VMA is refused.
 */
static int mms_map_count(struct mms_region *r, struct vm_area_struct *vma)
{
	int ret = mms_access_begin(r, false);

	if (ret)
		return ret;
	ret = mms_seal_map(r, vma);
	mms_access_end(r);
	if (ret)
		return ret;
	vma->vm_private_data = r;
	atomic_long_inc(&r->maps);
	return 0;
}

/*
 * A strategy that makes all entries in mmap() cannot leave out a page with a
 * memory failure.
 */
static bool mms_may_map_at_once(struct mms_region *r, struct vm_area_struct *vma)
{
	const u64 length = (u64)vma_pages(vma) << PAGE_SHIFT;

	return !READ_ONCE(r->mem.has_hwpoisoned) ||
	       mms_intact(&r->mem, (u64)vma->vm_pgoff << PAGE_SHIFT, length) == length;
}

/**
 * mms_map_vma - count the VMA of a new mapping, and make its page table entries
 * @vma: the VMA; mms_map_prepare() has chosen its flags and vm_ops
 *
 * The VMA is counted before its first entry is made: a task that seals must not
 * miss an entry through which another thread stores. After a failure it stays
 * counted until ->close. From 7.1 on the core calls that once it has removed
 * the entries.
 *
 * For the same reason no action of .mmap_prepare makes the entries: the core
 * executes actions before ->mapped.
 *
 * Context: process context, mmap lock held for writing.
 * Return: 0; -EPERM and -ENODEV, as mms_map_prepare(), if the region was sealed
 * or revoked since; -ENOMEM without memory for page tables; -EIO if a page has a
 * memory failure and the strategy makes all entries at once.
 */
int mms_map_vma(struct vm_area_struct *vma)
{
	const struct mms_mapping m = mms_mapping_of(vma);
	struct mms_region *r = mms_region_of(m.file);
	const struct mms_strategy *s = mms_strategy_for(r, &m);
	int ret = mms_map_count(r, vma);

	if (!ret && s->fill)
		ret = mms_may_map_at_once(r, vma) ? s->fill(r, vma) : -EIO;
	trace_mmapshare_map(r, &m, ret);
	return ret;
}

#define MMS_FEAT_PAGES	(MMAPSHARE_FEAT_COW | MMAPSHARE_FEAT_GUP | \
			 MMAPSHARE_FEAT_DONTNEED | MMAPSHARE_FEAT_FUTEX | \
			 MMAPSHARE_FEAT_DUMP)
#define MMS_FEAT_FAULT	(MMS_FEAT_PAGES | MMAPSHARE_FEAT_REVOKE)

static const struct mms_strategy mms_strategies[] = {
	{
		.name = "fault",
		.id = MMAPSHARE_STRATEGY_FAULT,
		.features = MMS_FEAT_FAULT,
		.orders = BIT(0),
		.vm_flags = VM_MIXEDMAP,
		.vm_ops = &mms_page_vm_ops,
	}, {
		.name = "huge",
		.id = MMAPSHARE_STRATEGY_HUGE,
		.features = MMS_FEAT_FAULT | MMAPSHARE_FEAT_HUGE,
		.orders = BIT(MMS_PMD_ORDER) | BIT(0),
		.vm_flags = VM_MIXEDMAP,
		.vm_ops = &mms_page_vm_ops,
	}, {
		.name = "vmalloc",
		.id = MMAPSHARE_STRATEGY_VMALLOC,
		.features = MMS_FEAT_PAGES,
		.orders = BIT(0),
		.vm_flags = VM_MIXEDMAP,
		.fill = mms_fill_vmalloc,
		.vm_ops = &mms_page_vm_ops,
	}, {
		.name = "pfn",
		.id = MMAPSHARE_STRATEGY_PFN,
		.orders = GENMASK(MMS_PMD_ORDER, 0),
		/*
		 * in a private VMA the core distinguishes copies from originals
		 * by vm_pgoff, which limits it to a single run
		 */
		.shared_only = true,
		/* those that remap_pfn_range() sets */
		.vm_flags = VM_DONTDUMP | VM_IO | VM_PFNMAP,
		.fill = mms_fill_pfn,
		.vm_ops = &mms_pfn_vm_ops,
	}, {
		.name = "reserved",
		.id = MMAPSHARE_STRATEGY_RESERVED,
		.shared_only = true,
		.vm_flags = VM_DONTDUMP | VM_IO | VM_PFNMAP,
		.fill = mms_fill_reserved,
		.vm_ops = &mms_pfn_vm_ops,
	},
};

const struct mms_strategy *mms_strategy_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mms_strategies); i++)
		if (sysfs_streq(name, mms_strategies[i].name))
			return &mms_strategies[i];
	return NULL;
}

const struct mms_strategy *mms_strategy_by_id(u32 id)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mms_strategies); i++)
		if (id == mms_strategies[i].id)
			return &mms_strategies[i];
	return NULL;
}

/**
 * mms_region_create_reserved - create a region on reserved memory
 * @name: of the range
 * @size: bytes, rounded up to whole pages; 0 for all that the range has
 *
 * The region has the bytes that an earlier one has left there.
 *
 * Context: process context, may sleep.
 * Return: the region with one reference; those of mms_range_take() and
 * mms_memory_map_range().
 */
struct mms_region *mms_region_create_reserved(const char *name, u64 size)
{
	struct mms_layout layout = { .parts = 1, .range = mms_range_take(name) };

	if (IS_ERR(layout.range))
		return ERR_CAST(layout.range);
	layout.size = size ? ALIGN(size, PAGE_SIZE) : mms_range_bytes(layout.range);
	return mms_region_create_parts(&layout, mms_strategy_by_id(MMAPSHARE_STRATEGY_RESERVED));
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/map_test.c"
#endif
