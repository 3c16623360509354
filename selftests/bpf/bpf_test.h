/* SPDX-License-Identifier: GPL-2.0 */
/* What the BPF programs in ring.bpf.c share with the tests that load them. */
#ifndef BPF_TEST_H
#define BPF_TEST_H

#define BPF_RING	"bpf-test"

/* Which program has published a record */
enum bpf_place {
	PLACE_SYSCALL,
	PLACE_KPROBE,
	PLACE_TRACEPOINT,
	PLACE_TRACING,
	PLACE_PERF_EVENT,
	PLACE_XDP,
	PLACE_TC,
	PLACES,
};

/**
 * struct bpf_event - a record
 * @place: enum bpf_place
 * @zero: 0
 * @number: how many were published at this place before
 * @bytes: all are (__u8)@number
 */
struct bpf_event {
	__u32 place;
	__u32 zero;
	__u64 number;
	__u8 bytes[16];
};

/**
 * struct bpf_counts - what happened at a place
 * @published: records
 * @refused: records that were not published
 */
struct bpf_counts {
	__u64 published;
	__u64 refused;
};

/**
 * struct bpf_globals - variables of the programs, the only ones in .bss
 * @wanted_tgid: the process whose system calls are published
 * @next: at each place, how many events there were
 * @counts: what happened to them
 */
struct bpf_globals {
	__u64 wanted_tgid;
	__u64 next[PLACES];
	struct bpf_counts counts[PLACES];
};

/**
 * struct bpf_create_args - context of the program that creates the ring
 * @params: its properties
 * @created: out: whether there was a reference
 */
struct bpf_create_args {
	struct mmapshare_bpf_params params;
	__u32 created;
};

#endif /* BPF_TEST_H */
