// SPDX-License-Identifier: GPL-2.0
/*
 * Named regions: a name, a minor number, a node in /dev, an owner.
 *
 * A name holds one reference to its region, from mms_name_add() until its node
 * is removed: after mms_name_del(), revocation, mms_name_drop() or rmmod. An
 * open file keeps the region longer.
 *
 * The core creates and removes a node with the lock of the directory /dev held
 * for writing. A task that reads /dev into a page whose fault does not end
 * holds that lock indefinitely. So the driver holds none of its own locks while
 * it waits for that one. Only tasks that create or remove a name wait; a task
 * that removes a name can be killed meanwhile. Opening and querying never wait
 * for either.
 */
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/hashtable.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/stat.h>
#include <linux/stringhash.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "compat.h"
#include "region.h"

/*
 * struct mms_name - the name of a region
 * @dev: the node; its release frees this structure
 * @hash: in mms_names, from before the node is created until after it is
 *	removed, so that the name is not used twice
 * @region: holds a reference until the node is removed
 * @mode: permissions at creation; chmod() changes the node only
 * @live: the name can be found; under mms_names_lock
 * @settled: completed once creating the node has succeeded or failed
 * @removal: work that removes the node
 * @removed: completed once the name can be used again
 */
struct mms_name {
	struct device dev;
	struct hlist_node hash;
	struct mms_region *region;
	umode_t mode;
	bool live;
	struct completion settled;
	struct work_struct removal;
	struct completion removed;
};

/*
 * Protects mms_names, and the entries of mms_by_minor that are not NULL. A NULL
 * entry is reserved.
 */
static DEFINE_MUTEX(mms_names_lock);
static DEFINE_HASHTABLE(mms_names, 10);
static DEFINE_XARRAY_FLAGS(mms_by_minor, XA_FLAGS_ALLOC1);
static struct workqueue_struct *mms_names_wq;

/* The region behind /dev/mmapshare, from module init to exit. */
struct mms_region *mms_default_region;

static dev_t mms_devt;
static struct cdev mms_cdev;
static u32 mms_next_minor = 1;

#define MMS_MINORS	(MINORMASK + 1)

static struct mms_name *mms_dev_name(const struct device *dev)
{
	return container_of(dev, struct mms_name, dev);
}

/* A read-only sysfs attribute of a node: @value is an expression that may use @r. */
#define MMS_NODE_ATTR(name, format, value)						\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *buf) \
{											\
	const struct mms_region *r = mms_dev_name(dev)->region;				\
											\
	return sysfs_emit(buf, format "\n", value);					\
}											\
static DEVICE_ATTR_RO(name)

MMS_NODE_ATTR(size, "%llu", r->size);
MMS_NODE_ATTR(strategy, "%s", r->strategy->name);
MMS_NODE_ATTR(files, "%ld", atomic_long_read(&r->files));
MMS_NODE_ATTR(maps, "%ld", atomic_long_read(&r->maps));
MMS_NODE_ATTR(faults, "%ld", atomic_long_read(&r->faults));
MMS_NODE_ATTR(notifications, "%llu", mms_doorbell_count(r));
MMS_NODE_ATTR(seals, "%u", READ_ONCE(r->seals));
MMS_NODE_ATTR(ring, "%u", r->ring_flags);

static struct attribute *mms_node_attrs[] = {
	&dev_attr_size.attr,
	&dev_attr_strategy.attr,
	&dev_attr_files.attr,
	&dev_attr_maps.attr,
	&dev_attr_faults.attr,
	&dev_attr_notifications.attr,
	&dev_attr_seals.attr,
	&dev_attr_ring.attr,
	NULL
};

/*
 * Attributes can be read by root, and by all users if the node was created
 * readable for all. They belong to root, not to the owner of the node: the core
 * would give that user the file "uevent" as well.
 */
