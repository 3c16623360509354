/* SPDX-License-Identifier: MIT */
/*
 * libmmapshare: regions of memory that programs and the kernel share.
 *
 * A function that can fail returns a negative errno; the variable errno is
 * unspecified afterwards. Errors of system calls are returned unchanged. Unless
 * a function says otherwise, it stores to its output parameters only on
 * success.
 *
 * After a region was revoked, every function that makes a system call for it
 * returns -ENODEV, and an access to a mapping of it raises SIGBUS.
 *
 * Threads may call all functions concurrently, also with the same struct
 * mmapshare. Only one thread at a time may use a struct mmapshare_list or a
 * struct mmapshare_endpoint. No thread may use an object while another one
 * closes it.
 *
 * This header declares the library's functions and includes
 * <linux/mmapshare.h>, with structures and constants. It has no inline
 * functions.
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
 * struct mmapshare - an open region, which owns a descriptor
 */
struct mmapshare;

/*
 * struct mmapshare_list - an iteration over all named regions
 */
struct mmapshare_list;

/*
 * struct mmapshare_endpoint - the producer or a consumer of a ring
 */
struct mmapshare_endpoint;

/*
 * struct mmapshare_set - a consumer of all rings of a ring set
 */
struct mmapshare_set;

/**
 * enum mmapshare_access - access to a region, or to a mapping of it
 * @MMAPSHARE_READ: load only
 * @MMAPSHARE_WRITE: load and store; stores are visible to all users of the
 *	region
 * @MMAPSHARE_COPY: load and store; stores go to private copies of the pages. To
 *	open a region, the same as @MMAPSHARE_READ
 */
enum mmapshare_access {
	MMAPSHARE_READ	= 0,
	MMAPSHARE_WRITE	= 1,
	MMAPSHARE_COPY	= 2,
};

/* Create and open: mmapshare_create(3) */

/**
 * mmapshare_create - create a region and open it for reading and writing
 * @region: out: the region; the caller closes it
 * @name: the node is /dev/mmapshare-NAME; 1 to 63 letters, digits, '.', '_' and
 *	'-', neither "." nor "..". NULL for an anonymous region
 * @size: bytes, not 0; rounded up to whole pages
 * @strategy: enum mmapshare_strategy
 * @mode: permissions of the node, 0 to 0777, masked by the umask; 0 for an
 *	anonymous region
 *
 * All bytes of the region are 0, and its node exists when this returns. The
 * descriptor is closed on exec. With MMAPSHARE_STRATEGY_RESERVED the bytes are those
 * that the memory of this name keeps, and @size 0 means all of it; without
 * CAP_SYS_ADMIN -EPERM.
 *
 * Return: 0; -EEXIST if the name is in use; -EINVAL for an invalid argument;
 * -ERANGE if @size is too large for any region; -ENOSPC if the number or the
 * bytes of all regions would exceed a limit; -EDQUOT if those of the caller's
 * user would; -ENOMEM; -EMFILE, -ENFILE; an error of open() of
 * /dev/mmapshare for writing: -EACCES without permission, -ENOENT if the module
 * is not loaded.
 */
int mmapshare_create(struct mmapshare **region, const char *name, uint64_t size,
		     unsigned int strategy, unsigned int mode);

/**
 * mmapshare_create_or_open - open a region, or create it
 * @region: out: the region, open for reading and writing; the caller closes it
 * @name: its name
 * @size: bytes, not 0. @size, @strategy and @mode are used only if the region
 *	is created: an existing one may have another size
 * @strategy: enum mmapshare_strategy
 * @mode: permissions of the node, 0 to 0777, masked by the umask
 *
 * If several processes call this concurrently, one of them creates the region.
 *
 * Return: 1 if this call created the region, 0 if it existed; else an error of
 * mmapshare_create() or mmapshare_open(), but never -EEXIST. -ENOENT also if
 * the region exists but has no node in this /dev.
 */
int mmapshare_create_or_open(struct mmapshare **region, const char *name,
			     uint64_t size, unsigned int strategy,
			     unsigned int mode);

/**
 * mmapshare_open - open an existing region
 * @region: out: the region; the caller closes it
 * @name: the name; or the path of a node, if it contains a '/'; NULL for
 *	/dev/mmapshare
 * @access: enum mmapshare_access
 *
 * The descriptor is closed on exec.
 *
 * Return: 0; -EINVAL for an invalid @name or @access; -ENOTTY if the path is
 * not that of a region; -ENODEV if the region was revoked; -ENOMEM; an error of
 * open(): -ENOENT, -EACCES, -ENXIO if the region is being destroyed.
 */
int mmapshare_open(struct mmapshare **region, const char *name,
		   unsigned int access);

/**
 * mmapshare_open_fd - make a struct mmapshare from a descriptor
 * @region: out: the region; the caller closes it
 * @fd: descriptor of a region. On success it belongs to @region and is closed
 *	with it; on failure it still belongs to the caller
 *
 * Return: 0; -ENOTTY if @fd is not a region; -EBADF if it is not open; -ENODEV
 * if the region was revoked; -ENOMEM.
 */
int mmapshare_open_fd(struct mmapshare **region, int fd);

/**
 * mmapshare_close - close a region
 * @region: may be NULL
 *
 * Mappings that mmapshare_map() made remain.
 */
void mmapshare_close(struct mmapshare *region);

/**
 * mmapshare_fd - the descriptor of a region
 * @region: an open region
 *
 * Return: the descriptor, for poll(), fstat() and so on. It belongs to @region:
 * the caller must not close it.
 */
int mmapshare_fd(const struct mmapshare *region);

/**
 * mmapshare_size - the size of a region
 * @region: an open region
 *
 * Return: bytes, a multiple of the page size; constant.
 */
uint64_t mmapshare_size(const struct mmapshare *region);

/**
 * mmapshare_destroy - remove the name and the node of a region
 * @name: the name
 * @flags: 0, or MMAPSHARE_DESTROY_REVOKE to revoke the region as well
 *
 * Processes that have the region open or mapped keep it, unless it is revoked;
 * see mmapshare_revoke(). The name can be used again at once.
 *
 * Return: 0; -ENOENT if there is no such region, or no module; -EPERM if the
 * caller neither owns the region nor has CAP_SYS_ADMIN; -EINVAL for an invalid
 * argument; -EINTR if killed; an error of mmapshare_revoke(), only with
 * MMAPSHARE_DESTROY_REVOKE; another error of open() of /dev/mmapshare for
 * writing.
 */
int mmapshare_destroy(const char *name, unsigned int flags);

/* Map: mmapshare_map(3) */

/**
 * mmapshare_map - map a range of a region
 * @region: an open region
 * @access: enum mmapshare_access
 * @offset: first byte; need not be a multiple of the page size
 * @length: bytes; 0 for all bytes from @offset to the end of the region
 * @address: out: address of the byte at @offset
 *
 * Return: 0; -ENXIO if the range is not inside the region, or empty; -EACCES if
 * the region is not open for this @access; -EPERM for MMAPSHARE_WRITE if it is
 * sealed against writing; -EACCES for MMAPSHARE_WRITE of a ring; -EINVAL for an
 * invalid @access, or for MMAPSHARE_COPY of a ring or with the strategy pfn;
 * -ENODEV if the region was revoked; -ENOMEM.
 */
int mmapshare_map(const struct mmapshare *region, unsigned int access,
		  uint64_t offset, size_t length, void **address);

/**
 * mmapshare_unmap - remove a mapping
 * @address: as stored by mmapshare_map()
 * @length: bytes, as passed to mmapshare_map(). If that was 0: the size of the
 *	region less the offset
 *
 * Return: 0; -EINVAL if @length is 0; -ENOMEM.
 */
