// SPDX-License-Identifier: GPL-2.0
/*
 * BPF programs as producers of rings: kfuncs.
 *
 * Only a ring that a BPF program has created can be published to by BPF programs.
 * It has no other owner: it exists as long as there are references. The verifier
 * makes sure that a program drops each reference it has got, or stores it in a
 * map, and that it commits or discards each record it has reserved. A record holds
 * a reference to its ring.
 *
 * A reference may be dropped in any context, the last one included: a workqueue
 * then destroys the ring.
 *
 * All rings are created for several producers. The kfuncs but
 * mmapshare_bpf_create() take no lock except that of the ring, never sleep, and
 * can be called in any context that BPF programs run in, NMI included.
 */
#include <linux/bitmap.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/build_bug.h>
#include <linux/cfi.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>
#include <linux/mmapshare_bpf.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "ring_bpf.h"
#include "ring_source.h"

/* 6.9 introduced BTF_KFUNCS_START(); without BTF no program can call a kfunc. */
#if defined(BTF_KFUNCS_START) && defined(CONFIG_DEBUG_INFO_BTF_MODULES) && \
	defined(CONFIG_BPF_JIT)

/* 7.0 made trusted arguments the default, and removed the flag */
#ifndef KF_TRUSTED_ARGS
#define KF_TRUSTED_ARGS		0
#endif

/* Records that BPF programs may have reserved at a time, in a ring, for each CPU */
#define MMS_BPF_RECORDS		8

static_assert(MMAPSHARE_BPF_OVERWRITE == MMAPSHARE_OVERWRITE);
static_assert(MMAPSHARE_BPF_READERS_HOLD == MMAPSHARE_READERS_HOLD);
static_assert(MMAPSHARE_BPF_NO_WAKEUP == MMAPSHARE_NO_WAKEUP);
static_assert(MMAPSHARE_BPF_FORCE_WAKEUP == MMAPSHARE_FORCE_WAKEUP);

/**
 * struct mmapshare_bpf_record - a record that a BPF program has reserved
 * @ring: the ring, to which it holds a reference
 * @data: what mmapshare_reserve() has returned
 * @length: bytes of the record
 *
 * @data and @length are valid while the bit of the record in @ring->used is set,
 * and belong to the task or interrupt that has set it.
 */
struct mmapshare_bpf_record {
	struct mmapshare_bpf_ring *ring;
	void *data;
	u32 length;
};

/**
 * struct mmapshare_bpf_ring - a ring that BPF programs publish to
 * @source: the ring
 * @name: its name
 * @refs: references of programs, maps and records. Once it is 0 the ring cannot
 *	be found any more
 * @list: in mms_bpf_rings
 * @dead: in mms_bpf_dead, once @refs is 0
 * @records_nr: number of @records
 * @used: a bit for each of @records, set by mms_bpf_get_record()
 * @records: from which mmapshare_bpf_reserve() takes one
 */
struct mmapshare_bpf_ring {
	struct mmapshare_source *source;
	char name[MMAPSHARE_NAME_SIZE];
	refcount_t refs;
	struct list_head list;
	struct llist_node dead;
	unsigned int records_nr;
	unsigned long *used;
	struct mmapshare_bpf_record records[];
};

/* All rings; changed under mms_bpf_lock, walked in RCU read-side sections. */
static LIST_HEAD(mms_bpf_rings);
static DEFINE_MUTEX(mms_bpf_lock);

/* Rings without references. Added to in any context, and emptied by the work. */
static LLIST_HEAD(mms_bpf_dead);

static void mms_bpf_free(struct mmapshare_bpf_ring *ring)
{
	bitmap_free(ring->used);
	kvfree(ring);
}

static void mms_bpf_reap(struct work_struct *work)
{
	struct llist_node *dead = llist_del_all(&mms_bpf_dead);
	struct mmapshare_bpf_ring *ring, *next;

	if (!dead)
		return;
	mutex_lock(&mms_bpf_lock);
	llist_for_each_entry(ring, dead, dead)
		list_del_rcu(&ring->list);
	mutex_unlock(&mms_bpf_lock);
	/* pairs with rcu_read_lock() in mmapshare_bpf_find() */
	synchronize_rcu();
	llist_for_each_entry_safe(ring, next, dead, dead) {
		mmapshare_source_put(ring->source);
		mms_bpf_free(ring);
	}
}

