// SPDX-License-Identifier: GPL-2.0
/*
 * Limits: the number of regions, the bytes in all of them, and the bytes in
 * those of one user. The default region does not count: the administrator made
 * it, and sets the limits.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include "memory.h"

/*
 * struct mms_user - what the regions of a user take
 * @hash: in mms_users while @regions is not 0
 * @uid: the user
 * @regions: number of them
 * @bytes: their sizes
 */
struct mms_user {
	struct hlist_node hash;
	kuid_t uid;
	unsigned long regions;
	u64 bytes;
};

/* Protects the counters, the limits in bytes, mms_users and its entries. */
static DEFINE_MUTEX(mms_limits_lock);
static DEFINE_HASHTABLE(mms_users, 6);
static unsigned long mms_regions;
static u64 mms_bytes;

static unsigned int mms_max_regions = 4096;
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

static struct mms_user *mms_user_get(kuid_t uid)
{
	struct mms_user *user;

	hash_for_each_possible(mms_users, user, hash, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (user) {
		user->uid = uid;
		hash_add(mms_users, &user->hash, __kuid_val(uid));
	}
	return user;
}

static void mms_user_put(struct mms_user *user)
{
	if (user->regions)
		return;
	hash_del(&user->hash);
	kfree(user);
}

/* Safe where a limit was lowered below what is in use. */
static bool mms_exceeds(u64 used, u64 more, u64 max)
{
	return used > max || more > max - used;
}

/**
 * mms_charge - count a region before it is created
 * @uid: whom to charge it to
 * @bytes: its size
 *
 * A caller with CAP_SYS_RESOURCE may exceed the limit per user.
 *
 * Context: process context, may sleep.
 * Return: the user, for mms_uncharge(); -ENOSPC if the number of regions or
 * their bytes would exceed the limit; -EDQUOT if the bytes of this user would;
 * -ENOMEM.
 */
struct mms_user *mms_charge(kuid_t uid, u64 bytes)
{
	struct mms_user *user = ERR_PTR(-ENOSPC);

	mutex_lock(&mms_limits_lock);
	if (mms_regions >= mms_max_regions ||
	    mms_exceeds(mms_bytes, bytes, mms_max_bytes))
		goto unlock;
	user = mms_user_get(uid) ?: ERR_PTR(-ENOMEM);
	if (IS_ERR(user))
		goto unlock;
	if (mms_exceeds(user->bytes, bytes, mms_max_user_bytes) &&
	    !capable(CAP_SYS_RESOURCE)) {
		mms_user_put(user);
		user = ERR_PTR(-EDQUOT);
		goto unlock;
	}
	mms_regions++;
	mms_bytes += bytes;
	user->regions++;
	user->bytes += bytes;
unlock:
	mutex_unlock(&mms_limits_lock);
	return user;
}

/* Undo mms_charge(). May sleep. */
void mms_uncharge(struct mms_user *user, u64 bytes)
{
	mutex_lock(&mms_limits_lock);
	mms_regions--;
	mms_bytes -= bytes;
	user->regions--;
	user->bytes -= bytes;
	mms_user_put(user);
	mutex_unlock(&mms_limits_lock);
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/limits_test.c"
#endif
