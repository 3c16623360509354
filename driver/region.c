// SPDX-License-Identifier: GPL-2.0
/*
 * Regions: creating, referencing, freeing.
 */
#include <linux/cred.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs_context.h>
#include <linux/magic.h>
#include <linux/migrate_mode.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/slab.h>
#include "compat.h"
#include "range.h"
#include "region.h"

/*
 * Two pseudo file systems, mounted internally only.
 *
 * Regions have their inodes in the first one. The module does not own it,
 * because its mount would then pin the module indefinitely. It need not:
 * mms_region_put() drops the inode before the module can be unloaded.
 *
 * Files without a node have dentries and inodes in the second one. The core
 * drops these after the file's release(), and even after the file's reference
 * to the module, although their operations are code of the module. So the
 * module owns this file system, and mounts it only while there are such files:
 * each holds the mount, which the core drops last.
 */
#define MMS_FS_MAGIC	0x6d6d7368	/* "mmsh" */

/* The path in /proc/PID/fd and /proc/PID/maps of a file without a node. */
static char *mms_dname(struct dentry *dentry, char *buffer, int buflen)
{
	char text[32];
	int len = scnprintf(text, sizeof(text), "mmapshare:[%llu]",
			    (u64)d_inode(dentry)->i_ino) + 1;

	if (len > buflen)
		return ERR_PTR(-ENAMETOOLONG);
	return memcpy(buffer + buflen - len, text, len);
}

static const struct dentry_operations mms_dentry_ops = {
	.d_dname = mms_dname,
};

static int mms_fs_init_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, MMS_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->dops = &mms_dentry_ops;
	return 0;
}

static struct file_system_type mms_fs_type = {
	.name = "mmapshare",
	.init_fs_context = mms_fs_init_context,
	.kill_sb = kill_anon_super,
};

static const struct super_operations mms_file_fs_super_ops = {
	.statfs = simple_statfs,
};

static int mms_file_fs_fill(struct super_block *sb, struct fs_context *fc)
{
	struct inode *root;

	sb->s_maxbytes = MAX_LFS_FILESIZE;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = MMS_FS_MAGIC;
	sb->s_op = &mms_file_fs_super_ops;
	sb->s_time_gran = 1;
	mms_set_default_d_op(sb, &mms_dentry_ops);
	root = new_inode(sb);
	if (!root)
		return -ENOMEM;
	root->i_ino = 1;
	root->i_mode = S_IFDIR | 0600;
	sb->s_root = d_make_root(root);
	return sb->s_root ? 0 : -ENOMEM;
}

static int mms_file_fs_get_tree(struct fs_context *fc)
{
	return get_tree_single(fc, mms_file_fs_fill);
}

static const struct fs_context_operations mms_file_fs_ops = {
	.get_tree = mms_file_fs_get_tree,
};

/*
 * One superblock for all mounts: an O_PATH descriptor can keep the old mount
 * after the last file was released, and the next file then mounts the file
 * system again.
 */
static int mms_file_fs_init_context(struct fs_context *fc)
{
	fc->ops = &mms_file_fs_ops;
	fc->sb_flags |= SB_NOUSER;
	fc->global = true;
	return 0;
}

static struct file_system_type mms_file_fs_type = {
	.name = "mmapshare_file",
	.owner = THIS_MODULE,
	.init_fs_context = mms_file_fs_init_context,
	.kill_sb = kill_anon_super,
};

static struct vfsmount *mms_fs_mnt;

/*
 * simple_pin_fs() and simple_release_fs() change these, under their own lock.
 */
static struct vfsmount *mms_file_mnt;
static int mms_file_mnt_count;

int mms_region_init(void)
{
	mms_fs_mnt = kern_mount(&mms_fs_type);
	return PTR_ERR_OR_ZERO(mms_fs_mnt);
}

void mms_region_exit(void)
{
	kern_unmount(mms_fs_mnt);
}

/*
 * Migration is refused: the kernel's mapping, by vmap(), would still refer to
 * the old page.
 */
static int mms_migrate_folio(struct address_space *mapping, struct folio *dst,
			     struct folio *src, enum migrate_mode mode)
{
	return -EBUSY;
}

/*
 * Memory failure has marked the page, removed its page table entries, and holds
 * the page lock. A fault handler that checked the mark before may have made
 * another entry since: that is removed here. The page stays in the page cache,
 * so that later faults find the mark.
 *
 * The kernel accesses rings and doorbells by their kernel address without
 * checking the mark. mms_doorbell_memory_failed() and ->memory_failed() end
 * these accesses.
 */
static int mms_error_remove(struct address_space *mapping, MMS_ERROR_PAGE *page)
{
	struct mms_region *r = mapping->host->i_private;

	/*
	 * not killable: the page must be marked even if memory failure runs in
	 * a task that was killed
	 */
	down_write(&r->access);
	WRITE_ONCE(r->mem.has_hwpoisoned, true);
	up_write(&r->access);
	unmap_mapping_range(mapping, (loff_t)page->index << PAGE_SHIFT, PAGE_SIZE, 0);
	if (page->index == MMS_DOORBELL_PGOFF)
		mms_doorbell_memory_failed(r);
	else if (r->ops)
		r->ops->memory_failed(r);
	return 0;
}

