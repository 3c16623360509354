/* SPDX-License-Identifier: GPL-2.0 */
/* The mapping layer: the strategies. compat.h has the hooks of mmap(). */
#ifndef MMAPSHARE_MAP_H
#define MMAPSHARE_MAP_H

#include "region.h"

/* Written once, before the device exists. */
extern bool mms_allow_exec;

const struct mms_strategy *mms_strategy_by_name(const char *name);
const struct mms_strategy *mms_strategy_by_id(u32 id);
struct mms_region *mms_region_create_reserved(const char *name, u64 size);

#endif /* MMAPSHARE_MAP_H */
