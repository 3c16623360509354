/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An implementation of the protocol of Documentation/ring.rst that is
 * independent of the library's.
 */
#ifndef RING_PROTOCOL_H
#define RING_PROTOCOL_H

#include "doorbell_test.h"

/* An attached endpoint: its file, the mapped ring, and its private state. */
struct endpoint {
	int fd;
	char *base;
	struct mmapshare_ring_attach_args at;
	struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	char *data;
	uint64_t pos, seq;
	uint64_t lost;			/* consumer: gaps in the sequence numbers */
	uint64_t oldest_pos, limit;	/* producer only */
	unsigned long calls;		/* of RING_NOTIFY */
};

static inline uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/* Returns a descriptor or a negative errno. */
static inline int ring_create_as(int control, const char *name, uint64_t size,
				 uint32_t flags, uint32_t consumers)
{
	struct mmapshare_create_args create = {
		.region_size = size,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = name ? 0600 : 0,
		.ring = flags,
		.consumers = consumers,
	};

	return region_create_by(control, &create, name);
}

/*
 * Attach with @flags, and the other members of @at. Returns a descriptor or a
 * negative errno.
 */
static inline int ring_attach_with(int fd, uint32_t flags, struct mmapshare_ring_attach_args *at)
{
	int ret;

	at->size = sizeof(*at);
	at->flags = flags | MMAPSHARE_RING_ATTACH_CLOEXEC;
	ret = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, at);
	return ret < 0 ? -errno : ret;
}

/* Returns a descriptor or a negative errno. */
static inline int ring_attach(int fd, uint32_t flags, struct mmapshare_ring_attach_args *at)
{
	*at = (struct mmapshare_ring_attach_args){ };
	return ring_attach_with(fd, flags, at);
}

static inline size_t endpoint_map_size(const struct endpoint *ep)
{
	return ep->at.map_size + ep->at.data_size;
}

/* Map @size bytes at @offset of the ring at @to. Returns whether that works. */
static inline bool endpoint_map_at(const struct endpoint *ep, char *to, uint64_t offset,
				   uint64_t size, int prot)
{
	return mmap(to, size, prot, MAP_SHARED | MAP_FIXED, ep->fd, offset) == to;
}

/* Returns 0 or an errno. */
static inline int endpoint_map(struct endpoint *ep)
{
	const struct mmapshare_ring_attach_args *at = &ep->at;
	const int writable = PROT_READ | PROT_WRITE;

	ep->base = mmap(NULL, endpoint_map_size(ep), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			-1, 0);
	if (ep->base == MAP_FAILED ||
	    !endpoint_map_at(ep, ep->base, at->map_offset, at->map_size, PROT_READ) ||
	    !endpoint_map_at(ep, ep->base + at->map_size,
			     at->map_offset + at->map_size - at->data_size,
			     at->data_size, at->flags & MMAPSHARE_RING_ATTACH_PRODUCER ?
			     writable : PROT_READ) ||
	    !endpoint_map_at(ep, ep->base + at->own_offset - at->map_offset, at->own_offset,
			     at->own_size, writable))
		return errno;
	ep->ring = (void *)ep->base;
	ep->p = (void *)(ep->base + ep->ring->producer_offset);
	ep->data = ep->base + ep->ring->data_offset;
	return 0;
}

static inline struct mmapshare_record *endpoint_record(struct endpoint *ep, uint64_t pos)
{
	return (void *)(ep->data + (pos & (ep->ring->data_size - 1)));
}

static inline struct mmapshare_ring_cursor *endpoint_cursor(struct endpoint *ep, unsigned int n)
{
	return (void *)(ep->base + ep->ring->cursor_offset +
			n * ep->ring->cursor_stride);
}

/* As ring_attach_with(), and map the endpoint. Returns 0 or an errno. */
static inline int endpoint_attach_with(struct endpoint *ep, int fd, uint32_t flags,
				       const struct mmapshare_ring_attach_args *at)
{
	int error;

	memset(ep, 0, sizeof(*ep));
	ep->at = *at;
	ep->fd = ring_attach_with(fd, flags, &ep->at);
	if (ep->fd < 0)
		return -ep->fd;
	error = endpoint_map(ep);
	if (error)
		return error;
	if (flags & MMAPSHARE_RING_ATTACH_PRODUCER) {
		ep->pos = ep->p->pos;
		ep->oldest_pos = ep->p->oldest_pos;
		ep->limit = ep->pos - ep->ring->data_size;
		ep->seq = ep->p->seq +
			(int32_t)(endpoint_record(ep, ep->pos)->seq -
				  (uint32_t)ep->p->seq);
	} else {
		ep->c = endpoint_cursor(ep, ep->at.cursor);
		ep->pos = ep->c->pos;
		ep->seq = ep->c->seq;
	}
	return 0;
}

