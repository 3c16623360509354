// SPDX-License-Identifier: GPL-2.0
/*
 * Access to a region's bytes.
 *
 * Kernel code that loads or stores through the kernel address, or makes page
 * table entries, does so between mms_access_begin(), which checks seals and
 * revocation, and mms_access_end(), in pieces no longer than a copy: nothing in
 * between may wait for userspace. Code that changes the rules stores the new
 * ones and then waits in mms_access_sync() for all sections that began under
 * the old ones.
 *
 * Each region has a lock of its own: a task that does not run inside a section,
 * because it has a low priority, delays users of its region only.
 */
#include <linux/rwsem.h>
#include "region.h"

/**
 * mms_access_begin - begin to access a region's bytes
 * @r: the region
 * @store: whether the caller stores, and not only loads
 *
 * Context: process context, may sleep. The section must not wait for userspace.
 * Return: 0; -ENODEV if the region was revoked; -EPERM if @store and a seal
 * forbids it, or @r is a ring, to which only endpoints write.
 */
int mms_access_begin(struct mms_region *r, bool store)
{
	int ret = 0;

	down_read(&r->access);
	if (mms_revoked(r))
		ret = -ENODEV;
	else if (store && (r->ring || READ_ONCE(r->seals) & MMS_SEALS_NO_WRITE))
		ret = -EPERM;
	if (ret)
		up_read(&r->access);
	return ret;
}

void mms_access_end(struct mms_region *r)
{
	up_read(&r->access);
}

/*
 * Wait for all sections that may have missed what the caller stored before.
 * Pairs with down_read() in mms_access_begin(). May sleep.
 */
void mms_access_sync(struct mms_region *r)
{
	down_write(&r->access);
	up_write(&r->access);
}
