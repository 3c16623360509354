/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Functions of mmapshare that BPF programs call (kfuncs), on Linux 6.12 or later, if
 * the module has BTF. Documentation/bpf.rst is a guide.
 *
 * A BPF program includes this after a header that has __u8 to __u64, and after
 * <bpf/bpf_helpers.h>.
 */
#ifndef _UAPI_LINUX_MMAPSHARE_BPF_H
#define _UAPI_LINUX_MMAPSHARE_BPF_H

#ifndef __ksym
#define __ksym
#endif

/*
 * Opaque; only that they are structures matters in the BTF of a program. A
 * reference keeps the ring, and is dropped by mmapshare_bpf_put(). Each record is
 * committed or discarded once.
 */
#ifdef __bpf__
struct mmapshare_bpf_ring {
};

struct mmapshare_bpf_record {
};
#else
struct mmapshare_bpf_ring;
struct mmapshare_bpf_record;
#endif

/* The flags of a new ring: a full one overwrites its oldest records */
#define MMAPSHARE_BPF_OVERWRITE		0x1
/* As MMAPSHARE_RING_READERS_HOLD; not with the flag above */
#define MMAPSHARE_BPF_READERS_HOLD	0x4

/* The flags of mmapshare_bpf_commit(): leave it to a later call to wake consumers */
#define MMAPSHARE_BPF_NO_WAKEUP		0x1
/* Wake each consumer that sleeps, even if it waits for more bytes */
#define MMAPSHARE_BPF_FORCE_WAKEUP	0x2

/**
 * struct mmapshare_bpf_params - properties of a ring that BPF programs publish to
 * @size: bytes of records, rounded up to a power of two
 * @features: MMAPSHARE_RING_FEAT_* of <linux/mmapshare.h>
 * @evict_ns: as in struct mmapshare_create_args
 * @consumers: maximum number of consumers at a time, 1 to 64
 * @mode: permissions of the node, 0 to 0777. Its owner is root
 * @flags: MMAPSHARE_BPF_OVERWRITE or MMAPSHARE_BPF_READERS_HOLD
 * @reserved: 0
 */
struct mmapshare_bpf_params {
	__u64 size;
	__u64 features;
	__u64 evict_ns;
	__u32 consumers;
	__u32 mode;
	__u32 flags;
	__u32 reserved;
};

struct mmapshare_bpf_ring *mmapshare_bpf_create(const char *name__str,
						struct mmapshare_bpf_params *params,
						__u32 params__sz) __ksym;
struct mmapshare_bpf_ring *mmapshare_bpf_find(const char *name__str) __ksym;
void mmapshare_bpf_put(struct mmapshare_bpf_ring *ring) __ksym;
struct mmapshare_bpf_record *mmapshare_bpf_reserve(struct mmapshare_bpf_ring *ring,
						   __u32 length) __ksym;
__u8 *mmapshare_bpf_data(struct mmapshare_bpf_record *record, __u32 rdwr_buf_size) __ksym;
int mmapshare_bpf_set_type(struct mmapshare_bpf_record *record, __u16 type) __ksym;
void mmapshare_bpf_commit(struct mmapshare_bpf_record *record, __u32 flags) __ksym;
void mmapshare_bpf_discard(struct mmapshare_bpf_record *record) __ksym;
int mmapshare_bpf_write(struct mmapshare_bpf_ring *ring, void *data, __u32 data__sz) __ksym;

#endif /* _UAPI_LINUX_MMAPSHARE_BPF_H */