/* Returns 0 or an errno. */
static inline int endpoint_attach(struct endpoint *ep, int fd, uint32_t flags)
{
	const struct mmapshare_ring_attach_args at = { };

	return endpoint_attach_with(ep, fd, flags, &at);
}

static inline void endpoint_detach(struct endpoint *ep)
{
	munmap(ep->base, endpoint_map_size(ep));
	close(ep->fd);
}

/* Returns 0 or an errno. */
static inline int endpoint_notify(struct endpoint *ep)
{
	struct mmapshare_ring_notify_args notify = { .size = sizeof(notify) };

	ep->calls++;
	return ioctl(ep->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify) ? errno : 0;
}

/* Returns 0 or an errno. */
static inline int endpoint_wait_as(struct endpoint *ep, uint32_t flags, int64_t timeout)
{
	struct mmapshare_ring_wait_args wait = {
		.size = sizeof(wait),
		.flags = flags,
		.timeout = timeout,
	};

	return ioctl(ep->fd, MMAPSHARE_IOC_RING_WAIT, &wait) ? errno : 0;
}

static inline int endpoint_wait(struct endpoint *ep, int64_t timeout)
{
	return endpoint_wait_as(ep, 0, timeout);
}

#define full_fence()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

/*
 * Position of the slowest consumer, or the retained position if there is none.
 * The acquire of @consumers pairs with the release in the kernel that follows
 * its store to @retained_pos. The acquire of a consumer position pairs with the
 * release in ring_release(): the consumer has read the bytes before it. If the
 * generation changes, a position may be of another consumer: the ring is full.
 */
static inline uint64_t min_consumer_pos(struct endpoint *ep)
{
	const uint64_t gen = __atomic_load_n(&ep->ring->consumers_gen, __ATOMIC_ACQUIRE);
	uint64_t consumers = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE);
	uint64_t least = ep->pos, pos;
	unsigned int n;

	if (!consumers) {
		pos = __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);
		return pos == MMAPSHARE_RING_RETAINS_NOTHING ? ep->pos : pos;
	}
	for (n = 0; n < 64; n++) {
		if (!(consumers >> n & 1))
			continue;
		pos = __atomic_load_n(&endpoint_cursor(ep, n)->pos, __ATOMIC_ACQUIRE);
		if (ep->pos - pos > ep->pos - least)
			least = pos;
	}
	if (__atomic_load_n(&ep->ring->consumers_gen, __ATOMIC_RELAXED) != gen)
		return ep->limit;
	return least;
}

static inline bool endpoint_fits(struct endpoint *ep, uint64_t step)
{
	return ep->pos + step + 8 - ep->limit <= ep->ring->data_size;
}

/* Advance oldest_pos past the oldest record, unless it has reached @max_pos. */
static inline bool advance_oldest(struct endpoint *ep, uint64_t max_pos)
{
	if ((int64_t)(ep->oldest_pos - max_pos) >= 0)
		return false;
	ep->oldest_pos += 8 + round8(endpoint_record(ep, ep->oldest_pos)->length);
	return true;
}

/* Free space for @step bytes. Returns whether there is enough. */
static inline bool make_space(struct endpoint *ep, uint64_t step)
{
	uint64_t least;

	if (endpoint_fits(ep, step))
		return true;
	if (ep->ring->flags & MMAPSHARE_RING_OVERWRITE) {
		ep->limit = ep->oldest_pos;
		while (!endpoint_fits(ep, step) && advance_oldest(ep, ep->pos)) {
			ep->limit = ep->oldest_pos;
			ep->p->overwritten++;
		}
		__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
		/* before old bytes change; pairs with was_overwritten() */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return true;
	}
	least = min_consumer_pos(ep);
	while (advance_oldest(ep, least))
		;
	__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
	/*
	 * Before the positions are read again; pairs with smp_mb() in the
	 * kernel's attach, which reads oldest_pos after it set "consumers".
	 */
	full_fence();
	least = min_consumer_pos(ep);
	ep->limit = (int64_t)(least - ep->oldest_pos) < 0 ? least : ep->oldest_pos;
	return endpoint_fits(ep, step);
}

