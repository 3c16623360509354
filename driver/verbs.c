// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls of a region: INFO, SEAL, READ_ONLY, REVOKE; and FILL and CHECKSUM,
 * which access the bytes through their kernel address.
 */
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include "compat.h"
#include "file.h"

/* Size of the first version of each structure. */
#define MMS_INFO_SIZE_VER0	56
#define MMS_FILL_SIZE_VER0	40
#define MMS_CHECKSUM_SIZE_VER0	32
#define MMS_SEAL_SIZE_VER0	16
#define MMS_READ_ONLY_SIZE_VER0	8
#define MMS_REVOKE_SIZE_VER0	8

static_assert(offsetof(struct mmapshare_info, files) == MMS_INFO_SIZE_VER0);
static_assert(sizeof(struct mmapshare_info) == 152);
static_assert(sizeof(struct mmapshare_fill_args) == MMS_FILL_SIZE_VER0);
static_assert(sizeof(struct mmapshare_checksum_args) == MMS_CHECKSUM_SIZE_VER0);
static_assert(sizeof(struct mmapshare_seal_args) == MMS_SEAL_SIZE_VER0);
static_assert(sizeof(struct mmapshare_read_only_args) == MMS_READ_ONLY_SIZE_VER0);
static_assert(sizeof(struct mmapshare_revoke_args) == MMS_REVOKE_SIZE_VER0);

