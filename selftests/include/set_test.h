/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of the tests of ring sets: a set to which no endpoint is attached. */
#ifndef SET_TEST_H
#define SET_TEST_H

#include "ring_protocol.h"

#define SET_SIZE	(64UL << 10)
#define SET_CONSUMERS	4
#define SET_MEMBERS	3

FIXTURE(set) {
	struct device dev;
	char name[32];
	int fd;
	uint64_t stride;
	struct endpoint p[SET_MEMBERS], c[SET_MEMBERS];
};

/* Returns a descriptor or a negative errno. */
static inline int set_create_as(int control, const char *name, uint32_t flags, uint32_t members)
{
	struct mmapshare_create_args create = {
		.region_size = SET_SIZE,
		.mode = name ? 0600 : 0,
		.ring = MMAPSHARE_RING | MMAPSHARE_RING_SET | flags,
		.consumers = SET_CONSUMERS,
		.members = members,
	};

	return region_create_by(control, &create, name);
}

/* Replace the set of the fixture by one with @flags. Returns 0 or an errno. */
static inline int make_set(FIXTURE_DATA(set) *self, uint32_t flags)
{
	region_destroy(self->dev.fd, self->name);
	if (self->fd >= 0)
		close(self->fd);
	self->fd = set_create_as(self->dev.fd, self->name, flags, SET_MEMBERS);
	return self->fd < 0 ? -self->fd : 0;
}

FIXTURE_SETUP(set)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	snprintf(self->name, sizeof(self->name), "set.%d", getpid());
	self->fd = -1;
	ASSERT_EQ(0, make_set(self, 0));
	/* first page, cursors, producer's page, and records */
	self->stride = SET_SIZE + (SET_CONSUMERS + 2) * self->dev.page;
}

FIXTURE_TEARDOWN(set)
{
	region_destroy(self->dev.fd, self->name);
	close(self->fd);
	close(self->dev.fd);
}

/*
 * Attach a consumer to all rings: @eps[i] is its endpoint in ring i, with the
 * descriptor of all. Returns 0 or an errno.
 */
static inline int set_attach_with(struct endpoint eps[], int fd, uint32_t flags,
				  const struct mmapshare_ring_attach_args *args)
{
	struct mmapshare_ring_attach_args at = *args;
	const int set = ring_attach_with(fd, flags | MMAPSHARE_RING_ATTACH_CONSUMER, &at);
	unsigned int i;

	if (set < 0)
		return -set;
	for (i = 0; i < at.members; i++) {
		struct endpoint *ep = &eps[i];
		int error;

		memset(ep, 0, sizeof(*ep));
		ep->fd = set;
		ep->at = at;
		ep->at.map_offset += i * at.stride;
		ep->at.own_offset += i * at.stride;
		error = endpoint_map(ep);
		if (error)
			return error;
		ep->c = endpoint_cursor(ep, at.cursor);
		ep->pos = ep->c->pos;
		ep->seq = ep->c->seq;
	}
	return 0;
}

static inline int set_attach(struct endpoint eps[], int fd, uint32_t flags)
{
	const struct mmapshare_ring_attach_args none = { };

	return set_attach_with(eps, fd, flags, &none);
}

static inline void set_detach(struct endpoint eps[], unsigned int members)
{
	unsigned int i;

	for (i = 0; i < members; i++)
		munmap(eps[i].base, endpoint_map_size(&eps[i]));
	close(eps[0].fd);
}

/* Attach a producer to a ring that has none. Returns 0 or an errno. */
static inline int set_attach_producer(struct endpoint *ep, int fd)
{
	return endpoint_attach(ep, fd, MMAPSHARE_RING_ATTACH_PRODUCER);
}

/* Attach a consumer to all rings, and a producer to each. */
#define SET_ATTACH_ALL(self)						\
	do {								\
		int i_;							\
									\
		ASSERT_EQ(0, set_attach((self)->c, (self)->fd, 0));	\
		for (i_ = 0; i_ < SET_MEMBERS; i_++)			\
			ASSERT_EQ(0, set_attach_producer(&(self)->p[i_], (self)->fd)); \
	} while (0)

#define SET_DETACH_ALL(self)						\
	do {								\
		int i_;							\
									\
		for (i_ = 0; i_ < SET_MEMBERS; i_++)			\
			endpoint_detach(&(self)->p[i_]);		\
		set_detach((self)->c, SET_MEMBERS);			\
	} while (0)

#endif /* SET_TEST_H */
