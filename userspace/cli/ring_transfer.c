// SPDX-License-Identifier: MIT
/* ring write, read, follow: options, attaching, waiting */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "ring_transfer.h"

static uint16_t parse_type(const char *text)
{
	const uint64_t n = parse_number(text, "TYPE");

	if (n > UINT16_MAX)
		fail_usage("'%s': TYPE must be from 0 to %d", text, UINT16_MAX);
	return n;
}

/* Where a consumer begins. */
static void parse_start(struct mmapshare_ring_attach_args *at, const char *text)
{
	if (!strcmp(text, "oldest")) {
		at->flags |= MMAPSHARE_RING_ATTACH_OLDEST;
	} else if (!strcmp(text, "latest")) {
		at->flags |= MMAPSHARE_RING_ATTACH_LATEST;
	} else {
		at->flags |= MMAPSHARE_RING_ATTACH_SEQ;
		at->seq = parse_number(text, "WHERE");
	}
}

error_t transfer_parse(int key, char *arg, struct argp_state *state)
{
	struct transfer *t = state->input;

	switch (key) {
	case 'a':
		t->all = true;
		return 0;
	case 'A':
		parse_start(&t->at, arg);
		return 0;
	case 'C':
		check_name(arg);
		strcpy(t->at.name, arg);
		return 0;
	case 'k':
		t->at.keep_ns = strcmp(arg, "all") ? parse_seconds(arg) * 1e9 :
				MMAPSHARE_RING_KEEP_ALL;
		return 0;
	case 'c':
		t->count = parse_number(arg, "COUNT");
		return 0;
	case 'd':
		t->drop = true;
		return 0;
	case 'f':
		t->follow = true;
		return 0;
	case 'i':
		t->info = true;
		return 0;
	case 'j':
		t->format = JSON;
		return 0;
	case 'r':
		t->format = RAW;
		return 0;
	case 't':
		t->timeout = parse_timeout(arg);
		return 0;
	case 'T':
		t->type = parse_type(arg);
		t->has_type = true;
		return 0;
	case 'u':
		t->hang_up = true;
		return 0;
	case 'w':
		t->window = parse_timeout(arg);
		return 0;
	case 'x':
		t->format = HEX;
		return 0;
	case ARGP_KEY_ARG:
		set_name(&t->name, arg);
		return 0;
	case ARGP_KEY_END:
		if (!t->name)
			fail_usage("NAME is required");
		return 0;
	default:
		return parse_other(key, state);
	}
}

/*
 * Exit for an error that is due to the name of the cursor; else return: opening the
 * ring may have failed, or the consumer be refused for another reason.
 */
static void fail_name(const struct transfer *t, int error)
{
	struct mmapshare_ring_name named;
	struct mmapshare *region;
	int ret;

	if (mmapshare_open(&region, t->name, MMAPSHARE_READ))
		return;
	ret = mmapshare_ring_find_name(region, t->at.name, &named);
	mmapshare_close(region);
	if (ret)
		return;
	if (error == -EBUSY && named.state & MMAPSHARE_RING_NAME_HELD)
		fail("'%s': cursor '%s' has a consumer; only one at a time can attach by a name",
		     t->name, t->at.name);
	if (error == -EPERM)
		fail("'%s': cursor '%s' belongs to another user", t->name, t->at.name);
	if (error == -EBADMSG && named.state & MMAPSHARE_RING_NAME_CORRUPT)
		fail("'%s': the position of cursor '%s' is corrupt; use --at to begin elsewhere",
		     t->name, t->at.name);
	if (error == -EACCES && !(named.state & MMAPSHARE_RING_NAME_MAY_LOSE))
		fail("'%s': cursor '%s' holds back the producer, and this user may not",
		     t->name, t->at.name);
}

/* Exit for an error that only consumers with these options get; else return. */
static void fail_attach(const struct transfer *t, int error)
{
	const struct mmapshare_ring_attach_args *at = &t->at;

	if (error == -ENODATA)
		fail("'%s': record %" PRIu64 " is gone", t->name, (uint64_t)at->seq);
	if (error == -ERANGE)
		fail("'%s': record %" PRIu64 " is not published yet", t->name, (uint64_t)at->seq);
	if (at->name[0])
		fail_name(t, error);
}

/* A consumer of a ring set. Returns 0 or a negative errno. */
static int attach_set(struct transfer *t)
{
	int ret;

	if (t->at.flags & MMAPSHARE_RING_ATTACH_SEQ)
		fail("'%s': each ring of the set has its own sequence numbers; --at must be oldest or latest",
		     t->name);
	ret = mmapshare_set_open_with(&t->set, t->name, &t->at);
	if (ret)
		return ret;
	t->ep = mmapshare_set_member(t->set, 0);
	if (mmapshare_set_window(t->set, t->window * 1e9))
		fail("'%s': records have no time, so that --window is not possible; create it with --info",
		     t->name);
	return 0;
}

void transfer_attach(struct transfer *t, unsigned int flags)
{
	int ret;

	t->at.flags |= flags;
	ret = mmapshare_ring_open_with(&t->ep, t->name, &t->at);
	if (ret == -EOPNOTSUPP && flags & MMAPSHARE_RING_ATTACH_CONSUMER)
		ret = attach_set(t);
	if (!ret)
		return;
	fail_attach(t, ret);
	fail_error(flags & MMAPSHARE_RING_ATTACH_PRODUCER ? OP_ATTACH_PRODUCER :
							    OP_ATTACH_CONSUMER,
		   t->name, NULL, ret);
}

int transfer_wait(struct transfer *t)
{
	const unsigned int flags = t->hang_up ? 0 : MMAPSHARE_RING_WAIT_IGNORE_HUP;
	const int64_t timeout = t->timeout < 0 ? -1 : t->timeout * 1e9;
	int ret;

	close_output();
	do
		ret = t->set ? mmapshare_set_wait(t->set, flags, timeout) :
			       mmapshare_ring_wait(t->ep, flags, timeout);
	while (ret == -EINTR);
	if (ret == -ETIMEDOUT)
		return STATUS_TIMEOUT;
	if (ret == -EPIPE)
		return STATUS_HUNGUP;
	if (ret)
		fail_error(OP_RING, t->name, NULL, ret);
	return STATUS_OK;
}
