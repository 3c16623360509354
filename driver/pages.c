// SPDX-License-Identifier: GPL-2.0
/*
 * Where a region's pages come from: a shmem file of the kernel's own, or the
 * page allocator.
 *
 * Pages of a shmem file have what the pages of a bare allocation lack: an
 * owner (page->mapping) and an index in it. That is the identity by which
 * process-shared futexes find each other, and shmem charges them to the
 * memory cgroup of whoever creates the region. The region keeps a reference
 * to every page for life, so none is ever swapped out or moved.
 */
#include <linux/gfp.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include "compat.h"
#include "mmapshare.h"

/* A failure is the caller's to report, and no reason to kill somebody. */
#define MMS_GFP		(__GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * A private instance of tmpfs that prefers huge pages whatever the system's
 * policy for /dev/shm is. NULL where kernel or processor have no transparent
 * huge pages: the huge strategy then gets what the fault strategy gets.
 */
static struct vfsmount *mms_huge_mnt;

int mms_pages_init(void)
{
	char options[] = "huge=within_size";
	struct file_system_type *tmpfs;
	struct vfsmount *mnt;

	/* shmem would log that it does not know the option */
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

/* Getting the pages of a large region takes seconds: stay killable. */
static int mms_resched_killable(void)
{
	cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

static void mms_drop_pages(struct mms_region *r, unsigned long count)
{
	while (count--)
		put_page(r->pages[count]);
}

/*
 * Enter the folio that @page is the first page of, which comes with one
 * reference, and take one more for each further page.
 */
static unsigned long mms_enter_folio(struct mms_region *r, unsigned long i,
				     struct page *page)
{
	struct folio *folio = page_folio(page);
	unsigned long n = min_t(unsigned long, folio_nr_pages(folio),
				r->nr_pages - i);
	unsigned long j;

	/* Clean shmem pages count as holes: these hold data. */
	folio_mark_dirty(folio);
	folio_ref_add(folio, n - 1);
	/* the section's number may be in the word in which others set flags */
	for (j = 0; j < n; j++)
		r->pages[i + j] = mms_racy(folio_page(folio, j));
	if (n == 1UL << MMS_PMD_ORDER)
		r->huge_pages++;
	return n;
}

static int mms_read_shmem_pages(struct mms_region *r)
{
	struct address_space *mapping = r->shmem->f_mapping;
	unsigned long i = 0;
	int ret;

	while (i < r->nr_pages) {
		struct page *page = shmem_read_mapping_page(mapping, i);

		if (IS_ERR(page)) {
			ret = PTR_ERR(page);
			goto drop;
		}
		i += mms_enter_folio(r, i, page);
		ret = mms_resched_killable();
		if (ret)
			goto drop;
	}
	return 0;

drop:
	mms_drop_pages(r, i);
	return ret;
}

static int mms_get_file_pages(struct mms_region *r, struct file *file)
{
	int ret;

	/* ENOSPC is how shmem calls it when there is no memory for an inode. */
	if (IS_ERR(file))
		return PTR_ERR(file) == -ENOSPC ? -ENOMEM : PTR_ERR(file);

	/* Pinned for good: not movable, and not worth scanning for reclaim. */
	mapping_set_gfp_mask(file->f_mapping, GFP_HIGHUSER | MMS_GFP);
	mapping_set_unevictable(file->f_mapping);

	r->shmem = file;
	ret = mms_read_shmem_pages(r);
	if (ret) {
		r->shmem = NULL;
		fput(file);
	}
	return ret;
}

int mms_get_shmem_pages(struct mms_region *r)
{
	return mms_get_file_pages(r, mms_shmem_file_setup("mmapshare", r->size));
}

int mms_get_huge_pages(struct mms_region *r)
{
	if (!mms_huge_mnt)
		return mms_get_shmem_pages(r);
	return mms_get_file_pages(r,
		mms_shmem_file_setup_with_mnt(mms_huge_mnt, "mmapshare", r->size));
}

void mms_put_shmem_pages(struct mms_region *r)
{
	mms_drop_pages(r, r->nr_pages);
	fput(r->shmem);
}

/*
 * Take the largest blocks the allocator gives without effort, smaller ones
 * when it has no more of those, and split them: from then on every page has
 * a reference count of its own and is given back alone.
 */
static int mms_get_own_pages(struct mms_region *r, unsigned int order)
{
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	unsigned long i = 0, j;
	int ret;

	while (i < r->nr_pages) {
		struct page *page;

		order = min_t(unsigned int, order, ilog2(r->nr_pages - i));
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
			r->pages[i++] = page + j;
		ret = mms_resched_killable();
		if (ret)
			goto drop;
	}
	return 0;

drop:
	mms_drop_pages(r, i);
	return ret;
}

int mms_get_single_pages(struct mms_region *r)
{
	return mms_get_own_pages(r, 0);
}

int mms_get_page_runs(struct mms_region *r)
{
	return mms_get_own_pages(r, MMS_MAX_PAGE_ORDER);
}

void mms_put_own_pages(struct mms_region *r)
{
	mms_drop_pages(r, r->nr_pages);
}
