// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of /dev/mmapshare that create, destroy and query other regions.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "file.h"
#include "map.h"
#include "range.h"
#include "ring.h"

#define MMS_CREATE_SIZE_VER0	88
#define MMS_DESTROY_SIZE_VER0	72
#define MMS_QUERY_SIZE_VER0	120

static_assert(offsetof(struct mmapshare_create_args, ring) == MMS_CREATE_SIZE_VER0);
static_assert(sizeof(struct mmapshare_create_args) == 128);
static_assert(sizeof(struct mmapshare_destroy_args) == MMS_DESTROY_SIZE_VER0);
static_assert(sizeof(struct mmapshare_query) == MMS_QUERY_SIZE_VER0);

static bool mms_anonymous(const struct mmapshare_create_args *create)
{
	return !memchr_inv(create->name, 0, sizeof(create->name));
}

/*
 * OVERWRITE and READERS_HOLD exclude each other: no consumer holds back a
 * producer that overwrites.
 */
#define MMS_CREATE_RING_FLAGS	(MMAPSHARE_RING |			\
				 MMAPSHARE_RING_OVERWRITE |		\
				 MMAPSHARE_RING_READERS_HOLD |		\
				 MMAPSHARE_RING_SET)
#define MMS_CREATE_EXCLUSIVE	(MMAPSHARE_RING_OVERWRITE | MMAPSHARE_RING_READERS_HOLD)

static struct mms_ring_params mms_ring_params_of(const struct mmapshare_create_args *create)
{
	return (struct mms_ring_params) {
		.flags = create->ring,
		.size = create->region_size,
		.consumers = create->consumers,
		.consumers_per_uid = create->consumers_per_uid,
		.consumers_reserved = create->consumers_reserved,
		.evict_ns = create->evict_ns,
		.features = create->features,
		.members = create->members,
	};
}

/*
 * The records of a new ring are mirrored, which only the fault strategy supports.
 * With RESERVED the properties are those of the ring that is there.
 */
static bool mms_create_ring_ok(const struct mmapshare_create_args *create)
{
	const struct mms_ring_params params = mms_ring_params_of(create);

	if (create->strategy == MMAPSHARE_STRATEGY_RESERVED && create->ring != 0 &&
	    create->ring != MMAPSHARE_RING)
		return false;
	if (!create->ring || create->strategy == MMAPSHARE_STRATEGY_RESERVED)
		return !create->consumers && !create->consumers_per_uid &&
		       !create->consumers_reserved && !create->evict_ns &&
		       !create->features && !create->members;
	return create->ring & MMAPSHARE_RING &&
	       !(create->ring & ~MMS_CREATE_RING_FLAGS) &&
	       (create->ring & MMS_CREATE_EXCLUSIVE) != MMS_CREATE_EXCLUSIVE &&
	       mms_ring_params_ok(&params) && create->strategy == MMAPSHARE_STRATEGY_FAULT;
}

/*
 * Reserved memory has bytes of earlier uses: only the administrator, whom they
 * belong to, makes a region of it. The region has the name of the range.
 */
static int mms_check_create_reserved(const struct mmapshare_create_args *create)
{
	if (create->strategy != MMAPSHARE_STRATEGY_RESERVED)
		return create->region_size ? 0 : -EINVAL;
	if (mms_anonymous(create) || (create->ring && create->region_size))
		return -EINVAL;
	return capable(CAP_SYS_ADMIN) ? 0 : -EPERM;
}

static int mms_check_create(const struct mmapshare_create_args *create)
{
	int ret;

	if (create->flags & ~MMAPSHARE_CREATE_CLOEXEC || create->reserved ||
	    create->mode & ~0777U || !mms_strategy_by_id(create->strategy) ||
	    !mms_create_ring_ok(create))
		return -EINVAL;
	ret = mms_check_create_reserved(create);
	if (ret)
		return ret;
	if (create->region_size > (create->ring ? MMAPSHARE_RING_SIZE_MAX : MMS_REGION_MAX))
		return -ERANGE;
	if (mms_anonymous(create))
		return create->mode ? -EINVAL : 0;
	if (!mms_name_ok(create->name))
		return -EINVAL;
	/*
	 * checked early, to save the allocation; mms_name_add() checks again,
	 * under its lock
	 */
	return mms_name_taken(create->name) ? -EEXIST : 0;
}

static void mms_set_owner(struct mms_region *r, const struct mmapshare_create_args *create)
{
	r->uid = current_fsuid();
	r->gid = current_fsgid();
	memcpy(r->name, create->name, sizeof(r->name));
}

/* The ring that a range has, without a producer: its records can be read. */
static struct mms_region *mms_create_found_ring(struct mmapshare_create_args *create)
{
	struct mms_ring_params params;
	struct mms_range *range = mms_range_take(create->name);
	int ret;

