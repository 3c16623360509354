// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on named rings that all workers share: create, attach, produce or
 * consume, detach, destroy. A killed endpoint must leave the ring usable for its
 * peers. All words of a record are its sequence number.
 */
#include "torture.h"
#include <linux/mmapshare.h>

#define RINGS		2	/* the last one is overwriting */
#define ROUNDS		4	/* maximum, of an attached endpoint */
#define CONSUMERS	2
#define RING_PAGES	(1 + CONSUMERS + 1 + 2)
#define RECORDS		24	/* maximum in a round */
#define WORDS_MAX	40
#define STEP(length)	(8 + (((length) + 7ULL) & ~7ULL))

struct endpoint {
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

static struct mmapshare_record *record_at(const struct endpoint *ep, uint64_t pos)
{
	return (void *)(ep->data + (pos & (ep->ring->data_size - 1)));
}

static struct mmapshare_ring_cursor *cursor_at(const struct endpoint *ep, unsigned int n)
{
	return (void *)((char *)ep->ring + ep->ring->cursor_offset + n * ep->ring->cursor_stride);
}

/* 0, or an errno that the actions of other workers may cause. */
static int endpoint_attach(struct worker *w, struct endpoint *ep, unsigned int ring, bool producer,
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
	ep->fd = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, &attach);
	error = ep->fd < 0 ? errno : 0;
	close(fd);
	if (error)
		return error;
	ep->map_size = attach.map_size + attach.data_size;
	if (mmap(base, attach.map_size, PROT_READ, MAP_SHARED | MAP_FIXED, ep->fd, 0) != base ||
	    mmap(base + attach.map_size, attach.data_size,
		 producer ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED | MAP_FIXED, ep->fd,
		 attach.map_size - attach.data_size) == MAP_FAILED ||
	    mmap(base + attach.own_offset, attach.own_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, ep->fd, attach.own_offset) == MAP_FAILED) {
		fail(w, "cannot map a ring: errno %d", errno);
		close(ep->fd);
		return EFAULT;
	}
	ep->overwrite = ring == RINGS - 1;
	ep->ring = (void *)base;
	ep->p = (void *)(base + ep->ring->producer_offset);
	ep->c = cursor_at(ep, attach.cursor);
	ep->data = base + ep->ring->data_offset;
	return 0;
}

static void endpoint_detach(struct endpoint *ep)
{
	munmap(ep->ring, ep->map_size);
	close(ep->fd);
}

static void notify(struct worker *w, const struct endpoint *ep)
{
	struct mmapshare_ring_notify_args args = { .size = sizeof(args) };

	if (ioctl(ep->fd, MMAPSHARE_IOC_RING_NOTIFY, &args))
		fail(w, "notify: errno %d", errno);
}

/* The lowest position of a consumer; without one, the retained position. */
static uint64_t oldest_needed(const struct endpoint *ep, uint64_t head)
{
	uint64_t bits = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE), pos;
	uint64_t oldest = bits ? head : __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);

	for (; bits; bits &= bits - 1) {
		pos = __atomic_load_n(&cursor_at(ep, __builtin_ctzll(bits))->pos,
				      __ATOMIC_ACQUIRE);
		if (head - pos > head - oldest)
			oldest = pos;
	}
	return oldest;
}

