/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface between the benchmark module and mmapshare-bench: /dev/mms-bench.
 * Each open file is one measurement. START creates a kernel thread, which
 * produces records for a given time and passes them on in one of these ways.
 */
#ifndef MMAPSHARE_BENCH_H
#define MMAPSHARE_BENCH_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BENCH_DEVICE		"/dev/mms-bench"
#define BENCH_SIZE		1048576	/* capacity of a buffer in bytes */
#define BENCH_LENGTH_MIN	16
#define BENCH_LENGTH_MAX	4096

enum bench_way {
	BENCH_RING	= 0,	/* mmapshare ring; START returns its descriptor */
	BENCH_QUEUE	= 1,	/* queue in the module; read() from this device */
	BENCH_PIPE	= 2,	/* write to the pipe whose descriptor is @to */
	BENCH_NETLINK	= 3,	/* NETLINK_USERSOCK message to port @to */
	BENCH_BPF	= 4,	/* BPF program at the tracepoint mms_bench_record */
};

/**
 * struct bench_start - argument of BENCH_IOC_START
 * @way: enum bench_way
 * @length: bytes of each record, a power of two
 * @milliseconds: how long the thread produces records
 * @processor: CPU that the thread is bound to
 * @to: destination, see enum bench_way
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
 * struct bench_record - header of each record
 * @total: in the last record the number of records, else 0
 * @sequence: number of records before this one
 */
struct bench_record {
	__u64 total;
	__u64 sequence;
};

/**
 * struct bench_event - argument of the tracepoint mms_bench_record
 * @record: in: address of the record
 * @result: out: 0, or -EAGAIN if the buffer is full
 */
struct bench_event {
	__u64 record;
	__s64 result;
};

#endif /* MMAPSHARE_BENCH_H */