/* Returns space for a record, or NULL. */
static inline void *ring_reserve(struct endpoint *ep, uint32_t length)
{
	if (length > ep->ring->record_max || !make_space(ep, 8 + round8(length)))
		return NULL;
	endpoint_record(ep, ep->pos)->length = length;
	return endpoint_record(ep, ep->pos) + 1;
}

static inline void ring_publish(struct endpoint *ep)
{
	uint64_t wake;

	ep->pos += 8 + round8(endpoint_record(ep, ep->pos)->length);
	endpoint_record(ep, ep->pos)->seq = ++ep->seq;
	__atomic_store_n(&ep->p->seq, ep->seq, __ATOMIC_RELAXED);
	/* release: publishes the record; pairs with ring_take() */
	__atomic_store_n(&ep->p->pos, ep->pos, __ATOMIC_RELEASE);
	/* before the wake position is read; pairs with smp_mb() in RING_WAIT */
	full_fence();
	wake = __atomic_load_n(&ep->ring->consumer_wake_pos, __ATOMIC_RELAXED);
	if (wake & 1 && (int64_t)(ep->pos - (wake & ~7ULL)) >= 0)
		endpoint_notify(ep);
}

/* Write a record whose bytes depend on its sequence number. False: no space. */
static inline bool ring_put(struct endpoint *ep, uint32_t length)
{
	void *record = ring_reserve(ep, length);

	if (!record)
		return false;
	make_bytes(record, length, 0, ep->seq);
	ring_publish(ep);
	return true;
}

/* Consume everything before @pos. */
static inline void ring_release(struct endpoint *ep, uint64_t pos)
{
	uint64_t before = ep->pos, wake;

	ep->pos = pos;
	__atomic_store_n(&ep->c->seq, ep->seq, __ATOMIC_RELAXED);
	/* release: the record was read; pairs with min_consumer_pos() */
	__atomic_store_n(&ep->c->pos, pos, __ATOMIC_RELEASE);
	/* before the wake position is read; pairs with smp_mb() in RING_WAIT */
	full_fence();
	wake = __atomic_load_n(&ep->ring->producer_wake_pos, __ATOMIC_RELAXED);
	if (wake & 1 && (int64_t)(pos - (wake & ~7ULL)) >= 0 &&
	    (int64_t)(before - (wake & ~7ULL)) < 0)
		endpoint_notify(ep);
}

/* Was the record at @ep->pos overwritten? If so, continue at the oldest one. */
static inline bool was_overwritten(struct endpoint *ep)
{
	uint64_t oldest_pos;

	/* after the record was read; pairs with the fence in make_space() */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	oldest_pos = __atomic_load_n(&ep->p->oldest_pos, __ATOMIC_RELAXED);
	if ((int64_t)(oldest_pos - ep->pos) <= 0)
		return false;
	ep->pos = oldest_pos;
	return true;
}

/*
 * Copy the next record. Returns its length, -1 if there is none or it is not
 * complete, -2 if it extends past the producer position: it is corrupt.
 */
static inline int ring_take(struct endpoint *ep, void *buf, uint32_t size)
{
	for (;;) {
		uint64_t there = __atomic_load_n(&ep->p->pos, __ATOMIC_ACQUIRE);
		struct mmapshare_record record;
		uint32_t length, copied;
		uint64_t seq;

		if (was_overwritten(ep))
			continue;
		if (there == ep->pos)
			return -1;
		record.length = __atomic_load_n(&endpoint_record(ep, ep->pos)->length,
						__ATOMIC_ACQUIRE);
		record.seq = endpoint_record(ep, ep->pos)->seq;
		length = record.length & MMAPSHARE_RECORD_LENGTH;
		copied = length < size ? length : size;
		seq = ep->p->seq +
		      (int32_t)(record.seq - (uint32_t)ep->p->seq);
		memcpy(buf, endpoint_record(ep, ep->pos) + 1,
		       copied <= ep->ring->record_max ? copied : 0);
		if (was_overwritten(ep))
			continue;
		if (record.length & MMAPSHARE_RECORD_BUSY)
			return -1;
		if (8 + round8(length) > there - ep->pos)
			return -2;
		ep->lost += seq - ep->seq;
		ep->seq = seq + !(record.length & MMAPSHARE_RECORD_FILLER);
		ring_release(ep, ep->pos + 8 + round8(length));
		if (!(record.length & MMAPSHARE_RECORD_DISCARD))
			return length;
	}
}

#endif /* RING_PROTOCOL_H */
