// SPDX-License-Identifier: GPL-2.0
/*
 * Rings with names, few enough for the workers to meet: they are made, taken part
 * in for a moment, left, and destroyed; and those who are killed in the middle of
 * it leave to the others what they had. Each record has its number, all over.
 */
#include "torture.h"
#include <linux/mmapshare.h>

#define RINGS		2	/* the last one overwrites */
#define ROUNDS		4	/* a visit, at most */
#define CONSUMERS	2
#define RING_PAGES	(1 + CONSUMERS + 1 + 2)
#define RECORDS		24	/* a round, at most */
#define WORDS_MAX	40
#define STEP(length)	(8 + (((length) + 7ULL) & ~7ULL))

/* Of who takes part, for a moment. */
struct visit {
	int fd;
	bool overwrite;
	struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	char *data;
	size_t map_size;
};

static void ring_name(char *name, unsigned int n)
{
	memset(name, 0, MMAPSHARE_NAME_SIZE);
	snprintf(name, MMAPSHARE_NAME_SIZE, "torture.ring.%u", n);
}

static int open_ring(struct worker *w, unsigned int n)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC,
		.region_size = PAGE,
		.mode = 0600,
		.ring = MMAPSHARE_RING | (n == RINGS - 1 ? MMAPSHARE_RING_OVERWRITE : 0),
		.consumers = CONSUMERS,
	};
	char path[sizeof(DEVICE) + 1 + MMAPSHARE_NAME_SIZE];
	int fd;

	ring_name(create.name, n);
	fd = ioctl(w->fd, MMAPSHARE_IOC_CREATE, &create);
	if (fd >= 0 || errno != EEXIST)
		return fd;
	snprintf(path, sizeof(path), DEVICE "-%s", create.name);
	return open(path, O_RDWR | O_CLOEXEC);
}

static struct mmapshare_record *record_at(const struct visit *v, uint64_t pos)
{
	return (void *)(v->data + (pos & (v->ring->data_size - 1)));
}

static struct mmapshare_ring_cursor *cursor_at(const struct visit *v, unsigned int n)
{
	return (void *)((char *)v->ring + v->ring->cursor_offset + n * v->ring->cursor_stride);
}

/* The errno of what somebody else may have made impossible, or 0. */
static int begin_visit(struct worker *w, struct visit *v, unsigned int ring, bool producer,
		       unsigned int at)
{
	struct mmapshare_ring_attach_args attach = {
		.size = sizeof(attach),
		.flags = MMAPSHARE_RING_ATTACH_CLOEXEC | (producer ?
			 MMAPSHARE_RING_ATTACH_PRODUCER : MMAPSHARE_RING_ATTACH_CONSUMER),
	};
	char *base = address(w, at);
	int fd = open_ring(w, ring), error;

	if (fd < 0)
		return errno;
	v->fd = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, &attach);
	error = v->fd < 0 ? errno : 0;
	close(fd);
	if (error)
		return error;
	v->map_size = attach.map_size;
	if (mmap(base, attach.map_size, PROT_READ, MAP_SHARED | MAP_FIXED, v->fd, 0) != base ||
	    mmap(base + attach.own_offset, attach.own_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, v->fd, attach.own_offset) == MAP_FAILED) {
		fail(w, "a ring cannot be mapped: errno %d", errno);
		close(v->fd);
		return EFAULT;
	}
	v->overwrite = ring == RINGS - 1;
	v->ring = (void *)base;
	v->p = (void *)(base + v->ring->producer_offset);
	v->c = cursor_at(v, attach.cursor);
	v->data = base + v->ring->data_offset;
	return 0;
}

static void end_visit(struct visit *v)
{
	munmap(v->ring, v->map_size);
	close(v->fd);
}

static void notify(struct worker *w, const struct visit *v)
{
	struct mmapshare_ring_notify_args args = { .size = sizeof(args) };

	if (ioctl(v->fd, MMAPSHARE_IOC_RING_NOTIFY, &args))
		fail(w, "notify: errno %d", errno);
}

/* From where on somebody needs what is before @head; never before a record. */
static uint64_t least(const struct visit *v, uint64_t head)
{
	uint64_t bits = __atomic_load_n(&v->ring->consumers, __ATOMIC_ACQUIRE), pos;
	uint64_t found = bits ? head : __atomic_load_n(&v->ring->retained_pos, __ATOMIC_RELAXED);

	for (; bits; bits &= bits - 1) {
		pos = __atomic_load_n(&cursor_at(v, __builtin_ctzll(bits))->pos,
					   __ATOMIC_ACQUIRE);
		if (head - pos > head - found)
			found = pos;
	}
	return found;
}

