/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The region layer: regions, access to their bytes, names, seals, doorbells and
 * revocation. The layers above add mappings and rings; a region reaches them
 * through struct mms_strategy and struct mms_region_ops only.
 */
#ifndef MMAPSHARE_REGION_H
#define MMAPSHARE_REGION_H

#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/mmapshare.h>
#include "compat.h"
#include "memory.h"

struct mms_endpoint;
struct mms_file;
struct mms_name;
struct mms_region;
struct mms_ring;

/**
 * struct mms_strategy - one way to obtain and to map memory
 * @name: as in the module parameter
 * @id: enum mmapshare_strategy
 * @features: MMAPSHARE_FEAT_*
 * @orders: bit n is set if the memory may have folios of order n
 * @shared_only: MAP_PRIVATE gets -EINVAL
 * @vm_flags: of the VMA, besides VM_DONTEXPAND. VM_MIXEDMAP if the fault handler
 *	makes entries by vm_insert_pages()
 * @fill: make all page table entries of a new VMA; NULL if the fault handler
 *	does. Called with the mmap lock held for writing; after a failure the
 *	core removes what is left.
 * @vm_ops: for the VMA
 */
struct mms_strategy {
	const char *name;
	u32 id;
	u64 features;
	unsigned long orders;
	bool shared_only;
	vm_flags_t vm_flags;
	int (*fill)(struct mms_region *r, struct vm_area_struct *vma);
	const struct vm_operations_struct *vm_ops;
};

/**
 * struct mms_region_ops - what a layer above adds to its regions
 * @may_map: may @f map @m? Clears VM_MAYWRITE where the mapping must never
 *	become writable. Changes no other state. Called with the mmap lock held
 *	for writing.
 *	Return: 0 or a negative errno
 * @revoked: the region was revoked: wake every task that waits in it, and no
 *	longer use its bytes. Called with the region's @lock held; may sleep
 * @memory_failed: the memory of a page failed: no longer use the region's bytes
 *	through its kernel address without mms_intact(). Called with that page
 *	locked; may sleep, but not wait for another page's lock or the region's
 *	@lock
 * @release: free what the layer above has allocated
 */
struct mms_region_ops {
	int (*may_map)(const struct mms_file *f, struct mms_mapping *m);
	void (*revoked)(struct mms_region *r);
	void (*memory_failed)(struct mms_region *r);
	void (*release)(struct mms_region *r);
};

/*
 * The offset at which mmap() finds the doorbell page: beyond any region, and
 * within reach of 32-bit programs, which pass a 32-bit page number to mmap2().
 */
#define MMS_DOORBELL_OFFSET	BIT_ULL(43)
#define MMS_DOORBELL_PGOFF	((pgoff_t)(MMS_DOORBELL_OFFSET >> PAGE_SHIFT))

/*
 * Seals with which the kernel refuses to store to the region, in write() and
 * FILL
 */
#define MMS_SEALS_NO_WRITE	(MMAPSHARE_SEAL_FUTURE_WRITE | MMAPSHARE_SEAL_WRITE)

/*
 * Largest size of a region, in bytes: one page less than 1 TiB. The array of
 * its pages comes from kvmalloc(), which refuses more than INT_MAX bytes.
 */
#define MMS_REGION_MAX		(BIT_ULL(40) - PAGE_SIZE)

