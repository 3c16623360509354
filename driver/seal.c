// SPDX-License-Identifier: GPL-2.0
/*
 * Who may use a region's bytes, and the seals, by which its owner takes away
 * the right to store, once and for all.
 *
 * Whoever is about to load or store through the kernel's address does so
 * between mms_access_begin(), which looks at the seals, and mms_access_end(),
 * in pieces that take no longer than a copy: nothing in between may wait for
 * user space. Who changes the rules publishes them and then waits, in
 * mms_access_sync(), until everybody who had looked before is through.
 *
 * Programs do not ask before they store. What counts for them is how many
 * shared VMAs there are that are writable, or that mprotect() could make so:
 * each is counted from mmap() until the last piece of it is closed, and only
 * while there are none can r->writable become -1, after which there will be
 * none. Pages that were pinned through such a VMA outlive it.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/srcu.h>
#include "compat.h"
#include "region.h"

#define MMS_SEALS	(MMAPSHARE_SEAL_SEAL | MMAPSHARE_SEAL_FUTURE_WRITE | \
			 MMAPSHARE_SEAL_WRITE)
#define MMS_SEALS_NO_WRITE	(MMAPSHARE_SEAL_FUTURE_WRITE | MMAPSHARE_SEAL_WRITE)

/* One for all regions: no section of it is long. */
DEFINE_STATIC_SRCU(mms_srcu);

/**
 * mms_access_begin - begin to use a region's bytes
 * @r: the region
 * @store: to store, and not only to load
 *
 * Return: a number for mms_access_end(), not negative; -ENODEV if the region
 * was revoked; -EPERM if a seal forbids it, or it is a ring, where everybody
 * stores in what is his own.
 */
int mms_access_begin(const struct mms_region *r, bool store)
{
	int access = srcu_read_lock(&mms_srcu);
	int ret = access;

	/* mms_access_end() has the other half, out of sparse's sight */
	__release(&mms_srcu);
	if (mms_revoked(r))
		ret = -ENODEV;
	else if (store && (r->ring || READ_ONCE(r->seals) & MMS_SEALS_NO_WRITE))
		ret = -EPERM;
	if (ret < 0)
		mms_access_end(access);
	return ret;
}

void mms_access_end(int access)
{
	__acquire(&mms_srcu);
	srcu_read_unlock(&mms_srcu, access);
}

/* Wait for all who began before what the caller stored could be seen. */
void mms_access_sync(void)
{
	synchronize_srcu_expedited(&mms_srcu);
}

/*
 * Is the VMA one to be counted? Neither flag changes while it lives. What is
 * stored to the doorbell is not the region's.
 */
static bool mms_vma_is_counted(const struct vm_area_struct *vma)
{
	const vm_flags_t both = VM_SHARED | VM_MAYWRITE;

	return (vma->vm_flags & both) == both &&
	       vma->vm_pgoff != MMS_DOORBELL_PGOFF;
}

/**
 * mms_seal_map - count a new VMA, or see that it will never be writable
 * @r: the region
 * @vma: not yet known to anybody
 *
 * Return: 0, or -EPERM if it is to be writable and a seal forbids that.
 */
int mms_seal_map(struct mms_region *r, struct vm_area_struct *vma)
{
	if (!mms_vma_is_counted(vma))
		return 0;
	if (!(READ_ONCE(r->seals) & MMS_SEALS_NO_WRITE) &&
	    atomic_long_inc_unless_negative(&r->writable))
		return 0;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

/* A copy of a VMA that is counted, by fork() or a split. */
void mms_seal_open(struct mms_region *r, const struct vm_area_struct *vma)
{
	if (mms_vma_is_counted(vma))
		atomic_long_inc(&r->writable);
}

void mms_seal_close(struct mms_region *r, const struct vm_area_struct *vma)
{
	if (mms_vma_is_counted(vma))
		atomic_long_dec(&r->writable);
}

/*
 * Has somebody a reference to the folio at @i besides those of the page cache,
 * of the region, of page tables, and of whoever has taken it off the LRU lists
 * (as long as it waits to be put there for the first time, too)? Not only who
 * pins for writing has: the others come and go, or cannot be told from him.
 */
static bool mms_folio_is_used(const struct mms_region *r, unsigned long i)
{
	struct folio *folio = page_folio(r->mem.pages[i]);
	long nr = folio_nr_pages(folio), ours = min_t(long, nr, r->mem.nr_pages - i);
	long maps = mms_folio_mapcount(folio);
	bool lru = folio_test_lru(folio);
	long refs = folio_ref_count(folio);

	if (r->mem.shmem)
		ours += nr + !lru;
	return refs > ours + maps || maps != mms_folio_mapcount(folio) ||
	       lru != folio_test_lru(folio);
}

static bool mms_pages_are_used(const struct mms_region *r)
{
	unsigned long i;

	for (i = 0; i < r->mem.nr_pages; i += folio_nr_pages(page_folio(r->mem.pages[i]))) {
		if (mms_folio_is_used(r, i))
			return true;
		cond_resched();
	}
	return false;
}

/* Such as direct I/O goes on without its VMA. Give it 150 ms to end. */
static int mms_wait_for_pins(const struct mms_region *r)
{
	unsigned int msecs;

	for (msecs = 10; mms_pages_are_used(r); msecs *= 2) {
		if (msecs > 80)
			return -EBUSY;
		if (schedule_timeout_killable(msecs_to_jiffies(msecs)) &&
		    fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* From here on nobody has, or gets, the region mapped writable, or a page of it. */
static int mms_deny_writes(struct mms_region *r)
{
	int ret;

	/* pairs with atomic_long_inc_unless_negative() in mms_seal_map() */
	if (atomic_long_cmpxchg(&r->writable, 0, -1))
		return -EBUSY;
	ret = mms_wait_for_pins(r);
	if (ret)
		atomic_long_set(&r->writable, 0);
	return ret;
}

/**
 * mms_seal - add seals
 * @r: the region
 * @writable: whether the caller's file is
 * @seals: in: MMAPSHARE_SEAL_* to add; out: all there are
 *
 * When this returns 0, nobody is still storing who may not. May sleep.
 *
 * Return: 0; -EINVAL for a seal that is none; -EBADF; -EPERM if the region is
 * another's, a ring, or sealed against this; -EBUSY if it is mapped writable, or pages
 * of it are in use by the kernel; -EINTR if killed.
 */
int mms_seal(struct mms_region *r, bool writable, u32 *seals)
{
	const u32 more = *seals;
	int ret;

	*seals = READ_ONCE(r->seals);
	if (!more)
		return 0;
	if (more & ~MMS_SEALS)
		return -EINVAL;
	if (!writable)
		return -EBADF;
	if (r->ring || !mms_region_owned(r))
		return -EPERM;

	ret = mutex_lock_killable(&r->lock);
	if (ret)
		return ret;
	ret = -EPERM;
	if (r->seals & MMAPSHARE_SEAL_SEAL)
		goto unlock;
	ret = 0;
	if (more & ~r->seals & MMAPSHARE_SEAL_WRITE)
		ret = mms_deny_writes(r);
	if (ret)
		goto unlock;
	WRITE_ONCE(r->seals, r->seals | more);
	*seals = r->seals;
	mms_access_sync();
unlock:
	mutex_unlock(&r->lock);
	return ret;
}
