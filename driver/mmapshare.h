/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the driver know of each other. Calls go one way:
 * main.c -> file.c -> ioctl.c, control.c -> names.c, region.c -> limits.c,
 * pages.c, from file.c to map.c, from all who use the bytes to seal.c, and
 * from all but the first two to doorbell.c. revoke.c is called by ioctl.c and
 * control.c, and told by map.c who maps. Rings are in ring*.c, see ring.h.
 */
#ifndef MMAPSHARE_INTERNAL_H
#define MMAPSHARE_INTERNAL_H

#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/mmapshare.h>

struct mms_endpoint;
struct mms_region;
struct mms_ring;
struct mms_user;

/**
 * struct mms_strategy - one way to get and to map memory
 * @name: as in the module parameter
 * @id: enum mmapshare_strategy
 * @features: MMAPSHARE_FEAT_*
 * @maps_at_once: @map makes all page table entries, and not the fault handler
 * @get_pages: fill region->pages with zeroed pages, one reference each.
 *	On failure it leaves nothing behind. May sleep.
 * @put_pages: give back what @get_pages got
 * @map: set up a VMA whose range is inside the region. Called with the mmap
 *	lock held for writing; the caller unmaps whatever a failure leaves.
 * @vm_ops: for the VMA, after @map succeeded
 */