/**
 * struct mms_region - a fixed-size, zeroed buffer with a kernel address
 * @ref: the module holds one reference to the default region, a name one, and
 *	each open file one. A mapping needs none of its own: its VMA holds the
 *	file
 * @id: minor number of its node; 0 for the default region and for one without a
 *	name
 * @size: bytes, a multiple of PAGE_SIZE
 * @strategy: how its memory was obtained and is mapped
 * @ops: what the layer above adds, or NULL
 * @mem: its pages and their kernel address. mms_revoke() frees them if a
 *	program created the region; otherwise they are freed with the region
 * @inode: its i_mapping owns the pages, and is the f_mapping of every file open
 *	on the region: the core finds all mappings of a page. Its i_size is
 *	@size, which the core requires before it maps a huge page
 * @name: as it was created, even if the name was destroyed since; "" for none
 * @uid: its owner: the user that may destroy its name
 * @gid: group of the node
 * @charge: what its user was charged for @size; NULL for the default region,
 *	for those that the kernel created, and once @mem is freed
 * @files: open files, without those of dma-bufs. Written under @files_lock, read
 *	without
 * @maps: VMAs that map it. Written by the vm_ops, read without a lock
 * @faults: calls of the fault handler so far
 * @opens: files opened so far. Written and read under @files_lock
 * @files_lock: makes @files and @opens change together
 * @doorbell_page: stays until the region is freed, even if it was revoked;
 *	programs write to its bytes, too
 * @doorbell: kernel address of @doorbell_page; see doorbell.c. The address of
 *	@spare_doorbell after the memory of that page has failed
 * @spare_doorbell: used instead of the page then; programs cannot map it
 * @waiters: tasks that wait for the doorbell or poll a file
 * @wake_waiters: wakes @waiters on behalf of mms_notify()
 * @lock: held while seals are added and while the region is revoked
 * @access: held for reading while the kernel accesses the bytes, see access.c
 * @seals: MMAPSHARE_SEAL_*; bits are only ever added, under @lock and @access. A
 *	task that is about to store reads them between mms_access_begin() and
 *	mms_access_end()
 * @writable: number of shared VMAs that are writable or may become so, and of
 *	writable dma-bufs. Changed by mmap(), the vm_ops and dmabuf.c; -1 once the
 *	region is sealed against writes
 * @ring_flags: MMAPSHARE_RING_*; 0 for a plain region
 * @ring: the ring, or the rings of a set; NULL for a plain region. The region
 *	frees it with kvfree()
 * @members: number of rings of a set; 0 for a ring that is in none, and for a
 *	plain region
 * @revoked: set once, under @lock and @access. A task that is about to use the
 *	region reads it between mms_access_begin() and mms_access_end(), or with
 *	a page locked
 *
 * All but @ref, @waiters, the counters, @mem, @charge, @doorbell,
 * @spare_doorbell, @seals, @writable and @revoked are constant once other tasks
 * can see the region, and need no lock.
 */
struct mms_region {
	refcount_t ref;
	u32 id;
	u64 size;
	const struct mms_strategy *strategy;
	const struct mms_region_ops *ops;
	struct mms_memory mem;
	struct inode *inode;
	char name[MMAPSHARE_NAME_SIZE];
	kuid_t uid;
	kgid_t gid;
	struct mms_charge *charge;
	atomic_long_t files;
	atomic_long_t maps;
	atomic_long_t faults;
	u64 opens;
	spinlock_t files_lock;	/* protects files and opens */
	struct page *doorbell_page;
	struct mmapshare_doorbell *doorbell;
	struct mmapshare_doorbell spare_doorbell;
	wait_queue_head_t waiters;
	struct irq_work wake_waiters;
	struct mutex lock;	/* serializes sealing and revoking */
	struct rw_semaphore access;
	u32 seals;
	atomic_long_t writable;
	u32 ring_flags;
	struct mms_ring *ring;
	unsigned int members;
	bool revoked;
};

/**
 * struct mms_file - an open file description of a region
 * @region: holds a reference
 * @is_peer: counted in @files and @opens of @region; not if it belongs to a dma-buf
 * @had_peers: another file was open on the region when this one was opened
 * @open_nr: @region->opens after this open
 * @seen: the doorbell's count that poll() for EPOLLPRI treats as known
 * @ep: the endpoint of a ring that this file is; NULL for any other file
 * @nodeless: from mms_region_file()
 */
