/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol of Documentation/ring.rst, once more and as plainly as it is
 * written there, and the fixture of the tests of rings: a control device, and a
 * ring that nobody has a part in.
 */
#ifndef RING_TEST_H
#define RING_TEST_H

#include "doorbell_test.h"

#define RING_SIZE	(64UL << 10)
#define RING_CONSUMERS	4
#define RECORD_MAX	(32UL << 10)

/* A part in a ring, by its file, and where its ring is mapped. */
struct endpoint {
	int fd;
	char *base;
	struct mmapshare_ring_attach_args at;
	struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	char *data;
	uint64_t pos, seq, lost;	/* of who has the part */
	uint64_t oldest_pos;				/* a producer's */
	unsigned long calls;			/* to notify */
};

static inline uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/* A descriptor, or minus errno. */
static inline int ring_create_as(int control, const char *name, uint64_t size,
				 uint32_t flags, uint32_t consumers)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC,
		.region_size = size,
		.strategy = MMAPSHARE_STRATEGY_FAULT,
		.mode = name ? 0600 : 0,
		.ring = flags,
		.consumers = consumers,
	};
	int fd;

	if (name)
		name_copy(create.name, name);
	fd = ioctl(control, MMAPSHARE_IOC_CREATE, &create);
	return fd < 0 ? -errno : fd;
}

/* A descriptor, or minus errno. */
static inline int ring_attach(int fd, uint32_t flags, struct mmapshare_ring_attach_args *at)
{
	int ep;

	*at = (struct mmapshare_ring_attach_args){
		.size = sizeof(*at),
		.flags = flags | MMAPSHARE_RING_ATTACH_CLOEXEC,
	};
	ep = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, at);
	return ep < 0 ? -errno : ep;
}

