// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel interface: plain regions of other modules, and functions that
 * sources and sinks share. These regions are charged to no user: modules are
 * trusted.
 */
#include <linux/align.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/types.h>
#include "compat.h"
#include "file.h"
#include "ioctl.h"
#include "kernel.h"
#include "map.h"
#include "range.h"
#include "ring.h"

/* Return: false if the name is not valid. */
static bool mms_kernel_set_name(struct mms_region *r, const char *name)
{
	return !name || (strscpy_pad(r->name, name, sizeof(r->name)) > 0 &&
			 mms_name_ok(r->name));
}

/*
 * Set the name and the owner of a module's region. @r is new and not visible
 * yet; or an ERR_PTR(), which is returned. Return: @r; or ERR_PTR(-EINVAL),
 * after putting @r.
 */
static struct mms_region *mms_kernel_init_region(struct mms_region *r,
						 const struct mmapshare_params *params)
{
	if (IS_ERR(r))
		return r;
	if (params->mode & ~0777 || !mms_kernel_set_name(r, params->name)) {
		mms_region_put(r);
		return ERR_PTR(-EINVAL);
	}
	r->uid = params->uid;
	r->gid = params->gid;
	return r;
}

/**
 * mms_kernel_create_ring - create a ring for a source or a sink
 * @params: its properties; the members consumers and flags are ignored
 * @flags: MMAPSHARE_RING_* of the ring
 * @consumers: number of cursors
 *
 * The ring has no endpoints, and is not visible before mms_kernel_add_name().
 *
 * Context: process context, may sleep.
 * Return: the region with one reference; or an ERR_PTR(): -EINVAL for invalid
 * @params or @consumers; -ERANGE for a size that is too large; an error of
 * mms_ring_create() or mms_range_take().
 */
struct mms_region *mms_kernel_create_ring(const struct mmapshare_params *params, u32 flags,
					  unsigned int consumers)
{
	struct mms_ring_params ring = {
		.flags = flags,
		.size = params->size,
		.consumers = consumers,
		.consumers_per_uid = params->consumers_per_uid,
		.consumers_reserved = params->consumers_reserved,
		.evict_ns = params->evict_ns,
		.features = params->features,
		.members = params->members,
	};

	if (!mms_ring_params_ok(&ring) || (!ring.size && !params->reserved) ||
	    (params->reserved && flags & (MMAPSHARE_RING_SET | MMAPSHARE_RING_KERNEL_CONSUMER)))
		return ERR_PTR(-EINVAL);
	if (params->reserved) {
		ring.range = mms_range_take(params->reserved);
		if (IS_ERR(ring.range))
			return ERR_CAST(ring.range);
		ring.size = ring.size ?: mms_ring_largest(ring.range, consumers) ?: PAGE_SIZE;
	}
	if (!mms_ring_geometry_of(&ring)) {
		mms_range_put(ring.range);
		return ERR_PTR(-ERANGE);
	}
	return mms_kernel_init_region(mms_ring_create(&ring), params);
}

/*
 * Create the node of @r if it has a name: programs can open the region from
 * then on. Return: as mms_name_add(); 0 if there is no name. May sleep.
 */
int mms_kernel_add_name(struct mms_region *r, const struct mmapshare_params *params)
{
	return r->name[0] ? mms_name_add(r, params->mode) : 0;
}

/* Return: a file of the region, or an ERR_PTR(). May sleep. */
struct file *mms_kernel_open_file(struct mms_region *r, int flags)
{
	return mms_open_region(r, flags, &mms_fops, NULL);
}

/* struct mmapshare_region is an opaque name of struct mms_region. */
static struct mms_region *mms_kernel_region_of(const struct mmapshare_region *region)
{
	return (struct mms_region *)region;
}

