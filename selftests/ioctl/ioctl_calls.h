/* SPDX-License-Identifier: GPL-2.0 */
/* The ioctls that every region supports, for tests that choose at random. */
#ifndef IOCTL_CALLS_H
#define IOCTL_CALLS_H

#include "mmapshare_test.h"
#include <stddef.h>

struct call {
	unsigned int cmd;
	uint32_t size;		/* of the structure */
	uint32_t first_size;	/* of its first version */
};

#define CALL(cmd, type)							\
	{ MMAPSHARE_IOC_##cmd, sizeof(struct mmapshare_##type##_args),	\
	  sizeof(struct mmapshare_##type##_args) }

static const struct call calls[] = {
	{ MMAPSHARE_IOC_INFO, sizeof(struct mmapshare_info),
	  offsetof(struct mmapshare_info, files) },
	CALL(FILL, fill),
	CALL(CHECKSUM, checksum),
	CALL(SEAL, seal),
	CALL(READ_ONLY, read_only),
	CALL(REVOKE, revoke),
	CALL(NOTIFY, notify),
	CALL(WAIT, wait),
};

/* A random number from 0 to @limit - 1. */
static inline uint64_t next_random(uint64_t *seed, uint64_t limit)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 20) % limit;
}

static inline const struct call *random_call(uint64_t *seed)
{
	return &calls[next_random(seed, ARRAY_SIZE(calls))];
}

#endif
