/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Ranges: physical memory that the administrator has set aside for regions.
 * range.c describes them, reserved.c finds them.
 */
#ifndef MMAPSHARE_RANGE_H
#define MMAPSHARE_RANGE_H

#include <linux/types.h>
#include <linux/mmapshare.h>

struct mms_layout;
struct mms_memory;
struct mms_range_header;
struct seq_file;
struct vm_area_struct;

#define MMS_RANGES_MAX		16

/* How a use of a range has ended. */
enum mms_range_end {
	MMS_END_NONE,		/* no earlier use is known */
	MMS_END_DIRTY,
	MMS_END_PANIC,
	MMS_END_CLEAN,
	MMS_RANGE_ENDS
};

/* How it is mapped. */
enum mms_range_cache {
	MMS_CACHE_WB,
	MMS_CACHE_WC,
	MMS_CACHE_UC,
	MMS_RANGE_CACHES
};

/**
 * struct mms_range - a range
 * @name: as in the module parameter
 * @start: physical address, a multiple of PAGE_SIZE
 * @size: bytes, a multiple of PAGE_SIZE
 * @cache: how it is mapped
 * @header: kernel address of the header and of the page behind it; NULL if
 *	@cache is not WB
 * @claimed: request_mem_region() was called for it
 * @last: how the last use before this one ended
 * @generation: of the use that begins when a region first has the range
 * @used: it has begun. Read when the kernel panics
 * @kept: the bytes behind the header are those of an earlier use, or of a
 *	region of this one. Belongs to the region that has the range
 * @stale: an earlier use ended dirty: programs may have seen newer bytes than these.
 *	Until mms_range_renew(), also in later uses. Likewise
 * @blank: it was cleared for this region. Likewise
 * @vaddr: kernel address of that region; NULL without one, and if @cache is not WB.
 *	Read when the kernel panics
 * @size_used: bytes of that region. Likewise
 * @flags: bit 0 is set while a region has the range
 */
struct mms_range {
	char name[MMAPSHARE_NAME_SIZE];
	phys_addr_t start;
	u64 size;
	enum mms_range_cache cache;
	struct mms_range_header *header;
	bool claimed;
	enum mms_range_end last;
	u64 generation;
	bool used;
	bool kept;
	bool stale;
	bool blank;
	void *vaddr;
	u64 size_used;
	unsigned long flags;
};

/* Constant, but for the members from @used on, from mms_reserved_init() on. */
extern struct mms_range mms_ranges[MMS_RANGES_MAX];
extern unsigned int mms_nr_ranges;

/* range.c */
extern const char *const mms_range_ends[MMS_RANGE_ENDS];
extern const char *const mms_range_caches[MMS_RANGE_CACHES];
struct mms_range *mms_range_find(const char *name);
void mms_range_read_header(struct mms_range *range);
void mms_range_recheck(struct mms_range *range);
void mms_range_renew(struct mms_range *range);
void mms_range_set_end(struct mms_range *range, enum mms_range_end end);
void mms_range_end_clean(struct mms_range *range);
void mms_range_write_back(const struct mms_range *range);
int mms_range_clear(struct mms_range *range);
bool mms_range_hold(struct mms_range *range);
struct mms_range *mms_range_take(const char *name);
void mms_range_put(struct mms_range *range);
u64 mms_range_bytes(const struct mms_range *range);
const void *mms_range_contents(const struct mms_range *range);
int mms_memory_map_range(struct mms_memory *mem, const struct mms_layout *layout);
void mms_memory_unmap_range(struct mms_memory *mem);
int mms_range_remap(const struct mms_memory *mem, struct vm_area_struct *vma);
void mms_range_show(struct seq_file *m, const struct mms_range *range);

/* reserved.c */
int mms_reserved_init(const char *reserved, const char *ranges);
void mms_reserved_exit(void);

#endif /* MMAPSHARE_RANGE_H */
