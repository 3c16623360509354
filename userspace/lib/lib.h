/* SPDX-License-Identifier: MIT */
/* Internal declarations of the library. */
#ifndef MMAPSHARE_LIB_H
#define MMAPSHARE_LIB_H

#include <stdbool.h>
#include "mmapshare.h"

#define MMS_HIDDEN	__attribute__((visibility("hidden")))

/*
 * struct mmapshare - an open region
 * @fd: descriptor; constant
 * @size: bytes; constant
 * @doorbell: the doorbell page; NULL until the first mmapshare_notify() stores
 *	it, by compare and exchange (release, acquire); constant afterwards
 */
struct mmapshare {
	int fd;
	uint64_t size;
	struct mmapshare_doorbell *doorbell;
};

static inline bool mms_range_ok(uint64_t size, uint64_t offset, uint64_t length)
{
	return offset <= size && length <= size - offset;
}

/* ioctl(); returns its value, or a negative errno. */
MMS_HIDDEN int mms_ioctl(int fd, unsigned long request, void *arg);

/* Open /dev/mmapshare; returns a descriptor, or a negative errno. */
MMS_HIDDEN int mms_control_open(int flags);

/* One ioctl() of /dev/mmapshare, opened with @flags. */
MMS_HIDDEN int mms_control_ioctl(int flags, unsigned long request, void *arg);

/* Copy @name to @field, MMAPSHARE_NAME_SIZE zeroes; or return -EINVAL. */
MMS_HIDDEN int mms_copy_name(char *field, const char *name);

/* Make a handle, which owns @fd; on failure @fd is closed. */
MMS_HIDDEN int mms_wrap_fd(struct mmapshare **region, int fd, uint64_t size);

/* Size, flags and name in @args are ignored and set by these functions. */
MMS_HIDDEN int mms_create(struct mmapshare **region, const char *name,
			  const struct mmapshare_create_args *args);
MMS_HIDDEN int mms_create_or_open(struct mmapshare **region, const char *name,
				  const struct mmapshare_create_args *args);

/* Open a node, by name or path; returns a descriptor, or a negative errno. */
MMS_HIDDEN int mms_open_node(const char *name, int flags);

/* @doorbell may be NULL. */
MMS_HIDDEN void mms_unmap_doorbell(struct mmapshare_doorbell *doorbell);

#endif /* MMAPSHARE_LIB_H */
