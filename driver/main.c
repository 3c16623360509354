// SPDX-License-Identifier: GPL-2.0
/*
 * Module parameters, the device node, init and exit.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include "ioctl.h"
#include "map.h"
#include "memory.h"
#include "range.h"
#include "region.h"
#include "ring_bpf.h"

/*
 * The parameters size and strategy are stored as text and parsed by mms_init(),
 * which can log what is wrong with them. sysfs shows the parsed values. It may
 * read them after mms_exit() has freed the region, so they are copied to
 * mms_size and mms_strategy.
 */
static char *mms_param_size = "1M";
static char *mms_param_strategy = "fault";

static u64 mms_size;
static const struct mms_strategy *mms_strategy;

static int mms_get_size(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", mms_size);
}

static int mms_get_strategy(char *buffer, const struct kernel_param *kp)
{
	const struct mms_strategy *s = READ_ONCE(mms_strategy);

	return sysfs_emit(buffer, "%s\n", s ? s->name : "");
}

static const struct kernel_param_ops mms_size_ops = {
	.set = param_set_charp,
	.get = mms_get_size,
	.free = param_free_charp,
};

static const struct kernel_param_ops mms_strategy_ops = {
	.set = param_set_charp,
	.get = mms_get_strategy,
	.free = param_free_charp,
};

module_param_cb(size, &mms_size_ops, &mms_param_size, 0444);
__MODULE_PARM_TYPE(size, "charp");
MODULE_PARM_DESC(size, "Bytes in /dev/mmapshare, with an optional suffix K, M, G or T; rounded up to whole pages (default 1M)");

module_param_cb(strategy, &mms_strategy_ops, &mms_param_strategy, 0444);
__MODULE_PARM_TYPE(strategy, "charp");
MODULE_PARM_DESC(strategy, "How memory is obtained and mapped: fault, huge, vmalloc, pfn, or reserved for the first range (default fault)");

module_param_named(exec, mms_allow_exec, bool, 0444);
MODULE_PARM_DESC(exec, "Allow mappings with PROT_EXEC (default N)");

static char *mms_param_reserved;
module_param_named(reserved, mms_param_reserved, charp, 0444);
MODULE_PARM_DESC(reserved, "NAME,...: ranges that the boot has reserved, by reserve_mem=SIZE:4096:NAME");

/* A locked-down kernel refuses it, as it refuses all addresses of hardware. */
static char *mms_param_ranges;
module_param_hw_named(ranges, mms_param_ranges, charp, iomem, 0444);
MODULE_PARM_DESC(ranges, "NAME:SIZE@ADDRESS,...: ranges at physical addresses, with :wc behind it for write-combining, or :uc for registers");

static int mms_parse_params(void)
{
	int ret;

	ret = mms_parse_size(mms_param_size, &mms_size);
	if (!ret && mms_size > MMS_REGION_MAX)
		ret = -ERANGE;
	if (ret) {
		pr_err("size=%s: %s\n", mms_param_size, ret == -ERANGE ?
		       "too large" :
		       "expected a number of bytes above 0, with an optional suffix K, M, G or T");
		return ret;
	}
	WRITE_ONCE(mms_strategy, mms_strategy_by_name(mms_param_strategy));
	if (!mms_strategy) {
		pr_err("strategy=%s: expected fault, huge, vmalloc, pfn or reserved\n",
		       mms_param_strategy);
		return -EINVAL;
	}
	return 0;
}

static struct miscdevice mms_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mmapshare",
	.fops = &mms_fops,
	.mode = 0660,
};

/* Return: the default region; or an ERR_PTR(), after saying why. */
static struct mms_region *mms_create_default(void)
{
	const bool reserved = mms_strategy->id == MMAPSHARE_STRATEGY_RESERVED;
	struct mms_region *r;

	if (!reserved) {
		r = mms_region_create(mms_size, mms_strategy);
		if (IS_ERR(r))
			pr_err("size=%s: cannot allocate %llu bytes of memory (%pe)\n",
			       mms_param_size, mms_size, r);
		return r;
	}
	if (!mms_nr_ranges) {
		pr_err("strategy=reserved: needs a range; see the parameters reserved and ranges\n");
		return ERR_PTR(-ENOENT);
	}
	r = mms_region_create_reserved(mms_ranges[0].name, mms_size);
	if (r == ERR_PTR(-ENOSPC))
		pr_err("size=%s: range '%s' has space for %llu bytes\n", mms_param_size,
		       mms_ranges[0].name, mms_range_bytes(&mms_ranges[0]));
	else if (IS_ERR(r))
		pr_err("range '%s': cannot map it (%pe)\n", mms_ranges[0].name, r);
	return r;
}

static int __init mms_init(void)
{
	struct mms_region *r;
	int ret;

	ret = mms_parse_params();
	if (ret)
		return ret;
	mms_limits_init();
	ret = mms_region_init();
	if (ret)
		return ret;
	ret = mms_reserved_init(mms_param_reserved, mms_param_ranges);
	if (ret)
		goto exit_region;
	r = mms_create_default();
	if (IS_ERR(r)) {
		ret = PTR_ERR(r);
		goto exit_reserved;
	}
	mms_default_region = r;
	ret = mms_names_init(&mms_fops);
	if (ret)
		goto put_default;
	ret = misc_register(&mms_misc);
	if (ret)
		goto exit_names;
	ret = mms_bpf_init();
	if (ret)
		pr_warn("BPF programs cannot publish to rings (%pe)\n", ERR_PTR(ret));
	pr_info("/dev/%s: %llu bytes, strategy %s\n", mms_misc.name, r->size,
		r->strategy->name);
	return 0;

exit_names:
	mms_names_exit();
put_default:
	mms_default_region = NULL;
	mms_region_put(r);
exit_reserved:
	mms_reserved_exit();
exit_region:
	mms_region_exit();
	return ret;
}

/* No file of a region is open any more: an open file holds the module. */
static void __exit mms_exit(void)
{
	misc_deregister(&mms_misc);
	mms_bpf_exit();
	mms_names_exit();
	mms_region_put(mms_default_region);
	mms_limits_exit();
	mms_reserved_exit();
	mms_region_exit();
}

module_init(mms_init);
module_exit(mms_exit);

MODULE_DESCRIPTION("Memory shared by mmap, between programs and with the kernel");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(MMAPSHARE_VERSION);
