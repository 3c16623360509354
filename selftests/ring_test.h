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
struct part {
	int fd;
	char *base;
	struct mmapshare_ring_attach at;
	struct mmapshare_ring *ring;
	struct mmapshare_ring_producer *p;
	struct mmapshare_ring_cursor *c;
	char *data;
	uint64_t position, number, lost;	/* of who has the part */
	uint64_t tail;				/* a producer's */
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
	struct mmapshare_create create = {
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
static inline int ring_attach(int fd, uint32_t flags, struct mmapshare_ring_attach *at)
{
	int part;

	*at = (struct mmapshare_ring_attach){
		.size = sizeof(*at),
		.flags = flags | MMAPSHARE_RING_ATTACH_CLOEXEC,
	};
	part = ioctl(fd, MMAPSHARE_IOC_RING_ATTACH, at);
	return part < 0 ? -errno : part;
}

/* 0, or the errno. */
static inline int part_map(struct part *part)
{
	char *own;

	part->base = mmap(NULL, part->at.map_size, PROT_READ, MAP_SHARED, part->fd, 0);
	if (part->base == MAP_FAILED)
		return errno;
	own = mmap(part->base + part->at.own_offset, part->at.own_size,
		   PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, part->fd,
		   part->at.own_offset);
	if (own == MAP_FAILED)
		return errno;
	part->ring = (void *)part->base;
	part->p = (void *)(part->base + part->ring->producer_offset);
	part->data = part->base + part->ring->data_offset;
	return 0;
}

static inline struct mmapshare_record *part_record(struct part *part, uint64_t position)
{
	return (void *)(part->data + (position & (part->ring->data_size - 1)));
}

static inline struct mmapshare_ring_cursor *part_cursor(struct part *part, unsigned int n)
{
	return (void *)(part->base + part->ring->cursor_offset +
			n * part->ring->cursor_stride);
}

/* 0, or the errno. */
static inline int part_attach(struct part *part, int fd, uint32_t flags)
{
	int error;

	memset(part, 0, sizeof(*part));
	part->fd = ring_attach(fd, flags, &part->at);
	if (part->fd < 0)
		return -part->fd;
	error = part_map(part);
	if (error)
		return error;
	if (flags & MMAPSHARE_RING_ATTACH_PRODUCER) {
		part->position = part->p->position;
		part->tail = part->p->tail;
		part->number = part->p->records +
			(int32_t)(part_record(part, part->position)->number -
				  (uint32_t)part->p->records);
	} else {
		part->c = part_cursor(part, part->at.cursor);
		part->position = part->c->position;
		part->number = part->c->number;
	}
	return 0;
}

static inline void part_detach(struct part *part)
{
	munmap(part->base, part->at.map_size);
	close(part->fd);
}

/* 0 or the errno. */
static inline int part_notify(struct part *part)
{
	struct mmapshare_ring_notify notify = { .size = sizeof(notify) };

	part->calls++;
	return ioctl(part->fd, MMAPSHARE_IOC_RING_NOTIFY, &notify) ? errno : 0;
}

/* 0 or the errno. */
static inline int part_wait_as(struct part *part, uint32_t flags, int64_t timeout)
{
	struct mmapshare_ring_wait wait = {
		.size = sizeof(wait),
		.flags = flags,
		.timeout = timeout,
	};

	return ioctl(part->fd, MMAPSHARE_IOC_RING_WAIT, &wait) ? errno : 0;
}

static inline int part_wait(struct part *part, int64_t timeout)
{
	return part_wait_as(part, 0, timeout);
}

#define full_fence()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

static inline uint64_t least_position(struct part *part)
{
	uint64_t consumers = __atomic_load_n(&part->ring->consumers, __ATOMIC_ACQUIRE);
	uint64_t least = part->position, position;
	unsigned int n;

	if (!consumers)
		return __atomic_load_n(&part->ring->kept, __ATOMIC_RELAXED);
	for (n = 0; n < 64; n++) {
		if (!(consumers >> n & 1))
			continue;
		position = __atomic_load_n(&part_cursor(part, n)->position,
					   __ATOMIC_ACQUIRE);
		if (part->position - position > part->position - least)
			least = position;
	}
	return least;
}

static inline bool part_fits(struct part *part, uint64_t step)
{
	return part->position + step + 8 - part->tail <= part->ring->data_size;
}

/* Forget the oldest record, if it ends where @limit is, or before. */
static inline bool forget(struct part *part, uint64_t limit)
{
	uint64_t next = part->tail + 8 + round8(part_record(part, part->tail)->length);

	if ((int64_t)(limit - next) < 0)
		return false;
	part->tail = next;
	return true;
}

static inline bool make_room(struct part *part, uint64_t step)
{
	const uint64_t before = part->tail;
	uint64_t least;

	if (part_fits(part, step))
		return true;
	if (part->ring->flags & MMAPSHARE_RING_OVERWRITE) {
		while (!part_fits(part, step) && forget(part, part->position))
			part->p->overwritten++;
		__atomic_store_n(&part->p->tail, part->tail, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return true;
	}
	least = least_position(part);
	while (forget(part, least))
		;
	__atomic_store_n(&part->p->tail, part->tail, __ATOMIC_RELAXED);
	full_fence();
	if ((int64_t)(least_position(part) - part->tail) < 0) {
		part->tail = before;
		__atomic_store_n(&part->p->tail, part->tail, __ATOMIC_RELAXED);
	}
	return part_fits(part, step);
}

/* Room for a record, or NULL. */
static inline void *ring_reserve(struct part *part, uint32_t length)
{
	if (length > part->ring->record_max || !make_room(part, 8 + round8(length)))
		return NULL;
	part_record(part, part->position)->length = length;
	return part_record(part, part->position) + 1;
}

static inline void ring_publish(struct part *part)
{
	uint64_t wake;

	part->position += 8 + round8(part_record(part, part->position)->length);
	part_record(part, part->position)->number = ++part->number;
	__atomic_store_n(&part->p->records, part->number, __ATOMIC_RELAXED);
	__atomic_store_n(&part->p->position, part->position, __ATOMIC_RELEASE);
	full_fence();
	wake = __atomic_load_n(&part->ring->wake, __ATOMIC_RELAXED);
	if (wake & 1 && (int64_t)(part->position - (wake & ~7ULL)) >= 0)
		part_notify(part);
}

/* Bytes that tell which record they are of. */
static inline bool ring_put(struct part *part, uint32_t length)
{
	void *record = ring_reserve(part, length);

	if (!record)
		return false;
	make_bytes(record, length, 0, part->number);
	ring_publish(part);
	return true;
}

/* Says that everything before its position is taken. */
static inline void ring_release(struct part *part, uint64_t position)
{
	uint64_t before = part->position, room;

	part->position = position;
	__atomic_store_n(&part->c->position, position, __ATOMIC_RELEASE);
	full_fence();
	room = __atomic_load_n(&part->ring->room, __ATOMIC_RELAXED);
	if (room & 1 && (int64_t)(position - (room & ~7ULL)) >= 0 &&
	    (int64_t)(before - (room & ~7ULL)) < 0)
		part_notify(part);
}

static inline bool was_overwritten(struct part *part)
{
	uint64_t tail;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	tail = __atomic_load_n(&part->p->tail, __ATOMIC_RELAXED);
	if ((int64_t)(tail - part->position) <= 0)
		return false;
	part->position = tail;
	return true;
}

/*
 * Copy the next record. Its length; -1 if there is none, -2 if a record of the
 * protocol is malformed.
 */
static inline int ring_take(struct part *part, void *buf, uint32_t size)
{
	for (;;) {
		uint64_t there = __atomic_load_n(&part->p->position, __ATOMIC_ACQUIRE);
		struct mmapshare_record record;
		uint32_t length, copied;
		uint64_t number;

		if (was_overwritten(part))
			continue;
		if (there == part->position)
			return -1;
		record.length = __atomic_load_n(&part_record(part, part->position)->length,
						__ATOMIC_ACQUIRE);
		record.number = part_record(part, part->position)->number;
		length = record.length & MMAPSHARE_RECORD_LENGTH;
		copied = length < size ? length : size;
		number = part->p->records +
			 (int32_t)(record.number - (uint32_t)part->p->records);
		memcpy(buf, part_record(part, part->position) + 1,
		       copied <= part->ring->record_max ? copied : 0);
		if (was_overwritten(part))
			continue;
		if (record.length & MMAPSHARE_RECORD_BUSY)
			return -1;
		if (8 + round8(length) > there - part->position)
			return -2;
		part->lost += number - part->number;
		part->number = number + 1;
		ring_release(part, part->position + 8 + round8(length));
		if (!(record.length & MMAPSHARE_RECORD_DISCARD))
			return length;
	}
}

FIXTURE(ring) {
	struct device dev;
	char name[32];
	int fd;
	struct part p, c;
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
		ASSERT_EQ(0, part_attach(&(self)->p, (self)->fd,	\
					 MMAPSHARE_RING_ATTACH_PRODUCER)); \
		ASSERT_EQ(0, part_attach(&(self)->c, (self)->fd,	\
					 MMAPSHARE_RING_ATTACH_CONSUMER)); \
	} while (0)

/* The next record is number @number, of @length bytes, and as it was put. */
#define EXPECT_RECORD(self, part, want_number, want_length)		\
	do {								\
		EXPECT_EQ((int)(want_length),				\
			  ring_take(part, (self)->buf, sizeof((self)->buf))); \
		EXPECT_EQ((want_number) + 1ULL, (part)->number);	\
		EXPECT_TRUE(same_bytes((self)->buf, want_length, 0,	\
				       (part)->number - 1));		\
	} while (0)

#endif /* RING_TEST_H */