struct mms_file {
	struct mms_region *region;
	bool is_peer;
	bool had_peers;
	u64 open_nr;
	atomic64_t seen;
	struct mms_endpoint *ep;
	bool nodeless;
};

static inline struct mms_region *mms_region_of(const struct file *file)
{
	const struct mms_file *f = file->private_data;

	return f->region;
}

/*
 * Has the region been revoked? If not, it may be at any time, unless the caller
 * holds off mms_revoke() in one of the ways that revoke.c describes.
 */
static inline bool mms_revoked(const struct mms_region *r)
{
	return READ_ONCE(r->revoked);
}

static inline ktime_t mms_deadline(s64 ns)
{
	return ktime_add_safe(ktime_get(), ns_to_ktime(ns));
}

/*
 * Sleep until woken or until @end; NULL means no timeout. Returns false at
 * @end. wait_event_hrtimeout() is not used: it reads without READ_ONCE() what
 * its timer stores, which KCSAN reports.
 */
static inline bool mms_schedule(ktime_t *end)
{
	if (end)
		return schedule_hrtimeout(end, HRTIMER_MODE_ABS);
	schedule();
	return true;
}

/* access.c */
int mms_access_begin(struct mms_region *r, bool store);
int mms_access_begin_unkillable(struct mms_region *r, bool store);
int mms_access_try_begin(struct mms_region *r, bool store);
void mms_access_end(struct mms_region *r);

/* region.c */
int mms_region_init(void);
void mms_region_exit(void);
struct mms_region *mms_region_create(u64 size, const struct mms_strategy *s);
struct mms_region *mms_region_create_parts(const struct mms_layout *layout,
					   const struct mms_strategy *s);
struct mms_region *mms_region_get(struct mms_region *r);
void mms_region_put(struct mms_region *r);
bool mms_region_owned(const struct mms_region *r);
struct file *mms_region_file(struct mms_region *r, int flags,
			     const struct file_operations *fops);
void mms_region_file_release(void);

/* names.c */
extern struct mms_region *mms_default_region;
int mms_names_init(const struct file_operations *fops);
void mms_names_exit(void);
bool mms_name_ok(const char *text);
bool mms_name_taken(const char *text);
int mms_name_add(struct mms_region *r, umode_t mode);
int mms_name_del(const char *text);
struct mms_region *mms_name_get_own(const char *text);
struct mms_name *mms_name_detach(const struct mms_region *r);
int mms_name_wait(struct mms_name *name);
void mms_name_drop(const struct mms_region *r);
int mms_name_query(struct mmapshare_query *query);
struct mms_region *mms_name_open(unsigned int minor);

/* doorbell.c */
int mms_doorbell_init(struct mms_region *r);
void mms_doorbell_attach(struct mms_file *f);
void mms_doorbell_detach(struct mms_file *f);
u64 mms_doorbell_count(const struct mms_region *r);
void mms_doorbell_wake_all(struct mms_region *r);
void mms_doorbell_memory_failed(struct mms_region *r);
u64 mms_notify(struct mms_region *r);
__poll_t mms_doorbell_poll(struct file *file, struct poll_table_struct *wait);
long mms_ioctl_notify(struct file *file, void __user *arg);
long mms_ioctl_wait(struct file *file, void __user *arg);

/* seal.c */
int mms_seal_prepare(const struct mms_region *r, struct mms_mapping *m);
int mms_seal_hold(struct mms_region *r);
void mms_seal_drop(struct mms_region *r);
int mms_seal_map(struct mms_region *r, struct vm_area_struct *vma);
void mms_seal_open(struct mms_region *r, const struct vm_area_struct *vma);
void mms_seal_close(struct mms_region *r, const struct vm_area_struct *vma);
int mms_seal(struct mms_region *r, bool writable, u32 *seals);

/* revoke.c */
int mms_revoke(struct mms_region *r);

#endif /* MMAPSHARE_REGION_H */
