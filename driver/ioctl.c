// SPDX-License-Identifier: GPL-2.0
/*
 * The file operations of regions, and the dispatch of ioctls.
 */
#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/splice.h>
#include "compat.h"
#include "file.h"
#include "ioctl.h"
#include "map.h"
#include "region.h"

/* The regions that support a command; on others it fails with -ENOTTY. */
enum mms_ioctl_scope {
	MMS_ON_ANY,
	MMS_ON_RING,
	MMS_ON_DEFAULT,
};

/**
 * struct mms_ioctl - a command
 * @fn: its handler; NULL if there is no such command
 * @scope: which regions support it
 * @mode: access that the file must be open for; 0 if any is sufficient, or if
 *	the handler checks it
 */
struct mms_ioctl {
	long (*fn)(struct file *file, void __user *arg);
	enum mms_ioctl_scope scope;
	fmode_t mode;
};

#define MMS_IOCTL(name, handler, on, fmode)	\
	[_IOC_NR(MMAPSHARE_IOC_##name)] = { .fn = (handler), .scope = (on), .mode = (fmode) }

static const struct mms_ioctl mms_ioctls[] = {
	MMS_IOCTL(INFO, mms_ioctl_info, MMS_ON_ANY, 0),
	MMS_IOCTL(FILL, mms_ioctl_fill, MMS_ON_ANY, FMODE_WRITE),
	MMS_IOCTL(CHECKSUM, mms_ioctl_checksum, MMS_ON_ANY, FMODE_READ),
	MMS_IOCTL(SEAL, mms_ioctl_seal, MMS_ON_ANY, 0),
	MMS_IOCTL(READ_ONLY, mms_ioctl_read_only, MMS_ON_ANY, FMODE_READ),
	MMS_IOCTL(REVOKE, mms_ioctl_revoke, MMS_ON_ANY, FMODE_WRITE),
	MMS_IOCTL(DMABUF, mms_ioctl_dmabuf, MMS_ON_ANY, FMODE_READ),
	MMS_IOCTL(NOTIFY, mms_ioctl_notify, MMS_ON_ANY, FMODE_WRITE),
	MMS_IOCTL(WAIT, mms_ioctl_wait, MMS_ON_ANY, 0),
	MMS_IOCTL(RING_ATTACH, mms_ioctl_ring_attach, MMS_ON_RING, 0),
	MMS_IOCTL(RING_NAME, mms_ioctl_ring_name, MMS_ON_RING, FMODE_READ),
	MMS_IOCTL(RING_REMOVE, mms_ioctl_ring_remove, MMS_ON_RING, 0),
	MMS_IOCTL(CREATE, mms_ioctl_create, MMS_ON_DEFAULT, FMODE_WRITE),
	MMS_IOCTL(DESTROY, mms_ioctl_destroy, MMS_ON_DEFAULT, FMODE_WRITE),
	MMS_IOCTL(QUERY, mms_ioctl_query, MMS_ON_DEFAULT, 0),
};

/*
 * Return: the command of @cmd; NULL if there is none, or @r does not support
 * it.
 */
static const struct mms_ioctl *mms_ioctl_find(const struct mms_region *r, unsigned int cmd)
{
	const struct mms_ioctl *ioctl;

	if (_IOC_TYPE(cmd) != MMAPSHARE_IOC_MAGIC || _IOC_NR(cmd) >= ARRAY_SIZE(mms_ioctls))
		return NULL;
	ioctl = &mms_ioctls[array_index_nospec(_IOC_NR(cmd), ARRAY_SIZE(mms_ioctls))];
	if (!ioctl->fn ||
	    (ioctl->scope == MMS_ON_RING && !r->ring) ||
	    (ioctl->scope == MMS_ON_DEFAULT && r != mms_default_region))
		return NULL;
	return ioctl;
}

/*
 * The magic and the number of @cmd select the handler. Its direction and size do
 * not, because structures may grow. A handler returns 0, or a descriptor where
 * <linux/mmapshare.h> says so, or a negative errno. All handlers return -EFAULT;
 * -EINVAL for a structure that is too small, and for unknown flags or reserved
 * members that are not 0; -E2BIG for a structure that is larger than a page or
 * has a byte set after the members known here. May sleep.
 */
static long mms_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	const struct mms_region *r = mms_region_of(file);
	const struct mms_ioctl *ioctl;

	ioctl = mms_ioctl_find(r, cmd);
	/*
	 * REVOKE is called nevertheless: it waits for a revocation in progress,
	 * so that its -ENODEV means that the revocation is complete
	 */
	if (mms_revoked(r) && (!ioctl || ioctl->fn != mms_ioctl_revoke))
		return -ENODEV;
	if (!ioctl)
		return -ENOTTY;
	if (ioctl->mode && !(file->f_mode & ioctl->mode))
		return mms_revoked(r) ? -ENODEV : -EBADF;
	return ioctl->fn(file, (void __user *)arg);
}

const struct file_operations mms_fops = {
	.owner = THIS_MODULE,
	.open = mms_open,
	.release = mms_release,
	.read_iter = mms_read_iter,
	.write_iter = mms_write_iter,
	.splice_read = mms_splice_read,
	.splice_write = iter_file_splice_write,
	.llseek = mms_llseek,
	.fsync = mms_fsync,
	MMS_FOPS_MMAP
	/* aligns large mappings so that they can have PMD entries */
	.get_unmapped_area = thp_get_unmapped_area,
	.poll = mms_doorbell_poll,
	.unlocked_ioctl = mms_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = mms_show_fdinfo,
};