int mmapshare_unmap(void *address, size_t length);

/**
 * mmapshare_flush - msync() for a range of a mapping
 * @address: first byte
 * @length: bytes
 *
 * A region has no backing store, so there is never anything to write. This is
 * for programs that treat regions and files alike.
 *
 * Return: 0; -ENOMEM if a part of the range is not mapped; -ENODEV if the
 * region was revoked.
 */
int mmapshare_flush(void *address, size_t length);

/* Access without a mapping: mmapshare_read(3) */

/**
 * mmapshare_read - copy bytes from a region
 * @region: a region open for reading
 * @offset: first byte
 * @buffer: out: the bytes
 * @length: bytes to copy
 *
 * Return: bytes copied: fewer than @length at the end of the region, or if an
 * error occurs after some of them; 0 at or past the end. Else -EFAULT, -EBADF,
 * or -ENODEV if the region was revoked.
 */
ssize_t mmapshare_read(const struct mmapshare *region, uint64_t offset,
		       void *buffer, size_t length);

/**
 * mmapshare_write - copy bytes to a region
 * @region: a region open for writing
 * @offset: first byte
 * @buffer: the bytes
 * @length: bytes to copy
 *
 * Return: bytes copied: fewer than @length at the end of the region, or if an
 * error occurs after some of them. Else -ENOSPC at or past the end; -EBADF if
 * the region is open for reading only; -EPERM if it is sealed against writing,
 * or is a ring; -ENODEV if it was revoked; -EFAULT.
 */
ssize_t mmapshare_write(const struct mmapshare *region, uint64_t offset,
			const void *buffer, size_t length);

/**
 * mmapshare_fill - have the kernel fill a range with a repeated pattern
 * @region: a region open for writing
 * @offset: first byte
 * @length: bytes
 * @pattern: the pattern
 * @pattern_length: bytes of the pattern, 1 to MMAPSHARE_PATTERN_MAX
 *
 * The last repetition is cut off at the end of the range.
 *
 * Return: 0; -ENXIO if the range is not inside the region; -EINVAL for an
 * invalid @pattern_length; -EBADF if the region is open for reading only;
 * -EPERM if it is sealed against writing, or is a ring; -ENODEV if it was
 * revoked.
 */
int mmapshare_fill(const struct mmapshare *region, uint64_t offset,
		   uint64_t length, const void *pattern, size_t pattern_length);

/**
 * mmapshare_checksum - have the kernel compute the CRC-32C of a range
 * @region: a region open for reading
 * @offset: first byte
 * @length: bytes
 * @crc32c: out: the CRC-32C; 0 for an empty range
 *
 * Return: 0; -ENXIO if the range is not inside the region; -EBADF if the region
 * is open for writing only; -ENODEV if it was revoked.
 */
int mmapshare_checksum(const struct mmapshare *region, uint64_t offset,
		       uint64_t length, uint32_t *crc32c);

/* The doorbell: mmapshare_wait(3) */

/**
 * mmapshare_notify - notify the users of a region
 * @region: a region open for writing
 *
 * Adds 1 to the region's count of notifications and wakes all tasks that wait
 * for it. The addition is followed by a full fence: a task that sees the new
 * count also sees what the caller has stored before.
 *
 * While no task waits, only the first call for @region makes system calls: it
 * maps the doorbell page, which mmapshare_close() unmaps. Without lock-free
 * 64-bit atomics every call makes system calls.
 *
 * Return: 0; -EBADF if the region is open for reading only; -ENODEV, without
 * SIGBUS, if it was revoked; -ENOTTY if the module is too old.
 */
int mmapshare_notify(struct mmapshare *region);

/**
 * mmapshare_wait - wait for a notification
 * @region: an open region
 * @count: in: the count that the caller knows; out: the current count, stored
 *	after 0, -ETIMEDOUT and -EPIPE
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * To wait for other descriptors as well, poll() mmapshare_fd() for POLLPRI, then
 * call this with a @timeout of 0. POLLIN and POLLOUT are always reported, as for
 * a regular file.
 *
 * Return: 0 if the count differs from @count, now or after waiting; -ETIMEDOUT;
 * -EPIPE if it does not, and all other files that were open on the region have
 * been closed; -ENODEV if the region was or is revoked; -EINTR for a signal;
 * -ENOTTY if the module is too old.
 */
int mmapshare_wait(const struct mmapshare *region, uint64_t *count,
		   int64_t timeout);

/* Access rights: mmapshare_seal(3) */

/**
 * mmapshare_seal - permanently remove the right to write, or to revoke
 * @region: an open region; to add seals, one open for writing
 * @add: MMAPSHARE_SEAL_* to add; 0 to query
 * @seals: out: all seals of the region; may be NULL
 *
 * MMAPSHARE_SEAL_FUTURE_WRITE leaves existing mappings writable.
 * MMAPSHARE_SEAL_WRITE requires that there are none. MMAPSHARE_SEAL_REVOKE
 * forbids to revoke the region, so that no peer can cause SIGBUS in a process
 * that maps it. MMAPSHARE_SEAL_SEAL forbids further seals. When this returns,
 * no write that the new seals forbid is in progress.
 *
 * Return: 0; -ENODEV if the region was revoked; -ENOTTY if the module is too
 * old. If @add is not 0, also: -EBADF if the region is open for reading only;
 * -EPERM if the caller neither owns it nor has CAP_SYS_ADMIN, if it has
 * MMAPSHARE_SEAL_SEAL, or for a seal against writes if it is a ring; -EBUSY for
 * MMAPSHARE_SEAL_WRITE while a mapping can become writable or the kernel uses
 * pages for I/O; -EINVAL for an unknown seal; -EINTR if killed.
 */
int mmapshare_seal(const struct mmapshare *region, unsigned int add,
		   unsigned int *seals);

/**
 * mmapshare_read_only - open a region again, for reading only
 * @reader: out: the same region; the caller closes it
 * @region: a region open for reading
 *
 * Neither @reader nor its descriptor can be made writable, so it can be passed
 * to processes that must not write. It can be mapped with MMAPSHARE_READ and
 * MMAPSHARE_COPY.
 *
 * Return: 0; -EBADF if @region is open for writing only; -ENODEV if it was
 * revoked; -ENOTTY if the module is too old; -EMFILE, -ENFILE, -ENOMEM.
 */
int mmapshare_read_only(struct mmapshare **reader, const struct mmapshare *region);

/**
 * mmapshare_dmabuf - get a dma-buf of a range of a region
 * @region: a region open for reading
 * @offset: first byte, a multiple of the page size
 * @length: bytes, a multiple of the page size, not 0
 * @flags: 0; MMAPSHARE_DMABUF_WRITABLE if devices, and programs that map the dma-buf,
 *	may write
 *
 * Pass the descriptor to another driver, which imports the dma-buf, or to a program,
 * which maps it. It is closed on exec. A writable one keeps MMAPSHARE_SEAL_WRITE from
 * being added, as a writable mapping does.
 *
 * Return: the descriptor, which the caller closes; -EINVAL for @flags, or for an
 * @offset or @length that is no multiple of the page size; -ENXIO if the range is not
 * inside the region; -EBADF if @region is not open for what the dma-buf allows;
 * -EPERM for a writable one of a ring, or if a seal forbids writing; -EBUSY for a
 * writable one while the region is being sealed; -ENODEV if it was revoked;
 * -EOPNOTSUPP if the kernel has no dma-bufs, and with strategy reserved; -ENOTTY if
 * the module is too old; -EMFILE, -ENFILE, -ENOMEM; -EINTR if killed.
 */
int mmapshare_dmabuf(const struct mmapshare *region, uint64_t offset, uint64_t length,
		     unsigned int flags);

