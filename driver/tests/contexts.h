/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the helper module mmapshare_contexts, which publishes to the ring
 * /dev/mmapshare-contexts, or rings the doorbell of the region of that name.
 */
#ifndef MMAPSHARE_CONTEXTS_H
#define MMAPSHARE_CONTEXTS_H

#include <linux/types.h>

/* Contexts, in the order of the lines of the parameter "counts" */
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

/*
 * How many calls of a probe may be nested: while the probe publishes, code that
 * it probes may run, and calls it again.
 */
#define CONTEXT_LEVELS	2

/**
 * struct contexts_record - a record of the ring
 * @context: enum contexts_id
 * @stream: the processor times %CONTEXT_LEVELS, plus the nesting level of the
 *	probe. A context publishes the records of one stream one after another
 * @seq: number of earlier attempts to publish in this stream, including those
 *	that were refused
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