static DECLARE_WORK(mms_bpf_reap_work, mms_bpf_reap);

static void mms_bpf_schedule_reap(struct irq_work *work)
{
	schedule_work(&mms_bpf_reap_work);
}

static DEFINE_IRQ_WORK(mms_bpf_reap_irq, mms_bpf_schedule_reap);

/* Drop a reference. Any context, hence the irq_work. */
static void mms_bpf_put(struct mmapshare_bpf_ring *ring)
{
	if (!refcount_dec_and_test(&ring->refs))
		return;
	llist_add(&ring->dead, &mms_bpf_dead);
	irq_work_queue(&mms_bpf_reap_irq);
}

/* Destroy the rings that had lost their last reference. May sleep. */
static void mms_bpf_flush(void)
{
	irq_work_sync(&mms_bpf_reap_irq);
	flush_work(&mms_bpf_reap_work);
}

static struct mmapshare_bpf_ring *mms_bpf_alloc(void)
{
	const unsigned int n = max(64U, MMS_BPF_RECORDS * num_possible_cpus());
	struct mmapshare_bpf_ring *ring = kvzalloc(struct_size(ring, records, n), GFP_KERNEL);
	unsigned int i;

	if (!ring)
		return NULL;
	ring->used = bitmap_zalloc(n, GFP_KERNEL);
	if (!ring->used) {
		kvfree(ring);
		return NULL;
	}
	ring->records_nr = n;
	for (i = 0; i < n; i++)
		ring->records[i].ring = ring;
	refcount_set(&ring->refs, 1);
	return ring;
}

static struct mmapshare_source *mms_bpf_create_source(const char *name,
						      const struct mmapshare_bpf_params *p)
{
	const struct mmapshare_params params = {
		.name = name,
		.mode = p->mode,
		.uid = GLOBAL_ROOT_UID,
		.gid = GLOBAL_ROOT_GID,
		.size = p->size,
		.consumers = p->consumers,
		.evict_ns = p->evict_ns,
		.features = p->features,
		.flags = p->flags | MMAPSHARE_MULTI_PRODUCER,
	};

	if (p->reserved || p->mode > 0777 ||
	    p->flags & ~(MMAPSHARE_BPF_OVERWRITE | MMAPSHARE_BPF_READERS_HOLD))
		return ERR_PTR(-EINVAL);
	return mmapshare_source_create(&params);
}

/*
 * Take one of the records that are not in use, beginning with those that this CPU
 * takes first. NULL if there is none.
 */
static struct mmapshare_bpf_record *mms_bpf_get_record(struct mmapshare_bpf_ring *ring)
{
	const unsigned int n = ring->records_nr;
	const unsigned int start = raw_smp_processor_id() * MMS_BPF_RECORDS % n;
	unsigned int i, nr;

	for (i = 0; i < n; i++) {
		nr = (start + i) % n;
		if (!test_bit(nr, ring->used) && !test_and_set_bit_lock(nr, ring->used))
			return &ring->records[nr];
	}
	return NULL;
}

/* The record is in use no more. */
static void mms_bpf_put_record(struct mmapshare_bpf_record *record)
{
	struct mmapshare_bpf_ring *ring = record->ring;

	/* pairs with test_and_set_bit_lock() in mms_bpf_get_record() */
	clear_bit_unlock(record - ring->records, ring->used);
	mms_bpf_put(ring);
}

__bpf_kfunc_start_defs();

/**
 * mmapshare_bpf_create - create a ring that BPF programs publish to
 * @name__str: its name, a constant string: the node is /dev/mmapshare-NAME
 * @params: its properties
 * @params__sz: sizeof(struct mmapshare_bpf_params)
 *
 * For programs of type syscall, which may sleep. To keep the ring, store the
 * reference in a map: the ring is destroyed when the last reference is dropped.
 *
 * Return: a reference; NULL for invalid @params, for a name that is in use, or
 * without memory.
 */
