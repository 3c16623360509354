/* SPDX-License-Identifier: MIT */
/*
 * libmmapshare: regions of memory that programs and the kernel share.
 *
 * Every function that can fail returns a negative errno, and does not promise
 * anything about errno itself. What the kernel refuses is passed on as it is.
 * Of a region that was revoked that is -ENODEV, by every function that asks the
 * kernel about it; a touch of what is mapped of it is SIGBUS.
 * A region's handle never changes once it is made, so that threads may use the
 * same one at the same time; a list, and a part in a ring, are for one thread at
 * a time.
 *
 * There is nothing here but functions of the library, and the structures and
 * numbers of <linux/mmapshare.h>.
 */
#ifndef MMAPSHARE_H
#define MMAPSHARE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <linux/mmapshare.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * struct mmapshare - an open region: a descriptor and what goes with it
 */
struct mmapshare;

/*
 * struct mmapshare_list - how far somebody got in the list of all regions
 */
struct mmapshare_list;

/*
 * struct mmapshare_endpoint - a part in a ring: its producer, or one of its consumers
 */
struct mmapshare_endpoint;

/**
 * enum mmapshare_access - what to do with a region, or with a mapping of it
 * @MMAPSHARE_READ: load
 * @MMAPSHARE_WRITE: load and store, everybody sees it
 * @MMAPSHARE_COPY: load and store, nobody else sees what is stored; opening
 *	for this is opening for @MMAPSHARE_READ
 */
enum mmapshare_access {
	MMAPSHARE_READ	= 0,
	MMAPSHARE_WRITE	= 1,
	MMAPSHARE_COPY	= 2,
};

/* Creating and opening: mmapshare_create(3) */

/**
 * mmapshare_create - make a region and open it for reading and writing
 * @region: out: the region, to be closed; not touched on failure
 * @name: its node is to be /dev/mmapshare-NAME; NULL for an anonymous region
 * @size: bytes, rounded up to whole pages
 * @strategy: enum mmapshare_strategy
 * @mode: permissions of the node, less the umask's; 0 for an anonymous region
 *
 * Return: 0; -EEXIST if the name is taken; -EINVAL, -ERANGE; -ENOSPC or -EDQUOT
 * if a limit forbids it; -ENOMEM; what open() says of /dev/mmapshare: -EACCES
 * without permission, -ENOENT without the module.
 */
int mmapshare_create(struct mmapshare **region, const char *name, uint64_t size,
		     unsigned int strategy, unsigned int mode);

/**
 * mmapshare_create_or_open - open a region, and make it if there is none
 * @region: out: the region, open for reading and writing, to be closed
 * @name: its name
 * @size: bytes, as all that follow only if it is made: one that is there can
 *	have another size
 * @strategy: enum mmapshare_strategy
 * @mode: permissions of the node, less the umask's
 *
 * Of all who call this at the same time, one makes the region.
 *
 * Return: 1 if this call made it, 0 if it was there; else as mmapshare_create()
 * and mmapshare_open(), but never -EEXIST. -ENOENT also if there is the region
 * but no node for it in this /dev.
 */
int mmapshare_create_or_open(struct mmapshare **region, const char *name,
			     uint64_t size, unsigned int strategy,
			     unsigned int mode);

/**
 * mmapshare_open - open a region that is there
 * @region: out: the region, to be closed; not touched on failure
 * @name: the name, or the path of a node, which has a '/' in it; NULL for
 *	/dev/mmapshare
 * @access: enum mmapshare_access
 *
 * Return: 0; what open() says: -ENOENT, -EACCES, -ENXIO if it is just being
 * destroyed; -ENOTTY if the path is of something else.
 */
int mmapshare_open(struct mmapshare **region, const char *name,
		   unsigned int access);

/**
 * mmapshare_open_fd - make a region of a descriptor
 * @region: out: the region, to be closed; not touched on failure
 * @fd: descriptor; if all goes well it is closed with the region
 *
 * Return: 0; -ENOTTY if the descriptor is of something else; -EBADF; -ENOMEM.
 */
