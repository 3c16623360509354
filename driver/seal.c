// SPDX-License-Identifier: GPL-2.0
/*
 * Seals, by which the owner of a region permanently removes the right to write
 * to it, or to revoke it.
 *
 * The kernel does not see the stores of programs to their mappings. Instead,
 * r->writable counts the shared VMAs that are writable or that mprotect() could
 * make so, and writable dma-bufs. It becomes -1, which forbids new ones, only if it
 * was 0. Page pins,
 * through which a store may still happen, outlive their VMA and are checked
 * separately.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include "compat.h"
#include "region.h"

#define MMS_SEALS	(MMAPSHARE_SEAL_SEAL | MMAPSHARE_SEAL_FUTURE_WRITE | \
			 MMAPSHARE_SEAL_WRITE | MMAPSHARE_SEAL_REVOKE)

/*
 * Does r->writable count such a VMA? Neither flag changes once it is counted.
 * The doorbell is not among the bytes that a seal protects.
 */
static bool mms_is_counted(vm_flags_t flags, pgoff_t pgoff)
{
	const vm_flags_t both = VM_SHARED | VM_MAYWRITE;

	return (flags & both) == both && pgoff != MMS_DOORBELL_PGOFF;
}

static bool mms_vma_is_counted(const struct vm_area_struct *vma)
{
	return mms_is_counted(vma->vm_flags, vma->vm_pgoff);
}

/**
 * mms_seal_prepare - check an intended mapping against the seals
 * @r: the region
 * @m: the mapping; it can never become writable if a seal forbids that
 *
 * Nothing is counted: mms_seal_map() decides.
 *
 * Return: 0; -EPERM if it would be writable and a seal forbids that.
 */
int mms_seal_prepare(const struct mms_region *r, struct mms_mapping *m)
{
	if (!(READ_ONCE(r->seals) & MMS_SEALS_NO_WRITE) || !mms_is_counted(m->flags, m->pgoff))
		return 0;
	if (m->flags & VM_WRITE)
		return -EPERM;
	m->flags &= ~VM_MAYWRITE;
	return 0;
}

/**
 * mms_seal_map - count a new VMA, or make sure that it never becomes writable
 * @r: the region
 * @vma: a new VMA; no task can fault in it yet
 *
 * Context: between mms_access_begin() and mms_access_end(), so that a seal is
 * either seen here or waits for the VMA to be counted.
 * Return: 0; -EPERM if it would be writable and a seal forbids that.
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
	mms_vma_deny_write(vma);
	return 0;
}

/**
 * mms_seal_hold - count something that may write without a VMA
 * @r: the region
 *
 * Context: process context, may sleep.
 * Return: 0, and mms_seal_drop() follows; -EPERM if a seal forbids writing; -ENODEV
 * if the region was revoked; -EBUSY if it is being sealed; -EINTR if killed.
 */
int mms_seal_hold(struct mms_region *r)
{
	int ret = mms_access_begin(r, true);

	if (ret)
		return ret;
	if (!atomic_long_inc_unless_negative(&r->writable))
		ret = -EBUSY;
	mms_access_end(r);
	return ret;
}

void mms_seal_drop(struct mms_region *r)
{
	atomic_long_dec(&r->writable);
}

/* A VMA was copied by fork() or a split. */
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
 * Does @folio have references beyond the expected ones? Expected are those of the
 * page cache and of page tables, and one while the folio is not on an LRU list:
 * it was isolated, or is in a batch of folios to be added. Any other reference
 * may be a pin for writing. Memory failure keeps a reference to a folio
 * permanently: such a folio counts as not used.
 */
static bool mms_folio_is_used(struct folio *folio)
{
	const long maps = mms_folio_mapcount(folio);
	const bool lru = folio_test_lru(folio);
	const long refs = folio_ref_count(folio);

	if (folio_test_hwpoison(folio))
		return false;
	return refs > folio_nr_pages(folio) + maps + !lru ||
	       maps != mms_folio_mapcount(folio) || lru != folio_test_lru(folio);
}

static bool mms_pages_are_used(const struct mms_region *r)
{
	unsigned long i, n;

	for (i = 0; i < r->mem.nr_pages; i += n) {
		struct folio *folio = page_folio(r->mem.pages[i]);

		n = folio_nr_pages(folio);
		if (mms_folio_is_used(folio))
			return true;
		cond_resched();
	}
	return false;
}

/*
 * Page pins (direct I/O, for example) outlive the VMA. Wait up to 150 ms for
 * them to be released.
 */
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

/*
 * On success no task has the region mapped writable or a page of it pinned, and
 * no writable mapping can be created.
 */
static int mms_deny_writes(struct mms_region *r)
{
	int ret;

	/*
	 * Pairs with atomic_long_inc_unless_negative() in mms_seal_map():
	 * either the VMA is counted before, and this fails, or mms_seal_map()
	 * finds -1, and the VMA never becomes writable.
	 */
	if (atomic_long_cmpxchg(&r->writable, 0, -1))
		return -EBUSY;
	ret = mms_wait_for_pins(r);
	if (ret)
		atomic_long_set(&r->writable, 0);
	return ret;
}

/* Return: 0; -EBUSY or -EINTR, and nothing has changed. */
static int mms_add_seals(struct mms_region *r, u32 more)
{
	const bool deny = more & ~r->seals & MMAPSHARE_SEAL_WRITE;
	int ret = deny ? mms_deny_writes(r) : 0;

	if (ret)
		return ret;
	ret = down_write_killable(&r->access);
	if (!ret) {
		WRITE_ONCE(r->seals, r->seals | more);
		up_write(&r->access);
	} else if (deny) {
		atomic_long_set(&r->writable, 0);
	}
	return ret;
}

/**
 * mms_seal - add seals
 * @r: the region
 * @writable: whether the caller's file is open for writing
 * @seals: in: MMAPSHARE_SEAL_* to add, 0 to query; out: all seals of the region
 *
 * When this returns 0, no store that the seals forbid is still in progress.
 *
 * Context: process context, may sleep.
 * Return: 0; -EINVAL for an unknown seal; -EBADF unless @writable; -EPERM if
 * the caller does not own the region, if it has MMAPSHARE_SEAL_SEAL, or for a
 * seal against writes if it is a ring; -EBUSY if it is mapped writable or pages
 * of it are pinned; -ENODEV if it was revoked; -EINTR if killed.
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
	/* the endpoints of a ring must write */
	if (!mms_region_owned(r) || (r->ring && more & MMS_SEALS_NO_WRITE))
		return -EPERM;

	ret = mutex_lock_killable(&r->lock);
	if (ret)
		return ret;
	if (r->seals & MMAPSHARE_SEAL_SEAL)
		ret = -EPERM;
	else if (mms_revoked(r))
		ret = -ENODEV;
	else
		ret = mms_add_seals(r, more);
	*seals = r->seals;
	mutex_unlock(&r->lock);
	return ret;
}