__bpf_kfunc struct mmapshare_bpf_ring *mmapshare_bpf_create(const char *name__str,
							    struct mmapshare_bpf_params *params,
							    u32 params__sz)
{
	struct mmapshare_bpf_params copy;
	struct mmapshare_bpf_ring *ring;

	if (params__sz != sizeof(copy))
		return NULL;
	memcpy(&copy, params, sizeof(copy));
	/* one with this name may have lost its last reference just now */
	mms_bpf_flush();
	ring = mms_bpf_alloc();
	if (!ring)
		return NULL;
	if (strscpy(ring->name, name__str, sizeof(ring->name)) <= 0)
		goto free;
	ring->source = mms_bpf_create_source(ring->name, &copy);
	if (IS_ERR(ring->source))
		goto free;
	mutex_lock(&mms_bpf_lock);
	list_add_rcu(&ring->list, &mms_bpf_rings);
	mutex_unlock(&mms_bpf_lock);
	return ring;
free:
	mms_bpf_free(ring);
	return NULL;
}

/**
 * mmapshare_bpf_find - find a ring by its name
 * @name__str: a constant string, as for mmapshare_bpf_create()
 *
 * Return: a reference; NULL if no BPF program has created such a ring, or it has
 * no reference any more. It is found under its name after the name was removed, too.
 */
__bpf_kfunc struct mmapshare_bpf_ring *mmapshare_bpf_find(const char *name__str)
{
	struct mmapshare_bpf_ring *ring, *found = NULL;

	/* sleepable programs are not in an RCU read-side section */
	rcu_read_lock();
	list_for_each_entry_rcu(ring, &mms_bpf_rings, list) {
		if (!strcmp(ring->name, name__str) && refcount_inc_not_zero(&ring->refs)) {
			found = ring;
			break;
		}
	}
	rcu_read_unlock();
	return found;
}

/**
 * mmapshare_bpf_put - drop a reference to a ring
 * @ring: the ring
 */
__bpf_kfunc void mmapshare_bpf_put(struct mmapshare_bpf_ring *ring)
{
	mms_bpf_put(ring);
}

/* For references that are in a map when it is freed. */
__bpf_kfunc void mmapshare_bpf_put_dtor(void *ring)
{
	mms_bpf_put(ring);
}

CFI_NOSEAL(mmapshare_bpf_put_dtor);

/**
 * mmapshare_bpf_reserve - reserve space for a record
 * @ring: the ring
 * @length: bytes of the record
 *
 * As mmapshare_reserve(). Up to 8 records for each CPU, or 64 if these are more,
 * may be reserved at a time in a ring; a further one is refused and counts as
 * dropped.
 *
 * Return: the record, to be passed to mmapshare_bpf_commit() or
 * mmapshare_bpf_discard(); NULL if it was refused.
 */
__bpf_kfunc struct mmapshare_bpf_record *mmapshare_bpf_reserve(struct mmapshare_bpf_ring *ring,
							       u32 length)
{
	struct mmapshare_bpf_record *record = mms_bpf_get_record(ring);

	if (!record) {
		mms_source_refuse(ring->source);
		return NULL;
	}
	refcount_inc(&ring->refs);
	record->data = mmapshare_reserve(ring->source, length);
	record->length = length;
	if (IS_ERR(record->data)) {
		mms_bpf_put_record(record);
		return NULL;
	}
	return record;
}

/**
 * mmapshare_bpf_data - get the bytes of a reserved record
 * @record: the record
 * @rdwr_buf_size: a constant: how many bytes the program accesses
 *
 * Return: the bytes, valid until the record is committed or discarded; NULL if the
 * record is shorter than @rdwr_buf_size.
 */
__bpf_kfunc u8 *mmapshare_bpf_data(struct mmapshare_bpf_record *record, u32 rdwr_buf_size)
{
	return rdwr_buf_size <= record->length ? record->data : NULL;
}

/**
 * mmapshare_bpf_set_type - set the type of a reserved record
 * @record: the record
 * @type: by which consumers tell records apart
 *
 * Return: 0; -EOPNOTSUPP if the ring was created without
 * MMAPSHARE_RING_FEAT_TYPE.
 */
__bpf_kfunc int mmapshare_bpf_set_type(struct mmapshare_bpf_record *record, u16 type)
{
	struct mmapshare_source *source = record->ring->source;

	if (!(source->features & MMAPSHARE_RING_FEAT_TYPE))
		return -EOPNOTSUPP;
	mmapshare_set_type(source, record->data, type);
	return 0;
}

/**
 * mmapshare_bpf_commit - publish a record
 * @record: the record
 * @flags: 0, MMAPSHARE_BPF_NO_WAKEUP or MMAPSHARE_BPF_FORCE_WAKEUP, as those of
 *	mmapshare_commit_flags(). Other bits are ignored
 */