	if (IS_ERR(range))
		return ERR_CAST(range);
	ret = mms_ring_find_reserved(range, &params);
	if (ret) {
		mms_range_put(range);
		return ERR_PTR(ret);
	}
	create->region_size = params.size;
	return mms_ring_create(&params);
}

/* Create a region on reserved memory, which is charged to no user. */
static struct mms_region *mms_create_reserved(struct mmapshare_create_args *create)
{
	struct mms_region *r = create->ring ?
			       mms_create_found_ring(create) :
			       mms_region_create_reserved(create->name, create->region_size);

	if (IS_ERR(r))
		return r;
	if (!create->ring)
		create->region_size = r->size;
	mms_set_owner(r, create);
	return r;
}

/*
 * Create a region that the caller owns, charged to the caller's user. It has no
 * node yet, so no other task can open it.
 */
static struct mms_region *mms_create_region(struct mmapshare_create_args *create)
{
	struct mms_ring_params params = mms_ring_params_of(create);
	u64 size = ALIGN(create->region_size, PAGE_SIZE);
	struct mms_region *r;
	struct mms_charge *charge;

	if (create->strategy == MMAPSHARE_STRATEGY_RESERVED)
		return mms_create_reserved(create);
	create->region_size = size;
	if (create->ring) {
		size = mms_ring_geometry_of(&params);
		create->region_size = params.size;
		create->members = params.members;
	}
	/* of a ring set that is too large as a whole */
	if (!size)
		return ERR_PTR(-ERANGE);
	charge = mms_charge(size);
	if (IS_ERR(charge))
		return ERR_CAST(charge);
	if (create->ring)
		r = mms_ring_create(&params);
	else
		r = mms_region_create(size, mms_strategy_by_id(create->strategy));
	if (IS_ERR(r)) {
		mms_uncharge(charge, NULL);
		return r;
	}
	r->charge = charge;
	mms_set_owner(r, create);
	return r;
}

/*
 * The name is added last: other tasks can open the region as soon as its name
 * exists.
 */
static struct file *mms_create(struct mmapshare_create_args *create,
			       const struct file_operations *fops, void __user *arg,
			       u32 usize)
{
	struct mms_region *r = mms_create_region(create);
	struct file *file;
	int ret;

	if (IS_ERR(r))
		return ERR_CAST(r);
	file = mms_open_region(r, O_RDWR, fops, NULL);
	if (IS_ERR(file))
		goto put_region;

	create->size = usize;
	ret = mms_copy_out(arg, create, sizeof(*create), usize);
	if (!ret && !mms_anonymous(create))
		ret = mms_name_add(r, create->mode & ~current_umask());
	if (ret) {
		fput(file);
		file = ERR_PTR(ret);
	}
put_region:
	mms_region_put(r);
	return file;
}

long mms_ioctl_create(struct file *file, void __user *arg)
{
	struct mmapshare_create_args create;
	struct file *created;
	u32 usize;
	int fd, ret;

	ret = mms_copy_in(&create, sizeof(create), MMS_CREATE_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	ret = mms_check_create(&create);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(create.flags & MMAPSHARE_CREATE_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	created = mms_create(&create, file->f_op, arg, usize);
	if (IS_ERR(created)) {
		put_unused_fd(fd);
		return PTR_ERR(created);
	}
	fd_install(fd, created);
	return fd;
}

long mms_ioctl_destroy(struct file *file, void __user *arg)
{
	struct mmapshare_destroy_args destroy;
	struct mms_region *r;
	u32 usize;
	int ret;

	ret = mms_copy_in(&destroy, sizeof(destroy), MMS_DESTROY_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (destroy.flags & ~MMAPSHARE_DESTROY_REVOKE || !mms_name_ok(destroy.name))
		return -EINVAL;
	if (!(destroy.flags & MMAPSHARE_DESTROY_REVOKE))
		return mms_name_del(destroy.name);
	r = mms_name_get_own(destroy.name);
	if (IS_ERR(r))
		return PTR_ERR(r);
	ret = mms_revoke(r);
	mms_region_put(r);
	return ret;
}

static bool mms_query_ok(const struct mmapshare_query *query)
{
	if (query->flags & ~MMAPSHARE_QUERY_NEXT || query->ring)
		return false;
	return query->flags & MMAPSHARE_QUERY_NEXT || mms_name_ok(query->name);
}

long mms_ioctl_query(struct file *file, void __user *arg)
{
	struct mmapshare_query query;
	u32 usize;
	int ret;

	ret = mms_copy_in(&query, sizeof(query), MMS_QUERY_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (!mms_query_ok(&query))
		return -EINVAL;
	ret = mms_name_query(&query);
	if (ret)
		return ret;
	query.size = usize;
	return mms_copy_out(arg, &query, sizeof(query), usize);
}
