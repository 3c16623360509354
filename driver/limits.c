// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: the number of regions and the bytes in them, in all and for each
 * user. Of the totals, a part is reserved for CAP_SYS_RESOURCE. Two kinds of
 * regions do not count: the default region, whose size the administrator sets,
 * and the regions of kernel modules, which are trusted.
 *
 * Pages of a region can be used after it was freed: they may be pinned, or be
 * in a pipe. The core does not report when that ends. So the region's reference
 * to such a page is kept, the page stays charged, and its reference count is
 * checked about once a second, and before a region is refused.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>
#include "memory.h"

/**
 * struct mms_user - how much a user is charged for
 * @hash: in mms_users while @regions is not 0
 * @uid: the user
 * @regions: number of regions that are charged to the user
 * @bytes: sum of their charges
 */
struct mms_user {
	struct hlist_node hash;
	kuid_t uid;
	unsigned long regions;
	u64 bytes;
};

/**
 * struct mms_charge - the charge for a region
 * @held: in mms_held while pages are used although their region was freed
 * @user: the user that is charged
 * @bytes: bytes that are charged
 * @mem: the pages that are still used; set by mms_uncharge()
 */
struct mms_charge {
	struct list_head held;
	struct mms_user *user;
	u64 bytes;
	struct mms_memory mem;
};

/* 1/16 of the regions and of the bytes is reserved for CAP_SYS_RESOURCE. */
#define MMS_RESERVE	16

/* Protects the counters, the limits in bytes, mms_users, and mms_held. */
static DEFINE_MUTEX(mms_limits_lock);
/* Serializes mms_sweep(), and protects mms_sweeps; taken before mms_limits_lock. */
static DEFINE_MUTEX(mms_sweep_lock);
static unsigned long mms_sweeps;
static LIST_HEAD(mms_held);
static DEFINE_HASHTABLE(mms_users, 6);
static unsigned long mms_regions;
static u64 mms_bytes;

static unsigned int mms_max_regions = 4096;
static unsigned int mms_max_user_regions = 1024;
/* 0: not given as a parameter; mms_limits_init() sets a default */
static u64 mms_max_bytes;
static u64 mms_max_user_bytes;

static int mms_set_bytes(const char *text, const struct kernel_param *kp)
{
	char word[32];
	u64 bytes;
	int ret;

	if (strscpy(word, text, sizeof(word)) < 0)
		return -EINVAL;
	ret = mms_parse_size(strim(word), &bytes);
	if (ret)
		return ret;
	mutex_lock(&mms_limits_lock);
	*(u64 *)kp->arg = bytes;
	mutex_unlock(&mms_limits_lock);
	return 0;
}

static int mms_get_bytes(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%llu\n", *(u64 *)kp->arg);
}

static const struct kernel_param_ops mms_bytes_ops = {
	.set = mms_set_bytes,
	.get = mms_get_bytes,
};

module_param_named(max_regions, mms_max_regions, uint, 0644);
MODULE_PARM_DESC(max_regions, "Maximum number of regions besides the default one (default 4096)");

module_param_named(max_user_regions, mms_max_user_regions, uint, 0644);
MODULE_PARM_DESC(max_user_regions, "Maximum number of regions of one user (default 1024)");

module_param_cb(max_bytes, &mms_bytes_ops, &mms_max_bytes, 0644);
__MODULE_PARM_TYPE(max_bytes, "charp");
MODULE_PARM_DESC(max_bytes, "Maximum bytes in all regions, written as in size (default half of the memory)");

module_param_cb(max_user_bytes, &mms_bytes_ops, &mms_max_user_bytes, 0644);
__MODULE_PARM_TYPE(max_user_bytes, "charp");
MODULE_PARM_DESC(max_user_bytes, "Maximum bytes in the regions of one user (default an eighth of the memory)");

void mms_limits_init(void)
{
	const u64 memory = (u64)totalram_pages() << PAGE_SHIFT;

	if (!mms_max_bytes)
		mms_max_bytes = memory / 2;
	if (!mms_max_user_bytes)
		mms_max_user_bytes = memory / 8;
}