static umode_t mms_node_attr_mode(struct kobject *kobj, struct attribute *attr, int n)
{
	const struct mms_name *name = mms_dev_name(kobj_to_dev(kobj));

	return attr->mode & (name->mode & 0004 ? 0444 : 0400);
}

static const struct attribute_group mms_node_group = {
	.attrs = mms_node_attrs,
	.is_visible = mms_node_attr_mode,
};
__ATTRIBUTE_GROUPS(mms_node);

/* @mode, @uid and @gid are NULL if the core needs only the file name. */
static char *mms_devnode(MMS_CONST_DEVNODE struct device *dev, umode_t *mode,
			 kuid_t *uid, kgid_t *gid)
{
	const struct mms_name *name = mms_dev_name(dev);

	/*
	 * set the file type, too: the core takes a mode of 0 for "not set", and
	 * uses 0600
	 */
	if (mode)
		*mode = S_IFCHR | name->mode;
	if (uid)
		*uid = name->region->uid;
	if (gid)
		*gid = name->region->gid;
	return NULL;
}

/* Variables for udev rules, besides the node's attributes. */
static int mms_uevent(MMS_CONST_UEVENT struct device *dev, struct kobj_uevent_env *env)
{
	const struct mms_region *r = mms_dev_name(dev)->region;

	return add_uevent_var(env, "MMAPSHARE_NAME=%s", r->name) ?:
	       add_uevent_var(env, "MMAPSHARE_SIZE=%llu", r->size) ?:
	       add_uevent_var(env, "MMAPSHARE_STRATEGY=%s", r->strategy->name);
}

static const struct device_type mms_node_type = {
	.name = "mmapshare",
	.uevent = mms_uevent,
	.groups = mms_node_groups,
	.devnode = mms_devnode,
};

static struct class mms_class = {
	.name = "mmapshare",
};

static void mms_name_release(struct device *dev)
{
	struct mms_name *name = mms_dev_name(dev);

	if (name->region)
		mms_region_put(name->region);
	kfree(name);
}

/* Valid: letters, digits, '.', '_' and '-', padded with 0; not "." or "..". */
bool mms_name_ok(const char *text)
{
	size_t len = strnlen(text, MMAPSHARE_NAME_SIZE), i;

	if (!len || memchr_inv(text + len, 0, MMAPSHARE_NAME_SIZE - len) ||
	    len == MMAPSHARE_NAME_SIZE ||
	    !strcmp(text, ".") || !strcmp(text, ".."))
		return false;
	for (i = 0; i < len; i++)
		if (!isascii(text[i]) || (!isalnum(text[i]) && !strchr("._-", text[i])))
			return false;
	return true;
}

static u32 mms_name_hash(const char *text)
{
	return full_name_hash(NULL, text, strlen(text));
}

static struct mms_name *mms_name_find(const char *text)
{
	struct mms_name *name;

	lockdep_assert_held(&mms_names_lock);
	hash_for_each_possible(mms_names, name, hash, mms_name_hash(text))
		if (!strcmp(name->region->name, text))
			return name;
	return NULL;
}

static struct mms_name *mms_name_find_live(const char *text)
{
	struct mms_name *name = mms_name_find(text);

	return name && name->live ? name : NULL;
}

bool mms_name_taken(const char *text)
{
	bool taken;

	mutex_lock(&mms_names_lock);
	taken = mms_name_find_live(text);
	mutex_unlock(&mms_names_lock);
	return taken;
}

/*
 * Remove a node. Waits for readers of its attributes, and for the lock of the
 * directory /dev.
 */
static void mms_name_remove(struct work_struct *work)
{
	struct mms_name *name = container_of(work, struct mms_name, removal);

	device_del(&name->dev);
	mutex_lock(&mms_names_lock);
	hash_del(&name->hash);
	mutex_unlock(&mms_names_lock);
	/* before complete_all(): DESTROY returns after the memory was freed */
	mms_region_put(name->region);
	name->region = NULL;
	complete_all(&name->removed);
	put_device(&name->dev);
}

