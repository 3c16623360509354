/* SPDX-License-Identifier: GPL-2.0 */
/* Fixture of the tests of rings in libmmapshare, and records to check. */
#ifndef LIB_RING_TEST_H
#define LIB_RING_TEST_H

#include "doorbell_test.h"
#include <mmapshare.h>

#define PRODUCER	MMAPSHARE_RING_ATTACH_PRODUCER
#define CONSUMER	MMAPSHARE_RING_ATTACH_CONSUMER
#define LATEST		MMAPSHARE_RING_ATTACH_LATEST
#define OVERWRITE	MMAPSHARE_RING_OVERWRITE
#define CONSUMERS	4

/*
 * An empty ring of @size bytes. Tests attach @p and @c; teardown detaches them.
 */
FIXTURE(ring) {
	struct device dev;
	char name[32];
	struct mmapshare *region;
	struct mmapshare_endpoint *p, *c;
	size_t size;
	const void *record;
	size_t length;
};

/* Replace the ring of the fixture. */
static inline int make_ring(FIXTURE_DATA(ring) *self, size_t size, unsigned int flags)
{
	mmapshare_destroy(self->name, 0);
	mmapshare_close(self->region);
	self->region = NULL;
	self->size = size;
	return mmapshare_ring_create(&self->region, self->name, size, flags, CONSUMERS,
				     0600);
}

static inline int attach(FIXTURE_DATA(ring) *self, struct mmapshare_endpoint **ep,
			 unsigned int flags)
{
	return mmapshare_ring_attach(ep, self->region, flags);
}

static inline int attach_both(FIXTURE_DATA(ring) *self)
{
	int ret = attach(self, &self->p, PRODUCER);

	return ret ? ret : attach(self, &self->c, CONSUMER);
}

FIXTURE_SETUP(ring)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "ring.%d", getpid());
	ASSERT_EQ(0, make_ring(self, self->dev.page, 0));
}

FIXTURE_TEARDOWN(ring)
{
	mmapshare_destroy(self->name, 0);
	mmapshare_ring_close(self->p);
	mmapshare_ring_close(self->c);
	mmapshare_close(self->region);
	close(self->dev.fd);
}

/*
 * Length of the record with sequence number @seq: pseudo-random, up to @max, in
 * three of four cases less than a sixteenth of that.
 */
static inline size_t length_of(uint64_t seq, size_t max)
{
	const uint64_t random = (seq + 1) * 0x9e3779b97f4a7c15ULL;

	return (random >> 20) % (random >> 62 ? max / 16 : max + 1);
}

/* Reserve and commit a record whose bytes follow from @seq. */
static inline int put_record(struct mmapshare_endpoint *p, uint64_t seq, size_t length)
{
	void *record;
	int ret = mmapshare_ring_reserve(p, length, &record);

	if (ret)
		return ret;
	make_bytes(record, length, 0, seq);
	return mmapshare_ring_commit(p);
}

/* Is this the aligned record that put_record(p, @seq, @expected) stored? */
static inline bool is_record(const void *record, size_t length, uint64_t seq, size_t expected)
{
	return length == expected && !((uintptr_t)record % 8) &&
	       same_bytes(record, length, 0, seq);
}

/* Put records until the ring is full. Returns their number, or minus errno. */
static inline long put_all(struct mmapshare_endpoint *p, uint64_t first, size_t length)
{
	long n = 0;
	int ret;

	while (!(ret = put_record(p, first + n, length)))
		n++;
	return ret == -EAGAIN ? n : ret;
}

/*
 * Take and release all records. Returns their number, minus errno, or -1 if one
 * of them is not what put_record() has stored with @length bytes.
 */
static inline long take_all(struct mmapshare_endpoint *c, uint64_t first, size_t length)
{
	const void *record;
	size_t actual;
	long n = 0;
	int ret;

	while (!(ret = mmapshare_ring_next(c, &record, &actual))) {
		if (!is_record(record, actual, first + n, length))
			return -1;
		n++;
	}
	if (ret == -EAGAIN)
		ret = mmapshare_ring_release(c);
	return ret ? ret : n;
}

static inline uint64_t get_env_number(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : fallback;
}

#endif /* LIB_RING_TEST_H */
