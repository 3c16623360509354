/* SPDX-License-Identifier: GPL-2.0 */
/* The ioctls of every region, for tests that throw dice. */
#ifndef IOCTL_CALLS_H
#define IOCTL_CALLS_H

#include "mmapshare_test.h"
#include <stddef.h>

struct call {
	unsigned int cmd;
	uint32_t size;		/* of its structure */
	uint32_t oldest;	/* what that had in its first version */
};

#define CALL(cmd, type)							\
	{ MMAPSHARE_IOC_##cmd, sizeof(struct mmapshare_##type##_args),		\
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

/* 0 to @sides - 1 */
static inline uint64_t throw_dice(uint64_t *seed, uint64_t sides)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (*seed >> 20) % sides;
}

static inline const struct call *throw_call(uint64_t *seed)
{
	return &calls[throw_dice(seed, ARRAY_SIZE(calls))];
}

#endif