static struct mms_name *mms_name_alloc(struct mms_region *r, umode_t mode)
{
	struct mms_name *name = kzalloc(sizeof(*name), GFP_KERNEL_ACCOUNT);

	if (!name)
		return NULL;
	INIT_WORK(&name->removal, mms_name_remove);
	init_completion(&name->settled);
	init_completion(&name->removed);
	device_initialize(&name->dev);
	name->dev.class = &mms_class;
	name->dev.type = &mms_node_type;
	name->dev.release = mms_name_release;
	name->region = mms_region_get(r);
	name->mode = mode;
	return name;
}

/*
 * Wait while @text is being added or removed as a name. Called and returns with
 * mms_names_lock held. Return: 0 if the name is free; -EEXIST if it is live;
 * -EINTR if killed.
 */
static int mms_name_wait_free(const char *text)
{
	struct mms_name *other;

	while ((other = mms_name_find(text)) && !other->live) {
		struct completion *done = completion_done(&other->settled) ?
					  &other->removed : &other->settled;
		int killed;

		get_device(&other->dev);
		mutex_unlock(&mms_names_lock);
		killed = wait_for_completion_killable(done);
		put_device(&other->dev);
		mutex_lock(&mms_names_lock);
		if (killed)
			return -EINTR;
	}
	return other ? -EEXIST : 0;
}

/*
 * Reserve the name and a minor number. Return: 0, -EEXIST, -ENOSPC, -ENOMEM,
 * -EINTR.
 */
static int mms_name_reserve(struct mms_name *name)
{
	struct mms_region *r = name->region;
	u32 minor;
	int ret;

	/*
	 * cyclic, so that the minor number of a removed name is not reused soon
	 */
	ret = xa_alloc_cyclic(&mms_by_minor, &minor, NULL, XA_LIMIT(1, MMS_MINORS - 1),
			      &mms_next_minor, GFP_KERNEL_ACCOUNT);
	if (ret < 0)
		return ret == -EBUSY ? -ENOSPC : ret;

	mutex_lock(&mms_names_lock);
	ret = mms_name_wait_free(r->name);
	if (ret) {
		mutex_unlock(&mms_names_lock);
		xa_release(&mms_by_minor, minor);
		return ret;
	}
	r->id = minor;
	name->dev.devt = MKDEV(MAJOR(mms_devt), minor);
	hash_add(mms_names, &name->hash, mms_name_hash(r->name));
	/* does not allocate: xa_alloc_cyclic() has reserved the entry */
	xa_store(&mms_by_minor, minor, name, GFP_KERNEL);
	mutex_unlock(&mms_names_lock);
	return 0;
}

/*
 * Make the name unreachable, and have its node removed. The caller gets a
 * reference for mms_name_wait().
 */
static void mms_name_unlink(struct mms_name *name)
{
	lockdep_assert_held(&mms_names_lock);
	name->live = false;
	xa_erase(&mms_by_minor, MINOR(name->dev.devt));
	get_device(&name->dev);
	queue_work(mms_names_wq, &name->removal);
}

/**
 * mms_name_wait - wait until the node of a detached name is removed
 * @name: from mms_name_detach(), or NULL; the caller's reference is dropped
 *
 * Context: process context, may sleep. Waits for the lock of the directory
 * /dev.
 * Return: 0; -EINTR if killed: the node is removed nevertheless, later.
 */
int mms_name_wait(struct mms_name *name)
{
	int ret;

	if (!name)
		return 0;
	ret = wait_for_completion_killable(&name->removed) ? -EINTR : 0;
	put_device(&name->dev);
	return ret;
}

/*
 * Creating the node has succeeded or, with @added false, failed. The name
 * becomes live, unless its region was revoked meanwhile, by a task that opened
 * the node: mms_name_detach() found no live name then, so the name is removed
 * here. Return: the name, for mms_name_wait(), if it is removed; else NULL.
 */
