// SPDX-License-Identifier: GPL-2.0
/*
 * What other modules make: areas, which are plain regions, and what sources and
 * sinks have in common. No limits: whoever loads modules knows what he does.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/stat.h>
#include <linux/string.h>
#include "compat.h"
#include "file.h"
#include "ioctl.h"
#include "kernel.h"
#include "map.h"
#include "ring.h"

static bool mms_params_ok(const struct mmapshare_params *params, struct mms_region *r)
{
	if (!params->size || params->mode & ~0777)
		return false;
	return !params->name || (strscpy_pad(r->name, params->name, sizeof(r->name)) > 0 &&
				 mms_name_ok(r->name));
}

/* The region is the caller's, and only he knows of it. */
static struct mms_region *mms_kernel_region(struct mms_region *r,
					    const struct mmapshare_params *params)
{
	if (IS_ERR(r))
		return r;
	if (!mms_params_ok(params, r)) {
		mms_region_put(r);
		return ERR_PTR(-EINVAL);
	}
	r->uid = params->uid;
	r->gid = params->gid;
	return r;
}

/* A ring without anybody in it, nor a node yet. May sleep. */
struct mms_region *mms_kernel_ring(const struct mmapshare_params *params, u32 flags,
				   unsigned int consumers)
{
	u64 size = params->size;

	if (!size || !consumers || consumers > MMAPSHARE_RING_CONSUMERS_MAX)
		return ERR_PTR(-EINVAL);
	if (!mms_ring_geometry(&size, consumers))
		return ERR_PTR(-ERANGE);
	return mms_kernel_region(mms_ring_create(flags, size, consumers), params);
}

/* Programs can find it from here on, if it has a name. */
int mms_kernel_publish(struct mms_region *r, const struct mmapshare_params *params)
{
	return r->name[0] ? mms_name_add(r, params->mode) : 0;
}

/* A file of the region, open as by open(); or an ERR_PTR(). May sleep. */
struct file *mms_kernel_file(struct mms_region *r, int flags)
{
	return mms_open_region(r, flags, &mms_fops, NULL);
}

/* An area is the region itself. */
static struct mms_region *mms_kernel_region_of(const struct mmapshare_region *region)
{
	return (struct mms_region *)region;
}

/**
 * mmapshare_region_create - make memory that programs can map
 * @params: what it is to be; @consumers and @flags are 0
 *
 * Context: process context, may sleep.
 * Return: for mmapshare_region_put(), or an ERR_PTR(): -EINVAL, -EEXIST for the
 * name, -ERANGE, -ENOSPC, -ENOMEM, -EINTR.
 */
struct mmapshare_region *mmapshare_region_create(const struct mmapshare_params *params)
{
	struct mms_region *r;
	int ret;

	if (params->flags || params->consumers || !params->size)
		return ERR_PTR(-EINVAL);
	if (params->size > MMS_REGION_MAX)
		return ERR_PTR(-ERANGE);
	r = mms_region_create(ALIGN(params->size, PAGE_SIZE), 0,
			      mms_strategy_by_id(MMAPSHARE_STRATEGY_FAULT));
	r = mms_kernel_region(r, params);
	if (IS_ERR(r))
		return ERR_CAST(r);
	ret = mms_kernel_publish(r, params);
	if (ret) {
		mms_region_put(r);
		return ERR_PTR(ret);
	}
	return (struct mmapshare_region *)r;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_create, MMS_NS);

/**
 * mmapshare_region_put - use it no more
 * @region: from mmapshare_region_create()
 *
 * Its name is gone when this returns; the memory goes with the last program that
 * has it open or mapped.
 *
 * Context: process context, may sleep.
 */
void mmapshare_region_put(struct mmapshare_region *region)
{
	mms_name_drop(mms_kernel_region_of(region));
	mms_region_put(mms_kernel_region_of(region));
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_put, MMS_NS);

/**
 * mmapshare_region_address - where it is
 * @region: the area
 *
 * What programs store there may change at any time: read once, and then judge.
 *
 * Context: any.
 * Return: its first byte, for as long as the caller has the area.
 */
void *mmapshare_region_address(const struct mmapshare_region *region)
{
	return mms_kernel_region_of(region)->mem.vaddr;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_address, MMS_NS);

/**
 * mmapshare_region_size - how large it is
 * @region: the area
 *
 * Context: any.
 * Return: bytes, whole pages.
 */
u64 mmapshare_region_size(const struct mmapshare_region *region)
{
	return mms_kernel_region_of(region)->size;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_size, MMS_NS);

/**
 * mmapshare_region_notify - ring its doorbell
 * @region: the area
 *
 * What was stored before is seen by whom this wakes.
 *
 * Context: any but NMI.
 * Return: notifications so far.
 */
u64 mmapshare_region_notify(struct mmapshare_region *region)
{
	return mms_notify(mms_kernel_region_of(region));
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_notify, MMS_NS);

/**
 * mmapshare_region_file - a file of it, open for reading and writing
 * @region: the area
 *
 * To be installed as a descriptor, or fput().
 *
 * Context: process context, may sleep.
 * Return: the file, or an ERR_PTR().
 */
struct file *mmapshare_region_file(struct mmapshare_region *region)
{
	return mms_kernel_file(mms_kernel_region_of(region), O_RDWR);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_file, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/kernel_test.c"
#endif
