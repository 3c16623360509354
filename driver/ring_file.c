// SPDX-License-Identifier: GPL-2.0
/*
 * Endpoints of programs. An endpoint is an open file; its last close, also by
 * the death of the program, detaches it. Only mms_endpoint_writable_range() can
 * be mapped writable through that file. Anything can be mapped through any file
 * that is open for reading, in VMAs that never become writable: mm/ enforces
 * that, however a program stores through a VMA.
 */
#include <asm/barrier.h>
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/compiler.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include "compat.h"
#include "file.h"
#include "map.h"
#include "ring_named.h"
#include "trace.h"

#define MMS_ATTACH_SIZE_VER0		48
#define MMS_ATTACH_SIZE_SET		72
#define MMS_RING_NOTIFY_SIZE_VER0	8
#define MMS_RING_WAIT_SIZE_VER0		16
#define MMS_RING_NAME_SIZE_VER0		128
#define MMS_RING_REMOVE_SIZE_VER0	72

static_assert(offsetof(struct mmapshare_ring_attach_args, map_offset) == MMS_ATTACH_SIZE_VER0);
static_assert(offsetof(struct mmapshare_ring_attach_args, seq) == MMS_ATTACH_SIZE_SET);
static_assert(offsetof(struct mmapshare_ring_attach_args, types) == 160);
static_assert(sizeof(struct mmapshare_ring_attach_args) == 168);
static_assert(sizeof(struct mmapshare_ring_notify_args) == MMS_RING_NOTIFY_SIZE_VER0);
static_assert(sizeof(struct mmapshare_ring_wait_args) == MMS_RING_WAIT_SIZE_VER0);
static_assert(sizeof(struct mmapshare_ring_name) == MMS_RING_NAME_SIZE_VER0);
static_assert(sizeof(struct mmapshare_ring_remove_args) == MMS_RING_REMOVE_SIZE_VER0);

#define MMS_ATTACH_FLAGS	(MMAPSHARE_RING_ATTACH_PRODUCER |	\
				 MMAPSHARE_RING_ATTACH_CONSUMER |	\
				 MMS_ATTACH_CONSUMER_FLAGS |		\
				 MMAPSHARE_RING_ATTACH_MEMBER |		\
				 MMAPSHARE_RING_ATTACH_CLOEXEC)
/* Flags of a consumer only. */
#define MMS_ATTACH_CONSUMER_FLAGS (MMS_START_FLAGS | MMS_ATTACH_LOSS |	\
				   MMAPSHARE_RING_ATTACH_EXISTING)
/* At most one of these. */
#define MMS_ATTACH_LOSS		(MMAPSHARE_RING_ATTACH_MAY_LOSE |	\
				 MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE)

static struct mms_endpoint *mms_endpoint_of(const struct file *file)
{
	const struct mms_file *f = file->private_data;

	return f->ep;
}

static __poll_t mms_endpoint_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mms_endpoint *ep = mms_endpoint_of(file);

	poll_wait(file, ep->waiters, wait);
	/* if it is ready, too: edge-triggered epoll then waits for more */
	switch (mms_set_arm(ep)) {
	case 0:
		return ep->producer ? EPOLLOUT | EPOLLWRNORM : EPOLLIN | EPOLLRDNORM;
	case -EAGAIN:
		return 0;
	case -EPIPE:
		return EPOLLHUP;
	default:
		return EPOLLHUP | EPOLLERR;
	}
}