static const struct address_space_operations mms_aops = {
	.dirty_folio = noop_dirty_folio,
	.migrate_folio = mms_migrate_folio,
	MMS_ERROR_REMOVE(mms_error_remove),
};

/*
 * The inode can outlive the region: drop_caches holds a reference while it
 * scans the inode's pages. Remove all pages, so that mms_error_remove() is not
 * called any more: it would find the freed region in i_private.
 */
static void mms_put_inode(struct mms_region *r)
{
	truncate_inode_pages(r->inode->i_mapping, 0);
	iput(r->inode);
}

static_assert(MMS_REGION_MAX <= MMS_DOORBELL_OFFSET);
static_assert(MMS_REGION_MAX / PAGE_SIZE * sizeof(struct page *) <= INT_MAX);

/**
 * mms_region_create_parts - create a region of parts that are mirrored
 * @layout: its size and parts
 * @s: how to obtain and map its memory
 *
 * The memory is allocated, charged and zeroed here, never later. That of
 * @layout->range is not charged, and may have bytes of an earlier use. The range is
 * given back when the region is freed, or after a failure.
 *
 * Context: process context, may sleep.
 * Return: the region with one reference; -ENOMEM; -EINTR when the caller was
 * killed; those of mms_memory_map_range().
 */
struct mms_region *mms_region_create_parts(const struct mms_layout *layout,
					   const struct mms_strategy *s)
{
	struct mms_region *r;
	int ret;

	ret = -ENOMEM;
	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		goto put_range;
	refcount_set(&r->ref, 1);
	mutex_init(&r->lock);
	init_rwsem(&r->access);
	r->size = layout->size;
	r->strategy = s;

	r->inode = alloc_anon_inode(mms_fs_mnt->mnt_sb);
	if (IS_ERR(r->inode)) {
		ret = PTR_ERR(r->inode);
		goto free_region;
	}
	i_size_write(r->inode, r->size);
	r->inode->i_mapping->a_ops = &mms_aops;
	r->inode->i_private = r;
	r->mem.mapping = r->inode->i_mapping;

	ret = mms_doorbell_init(r);
	if (ret)
		goto put_inode;
	ret = layout->range ? mms_memory_map_range(&r->mem, layout) :
			      mms_memory_alloc(&r->mem, layout, s->orders);
	if (ret)
		goto put_inode;
	return r;

put_inode:
	mms_put_inode(r);
free_region:
	kfree(r);
put_range:
	mms_range_put(layout->range);
	return ERR_PTR(ret);
}

/* As mms_region_create_parts(), for @size bytes without a mirror. May sleep. */
struct mms_region *mms_region_create(u64 size, const struct mms_strategy *s)
{
	const struct mms_layout layout = { .size = size, .parts = 1 };

	return mms_region_create_parts(&layout, s);
}

/**
 * mms_region_file - allocate a file without a node
 * @r: the region; the file takes no reference to it
 * @flags: O_RDWR or O_RDONLY
 * @fops: the file operations; their release calls mms_region_file_release()
 *
 * The file has an inode of its own, with the inode number and the size of the
 * region's inode. Reopening it through /proc/PID/fd fails, because the inode's
 * i_fop has no open: so a read-only descriptor remains read-only.
 *
 * Context: process context, may sleep.
 * Return: the file or an ERR_PTR().
 */
struct file *mms_region_file(struct mms_region *r, int flags,
			     const struct file_operations *fops)
{
	struct inode *inode;
	struct file *file;
	int ret;

	ret = simple_pin_fs(&mms_file_fs_type, &mms_file_mnt, &mms_file_mnt_count);
	if (ret)
		return ERR_PTR(ret);
	inode = alloc_anon_inode(mms_file_mnt->mnt_sb);
	if (IS_ERR(inode)) {
		file = ERR_CAST(inode);
		goto release_fs;
	}
	inode->i_ino = r->inode->i_ino;
	i_size_write(inode, r->size);
	file = alloc_file_pseudo(inode, mms_file_mnt, "mmapshare", flags, fops);
	if (!IS_ERR(file))
		return file;
	iput(inode);
release_fs:
	mms_region_file_release();
	return file;
}

/*
 * Undo the pin of mms_region_file(). The file itself holds the mount until the
 * core drops it; the next file may pin the mount again.
 */
void mms_region_file_release(void)
{
	simple_release_fs(&mms_file_mnt, &mms_file_mnt_count);
}

struct mms_region *mms_region_get(struct mms_region *r)
{
	refcount_inc(&r->ref);
	return r;
}

/* Sticky-directory rule: only the owner or CAP_SYS_ADMIN may remove it. */
bool mms_region_owned(const struct mms_region *r)
{
	return uid_eq(current_fsuid(), r->uid) || capable(CAP_SYS_ADMIN);
}

/* May sleep when it drops the last reference. */
void mms_region_put(struct mms_region *r)
{
	if (!refcount_dec_and_test(&r->ref))
		return;
	if (r->mem.range) {
		mms_memory_unmap_range(&r->mem);
	} else if (r->charge) {
		mms_uncharge(r->charge, &r->mem);
	} else if (r->mem.vaddr) {
		mms_memory_release(&r->mem);
		mms_memory_free(&r->mem);
	}
	mms_put_inode(r);
	if (r->ops)
		r->ops->release(r);
	kfree(r);
}
