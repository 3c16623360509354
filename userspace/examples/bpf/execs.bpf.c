// SPDX-License-Identifier: GPL-2.0
/* Publish each program that is executed to the ring /dev/mmapshare-execs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/mmapshare_bpf.h>
#include "execs.h"

/* libbpf before 1.2 has a macro of this name for another tag */
#undef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))

struct holder {
	struct mmapshare_bpf_ring __kptr *ring;
};

/* The reference in this map keeps the ring, as long as the map exists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct holder);
} holders SEC(".maps");

static const char name[] = "execs";

char _license[] SEC("license") = "GPL";

/* Run once. Returns 0 if the ring was created. */
SEC("syscall")
int create(void *context)
{
	struct mmapshare_bpf_params params = {
		.size = 1 << 20,
		.consumers = 8,
		.mode = 0600,
		.flags = MMAPSHARE_BPF_OVERWRITE,
	};
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_create(name, &params, sizeof(params));
	__u32 key = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &key);

	if (!ring)
		return 1;
	if (h)
		ring = bpf_kptr_xchg(&h->ring, ring);
	if (ring)
		mmapshare_bpf_put(ring);
	return !h;
}

static __always_inline void publish(struct mmapshare_bpf_ring *ring)
{
	struct mmapshare_bpf_record *record = mmapshare_bpf_reserve(ring, sizeof(struct exec));
	struct exec *exec;

	if (!record)
		return;
	exec = (struct exec *)mmapshare_bpf_data(record, sizeof(*exec));
	if (!exec) {
		mmapshare_bpf_discard(record);
		return;
	}
	exec->pid = bpf_get_current_pid_tgid() >> 32;
	exec->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(exec->comm, sizeof(exec->comm));
	mmapshare_bpf_commit(record, 0);
}

SEC("tp_btf/sched_process_exec")
int executed(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);

	if (!ring)
		return 0;
	publish(ring);
	mmapshare_bpf_put(ring);
	return 0;
}
