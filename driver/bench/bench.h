/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the benchmark's module and its program tell each other through
 * /dev/mms-bench. Each open file is one measurement: START has a kernel thread
 * make records, and hand them on in one of these ways, until the time is over.
 */
#ifndef MMAPSHARE_BENCH_H
#define MMAPSHARE_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BENCH_DEVICE		"/dev/mms-bench"
#define BENCH_SIZE		1048576	/* bytes of records under way at most */
#define BENCH_LENGTH_MIN	16
#define BENCH_LENGTH_MAX	4096

enum bench_way {
	BENCH_RING	= 0,	/* of mmapshare; START returns a descriptor of it */
	BENCH_QUEUE	= 1,	/* in the kernel, to be read from this device */
	BENCH_PIPE	= 2,	/* written to @to, a pipe's descriptor */
	BENCH_NETLINK	= 3,	/* NETLINK_USERSOCK, to the port @to */
	BENCH_BPF	= 4,	/* to the program at the tracepoint mms_bench_record */
};

/**
 * struct bench_start - what is to be measured
 * @way: enum bench_way
 * @length: bytes of each record, a power of two
 * @milliseconds: for how long records are made
 * @processor: where the kernel thread runs
 * @to: see above
 */
struct bench_start {
	__u32 way;
	__u32 length;
	__u32 milliseconds;
	__u32 processor;
	__u32 to;
};

#define BENCH_IOC_START		_IOW('b', 1, struct bench_start)

/**
 * struct bench_record - how each record begins
 * @total: 0; of the last one, how many there were with it
 * @sequence: how many there were before
 */
struct bench_record {
	__u64 total;
	__u64 sequence;
};

/**
 * struct bench_event - the first argument of the tracepoint
 * @record: in: address of the record
 * @result: out: 0, or -EAGAIN if there is no room now
 */
struct bench_event {
	__u64 record;
	__s64 result;
};

#endif /* MMAPSHARE_BENCH_H */