long mms_ioctl_info(struct file *file, void __user *arg)
{
	struct mms_region *r = mms_region_of(file);
	/*
	 * the strategy pfn has PMD-sized folios, too, but makes no PMD entries
	 */
	const u64 huge = r->strategy->features & MMAPSHARE_FEAT_HUGE ?
			 (u64)r->mem.huge_pages * PMD_SIZE : 0;
	struct mmapshare_info info;
	u32 usize;
	int ret;

	ret = mms_copy_in(&info, sizeof(info), MMS_INFO_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (info.flags)
		return -EINVAL;
	info = (struct mmapshare_info) {
		.size = usize,
		.abi_version = MMAPSHARE_ABI_VERSION,
		.strategy = r->strategy->id,
		.region_size = r->size,
		.features = r->strategy->features,
		.page_size = PAGE_SIZE,
		.huge_page_size = huge ? PMD_SIZE : 0,
		.huge_bytes = huge,
		.maps = atomic_long_read(&r->maps),
		.files = atomic_long_read(&r->files),
		.seals = READ_ONCE(r->seals),
		.doorbell_offset = MMS_DOORBELL_OFFSET,
		.id = r->id,
		.ring = r->ring_flags,
		.members = r->members,
	};
	memcpy(info.name, r->name, sizeof(info.name));
	return mms_copy_out(arg, &info, sizeof(info), usize);
}

/*
 * Call @fn for the range in pieces of at most @max bytes, between which the
 * task reschedules and can be killed.
 */
static int mms_in_pieces(struct mms_region *r, u64 offset, u64 length, size_t max,
			 bool store, void (*fn)(void *p, size_t n, void *ctx),
			 void *ctx)
{
	int ret;

	while (length) {
		size_t n = min_t(u64, length, max);

		ret = mms_access_begin(r, store);
		if (ret)
			return ret;
		if (!r->mem.vaddr)
			ret = -EOPNOTSUPP;
		else if (mms_intact(&r->mem, offset, n) == n)
			fn(r->mem.vaddr + offset, n, ctx);
		else
			ret = -EIO;
		mms_access_end(r);
		if (ret)
			return ret;
		offset += n;
		length -= n;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * struct mms_pattern - a pattern, repeated so that it can be copied in larger
 * pieces
 * @len: bytes in use, a multiple of the pattern's length
 * @bytes: the repetitions
 */
struct mms_pattern {
	size_t len;
	u8 bytes[256];
};

static void mms_pattern_init(struct mms_pattern *p, const u8 *bytes, size_t len)
{
	for (p->len = 0; p->len + len <= sizeof(p->bytes); p->len += len)
		memcpy(p->bytes + p->len, bytes, len);
}

static void mms_fill_piece(void *dst, size_t n, void *ctx)
{
	const struct mms_pattern *p = ctx;

	for (; n > p->len; n -= p->len, dst += p->len)
		mms_racy(memcpy(dst, p->bytes, p->len));
	mms_racy(memcpy(dst, p->bytes, n));
}

long mms_ioctl_fill(struct file *file, void __user *arg)
{
	struct mms_region *r = mms_region_of(file);
	struct mms_pattern pattern;
	struct mmapshare_fill_args fill;
	u32 usize;
	int ret;

	ret = mms_copy_in(&fill, sizeof(fill), MMS_FILL_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (fill.flags || fill.reserved ||
	    !fill.pattern_len || fill.pattern_len > MMAPSHARE_PATTERN_MAX ||
	    memchr_inv(fill.pattern + fill.pattern_len, 0,
		       MMAPSHARE_PATTERN_MAX - fill.pattern_len))
		return -EINVAL;
	if (!mms_range_ok(r->size, fill.offset, fill.length))
		return -ENXIO;

	mms_pattern_init(&pattern, fill.pattern, fill.pattern_len);
	return mms_in_pieces(r, fill.offset, fill.length,
			     rounddown(SZ_1M, pattern.len), true,
			     mms_fill_piece, &pattern);
}

static void mms_checksum_piece(void *src, size_t n, void *ctx)
{
	u32 *crc = ctx;

	*crc = mms_racy(mms_crc32c(*crc, src, n));
}

long mms_ioctl_checksum(struct file *file, void __user *arg)
{
	struct mms_region *r = mms_region_of(file);
	struct mmapshare_checksum_args sum;
	u32 crc = ~0U, usize;
	int ret;

	ret = mms_copy_in(&sum, sizeof(sum), MMS_CHECKSUM_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (sum.flags || sum.reserved)
		return -EINVAL;
	if (!mms_range_ok(r->size, sum.offset, sum.length))
		return -ENXIO;

	ret = mms_in_pieces(r, sum.offset, sum.length, SZ_1M, false,
			    mms_checksum_piece, &crc);
	if (ret)
		return ret;
	sum.size = usize;
	sum.crc32c = ~crc;
	return mms_copy_out(arg, &sum, sizeof(sum), usize);
}

long mms_ioctl_seal(struct file *file, void __user *arg)
{
	struct mmapshare_seal_args seal;
	u32 usize;
	int ret;

	ret = mms_copy_in(&seal, sizeof(seal), MMS_SEAL_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (seal.flags || seal.reserved)
		return -EINVAL;
	ret = mms_seal(mms_region_of(file), file->f_mode & FMODE_WRITE, &seal.seals);
	if (ret)
		return ret;
	seal.size = usize;
	return mms_copy_out(arg, &seal, sizeof(seal), usize);
}

long mms_ioctl_read_only(struct file *file, void __user *arg)
{
	struct mmapshare_read_only_args ro;
	struct file *reader;
	u32 usize;
	int fd, ret;

	ret = mms_copy_in(&ro, sizeof(ro), MMS_READ_ONLY_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (ro.flags & ~MMAPSHARE_READ_ONLY_CLOEXEC)
		return -EINVAL;
	fd = get_unused_fd_flags(ro.flags & MMAPSHARE_READ_ONLY_CLOEXEC ? O_CLOEXEC : 0);
	if (fd < 0)
		return fd;
	reader = mms_open_region(mms_region_of(file), O_RDONLY, file->f_op, NULL);
	if (IS_ERR(reader)) {
		put_unused_fd(fd);
		return PTR_ERR(reader);
	}
	fd_install(fd, reader);
	return fd;
}

long mms_ioctl_revoke(struct file *file, void __user *arg)
{
	struct mms_region *r = mms_region_of(file);
	struct mmapshare_revoke_args revoke;
	u32 usize;
	int ret;

	ret = mms_copy_in(&revoke, sizeof(revoke), MMS_REVOKE_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (revoke.flags || r == mms_default_region)
		return -EINVAL;
	if (!mms_region_owned(r))
		return -EPERM;
	return mms_revoke(r);
}

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/verbs_test.c"
#endif
