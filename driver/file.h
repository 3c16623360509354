/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file layer: the operations of an open region and of an endpoint, and the
 * handlers of the ioctls, which ioctl.c dispatches to.
 */
#ifndef MMAPSHARE_FILE_H
#define MMAPSHARE_FILE_H

#include "region.h"

struct kiocb;
struct iov_iter;
struct seq_file;

/* file.c */
int mms_open(struct inode *inode, struct file *file);
struct file *mms_open_region(struct mms_region *r, int flags,
			     const struct file_operations *fops, struct mms_endpoint *ep);
struct file *mms_open_for_mappings(struct mms_region *r, int flags,
				   const struct file_operations *fops);
int mms_release(struct inode *inode, struct file *file);
ssize_t mms_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t mms_write_iter(struct kiocb *iocb, struct iov_iter *from);
loff_t mms_llseek(struct file *file, loff_t offset, int whence);
int mms_fsync(struct file *file, loff_t start, loff_t end, int datasync);
void mms_show_fdinfo(struct seq_file *m, struct file *file);

/* verbs.c */
long mms_ioctl_info(struct file *file, void __user *arg);
long mms_ioctl_fill(struct file *file, void __user *arg);
long mms_ioctl_checksum(struct file *file, void __user *arg);
long mms_ioctl_seal(struct file *file, void __user *arg);
long mms_ioctl_read_only(struct file *file, void __user *arg);
long mms_ioctl_revoke(struct file *file, void __user *arg);

/* dmabuf.c */
long mms_ioctl_dmabuf(struct file *file, void __user *arg);

/* ring_read.c */
ssize_t mms_endpoint_read_iter(struct kiocb *iocb, struct iov_iter *to);

/* ring_file.c */
long mms_ioctl_ring_attach(struct file *file, void __user *arg);
long mms_ioctl_ring_name(struct file *file, void __user *arg);
long mms_ioctl_ring_remove(struct file *file, void __user *arg);

/* control.c */
long mms_ioctl_create(struct file *file, void __user *arg);
long mms_ioctl_destroy(struct file *file, void __user *arg);
long mms_ioctl_query(struct file *file, void __user *arg);

#endif /* MMAPSHARE_FILE_H */
