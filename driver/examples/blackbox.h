/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The records of mmapshare_blackbox.ko, a flight recorder of the kernel. Each begins
 * with a struct blackbox_record; what follows depends on its type.
 */
#ifndef MMAPSHARE_BLACKBOX_H
#define MMAPSHARE_BLACKBOX_H

#include <linux/types.h>

enum blackbox_type {
	BLACKBOX_START	= 1,	/* struct blackbox_start: recording begins */
	BLACKBOX_LOG	= 2,	/* text: a line of the kernel's log */
	BLACKBOX_SWITCH	= 3,	/* struct blackbox_switch: a CPU runs another task */
	BLACKBOX_OOPS	= 4,	/* text: the kernel found a bug of its own */
	BLACKBOX_PANIC	= 5,	/* text: the kernel gives up; the last record */
	BLACKBOX_DOWN	= 6,	/* text: the machine is shut down in order */
	BLACKBOX_STOP	= 7,	/* text: the module was unloaded */
};

/**
 * struct blackbox_record - the first bytes of each record
 * @crc: CRC-32 of all that follows, as in zlib: memory may lose bits over a reboot
 * @type: enum blackbox_type
 * @reserved: 0
 * @time: nanoseconds since the machine has booted
 * @cpu: the CPU on which it was recorded
 * @length: bytes that follow the structure
 */
struct blackbox_record {
	__u32 crc;
	__u16 type;
	__u16 reserved;
	__u64 time;
	__u32 cpu;
	__u32 length;
};

/* Maximum length of a text; it has no terminating 0 */
#define BLACKBOX_TEXT_MAX	512
#define BLACKBOX_COMM_SIZE	16

/**
 * struct blackbox_start - the first record of each use
 * @time: wall-clock time in nanoseconds since 1970
 * @release: release of the kernel, as "uname -r"
 */
struct blackbox_start {
	__u64 time;
	char release[64];
};

/**
 * struct blackbox_switch - a context switch
 * @prev_pid: task that ran
 * @next_pid: task that runs from now on
 * @prev_state: state of @prev_pid, 0 if it could have gone on
 * @reserved: 0
 * @prev_comm: its name
 * @next_comm: likewise
 */
struct blackbox_switch {
	__s32 prev_pid;
	__s32 next_pid;
	__u32 prev_state;
	__u32 reserved;
	char prev_comm[BLACKBOX_COMM_SIZE];
	char next_comm[BLACKBOX_COMM_SIZE];
};

#endif /* MMAPSHARE_BLACKBOX_H */
