// SPDX-License-Identifier: GPL-2.0
/*
 * Access to a region's bytes.
 *
 * Kernel code that loads or stores through the kernel address, or makes page
 * table entries, does so between mms_access_begin(), which checks seals and
 * revocation, and mms_access_end(), in pieces no longer than a copy: nothing in
 * between may wait for userspace. Code that changes the rules holds the lock for
 * writing meanwhile: no section that began under the old ones is in progress.
 *
 * Each region has a lock of its own: a task with a low priority that is
 * preempted inside a section delays only the users of its region. These can be
 * killed while they wait, except for a driver that maps a dma-buf for the kernel.
 */
#include <linux/rwsem.h>
#include "region.h"

/* Called with the lock held; after a failure it is not. */
static int mms_access_check(struct mms_region *r, bool store)
{
	int ret = 0;

	if (mms_revoked(r))
		ret = -ENODEV;
	else if (store && (r->ring || r->seals & MMS_SEALS_NO_WRITE))
		ret = -EPERM;
	if (ret)
		up_read(&r->access);
	return ret;
}

/**
 * mms_access_begin - begin to access a region's bytes
 * @r: the region
 * @store: whether the caller stores, and not only loads
 *
 * Context: process context, may sleep. The section must not wait for userspace.
 * Return: 0; -ENODEV if the region was revoked; -EPERM if @store and a seal
 * forbids it, or @r is a ring, to which only endpoints write; -EINTR if killed.
 */
int mms_access_begin(struct mms_region *r, bool store)
{
	if (down_read_killable(&r->access))
		return -EINTR;
	return mms_access_check(r, store);
}

/* As mms_access_begin(), but without -EINTR: for a call that must not fail. */
int mms_access_begin_unkillable(struct mms_region *r, bool store)
{
	down_read(&r->access);
	return mms_access_check(r, store);
}

/* As mms_access_begin(), but with -EAGAIN instead of waiting for the lock. */
int mms_access_try_begin(struct mms_region *r, bool store)
{
	if (!down_read_trylock(&r->access))
		return -EAGAIN;
	return mms_access_check(r, store);
}

void mms_access_end(struct mms_region *r)
{
	up_read(&r->access);
}
