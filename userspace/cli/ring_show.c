// SPDX-License-Identifier: MIT
/* ring stat: print the state of a ring */
#include <inttypes.h>
#include "ring.h"

struct stat_args {
	const char *name;
	bool json;
	struct mmapshare_ring ring;
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring_cursor cursors[MMAPSHARE_RING_CONSUMERS_MAX];
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct stat_args *s = state->input;

	switch (key) {
	case 'j':
		s->json = true;
		return 0;
	case ARGP_KEY_ARG:
		set_name(&s->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!s->name)
			fail_usage("NAME is required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "use JSON output format", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "Print the state of a ring, its producer and its consumers.",
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

static uint64_t attached(const struct stat_args *s)
{
	return (s->ring.consumers | s->ring.may_lose) & ~s->ring.unheld;
}

static bool is_attached(const struct stat_args *s, unsigned int n)
{
	return attached(s) >> n & 1;
}

/*
 * All consumers of an overwriting ring may lose records; the kernel sets no
 * may_lose bits there.
 */
static bool may_lose(const struct stat_args *s, unsigned int n)
{
	return s->ring.flags & MMAPSHARE_RING_OVERWRITE || s->ring.may_lose >> n & 1;
}

static const char *loss_text(const struct stat_args *s, unsigned int n)
{
	if (s->ring.evicted >> n & 1)
		return ", evicted";
	return s->ring.may_lose >> n & 1 ? ", may lose" : "";
}

/* Bytes in the ring that the consumer has not released. */
static uint64_t bytes_behind(const struct stat_args *s, unsigned int n)
{
	const uint64_t bytes = s->producer.pos - s->cursors[n].pos;

	return bytes < s->ring.data_size ? bytes : s->ring.data_size;
}

static void print_fact(const char *what, uint64_t value)
{
	printf("%-11s %" PRIu64 "\n", what, value);
}

static void print_text(const struct stat_args *s)
{
	const struct mmapshare_ring *ring = &s->ring;
	char size[BYTES_TEXT];
	unsigned int i;

	if (ring->members)
		printf("%sring        %u of %u\n", ring->member ? "\n" : "", ring->member,
		       ring->members);
	printf("kind        %s%s\n", ring->flags & MMAPSHARE_RING_OVERWRITE ?
	       "overwrite" : "lossless", ring->flags & MMAPSHARE_RING_READERS_HOLD ?
	       ", waits for all readers" : "");
	printf("size        %s\n", bytes_text(ring->data_size, size));
	print_fact("record max", ring->record_max);
	printf("generation  %#" PRIx64 "\n", (uint64_t)ring->generation);
	printf("producer    %s\n", producer_text(ring));
	print_fact("seq", s->producer.seq);
	print_fact("position", s->producer.pos);
	print_fact("overwritten", s->producer.overwritten);
	print_fact("dropped", s->producer.dropped);
	if (ring->unheld)
		printf("names       %d without a consumer; see ring cursors\n",
		       __builtin_popcountll(ring->unheld));
	printf("consumers   %d of %u%s\n", __builtin_popcountll(attached(s)),
	       ring->consumers_max, ring->flags & MMAPSHARE_RING_KERNEL_CONSUMER ?
	       " (the kernel)" : "");
	print_fact("per user", ring->consumers_per_uid);
	print_fact("reserved", ring->consumers_reserved);
	if (ring->features) {
		printf("info        ");
		for (i = 0; feature_name(ring->features, i); i++)
			printf("%s%s", i ? ", " : "", feature_name(ring->features, i));
		putchar('\n');
	}
	if (ring->evict_ns)
		printf("evicts      after %g s\n", ring->evict_ns / 1e9);
	for (i = 0; i < ring->consumers_max; i++) {
		const uint64_t seq = s->cursors[i].seq, lost = s->cursors[i].lost;

		if (is_attached(s, i))
			printf("consumer %-2u seq %" PRIu64 ", %" PRIu64 " bytes behind, %"
			       PRIu64 " lost%s\n", i, seq, bytes_behind(s, i), lost,
			       loss_text(s, i));
	}
}

static void print_member(const char *key, uint64_t value)
{
	printf("\"%s\": %" PRIu64 ", ", key, value);
}

static void print_json(const struct stat_args *s)
{
	const struct mmapshare_ring *ring = &s->ring;
	const char *separator = "";
	unsigned int i;

	printf("{\"overwrite\": %s, \"readers_hold\": %s, \"producer\": \"%s\", ",
	       ring->flags & MMAPSHARE_RING_OVERWRITE ? "true" : "false",
	       ring->flags & MMAPSHARE_RING_READERS_HOLD ? "true" : "false",
	       producer_text(ring));
	if (ring->members) {
		print_member("member", ring->member);
		print_member("members", ring->members);
	}
	print_member("size", ring->data_size);
	print_member("record_max", ring->record_max);
	print_member("generation", ring->generation);
	print_member("seq", s->producer.seq);
	print_member("pos", s->producer.pos);
	print_member("overwritten", s->producer.overwritten);
	print_member("dropped", s->producer.dropped);
	print_member("consumers_max", ring->consumers_max);
	print_member("consumers_per_uid", ring->consumers_per_uid);
	print_member("consumers_reserved", ring->consumers_reserved);
	print_member("evict_ns", ring->evict_ns);
	print_member("unheld", __builtin_popcountll(ring->unheld));
	printf("\"info\": [");
	for (i = 0; feature_name(ring->features, i); i++)
		printf("%s\"%s\"", i ? ", " : "", feature_name(ring->features, i));
	printf("], \"consumers\": [");
	for (i = 0; i < ring->consumers_max; i++) {
		if (!is_attached(s, i))
			continue;
		printf("%s{", separator);
		print_member("seq", s->cursors[i].seq);
		print_member("behind", bytes_behind(s, i));
		print_member("lost", s->cursors[i].lost);
		printf("\"may_lose\": %s, \"evicted\": %s, ",
		       may_lose(s, i) ? "true" : "false",
		       s->ring.evicted >> i & 1 ? "true" : "false");
		printf("\"cursor\": %u}", i);
		separator = ", ";
	}
	printf("]}\n");
}

static void read_member(struct stat_args *s, const struct mmapshare *region, unsigned int i)
{
	const int ret = mmapshare_set_stat(region, i, &s->ring, &s->producer, s->cursors,
					   ARRAY_SIZE(s->cursors));

	if (ret)
		fail_error(OP_RING_STAT, s->name, region, ret);
}

/* All rings of a set, one after the other: in JSON one object a line. */
int ring_stat(int argc, char **argv)
{
	static struct stat_args s;
	struct mmapshare *region;
	unsigned int i = 0;

	parse_arguments(&argp, argc, argv, &s);
	region = open_region(s.name, MMAPSHARE_READ);
	do {
		read_member(&s, region, i);
		if (s.json)
			print_json(&s);
		else
			print_text(&s);
	} while (++i < s.ring.members);
	mmapshare_close(region);
	return STATUS_OK;
}
