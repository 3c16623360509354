/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lowest layer: how much memory may be used, where pages come from, and
 * the helpers for sizes and ioctl arguments that every other layer uses.
 */
#ifndef MMAPSHARE_MEMORY_H
#define MMAPSHARE_MEMORY_H

#include <linux/kcsan-checks.h>
#include <linux/compiler.h>
#include <linux/mm_types.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uidgid.h>

struct address_space;
struct mms_memory;
struct mms_charge;
struct mms_range;

/*
 * Wraps every load and store of the bytes of a region. Userspace may change
 * them concurrently: through a mapping, which no sanitizer sees, or by another
 * call, which KCSAN sees. Users order their accesses themselves, as with any
 * file.
 */
#define mms_racy(expr)	data_race(expr)

/* Every offset and length from userspace is checked by this function. */
static inline bool mms_range_ok(u64 size, u64 offset, u64 length)
{
	return offset <= size && length <= size - offset;
}

/* size.c */
int mms_parse_size(const char *text, u64 *size);

/* args.c */
int mms_copy_in_any(void *dst, size_t ksize, size_t min_size, const void __user *arg,
		    u32 *usize);
int mms_copy_out(void __user *arg, const void *src, size_t ksize, u32 usize);

/**
 * mms_copy_in - read the arguments of an ioctl
 * @dst: where to copy them to
 * @ksize: bytes of the structure as the kernel knows it, a constant
 * @min_size: bytes of its first version
 * @arg: the structure in userspace; its first member is its size as u32
 * @usize: out: that size
 *
 * Inlined for the usual case that @usize equals @ksize: the compiler then
 * checks and expands the copy.
 *
 * Return: 0; -EFAULT; -EINVAL if the structure is smaller than @min_size;
 * -E2BIG if it is larger than a page, or if a byte behind the first @ksize is
 * not 0.
 */
static __always_inline int mms_copy_in(void *dst, size_t ksize, size_t min_size,
				       const void __user *arg, u32 *usize)
{
	const unsigned long left = copy_from_user(dst, arg, ksize);

	/*
	 * the copy also fails if the structure is shorter and ends before an
	 * unmapped page
	 */
	if (left || *(u32 *)dst != ksize)
		return left == ksize ? -EFAULT :
		       mms_copy_in_any(dst, ksize, min_size, arg, usize);
	*usize = ksize;
	return 0;
}

/* limits.c */
void mms_limits_init(void);
void mms_limits_exit(void);
kuid_t mms_current_payer(void);
struct mms_charge *mms_charge(u64 bytes);
void mms_uncharge(struct mms_charge *charge, struct mms_memory *mem);

/**
 * struct mms_layout - how much memory, and how the kernel maps it
 * @size: bytes, a non-zero multiple of PAGE_SIZE
 * @parts: number of parts of equal size, of whole pages
 * @mirrored: bytes, of whole pages at the end of each part, to map a second time
 *	behind the part
 * @per_cpu: the memory of part N is on the node of CPU N
 * @range: reserved memory to use, from mms_range_take(); NULL to allocate pages
 */
struct mms_layout {
	u64 size;
	unsigned int parts;
	u64 mirrored;
	bool per_cpu;
	struct mms_range *range;
};

/**
 * struct mms_memory - pages, or reserved memory, and their kernel address
 * @mapping: the page cache that owns them
 * @nr_pages: number of pages, without mirrors
 * @pages: the pages; those of the mirror of the only part follow, for vmap() only
 * @vaddr: kernel address at which the bytes are contiguous; NULL for registers, which
 *	the kernel does not access
 * @parts: kernel address of the first part, which its mirror follows, then the
 *	next part. The same as @vaddr if there is one part
 * @huge_pages: how many PMD-sized folios were allocated; the core may split
 *	them
 * @range: reserved memory, which is not in @pages; or NULL
 * @mirrored: how many bytes of it the kernel has mapped twice
 * @has_hwpoisoned: a page had a memory failure. Written with that page locked
 *
 * Constant, but for @has_hwpoisoned, from mms_memory_alloc() to
 * mms_memory_release(). Users may change the bytes in the pages at any time.
 */
struct mms_memory {
	struct address_space *mapping;
	unsigned long nr_pages;
	struct page **pages;
	void *vaddr;
	void *parts;
	unsigned long huge_pages;
	struct mms_range *range;
	u64 mirrored;
	bool has_hwpoisoned;
};

/* pages.c */
struct page *mms_add_page(struct address_space *mapping, pgoff_t index);
struct folio *mms_get_folio(struct page *page);
u64 mms_intact(const struct mms_memory *mem, u64 offset, u64 n);
int mms_memory_alloc(struct mms_memory *mem, const struct mms_layout *layout,
		     unsigned long orders);
u64 mms_memory_release(struct mms_memory *mem);
u64 mms_memory_sweep(struct mms_memory *mem);
void mms_memory_free(struct mms_memory *mem);

#endif /* MMAPSHARE_MEMORY_H */