/* Steps 2 to 4 of the protocol. Is there space for @step bytes? */
static bool reserve_space(const struct endpoint *ep, uint64_t head, uint64_t step)
{
	uint64_t oldest_pos = ep->p->oldest_pos, needed;

	if (ep->overwrite) {
		while (head + step + 8 - oldest_pos > ep->ring->data_size)
			oldest_pos += STEP(record_at(ep, oldest_pos)->length);
		__atomic_store_n(&ep->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return true;
	}
	needed = oldest_needed(ep, head);
	if (head - needed < head - oldest_pos) {
		oldest_pos = needed;
		__atomic_store_n(&ep->p->oldest_pos, oldest_pos, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		needed = oldest_needed(ep, head);
	}
	if (head - needed < head - oldest_pos)
		needed = oldest_pos;
	return head + step + 8 - needed <= ep->ring->data_size;
}

static void produce(struct worker *w, const struct endpoint *ep, unsigned int records,
		    unsigned int words)
{
	uint64_t head = ep->p->pos, wake;
	uint32_t seq = record_at(ep, head)->seq;
	struct mmapshare_record *record;
	unsigned int i;

	for (; records; records--, words = words % WORDS_MAX + 1) {
		if (!reserve_space(ep, head, STEP(words * 8)))
			break;
		record = record_at(ep, head);
		record->length = words * 8;
		for (i = 0; i < words; i++)
			((uint64_t *)(record + 1))[i] = seq;
		head += STEP(words * 8);
		record_at(ep, head)->seq = ++seq;
		ep->p->seq++;
		__atomic_store_n(&ep->p->pos, head, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		wake = __atomic_load_n(&ep->ring->consumer_wake_pos, __ATOMIC_RELAXED);
		if (wake & 1 && (int64_t)(head - (wake & ~7ULL)) >= 0)
			notify(w, ep);
	}
}

static bool is_overwritten(const struct endpoint *ep, uint64_t pos)
{
	const uint64_t oldest_pos = __atomic_load_n(&ep->p->oldest_pos, __ATOMIC_RELAXED);

	return ep->overwrite && (int64_t)(oldest_pos - pos) > 0;
}

/* Are the record's bytes those of @seq, or was it overwritten meanwhile? */
static bool check_record(const struct endpoint *ep, uint64_t pos, uint32_t seq)
{
	const struct mmapshare_record *record = record_at(ep, pos);
	const uint64_t *words = (const void *)(record + 1);
	bool ok = record->seq == seq && record->length <= WORDS_MAX * 8;
	unsigned int i;

	for (i = 0; ok && i < record->length / 8; i++)
		ok = words[i] == seq;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return ok || is_overwritten(ep, pos);
}

static void consume(struct worker *w, const struct endpoint *ep, unsigned int records)
{
	uint64_t pos = ep->c->pos, before, wake;
	uint32_t seq = ep->c->seq, length;

	for (; records; records--, ep->c->seq = ++seq) {
		if (pos == __atomic_load_n(&ep->p->pos, __ATOMIC_ACQUIRE))
			break;
		length = record_at(ep, pos)->length;
		if (!check_record(ep, pos, seq))
			return fail(w, "record %u of a ring has other bytes", seq);
		if (is_overwritten(ep, pos))
			break;
		before = pos;
		pos += STEP(length);
		__atomic_store_n(&ep->c->pos, pos, __ATOMIC_RELEASE);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		wake = __atomic_load_n(&ep->ring->producer_wake_pos, __ATOMIC_RELAXED);
		if (wake & 1 && (int64_t)(pos - (wake & ~7ULL)) >= 0 &&
		    (int64_t)(before - (wake & ~7ULL)) < 0)
			notify(w, ep);
	}
}

static void wait_for_peer(struct worker *w, const struct endpoint *ep)
{
	struct mmapshare_ring_wait_args wait = { .size = sizeof(wait), .timeout = 200000 };

	if (ioctl(ep->fd, MMAPSHARE_IOC_RING_WAIT, &wait) && errno != ETIMEDOUT &&
	    errno != EPIPE && errno != EINTR)
		fail(w, "wait in a ring: errno %d", errno);
}

static void destroy_ring(struct torture *t, unsigned int n)
{
	struct mmapshare_destroy_args destroy = { .size = sizeof(destroy) };

	ring_name(destroy.name, n);
	ioctl(t->dev.fd, MMAPSHARE_IOC_DESTROY, &destroy);
}

/*
 * All random numbers are drawn first, so that the state of the ring, which
 * depends on other workers, does not change this worker's sequence.
 */
void op_ring(struct worker *w)
{
	const unsigned int at = random_below(w, ARENA_PAGES - RING_PAGES);
	const unsigned int ring = random_below(w, RINGS);
	const unsigned int records = random_below(w, RECORDS);
	const unsigned int words = 1 + random_below(w, WORDS_MAX);
	const bool producer = random_below(w, 2), destroys = !random_below(w, 32);
	unsigned int rounds = 1 + random_below(w, ROUNDS);
	struct event *e = note(w, "ring", at, ring, producer);
	struct endpoint ep;

	/*
	 * unmap in any case: the model must not depend on whether the ring
	 * exists
	 */
	munmap(address(w, at), RING_PAGES * PAGE);
	clear_places(w, at, RING_PAGES);
	e->error = endpoint_attach(w, &ep, ring, producer, at);
	if (!e->error) {
		while (rounds-- && !w->failed) {
			if (producer)
				produce(w, &ep, records, words);
			else
				consume(w, &ep, records);
			wait_for_peer(w, &ep);
		}
		endpoint_detach(&ep);
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
