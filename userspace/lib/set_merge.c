// SPDX-License-Identifier: MIT
/*
 * Ring sets: the records of all rings in the order of their time stamps.
 *
 * The library looks at all rings at once: it loads the position of each producer.
 * Then it takes the records before these positions, always the one with the least
 * time among the next records of the rings, its heads. When no head is left it looks
 * again. So a record can follow one with a later time only if it was published after
 * the look; and each look ends, whatever times a hostile producer stores.
 *
 * With a window, records that are younger than it at the time of the look stay. One
 * that was not published by then, and took less than the window from its time stamp to
 * there, is younger still: none of those that were taken has a later time.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include "set.h"

static bool is_before(const struct mms_head *a, const struct mms_head *b)
{
	return a->time < b->time || (a->time == b->time && a->turn < b->turn);
}

/* Move head @i towards the end of the heap until none before it is later. */
static void sift_down(struct mmapshare_set *set, unsigned int i)
{
	const struct mms_head head = set->heap[i];

	for (;;) {
		unsigned int child = 2 * i + 1;

		if (child >= set->nr_heads)
			break;
		if (child + 1 < set->nr_heads &&
		    is_before(&set->heap[child + 1], &set->heap[child]))
			child++;
		if (!is_before(&set->heap[child], &head))
			break;
		set->heap[i] = set->heap[child];
		i = child;
	}
	set->heap[i] = head;
}