static long mms_ioctl_ring_notify(const struct mms_endpoint *ep, void __user *arg)
{
	struct mmapshare_ring_notify_args notify;
	u32 usize;
	int ret;

	ret = mms_copy_in(&notify, sizeof(notify), MMS_RING_NOTIFY_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (notify.flags & ~MMAPSHARE_RING_NOTIFY_FORCE || (notify.flags && !ep->producer))
		return -EINVAL;
	/*
	 * Between the program's position and reading the state of its peers:
	 * <linux/mmapshare.h> promises a full fence to programs that execute
	 * none. Pairs with smp_mb() in mms_endpoint_arm().
	 */
	smp_mb();
	if (notify.flags & MMAPSHARE_RING_NOTIFY_FORCE)
		mms_ring_force_wakeup(ep->ring);
	mms_set_wake_peers(ep);
	return 0;
}

static long mms_ioctl_ring_wait(struct mms_endpoint *ep, void __user *arg)
{
	struct mmapshare_ring_wait_args wait;
	u32 usize;
	int ret;

	ret = mms_copy_in(&wait, sizeof(wait), MMS_RING_WAIT_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (wait.flags & ~MMAPSHARE_RING_WAIT_IGNORE_HUP)
		return -EINVAL;
	ret = mms_endpoint_wait(ep, wait.flags & MMAPSHARE_RING_WAIT_IGNORE_HUP, wait.timeout);
	trace_mmapshare_ring_wait(ep, ret);
	return ret;
}

/*
 * An endpoint has no other ioctls: its descriptor conveys no rights to the ring
 * beyond the endpoint.
 */
static long mms_endpoint_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct mms_endpoint *ep = mms_endpoint_of(file);
	void __user *uarg = (void __user *)arg;

	if (mms_revoked(ep->region))
		return -ENODEV;
	if (_IOC_TYPE(cmd) != MMAPSHARE_IOC_MAGIC)
		return -ENOTTY;
	switch (_IOC_NR(cmd)) {
	case _IOC_NR(MMAPSHARE_IOC_INFO):
		return mms_ioctl_info(file, uarg);
	case _IOC_NR(MMAPSHARE_IOC_RING_NOTIFY):
		return mms_ioctl_ring_notify(ep, uarg);
	case _IOC_NR(MMAPSHARE_IOC_RING_WAIT):
		return mms_ioctl_ring_wait(ep, uarg);
	default:
		return -ENOTTY;
	}
}

static int mms_endpoint_release(struct inode *inode, struct file *file)
{
	struct mms_endpoint *ep = mms_endpoint_of(file);

	mms_set_detach(ep);
	mms_release(inode, file);
	kvfree(ep);
	return 0;
}

static void mms_endpoint_show_fdinfo(struct seq_file *m, struct file *file)
{
	const struct mms_endpoint *ep = mms_endpoint_of(file);
	const struct mms_region *r = ep->region;
	unsigned int i;

	if (r->name[0])
		seq_printf(m, "mmapshare-name:\t%s\n", r->name);
	seq_printf(m, "mmapshare-size:\t%llu\n", r->size);
	seq_printf(m, "mmapshare-ring:\t%#x\n", r->ring_flags);
	if (ep->producer)
		seq_puts(m, "mmapshare-endpoint:\tproducer\n");
	else
		seq_printf(m, "mmapshare-endpoint:\tconsumer %u\nmmapshare-may-lose:\t%d\n",
			   ep->cursor, READ_ONCE(ep->may_lose));
	if (ep->types)
		seq_printf(m, "mmapshare-types:\t%#llx\n", ep->types);
	if (ep->named)
		seq_printf(m, "mmapshare-cursor-name:\t%s\n", ep->named->name);
	seq_printf(m, "mmapshare-generation:\t%#llx\n", r->ring->generation);
	if (r->members && ep->members == 1)
		seq_printf(m, "mmapshare-member:\t%llu\n",
			   ep->ring->base / (r->size / r->members));
	if (ep->members > 1)
		seq_printf(m, "mmapshare-members:\t%u\n", ep->members);
	seq_puts(m, "mmapshare-position:\t");
	for (i = 0; i < ep->members; i++)
		seq_printf(m, "%s%llu", i ? " " : "", mms_endpoint_pos(&ep[i]));
	seq_putc(m, '\n');
}

static const struct file_operations mms_endpoint_fops = {
	.owner = THIS_MODULE,
	.release = mms_endpoint_release,
	.read_iter = mms_endpoint_read_iter,
	.splice_read = mms_splice_read,
	MMS_FOPS_MMAP
	.poll = mms_endpoint_poll,
	.unlocked_ioctl = mms_endpoint_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = mms_endpoint_show_fdinfo,
};

/* Are the members valid that concern the name of a cursor? */
static bool mms_attach_name_ok(const struct mmapshare_ring_attach_args *attach)
{
	if (attach->name[0])
		return attach->flags & MMAPSHARE_RING_ATTACH_CONSUMER && mms_name_ok(attach->name);
	return !memchr_inv(attach->name, 0, sizeof(attach->name)) && !attach->keep_ns &&
	       !(attach->flags & MMAPSHARE_RING_ATTACH_EXISTING);
}

/* May the program say which types of records it wants? */
static bool mms_attach_types_ok(const struct mmapshare_ring_attach_args *attach, u64 features)
{
	return !attach->types || (attach->flags & MMAPSHARE_RING_ATTACH_CONSUMER &&
				  features & MMAPSHARE_RING_FEAT_TYPE);
}

/* Is the member that the program asks for, if any, one of a set of that size? */
static bool mms_attach_member_ok(const struct mmapshare_ring_attach_args *attach,
				 unsigned int members)
{
	return attach->flags & MMAPSHARE_RING_ATTACH_MEMBER ? attach->member < members :
							      !attach->member;
}

static int mms_check_attach(const struct file *file, u32 usize,
			    const struct mmapshare_ring_attach_args *attach)
{
	const unsigned int members = mms_region_of(file)->members;
	const bool producer = attach->flags & MMAPSHARE_RING_ATTACH_PRODUCER;
	const u32 kernel = producer ? MMAPSHARE_RING_KERNEL_PRODUCER :
				      MMAPSHARE_RING_KERNEL_CONSUMER;

	if (attach->flags & ~MMS_ATTACH_FLAGS || attach->reserved ||
	    (members && usize < MMS_ATTACH_SIZE_SET) ||
	    !mms_attach_member_ok(attach, members) ||
	    producer == !!(attach->flags & MMAPSHARE_RING_ATTACH_CONSUMER) ||
	    (producer && attach->flags & MMS_ATTACH_CONSUMER_FLAGS) ||
	    hweight32(attach->flags & MMS_START_FLAGS) > 1 || !mms_attach_name_ok(attach) ||
	    (attach->seq && !(attach->flags & MMAPSHARE_RING_ATTACH_SEQ)) ||
	    !mms_attach_types_ok(attach, mms_region_of(file)->ring->features) ||
	    (attach->flags & MMS_ATTACH_LOSS) == MMS_ATTACH_LOSS)
		return -EINVAL;
	if (!(file->f_mode & (producer ? FMODE_WRITE : FMODE_READ)))
		return -EBADF;
	if (mms_region_of(file)->ring_flags & kernel)
		return -EBUSY;
	/* a name is that of a cursor in all rings, a sequence number that of one ring */
	if (members && (attach->flags & MMAPSHARE_RING_ATTACH_MEMBER ?
			attach->name[0] : attach->flags & MMAPSHARE_RING_ATTACH_SEQ))
		return -EOPNOTSUPP;
	if (attach->generation && attach->generation != mms_region_of(file)->ring->generation)
		return -ESTALE;
	return 0;
}

/*
 * May the consumer that attaches through @file lose records of a lossless ring?
 * Sets the flag MAY_LOSE if so. Return: 0; -EINVAL if the consumer of an overwrite
 * ring must not lose records; -EACCES if it has no right to hold back the producer.
 */
static int mms_decide_loss(const struct file *file, struct mmapshare_ring_attach_args *attach)
{
	const struct mms_region *r = mms_region_of(file);
	const bool must_not_lose = attach->flags & MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE;

	if (!mms_is_lossless(r->ring))
		return must_not_lose ? -EINVAL : 0;
	if (!(attach->flags & MMAPSHARE_RING_ATTACH_CONSUMER) ||
	    attach->flags & MMAPSHARE_RING_ATTACH_MAY_LOSE ||
	    mms_ring_may_hold_back(r, file->f_mode))
		return 0;
	if (must_not_lose)
		return -EACCES;
	attach->flags |= MMAPSHARE_RING_ATTACH_MAY_LOSE;
	return 0;
}

/* The number of rings of a set if a consumer attaches to all of them, else 0. */
static unsigned int mms_attach_members(const struct mms_region *r, u32 flags)
{
	return flags & (MMAPSHARE_RING_ATTACH_PRODUCER | MMAPSHARE_RING_ATTACH_MEMBER) ?
	       0 : r->members;
}

/*
 * The endpoint, or those of a set, that @attach asks for, not attached yet. Return:
 * the first one, to be freed by kvfree(); NULL if there is not enough memory.
 */
static struct mms_endpoint *mms_endpoint_alloc(struct mms_region *r,
					       const struct mmapshare_ring_attach_args *attach)
{
	const unsigned int n = mms_attach_members(r, attach->flags) ?: 1;
	struct mms_endpoint *ep = kvcalloc(n, sizeof(*ep), GFP_KERNEL_ACCOUNT);
	unsigned int i;

	if (!ep)
		return NULL;
	mms_set_init(ep, n, r, attach->flags & MMAPSHARE_RING_ATTACH_PRODUCER,
		     attach->member, attach->flags & MMAPSHARE_RING_ATTACH_MAY_LOSE);
	for (i = 0; i < n; i++)
		ep[i].types = attach->types;
	return ep;
}

static void mms_describe(const struct mms_endpoint *ep, struct mmapshare_ring_attach_args *attach)
{
	const struct mms_region *r = ep->region;
	const u64 stride = r->size / max(r->members, 1U);

	attach->cursor = ep->cursor;
	attach->map_size = stride;
	attach->data_size = ep->ring->size;
	mms_endpoint_writable_range(ep, &attach->own_offset, &attach->own_size);
	attach->member = ep->ring->base / stride;
	attach->map_offset = ep->ring->base;
	attach->members = mms_attach_members(r, attach->flags);
	attach->stride = attach->members ? stride : 0;
	attach->generation = ep->ring->generation;
}

/* Tell the program how its consumer is attached. */
static void mms_set_attach_flags(struct mmapshare_ring_attach_args *attach,
				 const struct mms_endpoint *ep, const struct mms_start *start)
{
	attach->flags |= start->flags & MMAPSHARE_RING_ATTACH_RESUMED;
	if (ep->may_lose)
		attach->flags |= MMAPSHARE_RING_ATTACH_MAY_LOSE;
}

/*
 * Attach an endpoint as requested by @attach->flags, and open a file for it.
 * The file, or on failure this function, frees the endpoint. Fills in @attach.
 * Return: the file, or an ERR_PTR(). May sleep.
 */
static struct file *mms_endpoint_open(struct mms_region *r,
				      struct mmapshare_ring_attach_args *attach)
{
	struct mms_endpoint *ep = mms_endpoint_alloc(r, attach);
	struct mms_start start = {
		.flags = attach->flags, .seq = attach->seq, .keep_ns = attach->keep_ns,
	};
	struct file *file = ERR_PTR(-ENOMEM);
	int ret;

	if (!ep)
		return ERR_PTR(-ENOMEM);
	if (attach->name[0])
		start.name = attach->name;
	ret = mms_set_attach(ep, &start);
	if (ret) {
		file = ERR_PTR(ret);
		goto free;
	}
	file = mms_open_region(r, O_RDWR, &mms_endpoint_fops, ep);
	if (IS_ERR(file))
		goto detach;
	mms_describe(ep, attach);
	mms_set_attach_flags(attach, ep, &start);
	return file;

detach:
	mms_set_detach(ep);
free:
	kvfree(ep);
	return file;
}

/*
 * MMAPSHARE_IOC_RING_ATTACH. Return: a descriptor of the endpoint, or a
 * negative errno: -EACCES for a consumer that must not lose records and may not
 * hold back the producer; -EBADF if the file is not open for reading (consumer) or
 * for writing (producer); -EBUSY if the kernel or another program is the producer,
 * or the kernel is the consumer; -ESTALE if the ring has another generation; -EMFILE;
 * -ENFILE; -ENOMEM; those of mms_ring_attach_at() and mms_copy_in(). May sleep.
 */
long mms_ioctl_ring_attach(struct file *file, void __user *arg)
{
	struct mmapshare_ring_attach_args attach;
	u32 usize;
	int fd, ret;

	ret = mms_copy_in(&attach, sizeof(attach), MMS_ATTACH_SIZE_VER0, arg, &usize) ?:
	      mms_check_attach(file, usize, &attach) ?: mms_decide_loss(file, &attach);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(attach.flags & MMAPSHARE_RING_ATTACH_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	file = mms_endpoint_open(mms_region_of(file), &attach);
	if (IS_ERR(file)) {
		ret = PTR_ERR(file);
		goto put_fd;
	}
	attach.size = usize;
	ret = mms_copy_out(arg, &attach, sizeof(attach), usize);
	if (ret)
		goto put_file;
	mms_set_confirm(mms_endpoint_of(file));
	fd_install(fd, file);
	return fd;

put_file:
	fput(file);
put_fd:
	put_unused_fd(fd);
	return ret;
}

/*
 * MMAPSHARE_IOC_RING_NAME. Return: 0; those of mms_named_query() and mms_copy_in().
 */
long mms_ioctl_ring_name(struct file *file, void __user *arg)
{
	struct mmapshare_ring_name query;
	u32 usize;
	int ret;

	ret = mms_copy_in(&query, sizeof(query), MMS_RING_NAME_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (query.flags & ~MMAPSHARE_QUERY_NEXT ||
	    query.member >= max(mms_region_of(file)->members, 1U) ||
	    (!(query.flags & MMAPSHARE_QUERY_NEXT) && !mms_name_ok(query.name)))
		return -EINVAL;
	ret = mms_named_query(mms_region_of(file), &query);
	if (ret)
		return ret;
	query.size = usize;
	return mms_copy_out(arg, &query, sizeof(query), usize);
}

/*
 * MMAPSHARE_IOC_RING_REMOVE. Return: 0; those of mms_named_remove() and mms_copy_in().
 */
long mms_ioctl_ring_remove(struct file *file, void __user *arg)
{
	struct mmapshare_ring_remove_args remove;
	u32 usize;
	int ret;

	ret = mms_copy_in(&remove, sizeof(remove), MMS_RING_REMOVE_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (remove.flags || !mms_name_ok(remove.name))
		return -EINVAL;
	return mms_named_remove(mms_region_of(file), remove.name);
}
