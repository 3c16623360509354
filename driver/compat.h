/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All differences between kernel versions. MMS_HAVE_* are made by probe.sh,
 * which tries to compile and does not look at the version number, because
 * distributions backport.
 */
#ifndef MMAPSHARE_COMPAT_H
#define MMAPSHARE_COMPAT_H

#include <linux/crc32.h>
#include <linux/crc32c.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include "compat_probes.h"

/* 6.3 made vma->vm_flags read-only */
#ifndef MMS_HAVE_VM_FLAGS_SET
static inline void vm_flags_set(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags |= flags;
}

static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

/* 6.2 made the parameter of ->devnode const */
#ifdef MMS_HAVE_CONST_DEVNODE
#define MMS_CONST_DEVNODE	const
#else
#define MMS_CONST_DEVNODE
#endif

/* 6.2 made the parameter of ->uevent const */
#ifdef MMS_HAVE_CONST_UEVENT
#define MMS_CONST_UEVENT	const
#else
#define MMS_CONST_UEVENT
#endif

/* 6.5 replaced generic_file_splice_read() by copy_splice_read() */
#ifdef MMS_HAVE_COPY_SPLICE_READ
#define mms_splice_read		copy_splice_read
#else
#define mms_splice_read		generic_file_splice_read
#endif

/* 6.17 made ->s_d_op private */
static inline void mms_set_default_d_op(struct super_block *sb,
					const struct dentry_operations *ops)
{
#ifdef MMS_HAVE_SET_DEFAULT_D_OP
	set_default_d_op(sb, ops);
#else
	sb->s_d_op = ops;
#endif
}

/*
 * 6.10 introduced a mark for pages that must not move. Without it compaction
 * tries to move them, and may split large ones because it cannot.
 */
static inline void mms_mapping_set_unmovable(struct address_space *mapping)
{
	mapping_set_unevictable(mapping);
#ifdef MMS_HAVE_MAPPING_SET_INACCESSIBLE
	mapping_set_inaccessible(mapping);
#endif
}

/* 6.8 passes a folio */
#ifdef MMS_HAVE_ERROR_REMOVE_FOLIO
#define MMS_ERROR_REMOVE(fn)	.error_remove_folio = (fn)
#define MMS_ERROR_PAGE		struct folio
#else
#define MMS_ERROR_REMOVE(fn)	.error_remove_page = (fn)
#define MMS_ERROR_PAGE		struct page
#endif

/*
 * Before 6.14 crc32c() is in a separate module, which insmod does not load;
 * __crc32c_le() is built in.
 */
static inline u32 mms_crc32c(u32 crc, const void *p, size_t n)
{
#ifdef MMS_HAVE_CRC32C_LE
	return __crc32c_le(crc, p, n);
#else
	return crc32c(crc, p, n);
#endif
}

/*
 * Number of page table entries that map any part of a folio. Before 6.10
 * modules have only page_mapcount(), which counts a PMD entry in each page.
 */
static inline long mms_folio_mapcount(struct folio *folio)
{
#ifdef MMS_HAVE_FOLIO_LARGE_MAPCOUNT
	return folio_mapcount(folio);
#else
	long i, nr = folio_nr_pages(folio), count = 0;

	for (i = 0; i < nr; i++)
		count += page_mapcount(folio_page(folio, i));
	if (nr > 1)
		count -= (nr - 1) * folio_entire_mapcount(folio);
	return count;
#endif
}

/* 6.13 made the namespace a string */
#ifdef MMS_HAVE_NS_TOKEN
#define MMS_NS			MMAPSHARE
#else
#define MMS_NS			"MMAPSHARE"
#endif

/*
 * 6.13 merged hrtimer_init() and setting .function into hrtimer_setup(); later
 * kernels dropped hrtimer_init().
 */
static inline void mms_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*fn)(struct hrtimer *timer),
				     clockid_t clock, enum hrtimer_mode mode)
{
#ifdef MMS_HAVE_HRTIMER_SETUP
	hrtimer_setup(timer, fn, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
#endif
}

/* 6.9 introduced PMD_ORDER; HPAGE_PMD_ORDER needs transparent huge pages */
#define MMS_PMD_ORDER		(PMD_SHIFT - PAGE_SHIFT)

#endif /* MMAPSHARE_COMPAT_H */
