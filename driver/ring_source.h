/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel as producer: what ring_source*.c and ring_reclaim.c share. */
#ifndef MMAPSHARE_RING_SOURCE_H
#define MMAPSHARE_RING_SOURCE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "kernel.h"
#include "ring.h"

/**
 * struct mms_watch - the callback of mmapshare_source_watch()
 * @callback: NULL if there is none
 * @context: passed to @callback
 * @work: calls @callback
 * @reported: what the last call of @callback said. Belongs to @work
 * @next: @work is not to run before, in jiffies. Written by @work, read without a
 *	lock when it is scheduled
 */
struct mms_watch {
	mmapshare_wanted_t callback;
	void *context;
	struct delayed_work work;
	bool reported;
	unsigned long next;
};

/**
 * struct mmapshare_source - a ring whose producer is the kernel
 * @ep: the producer endpoint; @ep.region holds a reference
 * @ring: the ring of @ep.region
 * @data: copy of @ring->data
 * @p: copy of @ring->p
 * @mask: turns a position into an offset in @data; also the maximum distance of
 *	@head from @limit, as the next header needs space, too
 * @record_max: maximum bytes of a record, without @info
 * @info: bytes of struct mmapshare_record_info, 0 without @features. They are in
 *	front of the caller's bytes, and count in the length in the header
 * @features: copy of @ring->features
 * @nesting: per CPU: how many times mms_source_lock() was entered and not left.
 *	NULL if there is one producer. All rings of a set have the same: a CPU
 *	holds one of their locks at a time
 * @watch: tells the driver about consumers
 * @unplaced: records that were dropped because @lock was taken, and have no
 *	sequence number yet
 * @lock: protects all members below if @nesting is not NULL; else the caller
 *	serializes
 * @head: where the next record will begin. Copied to @p->pos
 * @oldest_pos: where the oldest record begins. Copied to @p->oldest_pos
 * @limit: bytes before this may be reused. @oldest_pos, or before it while a
 *	consumer of a lossless ring still needs records from there on
 * @seq: sequence number of the next record. Copied to @p->seq, and to the header
 *	at @head
 * @overwritten: records overwritten so far. Copied to @p->overwritten
 * @reserved: bytes from @head on of a record that is reserved and not yet
 *	committed, with its header; unused if there are several producers
 *
 * @ep to @nesting are constant once mmapshare_source_create() has returned.
 */
struct mmapshare_source {
	struct mms_endpoint ep;
	struct mms_ring *ring;
	void *data;
	struct mmapshare_ring_producer *p;
	u64 mask;
	u32 record_max;
	u32 info;
	u64 features;
	int __percpu *nesting;
	struct mms_watch watch;
	atomic64_t unplaced;
	raw_spinlock_t lock;	/* protects all below, for several producers */
	u64 head;
	u64 oldest_pos;
	u64 limit;
	u64 seq;
	u64 overwritten;
	u64 reserved;
};

/* Is there space for @step bytes and the header behind them? */
static inline bool mms_source_has_space(const struct mmapshare_source *source, u64 step)
{
	/* mask is the size without that header, which holds the next seq */
	return source->head + step - source->limit <= source->mask;
}

static inline struct mmapshare_record *
mms_source_record(const struct mmapshare_source *source, u64 pos)
{
	return source->data + (pos & source->mask);
}

/* ring_source_create.c */
struct mms_region *mms_source_create_region(const struct mmapshare_params *params, u32 flags);
void mms_source_init(struct mmapshare_source *source, struct mms_region *r,
		     struct mms_ring *ring, int __percpu *nesting);
void mms_source_detach(struct mmapshare_source *source);

/* ring_reclaim.c */
bool mms_source_make_space(struct mmapshare_source *source, u64 step);

/* ring_source.c */
void mms_source_refuse(struct mmapshare_source *source);

/* ring_source_watch.c */
void mms_source_unwatch(struct mmapshare_source *source);

#endif /* MMAPSHARE_RING_SOURCE_H */