__bpf_kfunc void mmapshare_bpf_commit(struct mmapshare_bpf_record *record, u32 flags)
{
	mmapshare_commit_flags(record->ring->source, record->data, flags);
	mms_bpf_put_record(record);
}

/**
 * mmapshare_bpf_discard - give up a reserved record
 * @record: the record
 */
__bpf_kfunc void mmapshare_bpf_discard(struct mmapshare_bpf_record *record)
{
	mmapshare_discard(record->ring->source, record->data);
	mms_bpf_put_record(record);
}

/**
 * mmapshare_bpf_write - reserve, copy and commit a record
 * @ring: the ring
 * @data: the bytes of the record; in memory that the program may write
 * @data__sz: how many
 *
 * Return: 0; or a negative errno, as mmapshare_write().
 */
__bpf_kfunc int mmapshare_bpf_write(struct mmapshare_bpf_ring *ring, void *data, u32 data__sz)
{
	return mmapshare_write(ring->source, data, data__sz);
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(mms_bpf_kfuncs)
BTF_ID_FLAGS(func, mmapshare_bpf_find, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, mmapshare_bpf_put, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_reserve, KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_data, KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_set_type, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_commit, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_discard, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_write, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(mms_bpf_kfuncs)

/*
 * Other programs that may sleep may do so inside of a function that creating a ring
 * needs: an LSM program, for example, in the task that makes device nodes. The
 * kernel accepts one set of a module for a type of program: hence all are repeated.
 */
BTF_KFUNCS_START(mms_bpf_syscall_kfuncs)
BTF_ID_FLAGS(func, mmapshare_bpf_create, KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE)
BTF_ID_FLAGS(func, mmapshare_bpf_find, KF_ACQUIRE | KF_RET_NULL)
BTF_ID_FLAGS(func, mmapshare_bpf_put, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_reserve, KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_data, KF_RET_NULL | KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_set_type, KF_TRUSTED_ARGS)
BTF_ID_FLAGS(func, mmapshare_bpf_commit, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_discard, KF_RELEASE)
BTF_ID_FLAGS(func, mmapshare_bpf_write, KF_TRUSTED_ARGS)
BTF_KFUNCS_END(mms_bpf_syscall_kfuncs)

static const struct btf_kfunc_id_set mms_bpf_set = {
	.owner = THIS_MODULE,
	.set = &mms_bpf_kfuncs,
};

static const struct btf_kfunc_id_set mms_bpf_syscall_set = {
	.owner = THIS_MODULE,
	.set = &mms_bpf_syscall_kfuncs,
};

BTF_ID_LIST(mms_bpf_dtor_ids)
BTF_ID(struct, mmapshare_bpf_ring)
BTF_ID(func, mmapshare_bpf_put_dtor)

/**
 * mms_bpf_init - let BPF programs call the kfuncs
 *
 * Nothing happens if the module was built without BTF: the kernel would warn.
 *
 * Context: process context, may sleep; only when the module is loaded.
 * Return: 0; or a negative errno.
 */
int mms_bpf_init(void)
{
	static const enum bpf_prog_type types[] = {
		/* the first stands for all types of tracing programs but kprobes */
		BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_XDP,
		BPF_PROG_TYPE_SCHED_CLS,
	};
	const struct btf_id_dtor_kfunc dtors[] = {
		{ .btf_id = mms_bpf_dtor_ids[0], .kfunc_btf_id = mms_bpf_dtor_ids[1] },
	};
	unsigned int i;
	int ret;

	if (!THIS_MODULE->btf_data_size)
		return 0;
	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &mms_bpf_syscall_set);
	for (i = 0; !ret && i < ARRAY_SIZE(types); i++)
		ret = register_btf_kfunc_id_set(types[i], &mms_bpf_set);
	return ret ?: register_btf_id_dtor_kfuncs(dtors, ARRAY_SIZE(dtors), THIS_MODULE);
}

/**
 * mms_bpf_exit - destroy the last rings
 *
 * Each program that calls a kfunc, and each map that may have a reference, holds
 * the module: there are no references any more.
 *
 * Context: process context, may sleep.
 */
void mms_bpf_exit(void)
{
	mms_bpf_flush();
}

#else

int mms_bpf_init(void)
{
	return 0;
}

void mms_bpf_exit(void)
{
}

#endif
