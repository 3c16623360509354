/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the ring tests: a control device, and a ring to which no
 * endpoint is attached.
 */
#ifndef RING_TEST_H
#define RING_TEST_H

#include "ring_protocol.h"

#define RING_SIZE	(64UL << 10)
#define RING_CONSUMERS	4
#define RECORD_MAX	(32UL << 10)

FIXTURE(ring) {
	struct device dev;
	char name[32];
	int fd;
	struct endpoint p, c;
	char buf[RECORD_MAX];
};

/* Replace the ring of the fixture by one with @flags. Returns 0 or an errno. */
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

/* Attach a producer and a consumer in this process. */
#define RING_ATTACH_BOTH(self)						\
	do {								\
		ASSERT_EQ(0, endpoint_attach(&(self)->p, (self)->fd,	\
					     MMAPSHARE_RING_ATTACH_PRODUCER)); \
		ASSERT_EQ(0, endpoint_attach(&(self)->c, (self)->fd,	\
					     MMAPSHARE_RING_ATTACH_CONSUMER)); \
	} while (0)

/* Expect that the next record has this number and length, and valid bytes. */
#define EXPECT_RECORD(self, ep, want_seq, want_length)			\
	do {								\
		EXPECT_EQ((int)(want_length),				\
			  ring_take(ep, (self)->buf, sizeof((self)->buf))); \
		EXPECT_EQ((want_seq) + 1ULL, (ep)->seq);		\
		EXPECT_TRUE(same_bytes((self)->buf, want_length, 0,	\
				       (ep)->seq - 1));			\
	} while (0)

#endif /* RING_TEST_H */