int mmapshare_open_fd(struct mmapshare **region, int fd);

/**
 * mmapshare_close - close a region
 * @region: may be NULL
 *
 * Its mappings stay.
 */
void mmapshare_close(struct mmapshare *region);

/**
 * mmapshare_fd - the region's descriptor
 * @region: an open region
 *
 * Return: a descriptor, which stays the region's; for poll(), fstat() and so on.
 */
int mmapshare_fd(const struct mmapshare *region);

/**
 * mmapshare_size - how large the region is
 * @region: an open region
 *
 * Return: bytes, a multiple of the page size. It never changes.
 */
uint64_t mmapshare_size(const struct mmapshare *region);

/**
 * mmapshare_destroy - take away a region's name and node
 * @name: the name
 * @flags: 0, or MMAPSHARE_DESTROY_REVOKE to revoke it, too
 *
 * Who has the region open or mapped keeps it, unless it is revoked; see
 * mmapshare_revoke().
 *
 * Return: 0; -ENOENT; -EPERM if it is another user's; -EINVAL; what open() says
 * of /dev/mmapshare; -ENODEV if somebody else is just revoking it.
 */
int mmapshare_destroy(const char *name, unsigned int flags);

/* Mapping: mmapshare_map(3) */

/**
 * mmapshare_map - map a range of a region
 * @region: an open region
 * @access: enum mmapshare_access
 * @offset: first byte, at a page's beginning or not
 * @length: bytes; 0 for all up to the region's end
 * @address: out: where the byte at @offset is now; not touched on failure
 *
 * Return: 0; -ENXIO if the range is not inside the region; -EACCES if the
 * region is open for reading only; -EPERM if it is sealed against that; -EINVAL
 * for what the region's strategy cannot do; -ENOMEM.
 */
int mmapshare_map(const struct mmapshare *region, unsigned int access,
		  uint64_t offset, size_t length, void **address);

/**
 * mmapshare_unmap - undo mmapshare_map()
 * @address: what it gave
 * @length: bytes, as they were mapped
 *
 * Return: 0; -EINVAL if @length is 0.
 */
int mmapshare_unmap(void *address, size_t length);

/**
 * mmapshare_flush - see that what was stored is where it belongs
 * @address: in a mapping
 * @length: bytes
 *
 * It always is, and this is for programs that also map ordinary files.
 *
 * Return: 0; -ENOMEM if there is no mapping.
 */
int mmapshare_flush(void *address, size_t length);

/* Bytes without a mapping: mmapshare_read(3) */

/**
 * mmapshare_read - copy bytes out of a region
 * @region: an open region
 * @offset: first byte
 * @buffer: where to
 * @length: how many
 *
 * Return: bytes copied, fewer than asked for only at the region's end;
 * -EFAULT.
 */
ssize_t mmapshare_read(const struct mmapshare *region, uint64_t offset,
		       void *buffer, size_t length);

/**
 * mmapshare_write - copy bytes into a region
 * @region: a region open for writing
 * @offset: first byte
 * @buffer: where from
 * @length: how many
 *
 * Return: bytes copied, fewer than asked for only at the region's end; -ENOSPC
 * at or beyond it; -EBADF if the region is open for reading only; -EPERM if it
 * is sealed; -EFAULT.
 */
ssize_t mmapshare_write(const struct mmapshare *region, uint64_t offset,
			const void *buffer, size_t length);

/**
 * mmapshare_fill - let the kernel store a pattern again and again
 * @region: a region open for writing
 * @offset: first byte
 * @length: bytes
 * @pattern: the pattern
 * @pattern_length: its length, 1 to MMAPSHARE_PATTERN_MAX
 *
 * Return: 0; -ENXIO if the range is not inside the region; -EINVAL; -EBADF;
 * -EPERM if it is sealed.
 */
int mmapshare_fill(const struct mmapshare *region, uint64_t offset,
		   uint64_t length, const void *pattern, size_t pattern_length);

