/* SPDX-License-Identifier: GPL-2.0 */
/* Cursors that have a name. */
#ifndef MMAPSHARE_RING_NAMED_H
#define MMAPSHARE_RING_NAMED_H

#include "ring.h"

/**
 * struct mms_named - the name of a cursor
 * @name: unique in its ring
 * @uid: user that created it
 * @may_lose: its consumers do not hold back the producer of a lossless ring
 * @keep_ns: as in struct mmapshare_ring_attach_args; 0 if @may_lose, and in an
 *	overwriting ring
 * @detached_ns: when the last consumer detached, by ktime_get_ns()
 * @evicted: the producer no longer waits for the cursor, which has no consumer
 * @fresh: the attach that has created it can still fail: then the name is removed
 * @ep: stands in for a consumer while there is none: it counts, can become corrupt,
 *	and does not sleep
 *
 * @name, @uid, @may_lose and @keep_ns are constant, the others are protected by the ring's @lock.
 */
struct mms_named {
	char name[MMAPSHARE_NAME_SIZE];
	kuid_t uid;
	bool may_lose;
	u64 keep_ns;
	u64 detached_ns;
	bool evicted;
	bool fresh;
	struct mms_endpoint ep;
};

struct mms_named *mms_named_alloc(const struct mms_endpoint *c, const char *name, u64 keep_ns);
int mms_named_find(const struct mms_ring *ring, const char *name);
int mms_named_check(const struct mms_place *place, unsigned int cursor);
void mms_named_claim(struct mms_place *place, unsigned int cursor);
void mms_named_settle(struct mms_named *named);
void mms_named_confirm(const struct mms_endpoint *c);
void mms_named_park(struct mms_ring *ring, struct mms_endpoint *c);
int mms_named_query(struct mms_region *r, struct mmapshare_ring_name *query);
int mms_named_remove(struct mms_region *r, const char *name);
void mms_named_free_all(struct mms_ring *ring);

#endif /* MMAPSHARE_RING_NAMED_H */