struct mms_strategy {
	const char *name;
	u32 id;
	u64 features;
	bool maps_at_once;
	int (*get_pages)(struct mms_region *r);
	void (*put_pages)(struct mms_region *r);
	int (*map)(struct mms_region *r, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

/*
 * Where mmap() finds the doorbell page: beyond any region, and in reach of
 * 32-bit programs, whose offsets are 32 bits of pages.
 */
#define MMS_DOORBELL_OFFSET	BIT_ULL(43)
#define MMS_DOORBELL_PGOFF	((pgoff_t)(MMS_DOORBELL_OFFSET >> PAGE_SHIFT))

/* Bytes in a region at most */
#define MMS_REGION_MAX		MMS_DOORBELL_OFFSET

/**
 * struct mms_region - a fixed-size, zeroed buffer with a kernel address
 * @ref: the module holds one for the default region, each open file one.
 *	A mapping needs none of its own: its VMA holds the file.
 * @id: its node's minor number; 0 is the default region, or one without a name
 * @size: bytes, a multiple of PAGE_SIZE
 * @nr_pages: @size in pages
 * @strategy: how @pages were got and are mapped
 * @nr_mapped: @nr_pages, and those that follow once more, as a ring's records do
 * @pages: every page of the region, each with a reference of the region's, and
 *	up to @nr_mapped the last ones again
 * @vaddr: @pages in a row in vmalloc space
 * @shmem: the shmem file that owns @pages, where the strategy uses one
 * @huge_pages: how many PMD-sized pages @pages consist of
 * @inode: its i_mapping is the f_mapping of every file open on the region,
 *	so all mappings are found in one place; its i_size is @size, which
 *	the core wants before it maps a huge page
 * @name: as it was created, even if that was destroyed since; "" for none
 * @uid: who made it, and may take its name away
 * @gid: the group of the node
 * @user: who its @size is charged to, NULL for the default region
 * @files: open files, changed by open and release, read by anyone
 * @maps: VMAs that map the region, changed by the vm_ops, read by anyone
 * @faults: calls of the fault handler so far
 * @opens: open files so far, changed with @files_lock
 * @files_lock: makes @files and @opens change together
 * @doorbell_page: as constant as @pages; what is in it is the programs', too
 * @doorbell: the kernel's address of it; doorbell.c says who does what
 * @waiters: who waits for the doorbell, or polls a file
 * @lock: held while seals are added, and while it is revoked
 * @seals: MMAPSHARE_SEAL_*, only ever more; who is about to store reads them
 *	between mms_access_begin() and mms_access_end()
 * @writable: shared VMAs that are or may become writable, changed by mmap()
 *	and the vm_ops; -1 from sealing against writes on
 * @ring: NULL for a plain region
 * @revoked: set once; who is about to use the region reads it between
 *	mms_access_begin() and mms_access_end(), or with a page locked
 *
 * All but @ref, @waiters, the counters and the last ones are constant from the
 * time when others can see the region, and so need no lock. The bytes in it
 * belong to the users.
 */
struct mms_region {
	refcount_t ref;
	u32 id;
	u64 size;
	unsigned long nr_pages;
	unsigned long nr_mapped;
	const struct mms_strategy *strategy;
	struct page **pages;
	void *vaddr;
	struct file *shmem;
	unsigned long huge_pages;
	struct inode *inode;
	char name[MMAPSHARE_NAME_SIZE];
	kuid_t uid;
	kgid_t gid;
	struct mms_user *user;
	atomic_long_t files;
	atomic_long_t maps;
	atomic_long_t faults;
	u64 opens;
	spinlock_t files_lock;	/* of files and opens */
	struct page *doorbell_page;
	struct mmapshare_doorbell *doorbell;
	wait_queue_head_t waiters;
	struct mutex lock;	/* see above */
	u32 seals;
	atomic_long_t writable;
	struct mms_ring *ring;
	bool revoked;
};

/**
 * struct mms_file - what an open file has of its own
 * @region: holds a reference
 * @had_peers: others had the region open when this was opened
 * @nr: @region->opens then, this one included
 * @seen: the doorbell's count, as far as poll() takes it for known
 * @ep: what it has of a ring, NULL for none
 */
struct mms_file {
	struct mms_region *region;
	bool had_peers;
	u64 nr;
	atomic64_t seen;
	struct mms_endpoint *ep;
};

static inline struct mms_region *mms_region_of(const struct file *file)
{
	const struct mms_file *f = file->private_data;

	return f->region;
}

/*
 * Must not be used any more? It may become so at any time, but who holds off
 * mms_revoke() by what is said there, and then sees that it is not, is safe.
 */
static inline bool mms_revoked(const struct mms_region *r)
{
	return READ_ONCE(r->revoked);
}

/*
 * For what loads or stores the users' bytes. They may change meanwhile, or be
 * read: by stores to a map, where nobody can tell, and by other calls, where
 * KCSAN can. What orders them is the users' choice, as it is with any file.
 */
#define mms_racy(expr)	data_race(expr)

/* The one rule for every offset and length that comes from user space. */
static inline bool mms_range_ok(u64 size, u64 offset, u64 length)
{
	return offset <= size && length <= size - offset;
}

static inline ktime_t mms_deadline(s64 ns)
{
	return ktime_add_safe(ktime_get(), ns_to_ktime(ns));
}

/*
 * False if the time is over. @end: NULL for never. wait_event_hrtimeout() would
 * have us read without a mark what the timer stores.
 */
static inline bool mms_schedule(ktime_t *end)
{
	if (end)
		return schedule_hrtimeout(end, HRTIMER_MODE_ABS);
	schedule();
	return true;
}

/* main.c */
int mms_parse_size(const char *text, u64 *size);

/* limits.c */
void mms_limits_init(void);
struct mms_user *mms_charge(kuid_t uid, u64 bytes);
void mms_uncharge(struct mms_user *user, u64 bytes);

/* region.c */
int mms_region_init(void);
void mms_region_exit(void);
struct mms_region *mms_region_create(u64 size, u64 mirrored, const struct mms_strategy *s);
struct mms_region *mms_region_get(struct mms_region *r);
void mms_region_put(struct mms_region *r);
bool mms_region_owned(const struct mms_region *r);
struct file *mms_region_file(struct mms_region *r, int flags,
			     const struct file_operations *fops);

/* names.c */
int mms_names_init(const struct file_operations *fops);
void mms_names_exit(void);
bool mms_name_ok(const char *text);
bool mms_name_taken(const char *text);
int mms_name_add(struct mms_region *r, umode_t mode);
int mms_name_del(const char *text, struct mms_region **r);
void mms_name_drop(const struct mms_region *r);
int mms_name_query(struct mmapshare_query *query);
struct mms_region *mms_name_open(unsigned int minor);

/* map.c */
extern bool mms_allow_exec;
const struct mms_strategy *mms_strategy_by_name(const char *name);
const struct mms_strategy *mms_strategy_by_id(u32 id);
int mms_mmap(struct file *file, struct vm_area_struct *vma);

/* doorbell.c */
int mms_doorbell_init(struct mms_region *r);
void mms_doorbell_exit(struct mms_region *r);
void mms_doorbell_attach(struct mms_file *f);
void mms_doorbell_detach(struct mms_file *f);
u64 mms_doorbell_count(const struct mms_region *r);
void mms_doorbell_wake_all(struct mms_region *r);
u64 mms_notify(struct mms_region *r);
__poll_t mms_doorbell_poll(struct file *file, struct poll_table_struct *wait);
long mms_ioctl_notify(struct mms_region *r, void __user *arg);
long mms_ioctl_wait(struct mms_file *f, void __user *arg);

/* seal.c */
int mms_access_begin(const struct mms_region *r, bool store);
void mms_access_end(int access);
void mms_access_sync(void);
int mms_seal_map(struct mms_region *r, struct vm_area_struct *vma);
void mms_seal_open(struct mms_region *r, const struct vm_area_struct *vma);
void mms_seal_close(struct mms_region *r, const struct vm_area_struct *vma);
int mms_seal(struct mms_region *r, bool writable, u32 *seals);

/* revoke.c */
int mms_mapper_add(const struct mms_region *r, struct mm_struct *mm);
void mms_mapper_del(const struct mms_region *r, struct mm_struct *mm);
int mms_revoke(struct mms_region *r);

/* pages.c */
int mms_pages_init(void);
void mms_pages_exit(void);
int mms_get_shmem_pages(struct mms_region *r);
int mms_get_huge_pages(struct mms_region *r);
void mms_put_shmem_pages(struct mms_region *r);
int mms_get_single_pages(struct mms_region *r);
int mms_get_page_runs(struct mms_region *r);
void mms_put_own_pages(struct mms_region *r);

/* file.c */
extern const struct file_operations mms_fops;
extern struct mms_region *mms_default_region;
struct file *mms_open_region(struct mms_region *r, int flags);
struct file *mms_open_endpoint(struct mms_endpoint *ep);
int mms_release(struct inode *inode, struct file *file);

/* ioctl.c */
long mms_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
long mms_ioctl_info(struct mms_region *r, void __user *arg);
int mms_copy_in_any(void *dst, size_t ksize, size_t min_size, const void __user *arg,
		    u32 *usize);
int mms_copy_out(void __user *arg, const void *src, size_t ksize, u32 usize);

/* Nearly always it has the size that the compiler knows, and checks itself. */
static __always_inline int mms_copy_in(void *dst, size_t ksize, size_t min_size,
				       const void __user *arg, u32 *usize)
{
	const unsigned long left = copy_from_user(dst, arg, ksize);

	/* a shorter one may end where nothing else follows; but it does begin */
	if (left || *(u32 *)dst != ksize)
		return left == ksize ? -EFAULT :
		       mms_copy_in_any(dst, ksize, min_size, arg, usize);
	*usize = ksize;
	return 0;
}

/* control.c */
long mms_control_ioctl(struct file *file, unsigned int cmd, void __user *arg);

/* ring.c */
u32 mms_ring_flags(const struct mms_region *r);
u64 mms_ring_geometry(u64 *size, unsigned int consumers);
struct mms_region *mms_ring_create(u32 flags, u64 size, unsigned int consumers);

/* ring_wait.c */
void mms_ring_wake_all(struct mms_ring *ring);

/* ring_file.c */
extern const struct file_operations mms_endpoint_fops;
int mms_ring_map(const struct mms_file *f, struct vm_area_struct *vma);
long mms_ioctl_ring_attach(struct file *file, void __user *arg);

#endif /* MMAPSHARE_INTERNAL_H */