/**
 * mmapshare_checksum - let the kernel read bytes
 * @region: an open region
 * @offset: first byte
 * @length: bytes
 * @crc32c: out: the range's CRC-32C; not touched on failure
 *
 * Return: 0; -ENXIO if the range is not inside the region.
 */
int mmapshare_checksum(const struct mmapshare *region, uint64_t offset,
		       uint64_t length, uint32_t *crc32c);

/* The doorbell: mmapshare_wait(3) */

/**
 * mmapshare_notify - tell others that there is something new
 * @region: a region open for writing
 *
 * Adds 1 to the count of the region's notifications and wakes all who wait. What
 * was stored before is seen by who sees the new count. When nobody waits, only
 * the first call for @region makes system calls.
 *
 * Return: 0; -EBADF if the region is open for reading only; -ENODEV, and no
 * signal, if it was revoked; -ENOTTY if the module is too old for this.
 */
int mmapshare_notify(struct mmapshare *region);

/**
 * mmapshare_wait - wait until there is something new
 * @region: an open region
 * @count: in: the number of notifications the caller knows of; out: the number
 *	now, after 0, -ETIMEDOUT and -EPIPE
 * @timeout: nanoseconds from now; 0 not to wait, negative to wait for ever
 *
 * To wait together with other things, poll() mmapshare_fd() for POLLIN, then
 * call this with a @timeout of 0.
 *
 * Return: 0 if the number is another one, which may be at once; -ETIMEDOUT;
 * -EPIPE if it is the same and all others who had the region open are gone;
 * -ENODEV if the region was, or is meanwhile, revoked; -EINTR for a signal;
 * -ENOTTY if the module is too old for this.
 */
int mmapshare_wait(const struct mmapshare *region, uint64_t *count,
		   int64_t timeout);

/* Who may do what: mmapshare_seal(3) */

/**
 * mmapshare_seal - take away the right to store, for good and from everybody
 * @region: an open region
 * @add: MMAPSHARE_SEAL_*; 0 to add none
 * @seals: out: all there are then; may be NULL, and is not touched on failure
 *
 * MMAPSHARE_SEAL_FUTURE_WRITE leaves the mappings that there are writable,
 * MMAPSHARE_SEAL_WRITE is for when there are none, MMAPSHARE_SEAL_SEAL has no
 * further ones added.
 *
 * Return: 0. When there are some to add: -EBADF if the region is open for
 * reading only; -EPERM if it is another user's or has MMAPSHARE_SEAL_SEAL;
 * -EBUSY for MMAPSHARE_SEAL_WRITE as long as somebody can still store by a
 * mapping or by I/O that is under way; -EINVAL.
 */
int mmapshare_seal(const struct mmapshare *region, unsigned int add,
		   unsigned int *seals);

/**
 * mmapshare_read_only - open a region for reading only, to hand it out
 * @reader: out: the same region, to be closed; not touched on failure
 * @region: an open region
 *
 * Nothing makes @reader, or its descriptor, writable. Of mappings it gives
 * MMAPSHARE_READ and MMAPSHARE_COPY.
 *
 * Return: 0; -EBADF if @region is open for writing only; -EMFILE, -ENFILE,
 * -ENOMEM.
 */
int mmapshare_read_only(struct mmapshare **reader, const struct mmapshare *region);

/**
 * mmapshare_revoke - take a region away from all who use it
 * @region: an open region, for reading or for writing; to be closed as ever
 *
 * When this returns, its name is gone, nobody has it mapped or can do anything
 * with it any more, and who waits is told -ENODEV. mmapshare_destroy() does so by
 * name.
 *
 * Return: 0; -EPERM if it is another user's; -EINVAL for the default region;
 * -ENODEV if it was revoked already.
 */
int mmapshare_revoke(const struct mmapshare *region);

/* Rings: mmapshare_ring(3) */

