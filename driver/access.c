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
 */
#include <linux/srcu.h>
#include "region.h"

/* One for all regions: sections are short. */
DEFINE_STATIC_SRCU(mms_srcu);

/**
 * mms_access_begin - begin to access a region's bytes
 * @r: the region
 * @store: whether the caller stores, and not only loads
 *
 * Context: any in which SRCU may be read; the section must not wait for
 * userspace.
 * Return: a number for mms_access_end(), not negative; -ENODEV if the region
 * was revoked; -EPERM if @store and a seal forbids it, or @r is a ring, to
 * which only endpoints write.
 */
int mms_access_begin(const struct mms_region *r, bool store)
{
	int access = srcu_read_lock(&mms_srcu);
	int ret = access;

	/* mms_access_end() releases it; sparse wants every function balanced */
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

/*
 * Wait for all sections that may have missed what the caller stored before.
 * Pairs with srcu_read_lock() in mms_access_begin(). May sleep.
 */
void mms_access_sync(void)
{
	synchronize_srcu_expedited(&mms_srcu);
}
