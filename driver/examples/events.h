/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the example mmapshare_events: events of the kernel in the ring set
 * /dev/mmapshare-events, one ring for each possible CPU. struct mmapshare_record_info
 * has the time, the CPU, and the type of each record, an enum event_type.
 */
#ifndef MMAPSHARE_EVENTS_H
#define MMAPSHARE_EVENTS_H

#include <linux/types.h>

#define EVENT_COMM	16	/* bytes of a task's name, as TASK_COMM_LEN */

enum event_type {
	EVENT_SYS_ENTER		= 0,	/* struct event_sys_enter */
	EVENT_SYS_EXIT		= 1,	/* struct event_sys_exit */
	EVENT_SCHED_SWITCH	= 2,	/* struct event_sched_switch */
	EVENT_TYPES
};

/**
 * struct event_sys_enter - a task enters a system call
 * @pid: ID of its process, in the initial namespace as all IDs here
 * @tid: ID of the thread
 * @arch: AUDIT_ARCH_*, which says whose numbers @nr is one of
 * @nr: number of the system call
 * @args: its arguments, in registers; what they point to is not recorded
 */
struct event_sys_enter {
	__u32 pid;
	__u32 tid;
	__u32 arch;
	__s32 nr;
	__u64 args[6];
};

/**
 * struct event_sys_exit - a task leaves a system call
 * @pid: ID of its process
 * @tid: ID of the thread
 * @arch: AUDIT_ARCH_*
 * @nr: number of the system call
 * @result: its result, a negative errno on failure
 */
struct event_sys_exit {
	__u32 pid;
	__u32 tid;
	__u32 arch;
	__s32 nr;
	__s64 result;
};

/**
 * struct event_sched_switch - a CPU switches to another task
 * @prev_tid: ID of the thread that ran; 0 for an idle task
 * @next_tid: ID of the thread that runs from now on
 * @prev_state: TASK_* of the thread that ran; 0 if it can still run
 * @preempt: 1 if it was preempted, 0 if it gave up the CPU
 * @prev_comm: name of the thread that ran
 * @next_comm: name of the thread that runs from now on
 */
struct event_sched_switch {
	__u32 prev_tid;
	__u32 next_tid;
	__u32 prev_state;
	__u32 preempt;
	char prev_comm[EVENT_COMM];
	char next_comm[EVENT_COMM];
};

#endif /* MMAPSHARE_EVENTS_H */
