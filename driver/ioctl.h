/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The dispatch layer: which handler an ioctl goes to, and the file operations.
 */
#ifndef MMAPSHARE_IOCTL_H
#define MMAPSHARE_IOCTL_H

#include <linux/fs.h>

extern const struct file_operations mms_fops;

#endif /* MMAPSHARE_IOCTL_H */