/**
 * mmapshare_ring_create - make a ring
 * @region: out: its region, open for reading and writing, to be closed
 * @name: its node is to be /dev/mmapshare-NAME; NULL for an anonymous one
 * @size: bytes of records, rounded up to a power of two of pages
 * @flags: 0, or MMAPSHARE_RING_OVERWRITE
 * @consumers: how many there can be at a time, 1 to MMAPSHARE_RING_CONSUMERS_MAX
 * @mode: permissions of the node, less the umask's; 0 for an anonymous one
 *
 * Return: as mmapshare_create().
 */
int mmapshare_ring_create(struct mmapshare **region, const char *name, uint64_t size,
			  unsigned int flags, unsigned int consumers, unsigned int mode);

/**
 * mmapshare_ring_create_or_open - open a ring, and make it if there is none
 * @region: out: its region, open for reading and writing, to be closed
 * @name: its name
 * @size: bytes of records, as all that follow only if it is made
 * @flags: 0, or MMAPSHARE_RING_OVERWRITE
 * @consumers: how many there can be at a time
 * @mode: permissions of the node, less the umask's
 *
 * What is there may also be a region that is no ring.
 *
 * Return: as mmapshare_create_or_open().
 */
int mmapshare_ring_create_or_open(struct mmapshare **region, const char *name,
				  uint64_t size, unsigned int flags,
				  unsigned int consumers, unsigned int mode);

/**
 * mmapshare_ring_attach - become producer or consumer
 * @ep: out: the part in the ring, to be closed; not touched on failure
 * @region: the ring, open for writing or for reading; can be closed afterwards
 * @flags: MMAPSHARE_RING_ATTACH_PRODUCER, or MMAPSHARE_RING_ATTACH_CONSUMER and
 *	perhaps MMAPSHARE_RING_ATTACH_LATEST
 *
 * Return: 0; -EBUSY if there is a producer; -ENOSPC if there are as many
 * consumers as there can be; -ENOTTY if that is no ring; -EBADF if the region is
 * not open for that; -EBADMSG if what the last producer has left cannot be;
 * -EPROTONOSUPPORT if the module is newer than the library; -ENODEV if the ring
 * was revoked; -EINVAL; -ENOMEM.
 */
int mmapshare_ring_attach(struct mmapshare_endpoint **ep, const struct mmapshare *region,
			  unsigned int flags);

/**
 * mmapshare_ring_open - open a ring, and become producer or consumer
 * @ep: out: the part in the ring, to be closed; not touched on failure
 * @name: the name, or the path of a node, which has a '/' in it
 * @flags: as of mmapshare_ring_attach()
 *
 * Return: 0; as mmapshare_open() and mmapshare_ring_attach().
 */
int mmapshare_ring_open(struct mmapshare_endpoint **ep, const char *name,
			unsigned int flags);

/**
 * mmapshare_ring_close - take part no longer
 * @ep: may be NULL
 *
 * Records that were given by it are no longer there, and what was reserved is
 * forgotten.
 */
