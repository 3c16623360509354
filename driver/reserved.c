// SPDX-License-Identifier: GPL-2.0
/*
 * Finding the ranges that the administrator has set aside, see range.c.
 *
 * Two module parameters name them: "reserved" lists memory that the boot reserved
 * by reserve_mem=, and "ranges" lists addresses. Nothing else becomes a range, and
 * an address in memory that the kernel manages, or that a driver has claimed, is
 * refused.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cc_platform.h>
#include <linux/errno.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/panic_notifier.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/suspend.h>
#include "compat.h"
#include "memory.h"
#include "range.h"

static int mms_reserved_panic(struct notifier_block *nb, unsigned long action, void *data)
{
	unsigned int i;

	for (i = 0; i < mms_nr_ranges; i++) {
		mms_range_write_back(&mms_ranges[i]);
		mms_range_set_end(&mms_ranges[i], MMS_END_PANIC);
	}
	return NOTIFY_DONE;
}

/* Lowest priority: runs after notifiers that still publish records to these rings. */
static struct notifier_block mms_panic_notifier = {
	.notifier_call = mms_reserved_panic,
	.priority = INT_MIN,
};

static void mms_reserved_clean(void)
{
	unsigned int i;

	for (i = 0; i < mms_nr_ranges; i++)
		mms_range_end_clean(&mms_ranges[i]);
}

static int mms_reserved_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	mms_reserved_clean();
	return NOTIFY_DONE;
}

static struct notifier_block mms_reboot_notifier = {
	.notifier_call = mms_reserved_reboot,
	.priority = INT_MIN,
};

/* Is this memory in no image of a hibernation, and not the registers of a device? */
static bool mms_range_is_unsaved(const struct mms_range *range)
{
	return range->claimed && range->header;
}

/* Since mms_reserved_hold(): the first @n ranges may be used again. */
static void mms_reserved_unhold(unsigned int n)
{
	struct mms_range *range;

	for (range = mms_ranges; range < mms_ranges + n; range++) {
		if (!mms_range_is_unsaved(range))
			continue;
		mms_range_recheck(range);
		mms_range_put(range);
	}
}

/* Hold all ranges that a hibernation does not save. Return: 0; -EBUSY if one is in use. */
static int mms_reserved_hold(void)
{
	unsigned int i;

	for (i = 0; i < mms_nr_ranges; i++) {
		if (!mms_range_is_unsaved(&mms_ranges[i]) || mms_range_hold(&mms_ranges[i]))
			continue;
		pr_err("range '%s': in use, and hibernation would lose its bytes; close and destroy the region, or unload the module that has it\n",
		       mms_ranges[i].name);
		mms_reserved_unhold(i);
		return -EBUSY;
	}
	return 0;
}

static int mms_reserved_pm(struct notifier_block *nb, unsigned long action, void *data)
{
	/* the module may be loaded between the two actions */
	static bool held;
	int ret = 0;

	if (action == PM_HIBERNATION_PREPARE) {
		ret = mms_reserved_hold();
		held = !ret;
	} else if (action == PM_POST_HIBERNATION && held) {
		mms_reserved_unhold(mms_nr_ranges);
		held = false;
	}
	return notifier_from_errno(ret);
}

static struct notifier_block mms_pm_notifier = {
	.notifier_call = mms_reserved_pm,
};

/* Cached memory has a header of one page. Return: false after saying why. */
static bool mms_range_place_ok(const char *name, phys_addr_t start, u64 size,
			       enum mms_range_cache cache)
{
	const u64 least = cache == MMS_CACHE_WB ? 2 * PAGE_SIZE : PAGE_SIZE;

	if (PAGE_ALIGNED(start) && PAGE_ALIGNED(size) && size >= least)
		return true;
	pr_err("range '%s': %llu bytes at %pa: expected whole pages, at least %llu bytes\n",
	       name, size, &start, least);
	return false;
}

/* Return: 0, or a negative errno, which was logged unless it is -ENOMEM. */
static int mms_range_add(const char *name, phys_addr_t start, u64 size,
			 enum mms_range_cache cache, bool claim)
{
	struct mms_range *range = &mms_ranges[mms_nr_ranges];

	if (mms_nr_ranges == MMS_RANGES_MAX) {
		pr_err("range '%s': at most %u ranges are possible\n", name, MMS_RANGES_MAX);
		return -ENOSPC;
	}
	*range = (struct mms_range) { .start = start, .size = size, .cache = cache };
	strscpy(range->name, name, sizeof(range->name));
	if (claim && !request_mem_region(start, size, KBUILD_MODNAME)) {
		pr_err("range '%s': cannot claim the memory at %pa; see /proc/iomem\n",
		       name, &start);
		return -EBUSY;
	}
	range->claimed = claim;
	if (cache == MMS_CACHE_WB) {
		range->header = memremap(start, 2 * PAGE_SIZE, MEMREMAP_WB);
		if (!range->header) {
			if (claim)
				release_mem_region(start, size);
			return -ENOMEM;
		}
	}
	mms_range_read_header(range);
	mms_nr_ranges++;
	pr_info("range '%s': %llu bytes at %pa, %s, use %llu, last end: %s\n", range->name,
		size, &start, mms_range_caches[cache], range->generation,
		mms_range_ends[range->last]);
	return 0;
}

