/* SPDX-License-Identifier: MIT */
/*
 * What the ring*.c know of each other. What is in a ring, and who may store it,
 * is in <linux/mmapshare.h>; the numbers of steps in comments are those of "The
 * protocol" in Documentation/ring.rst.
 */
#ifndef MMAPSHARE_LIB_RING_H
#define MMAPSHARE_LIB_RING_H

#include <errno.h>
#include "lib.h"

/* The functions themselves are here. */
#define MMAPSHARE_LIBRARY
#include "mmapshare_inline.h"

/* What the kernel says of a ring can be believed, if it speaks of it as we do. */
static inline bool mms_ring_is_known(const struct mmapshare_ring *ring)
{
	return ring->magic == MMAPSHARE_RING_MAGIC &&
	       ring->version == MMAPSHARE_RING_VERSION && !ring->features;
}

static inline uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/* Bytes of records. */
static inline uint64_t mms_ring_size(const struct mmapshare_endpoint *ep)
{
	return ep->mask + MMS_HEADER;
}

/* 64 bits of a number that is about @near. */
static inline uint64_t mms_extend_seq(uint32_t low, uint64_t near)
{
	return near + (int32_t)(low - (uint32_t)near);
}

static inline const struct mmapshare_ring_cursor *
mms_cursor(const struct mmapshare_ring *ring, unsigned int n)
{
	return (void *)((char *)ring + ring->cursor_offset + n * ring->cursor_stride);
}

/* Does a consumer have records that are not released? */
static inline bool mms_has_taken(const struct mmapshare_endpoint *ep)
{
	return ep->last != ep->pos || ep->stale;
}

/* What is said to who asks for what the other side does. */
static inline int mms_wrong_role(const struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_NONE ? -ENODEV : -EBADF;
}

/* Each side's half of the functions for both. */
MMS_HIDDEN void mms_producer_begin(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_producer_is_ready(struct mmapshare_endpoint *ep);
MMS_HIDDEN void mms_consumer_begin(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_consumer_publish(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_consumer_is_ready(struct mmapshare_endpoint *ep);

#endif /* MMAPSHARE_LIB_RING_H */