/* 0, or the errno. */
static inline int endpoint_map(struct endpoint *ep)
{
	char *own;

	ep->base = mmap(NULL, ep->at.map_size, PROT_READ, MAP_SHARED, ep->fd, 0);
	if (ep->base == MAP_FAILED)
		return errno;
	own = mmap(ep->base + ep->at.own_offset, ep->at.own_size,
		   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, ep->fd,
		   ep->at.own_offset);
	if (own == MAP_FAILED)
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

/* 0, or the errno. */
static inline int endpoint_attach(struct endpoint *ep, int fd, uint32_t flags)
{
	int error;

	memset(ep, 0, sizeof(*ep));
	ep->fd = ring_attach(fd, flags, &ep->at);
	if (ep->fd < 0)
		return -ep->fd;
	error = endpoint_map(ep);
	if (error)
		return error;
	if (flags & MMAPSHARE_RING_ATTACH_PRODUCER) {
		ep->pos = ep->p->pos;
		ep->oldest_pos = ep->p->oldest_pos;
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

static inline void endpoint_detach(struct endpoint *ep)
{
	munmap(ep->base, ep->at.map_size);
	close(ep->fd);
}

/* 0 or the errno. */
static inline int endpoint_notify(struct endpoint *ep)
{
	struct mmapshare_ring_notify_args notify = { .size = sizeof(notify) };

	ep->calls++;
	return ioctl(ep->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify) ? errno : 0;
}

/* 0 or the errno. */
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

static inline uint64_t least_position(struct endpoint *ep)
{
	uint64_t consumers = __atomic_load_n(&ep->ring->consumers, __ATOMIC_ACQUIRE);
	uint64_t least = ep->pos, pos;
	unsigned int n;

	if (!consumers)
		return __atomic_load_n(&ep->ring->retained_pos, __ATOMIC_RELAXED);
	for (n = 0; n < 64; n++) {
		if (!(consumers >> n & 1))
			continue;
		pos = __atomic_load_n(&endpoint_cursor(ep, n)->pos,
					   __ATOMIC_ACQUIRE);
		if (ep->pos - pos > ep->pos - least)
			least = pos;
	}
	return least;
}

static inline bool endpoint_fits(struct endpoint *ep, uint64_t step)
{
	return ep->pos + step + 8 - ep->oldest_pos <= ep->ring->data_size;
}

/* Forget the oldest record, if it ends where @limit is, or before. */
static inline bool forget(struct endpoint *ep, uint64_t limit)
{
	uint64_t next = ep->oldest_pos + 8 + round8(endpoint_record(ep, ep->oldest_pos)->length);

	if ((int64_t)(limit - next) < 0)
		return false;
	ep->oldest_pos = next;
	return true;
}

static inline bool make_room(struct endpoint *ep, uint64_t step)
{
	const uint64_t before = ep->oldest_pos;
	uint64_t least;

	if (endpoint_fits(ep, step))
		return true;
	if (ep->ring->flags & MMAPSHARE_RING_OVERWRITE) {
		while (!endpoint_fits(ep, step) && forget(ep, ep->pos))
			ep->p->overwritten++;
		__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return true;
	}
	least = least_position(ep);
	while (forget(ep, least))
		;
	__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
	full_fence();
	if ((int64_t)(least_position(ep) - ep->oldest_pos) < 0) {
		ep->oldest_pos = before;
		__atomic_store_n(&ep->p->oldest_pos, ep->oldest_pos, __ATOMIC_RELAXED);
	}
	return endpoint_fits(ep, step);
}

/* Room for a record, or NULL. */
static inline void *ring_reserve(struct endpoint *ep, uint32_t length)
{
	if (length > ep->ring->record_max || !make_room(ep, 8 + round8(length)))
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
	__atomic_store_n(&ep->p->pos, ep->pos, __ATOMIC_RELEASE);
	full_fence();
	wake = __atomic_load_n(&ep->ring->consumer_wake_pos, __ATOMIC_RELAXED);
	if (wake & 1 && (int64_t)(ep->pos - (wake & ~7ULL)) >= 0)
		endpoint_notify(ep);
}

/* Bytes that tell which record they are of. */
static inline bool ring_put(struct endpoint *ep, uint32_t length)
{
	void *record = ring_reserve(ep, length);

	if (!record)
		return false;
	make_bytes(record, length, 0, ep->seq);
	ring_publish(ep);
	return true;
}

/* Says that everything before its position is taken. */
static inline void ring_release(struct endpoint *ep, uint64_t pos)
{
	uint64_t before = ep->pos, room;

	ep->pos = pos;
	__atomic_store_n(&ep->c->pos, pos, __ATOMIC_RELEASE);
	full_fence();
	room = __atomic_load_n(&ep->ring->producer_wake_pos, __ATOMIC_RELAXED);
	if (room & 1 && (int64_t)(pos - (room & ~7ULL)) >= 0 &&
	    (int64_t)(before - (room & ~7ULL)) < 0)
		endpoint_notify(ep);
}

static inline bool was_overwritten(struct endpoint *ep)
{
	uint64_t oldest_pos;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	oldest_pos = __atomic_load_n(&ep->p->oldest_pos, __ATOMIC_RELAXED);
	if ((int64_t)(oldest_pos - ep->pos) <= 0)
		return false;
	ep->pos = oldest_pos;
	return true;
}

/*
 * Copy the next record. Its length; -1 if there is none, -2 if a record of the
 * protocol is malformed.
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
		ep->seq = seq + 1;
		ring_release(ep, ep->pos + 8 + round8(length));
		if (!(record.length & MMAPSHARE_RECORD_DISCARD))
			return length;
	}
}

FIXTURE(ring) {
	struct device dev;
	char name[32];
	int fd;
	struct endpoint p, c;
	char buf[RECORD_MAX];
};

/* Also for tests that want another ring. */
static inline int make_ring(FIXTURE_DATA(ring) *self, uint32_t flags)
{
	region_destroy(self->dev.fd, self->name);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = ring_create_as(self->dev.fd, self->name, RING_SIZE,
				  MMAPSHARE_RING | flags, RING_CONSUMERS);
	return self->fd < 0 ? -self->fd : 0;
}

FIXTURE_SETUP(ring)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "ring.%d", getpid());
	self->fd = -1;
	ASSERT_EQ(0, make_ring(self, 0));
}

FIXTURE_TEARDOWN(ring)
{
	region_destroy(self->dev.fd, self->name);
	close(self->fd);
	close(self->dev.fd);
}

/* Both sides in this process. */
#define RING_ATTACH_BOTH(self)						\
	do {								\
		ASSERT_EQ(0, endpoint_attach(&(self)->p, (self)->fd,	\
					 MMAPSHARE_RING_ATTACH_PRODUCER)); \
		ASSERT_EQ(0, endpoint_attach(&(self)->c, (self)->fd,	\
					 MMAPSHARE_RING_ATTACH_CONSUMER)); \
	} while (0)

/* The next record is number @seq, of @length bytes, and as it was put. */
#define EXPECT_RECORD(self, ep, want_number, want_length)		\
	do {								\
		EXPECT_EQ((int)(want_length),				\
			  ring_take(ep, (self)->buf, sizeof((self)->buf))); \
		EXPECT_EQ((want_number) + 1ULL, (ep)->seq);	\
		EXPECT_TRUE(same_bytes((self)->buf, want_length, 0,	\
				       (ep)->seq - 1));		\
	} while (0)

#endif /* RING_TEST_H */