/**
 * mmapshare_region_create - create zeroed memory that programs can map
 * @params: properties of the region; those of consumers, @features, @members and
 *	@flags are 0
 *
 * If @params->name is set, the node exists when this returns. With @params->reserved
 * the memory is that range, and has the bytes that an earlier region has left there.
 *
 * Context: process context, may sleep.
 * Return: the region, to be released with mmapshare_region_put(); or an
 * ERR_PTR(): -EINVAL for invalid @params; -ERANGE if the size, rounded up to
 * pages, is 1 TiB or more; -EEXIST if the name is in use; -ENOSPC if no minor
 * number is left; -ENOMEM; -EINTR if the task was killed. With @params->reserved
 * also -ENOENT if there is no such range; -EBUSY if it is in use; -ENOSPC if it is
 * too small.
 */
struct mmapshare_region *mmapshare_region_create(const struct mmapshare_params *params)
{
	struct mms_region *r;
	int ret;

	if (params->flags || params->consumers || params->consumers_per_uid ||
	    params->consumers_reserved || params->evict_ns || params->features ||
	    params->members || (!params->size && !params->reserved))
		return ERR_PTR(-EINVAL);
	if (params->size > MMS_REGION_MAX)
		return ERR_PTR(-ERANGE);
	if (params->reserved)
		r = mms_region_create_reserved(params->reserved, params->size);
	else
		r = mms_region_create(ALIGN(params->size, PAGE_SIZE),
				      mms_strategy_by_id(MMAPSHARE_STRATEGY_FAULT));
	r = mms_kernel_init_region(r, params);
	if (IS_ERR(r))
		return ERR_CAST(r);
	ret = mms_kernel_add_name(r, params);
	if (ret) {
		mms_region_put(r);
		return ERR_PTR(ret);
	}
	return (struct mmapshare_region *)r;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_create, MMS_NS);

/**
 * mmapshare_region_put - remove the name of a region and release it
 * @region: from mmapshare_region_create(). The caller makes sure that no other
 *	call for this region is in progress or follows
 *
 * When this returns, the name has been removed. The memory is freed when the
 * last program has closed and unmapped the region.
 *
 * Context: process context, may sleep.
 */
void mmapshare_region_put(struct mmapshare_region *region)
{
	struct mms_region *r = mms_kernel_region_of(region);

	irq_work_sync(&r->wake_waiters);
	mms_name_drop(r);
	mms_region_put(r);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_put, MMS_NS);

/**
 * mmapshare_region_address - the kernel's mapping of a region
 * @region: the region
 *
 * Programs that have mapped the region may change its bytes at any time: read a
 * value once, then check it.
 *
 * Context: any, including NMI.
 * Return: the address of the first byte, valid until mmapshare_region_put(); NULL
 * for a region on uncached reserved memory, which the driver does not map.
 */
void *mmapshare_region_address(const struct mmapshare_region *region)
{
	return mms_kernel_region_of(region)->mem.vaddr;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_address, MMS_NS);

/**
 * mmapshare_region_size - the size of a region
 * @region: the region
 *
 * Context: any, including NMI.
 * Return: bytes, a multiple of PAGE_SIZE.
 */
u64 mmapshare_region_size(const struct mmapshare_region *region)
{
	return mms_kernel_region_of(region)->size;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_size, MMS_NS);

/**
 * mmapshare_region_notify - ring the doorbell of a region
 * @region: the region
 *
 * Wakes the programs that wait for the doorbell, by irq_work. A program that
 * reads the new count also sees what the caller stored before.
 *
 * Context: any, including NMI.
 * Return: notifications so far, including this one. Programs can write the
 * count and make it any value.
 */
u64 mmapshare_region_notify(struct mmapshare_region *region)
{
	return mms_notify(mms_kernel_region_of(region));
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_notify, MMS_NS);

/**
 * mmapshare_region_file - open a file of a region, for reading and writing
 * @region: the region
 *
 * Pass it to fd_install(), or drop it with fput().
 *
 * Context: process context, may sleep.
 * Return: the file; or an ERR_PTR(): -ENOMEM, -ENFILE.
 */
struct file *mmapshare_region_file(struct mmapshare_region *region)
{
	return mms_kernel_open_file(mms_kernel_region_of(region), O_RDWR);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_region_file, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/kernel_test.c"
#endif
