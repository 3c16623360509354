// SPDX-License-Identifier: GPL-2.0
/*
 * Revocation: a region is taken away from all who use it.
 *
 * First r->revoked is set, from which on nobody begins anything new. What was
 * begun before is waited for, by whatever it holds until it is done:
 *
 *  - read(), write(), ioctls, and fault handlers that make page table entries
 *    themselves: mms_access_begin(), see seal.c;
 *  - a fault handler that gives a page to the core to be mapped or copied: the
 *    page's lock, which the core keeps until the entry is made;
 *  - mmap(), where page table entries are made before the core lets the VMA be
 *    found: the mm's mmap lock. Which mms these are is remembered here.
 *
 * Only then are all VMAs in one place, and their entries taken away, with the
 * copies of private mappings. What comes later finds no entry, faults, and gets
 * SIGBUS, or in place of the doorbell a page of his own. fork(), mremap() and
 * splits are the core's business, as they are when a file is truncated. Pages
 * that somebody has pinned are his until he is done.
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
 * struct mms_mapper - an mm in which an mmap() of a region may be under way
 *
 * It is made in mmap(), and serves until anything of the region is unmapped in
 * that mm. Both are with its mmap lock held: that mmap() is over then.
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
 * mms_mapper_add - remember that the caller is about to map a region
 * @r: the region
 * @mm: the caller's; its mmap lock is held for writing
 *
 * To be called after mms_access_begin() and before anything is mapped.
 *
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

/* Something of the region is unmapped from @mm, by who has its mmap lock. */
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

/* mmap() has the lock until the VMA can be found. */
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

/* The core has the lock until the page it was given is mapped. */
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
 * mms_revoke - take a region away from all who use it
 * @r: the region, which the caller has a reference to, and may revoke
 *
 * Its name must be gone already. When this returns, nobody has the region
 * mapped, and no call that uses its bytes is under way; who waits for the
 * doorbell is woken. May sleep.
 *
 * Return: 0, or -ENODEV if somebody else was faster.
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