/**
 * mmapshare_revoke - take a region away from all its users
 * @region: a region open for writing; the caller still closes it
 *
 * When this returns, the name and the node are gone, no process has access to
 * the region through a mapping or a descriptor, all waiting tasks are woken with
 * -ENODEV, and the memory is free, unless a kernel module has created the
 * region. Only I/O that has pinned pages of it before may still complete.
 * mmapshare_destroy() does the same by name.
 *
 * Return: 0; -EBADF if the region is open for reading only; -EPERM if the
 * caller neither owns it nor has CAP_SYS_ADMIN, or if it has
 * MMAPSHARE_SEAL_REVOKE; -EINVAL for the default region; -EOPNOTSUPP for the
 * strategies vmalloc, pfn and reserved; -ENODEV if it was revoked before; -ENOTTY if the
 * module is too old; -EINTR if killed.
 */
int mmapshare_revoke(const struct mmapshare *region);

/* Rings: mmapshare_ring(3) */

/**
 * mmapshare_ring_create - create a ring and open it for reading and writing
 * @region: out: the ring's region; the caller closes it
 * @name: as for mmapshare_create(); NULL for an anonymous ring
 * @size: bytes of records, not 0; rounded up to a power of two and at least a
 *	page
 * @flags: 0 for a lossless ring, MMAPSHARE_RING_OVERWRITE for an overwriting
 *	one; MMAPSHARE_RING_READERS_HOLD for a lossless one that waits for each
 *	reader
 * @consumers: maximum number of attached consumers, 1 to
 *	MMAPSHARE_RING_CONSUMERS_MAX
 * @mode: as for mmapshare_create()
 *
 * Return: as mmapshare_create().
 */
int mmapshare_ring_create(struct mmapshare **region, const char *name, uint64_t size,
			  unsigned int flags, unsigned int consumers, unsigned int mode);

/**
 * mmapshare_ring_create_or_open - open a ring, or create it
 * @region: out: the ring's region, open for reading and writing; the caller
 *	closes it
 * @name: its name
 * @size: bytes of records, not 0. @size, @flags, @consumers and @mode are used
 *	only if the ring is created
 * @flags: 0, MMAPSHARE_RING_OVERWRITE or MMAPSHARE_RING_READERS_HOLD
 * @consumers: maximum number of attached consumers, 1 to
 *	MMAPSHARE_RING_CONSUMERS_MAX
 * @mode: permissions of the node, 0 to 0777, masked by the umask
 *
 * An existing region of that name is opened even if it is not a ring.
 *
 * Return: as mmapshare_create_or_open().
 */
int mmapshare_ring_create_or_open(struct mmapshare **region, const char *name,
				  uint64_t size, unsigned int flags,
				  unsigned int consumers, unsigned int mode);

/**
 * mmapshare_ring_create_with - create a ring with any of its properties
 * @region: out: the ring's region; the caller closes it
 * @name: as for mmapshare_create(); NULL for an anonymous ring
 * @args: @size is that of the structure; @region_size, @mode, @ring and what
 *	concerns consumers as <linux/mmapshare.h> describes them. The library sets
 *	@flags, @name, and the bit MMAPSHARE_RING of @ring
 *
 * For properties that mmapshare_ring_create() has no parameter for:
 * @consumers_per_uid and @consumers_reserved limit how many consumers other users
 * may attach, and @evict_ns how long the producer waits for one. @features are
 * what each record has besides its bytes: see mmapshare_ring_record_info().
 *
 * Return: as mmapshare_create(); -E2BIG if the library does not know the end of
 * the structure.
 */
int mmapshare_ring_create_with(struct mmapshare **region, const char *name,
			       const struct mmapshare_create_args *args);

/**
 * mmapshare_ring_create_or_open_with - open a ring, or create it with any of its
 * properties
 * @region: out: the ring's region, open for reading and writing; the caller
 *	closes it
 * @name: its name
 * @args: as for mmapshare_ring_create_with(); used only if the ring is created
 *
 * Return: as mmapshare_create_or_open(), and mmapshare_ring_create_with().
 */
int mmapshare_ring_create_or_open_with(struct mmapshare **region, const char *name,
				       const struct mmapshare_create_args *args);

/**
 * mmapshare_ring_attach - attach to a ring as producer or consumer
 * @ep: out: the endpoint; the caller closes it
 * @region: the ring, open for writing (producer) or reading (consumer). It can
 *	be closed afterwards
 * @flags: MMAPSHARE_RING_ATTACH_PRODUCER; or MMAPSHARE_RING_ATTACH_CONSUMER,
 *	optionally with MMAPSHARE_RING_ATTACH_LATEST, and with one of
 *	MMAPSHARE_RING_ATTACH_MAY_LOSE and MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE
 *
 * A consumer begins with the oldest record of an overwriting ring; in a
 * lossless one with the oldest record that another consumer needs, or that was
 * retained. With MMAPSHARE_RING_ATTACH_LATEST it begins with the next record to
 * be published.
 *
 * With MMAPSHARE_RING_ATTACH_MAY_LOSE a consumer does not hold back the producer
 * of a lossless ring, and what it releases is still there for others. It may lose
 * records, as any consumer of an overwriting ring. So does a consumer without the
 * right to hold back the producer, unless it has MUST_NOT_LOSE set: then it is
 * refused. That right have the owner of the ring, a process with CAP_SYS_RESOURCE,
 * a @region that is open for writing, and all if the ring was created with
 * MMAPSHARE_RING_READERS_HOLD.
 *
 * Return: 0; -EBUSY if the ring has a producer, or the kernel has this role;
 * -ENOSPC if the maximum number of consumers is attached, or what is left of it is
 * reserved; -EDQUOT if this user has attached its share; -EACCES for a consumer
 * that must not lose records without that right; -ENOTTY if @region is
 * not a ring; -EBADF if it is not open for that; -EBADMSG if the producer's
 * state in the ring is corrupt; -EPROTONOSUPPORT if the library does not know
 * the module's layout of a ring; -EOPNOTSUPP without lock-free 64-bit atomics, and
 * for a consumer of a ring set, see mmapshare_set_attach();
 * -ENODEV if the ring was revoked; -EIO if the memory of one of its pages
 * failed; -EINTR for a signal, as a consumer; -EINVAL for invalid @flags;
 * -ENOMEM; -EMFILE, -ENFILE.
 */
int mmapshare_ring_attach(struct mmapshare_endpoint **ep, const struct mmapshare *region,
			  unsigned int flags);

/**
 * mmapshare_ring_attach_member - become the producer or a consumer of one ring of a set
 * @ep: out: the endpoint; the caller closes it
 * @region: the ring set, as for mmapshare_ring_attach()
 * @flags: likewise
 * @member: index of the ring
 *
 * mmapshare_ring_attach() attaches a producer to the first ring that has none.
 *
 * Return: as mmapshare_ring_attach(); -EINVAL if there is no such ring.
 */
int mmapshare_ring_attach_member(struct mmapshare_endpoint **ep,
				 const struct mmapshare *region, unsigned int flags,
				 unsigned int member);

/**
 * mmapshare_ring_open - open a ring and attach to it
 * @ep: out: the endpoint; the caller closes it
 * @name: the name; or the path of a node, if it contains a '/'
 * @flags: as for mmapshare_ring_attach()
 *
 * A producer needs write permission, a consumer read permission. The ring is opened
 * for writing, too, if that is permitted and the consumer does not ask for
 * MMAPSHARE_RING_ATTACH_MAY_LOSE.
 *
 * Return: 0; an error of open() or mmapshare_ring_attach(); -EINVAL for an
 * invalid @name.
 */
int mmapshare_ring_open(struct mmapshare_endpoint **ep, const char *name,
			unsigned int flags);