static bool mms_range_name_ok(const char *name)
{
	const size_t length = strlen(name);

	if (!length || length >= MMAPSHARE_NAME_SIZE) {
		pr_err("range '%s': expected a name of 1 to %d characters\n", name,
		       MMAPSHARE_NAME_SIZE - 1);
		return false;
	}
	if (mms_range_find(name)) {
		pr_err("range '%s': another range has this name\n", name);
		return false;
	}
	return true;
}

/* NAME: memory that the boot has reserved. */
static int mms_range_add_reserved(char *text)
{
	phys_addr_t start, size;
	int ret;

	if (!mms_range_name_ok(text))
		return -EINVAL;
	ret = mms_find_reserved(text, &start, &size);
	if (ret == -EOPNOTSUPP)
		pr_err("range '%s': this kernel has no reserve_mem=; use memmap= and ranges=\n",
		       text);
	else if (ret)
		pr_err("range '%s': the boot has reserved no memory of this name; add reserve_mem=SIZE:4096:%s to the command line\n",
		       text, text);
	if (ret)
		return ret;
	if (!mms_range_place_ok(text, start, size, MMS_CACHE_WB))
		return -EINVAL;
	return mms_range_add(text, start, size, MMS_CACHE_WB, false);
}

/* NAME:SIZE@ADDRESS or NAME:SIZE@ADDRESS:CACHE */
static int mms_range_add_address(char *text)
{
	char *const name = strsep(&text, ":"), *where = strsep(&text, ":");
	char *const size_text = strsep(&where, "@");
	int cache = text ? match_string(mms_range_caches, MMS_RANGE_CACHES, text) :
			   MMS_CACHE_WB;
	u64 start, size;

	if (!size_text || !where || cache < 0 || mms_parse_size(size_text, &size) ||
	    kstrtou64(where, 0, &start) || start + size < start ||
	    start + size - 1 > PHYS_ADDR_MAX) {
		pr_err("range '%s': expected NAME:SIZE@ADDRESS, then nothing, :wb, :wc or :uc\n",
		       name);
		return -EINVAL;
	}
	if (!mms_range_name_ok(name) || !mms_range_place_ok(name, start, size, cache))
		return -EINVAL;
	if (region_intersects(start, size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT) {
		pr_err("range '%s': memory at %#llx belongs to the kernel; keep it from the kernel by memmap=, or use reserve_mem= and reserved=\n",
		       name, start);
		return -EBUSY;
	}
	/* the kernel's mapping would not be encrypted, and those of programs would */
	if (cache == MMS_CACHE_WB && cc_platform_has(CC_ATTR_MEM_ENCRYPT)) {
		pr_err("range '%s': memory is encrypted on this machine, so that an address supports only :wc and :uc; use reserve_mem= and reserved=\n",
		       name);
		return -EOPNOTSUPP;
	}
	return mms_range_add(name, start, size, cache, true);
}

static int mms_ranges_parse(const char *list, int (*add)(char *text))
{
	char *copy, *rest, *text;
	int ret = 0;

	if (!list || !*list)
		return 0;
	copy = kstrdup(list, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = copy;
	while (!ret && (text = strsep(&rest, ",")))
		ret = add(text);
	kfree(copy);
	return ret;
}

static void mms_ranges_release(void)
{
	while (mms_nr_ranges) {
		struct mms_range *range = &mms_ranges[--mms_nr_ranges];

		if (range->header)
			memunmap(range->header);
		if (range->claimed)
			release_mem_region(range->start, range->size);
	}
}

/**
 * mms_reserved_init - find the ranges that the administrator has named
 * @reserved: NAME,... as reserve_mem= has them; NULL or "" for none
 * @ranges: NAME:SIZE@ADDRESS[:CACHE],...; NULL or "" for none
 *
 * Context: process context, may sleep.
 * Return: 0, or a negative errno, which was logged unless it is -ENOMEM.
 */
int mms_reserved_init(const char *reserved, const char *ranges)
{
	int ret;

	ret = mms_ranges_parse(reserved, mms_range_add_reserved) ?:
	      mms_ranges_parse(ranges, mms_range_add_address);
	if (ret) {
		mms_ranges_release();
		return ret;
	}
	if (mms_nr_ranges) {
		atomic_notifier_chain_register(&panic_notifier_list, &mms_panic_notifier);
		register_reboot_notifier(&mms_reboot_notifier);
		register_pm_notifier(&mms_pm_notifier);
	}
	return 0;
}

/* Undo mms_reserved_init(). No region may use a range. May sleep. */
void mms_reserved_exit(void)
{
	if (!mms_nr_ranges)
		return;
	unregister_pm_notifier(&mms_pm_notifier);
	unregister_reboot_notifier(&mms_reboot_notifier);
	atomic_notifier_chain_unregister(&panic_notifier_list, &mms_panic_notifier);
	mms_reserved_clean();
	mms_ranges_release();
}
