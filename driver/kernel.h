/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel interface: what kernel.c, ring_source*.c and ring_sink.c share. */
#ifndef MMAPSHARE_KERNEL_H
#define MMAPSHARE_KERNEL_H

#include <linux/types.h>
#include "include/mmapshare_ring.h"

struct file;
struct mms_region;

struct mms_region *mms_kernel_create_ring(const struct mmapshare_params *params, u32 flags,
					  unsigned int consumers);
int mms_kernel_add_name(struct mms_region *r, const struct mmapshare_params *params);
struct file *mms_kernel_open_file(struct mms_region *r, int flags);

#endif /* MMAPSHARE_KERNEL_H */