static void push(struct mmapshare_set *set, const struct mms_head *head)
{
	unsigned int i = set->nr_heads++;

	while (i && is_before(head, &set->heap[(i - 1) / 2])) {
		set->heap[i] = set->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	set->heap[i] = *head;
	set->members[head->member].has_head = true;
}

static void pop(struct mmapshare_set *set)
{
	set->members[set->heap[0].member].has_head = false;
	set->heap[0] = set->heap[--set->nr_heads];
	if (set->nr_heads)
		sift_down(set, 0);
}

/* Records in a row that were overwritten before they could be taken. */
#define TRIES	1000

/*
 * Find the next record of ring @i among those that were published at the last look.
 * Return: 0; -EAGAIN if there is none; -EBADMSG; -ENODEV.
 */
static int find_head(struct mmapshare_set *set, unsigned int i, struct mms_head *head)
{
	struct mmapshare_endpoint *ep = set->members[i].ep;
	int ret;

	/* an overrun leads past the end: what is there was published after the look */
	if (mms_pos_reached(ep->pos, set->members[i].end))
		return -EAGAIN;
	head->member = i;
	head->turn = set->turn++;
	ret = mms_consumer_peek(ep, &head->time);
	head->pos = ep->pos;
	if (!set->has_clock)
		head->time = 0;
	head->due = head->time < set->now ? head->time : set->now;
	return ret;
}

/*
 * Read ring @i no more. The position that is stored is impossible, so that neither the
 * kernel nor the producer counts this consumer there: waiting goes on in the others.
 */
static int give_up(struct mmapshare_set *set, unsigned int i, unsigned int *member)
{
	struct mms_member *m = &set->members[i];

	if (m->ep->role != MMS_ROLE_CONSUMER)
		return mms_set_disable(set, -ENODEV);
	m->failed = true;
	__atomic_store_n(&m->ep->cursor->pos, 1, __ATOMIC_RELEASE);
	if (member)
		*member = i;
	return -EBADMSG;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* Look at ring @i. Return: as find_head(). */
static int look_at(struct mmapshare_set *set, unsigned int i, struct mms_head *head)
{
	struct mms_member *m = &set->members[i];
	int ret;

	if (!mms_consumer_look(m->ep))
		return -EBADMSG;
	m->end = m->ep->producer_pos;
	ret = find_head(set, i, head);
	/* it has looked again after an overrun */
	m->end = m->ep->producer_pos;
	return ret;
}

/* Return: 0; -EBADMSG, with the ring in @member; -ENODEV. */
static int look(struct mmapshare_set *set, unsigned int *member)
{
	unsigned int i;

	if (set->window) {
		set->now = now_ns(set->clock);
		set->limit = set->now > set->window ? set->now - set->window : 0;
		/* the positions must not be older than that time */
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	for (i = 0; i < set->nr; i++) {
		struct mms_member *m = &set->members[i];
		struct mms_head head;
		int ret;

		if (m->failed || m->has_head)
			continue;
		ret = look_at(set, i, &head);
		if (!ret)
			push(set, &head);
		else if (ret != -EAGAIN)
			return give_up(set, i, member);
	}
	return 0;
}

uint64_t mms_set_held(const struct mmapshare_set *set)
{
	if (!set->window || !set->nr_heads || set->heap[0].due <= set->limit)
		return 0;
	return set->heap[0].due - set->limit;
}

void mms_set_drop_heads(struct mmapshare_set *set)
{
	unsigned int i;

	for (i = 0; i < set->nr_heads; i++)
		set->members[set->heap[i].member].has_head = false;
	set->nr_heads = 0;
}

/*
 * Take the record of the first head, and find the next one of its ring. Return: 0; 1 if
 * the record was overwritten, and another head may be first now; -EBADMSG.
 */
static int take_head(struct mmapshare_set *set, const void **record, size_t *length,
		     unsigned int *member)
{
	struct mms_head *head = &set->heap[0];
	const unsigned int i = head->member;
	struct mms_member *m = &set->members[i];
	const uint64_t pos = head->pos;
	int ret = mms_consumer_take(m->ep, pos, record, length), next;

	if (!ret) {
		m->taken = true;
		set->current = i;
		set->current_pos = pos;
		set->record = *record;
		set->seq = m->ep->seq - 1;
		set->stale = false;
		if (member)
			*member = i;
	}
	next = ret < 0 ? ret : find_head(set, i, head);
	if (!next)
		sift_down(set, 0);
	else
		pop(set);
	if (ret < 0 && ret != -EAGAIN)
		return give_up(set, i, member);
	/* what follows is corrupt: the next look finds that again */
	return ret ? 1 : 0;
}

int mmapshare_set_next(struct mmapshare_set *set, const void **record, size_t *length,
		       unsigned int *member)
{
	unsigned int tries;
	int ret;

	if (set->members[0].ep->role != MMS_ROLE_CONSUMER)
		return -ENODEV;
	if (!set->nr_heads || mms_set_held(set)) {
		ret = look(set, member);
		if (ret)
			return ret;
	}
	for (tries = 0; tries < TRIES && set->nr_heads && !mms_set_held(set); tries++) {
		ret = take_head(set, record, length, member);
		if (ret <= 0)
			return ret;
	}
	return -EAGAIN;
}

int mmapshare_set_check(struct mmapshare_set *set)
{
	struct mmapshare_endpoint *ep = set->members[set->current].ep;

	if (ep->role != MMS_ROLE_CONSUMER)
		return -ENODEV;
	if (!set->record)
		return -EINVAL;
	if (!set->stale) {
		if (mms_is_not_overwritten(ep, set->current_pos))
			return 0;
		set->stale = true;
		ep->lost++;
	}
	return -ESTALE;
}

uint64_t mmapshare_set_seq(const struct mmapshare_set *set)
{
	return set->seq;
}

int mmapshare_set_record_info(struct mmapshare_set *set, struct mmapshare_record_info *info)
{
	const struct mmapshare_endpoint *ep = set->members[set->current].ep;

	if (ep->role != MMS_ROLE_CONSUMER)
		return -ENODEV;
	if (!ep->features)
		return -EOPNOTSUPP;
	if (!set->record)
		return -EINVAL;
	memcpy(info, (const char *)set->record - sizeof(*info), sizeof(*info));
	info->reserved = 0;
	return mmapshare_set_check(set);
}

int mmapshare_set_release(struct mmapshare_set *set)
{
	bool notify = false;
	unsigned int i;

	if (set->members[0].ep->role != MMS_ROLE_CONSUMER)
		return -ENODEV;
	set->record = NULL;
	for (i = 0; i < set->nr; i++) {
		struct mms_member *m = &set->members[i];

		if (!m->taken)
			continue;
		m->taken = false;
		mms_release_records(m->ep);
		/* the impossible position remains */
		if (!m->failed)
			notify |= mms_consumer_publish(m->ep);
	}
	return notify ? mms_set_notify(set) : 0;
}

/* The last record was taken, and no other one: it is the next one again. */
static void put_back(struct mmapshare_set *set)
{
	struct mms_member *m = &set->members[set->current];

	mms_consumer_put_back(m->ep, set->current_pos);
	m->taken = false;
	set->record = NULL;
	mms_set_drop_heads(set);
}

ssize_t mmapshare_set_read(struct mmapshare_set *set, void *buffer, size_t size,
			   struct mmapshare_record_info *info, unsigned int *member)
{
	const void *record;
	size_t length;
	int ret;

	if (set->record)
		return -EBUSY;
	do {
		ret = mmapshare_set_next(set, &record, &length, member);
		if (ret)
			return ret;
		memcpy(buffer, record, length < size ? length : size);
		if (info && set->members[set->current].ep->features)
			mmapshare_set_record_info(set, info);
		ret = mmapshare_set_check(set);
		if (!ret && length > size) {
			put_back(set);
			return -EMSGSIZE;
		}
		if (ret)
			mmapshare_set_release(set);
	} while (ret == -ESTALE);
	if (!ret)
		ret = mmapshare_set_release(set);
	return ret ? ret : (ssize_t)length;
}