/*
 * Return: the entry of @uid in mms_users; @spare, inserted, if there was none.
 */
static struct mms_user *mms_user_get(kuid_t uid, struct mms_user *spare)
{
	struct mms_user *user;

	hash_for_each_possible(mms_users, user, hash, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	spare->uid = uid;
	hash_add(mms_users, &spare->hash, __kuid_val(uid));
	return spare;
}

static void mms_user_put(struct mms_user *user)
{
	if (user->regions)
		return;
	hash_del(&user->hash);
	kfree(user);
}

/* Correct even if @used exceeds @max, because the limit was lowered since. */
static bool mms_exceeds(u64 used, u64 more, u64 max)
{
	return used > max || more > max - used;
}

/*
 * The uid to charge for what a task with file system uid @uid creates in @ns.
 *
 * A user with subordinate uids can be any of them in a user namespace. All of
 * them count as the user that made the outermost namespace. If that is root,
 * they count as the uid that is root in it, so that each container has a share
 * of its own; as root if there is no such uid. A namespace that root made, and
 * in which root is uid 0 outside as well, makes no difference: no user gains
 * uids by it.
 */
static kuid_t mms_payer(struct user_namespace *ns, kuid_t uid)
{
	for (; ns != &init_user_ns; ns = ns->parent) {
		const kuid_t root = make_kuid(ns, 0);

		if (!uid_eq(ns->owner, GLOBAL_ROOT_UID))
			uid = ns->owner;
		else if (!uid_valid(root))
			uid = GLOBAL_ROOT_UID;
		else if (!uid_eq(root, GLOBAL_ROOT_UID))
			uid = root;
	}
	return uid;
}

/*
 * Return: 0; -ENOSPC for a limit of all regions or for the reserve; -EDQUOT for
 * one of the user.
 */
static int mms_check_limits(const struct mms_user *user, u64 bytes)
{
	int ret = 0;

	if (mms_exceeds(mms_regions, 1, mms_max_regions) ||
	    mms_exceeds(mms_bytes, bytes, mms_max_bytes))
		return -ENOSPC;
	if (mms_exceeds(user->regions, 1, mms_max_user_regions) ||
	    mms_exceeds(user->bytes, bytes, mms_max_user_bytes))
		ret = -EDQUOT;
	else if (mms_exceeds(mms_regions, 1, mms_max_regions - mms_max_regions / MMS_RESERVE) ||
		 mms_exceeds(mms_bytes, bytes, mms_max_bytes - mms_max_bytes / MMS_RESERVE))
		ret = -ENOSPC;
	return ret && capable(CAP_SYS_RESOURCE) ? 0 : ret;
}

static struct mms_charge *mms_charge_to(kuid_t uid, u64 bytes)
{
	/*
	 * before the lock is taken: allocations may wait for reclaim in the
	 * caller's cgroup
	 */
	struct mms_charge *charge = kzalloc(sizeof(*charge), GFP_KERNEL_ACCOUNT);
	struct mms_user *spare = kzalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT), *user;
	int ret = -ENOMEM;

	if (!charge || !spare)
		goto free;
	mutex_lock(&mms_limits_lock);
	user = mms_user_get(uid, spare);
	if (user == spare)
		spare = NULL;
	ret = mms_check_limits(user, bytes);
	if (ret) {
		mms_user_put(user);
		goto unlock;
	}
	charge->user = user;
	charge->bytes = bytes;
	mms_regions++;
	mms_bytes += bytes;
	user->regions++;
	user->bytes += bytes;
unlock:
	mutex_unlock(&mms_limits_lock);
free:
	kfree(spare);
	if (!ret)
		return charge;
	kfree(charge);
	return ERR_PTR(ret);
}

/*
 * Reduce the charge to @left bytes, and free it if that is 0. Return: false if
 * it was freed.
 */
