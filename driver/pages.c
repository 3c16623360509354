// SPDX-License-Identifier: GPL-2.0
/*
 * Where the pages of a region come from: an internal shmem file, or the page
 * allocator.
 *
 * Pages of a shmem file have an owner (page->mapping) and an index in it, which
 * pages of a bare allocation lack. Process-shared futexes use both as their
 * key, and shmem charges the pages to the memory cgroup of the task that
 * creates the region. Every page has a reference for as long as the region
 * lives, so that it is never swapped out or migrated.
 */
#include <linux/gfp.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include "compat.h"
#include "memory.h"

static u64 mms_memory_size(const struct mms_memory *mem)
{
	return (u64)mem->nr_pages << PAGE_SHIFT;
}

/* Fail instead of invoking the OOM killer; the caller reports the error. */
#define MMS_GFP		(__GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * An internal tmpfs mount that prefers huge pages independently of the system's
 * policy for /dev/shm. NULL where kernel or processor lack transparent huge
 * pages: the huge strategy then uses the same pages as the fault strategy.
 */
static struct vfsmount *mms_huge_mnt;

int mms_pages_init(void)
{
	char options[] = "huge=within_size";
	struct file_system_type *tmpfs;
	struct vfsmount *mnt;

	/* else shmem logs an unknown option */
	if (!IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE) ||
	    !has_transparent_hugepage())
		return 0;
	tmpfs = get_fs_type("tmpfs");
	if (!tmpfs)
		return 0;
	mnt = vfs_kern_mount(tmpfs, SB_KERNMOUNT, tmpfs->name, options);
	if (mnt == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	if (!IS_ERR(mnt))
		mms_huge_mnt = mnt;
	return 0;
}

void mms_pages_exit(void)
{
	if (mms_huge_mnt)
		kern_unmount(mms_huge_mnt);
}

/* Allocating a large region takes seconds: reschedule, and stay killable. */
static int mms_resched_killable(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static void mms_drop_pages(struct mms_memory *mem, unsigned long count)
{
	while (count--)
		put_page(mem->pages[count]);
}

/*
 * Enter the folio whose first page is @page. The caller passes one reference;
 * one more is taken for each further page. Returns the number of pages entered.
 */
static unsigned long mms_enter_folio(struct mms_memory *mem, unsigned long i,
				     struct page *page)
{
	struct folio *folio = page_folio(page);
	unsigned long n = min_t(unsigned long, folio_nr_pages(folio),
				mem->nr_pages - i);
	unsigned long j;

	/* Reclaim may treat clean shmem pages as holes: these hold data. */
	folio_mark_dirty(folio);
	folio_ref_add(folio, n - 1);
	/*
	 * folio_page() may read the section from page->flags, where other CPUs
	 * set bits
	 */
	for (j = 0; j < n; j++)
		mem->pages[i + j] = mms_racy(folio_page(folio, j));
	if (n == 1UL << MMS_PMD_ORDER)
		mem->huge_pages++;
	return n;
}

static int mms_read_shmem_pages(struct mms_memory *mem)
{
	struct address_space *mapping = mem->shmem->f_mapping;
	unsigned long i = 0;
	int ret;

	while (i < mem->nr_pages) {
		struct page *page = shmem_read_mapping_page(mapping, i);

		if (IS_ERR(page)) {
			ret = PTR_ERR(page);
			goto drop;
		}
		i += mms_enter_folio(mem, i, page);
		ret = mms_resched_killable();
		if (ret)
			goto drop;
	}
	return 0;

drop:
	mms_drop_pages(mem, i);
	return ret;
}

static int mms_get_file_pages(struct mms_memory *mem, struct file *file)
{
	int ret;

	/* shmem returns -ENOSPC when there is no memory for an inode. */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);

	/* Pinned for life: neither movable nor reclaimable. */
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER | MMS_GFP);
	mapping_set_unevictable(file->f_mapping);

	mem->shmem = file;
	ret = mms_read_shmem_pages(mem);
	if (ret) {
		mem->shmem = NULL;
		fput(file);
	}
	return ret;
}

static int mms_get_shmem_pages(struct mms_memory *mem)
{
	return mms_get_file_pages(mem, mms_shmem_file_setup("mmapshare", mms_memory_size(mem)));
}

