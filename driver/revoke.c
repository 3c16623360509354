// SPDX-License-Identifier: GPL-2.0
/*
 * Revocation: takes a region away from all its users.
 *
 * First r->revoked is set; no new use begins after that. Uses in progress are
 * waited for by what they hold until they are done:
 *
 *  - read(), write(), ioctls, and fault handlers that make page table entries
 *    themselves: the section of mms_access_begin(), see seal.c;
 *  - a fault handler that returns a page to the core to be mapped or copied:
 *    the page lock, which the core holds until the entry is made;
 *  - mmap() of a strategy that makes page table entries before the core makes
 *    the VMA findable: the mmap lock of the mm. This file records which mms
 *    that are.
 *
 * Then all VMAs can be found, and their entries are removed, including the
 * copies in private mappings. A later access finds no entry, faults, and gets
 * SIGBUS, or a private page in place of the doorbell. fork(), mremap() and
 * splits are handled by the core, as they are when a file is truncated. Pages
 * that are pinned remain usable until they are unpinned.
 */
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "compat.h"
#include "region.h"

/*
 * struct mms_mapper - an mm in which an mmap() of a region may be in progress
 * @hash: in mms_mappers, under mms_mappers_lock
 * @region: the region
 * @mm: the mm, with a reference by mmgrab()
 *
 * Added in mmap(), removed when something of the region is unmapped from that
 * mm. Both happen with its mmap lock held, so that mmap() is over at removal.
 */
struct mms_mapper {
	struct hlist_node hash;
	const struct mms_region *region;
	struct mm_struct *mm;
};

static DEFINE_SPINLOCK(mms_mappers_lock);
static DEFINE_HASHTABLE(mms_mappers, 8);

static struct mms_mapper *mms_mapper_find(const struct mms_region *r,
					  const struct mm_struct *mm)
{
	struct mms_mapper *mapper;

	lockdep_assert_held(&mms_mappers_lock);
	hash_for_each_possible(mms_mappers, mapper, hash, (unsigned long)mm)
		if (mapper->mm == mm && mapper->region == r)
			return mapper;
	return NULL;
}

/**
 * mms_mapper_add - record that the caller is about to map a region
 * @r: the region
 * @mm: the caller's mm
 *
 * Context: process context, between mms_access_begin() and mms_access_end(),
 * with the mmap lock of @mm held for writing, before anything is mapped.
 * Return: 0 or -ENOMEM.
 */
int mms_mapper_add(const struct mms_region *r, struct mm_struct *mm)
{
	struct mms_mapper *mapper = kmalloc(sizeof(*mapper), GFP_KERNEL_ACCOUNT);

	if (!mapper)
		return -ENOMEM;
	spin_lock(&mms_mappers_lock);
	if (!mms_mapper_find(r, mm)) {
		mmgrab(mm);
		mapper->region = r;
		mapper->mm = mm;
		hash_add(mms_mappers, &mapper->hash, (unsigned long)mm);
		mapper = NULL;
	}
	spin_unlock(&mms_mappers_lock);
	kfree(mapper);
	return 0;
}

/* Undo mms_mapper_add(). The caller holds the mmap lock of @mm. */
void mms_mapper_del(const struct mms_region *r, struct mm_struct *mm)
{
	struct mms_mapper *mapper;

	spin_lock(&mms_mappers_lock);
	mapper = mms_mapper_find(r, mm);
	if (mapper)
		hash_del(&mapper->hash);
	spin_unlock(&mms_mappers_lock);
	if (mapper) {
		mmdrop(mm);
		kfree(mapper);
	}
}

static struct mms_mapper *mms_mapper_take(const struct mms_region *r)
{
	struct mms_mapper *mapper;
	int bucket;

	spin_lock(&mms_mappers_lock);
	hash_for_each(mms_mappers, bucket, mapper, hash) {
		if (mapper->region == r) {
			hash_del(&mapper->hash);
			break;
		}
	}
	spin_unlock(&mms_mappers_lock);
	return mapper;
}

/* mmap() holds the mmap lock until the VMA can be found. */
static void mms_wait_for_mappers(const struct mms_region *r)
{
	struct mms_mapper *mapper;

	while ((mapper = mms_mapper_take(r))) {
		mmap_read_lock(mapper->mm);
		mmap_read_unlock(mapper->mm);
		mmdrop(mapper->mm);
		kfree(mapper);
		cond_resched();
	}
}

/*
 * The core holds the page lock until the page that ->fault returned is mapped.
 */
static void mms_wait_for_faults(const struct mms_region *r)
{
	unsigned long i, n;

	for (i = 0; i < r->mem.nr_pages; i += n) {
		struct folio *folio = page_folio(r->mem.pages[i]);

		n = folio_nr_pages(folio);
		folio_lock(folio);
		folio_unlock(folio);
		cond_resched();
	}
}

/**
 * mms_revoke - take a region away from all its users
 * @r: the region; the caller holds a reference and has removed its name
 *
 * When this returns 0, no task has the region mapped and no call that uses its
 * bytes is in progress; tasks that wait in it are woken.
 *
 * Context: process context, may sleep. Waits for the mmap locks of tasks that
 * map the region.
 * Return: 0; -ENODEV if it was revoked already.
 */
int mms_revoke(struct mms_region *r)
{
	int ret = -ENODEV;

	mutex_lock(&r->lock);
	if (mms_revoked(r))
		goto unlock;
	WRITE_ONCE(r->revoked, true);
	mms_access_sync();
	mms_wait_for_mappers(r);
	mms_wait_for_faults(r);
	unmap_mapping_range(r->inode->i_mapping, 0, 0, 1);
	mms_doorbell_wake_all(r);
	if (r->ops)
		r->ops->revoked(r);
	ret = 0;
unlock:
	mutex_unlock(&r->lock);
	return ret;
}