static struct mms_name *mms_name_settle(struct mms_name *name, bool added)
{
	struct mms_name *revoked = NULL;

	mutex_lock(&mms_names_lock);
	if (!added) {
		xa_erase(&mms_by_minor, MINOR(name->dev.devt));
		hash_del(&name->hash);
	} else if (mms_revoked(name->region)) {
		revoked = name;
		mms_name_unlink(name);
	} else {
		name->live = true;
	}
	complete_all(&name->settled);
	mutex_unlock(&mms_names_lock);
	return revoked;
}

/**
 * mms_name_add - register a region's name and create its node
 * @r: the region; @r->name is mms_name_ok(). The name takes a reference
 * @mode: permissions of the node
 *
 * When this returns 0, /dev/mmapshare-NAME exists.
 *
 * Context: process context, may sleep. Waits, uninterruptibly as the core does,
 * for the lock of the directory /dev; and killably for another task that adds
 * or removes the same name.
 * Return: 0; -EEXIST; -ENOSPC if no minor number is left; -ENOMEM; -EINTR if
 * killed.
 */
int mms_name_add(struct mms_region *r, umode_t mode)
{
	struct mms_name *name = mms_name_alloc(r, mode), *revoked;
	int ret;

	if (!name)
		return -ENOMEM;
	ret = dev_set_name(&name->dev, "mmapshare-%s", r->name);
	if (ret)
		goto put_name;
	ret = mms_name_reserve(name);
	if (ret)
		goto put_name;
	ret = device_add(&name->dev);
	revoked = mms_name_settle(name, !ret);
	if (ret)
		goto put_name;
	return mms_name_wait(revoked);

put_name:
	put_device(&name->dev);
	return ret;
}

/* The live name, if the caller may remove it; or an ERR_PTR(). */
static struct mms_name *mms_name_find_own(const char *text)
{
	struct mms_name *name = mms_name_find_live(text);

	if (!name)
		return ERR_PTR(-ENOENT);
	return mms_region_owned(name->region) ? name : ERR_PTR(-EPERM);
}

/**
 * mms_name_del - remove a region's name and node
 * @text: the name, mms_name_ok()
 *
 * When this returns 0, the node is gone and the name can be used again.
 *
 * Context: process context, may sleep. Can be killed while it waits for the
 * lock of the directory /dev.
 * Return: 0; -ENOENT; -EPERM if the caller does not own the region; -EINTR if
 * killed: the name is removed, and the node will be.
 */
int mms_name_del(const char *text)
{
	struct mms_name *name;

	mutex_lock(&mms_names_lock);
	name = mms_name_find_own(text);
	if (!IS_ERR(name))
		mms_name_unlink(name);
	mutex_unlock(&mms_names_lock);
	return IS_ERR(name) ? PTR_ERR(name) : mms_name_wait(name);
}

/**
 * mms_name_get_own - get a region by name, to revoke it
 * @text: the name, mms_name_ok()
 *
 * Context: process context, may sleep.
 * Return: the region with a reference for the caller; or an ERR_PTR(): -ENOENT;
 * -EPERM if the caller does not own the region.
 */
struct mms_region *mms_name_get_own(const char *text)
{
	struct mms_region *r;
	struct mms_name *name;

	mutex_lock(&mms_names_lock);
	name = mms_name_find_own(text);
	r = IS_ERR(name) ? ERR_CAST(name) : mms_region_get(name->region);
	mutex_unlock(&mms_names_lock);
	return r;
}

/**
 * mms_name_detach - make a region's name unreachable
 * @r: the region
 *
 * Context: process context, may sleep.
 * Return: the name, for mms_name_wait(); NULL if the region has no live name.
 */
struct mms_name *mms_name_detach(const struct mms_region *r)
{
	struct mms_name *name = NULL;

