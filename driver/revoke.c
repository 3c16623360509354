// SPDX-License-Identifier: GPL-2.0
/*
 * Revocation: takes a region away from all its users.
 *
 * First r->revoked is set, with r->access held for writing: no new use begins
 * after that, and read(), write(), ioctls, and fault handlers that make page
 * table entries themselves are not using the region any more, see access.c. If
 * a fault handler returns a page to the core to be mapped or copied, the core
 * holds the page lock until the entry is made: mms_wait_for_faults() takes the
 * lock of each page once.
 *
 * Then all page table entries are removed, including the copies in private
 * mappings. A later access finds no entry, faults, and gets SIGBUS, or a
 * private page in place of the doorbell. fork(), mremap() and splits are
 * handled by the core, as they are when a file is truncated. Pages that are
 * pinned remain usable until they are unpinned.
 *
 * Then the pages are freed and uncharged, although peers may keep descriptors
 * and mappings. A region that the kernel created keeps its pages: the module
 * that created it uses their address until it puts the region.
 *
 * mms_revoke() does not wait for the mmap lock of another task: the task could
 * hold it indefinitely, in a page fault that does not end. A strategy that
 * makes page table entries in mmap() would require that lock, because the core
 * makes a VMA findable only when mmap() returns. mms_may_revoke() refuses such
 * a region.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include "compat.h"
#include "region.h"

/*
 * Return: 0; -EOPNOTSUPP if the strategy makes all entries in mmap(); -EPERM if
 * the region is sealed against revocation.
 */
static int mms_may_revoke(const struct mms_region *r)
{
	if (r->strategy->fill)
		return -EOPNOTSUPP;
	return READ_ONCE(r->seals) & MMAPSHARE_SEAL_REVOKE ? -EPERM : 0;
}

/*
 * The core holds the page lock until the page that ->fault returned is mapped.
 * The core does not wait for userspace meanwhile. A signal does not end this
 * wait: the flag is set already, and truncation, which follows, waits for the
 * same locks.
 */
static void mms_wait_for_faults(const struct mms_region *r)
{
	unsigned long i, n;

	for (i = 0; i < r->mem.nr_pages; i += n) {
		struct folio *folio = mms_get_folio(r->mem.pages[i]);

		n = folio_nr_pages(folio);
		folio_lock(folio);
		folio_unlock(folio);
		folio_put(folio);
		cond_resched();
	}
}

/**
 * mms_revoke - take a region away from all its users, and remove its name
 * @r: the region; the caller holds a reference
 *
 * When this returns 0, no task has the region mapped and no call that uses its
 * bytes is in progress; tasks that wait in it are woken; the name is gone; the
 * memory is free, except pinned pages and the memory of a region that the
 * kernel created.
 *
 * Context: process context, may sleep.
 * Return: 0; -ENODEV if it was revoked before; -EOPNOTSUPP if the strategy does
 * not allow it; -EPERM if it is sealed against revocation; -EINTR if killed,
 * either before anything was done, or while waiting for the node to be removed.
 */
int mms_revoke(struct mms_region *r)
{
	struct mms_name *name = NULL;
	int ret;

	ret = mutex_lock_killable(&r->lock);
	if (ret)
		return ret;
	ret = mms_revoked(r) ? -ENODEV : mms_may_revoke(r);
	if (ret)
		goto unlock;
	ret = down_write_killable(&r->access);
	if (ret)
		goto unlock;
	/* before the flag is set, so that no name leads to a revoked region */
	name = mms_name_detach(r);
	WRITE_ONCE(r->revoked, true);
	up_write(&r->access);
	/*
	 * If another task is adding the name, it has become live meanwhile, or
	 * mms_name_settle() finds the flag set and removes it. Both hold
	 * mms_names_lock.
	 */
	if (!name)
		name = mms_name_detach(r);
	mms_wait_for_faults(r);
	unmap_mapping_range(r->inode->i_mapping, 0, 0, 1);
	mms_doorbell_wake_all(r);
	if (r->ops)
		r->ops->revoked(r);
	if (r->charge) {
		mms_uncharge(r->charge, &r->mem);
		r->charge = NULL;
	}
unlock:
	mutex_unlock(&r->lock);
	return ret ?: mms_name_wait(name);
}