/**
 * mmapshare_ring_attach_with - attach to a ring, with all properties
 * @ep: out: the endpoint; the caller closes it
 * @region: as for mmapshare_ring_attach()
 * @args: @size is sizeof(*args), @flags as for mmapshare_ring_attach(), and what
 *	<linux/mmapshare.h> describes as "in"; all others are 0. Nothing is written
 *
 * With one of the flags MMAPSHARE_RING_ATTACH_OLDEST, MMAPSHARE_RING_ATTACH_LATEST and
 * MMAPSHARE_RING_ATTACH_SEQ a consumer says where it begins: with @seq for the last.
 * With @generation, the attach fails if it is not that of the ring.
 *
 * With @name, the cursor keeps its position when the consumer is closed or dies, and
 * the next consumer that attaches by the name goes on behind what was released:
 * mmapshare_ring_resumed(). A program that uses records before it releases them gets
 * each at least once. @keep_ns says for how long the producer of a lossless ring
 * waits for the name without a consumer: if the name is new, and the consumer may not
 * lose records.
 *
 * Return: as mmapshare_ring_attach(); -ENODATA if the record with @seq is gone,
 * -ERANGE if it is not there yet; -ESTALE if @generation is that of another ring;
 * -EBUSY if @name has a consumer; -ENOENT if it must exist
 * (MMAPSHARE_RING_ATTACH_EXISTING); -EPERM if it belongs to another user; -EACCES if it
 * was created for consumers that may lose records and this one must not, or for others
 * and this one may; -EBADMSG if its position is corrupt; -EINVAL if @size is too small,
 * -E2BIG if it is larger than the library knows.
 */
int mmapshare_ring_attach_with(struct mmapshare_endpoint **ep, const struct mmapshare *region,
			       const struct mmapshare_ring_attach_args *args);

/**
 * mmapshare_ring_open_with - open a ring and attach to it, with all properties
 * @ep: out: the endpoint; the caller closes it
 * @name: as for mmapshare_ring_open(). Not the name of the cursor
 * @args: as for mmapshare_ring_attach_with()
 *
 * Return: as mmapshare_ring_open(), and mmapshare_ring_attach_with().
 */
int mmapshare_ring_open_with(struct mmapshare_endpoint **ep, const char *name,
			     const struct mmapshare_ring_attach_args *args);

/**
 * mmapshare_ring_resumed - does a consumer go on where its name was?
 * @ep: a consumer
 *
 * Return: 1 if it has attached by the name of a cursor that existed, and did not say
 * where it begins; else 0; -EBADF for a producer; -ENODEV after another function has
 * returned that.
 */
