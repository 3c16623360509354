// SPDX-License-Identifier: MIT
/* ring stat */
#include <inttypes.h>
#include "ring.h"

struct looking {
	const char *name;
	bool json;
	struct mmapshare_ring ring;
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring_cursor cursors[MMAPSHARE_RING_CONSUMERS_MAX];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct looking *l = state->input;

	switch (key) {
	case 'j':
		l->json = true;
		return 0;
	case ARGP_KEY_ARG:
		take_name(&l->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!l->name)
			fail_usage("say which: NAME");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "print a JSON object", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print what there is to know of a ring, and of those who take part.",
};

static const char *producer_text(const struct mmapshare_ring *ring)
{
	static const char * const texts[] = {
		[MMAPSHARE_RING_PRODUCER_NONE] = "none",
		[MMAPSHARE_RING_PRODUCER_ATTACHED] = "attached",
		[MMAPSHARE_RING_PRODUCER_DETACHED] = "detached",
	};

	if (ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER &&
	    ring->producer_state == MMAPSHARE_RING_PRODUCER_ATTACHED)
		return "kernel";
	return ring->producer_state < ARRAY_SIZE(texts) ? texts[ring->producer_state] : "unknown";
}

static bool is_there(const struct looking *l, unsigned int n)
{
	return l->ring.consumers >> n & 1;
}

/* Bytes it has not taken: those that are there. */
static uint64_t behind(const struct looking *l, unsigned int n)
{
	const uint64_t bytes = l->producer.pos - l->cursors[n].pos;

	return bytes < l->ring.data_size ? bytes : l->ring.data_size;
}

static void print_fact(const char *what, uint64_t value)
{
	printf("%-11s %" PRIu64 "\n", what, value);
}

static void print_text(const struct looking *l)
{
	const struct mmapshare_ring *ring = &l->ring;
	char size[BYTES_TEXT];
	unsigned int i;

	printf("kind        %s\n", ring->flags & MMAPSHARE_RING_OVERWRITE ?
	       "overwrites" : "lossless");
	printf("size        %s bytes\n", bytes_text(ring->data_size, size));
	print_fact("record max", ring->record_max);
	printf("producer    %s\n", producer_text(ring));
	print_fact("records", l->producer.seq);
	print_fact("bytes", l->producer.pos);
	print_fact("overwritten", l->producer.overwritten);
	print_fact("dropped", l->producer.dropped);
	printf("consumers   %d of %u%s\n", __builtin_popcountll(ring->consumers),
	       ring->consumers_max, ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER ?
	       ", the kernel" : "");
	for (i = 0; i < ring->consumers_max; i++) {
		const uint64_t seq = l->cursors[i].seq, lost = l->cursors[i].lost;

		if (is_there(l, i))
			printf("consumer %-2u seq %" PRIu64 ", %" PRIu64 " bytes behind, %"
			       PRIu64 " lost\n", i, seq, behind(l, i), lost);
	}
}

static void print_number(const char *name, uint64_t value)
{
	printf("\"%s\": %" PRIu64 ", ", name, value);
}

static void print_json(const struct looking *l)
{
	const struct mmapshare_ring *ring = &l->ring;
	const char *separator = "";
	unsigned int i;

	printf("{\"overwrite\": %s, \"producer\": \"%s\", ",
	       ring->flags & MMAPSHARE_RING_OVERWRITE ? "true" : "false",
	       producer_text(ring));
	print_number("size", ring->data_size);
	print_number("record_max", ring->record_max);
	print_number("records", l->producer.seq);
	print_number("bytes", l->producer.pos);
	print_number("overwritten", l->producer.overwritten);
	print_number("dropped", l->producer.dropped);
	print_number("consumers_max", ring->consumers_max);
	printf("\"consumers\": [");
	for (i = 0; i < ring->consumers_max; i++) {
		if (!is_there(l, i))
			continue;
		printf("%s{", separator);
		print_number("seq", l->cursors[i].seq);
		print_number("behind", behind(l, i));
		print_number("lost", l->cursors[i].lost);
		printf("\"cursor\": %u}", i);
		separator = ", ";
	}
	printf("]}\n");
}

int ring_stat(int argc, char **argv)
{
	static struct looking l;
	struct mmapshare *region;
	int ret;

	parse_arguments(&argp, argc, argv, &l);
	region = open_region(l.name, MMAPSHARE_READ);
	ret = mmapshare_ring_stat(region, &l.ring, &l.producer, l.cursors,
				  ARRAY_SIZE(l.cursors));
	if (ret)
		fail_error(OP_RING_STAT, l.name, region, ret);
	mmapshare_close(region);
	if (l.json)
		print_json(&l);
	else
		print_text(&l);
	return STATUS_OK;
}
