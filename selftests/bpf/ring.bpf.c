// SPDX-License-Identifier: GPL-2.0
/* BPF programs that create a ring, and publish to it from where they can. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <linux/mmapshare_bpf.h>
#include "bpf_test.h"

/* libbpf before 1.2 has a macro of this name for another tag */
#undef __kptr
#define __kptr __attribute__((btf_type_tag("kptr")))

struct holder {
	struct mmapshare_bpf_ring __kptr *ring;
};

/* Keeps the ring while no program uses it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct holder);
} holders SEC(".maps");

struct bpf_globals globals;

static const char name[] = BPF_RING;
static const char unknown[] = "bpf-unknown";

char _license[] SEC("license") = "GPL";

static __always_inline int hold(struct mmapshare_bpf_ring *ring)
{
	__u32 key = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &key);

	if (!h) {
		if (ring)
			mmapshare_bpf_put(ring);
		return 1;
	}
	ring = bpf_kptr_xchg(&h->ring, ring);
	if (ring)
		mmapshare_bpf_put(ring);
	return 0;
}

SEC("syscall")
int create(struct bpf_create_args *args)
{
	struct mmapshare_bpf_params params = args->params;
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_create(name, &params, sizeof(params));

	args->created = !!ring;
	return ring ? hold(ring) : 0;
}

SEC("syscall")
int create_short(struct bpf_create_args *args)
{
	struct mmapshare_bpf_params params = args->params;
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_create(name, &params,
							       sizeof(params) - 4);

	args->created = !!ring;
	return ring ? hold(ring) : 0;
}

SEC("syscall")
int drop(void *context)
{
	return hold(NULL);
}

SEC("syscall")
int find_unknown(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(unknown);

	if (!ring)
		return 0;
	mmapshare_bpf_put(ring);
	return 1;
}

/* Publish an event: by a copy, or in place. */
static __always_inline int send(struct mmapshare_bpf_ring *ring, struct bpf_event *event)
{
	struct mmapshare_bpf_record *record;
	struct bpf_event *place;

	if (event->number & 1)
		return mmapshare_bpf_write(ring, event, sizeof(*event));
	record = mmapshare_bpf_reserve(ring, sizeof(*event));
	if (!record)
		return -1;
	place = (struct bpf_event *)mmapshare_bpf_data(record, sizeof(*place));
	if (!place) {
		mmapshare_bpf_discard(record);
		return -1;
	}
	*place = *event;
	mmapshare_bpf_set_type(record, event->place);
	mmapshare_bpf_commit(record, event->number & 2 ? MMAPSHARE_BPF_FORCE_WAKEUP : 0);
	return 0;
}

static __always_inline void publish(__u32 place)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);
	struct bpf_event event = { .place = place };

	if (!ring)
		return;
	event.number = __sync_fetch_and_add(&globals.next[place], 1);
	__builtin_memset(event.bytes, event.number, sizeof(event.bytes));
	if (send(ring, &event))
		__sync_fetch_and_add(&globals.counts[place].refused, 1);
	else
		__sync_fetch_and_add(&globals.counts[place].published, 1);
	mmapshare_bpf_put(ring);
}

static __always_inline int is_wanted(void)
{
	return bpf_get_current_pid_tgid() >> 32 == globals.wanted_tgid;
}

SEC("syscall")
int in_syscall(void *context)
{
	publish(PLACE_SYSCALL);
	return 0;
}

SEC("ksyscall/getpgid")
int in_kprobe(void *context)
{
	if (is_wanted())
		publish(PLACE_KPROBE);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getpgid")
int in_tracepoint(void *context)
{
	if (is_wanted())
		publish(PLACE_TRACEPOINT);
	return 0;
}

SEC("tp_btf/sched_switch")
int in_tracing(void *context)
{
	if (is_wanted())
		publish(PLACE_TRACING);
	return 0;
}

SEC("perf_event")
int in_perf_event(void *context)
{
	publish(PLACE_PERF_EVENT);
	return 0;
}

SEC("xdp")
int in_xdp(struct xdp_md *context)
{
	publish(PLACE_XDP);
	return XDP_PASS;
}

SEC("tc")
int in_tc(struct __sk_buff *context)
{
	publish(PLACE_TC);
	return 0;
}

/* A record that is reserved and discarded, one that is too long, a read past its end */
SEC("syscall")
int refused(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);
	struct mmapshare_bpf_record *record;
	int ret = 0;

	if (!ring)
		return 1;
	record = mmapshare_bpf_reserve(ring, 1 << 29);
	if (record) {
		mmapshare_bpf_discard(record);
		ret = 2;
	}
	record = mmapshare_bpf_reserve(ring, 8);
	if (!record) {
		ret = 3;
	} else {
		if (mmapshare_bpf_data(record, 9))
			ret = 4;
		if (!mmapshare_bpf_data(record, 8))
			ret = 5;
		mmapshare_bpf_discard(record);
	}
	mmapshare_bpf_put(ring);
	return ret;
}

/* The verifier refuses all below. Each is a program of its own, loaded alone. */

SEC("?syscall")
int leaked_ring(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);

	return !ring;
}

SEC("?syscall")
int leaked_record(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);
	struct mmapshare_bpf_record *record;

	if (!ring)
		return 1;
	record = mmapshare_bpf_reserve(ring, 8);
	mmapshare_bpf_put(ring);
	return !record;
}

/* Return a record that the caller must commit or discard, or NULL. */
static __always_inline struct mmapshare_bpf_record *reserve_one(void)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);
	struct mmapshare_bpf_record *record;

	if (!ring)
		return NULL;
	record = mmapshare_bpf_reserve(ring, 8);
	mmapshare_bpf_put(ring);
	return record;
}

SEC("?syscall")
int committed_twice(void *context)
{
	struct mmapshare_bpf_record *record = reserve_one();

	if (record) {
		mmapshare_bpf_commit(record, 0);
		mmapshare_bpf_commit(record, 0);
	}
	return 0;
}

SEC("?syscall")
int used_after_commit(void *context)
{
	struct mmapshare_bpf_record *record = reserve_one();
	__u8 *data;

	if (!record)
		return 0;
	data = mmapshare_bpf_data(record, 8);
	mmapshare_bpf_commit(record, 0);
	if (data)
		*data = 1;
	return 0;
}

SEC("?syscall")
int stored_past_end(void *context)
{
	struct mmapshare_bpf_record *record = reserve_one();
	__u8 *data;

	if (!record)
		return 0;
	data = mmapshare_bpf_data(record, 8);
	if (data)
		data[8] = 1;
	mmapshare_bpf_commit(record, 0);
	return 0;
}

SEC("?syscall")
int unchecked_record(void *context)
{
	mmapshare_bpf_commit(reserve_one(), 0);
	return 0;
}

SEC("?syscall")
int ring_used_after_put(void *context)
{
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_find(name);
	__u64 bytes = 0;

	if (!ring)
		return 0;
	mmapshare_bpf_put(ring);
	return mmapshare_bpf_write(ring, &bytes, sizeof(bytes));
}

/* Only a program of type syscall may create a ring. */
SEC("?xdp")
int created_in_xdp(struct xdp_md *context)
{
	struct mmapshare_bpf_params params = { .size = 4096, .consumers = 1 };
	struct mmapshare_bpf_ring *ring = mmapshare_bpf_create(name, &params, sizeof(params));

	if (ring)
		mmapshare_bpf_put(ring);
	return XDP_PASS;
}
