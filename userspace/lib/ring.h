/* SPDX-License-Identifier: MIT */
/*
 * Internal declarations of ring*.c. <linux/mmapshare.h> describes the shared
 * words of a ring. "Step N" in comments is a step of "The protocol" in
 * Documentation/ring.rst.
 */
#ifndef MMAPSHARE_LIB_RING_H
#define MMAPSHARE_LIB_RING_H

#include <errno.h>
#include "lib.h"

/* mmapshare_inline.h must not replace the functions that are defined here. */
#define MMAPSHARE_LIBRARY
#include "mmapshare_inline.h"

#define MMS_RING_FEATURES	(MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_BOOTTIME | \
				 MMAPSHARE_RING_FEAT_CPU | MMAPSHARE_RING_FEAT_TYPE)

/* Does the library know the layout that this version of the kernel uses? */
static inline bool mms_ring_is_known(const struct mmapshare_ring *ring)
{
	return ring->magic == MMAPSHARE_RING_MAGIC &&
	       ring->version == MMAPSHARE_RING_VERSION &&
	       !(ring->features & ~(__u64)MMS_RING_FEATURES);
}

static inline uint64_t round8(uint64_t n)
{
	return (n + 7) & ~7ULL;
}

/* Bytes of records in the ring. */
static inline uint64_t mms_ring_size(const struct mmapshare_endpoint *ep)
{
	return ep->mask + MMS_HEADER;
}

/* The sequence number with the lower 32 bits @low that is closest to @near. */
static inline uint64_t mms_extend_seq(uint32_t low, uint64_t near)
{
	return near + (int32_t)(low - (uint32_t)near);
}

static inline const struct mmapshare_ring_cursor *
mms_cursor(const struct mmapshare_ring *ring, unsigned int i)
{
	return (void *)((char *)ring + ring->cursor_offset + i * ring->cursor_stride);
}

/* Has the consumer taken records that it has not released? */
static inline bool mms_has_unreleased(const struct mmapshare_endpoint *ep)
{
	return ep->last_pos != ep->pos || ep->stale;
}

/* The error of a function that is for the other role. */
static inline int mms_role_error(const struct mmapshare_endpoint *ep)
{
	return ep->role == MMS_ROLE_REVOKED ? -ENODEV : -EBADF;
}

/*
 * ring.c, ring_producer.c, ring_consumer.c. mms_ring_notify() passes
 * MMAPSHARE_RING_NOTIFY_* to the kernel. The _init() functions complete an endpoint
 * that is attached and mapped. mms_consumer_publish() returns whether the
 * producer must be notified.
 */
MMS_HIDDEN int mms_ring_notify(struct mmapshare_endpoint *ep, unsigned int flags);
MMS_HIDDEN void mms_producer_init(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_producer_is_ready(struct mmapshare_endpoint *ep);
MMS_HIDDEN void mms_consumer_init(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_consumer_publish(struct mmapshare_endpoint *ep);
MMS_HIDDEN bool mms_consumer_is_ready(struct mmapshare_endpoint *ep);

/*
 * ring.c, for sets. mms_attach() returns the descriptor of an endpoint, or of those of
 * a set; mms_endpoint_new() maps one of them, and does not own @fd.
 */
MMS_HIDDEN int mms_set_members(int fd);
MMS_HIDDEN int mms_attach(int fd, struct mmapshare_ring_attach_args *args);
MMS_HIDDEN int mms_copy_attach_args(struct mmapshare_ring_attach_args *to,
				    const struct mmapshare_ring_attach_args *from);
MMS_HIDDEN int mms_endpoint_new(struct mmapshare_endpoint **ep, int fd,
				const struct mmapshare_ring_attach_args *args);
MMS_HIDDEN void mms_endpoint_free(struct mmapshare_endpoint *ep);
MMS_HIDDEN int mms_open_for(const char *name, unsigned int flags);
MMS_HIDDEN int mms_replace_if_revoked(struct mmapshare_endpoint *ep, int ret);
MMS_HIDDEN int mms_ring_wait(struct mmapshare_endpoint *ep, unsigned int flags, int64_t timeout);

/* ring_consumer.c, for sets */
MMS_HIDDEN bool mms_is_not_overwritten(const struct mmapshare_endpoint *ep, uint64_t pos);
MMS_HIDDEN bool mms_consumer_look(struct mmapshare_endpoint *ep);
MMS_HIDDEN int mms_consumer_peek(struct mmapshare_endpoint *ep, uint64_t *time);
MMS_HIDDEN int mms_consumer_take(struct mmapshare_endpoint *ep, uint64_t pos,
				 const void **record, size_t *length);
MMS_HIDDEN void mms_consumer_put_back(struct mmapshare_endpoint *ep, uint64_t pos);

#endif /* MMAPSHARE_LIB_RING_H */