int mmapshare_ring_resumed(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_generation - tell a ring from an earlier one of the same name
 * @ep: a producer or consumer
 *
 * Return: a random number, not 0. Together with it a sequence number identifies a
 * record.
 */
uint64_t mmapshare_ring_generation(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_find_name - facts about the name of a cursor
 * @region: the ring, open for reading
 * @name: the name
 * @info: out: its cursor, user, state and position, see <linux/mmapshare.h>
 *
 * Return: 0; -ENOENT if no cursor has the name; -EINVAL for an invalid @name; -ENOTTY
 * if @region is not a ring; -EBADF if it is not open for reading; -ENODEV if it was
 * revoked; -EIO if the memory of one of its pages failed.
 */
int mmapshare_ring_find_name(const struct mmapshare *region, const char *name,
			     struct mmapshare_ring_name *info);

/**
 * mmapshare_ring_next_name - list the names of cursors
 * @region: the ring, open for reading
 * @cursor: 0 for the first name, then @info->cursor + 1
 * @info: out: as for mmapshare_ring_find_name()
 *
 * Return: 0; -ENOENT if there are no more; as mmapshare_ring_find_name().
 */
int mmapshare_ring_next_name(const struct mmapshare *region, uint32_t cursor,
			     struct mmapshare_ring_name *info);

/**
 * mmapshare_ring_remove_name - remove the name of a cursor
 * @region: the ring
 * @name: the name
 *
 * The producer no longer waits for it, as if its consumer detached now.
 *
 * Return: 0; -ENOENT if no cursor has the name; -EBUSY if it has a consumer; -EPERM
 * if it belongs to another user, as does the ring, and the process has not
 * CAP_SYS_ADMIN; -EINVAL for an invalid @name; -ENOTTY if @region is not a ring;
 * -ENODEV if it was revoked.
 */
int mmapshare_ring_remove_name(const struct mmapshare *region, const char *name);

/**
 * mmapshare_ring_close - detach from a ring
 * @ep: may be NULL
 *
 * Pointers to its records become invalid. Records that were reserved and not
 * committed are given up; records that were committed remain. A lossless ring
 * without other consumers retains the records that were not released for the
 * next consumer.
 */
void mmapshare_ring_close(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_fd - the descriptor of an endpoint
 * @ep: a producer or consumer
 *
 * Return: the descriptor, for poll(): POLLIN for a consumer, POLLOUT for a
 * producer. It belongs to @ep: the caller must not close it.
 */
int mmapshare_ring_fd(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_may_lose - may a consumer lose records?
 * @ep: a consumer
 *
 * Return: 1 in an overwriting ring, if the producer of a lossless ring does not
 * wait for this consumer, or if that ring evicts consumers; 0 if the producer
 * waits; -EBADF for a producer; -ENODEV after another function has returned that.
 */
int mmapshare_ring_may_lose(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_features - what each record has besides its bytes
 * @ep: a producer or consumer
 *
 * Return: MMAPSHARE_RING_FEAT_*, as the ring was created; 0 for nothing; constant.
 */
uint64_t mmapshare_ring_features(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_record_max - the maximum length of a record
 * @ep: a producer or consumer
 *
 * Return: bytes, somewhat less than half of the ring; constant.
 */
size_t mmapshare_ring_record_max(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_reserve - reserve space for a record
 * @ep: the producer
 * @length: bytes, 0 to mmapshare_ring_record_max()
 * @record: out: the space, aligned to 8 bytes, writable until it is committed
 *
 * The record follows those that were reserved before. Consumers do not see it
 * before mmapshare_ring_commit(). Makes no system call.
 *
 * Return: 0; -EAGAIN if there is no space now, in an overwriting ring because
 * uncommitted records fill it; -EMSGSIZE if @length is too large; -EBADMSG if a
 * previous producer has stored corrupt lengths; -EBADF for a consumer; -ENODEV
 * after another function has returned that.
 */
int mmapshare_ring_reserve(struct mmapshare_endpoint *ep, size_t length, void **record);

/**
 * mmapshare_ring_set_type - set the type of the record that was reserved last
 * @ep: the producer of a ring with MMAPSHARE_RING_FEAT_TYPE
 * @type: any value, by which consumers tell records apart; 0 if not set
 *
 * Return: 0; -EINVAL if no record is reserved; -EOPNOTSUPP if the ring has no types;
 * -EBADF for a consumer; -ENODEV after another function has returned that.
 */
int mmapshare_ring_set_type(struct mmapshare_endpoint *ep, uint16_t type);

/**
 * mmapshare_ring_wanted - does any consumer want records of this type?
 * @ep: the producer of a ring with MMAPSHARE_RING_FEAT_TYPE
 * @type: the type
 *
 * A hint, by which a producer saves the work for records that no consumer wants: it
 * may be outdated when this returns. Consumers tell by the member @types of struct
 * mmapshare_ring_attach_args what they want, modulo 64; one that does not tell wants
 * all records. Makes no system call.
 *
 * Return: 1 if a consumer is attached that wants it, or a cursor keeps records for
 * such a consumer; 0 if not; -EBADF for a consumer; -ENODEV after another function has
 * returned that.
 */
int mmapshare_ring_wanted(const struct mmapshare_endpoint *ep, uint16_t type);

/**
 * mmapshare_ring_trim - shorten the record that was reserved last
 * @ep: the producer
 * @length: bytes, at most its current length
 *
 * Return: 0; -EINVAL if no record is reserved, or @length is too large; -EBADF
 * for a consumer; -ENODEV after another function has returned that.
 */
int mmapshare_ring_trim(struct mmapshare_endpoint *ep, size_t length);

/**
 * mmapshare_ring_commit - publish all reserved records
 * @ep: the producer
 *
 * They are published by a store-release: a consumer that takes one of them sees
 * all stores that the caller made before. The store, and the check for
 * consumers that are asleep, are sequentially consistent, which costs as much
 * as a full fence. Non-temporal stores (_mm_stream_*) are not ordered: the
 * caller must execute sfence after them. Makes a system call only if one of these
 * consumers waits for no more than what is published now.
 *
 * Return: 0; -ENODEV if that system call finds the ring revoked, or another
 * function has returned that before; -EBADF for a consumer.
 */
int mmapshare_ring_commit(struct mmapshare_endpoint *ep);

/* mmapshare_ring_commit_flags() */
#define MMAPSHARE_NO_WAKEUP	1U
#define MMAPSHARE_FORCE_WAKEUP	2U

/**
 * mmapshare_ring_commit_flags - publish, and say whether to wake consumers
 * @ep: the producer
 * @flags: 0 as mmapshare_ring_commit(), or one of MMAPSHARE_NO_WAKEUP and
 *	MMAPSHARE_FORCE_WAKEUP
 *
 * mmapshare_ring_commit() wakes a consumer that sleeps when as many bytes are
 * published as it waits for: see mmapshare_ring_set_wake_bytes().
 *
 * MMAPSHARE_NO_WAKEUP: publish only, with a store-release and no full fence.
 * Consumers that sleep remain asleep, so that the caller has to commit again
 * soon without the flag, or to call mmapshare_ring_notify(). A consumer that goes
 * to sleep later finds the records. When the producer detaches or dies, the
 * kernel wakes all consumers.
 *
 * MMAPSHARE_FORCE_WAKEUP: wake each consumer that has not taken all records,
 * those published before included, even if it waits for more bytes. One that goes
 * to sleep later, before it has taken them, does not wait, either. Always makes a
 * system call, also if no record is reserved.
 *
 * Return: as mmapshare_ring_commit(); -EINVAL for invalid @flags: nothing is
 * published.
 */
int mmapshare_ring_commit_flags(struct mmapshare_endpoint *ep, unsigned int flags);

/**
 * mmapshare_ring_discard - give up all reserved records
 * @ep: the producer
 *
 * Their sequence numbers are used again.
 *
 * Return: 0; -EBADF for a consumer; -ENODEV after another function has returned
 * that.
 */
int mmapshare_ring_discard(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_write - copy a record to the ring and publish it
 * @ep: the producer
 * @data: its bytes
 * @length: bytes, 0 to mmapshare_ring_record_max()
 *
 * Records that were reserved before are published, too.
 *
 * Return: 0; an error of mmapshare_ring_reserve() or mmapshare_ring_commit().
 */
int mmapshare_ring_write(struct mmapshare_endpoint *ep, const void *data, size_t length);

/**
 * mmapshare_ring_drop - count records that were dropped for lack of space
 * @ep: the producer
 * @records: number of records
 *
 * For mmapshare_ring_dropped() and mmapshare_ring_stat(). Dropped records have no
 * sequence numbers, and consumers do not notice.
 *
 * Return: 0; -EBADF for a consumer; -ENODEV after another function has returned
 * that.
 */
int mmapshare_ring_drop(struct mmapshare_endpoint *ep, uint64_t records);

/**
 * mmapshare_ring_next - take the next record
 * @ep: a consumer
 * @record: out: the record in the ring, aligned to 8 bytes, read-only
 * @length: out: its bytes
 *
 * A load-acquire: the caller sees all stores that the producer made before it
 * committed the record. The record remains valid until it is released; for a
 * consumer that may lose records, as in an overwriting ring, only as long as
 * mmapshare_ring_check() returns 0.
 *
 * Makes no system call, except after it has skipped discarded records for whose
 * space the producer waits. A call skips at most 64 of them: then it returns
 * -EAGAIN although a record may follow, and the next mmapshare_ring_wait()
 * returns 0 at once. While records are taken and not released, each call skips
 * the same ones.
 *
 * Return: 0; -EAGAIN if there is no record now; -EBADMSG if the producer's
 * state in the ring is corrupt; -EBADF for a producer; -ENODEV after another
 * function has returned that.
 */
int mmapshare_ring_next(struct mmapshare_endpoint *ep, const void **record,
			size_t *length);

/**
 * mmapshare_ring_check - was the last record valid until now?
 * @ep: a consumer
 *
 * A consumer that may lose records calls this after the record that
 * mmapshare_ring_next() returned last was used. It contains an acquire fence
 * after the caller's loads. For any other consumer the record is always valid.
 *
 * Return: 0; -ESTALE if the record was overwritten, perhaps before it was used:
 * then it counts as lost; -EINVAL if no record is taken; -EBADF for a producer;
 * -ENODEV after another function has returned that.
 */
int mmapshare_ring_check(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_record_info - time, CPU and type of the last record
 * @ep: a consumer
 * @info: out: those of the record that mmapshare_ring_next() returned last and that
 *	is not released, or that mmapshare_ring_read() has copied since. A member is
 *	0 if the ring was created without its feature
 *
 * The time is that of mmapshare_ring_reserve(), or of mmapshare_reserve() of the
 * kernel API, and the CPU the one on which the producer was then. A producer in
 * the kernel states the truth; a program can have stored any values.
 *
 * Return: 0; -EOPNOTSUPP if mmapshare_ring_features() is 0; -EINVAL if there is no
 * such record; -ESTALE if the record was overwritten: @info may have been stored;
 * -EBADF for a producer; -ENODEV after another function has returned that.
 */
int mmapshare_ring_record_info(struct mmapshare_endpoint *ep,
			       struct mmapshare_record_info *info);

/**
 * mmapshare_ring_release - release all records that were taken
 * @ep: a consumer
 *
 * The position is published by a store-release: the producer does not reuse the
 * space before the caller's loads are done. In a lossless ring the store, and
 * the check for a producer that is asleep, are sequentially consistent, which
 * costs as much as a full fence: one call for several records is cheaper than
 * one for each. Makes a system call only if the producer waits for no more than
 * what is free now; never for a consumer that may lose records.
 *
 * Return: 0; -ENODEV if that system call finds the ring revoked, or another
 * function has returned that before; -EBADF for a producer.
 */
int mmapshare_ring_release(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_read - copy the next record from the ring and release it
 * @ep: a consumer
 * @buffer: out: the record
 * @size: bytes of @buffer; mmapshare_ring_record_max() is enough for any record
 *
 * The copy is never torn, even if the consumer may lose records. On failure @buffer
 * may have been overwritten.
 *
 * Return: the length of the record; -EMSGSIZE if that is more than @size: the
 * record remains the next one; -EBUSY if a record is taken and not released; an
 * error of mmapshare_ring_next() or mmapshare_ring_release().
 */
ssize_t mmapshare_ring_read(struct mmapshare_endpoint *ep, void *buffer, size_t size);

/**
 * mmapshare_ring_seq - the sequence number of the next record
 * @ep: a producer or consumer
 *
 * Records are numbered from 0 on since the ring was created, by all its
 * producers. For a producer that has just attached this is the number of
 * records committed so far: it tells whether a previous producer, which was
 * killed, had committed its last record. The last record that was taken has the
 * sequence number before this one.
 *
 * Return: the sequence number of the record that mmapshare_ring_reserve() or
 * mmapshare_ring_next() returns next, unless that is overwritten before.
 */
uint64_t mmapshare_ring_seq(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_lost - records that a consumer has lost
 * @ep: a consumer
 *
 * The first mmapshare_ring_next() after a loss counts it, exactly.
 *
 * Return: the number of records, since this consumer attached, or the name of its
 * cursor was created, that were overwritten before it took them, or that a kernel
 * producer dropped.
 */
uint64_t mmapshare_ring_lost(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_dropped - records that were dropped for lack of space
 * @ep: a producer or consumer
 *
 * Such records never were in the ring. Those of a producer in the kernel have
 * sequence numbers, and are in mmapshare_ring_lost(), too.
 *
 * Return: the number of records that the ring's producers have dropped since it
 * was created: those that mmapshare_ring_drop() counted, or a producer in the
 * kernel.
 */
uint64_t mmapshare_ring_dropped(const struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_wait - wait for records (consumer) or free space (producer)
 * @ep: a producer or consumer; it must have committed, discarded or released
 *	all records
 * @flags: 0, or MMAPSHARE_RING_WAIT_IGNORE_HUP to wait for the next peer
 *	instead of returning -EPIPE
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * A producer waits for space for the record that mmapshare_ring_reserve() last
 * refused. In an overwriting ring it need not wait.
 *
 * Return: 0 if the endpoint can continue; -ETIMEDOUT; -EINTR for a signal;
 * -EPIPE if the peers are gone: for a consumer the producer, and all its
 * records are taken; for a producer all consumers, if there were any, and there
 * is no space; -EBUSY if a record is reserved or taken; -EBADMSG if the state
 * that this endpoint or a peer has stored in the ring is corrupt; -ENODEV if
 * the ring was revoked; -EIO if the memory of one of its pages failed; -EINVAL
 * for invalid @flags.
 */
int mmapshare_ring_wait(struct mmapshare_endpoint *ep, unsigned int flags,
			int64_t timeout);

/**
 * mmapshare_ring_wait_consumers - wait until consumers have attached
 * @ep: a producer or consumer
 * @count: how many consumers to wait for, those that may lose records included;
 *	at most the number that the ring was created for
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * For a producer that must not publish before its consumers are there: a consumer
 * that was counted gets the records that the caller commits from then on. The
 * kernel does not report this event: the library polls, at first every 0.1
 * milliseconds, then less often, at least every 10 milliseconds.
 *
 * Return: 0 if @count consumers or more are attached; -ETIMEDOUT; -EINTR for a
 * signal; -EINVAL if @count is too large; -ENODEV if the ring was revoked.
 */
int mmapshare_ring_wait_consumers(struct mmapshare_endpoint *ep, unsigned int count,
				  int64_t timeout);

/**
 * mmapshare_ring_notify - wake the peers that can continue
 * @ep: a producer or consumer
 *
 * mmapshare_ring_commit() and mmapshare_ring_release() call this if a peer is
 * asleep. It is for programs that store positions to the ring themselves. On
 * success it contains a full fence.
 *
 * Return: 0; -ENODEV if the ring was revoked.
 */
int mmapshare_ring_notify(struct mmapshare_endpoint *ep);

/**
 * mmapshare_ring_set_wake_bytes - set how many bytes to wait for
 * @ep: a producer or consumer
 * @bytes: bytes of records (consumer) or free space (producer), 8 for the
 *	header of each record included, 24 in a ring with features; 0, the
 *	initial value, for any. More than half of the ring counts as half
 *
 * mmapshare_ring_wait() and poll() wait until there are @bytes: fewer wake-ups,
 * but later ones.
 */
void mmapshare_ring_set_wake_bytes(struct mmapshare_endpoint *ep, uint32_t bytes);

/**
 * mmapshare_ring_set_wake_delay - set how long to wait for many bytes
 * @ep: a consumer; nothing happens for a producer
 * @us: microseconds; 0, the initial value, means no limit
 *
 * A consumer that waits for the bytes of mmapshare_ring_set_wake_bytes() is woken
 * @us after there is a record, even if these are fewer: "64 KiB, or 1 ms". A timer of
 * the kernel does that, for mmapshare_ring_wait() and poll(). It takes effect when the
 * consumer waits the next time.
 */
void mmapshare_ring_set_wake_delay(struct mmapshare_endpoint *ep, uint32_t us);

/**
 * mmapshare_ring_set_spins - poll for a while before going to sleep
 * @ep: a producer or consumer
 * @spins: how many times mmapshare_ring_wait() polls at most; 0, the initial
 *	value, for none
 *
 * The library polls fewer times while polling is not successful.
 */
void mmapshare_ring_set_spins(struct mmapshare_endpoint *ep, unsigned int spins);

/**
 * mmapshare_ring_stat - the state of a ring
 * @region: the ring, open for reading
 * @ring: out: the first page
 * @producer: out: the producer's page
 * @cursors: out: the consumers' pages, as many as @count and
 *	@ring->consumers_max allow; those whose bit is set in @ring->consumers
 *	or @ring->may_lose
 *	are in use
 * @count: number of elements of @cursors
 *
 * Changes nothing in the ring. @producer is read last, so no consumer's
 * position is past that of the producer. On failure some of the outputs may
 * have been stored.
 *
 * Return: 0; -ENOTTY if @region is not a ring; -EBADF if it is not open for
 * reading; -EPROTONOSUPPORT if the library does not know the module's layout of
 * a ring; -ENODEV if the ring was revoked.
 */
int mmapshare_ring_stat(const struct mmapshare *region, struct mmapshare_ring *ring,
			struct mmapshare_ring_producer *producer,
			struct mmapshare_ring_cursor *cursors, unsigned int count);

/* Ring sets: mmapshare_set(3) */

/**
 * mmapshare_set_attach - attach a consumer to all rings of a set
 * @set: out: the consumer; the caller closes it
 * @region: the ring set, open for reading
 * @flags: 0, or MMAPSHARE_RING_ATTACH_LATEST, and one of
 *	MMAPSHARE_RING_ATTACH_MAY_LOSE and MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE
 *
 * A set is created by mmapshare_ring_create_with(), with MMAPSHARE_RING_SET, or by
 * a driver. Producers attach to one ring each, by mmapshare_ring_attach().
 *
 * Return: 0; -EOPNOTSUPP if @region is not a set; else as mmapshare_ring_attach().
 */
int mmapshare_set_attach(struct mmapshare_set **set, const struct mmapshare *region,
			 unsigned int flags);

/**
 * mmapshare_set_open - open a ring set and attach a consumer
 * @set: out: the consumer; the caller closes it
 * @name: name or path, as for mmapshare_open()
 * @flags: as for mmapshare_set_attach()
 *
 * Return: as mmapshare_set_attach() and mmapshare_open().
 */
int mmapshare_set_open(struct mmapshare_set **set, const char *name, unsigned int flags);

/**
 * mmapshare_set_attach_with - attach a consumer to all rings, with all properties
 * @set: out: the consumer; the caller closes it
 * @region: the ring set, open for reading
 * @args: as for mmapshare_ring_attach_with(), without MMAPSHARE_RING_ATTACH_SEQ
 *
 * With @name, the cursor keeps its position in each ring, as that of a single ring
 * does. mmapshare_ring_resumed() of any member tells whether the consumer has gone on
 * at the positions of a name. If the call fails after it has moved the name to where
 * @args say that the consumer begins, the name may have moved in some of the rings.
 *
 * Return: as mmapshare_set_attach() and mmapshare_ring_attach_with().
 */
int mmapshare_set_attach_with(struct mmapshare_set **set, const struct mmapshare *region,
			      const struct mmapshare_ring_attach_args *args);

/**
 * mmapshare_set_open_with - open a ring set and attach a consumer, with all properties
 * @set: out: the consumer; the caller closes it
 * @name: name or path, as for mmapshare_open()
 * @args: as for mmapshare_set_attach_with()
 *
 * Return: as mmapshare_set_attach_with() and mmapshare_open().
 */
int mmapshare_set_open_with(struct mmapshare_set **set, const char *name,
			    const struct mmapshare_ring_attach_args *args);

/**
 * mmapshare_set_find_name - facts about the cursor with a name, in one ring of a set
 * @region: the ring set, open for reading
 * @name: the name
 * @member: index of the ring
 * @info: out: as for mmapshare_ring_find_name(), which describes it in the first ring
 *
 * mmapshare_ring_remove_name() removes a name in all rings.
 *
 * Return: as mmapshare_ring_find_name(); -EINVAL if there is no such ring.
 */
int mmapshare_set_find_name(const struct mmapshare *region, const char *name,
			    unsigned int member, struct mmapshare_ring_name *info);

/**
 * mmapshare_set_close - detach and free a consumer of a set
 * @set: may be NULL
 */
void mmapshare_set_close(struct mmapshare_set *set);

/**
 * mmapshare_set_fd - the descriptor, for poll()
 * @set: a consumer
 *
 * Readable when any ring has records, those included that a window holds back.
 *
 * Return: a descriptor that belongs to @set.
 */
int mmapshare_set_fd(const struct mmapshare_set *set);

/**
 * mmapshare_set_members - how many rings has the set?
 * @set: a consumer
 *
 * Return: the number, constant.
 */
unsigned int mmapshare_set_members(const struct mmapshare_set *set);

/**
 * mmapshare_set_member - the consumer's endpoint in one ring
 * @set: a consumer
 * @i: index of the ring
 *
 * For reading each ring on its own, instead of with mmapshare_set_next(), and for
 * facts about it, such as mmapshare_ring_lost() and mmapshare_ring_dropped(). Wait
 * with mmapshare_set_wait(); mmapshare_ring_close() must not be called.
 *
 * Return: the endpoint, which belongs to @set; NULL if there is no such ring.
 */
struct mmapshare_endpoint *mmapshare_set_member(const struct mmapshare_set *set,
						unsigned int i);

/**
 * mmapshare_set_features - what each record has besides its bytes
 * @set: a consumer
 *
 * Return: MMAPSHARE_RING_FEAT_* of all rings; constant.
 */
uint64_t mmapshare_set_features(const struct mmapshare_set *set);

/**
 * mmapshare_set_next - take the next record of all rings, in the order of time
 * @set: a consumer
 * @record: out: the record in its ring, as of mmapshare_ring_next()
 * @length: out: its bytes
 * @member: out: index of its ring; may be NULL
 *
 * Records of one ring come in their order. Among the rings, the library looks at the
 * positions of all producers, takes what was published by then, always the record
 * with the least time stamp, and looks again: a record follows one with a later time
 * only if it was published after the look. mmapshare_set_window() excludes that, too.
 * In a set without a clock each look takes one record after the other from the rings
 * in turn.
 *
 * If the state of a ring is corrupt, this returns -EBADMSG once, with that ring in
 * @member. The ring is not read any more, and the caller can continue with the others.
 *
 * Return: 0; -EAGAIN if there is no record now, or they are held back; -EBADMSG, see
 * above; -ENODEV after another function has returned that.
 */
int mmapshare_set_next(struct mmapshare_set *set, const void **record, size_t *length,
		       unsigned int *member);

/**
 * mmapshare_set_check - was the last record valid until now?
 * @set: a consumer
 *
 * As mmapshare_ring_check().
 *
 * Return: 0; -ESTALE if the record was overwritten: then it counts as lost; -EINVAL
 * if no record is taken; -ENODEV after another function has returned that.
 */
int mmapshare_set_check(struct mmapshare_set *set);

/**
 * mmapshare_set_seq - the sequence number of the last record
 * @set: a consumer
 *
 * Each ring numbers its records from 0 on.
 *
 * Return: the number, in its ring, of the record that mmapshare_set_next() or
 * mmapshare_set_read() returned last.
 */
uint64_t mmapshare_set_seq(const struct mmapshare_set *set);

/**
 * mmapshare_set_record_info - time, CPU and type of the last record
 * @set: a consumer
 * @info: out: those of the record that mmapshare_set_next() returned last and that
 *	is not released
 *
 * Return: 0; -EOPNOTSUPP if mmapshare_set_features() is 0; -EINVAL if no record is
 * taken; -ESTALE if the record was overwritten: @info may have been stored; -ENODEV
 * after another function has returned that.
 */
int mmapshare_set_record_info(struct mmapshare_set *set, struct mmapshare_record_info *info);

/**
 * mmapshare_set_release - release all records that were taken, of all rings
 * @set: a consumer
 *
 * As mmapshare_ring_release().
 *
 * Return: 0; -ENODEV if the set was revoked.
 */
int mmapshare_set_release(struct mmapshare_set *set);

/**
 * mmapshare_set_read - copy the next record of all rings and release it
 * @set: a consumer
 * @buffer: out: the record
 * @size: bytes of @buffer
 * @info: out: its time, CPU and type, if the set has such; may be NULL
 * @member: out: index of its ring; may be NULL
 *
 * The copy is never torn. On failure @buffer may have been overwritten.
 *
 * Return: the length of the record; -EMSGSIZE if that is more than @size: the
 * record remains the next one; -EBUSY if a record is taken and not released; an error
 * of mmapshare_set_next() or mmapshare_set_release().
 */
ssize_t mmapshare_set_read(struct mmapshare_set *set, void *buffer, size_t size,
			   struct mmapshare_record_info *info, unsigned int *member);

/**
 * mmapshare_set_lost - records that the consumer has lost in all rings
 * @set: a consumer
 *
 * Return: the sum of mmapshare_ring_lost() of all rings.
 */
uint64_t mmapshare_set_lost(const struct mmapshare_set *set);

/**
 * mmapshare_set_wait - wait for records of any ring
 * @set: a consumer; it must have released all records
 * @flags: as for mmapshare_ring_wait()
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * If records are held back, it sleeps until the first one need not be any more.
 *
 * Return: 0 if there may be records; -ETIMEDOUT; -EINTR for a signal; -EPIPE if at
 * least one ring had a producer, none has one now, and all records are taken; -EBUSY
 * if a record is taken; -EBADMSG if the state of all rings is corrupt; -ENODEV if the
 * set was revoked; -EIO if the memory of one of its pages failed; -EINVAL for invalid
 * @flags.
 */
int mmapshare_set_wait(struct mmapshare_set *set, unsigned int flags, int64_t timeout);

/**
 * mmapshare_set_window - hold back young records
 * @set: a consumer of a set with a clock
 * @ns: nanoseconds; 0, the initial value, for none
 *
 * mmapshare_set_next() returns records that are older than @ns only. If each producer
 * publishes its records less than @ns after it reserved them, all records come in the
 * order of time. A later one still comes, out of order; none is lost. The time stamp of
 * a producer that is a program can be in the future: it counts as the present. In a
 * time namespace with another offset of the clock, a window is useless.
 *
 * Return: 0; -EOPNOTSUPP if records have no time.
 */
int mmapshare_set_window(struct mmapshare_set *set, uint64_t ns);

/**
 * mmapshare_set_wake_bytes - set how many bytes to wait for, in each ring
 * @set: a consumer
 * @bytes: as for mmapshare_ring_set_wake_bytes()
 */
void mmapshare_set_wake_bytes(struct mmapshare_set *set, uint32_t bytes);

/**
 * mmapshare_set_wake_delay - set how long to wait for many bytes, in each ring
 * @set: the consumer
 * @us: as for mmapshare_ring_set_wake_delay()
 */
void mmapshare_set_wake_delay(struct mmapshare_set *set, uint32_t us);

/**
 * mmapshare_set_stat - the state of one ring of a set
 * @region: the ring set, open for reading; or a ring, with @member 0
 * @member: index of the ring
 * @ring: out: its first page, with the number of rings in @ring->members
 * @producer: out: as for mmapshare_ring_stat()
 * @cursors: out: likewise
 * @count: number of elements of @cursors
 *
 * Return: as mmapshare_ring_stat(); -EINVAL if there is no such ring.
 */
int mmapshare_set_stat(const struct mmapshare *region, unsigned int member,
		       struct mmapshare_ring *ring, struct mmapshare_ring_producer *producer,
		       struct mmapshare_ring_cursor *cursors, unsigned int count);

/* Facts about regions: mmapshare_list(3) */

/**
 * mmapshare_get_info - get facts about an open region
 * @region: an open region
 * @info: in: @info->size is sizeof(*@info), all other members are 0; out: all
 *	members
 *
 * Return: 0; -EINVAL if @info->size is too small; -E2BIG if a member that the
 * kernel does not know is not 0; -ENODEV if the region was revoked.
 */
int mmapshare_get_info(const struct mmapshare *region, struct mmapshare_info *info);

/**
 * mmapshare_query_name - get facts about a named region, without opening it
 * @name: the name
 * @query: in: @query->size is sizeof(*@query); out: all members; unspecified on
 *	failure
 *
 * Return: 0; -ENOENT if there is no such region, or no module; -EINVAL for an
 * invalid @name, or if @query->size is too small; another error of open() of
 * /dev/mmapshare for reading.
 */
int mmapshare_query_name(const char *name, struct mmapshare_query *query);

/**
 * mmapshare_list_open - start an iteration over all named regions
 * @list: out: the iteration; the caller closes it
 *
 * Return: 0; -ENOMEM; an error of open() of /dev/mmapshare for reading.
 */
int mmapshare_list_open(struct mmapshare_list **list);

/**
 * mmapshare_list_next - get facts about the next named region
 * @list: the iteration
 * @query: in: @query->size is sizeof(*@query); out: all members if this returns
 *	1, else unspecified
 *
 * A region that exists during the whole iteration is found once; a region that
 * is created or destroyed meanwhile once or not at all.
 *
 * Return: 1; 0 at the end; -EINVAL if @query->size is too small.
 */
int mmapshare_list_next(struct mmapshare_list *list, struct mmapshare_query *query);

/**
 * mmapshare_list_close - end an iteration
 * @list: may be NULL
 */
void mmapshare_list_close(struct mmapshare_list *list);

/**
 * mmapshare_path - the path of a region's node
 * @name: the name; NULL for the default region
 * @path: out: the path
 * @size: bytes of @path; 80 are enough for any name
 *
 * The node need not exist.
 *
 * Return: 0; -EINVAL if @name is empty, too long or contains a '/'; -ERANGE if
 * @size is too small.
 */
int mmapshare_path(const char *name, char *path, size_t size);

/**
 * mmapshare_strategy_name - the name of a strategy
 * @strategy: enum mmapshare_strategy
 *
 * Return: a static string; NULL if the library does not know the strategy.
 */
const char *mmapshare_strategy_name(unsigned int strategy);

/**
 * mmapshare_strategy_by_name - look up a strategy
 * @name: "fault", "huge", "vmalloc", "pfn" or "reserved"
 *
 * Return: enum mmapshare_strategy; -EINVAL if there is none of that name.
 */
int mmapshare_strategy_by_name(const char *name);

/**
 * mmapshare_version - the version of the library
 *
 * Return: the MMAPSHARE_VERSION that the library was compiled with.
 */
const char *mmapshare_version(void);

/**
 * mmapshare_error_text - what an error of this library means
 * @error: a negative errno that a function of the library has returned, or its
 *	positive value
 *
 * Some functions return an errno whose text from strerror() is misleading: -EPIPE,
 * "Broken pipe", is the normal end of a stream of records.
 *
 * Return: a text without a newline, which need not be freed, for example "no peer
 * is left" for -EPIPE; that of strerror() for an errno that has its usual meaning.
 */
const char *mmapshare_error_text(int error);

/* Pass to other processes: mmapshare_send(3) */

/**
 * mmapshare_send - send a region through a Unix socket
 * @socket: a connected socket
 * @region: an open region, which remains open
 *
 * The receiver has the same access as @region. The message is one byte of data,
 * which is 0, and the descriptor. May block as sendmsg() does.
 *
 * Return: 0; an error of sendmsg(), such as -EPIPE, without SIGPIPE.
 */
int mmapshare_send(int socket, const struct mmapshare *region);

/**
 * mmapshare_receive - receive a region through a Unix socket
 * @socket: a connected socket
 * @region: out: the region; the caller closes it
 *
 * Any other descriptor that is received is closed. May block as recvmsg() does.
 *
 * Return: 0; -EPIPE if the peer has closed the socket; -ENOTTY if the received
 * descriptor is not a region; -EBADMSG if the message is not one byte and one
 * descriptor; -ENODEV if the region was revoked; -ENOMEM; an error of
 * recvmsg().
 */
int mmapshare_receive(int socket, struct mmapshare **region);

/*
 * Search a mapping: mmapshare_find(3). If a peer stores to the bytes
 * concurrently, a result may be that of a mixture of old and new bytes, but it
 * is never outside @length.
 */

/**
 * mmapshare_find - find the first occurrence of some bytes
 * @map: the bytes to search
 * @length: number of bytes to search
 * @from: where to start, an offset from @map
 * @what: the bytes to find
 * @what_length: number of bytes to find
 *
 * Return: the offset from @map; -ENOENT if there is none; -ENXIO if @from is
 * more than @length.
 */
ssize_t mmapshare_find(const void *map, size_t length, size_t from,
		       const void *what, size_t what_length);

/**
 * mmapshare_find_last - find the last occurrence of some bytes
 * @map: the bytes to search
 * @length: number of bytes to search
 * @what: the bytes to find
 * @what_length: number of bytes to find
 *
 * Return: the offset from @map; -ENOENT if there is none.
 */
ssize_t mmapshare_find_last(const void *map, size_t length, const void *what,
			    size_t what_length);

/**
 * mmapshare_read_line - copy a line from a mapping
 * @map: the lines
 * @length: bytes of all lines
 * @position: in: where to start, an offset from @map; out: where the next line
 *	starts
 * @line: out: the line with its '\n', and a terminating '\0'
 * @size: bytes of @line, at least 2. The rest of a longer line is the next line
 *
 * Return: bytes in @line without the '\0'; 0 at the end; -EINVAL if @size is
 * less than 2 or @position is more than @length.
 */
ssize_t mmapshare_read_line(const void *map, size_t length, size_t *position,
			    char *line, size_t size);

/**
 * mmapshare_move - copy bytes within a mapping
 * @map: a writable mapping
 * @length: bytes of the mapping
 * @to: destination, an offset from @map
 * @from: source, an offset from @map
 * @count: bytes to copy; source and destination may overlap
 *
 * Return: 0; -ENXIO if the source or the destination is not inside the mapping.
 */
int mmapshare_move(void *map, size_t length, size_t to, size_t from,
		   size_t count);

#ifdef __cplusplus
}
#endif

#endif /* MMAPSHARE_H */
