// SPDX-License-Identifier: MIT
/*
 * BPF ring buffer: a BPF program at the module's tracepoint copies each record
 * into it, or reports -EAGAIN when it is full. libbpf consumes the records.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <unistd.h>
#include "bench.h"
#include "kernel.h"

#define SPINS		200

/* Instructions of the BPF program, as macros: no compiler for BPF is needed. */
#define LOAD(to, from, field)	{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = (to),	\
				  .src_reg = (from), .off = (field) }
#define STORE(to, field, value)	{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = (to),	\
				  .off = (field), .imm = (value) }
#define MOVE(to, from)		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (to),	\
				  .src_reg = (from) }
#define SET(to, value)		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = (to),	\
				  .imm = (value) }
#define MAP(to, map)		{ .code = BPF_LD | BPF_DW | BPF_IMM, .dst_reg = (to),	\
				  .src_reg = BPF_PSEUDO_MAP_FD, .imm = (map) }
#define UPPER_HALF()		{ 0 }
#define CALL(function)		{ .code = BPF_JMP | BPF_CALL, .imm = (function) }
#define SKIP_UNLESS_0(reg, n)	{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = (reg),	\
				  .off = (n) }
#define EXIT()			{ .code = BPF_JMP | BPF_EXIT }

struct bpf_feed {
	int map;
	int program;
	int link;
	struct ring_buffer *buffer;
};

/*
 * int record(struct bench_event **args)
 * {
 *	struct bench_event *event = args[0];
 *	void *copy = bpf_ringbuf_reserve(&map, length, 0);
 *
 *	if (!copy) {
 *		event->result = -EAGAIN;
 *		return 0;
 *	}
 *	bpf_probe_read_kernel(copy, length, (void *)event->record);
 *	bpf_ringbuf_submit(copy, 0);
 *	event->result = 0;
 *	return 0;
 * }
 */
static int load_program(int map, size_t length)
{
	const struct bpf_insn program[] = {
		LOAD(BPF_REG_6, BPF_REG_1, 0),
		MAP(BPF_REG_1, map),
		UPPER_HALF(),
		SET(BPF_REG_2, length),
		SET(BPF_REG_3, 0),
		CALL(BPF_FUNC_ringbuf_reserve),
		SKIP_UNLESS_0(BPF_REG_0, 3),
		STORE(BPF_REG_6, offsetof(struct bench_event, result), -EAGAIN),
		SET(BPF_REG_0, 0),
		EXIT(),
		MOVE(BPF_REG_7, BPF_REG_0),
		MOVE(BPF_REG_1, BPF_REG_0),
		SET(BPF_REG_2, length),
		LOAD(BPF_REG_3, BPF_REG_6, offsetof(struct bench_event, record)),
		CALL(BPF_FUNC_probe_read_kernel),
		MOVE(BPF_REG_1, BPF_REG_7),
		SET(BPF_REG_2, 0),
		CALL(BPF_FUNC_ringbuf_submit),
		STORE(BPF_REG_6, offsetof(struct bench_event, result), 0),
		SET(BPF_REG_0, 0),
		EXIT(),
	};

	return bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, "mms_bench", "GPL",
			     program, ARRAY_SIZE(program), NULL);
}

static int take_one(void *context, void *data, size_t size)
{
	struct feed *feed = context;

	check("length of a record", size == feed->length);
	count_record(feed, data);
	return 0;
}

static const char *bpf_missing(void)
{
	return libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1 ? NULL :
	       "the kernel has no BPF ring buffer";
}

static uint32_t bpf_begin(struct feed *feed)
{
	struct bpf_feed *bpf = calloc(1, sizeof(*bpf));

	check("memory", bpf);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	bpf->map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "mms_bench", 0, 0, BENCH_SIZE, NULL);
	check("BPF ring buffer", bpf->map >= 0);
	bpf->program = load_program(bpf->map, feed->length);
	check("BPF program", bpf->program >= 0);
	bpf->link = bpf_raw_tracepoint_open("mms_bench_record", bpf->program);
	check("BPF tracepoint", bpf->link >= 0);
	bpf->buffer = ring_buffer__new(bpf->map, take_one, feed, NULL);
	check("ring_buffer__new", bpf->buffer);
	feed->own = bpf;
	return 0;
}

/* Polls before it sleeps, as often as the consumer of a ring does. */
static void bpf_drain(struct feed *feed)
{
	struct bpf_feed *bpf = feed->own;
	unsigned int spins = 0;
	int n;

	while (!is_done(feed)) {
		if (++spins < SPINS)
			n = ring_buffer__consume(bpf->buffer);
		else
			n = ring_buffer__poll(bpf->buffer, -1);
		check("ring_buffer__poll", n >= 0 || n == -EINTR);
		if (n > 0)
			spins = 0;
	}
}

static void bpf_end(struct feed *feed)
{
	struct bpf_feed *bpf = feed->own;

	ring_buffer__free(bpf->buffer);
	close(bpf->link);
	close(bpf->program);
	close(bpf->map);
	free(bpf);
}

const struct kernel_way kernel_bpf = {
	.name = "bpf-ringbuf",
	.way = BENCH_BPF,
	.missing = bpf_missing,
	.begin = bpf_begin,
	.drain = bpf_drain,
	.end = bpf_end,
};
