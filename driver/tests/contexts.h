/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the helper module mmapshare_contexts, which publishes to the ring
 * /dev/mmapshare-contexts, or rings the doorbell of the region of that name.
 */
#ifndef MMAPSHARE_CONTEXTS_H
#define MMAPSHARE_CONTEXTS_H

#include <linux/types.h>

/* In the order of the lines of the parameter "counts" */
enum contexts_id {
	CONTEXT_KTHREAD,
	CONTEXT_SOFTIRQ,
	CONTEXT_HARDIRQ,
	CONTEXT_IRQ_WORK,
	CONTEXT_NMI,
	CONTEXT_SCHED_WAKING,
	CONTEXT_SCHED_SWITCH,
	CONTEXT_LOCK_ACQUIRE,
	CONTEXT_CONTENTION_BEGIN,
	CONTEXT_KPROBE,
	CONTEXTS
};

/* How often a probe may publish inside itself: it hits code that publishes. */
#define CONTEXT_LEVELS	2

/**
 * struct contexts_record - a record of the ring
 * @context: enum contexts_id
 * @stream: records of one stream are published one after another: a processor
 *	times %CONTEXT_LEVELS plus how deep the probe was nested
 * @seq: attempts to publish made before in this stream, refused ones included
 * @bytes: @bytes[i] is @seq + i
 */
struct contexts_record {
	__u32 context;
	__u32 stream;
	__u64 seq;
	__u8 bytes[];
};

#define CONTEXTS_LENGTH_MAX	256

#endif /* MMAPSHARE_CONTEXTS_H */
