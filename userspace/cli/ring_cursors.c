// SPDX-License-Identifier: MIT
/* ring cursors: list and remove the names of cursors */
#include <errno.h>
#include <inttypes.h>
#include "ring.h"

struct cursors_args {
	const char *name;
	const char *remove;
	bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct cursors_args *c = state->input;

	switch (key) {
	case 'j':
		c->json = true;
		return 0;
	case 'R':
		check_name(arg);
		c->remove = arg;
		return 0;
	case ARGP_KEY_ARG:
		set_name(&c->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!c->name)
			fail_usage("NAME is required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "use JSON output format", 0 },
	{ "remove", 'R', "CURSOR", 0,
	  "remove the name of a cursor: the producer no longer waits for it", 0 },
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "NAME",
	.doc = "List the cursors of a ring that have a name, by which a consumer goes on where "
	       "the last one was, or remove such a name.",
};

/* The words for bits of the state. */
static const struct {
	uint32_t bit;
	const char *text, *key;
} states[] = {
	{ MMAPSHARE_RING_NAME_HELD, "attached", "attached" },
	{ MMAPSHARE_RING_NAME_KEEPS, "keeps records", "keeps" },
	{ MMAPSHARE_RING_NAME_MAY_LOSE, "may lose", "may_lose" },
	{ MMAPSHARE_RING_NAME_EVICTED, "evicted", "evicted" },
	{ MMAPSHARE_RING_NAME_CORRUPT, "corrupt", "corrupt" },
};

/* @member: index of the ring in a set, or -1 */
static void print_text(const struct mmapshare_ring_name *info, int member)
{
	unsigned int i;

	printf("%-16s consumer %-2u ", info->name, info->cursor);
	if (member >= 0)
		printf("ring %-2d ", member);
	printf("seq %" PRIu64 ", %" PRIu64 " lost", (uint64_t)info->seq, (uint64_t)info->lost);
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (info->state & states[i].bit)
			printf(", %s", states[i].text);
	putchar('\n');
}

static void print_json(const struct mmapshare_ring_name *info, int member, bool first)
{
	unsigned int i;

	printf("%s{\"name\": \"%s\", \"cursor\": %u, \"uid\": %u, ", first ? "" : ", ",
	       info->name, info->cursor, info->uid);
	if (member >= 0)
		printf("\"member\": %d, ", member);
	for (i = 0; i < ARRAY_SIZE(states); i++)
		printf("\"%s\": %s, ", states[i].key,
		       info->state & states[i].bit ? "true" : "false");
	printf("\"seq\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"keep_ns\": %" PRIu64
	       ", \"unheld_ns\": %" PRIu64 "}", (uint64_t)info->seq, (uint64_t)info->lost,
	       (uint64_t)info->keep_ns, (uint64_t)info->unheld_ns);
}

/*
 * Print the name, in a set for each ring. It may have been removed since. Returns 0 or a
 * negative errno.
 */
static int print_name(const struct cursors_args *c, const struct mmapshare *region,
		      const struct mmapshare_ring_name *name, unsigned int members, bool first)
{
	struct mmapshare_ring_name info = *name;
	unsigned int i = 0;
	int ret = 0;

	do {
		if (members)
			ret = mmapshare_set_find_name(region, name->name, i, &info);
		if (ret)
			break;
		if (c->json)
			print_json(&info, members ? (int)i : -1, first && !i);
		else
			print_text(&info, members ? (int)i : -1);
	} while (++i < members);
	return ret == -ENOENT ? 0 : ret;
}

static unsigned int count_members(const struct cursors_args *c, const struct mmapshare *region)
{
	struct mmapshare_info info = { .size = sizeof(info) };
	const int ret = mmapshare_get_info(region, &info);

	if (ret)
		fail_error(OP_RING_STAT, c->name, region, ret);
	return info.members;
}

static void list(const struct cursors_args *c, const struct mmapshare *region)
{
	const unsigned int members = count_members(c, region);
	struct mmapshare_ring_name info = { };
	bool first = true;
	int ret;

	if (c->json)
		putchar('[');
	for (;;) {
		ret = mmapshare_ring_next_name(region, first ? 0 : info.cursor + 1, &info);
		if (ret)
			break;
		ret = print_name(c, region, &info, members, first);
		if (ret)
			break;
		first = false;
	}
	if (c->json)
		printf("]\n");
	if (ret != -ENOENT)
		fail_error(OP_RING_STAT, c->name, region, ret);
}

static void remove_name(const struct cursors_args *c, const struct mmapshare *region)
{
	const int ret = mmapshare_ring_remove_name(region, c->remove);

	if (ret == -ENOENT)
		fail("'%s': no cursor '%s'; see mmapshare ring cursors %s", c->name, c->remove,
		     c->name);
	if (ret == -EBUSY)
		fail("'%s': cursor '%s' has a consumer; end that first", c->name, c->remove);
	if (ret == -EPERM)
		fail("'%s': cursor '%s' belongs to another user; the owner of the ring and CAP_SYS_ADMIN may remove it, too",
		     c->name, c->remove);
	if (ret)
		fail_error(OP_RING_STAT, c->name, region, ret);
}

int ring_cursors(int argc, char **argv)
{
	struct cursors_args c = { };
	struct mmapshare *region;

	parse_arguments(&argp, argc, argv, &c);
	region = open_region(c.name, MMAPSHARE_READ);
	if (c.remove)
		remove_name(&c, region);
	else
		list(&c, region);
	mmapshare_close(region);
	return STATUS_OK;
}