void mmapshare_ring_close(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_fd - the part's descriptor
 * @ep: a producer or consumer
 *
 * Return: a descriptor, which stays the part's: poll() it for POLLIN to consume,
 * for POLLOUT to produce.
 */
int mmapshare_ring_fd(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_record_max - how long a record can be
 * @ep: a producer or consumer
 *
 * Return: bytes.
 */
size_t mmapshare_ring_record_max(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_reserve - get room for a record
 * @ep: the producer
 * @length: its bytes
 * @record: out: where to store it, aligned to 8 bytes; not touched on failure
 *
 * It is behind those that were reserved before, and seen when they are committed.
 * Makes no system call.
 *
 * Return: 0; -EAGAIN if there is no room now; -EMSGSIZE if there never is;
 * -EBADF of a consumer; -EBADMSG.
 */
int mmapshare_ring_reserve(struct mmapshare_endpoint *ep, size_t length, void **record);

/**
 * mmapshare_ring_trim - make the record that was reserved last shorter
 * @ep: the producer
 * @length: its bytes, no more than were reserved
 *
 * Return: 0; -EINVAL if nothing is reserved, or not so much; -EBADF of a consumer.
 */
int mmapshare_ring_trim(struct mmapshare_endpoint *ep, size_t length);

/**
 * mmapshare_ring_commit - hand on what was reserved
 * @ep: the producer
 *
 * Makes a system call only if a consumer sleeps that waits for no more than
 * this. The records are handed on whatever it returns.
 *
 * Return: 0; -ENODEV if the ring was revoked; -EBADF of a consumer.
 */
int mmapshare_ring_commit(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_discard - forget what was reserved
 * @ep: the producer
 *
 * Return: 0; -EBADF of a consumer.
 */
int mmapshare_ring_discard(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_write - copy a record into the ring, and hand it on
 * @ep: the producer
 * @data: its bytes
 * @length: how many
 *
 * Return: 0; as mmapshare_ring_reserve() and mmapshare_ring_commit().
 */
int mmapshare_ring_write(struct mmapshare_endpoint *ep, const void *data, size_t length);

/**
 * mmapshare_ring_drop - count records that are not stored for want of room
 * @ep: the producer
 * @records: how many
 *
 * For mmapshare_ring_stat(); consumers are not told.
 *
 * Return: 0; -EBADF of a consumer.
 */
int mmapshare_ring_drop(struct mmapshare_endpoint *ep, uint64_t records);

/**
 * mmapshare_ring_next - get the next record
 * @ep: a consumer
 * @record: out: where it is, aligned to 8 bytes, not to be stored to
 * @length: out: its bytes
 *
 * It stays there until it is released; in a ring that overwrites as long as
 * mmapshare_ring_check() says. Makes no system call.
 *
 * Return: 0; -EAGAIN if there is none now; -EBADMSG if the producer has stored
 * what cannot be; -EBADF of a producer. On failure nothing is stored to @record
 * and @length.
 */
int mmapshare_ring_next(struct mmapshare_endpoint *ep, const void **record,
			size_t *length);

/**
 * mmapshare_ring_check - was the record what it was supposed to be up to now?
 * @ep: a consumer
 *
 * To be asked after mmapshare_ring_next()'s last record was used, in a ring that
 * overwrites. In others it always is.
 *
 * Return: 0; -ESTALE if it was overwritten, maybe before it was used, and so is
 * one of those that are lost; -EINVAL if there is no such record.
 */
int mmapshare_ring_check(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_release - be done with all records that next() has given
 * @ep: a consumer
 *
 * Makes a system call only if the producer sleeps and now has room. It has a fence
 * in it, and need not follow each record.
 *
 * Return: 0; -ENODEV if the ring was revoked; -EBADF of a producer.
 */
int mmapshare_ring_release(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_read - copy the next record out of the ring, and release it
 * @ep: a consumer
 * @buffer: where to
 * @size: bytes there are; mmapshare_ring_record_max() suffices for all
 *
 * In a ring that overwrites, too, all that is copied is of one record.
 *
 * Return: the record's length; -EMSGSIZE if it is more than @size, then the
 * record remains the next one; -EBUSY if records are not released; as
 * mmapshare_ring_next().
 */
ssize_t mmapshare_ring_read(struct mmapshare_endpoint *ep, void *buffer, size_t size);

/**
 * mmapshare_ring_seq - which record is the next
 * @ep: a producer, or a consumer
 *
 * Records are numbered from 0 on, by all producers the ring ever had. Who has just
 * attached as a producer is told how many there are, and so what became of the last
 * one of a producer that was killed. The record that mmapshare_ring_next() gave
 * last has the number before this one.
 *
 * Return: the number of the record that mmapshare_ring_reserve() or
 * mmapshare_ring_next() gives next, if that is not overwritten before.
 */
uint64_t mmapshare_ring_seq(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_lost - how many records were overwritten before it had them
 * @ep: a consumer
 *
 * What is lost is counted by the first next() after it, and then exact to the
 * record.
 *
 * Return: records lost since it attached.
 */
uint64_t mmapshare_ring_lost(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_wait - wait for records, or for room
 * @ep: a producer, or a consumer
 * @flags: 0, or MMAPSHARE_RING_WAIT_IGNORE_HUP to go on waiting when the other side
 *	is gone
 * @timeout: nanoseconds from now; 0 not to wait, negative to wait for ever
 *
 * Room is room for the record that mmapshare_ring_reserve() has last refused.
 *
 * Return: 0 if there is something to do; -ETIMEDOUT; -EINTR for a signal; -EPIPE
 * if the producer is gone and all its records are taken, or all consumers are
 * gone and the ring is full; -EBUSY if records are reserved and not committed, or
 * taken and not released; -EBADMSG if this side's words in the ring, or those of
 * the other, cannot be; -ENODEV if the ring was revoked; -EINVAL.
 */
int mmapshare_ring_wait(struct mmapshare_endpoint *ep, unsigned int flags,
			int64_t timeout);

/**
 * mmapshare_ring_notify - wake who sleeps and can go on
 * @ep: a producer, or a consumer
 *
 * mmapshare_ring_commit() and mmapshare_ring_release() do that when there is
 * somebody. It is here for those who store positions by themselves.
 *
 * Return: 0; -ENODEV if the ring was revoked.
 */
int mmapshare_ring_notify(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_set_wake_bytes - wait until there is more
 * @ep: a producer, or a consumer
 * @bytes: of records with their headers, or room, that there have to be before
 *	mmapshare_ring_wait() and poll() say so; 0 for anything; of more than half
 *	the ring half counts
 */
void mmapshare_ring_set_wake_bytes(struct mmapshare_endpoint *ep, uint32_t bytes);

/**
 * mmapshare_ring_set_spins - look again before going to sleep
 * @ep: a producer, or a consumer
 * @spins: how often mmapshare_ring_wait() looks again at most; 0, as it is to
 *	begin with, for not at all
 *
 * As long as it is in vain it is done less often.
 */
void mmapshare_ring_set_spins(struct mmapshare_endpoint *ep, unsigned int spins);

/**
 * mmapshare_ring_stat - how a ring is doing
 * @region: the ring, open for reading
 * @ring: out: what is in its first page
 * @producer: out: what the producer has stored
 * @cursors: out: what consumers have stored: of as many as there is room for, and
 *	can be; those count whose bits are set in @ring->consumers
 * @count: for how many there is room
 *
 * Looking changes nothing. No consumer's position is beyond the producer's.
 *
 * Return: 0; -ENOTTY if that is no ring; -EBADF if it is not open for reading;
 * -EPROTONOSUPPORT if the module is newer than the library.
 */
int mmapshare_ring_stat(const struct mmapshare *region, struct mmapshare_ring *ring,
			struct mmapshare_ring_producer *producer,
			struct mmapshare_ring_cursor *cursors, unsigned int count);

/* What there is: mmapshare_list(3) */

/**
 * mmapshare_info - facts about an open region
 * @region: an open region
 * @info: in: @info->size is sizeof(*@info); out: all of it
 *
 * Return: 0; -EINVAL for a wrong @info->size.
 */
int mmapshare_get_info(const struct mmapshare *region, struct mmapshare_info *info);

/**
 * mmapshare_query - facts about a region with a name, without opening it
 * @name: the name
 * @query: in: @query->size is sizeof(*@query); out: all of it
 *
 * Return: 0; -ENOENT; -EINVAL; what open() says of /dev/mmapshare.
 */
int mmapshare_query_name(const char *name, struct mmapshare_query *query);

/**
 * mmapshare_list_open - begin to list the regions that have a name
 * @list: out: the list, to be closed; not touched on failure
 *
 * Return: 0; -ENOMEM; what open() says of /dev/mmapshare.
 */
int mmapshare_list_open(struct mmapshare_list **list);

/**
 * mmapshare_list_next - facts about the next region
 * @list: the list
 * @query: in: @query->size is sizeof(*@query); out: all of it
 *
 * A region that is there all the time is found once, one that comes or goes
 * meanwhile once or not at all.
 *
 * Return: 1; 0 at the end; -EINVAL for a wrong @query->size.
 */
int mmapshare_list_next(struct mmapshare_list *list, struct mmapshare_query *query);

/**
 * mmapshare_list_close - be done with a list
 * @list: may be NULL
 */
void mmapshare_list_close(struct mmapshare_list *list);

/**
 * mmapshare_path - the path of a region's node
 * @name: the name; NULL for the default region
 * @path: out: the path
 * @size: bytes there are for it; 80 suffice for every name
 *
 * Return: 0; -EINVAL if that is no name; -ERANGE if the path does not fit.
 */
int mmapshare_path(const char *name, char *path, size_t size);

/**
 * mmapshare_strategy_name - what a strategy is called
 * @strategy: enum mmapshare_strategy
 *
 * Return: the name; NULL if the library does not know it.
 */
const char *mmapshare_strategy_name(unsigned int strategy);

/**
 * mmapshare_strategy_by_name - the strategy that is called so
 * @name: "fault", "huge", "vmalloc" or "pfn"
 *
 * Return: enum mmapshare_strategy; -EINVAL.
 */
int mmapshare_strategy_by_name(const char *name);

/**
 * mmapshare_version - which library this is
 *
 * Return: the MMAPSHARE_VERSION that the library was compiled with.
 */
const char *mmapshare_version(void);

/* To other processes: mmapshare_send(3) */

/**
 * mmapshare_send - send a region through a Unix socket
 * @socket: a connected socket
 * @region: an open region, which stays so
 *
 * Who gets it can do what @region's descriptor can. With the region goes one
 * byte of data, which is 0.
 *
 * Return: 0; what sendmsg() says, -EPIPE without a signal.
 */
int mmapshare_send(int socket, const struct mmapshare *region);

/**
 * mmapshare_receive - receive a region through a Unix socket
 * @socket: a connected socket
 * @region: out: the region, to be closed; not touched on failure
 *
 * Whatever descriptors come but one of a region are closed again.
 *
 * Return: 0; -EPIPE if the peer has closed the socket; -ENOTTY if what came is
 * a descriptor of something else; -EBADMSG if what came is not one byte and
 * one descriptor; what recvmsg() says.
 */
int mmapshare_receive(int socket, struct mmapshare **region);

/*
 * Looking at a mapping: mmapshare_find(3). Others may store meanwhile. Then the
 * answer is of some mixture of the old and the new, but within @length.
 */

/**
 * mmapshare_find - where some bytes are
 * @map: where to look
 * @length: how far
 * @from: where to begin, bytes behind @map
 * @what: the bytes
 * @what_length: how many
 *
 * Return: how many bytes behind @map they are first found; -ENOENT; -ENXIO if
 * @from is beyond @length.
 */
ssize_t mmapshare_find(const void *map, size_t length, size_t from,
		       const void *what, size_t what_length);

/**
 * mmapshare_find_last - where some bytes are last
 * @map: where to look
 * @length: how far
 * @what: the bytes
 * @what_length: how many
 *
 * Return: how many bytes behind @map they are last found; -ENOENT.
 */
ssize_t mmapshare_find_last(const void *map, size_t length, const void *what,
			    size_t what_length);

/**
 * mmapshare_read_line - copy one line out of a mapping
 * @map: where the lines are
 * @length: how many bytes of them
 * @position: in: where to begin, bytes behind @map; out: where to go on
 * @line: out: the line with its '\n', and a '\0'
 * @size: bytes there are for it, 2 at least; of a longer line the rest is next
 *
 * Return: bytes in @line without the '\0', 0 at the end; -EINVAL.
 */
ssize_t mmapshare_read_line(const void *map, size_t length, size_t *position,
			    char *line, size_t size);

/**
 * mmapshare_move - copy bytes from one place of a mapping to another
 * @map: the mapping, for storing
 * @length: its length
 * @to: where to, bytes behind @map
 * @from: where from
 * @count: how many bytes; both places may overlap
 *
 * Return: 0; -ENXIO if one of them is not inside.
 */
int mmapshare_move(void *map, size_t length, size_t to, size_t from,
		   size_t count);

#ifdef __cplusplus
}
#endif

#endif /* MMAPSHARE_H */