/* Steps 2 to 4 of the protocol: is there room for so much? */
static bool make_room(const struct visit *v, uint64_t head, uint64_t step)
{
	uint64_t oldest_pos = v->p->oldest_pos, again;

	if (v->overwrite) {
		while (head + step + 8 - oldest_pos > v->ring->data_size)
			oldest_pos += STEP(record_at(v, oldest_pos)->length);
		__atomic_store_n(&v->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return true;
	}
	oldest_pos = least(v, head);
	__atomic_store_n(&v->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	again = least(v, head);
	if (head - again > head - oldest_pos)
		__atomic_store_n(&v->p->oldest_pos, again, __ATOMIC_RELAXED);
	else
		again = oldest_pos;
	return head + step + 8 - again <= v->ring->data_size;
}

static void produce(struct worker *w, const struct visit *v, unsigned int records,
		    unsigned int words)
{
	uint64_t head = v->p->pos, wake;
	uint32_t seq = record_at(v, head)->seq;
	struct mmapshare_record *record;
	unsigned int i;

	for (; records; records--, words = words % WORDS_MAX + 1) {
		if (!make_room(v, head, STEP(words * 8)))
			break;
		record = record_at(v, head);
		record->length = words * 8;
		for (i = 0; i < words; i++)
			((uint64_t *)(record + 1))[i] = seq;
		head += STEP(words * 8);
		record_at(v, head)->seq = ++seq;
		v->p->seq++;
		__atomic_store_n(&v->p->pos, head, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		wake = __atomic_load_n(&v->ring->consumer_wake_pos, __ATOMIC_RELAXED);
		if (wake & 1 && (int64_t)(head - (wake & ~7ULL)) >= 0)
			notify(w, v);
	}
}

static bool is_overtaken(const struct visit *v, uint64_t pos)
{
	const uint64_t oldest_pos = __atomic_load_n(&v->p->oldest_pos, __ATOMIC_RELAXED);

	return v->overwrite && (int64_t)(oldest_pos - pos) > 0;
}

/* Of the record there, and no other; or it was overwritten meanwhile. */
static bool is_whole(const struct visit *v, uint64_t pos, uint32_t seq)
{
	const struct mmapshare_record *record = record_at(v, pos);
	const uint64_t *words = (const void *)(record + 1);
	bool whole = record->seq == seq && record->length <= WORDS_MAX * 8;
	unsigned int i;

	for (i = 0; whole && i < record->length / 8; i++)
		whole = words[i] == seq;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return whole || is_overtaken(v, pos);
}

static void consume(struct worker *w, const struct visit *v, unsigned int records)
{
	uint64_t pos = v->c->pos, before, room;
	uint32_t seq = v->c->seq, length;

	for (; records; records--, v->c->seq = ++seq) {
		if (pos == __atomic_load_n(&v->p->pos, __ATOMIC_ACQUIRE))
			break;
		length = record_at(v, pos)->length;
		if (!is_whole(v, pos, seq))
			return fail(w, "record %u of a ring is not what it was", seq);
		if (is_overtaken(v, pos))
			break;
		before = pos;
		pos += STEP(length);
		__atomic_store_n(&v->c->pos, pos, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		room = __atomic_load_n(&v->ring->producer_wake_pos, __ATOMIC_RELAXED);
		if (room & 1 && (int64_t)(pos - (room & ~7ULL)) >= 0 &&
		    (int64_t)(before - (room & ~7ULL)) < 0)
			notify(w, v);
	}
}

static void wait_for_others(struct worker *w, const struct visit *v)
{
	struct mmapshare_ring_wait_args wait = { .size = sizeof(wait), .timeout = 200000 };

	if (ioctl(v->fd, MMAPSHARE_IOC_RING_WAIT, &wait) && errno != ETIMEDOUT &&
	    errno != EPIPE && errno != EINTR)
		fail(w, "wait in a ring: errno %d", errno);
}

static void destroy_ring(struct torture *t, unsigned int n)
{
	struct mmapshare_destroy_args destroy = { .size = sizeof(destroy) };

	ring_name(destroy.name, n);
	ioctl(t->dev.fd, MMAPSHARE_IOC_DESTROY, &destroy);
}

/* Nothing that the others decide is decided by the dice. */
void op_ring(struct worker *w)
{
	const unsigned int at = dice(w, ARENA_PAGES - RING_PAGES), ring = dice(w, RINGS);
	const unsigned int records = dice(w, RECORDS), words = 1 + dice(w, WORDS_MAX);
	const bool producer = dice(w, 2), destroys = !dice(w, 32);
	unsigned int rounds = 1 + dice(w, ROUNDS);
	struct event *e = note(w, "ring", at, ring, producer);
	struct visit v;

	/* whether or not there will be a ring */
	munmap(address(w, at), RING_PAGES * PAGE);
	forget(w, at, RING_PAGES);
	e->error = begin_visit(w, &v, ring, producer, at);
	if (!e->error) {
		while (rounds-- && !w->failed) {
			if (producer)
				produce(w, &v, records, words);
			else
				consume(w, &v, records);
			/* now others come, and meet us */
			wait_for_others(w, &v);
		}
		end_visit(&v);
	} else if (e->error != (producer ? EBUSY : ENOSPC) && e->error != ENOENT &&
		   e->error != ENXIO) {
		fail(w, "ring: errno %d", e->error);
	}
	if (destroys)
		destroy_ring(w->t, ring);
}

void destroy_rings(struct torture *t)
{
	unsigned int i;

	for (i = 0; i < RINGS; i++)
		destroy_ring(t, i);
}
