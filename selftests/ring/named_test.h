/* SPDX-License-Identifier: GPL-2.0 */
/* Consumers that attach by the name of a cursor. */
#ifndef NAMED_TEST_H
#define NAMED_TEST_H

#include "ring_test.h"

#define CONSUMER	MMAPSHARE_RING_ATTACH_CONSUMER
#define EXISTING	(CONSUMER | MMAPSHARE_RING_ATTACH_EXISTING)
#define OLDEST		(CONSUMER | MMAPSHARE_RING_ATTACH_OLDEST)
#define LATEST		(CONSUMER | MMAPSHARE_RING_ATTACH_LATEST)
#define SEQ		(CONSUMER | MMAPSHARE_RING_ATTACH_SEQ)

#define LENGTH		104
#define STEP		112
#define CAPACITY	((RING_SIZE - 8) / STEP)

static inline struct mmapshare_ring_attach_args named_args(const char *name, uint64_t keep_ns,
							   uint64_t seq)
{
	struct mmapshare_ring_attach_args at = { .keep_ns = keep_ns, .seq = seq };

	strcpy(at.name, name);
	return at;
}

/* Returns 0 or an errno. */
static inline int attach_named(struct endpoint *c, int fd, uint32_t flags, const char *name,
			       uint64_t keep_ns)
{
	const struct mmapshare_ring_attach_args at = named_args(name, keep_ns, 0);

	return endpoint_attach_with(c, fd, flags, &at);
}

/* The errno of an attach that is to fail; 0 if it does not. */
static inline int refuse_named(int ring, uint32_t flags, const char *name, uint64_t seq)
{
	struct mmapshare_ring_attach_args at = named_args(name, 0, seq);
	int fd = ring_attach_with(ring, flags, &at);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? -fd : 0;
}

/* Returns 0 or an errno. */
static inline int query_name(int fd, const char *name, struct mmapshare_ring_name *query)
{
	*query = (struct mmapshare_ring_name){ .size = sizeof(*query) };
	strcpy(query->name, name);
	return ioctl(fd, MMAPSHARE_IOC_RING_NAME, query) ? errno : 0;
}

/* The state of a name, or -1. */
static inline int name_state(int fd, const char *name)
{
	struct mmapshare_ring_name query;

	return query_name(fd, name, &query) ? -1 : (int)query.state;
}

/* Returns 0 or an errno. */
static inline int remove_name(int fd, const char *name)
{
	struct mmapshare_ring_remove_args remove = { .size = sizeof(remove) };

	strcpy(remove.name, name);
	return ioctl(fd, MMAPSHARE_IOC_RING_REMOVE, &remove) ? errno : 0;
}

static inline bool put_records(FIXTURE_DATA(ring) *self, unsigned int n)
{
	while (n--)
		if (!ring_put(&self->p, LENGTH))
			return false;
	return true;
}

/* Put records until the ring is full. Returns their number. */
static inline uint64_t fill_ring(FIXTURE_DATA(ring) *self)
{
	uint64_t n;

	for (n = 0; ring_put(&self->p, LENGTH); n++)
		;
	self->p.p->wake_bytes = STEP;
	return n;
}

static inline bool is_resumed(const struct endpoint *c)
{
	return c->at.flags & MMAPSHARE_RING_ATTACH_RESUMED;
}

#endif /* NAMED_TEST_H */
