/* SPDX-License-Identifier: MIT */
/* What the files of the library know of each other. */
#ifndef MMAPSHARE_LIB_H
#define MMAPSHARE_LIB_H

#include <stdbool.h>
#include "mmapshare.h"

#define MMS_HIDDEN	__attribute__((visibility("hidden")))

/*
 * struct mmapshare - an open region, constant but for its last member
 * @doorbell: its doorbell page, once somebody has notified; stored once, by
 *	compare and exchange
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

/* An ioctl of an open descriptor; its value, or a negative errno. */
MMS_HIDDEN int mms_ioctl(int fd, unsigned long request, void *arg);

/* The descriptor of /dev/mmapshare, or a negative errno. */
MMS_HIDDEN int mms_control_open(int flags);

/* The same ioctl, of that. */
MMS_HIDDEN int mms_control(int flags, unsigned long request, void *arg);

/* Into a field that is all 0. */
MMS_HIDDEN int mms_copy_name(char *field, const char *name);

/* The handle takes the descriptor over, also where there is no memory for it. */
MMS_HIDDEN int mms_wrap(struct mmapshare **region, int fd, uint64_t size);

/* @wanted but for its size, flags and name: those of the functions. */
MMS_HIDDEN int mms_create(struct mmapshare **region, const char *name,
			  const struct mmapshare_create_args *wanted);
MMS_HIDDEN int mms_create_or_open(struct mmapshare **region, const char *name,
				  const struct mmapshare_create_args *wanted);

/* A descriptor of a node, by name or path, or a negative errno. */
MMS_HIDDEN int mms_open_node(const char *name, int flags);

MMS_HIDDEN void mms_unmap_doorbell(struct mmapshare_doorbell *doorbell);

#endif /* MMAPSHARE_LIB_H */