	mutex_lock(&mms_names_lock);
	if (r->name[0])
		name = mms_name_find_live(r->name);
	if (name && name->region != r)
		name = NULL;
	if (name)
		mms_name_unlink(name);
	mutex_unlock(&mms_names_lock);
	return name;
}

/* Remove the region's name and node, if it has them. May sleep. */
void mms_name_drop(const struct mms_region *r)
{
	mms_name_wait(mms_name_detach(r));
}

/* The live name with the least minor number of at least @minor, or NULL. */
static struct mms_name *mms_name_next(unsigned long minor)
{
	struct mms_name *name;

	xa_for_each_start(&mms_by_minor, minor, name, minor)
		if (name->live)
			return name;
	return NULL;
}

/**
 * mms_name_query - facts about a named region
 * @query: in: valid flags, and a name or an id; out: the rest
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOENT.
 */
int mms_name_query(struct mmapshare_query *query)
{
	const struct mms_region *r;
	struct mms_name *name;
	int ret = -ENOENT;

	mutex_lock(&mms_names_lock);
	if (query->flags & MMAPSHARE_QUERY_NEXT)
		name = mms_name_next(query->id);
	else
		name = mms_name_find_live(query->name);
	if (!name)
		goto unlock;
	r = name->region;
	query->region_size = r->size;
	query->strategy = r->strategy->id;
	query->mode = name->mode;
	query->uid = from_kuid_munged(current_user_ns(), r->uid);
	query->gid = from_kgid_munged(current_user_ns(), r->gid);
	query->id = r->id;
	query->ring = r->ring_flags;
	query->files = atomic_long_read(&r->files);
	query->maps = atomic_long_read(&r->maps);
	memcpy(query->name, r->name, sizeof(query->name));
	ret = 0;
unlock:
	mutex_unlock(&mms_names_lock);
	return ret;
}

/* The region whose node has this minor number, with a reference; or NULL. */
struct mms_region *mms_name_open(unsigned int minor)
{
	struct mms_region *r = NULL;
	struct mms_name *name;

	/*
	 * a name has a reference to its region while it is in the array;
	 * removing it from the array takes this lock
	 */
	xa_lock(&mms_by_minor);
	name = xa_load(&mms_by_minor, minor);
	if (name)
		r = mms_region_get(name->region);
	xa_unlock(&mms_by_minor);
	return r;
}

int mms_names_init(const struct file_operations *fops)
{
	int ret;

	mms_names_wq = alloc_workqueue("mmapshare", WQ_UNBOUND, 0);
	if (!mms_names_wq)
		return -ENOMEM;
	ret = class_register(&mms_class);
	if (ret)
		goto destroy_wq;
	ret = alloc_chrdev_region(&mms_devt, 0, MMS_MINORS, "mmapshare");
	if (ret)
		goto unregister_class;
	cdev_init(&mms_cdev, fops);
	mms_cdev.owner = THIS_MODULE;
	ret = cdev_add(&mms_cdev, mms_devt, MMS_MINORS);
	if (ret)
		goto unregister_chrdev;
	return 0;

unregister_chrdev:
	unregister_chrdev_region(mms_devt, MMS_MINORS);
unregister_class:
	class_unregister(&mms_class);
destroy_wq:
	destroy_workqueue(mms_names_wq);
	return ret;
}

/* No file is open any more, so no name can be added. */
void mms_names_exit(void)
{
	struct mms_name *name;
	unsigned long minor;

	mutex_lock(&mms_names_lock);
	xa_for_each(&mms_by_minor, minor, name) {
		mms_name_unlink(name);
		put_device(&name->dev);
	}
	mutex_unlock(&mms_names_lock);
	/*
	 * waits for all removals, also those started by tasks that were killed
	 */
	destroy_workqueue(mms_names_wq);
	xa_destroy(&mms_by_minor);
	cdev_del(&mms_cdev);
	unregister_chrdev_region(mms_devt, MMS_MINORS);
	class_unregister(&mms_class);
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/names_test.c"
#endif
