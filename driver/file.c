// SPDX-License-Identifier: GPL-2.0
/*
 * The operations of an open region. A region is a file of fixed size: reads
 * stop at its end, and writes past it get ENOSPC. Neither waits for data or
 * space, and poll() reports that both are possible. Both wait while another
 * task is sealing or revoking the region, unless the caller asked for
 * IOCB_NOWAIT.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/splice.h>
#include <linux/uio.h>
#include "compat.h"
#include "file.h"
#include "range.h"
#include "trace.h"

/* @file takes over @f and the caller's reference to @r. */
static void mms_file_init(struct file *file, struct mms_file *f, struct mms_region *r)
{
	f->region = r;
	mms_doorbell_attach(f);
	file->private_data = f;
	/*
	 * There may be several nodes for one region, and descriptors without a
	 * node. All their mappings are in this one address space.
	 */
	file->f_mapping = r->inode->i_mapping;
	file->f_mode |= FMODE_NOWAIT | FMODE_CAN_ODIRECT;
}

int mms_open(struct inode *inode, struct file *file)
{
	struct mms_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct mms_region *r;

	if (!f)
		return -ENOMEM;
	f->is_peer = true;
	if (imajor(inode) == MISC_MAJOR)
		r = mms_region_get(mms_default_region);
	else
		r = mms_name_open(iminor(inode));
	if (!r) {
		kfree(f);
		return -ENXIO;
	}
	mms_file_init(file, f, r);
	return 0;
}

static struct file *mms_open_nodeless(struct mms_region *r, int flags,
				      const struct file_operations *fops,
				      struct mms_endpoint *ep, bool is_peer)
{
	struct mms_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!f)
		return ERR_PTR(-ENOMEM);
	/* as open() does; the last fput() drops it */
	__module_get(THIS_MODULE);
	file = mms_region_file(r, flags, fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		kfree(f);
		return file;
	}
	f->is_peer = is_peer;
	f->ep = ep;
	f->nodeless = true;
	mms_file_init(file, f, mms_region_get(r));
	file->f_mode |= ep ? FMODE_STREAM : FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	return file;
}

/**
 * mms_open_region - open a region without a node
 * @r: the region; the file gets a reference of its own
 * @flags: O_RDWR or O_RDONLY
 * @fops: the file operations
 * @ep: the endpoint that the file becomes; NULL for a plain file
 *
 * Context: process context, may sleep.
 * Return: the file or an ERR_PTR().
 */
struct file *mms_open_region(struct mms_region *r, int flags,
			     const struct file_operations *fops, struct mms_endpoint *ep)
{
	return mms_open_nodeless(r, flags, fops, ep, true);
}

/*
 * As mms_open_region(), for a file that gets no descriptor: only mappings use it. It
 * cannot notify, so other open files do not wait for it.
 */
struct file *mms_open_for_mappings(struct mms_region *r, int flags,
				   const struct file_operations *fops)
{
	return mms_open_nodeless(r, flags, fops, NULL, false);
}

int mms_release(struct inode *inode, struct file *file)
{
	struct mms_file *f = file->private_data;

	mms_doorbell_detach(f);
	mms_region_put(f->region);
	if (f->nodeless)
		mms_region_file_release();
	kfree(f);
	return 0;
}

/*
 * As mms_access_begin(), for the *@n bytes from the file position on. Reduces
 * *@n to the bytes before the first page with a memory failure; -EIO if there
 * are none; -EOPNOTSUPP for registers. With IOCB_NOWAIT -EAGAIN instead of waiting
 * for the lock.
 */
static int mms_copy_begin(struct mms_region *r, const struct kiocb *iocb, size_t *n,
			  bool store)
{
	int ret = iocb->ki_flags & IOCB_NOWAIT ? mms_access_try_begin(r, store) :
						 mms_access_begin(r, store);

	if (ret)
		return ret;
	ret = -EOPNOTSUPP;
	if (!r->mem.vaddr)
		goto end;
	*n = mms_intact(&r->mem, iocb->ki_pos, *n);
	if (*n)
		return 0;
	ret = -EIO;
end:
	mms_access_end(r);
	return ret;
}

/*
 * Copy as far as the pages of @iter are mapped. Page faults are disabled,
 * because sealing and revoking wait for the section, and userspace can make a
 * page fault last indefinitely.
 */