static int mms_get_huge_pages(struct mms_memory *mem)
{
	if (!mms_huge_mnt)
		return mms_get_shmem_pages(mem);
	return mms_get_file_pages(mem,
		mms_shmem_file_setup_with_mnt(mms_huge_mnt, "mmapshare", mms_memory_size(mem)));
}

static void mms_put_shmem_pages(struct mms_memory *mem)
{
	mms_drop_pages(mem, mem->nr_pages);
	/*
	 * a kworker's fput() is deferred; the pages are free when this returns
	 */
	shmem_truncate_range(file_inode(mem->shmem), 0, (loff_t)-1);
	fput(mem->shmem);
}

/*
 * Allocate the largest blocks that are available without reclaim, smaller ones
 * when there are none, and split them: every page then has a reference count of
 * its own and is freed alone.
 */
static int mms_get_own_pages(struct mms_memory *mem, unsigned int order)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	unsigned long i = 0, j;
	int ret;

	while (i < mem->nr_pages) {
		struct page *page;

		order = min_t(unsigned int, order, ilog2(mem->nr_pages - i));
		page = alloc_pages(gfp | (order ? __GFP_NORETRY :
						  __GFP_RETRY_MAYFAIL), order);
		if (!page && order) {
			order--;
			continue;
		}
		ret = -ENOMEM;
		if (!page)
			goto drop;
		split_page(page, order);
		for (j = 0; j < 1UL << order; j++)
			mem->pages[i++] = page + j;
		ret = mms_resched_killable();
		if (ret)
			goto drop;
	}
	return 0;

drop:
	mms_drop_pages(mem, i);
	return ret;
}

static int mms_get_single_pages(struct mms_memory *mem)
{
	return mms_get_own_pages(mem, 0);
}

static int mms_get_page_runs(struct mms_memory *mem)
{
	return mms_get_own_pages(mem, MMS_MAX_PAGE_ORDER);
}

static void mms_put_own_pages(struct mms_memory *mem)
{
	mms_drop_pages(mem, mem->nr_pages);
}

const struct mms_page_source mms_shmem_pages = {
	.get = mms_get_shmem_pages,
	.put = mms_put_shmem_pages,
};

const struct mms_page_source mms_huge_pages = {
	.get = mms_get_huge_pages,
	.put = mms_put_shmem_pages,
};

const struct mms_page_source mms_single_pages = {
	.get = mms_get_single_pages,
	.put = mms_put_own_pages,
};

const struct mms_page_source mms_page_runs = {
	.get = mms_get_page_runs,
	.put = mms_put_own_pages,
};

/**
 * mms_memory_alloc - allocate pages and map them in a row for the kernel
 * @mem: its @source is set
 * @size: bytes, a non-zero multiple of PAGE_SIZE
 * @mirrored: bytes, of whole pages at the end, to map a second time behind them
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOMEM, or -EINTR when the caller was killed.
 */
int mms_memory_alloc(struct mms_memory *mem, u64 size, u64 mirrored)
{
	const unsigned long nr_mirrored = mirrored >> PAGE_SHIFT;
	int ret;

	/*
	 * Do not reclaim for what cannot fit; and vmap() counts in unsigned
	 * int.
	 */
	if (size >> PAGE_SHIFT > min_t(u64, totalram_pages(), UINT_MAX / 2))
		return -ENOMEM;

	mem->nr_pages = size >> PAGE_SHIFT;
	mem->nr_mapped = mem->nr_pages + nr_mirrored;
	mem->pages = kvmalloc_array(mem->nr_mapped, sizeof(*mem->pages),
				    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!mem->pages)
		return -ENOMEM;
	ret = mem->source->get(mem);
	if (ret)
		goto free_array;
	memcpy(mem->pages + mem->nr_pages, mem->pages + mem->nr_pages - nr_mirrored,
	       nr_mirrored * sizeof(*mem->pages));

	/* remap_vmalloc_range() only takes what is marked VM_USERMAP. */
	mem->vaddr = vmap(mem->pages, mem->nr_mapped, VM_MAP | VM_USERMAP, PAGE_KERNEL);
	if (!mem->vaddr) {
		ret = -ENOMEM;
		goto put_pages;
	}
	return 0;

put_pages:
	mem->source->put(mem);
free_array:
	kvfree(mem->pages);
	return ret;
}

/* Undo mms_memory_alloc(). May sleep. */
void mms_memory_free(struct mms_memory *mem)
{
	vunmap(mem->vaddr);
	mem->source->put(mem);
	kvfree(mem->pages);
}