static bool mms_charge_reduce(struct mms_charge *charge, u64 left)
{
	struct mms_user *user = charge->user;
	const u64 bytes = charge->bytes - min(left, charge->bytes);

	mutex_lock(&mms_limits_lock);
	mms_bytes -= bytes;
	user->bytes -= bytes;
	charge->bytes -= bytes;
	if (left) {
		list_add_tail(&charge->held, &mms_held);
	} else {
		mms_regions--;
		user->regions--;
		mms_user_put(user);
	}
	mutex_unlock(&mms_limits_lock);
	if (left)
		return true;
	mms_memory_free(&charge->mem);
	kfree(charge);
	return false;
}

static void mms_sweep_again(struct work_struct *work);
static DECLARE_DELAYED_WORK(mms_sweep_work, mms_sweep_again);

/*
 * Free and uncharge the pages that are no longer used. If another task has
 * begun a sweep since this was called, that one is sufficient: so each caller
 * waits for two sweeps at most, however many callers there are. Return: 0;
 * -EINTR if killed while another task sweeps.
 */
static int mms_sweep(void)
{
	const unsigned long before = READ_ONCE(mms_sweeps), start = jiffies;
	struct mms_charge *charge, *next;
	LIST_HEAD(held);

	if (mutex_lock_killable(&mms_sweep_lock))
		return -EINTR;
	if (mms_sweeps != before)
		goto unlock;
	WRITE_ONCE(mms_sweeps, before + 1);
	mutex_lock(&mms_limits_lock);
	list_splice_init(&mms_held, &held);
	mutex_unlock(&mms_limits_lock);
	list_for_each_entry_safe(charge, next, &held, held)
		mms_charge_reduce(charge, mms_memory_sweep(&charge->mem));
	/*
	 * a sweep that took long delays the next one: at most 1/17 of a CPU is
	 * used
	 */
	if (!list_empty(&mms_held))
		schedule_delayed_work(&mms_sweep_work, HZ + 16 * (jiffies - start));
unlock:
	mutex_unlock(&mms_sweep_lock);
	return 0;
}

static void mms_sweep_again(struct work_struct *work)
{
	mms_sweep();
}

/*
 * No region exists any more. The charges that are left are those of pages which
 * are still used: these are freed with their last reference.
 */
void mms_limits_exit(void)
{
	struct mms_charge *charge, *next;

	cancel_delayed_work_sync(&mms_sweep_work);
	list_for_each_entry_safe(charge, next, &mms_held, held)
		mms_charge_reduce(charge, 0);
}

/**
 * mms_current_payer - the user that is charged for what the current task uses
 *
 * Context: process context.
 * Return: its file system uid; for a task in a user namespace see mms_payer().
 */
kuid_t mms_current_payer(void)
{
	return mms_payer(current_user_ns(), current_fsuid());
}

/**
 * mms_charge - count a region before the current task creates it
 * @bytes: its size
 *
 * A caller with CAP_SYS_RESOURCE may exceed the limits of its user, and may use
 * the reserve.
 *
 * Context: process context, may sleep.
 * Return: the charge, for mms_uncharge(); -ENOSPC if the number of regions or
 * their bytes would exceed the limit; -EDQUOT if those of this user would;
 * -ENOMEM; -EINTR if killed.
 */
struct mms_charge *mms_charge(u64 bytes)
{
	const kuid_t uid = mms_current_payer();
	struct mms_charge *charge = mms_charge_to(uid, bytes);

	if (charge != ERR_PTR(-ENOSPC) && charge != ERR_PTR(-EDQUOT))
		return charge;
	return mms_sweep() ? ERR_PTR(-EINTR) : mms_charge_to(uid, bytes);
}

/**
 * mms_uncharge - free and uncharge the memory of a region
 * @charge: of the region; pages that are used elsewhere stay charged
 * @mem: its memory, to be released here; NULL if there is none
 *
 * Context: process context, may sleep.
 */
void mms_uncharge(struct mms_charge *charge, struct mms_memory *mem)
{
	u64 left = 0;

	if (mem) {
		left = mms_memory_release(mem);
		charge->mem = *mem;
		mem->pages = NULL;
		mem->nr_pages = 0;
	}
	if (mms_charge_reduce(charge, left))
		schedule_delayed_work(&mms_sweep_work, HZ);
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/limits_test.c"
#endif