static ssize_t mms_copy_mapped(struct mms_region *r, const struct kiocb *iocb,
			       size_t n, struct iov_iter *iter)
{
	bool read = iov_iter_rw(iter) == READ;
	int ret = mms_copy_begin(r, iocb, &n, !read);
	void *p;

	if (ret)
		return ret;
	p = r->mem.vaddr + iocb->ki_pos;
	pagefault_disable();
	n = mms_racy(read ? copy_to_iter(p, n, iter) : copy_from_iter(p, n, iter));
	pagefault_enable();
	mms_access_end(r);
	return n;
}

/*
 * Copy a few bytes through a buffer on the stack, outside the section, so that
 * the page of @iter that was not mapped is faulted in. Returns 0 if that
 * failed.
 */
static ssize_t mms_copy_bounce(struct mms_region *r, const struct kiocb *iocb,
			       size_t n, struct iov_iter *iter)
{
	bool read = iov_iter_rw(iter) == READ;
	u8 buf[128];
	size_t got;
	int ret;

	n = min(n, sizeof(buf));
	if (!read)
		n = copy_from_iter(buf, n, iter);
	if (!n)
		return 0;
	got = n;
	ret = mms_copy_begin(r, iocb, &n, !read);
	if (ret)
		n = 0;
	else if (read)
		mms_racy(memcpy(buf, r->mem.vaddr + iocb->ki_pos, n));
	else
		mms_racy(memcpy(r->mem.vaddr + iocb->ki_pos, buf, n));
	if (!read)
		iov_iter_revert(iter, got - n);
	if (ret)
		return ret;
	mms_access_end(r);
	return read ? copy_to_iter(buf, n, iter) : n;
}

/*
 * Copy between the region and @iter, in the direction of the iterator, in
 * pieces, between which the task reschedules and can be killed.
 */
static ssize_t mms_copy(struct mms_region *r, struct kiocb *iocb,
			struct iov_iter *iter)
{
	size_t left = min_t(u64, iov_iter_count(iter), r->size - iocb->ki_pos);
	ssize_t done = 0;

	while (left) {
		size_t piece = min_t(size_t, left, SZ_1M);
		ssize_t n = mms_copy_mapped(r, iocb, piece, iter);

		if (!n)
			n = mms_copy_bounce(r, iocb, piece, iter) ?: -EFAULT;
		if (n < 0)
			return done ?: n;
		iocb->ki_pos += n;
		done += n;
		left -= n;
		if (fatal_signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

ssize_t mms_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct mms_region *r = mms_region_of(iocb->ki_filp);
	loff_t pos = iocb->ki_pos;
	ssize_t ret = 0;

	if (mms_revoked(r))
		ret = -ENODEV;
	else if (pos < r->size)
		ret = mms_copy(r, iocb, to);
	trace_mmapshare_read(r, pos, ret);
	return ret;
}

ssize_t mms_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct mms_region *r = mms_region_of(iocb->ki_filp);
	loff_t pos;
	ssize_t ret;

	/*
	 * O_APPEND starts at the end, as for a block device, where no space is
	 * left
	 */
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = r->size;
	pos = iocb->ki_pos;

	if (mms_revoked(r))
		ret = -ENODEV;
	else if (!iov_iter_count(from))
		ret = 0;
	else if (pos >= r->size)
		ret = -ENOSPC;
	else
		ret = mms_copy(r, iocb, from);
	trace_mmapshare_write(r, pos, ret);
	return ret;
}

loff_t mms_llseek(struct file *file, loff_t offset, int whence)
{
	struct mms_region *r = mms_region_of(file);

	if (mms_revoked(r))
		return -ENODEV;
	return generic_file_llseek_size(file, offset, whence, r->size, r->size);
}

/* There is no backing store to write to; fsync() and msync() succeed. */
int mms_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	return mms_revoked(mms_region_of(file)) ? -ENODEV : 0;
}

void mms_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct mms_region *r = mms_region_of(file);

	if (r->name[0])
		seq_printf(m, "mmapshare-name:\t%s\n", r->name);
	seq_printf(m, "mmapshare-size:\t%llu\n", r->size);
	seq_printf(m, "mmapshare-strategy:\t%s\n", r->strategy->name);
	seq_printf(m, "mmapshare-maps:\t%ld\n", atomic_long_read(&r->maps));
	if (r->ring_flags)
		seq_printf(m, "mmapshare-ring:\t%#x\n", r->ring_flags);
	if (r->members)
		seq_printf(m, "mmapshare-members:\t%u\n", r->members);
	if (r->mem.range)
		mms_range_show(m, r->mem.range);
	seq_printf(m, "mmapshare-notifications:\t%llu\n", mms_doorbell_count(r));
}
