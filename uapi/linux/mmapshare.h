/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ABI of /dev/mmapshare.
 *
 * The first member of every structure that is passed to an ioctl is the size of
 * the structure in bytes, set by the caller. Structures grow only at their end.
 * An older kernel accepts a newer structure if the members that it does not
 * know are 0, else the ioctl fails with E2BIG. A newer kernel treats the
 * members that an older program does not pass as 0. No structure has holes, and
 * each has the same layout in 32-bit and 64-bit programs.
 */
#ifndef _UAPI_LINUX_MMAPSHARE_H
#define _UAPI_LINUX_MMAPSHARE_H

#include <linux/const.h>
#include <linux/ioctl.h>
#include <linux/types.h>

/* The version of the module, the library, the command and the Python package */
#define MMAPSHARE_VERSION_MAJOR	0
#define MMAPSHARE_VERSION_MINOR	6
#define MMAPSHARE_VERSION_PATCH	0

#define __MMAPSHARE_STRING(x)		#x
#define __MMAPSHARE_DOTTED(a, b, c)	__MMAPSHARE_STRING(a.b.c)

/* The same as a string: "MAJOR.MINOR.PATCH" */
#define MMAPSHARE_VERSION	__MMAPSHARE_DOTTED(MMAPSHARE_VERSION_MAJOR, \
						   MMAPSHARE_VERSION_MINOR, \
						   MMAPSHARE_VERSION_PATCH)

#define MMAPSHARE_ABI_VERSION	1

/**
 * enum mmapshare_strategy - how a region's memory is obtained and mapped
 * @MMAPSHARE_STRATEGY_FAULT: single pages, mapped at the first access
 * @MMAPSHARE_STRATEGY_HUGE: as FAULT, in PMD-sized pages where possible
 * @MMAPSHARE_STRATEGY_VMALLOC: single pages, mapped in mmap() by
 *	remap_vmalloc_range()
 * @MMAPSHARE_STRATEGY_PFN: physically contiguous runs of pages, mapped in
 *	mmap() by remap_pfn_range()
 * @MMAPSHARE_STRATEGY_RESERVED: memory that the administrator has set aside, which
 *	may keep its bytes over a reboot, or registers; mapped as PFN
 */
enum mmapshare_strategy {
	MMAPSHARE_STRATEGY_FAULT	= 0,
	MMAPSHARE_STRATEGY_HUGE		= 1,
	MMAPSHARE_STRATEGY_VMALLOC	= 2,
	MMAPSHARE_STRATEGY_PFN		= 3,
	MMAPSHARE_STRATEGY_RESERVED	= 4,
};

/* What mappings of a region support: bits of mmapshare_info.features. */

/* MAP_PRIVATE; a store goes to a private copy */
#define MMAPSHARE_FEAT_COW	_BITULL(0)
/* page pins: O_DIRECT, vmsplice(), io_uring buffers, ... */
#define MMAPSHARE_FEAT_GUP	_BITULL(1)
/* MADV_DONTNEED; the next access finds the region's bytes again */
#define MMAPSHARE_FEAT_DONTNEED	_BITULL(2)
/* process-shared futexes, hence mutexes, condition variables, semaphores */
#define MMAPSHARE_FEAT_FUTEX	_BITULL(3)
/* core dumps contain the mapping if /proc/PID/coredump_filter says so */
#define MMAPSHARE_FEAT_DUMP	_BITULL(4)
/* PMD-sized pages are tried first */
#define MMAPSHARE_FEAT_HUGE	_BITULL(5)
/* the region can be revoked */
#define MMAPSHARE_FEAT_REVOKE	_BITULL(6)

/* Bytes of a region's name, including the terminating 0 */
#define MMAPSHARE_NAME_SIZE	64

/**
 * struct mmapshare_info - facts about a region
 * @size: in: sizeof(struct mmapshare_info)
 * @flags: in: must be 0
 * @abi_version: out: MMAPSHARE_ABI_VERSION of the module
 * @strategy: out: enum mmapshare_strategy
 * @region_size: out: bytes, a multiple of @page_size; constant
 * @features: out: MMAPSHARE_FEAT_*
 * @page_size: out: bytes; offsets of mmap() are multiples of it
 * @huge_page_size: out: bytes of a PMD-sized page; 0 if the region has none
 * @huge_bytes: out: bytes that were in PMD-sized pages when the region was created
 * @maps: out: current number of mappings (VMAs) of the region
 * @files: out: current number of open files of the region. The first version
 *	of the structure ended before this member
 * @doorbell_offset: out: offset at which mmap() finds the doorbell page, a
 *	struct mmapshare_doorbell; 0 if there is none
 * @seals: out: MMAPSHARE_SEAL_*, 0 for none
 * @id: out: minor number of the region's node; 0 for the region behind
 *	/dev/mmapshare and for a region without a name
 * @name: out: the name as it was created, even if it was destroyed since; all 0
 *	if @id is 0
 * @ring: out: MMAPSHARE_RING_*, 0 for a plain region
 * @members: out: number of rings of a ring set; else 0
 */
struct mmapshare_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 strategy;
	__u64 region_size;
	__u64 features;
	__u32 page_size;
	__u32 huge_page_size;
	__u64 huge_bytes;
	__u64 maps;
	__u64 files;
	__u64 doorbell_offset;
	__u32 seals;
	__u32 id;
	char name[MMAPSHARE_NAME_SIZE];
	__u32 ring;
	__u32 members;
};

#define MMAPSHARE_PATTERN_MAX	8

/**
 * struct mmapshare_fill_args - have the kernel store a repeated pattern
 * @size: in: sizeof(struct mmapshare_fill_args)
 * @flags: in: must be 0
 * @offset: in: first byte of the range
 * @length: in: bytes; the range must be inside the region
 * @pattern: in: the bytes to repeat from @offset on; unused bytes are 0
 * @pattern_len: in: bytes of the pattern, 1 to MMAPSHARE_PATTERN_MAX
 * @reserved: in: must be 0
 */
struct mmapshare_fill_args {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u8 pattern[MMAPSHARE_PATTERN_MAX];
	__u32 pattern_len;
	__u32 reserved;
};

/**
 * struct mmapshare_checksum_args - have the kernel read a range
 * @size: in: sizeof(struct mmapshare_checksum_args)
 * @flags: in: must be 0
 * @offset: in: first byte of the range
 * @length: in: bytes; the range must be inside the region
 * @crc32c: out: CRC-32C (Castagnoli) of the range; 0 for an empty one
 * @reserved: in: must be 0
 */
struct mmapshare_checksum_args {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
	__u32 crc32c;
	__u32 reserved;
};

/* no seals can be added */
#define MMAPSHARE_SEAL_SEAL		_BITUL(0)
/*
 * no new writable mappings, no write(), no FILL; existing mappings stay
 * writable
 */
#define MMAPSHARE_SEAL_FUTURE_WRITE	_BITUL(1)
/*
 * no writes at all; refused with EBUSY while a writable mapping or a pin exists
 */
#define MMAPSHARE_SEAL_WRITE		_BITUL(2)
/* REVOKE fails with EPERM */
#define MMAPSHARE_SEAL_REVOKE		_BITUL(3)

/**
 * struct mmapshare_seal_args - permanently forbid writes, seals or revocation
 * @size: in: sizeof(struct mmapshare_seal_args)
 * @flags: in: must be 0
 * @seals: in: MMAPSHARE_SEAL_* to add, 0 to query; out: all seals of the region
 * @reserved: in: must be 0
 */
struct mmapshare_seal_args {
	__u32 size;
	__u32 flags;
	__u32 seals;
	__u32 reserved;
};

/* mmapshare_read_only_args.flags: close the descriptor on exec */
#define MMAPSHARE_READ_ONLY_CLOEXEC	_BITUL(0)

/**
 * struct mmapshare_read_only_args - get a read-only descriptor of the same
 * region
 * @size: in: sizeof(struct mmapshare_read_only_args)
 * @flags: in: MMAPSHARE_READ_ONLY_*
 */
struct mmapshare_read_only_args {
	__u32 size;
	__u32 flags;
};

/**
 * struct mmapshare_revoke_args - take a region away from all its users
 * @size: in: sizeof(struct mmapshare_revoke_args)
 * @flags: in: must be 0
 */
struct mmapshare_revoke_args {
	__u32 size;
	__u32 flags;
};

/* mmapshare_dmabuf_args.flags: close the descriptor on exec */
#define MMAPSHARE_DMABUF_CLOEXEC	_BITUL(0)
/* mmapshare_dmabuf_args.flags: devices, and programs that map it, may write */
#define MMAPSHARE_DMABUF_WRITABLE	_BITUL(1)

/**
 * struct mmapshare_dmabuf_args - get a dma-buf of a range of the region
 * @size: in: sizeof(struct mmapshare_dmabuf_args)
 * @flags: in: MMAPSHARE_DMABUF_*
 * @offset: in: first byte, a multiple of the page size
 * @length: in: bytes, a multiple of the page size, not 0
 */
struct mmapshare_dmabuf_args {
	__u32 size;
	__u32 flags;
	__u64 offset;
	__u64 length;
};

/* mmapshare_create_args.flags: close the descriptor on exec */
#define MMAPSHARE_CREATE_CLOEXEC	_BITUL(0)

/**
 * struct mmapshare_create_args - create a region
 * @size: in: sizeof(struct mmapshare_create_args)
 * @flags: in: MMAPSHARE_CREATE_*
 * @region_size: in: bytes, not 0; out: rounded up to whole pages, less than
 *	1 TiB. For a ring: bytes of records, rounded up to a power of two and at
 *	least a page, at most MMAPSHARE_RING_SIZE_MAX. For a ring set: of each
 *	of its rings, which must have less than 1 TiB together
 * @strategy: in: enum mmapshare_strategy; FAULT for a ring
 * @mode: in: permissions of the node, 0 to 0777, masked by the umask; 0 without
 *	a name
 * @name: in: the node is /dev/mmapshare-NAME. Letters, digits, '.', '_' and
 *	'-'; neither "." nor ".."; unused bytes 0. All 0 for an anonymous
 *	region. The first version of the structure ended after this member
 * @ring: in: 0 for a plain region; MMAPSHARE_RING, optionally with
 *	MMAPSHARE_RING_OVERWRITE or MMAPSHARE_RING_READERS_HOLD, for a ring;
 *	also with MMAPSHARE_RING_SET for a ring set
 * @consumers: in: for a ring the maximum number of attached consumers, 1 to
 *	MMAPSHARE_RING_CONSUMERS_MAX; else 0. The number of its cursors
 * @consumers_per_uid: in: for a ring how many cursors a user other than the owner
 *	of the ring may have, at most @consumers; 0 for half of those that are
 *	not reserved, rounded up, and at least one
 * @consumers_reserved: in: for a ring how many of the cursors other users than
 *	the owner leave free, at most @consumers; 0 for the default, which is 1
 *	if there are two cursors or more; MMAPSHARE_RING_RESERVE_NONE for none.
 *	CAP_SYS_RESOURCE exempts from both limits
 * @evict_ns: in: for a lossless ring how many nanoseconds the producer waits for
 *	a consumer, or the kernel as producer drops records because of it: then
 *	it becomes one that may lose; 0 for no limit
 * @features: in: for a ring MMAPSHARE_RING_FEAT_*; else 0
 * @members: in: for a ring set the number of rings, at most
 *	MMAPSHARE_RING_MEMBERS_MAX; 0 for one for each possible CPU, the memory
 *	of which is on the node of that CPU; out: the number. Else 0
 * @reserved: in: must be 0
 */
struct mmapshare_create_args {
	__u32 size;
	__u32 flags;
	__u64 region_size;
	__u32 strategy;
	__u32 mode;
	char name[MMAPSHARE_NAME_SIZE];
	__u32 ring;
	__u32 consumers;
	__u32 consumers_per_uid;
	__u32 consumers_reserved;
	__u64 evict_ns;
	__u64 features;
	__u32 members;
	__u32 reserved;
};

/* mmapshare_create_args.consumers_reserved */
#define MMAPSHARE_RING_RESERVE_NONE	0xffffffffU

/* mmapshare_destroy_args.flags: also revoke the region */
#define MMAPSHARE_DESTROY_REVOKE	_BITUL(0)

/**
 * struct mmapshare_destroy_args - remove a region's name and node
 * @size: in: sizeof(struct mmapshare_destroy_args)
 * @flags: in: MMAPSHARE_DESTROY_*
 * @name: in: the name; unused bytes 0
 */
struct mmapshare_destroy_args {
	__u32 size;
	__u32 flags;
	char name[MMAPSHARE_NAME_SIZE];
};

/* mmapshare_query.flags: the named region with the least id from @id on */
#define MMAPSHARE_QUERY_NEXT		_BITUL(0)

/**
 * struct mmapshare_query - facts about a named region, without opening it
 * @size: in: sizeof(struct mmapshare_query)
 * @flags: in: 0 to look up @name; MMAPSHARE_QUERY_NEXT to look up @id
 * @region_size: out: bytes
 * @strategy: out: enum mmapshare_strategy
 * @mode: out: permissions with which the node was created
 * @uid: out: creator, in the caller's user namespace
 * @gid: out: group of the creator, in the caller's user namespace
 * @id: in, with NEXT: least id to return; out: minor number of the region's
 *	node
 * @ring: in: must be 0; out: MMAPSHARE_RING_*, 0 for a plain region
 * @files: out: open files
 * @maps: out: mappings (VMAs)
 * @name: in, without NEXT: the name, unused bytes 0; out: the name
 */
struct mmapshare_query {
	__u32 size;
	__u32 flags;
	__u64 region_size;
	__u32 strategy;
	__u32 mode;
	__u32 uid;
	__u32 gid;
	__u32 id;
	__u32 ring;
	__u64 files;
	__u64 maps;
	char name[MMAPSHARE_NAME_SIZE];
};

/*
 * Kind of a ring: create_args.ring, info.ring, query.ring, mmapshare_ring.flags
 */

/* a ring; without this bit a plain region */
#define MMAPSHARE_RING			_BITUL(0)
/* a full ring overwrites its oldest records; without this bit it is lossless */
#define MMAPSHARE_RING_OVERWRITE	_BITUL(1)
/* out: the kernel is the producer; programs can be consumers only */
#define MMAPSHARE_RING_KERNEL_PRODUCER	_BITUL(2)
/* out: the kernel is the consumer; a program can be the producer only */
#define MMAPSHARE_RING_KERNEL_CONSUMER	_BITUL(3)
/*
 * a lossless ring waits for each consumer that does not ask for MAY_LOSE; without
 * this bit only for those that have the right to hold back the producer
 */
#define MMAPSHARE_RING_READERS_HOLD	_BITUL(4)
/*
 * a ring set: rings of the same size and kind, one behind the other in one region.
 * A consumer attaches to all of them at once
 */
#define MMAPSHARE_RING_SET		_BITUL(5)

/*
 * Properties of a ring that a program must know to attach: create_args.features,
 * mmapshare_ring.features. With any of these, each record begins with a struct
 * mmapshare_record_info
 */

/* a time stamp of CLOCK_MONOTONIC; at most one clock can be chosen */
#define MMAPSHARE_RING_FEAT_MONOTONIC	_BITULL(0)
/* a time stamp of CLOCK_BOOTTIME */
#define MMAPSHARE_RING_FEAT_BOOTTIME	_BITULL(1)
/* the number of the CPU */
#define MMAPSHARE_RING_FEAT_CPU		_BITULL(2)
/* a type that the producer chooses */
#define MMAPSHARE_RING_FEAT_TYPE	_BITULL(3)

#define MMAPSHARE_RING_CONSUMERS_MAX	64
/* Maximum bytes of records */
#define MMAPSHARE_RING_SIZE_MAX		_BITULL(34)
/* Maximum number of rings of a ring set */
#define MMAPSHARE_RING_MEMBERS_MAX	1024

#define MMAPSHARE_RING_MAGIC		0x676e6972736d6dULL	/* "mmsring" */
#define MMAPSHARE_RING_VERSION		1

/*
 * The layout of a ring in memory, at the same offsets in mmap();
 * Documentation/ring.rst describes the protocol. Each ring of a ring set has this
 * layout; all offsets are from the first page of that ring. A position counts all bytes of
 * records and headers before it since the ring was created: 64 bits, a multiple
 * of 8, never decreasing. Its bytes are at data_offset + (position & (data_size
 * - 1)).
 *
 * Each shared word is described with its writer, its readers, and the ordering
 * between them:
 *
 *	(A)	store-release by the writer, load-acquire by the reader
 *	(F)	both sides: store the own word, full fence, load the other word
 *	(O)	producer: store oldest_pos, store-store fence (release), reuse
 *		the bytes; consumer: load the bytes, load-load fence (acquire),
 *		load oldest_pos. The store is a release, too, after @pos: a
 *		consumer that loads oldest_pos with acquire finds @pos there or
 *		behind it
 */

/**
 * struct mmapshare_ring - the first page of a ring, written by the kernel only
 * @magic: MMAPSHARE_RING_MAGIC
 * @version: MMAPSHARE_RING_VERSION; another version has another layout
 * @length: bytes of this structure that the kernel knows
 * @flags: MMAPSHARE_RING_*
 * @consumers_max: number of cursors
 * @features: MMAPSHARE_RING_FEAT_*. A program that does not know one of these
 *	bits must not attach
 * @data_size: bytes of records, a power of two
 * @data_offset: offset of the records, which end at @map_size. A program maps
 *	them a second time at the addresses right behind that, their mirror, so
 *	that a record that crosses the end is contiguous
 * @map_size: bytes to map at offset 0: all of the ring
 * @producer_offset: offset of struct mmapshare_ring_producer, which has a page
 *	of its own right before the records
 * @cursor_offset: offset of the first struct mmapshare_ring_cursor
 * @cursor_stride: distance of cursors; each has a page of its own
 * @record_max: maximum bytes of a record without its header and its struct
 *	mmapshare_record_info. With these it takes at most half of @data_size
 * @consumers_per_uid: cursors that a user other than the owner may have
 * @consumers_reserved: cursors that other users than the owner leave free
 * @evict_ns: how long the producer waits for a consumer; 0 for no limit. If not
 *	0, any consumer may lose records
 * @members: number of rings of the ring set; 0 for a ring that is in none
 * @member: index of the ring in the set: the ring begins at offset @member *
 *	@stride
 * @stride: distance of the rings of the set; 0 for a ring that is in none
 * @generation: random and not 0: with a sequence number it identifies a record,
 *	as a ring that is created later under the same name has another one
 * @consumers: bit N is set while cursor N has a consumer that holds back the
 *	producer of a lossless ring, or a name that keeps records; in an
 *	overwriting ring while it has a consumer. Written by the kernel, read by
 *	the producer of a lossless ring when it looks full (F: @oldest_pos)
 * @retained_pos: a lossless ring without consumers keeps the records from here
 *	on; none if it is MMAPSHARE_RING_RETAINS_NOTHING, after an eviction.
 *	Written by the kernel before it clears the last bit of @consumers (A)
 * @producer_state: MMAPSHARE_RING_PRODUCER_*, written by the kernel. DETACHED
 *	is written after the last position of the producer (A)
 * @reserved1: 0
 * @may_lose: bit N is set while cursor N has a consumer that may lose records of
 *	a lossless ring; its bit in @consumers is clear. Written by the kernel,
 *	for statistics
 * @evicted: those of @may_lose for which the producer had to wait longer than
 *	@evict_ns, likewise
 * @consumers_gen: increased after a bit of @consumers was cleared, and before
 *	another consumer can have that cursor. Written by the kernel, read by the
 *	producer of a lossless ring before @consumers and again after the
 *	positions, which are void if it has changed (A)
 * @unheld: bit N is set while cursor N has a name and no consumer. Its bit in
 *	@consumers is set as long as it keeps records. Written by the kernel, for
 *	statistics
 * @types: bit N is set if a consumer wants the records whose type modulo 64 is N: all
 *	bits if it has not said which, none without consumers. Written by the
 *	kernel, a hint for producers that can save the work for other records
 * @consumer_wake_pos: 0, or a position with bit 0 set: a producer whose
 *	position reaches or passes it must call RING_NOTIFY. Written by the
 *	kernel for consumers that are about to sleep (F: @pos of the producer)
 * @reserved2: 0
 * @producer_wake_pos: the same for consumers: a consumer whose position was
 *	before it, and now reaches or passes it, must call RING_NOTIFY. Written
 *	by the kernel for a producer that is about to sleep (F: @pos of the
 *	cursor)
 * @reserved3: 0
 */
struct mmapshare_ring {
	__u64 magic;
	__u32 version;
	__u32 length;
	__u32 flags;
	__u32 consumers_max;
	__u64 features;
	__u64 data_size;
	__u64 data_offset;
	__u64 map_size;
	__u64 producer_offset;
	__u64 cursor_offset;
	__u64 cursor_stride;
	__u64 record_max;
	__u32 consumers_per_uid;
	__u32 consumers_reserved;
	__u64 evict_ns;
	__u32 members;
	__u32 member;
	__u64 stride;
	__u64 generation;
	/* each of the following groups has a cache line of its own */
	__u64 consumers;
	__u64 retained_pos;
	__u32 producer_state;
	__u32 reserved1;
	__u64 may_lose;
	__u64 evicted;
	__u64 consumers_gen;
	__u64 unheld;
	__u64 types;
	__u64 consumer_wake_pos;
	__u64 reserved2[7];
	__u64 producer_wake_pos;
	__u64 reserved3[7];
};

/* mmapshare_ring.retained_pos; no position, as these are multiples of 8 */
#define MMAPSHARE_RING_RETAINS_NOTHING	1

/* mmapshare_ring.producer_state */
#define MMAPSHARE_RING_PRODUCER_NONE	0	/* none yet */
#define MMAPSHARE_RING_PRODUCER_ATTACHED	1	/* attached */
#define MMAPSHARE_RING_PRODUCER_DETACHED	2	/* detached */

/**
 * struct mmapshare_ring_producer - written by the producer only
 * @pos: where the next record will begin; all records before it are published.
 *	Read by consumers (A), and by the kernel before a consumer sleeps
 *	(F: @consumer_wake_pos)
 * @oldest_pos: where the oldest record begins; those before it are gone, but
 *	in a lossless ring for consumers that are before it. Never decreases.
 *	Written before their bytes are reused, read by consumers that may lose
 *	records after they used one (O), and by the kernel when a consumer
 *	attaches (F: @consumers)
 * @seq: approximate sequence number of the next record, to extend the 32 bits
 *	in struct mmapshare_record to 64. Written before @pos, but without
 *	ordering
 * @wake_bytes: free space, including the header of the next record, that must
 *	be available before the producer is woken. More than half of data_size
 *	counts as half. Read by the kernel when the producer waits or polls
 * @reserved0: 0
 * @dropped: records that the producer dropped because there was no space; for
 *	statistics. Those of a kernel producer have sequence numbers
 * @overwritten: records that were overwritten, whether or not they had been
 *	read; for statistics
 * @reserved1: 0
 */
struct mmapshare_ring_producer {
	__u64 pos;
	__u64 oldest_pos;
	__u64 seq;
	__u32 wake_bytes;
	__u32 reserved0[9];
	__u64 dropped;
	__u64 overwritten;
	__u64 reserved1[6];
};

/**
 * struct mmapshare_ring_cursor - written by its consumer only, once attached. If it
 * has a name, it stays as it is while there is no consumer
 * @pos: the first record that the consumer still needs. Written by the kernel
 *	when the consumer attaches. Read by the producer of a lossless ring when
 *	it looks full, if the bit in @consumers is set (A), and by the kernel
 *	before the producer sleeps (F: @producer_wake_pos)
 * @seq: sequence number of the record at @pos, likewise; for statistics
 * @lost: records that the consumer lost, or the kernel dropped; for statistics. If
 *	the cursor has a name, since that was created
 * @wake_bytes: bytes of records, including headers, that must be available
 *	before the consumer is woken; 0 means any. More than half of data_size
 *	counts as half. Read by the kernel when the consumer waits or polls
 * @wake_us: microseconds after which a consumer that waits is woken for fewer bytes
 *	than @wake_bytes, from the time on at which it waits and there is a record;
 *	0 means no limit. Read likewise
 * @reserved: 0
 */
struct mmapshare_ring_cursor {
	__u64 pos;
	__u64 seq;
	__u64 lost;
	__u32 wake_bytes;
	__u32 wake_us;
	__u32 reserved[8];
};

/**
 * struct mmapshare_record - the header of a record, right before its bytes
 * @length: bytes, and MMAPSHARE_RECORD_*. The next header follows the bytes at
 *	the next multiple of 8. Written before the producer's @pos. If the
 *	record is not complete by then, BUSY is set, and is cleared when it is
 *	(A)
 * @seq: sequence number, lower 32 bits: records before this one since the ring
 *	was created, those that a kernel producer dropped included. At the
 *	producer's @pos it is valid although there is no record yet
 */
struct mmapshare_record {
	__u32 length;
	__u32 seq;
};

/* not complete yet; consumers wait for it */
#define MMAPSHARE_RECORD_BUSY		_BITUL(31)
/* has no contents; consumers skip it */
#define MMAPSHARE_RECORD_DISCARD	_BITUL(30)
/*
 * set with DISCARD: not a record but space that the record before it was
 * reserved with, and does not use. It has no sequence number: @seq is 1 more
 * than that of the record before it
 */
#define MMAPSHARE_RECORD_FILLER		_BITUL(29)
#define MMAPSHARE_RECORD_LENGTH		(MMAPSHARE_RECORD_FILLER - 1)

/**
 * struct mmapshare_record_info - the first bytes of a record, by features
 * @time: nanoseconds of the clock when the record was reserved; 0 without
 *	MMAPSHARE_RING_FEAT_MONOTONIC and MMAPSHARE_RING_FEAT_BOOTTIME
 * @cpu: the CPU on which the record was reserved; 0 without
 *	MMAPSHARE_RING_FEAT_CPU, MMAPSHARE_RECORD_CPU_UNKNOWN if the producer
 *	does not know it
 * @type: 0, or what the producer has set; 0 without MMAPSHARE_RING_FEAT_TYPE
 * @reserved: 0; consumers ignore it
 *
 * It counts in @length of struct mmapshare_record, as the bytes of the record do
 * that follow it, and is written and read as they are. If the producer is a
 * program, that may have stored any values.
 */
struct mmapshare_record_info {
	__u64 time;
	__u32 cpu;
	__u16 type;
	__u16 reserved;
};

/* mmapshare_record_info.cpu */
#define MMAPSHARE_RECORD_CPU_UNKNOWN	0xffffffffU

/* mmapshare_ring_attach_args.flags: exactly one of PRODUCER and CONSUMER */
#define MMAPSHARE_RING_ATTACH_PRODUCER	_BITUL(0)
#define MMAPSHARE_RING_ATTACH_CONSUMER	_BITUL(1)
/* the consumer begins with the next record that is published */
#define MMAPSHARE_RING_ATTACH_LATEST	_BITUL(2)
/* close the descriptor on exec */
#define MMAPSHARE_RING_ATTACH_CLOEXEC	_BITUL(3)
/*
 * the consumer does not hold back the producer of a lossless ring, and releases
 * nothing: it reads records that the ring has, and may lose some. Changes nothing
 * in an overwriting ring. Out: set if the consumer did not ask for MUST_NOT_LOSE,
 * and has no right to hold back the producer
 */
#define MMAPSHARE_RING_ATTACH_MAY_LOSE	_BITUL(4)
/* fail with EACCES if the consumer has no right to hold back the producer */
#define MMAPSHARE_RING_ATTACH_MUST_NOT_LOSE	_BITUL(5)
/*
 * the consumer begins with the oldest record that the ring has, also if it was
 * released. At most one of LATEST, OLDEST and SEQ
 */
#define MMAPSHARE_RING_ATTACH_OLDEST	_BITUL(6)
/*
 * the consumer begins with the record that has the sequence number @seq, or the
 * next one if the kernel as producer has dropped that. Fails with ENODATA if the
 * record is not in the ring any more, with ERANGE if @seq is larger than that of
 * the next record to be published
 */
#define MMAPSHARE_RING_ATTACH_SEQ	_BITUL(7)
/* fail with ENOENT if no cursor has the name, instead of creating one */
#define MMAPSHARE_RING_ATTACH_EXISTING	_BITUL(8)
/* out: a cursor had the name, and the consumer goes on at its position */
#define MMAPSHARE_RING_ATTACH_RESUMED	_BITUL(9)

/* mmapshare_ring_attach_args.keep_ns: without a limit */
#define MMAPSHARE_RING_KEEP_ALL		(~_ULL(0))
/* attach to one ring of a ring set: the one that @member says */
#define MMAPSHARE_RING_ATTACH_MEMBER	_BITUL(10)

/**
 * struct mmapshare_ring_attach_args - get a descriptor that is an endpoint of a
 * ring
 * @size: in: sizeof(struct mmapshare_ring_attach_args)
 * @flags: in: MMAPSHARE_RING_ATTACH_*; out: the same, perhaps with MAY_LOSE
 * @map_size: out: bytes to map at offset @map_offset, shared and read-only: all
 *	of the ring
 * @data_size: out: bytes of records, which are the last bytes of the ring. Map
 *	them a second time, from offset @map_offset + @map_size - @data_size, at
 *	the addresses right behind the first mapping; a producer maps them
 *	writable
 * @own_offset: out: offset of the range to map over the first mapping, shared
 *	and writable: a consumer's cursor, or the producer's page and the
 *	records
 * @own_size: out: bytes of that range
 * @cursor: out: for a consumer the index of its cursor
 * @member: in: with MMAPSHARE_RING_ATTACH_MEMBER the index of the ring in the
 *	ring set; else 0; out: the index of the ring, or of the first one if
 *	@members is not 0. The first version of the structure ended after this
 *	member; a ring set needs the next ones
 * @map_offset: out: where the ring begins; 0 if it is in no ring set
 * @stride: out: if @members is not 0, the distance of the rings: the offsets
 *	above are those of the first one
 * @members: out: number of rings that the descriptor is an endpoint of, each with
 *	the same @cursor: a consumer of a ring set without
 *	MMAPSHARE_RING_ATTACH_MEMBER; else 0
 * @reserved: in: must be 0
 * @seq: in: sequence number for MMAPSHARE_RING_ATTACH_SEQ, else 0
 * @generation: in: 0, or the attach fails with ESTALE if it is not that of the ring;
 *	out: that of the ring; all rings of a set have the same
 * @keep_ns: in: for a new name in a lossless ring, for how many nanoseconds without
 *	a consumer the producer waits for the cursor, at least, unless evict_ns of
 *	the ring ends that before, as for a consumer; MMAPSHARE_RING_KEEP_ALL for no
 *	other limit than that. 0 if it does not: then for the
 *	producer the consumer is gone when it has detached. Ignored if a cursor
 *	has the name, or the consumer may lose records
 * @name: in: the cursor keeps its position under this name when the consumer has
 *	detached, and the next consumer that attaches by the name goes on there.
 *	As a name of a region; all 0 for none, as with
 *	MMAPSHARE_RING_ATTACH_MEMBER. In a ring set the name is that of the cursor in
 *	all rings
 * @types: in: for a consumer of a ring with MMAPSHARE_RING_FEAT_TYPE which records it
 *	wants: bit N for those whose type modulo 64 is N; 0 for all. It gets all
 *	others, too, that the producer makes
 *
 * A producer of a ring set attaches to one of its rings: without
 * MMAPSHARE_RING_ATTACH_MEMBER to the first one that has no producer and is not
 * corrupt.
 */
struct mmapshare_ring_attach_args {
	__u32 size;
	__u32 flags;
	__u64 map_size;
	__u64 data_size;
	__u64 own_offset;
	__u64 own_size;
	__u32 cursor;
	__u32 member;
	__u64 map_offset;
	__u64 stride;
	__u32 members;
	__u32 reserved;
	__u64 seq;
	__u64 generation;
	__u64 keep_ns;
	char name[MMAPSHARE_NAME_SIZE];
	__u64 types;
};

/* mmapshare_ring_name.state */

/* a consumer is attached */
#define MMAPSHARE_RING_NAME_HELD	_BITUL(0)
/* the producer waits for the cursor */
#define MMAPSHARE_RING_NAME_KEEPS	_BITUL(1)
/* its consumers may lose records of a lossless ring */
#define MMAPSHARE_RING_NAME_MAY_LOSE	_BITUL(2)
/* the producer no longer waits, as @keep_ns or evict_ns of the ring has passed */
#define MMAPSHARE_RING_NAME_EVICTED	_BITUL(3)
/* the position is impossible: to go on here, a consumer must say where it begins */
#define MMAPSHARE_RING_NAME_CORRUPT	_BITUL(4)

/**
 * struct mmapshare_ring_name - facts about a cursor that has a name
 * @size: in: sizeof(struct mmapshare_ring_name)
 * @flags: in: 0 to look up @name; MMAPSHARE_QUERY_NEXT for the least cursor from
 *	@cursor on that has a name
 * @cursor: in, with NEXT: least index to return; out: index of the cursor
 * @uid: out: user that created the name, in the caller's user namespace
 * @state: out: MMAPSHARE_RING_NAME_*
 * @member: in: index of the ring in the ring set; 0 if it is in none
 * @pos: out: position of the cursor, as its consumer has stored it
 * @seq: out: likewise its sequence number
 * @lost: out: likewise the records that it has lost
 * @keep_ns: out: as the name was created
 * @unheld_ns: out: nanoseconds since the last consumer has detached; 0 if HELD
 * @name: in, without NEXT: the name, unused bytes 0; out: the name
 */
struct mmapshare_ring_name {
	__u32 size;
	__u32 flags;
	__u32 cursor;
	__u32 uid;
	__u32 state;
	__u32 member;
	__u64 pos;
	__u64 seq;
	__u64 lost;
	__u64 keep_ns;
	__u64 unheld_ns;
	char name[MMAPSHARE_NAME_SIZE];
};

/**
 * struct mmapshare_ring_remove_args - remove the name of a cursor
 * @size: in: sizeof(struct mmapshare_ring_remove_args)
 * @flags: in: must be 0
 * @name: in: the name; unused bytes 0
 */
struct mmapshare_ring_remove_args {
	__u32 size;
	__u32 flags;
	char name[MMAPSHARE_NAME_SIZE];
};

/*
 * mmapshare_ring_notify_args.flags: from a producer: what is published by now is
 * worth waking each consumer that has not taken it, whatever its wake_bytes
 */
#define MMAPSHARE_RING_NOTIFY_FORCE	_BITUL(0)

/**
 * struct mmapshare_ring_notify_args - wake the peers that can continue
 * @size: in: sizeof(struct mmapshare_ring_notify_args)
 * @flags: in: MMAPSHARE_RING_NOTIFY_*
 *
 * A successful call is a full fence between the caller's loads and stores
 * before and after it. From a consumer of a ring set it wakes the producers of all
 * its rings.
 */
struct mmapshare_ring_notify_args {
	__u32 size;
	__u32 flags;
};

/* mmapshare_ring_wait_args.flags: wait even if all peers have detached */
#define MMAPSHARE_RING_WAIT_IGNORE_HUP	_BITUL(0)

/**
 * struct mmapshare_ring_wait_args - wait for records (consumer) or space
 * (producer)
 * @size: in: sizeof(struct mmapshare_ring_wait_args)
 * @flags: in: MMAPSHARE_RING_WAIT_*
 * @timeout: in: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * A consumer of a ring set waits for records of any of its rings, each with its own
 * wake_bytes. Its peers have detached if at least one ring had a producer, and none
 * has one now; a ring whose shared state is corrupt counts as one without.
 */
struct mmapshare_ring_wait_args {
	__u32 size;
	__u32 flags;
	__s64 timeout;
};

/* mmapshare_notify_args.flags: the caller has already added 1 to the count */
#define MMAPSHARE_NOTIFY_COUNTED	_BITUL(0)

/**
 * struct mmapshare_notify_args - ring the region's doorbell
 * @size: in: sizeof(struct mmapshare_notify_args)
 * @flags: in: MMAPSHARE_NOTIFY_*
 * @count: out: notifications so far, including this one
 */
struct mmapshare_notify_args {
	__u32 size;
	__u32 flags;
	__u64 count;
};

/**
 * struct mmapshare_wait_args - wait for the region's doorbell
 * @size: in: sizeof(struct mmapshare_wait_args)
 * @flags: in: must be 0
 * @count: in: the count that the caller knows; out: the current count
 * @timeout: in: nanoseconds; 0 returns immediately, negative means no timeout
 */
struct mmapshare_wait_args {
	__u32 size;
	__u32 flags;
	__u64 count;
	__s64 timeout;
};

/**
 * struct mmapshare_doorbell - the doorbell page
 * @count: notifications so far. Programs and the kernel add 1 to it, atomically
 * @pad: keeps @count and @armed on cache lines of their own
 * @armed: not 0 while a task may wait in the kernel. Written by the kernel. A
 *	program that added to @count executes a full fence, reads @armed, and if
 *	it is not 0 calls NOTIFY with MMAPSHARE_NOTIFY_COUNTED. After revocation
 *	every mapping of the page is replaced by a private copy with @armed set:
 *	NOTIFY then fails with ENODEV
 * @reserved: 0
 *
 * A program that waits only reads @count here. WAIT, and poll() for POLLPRI,
 * write @armed and execute the fence that pairs with the one above.
 */
struct mmapshare_doorbell {
	__u64 count;
	__u8 pad[56];
	__u32 armed;
	__u32 reserved[15];
};

#define MMAPSHARE_IOC_MAGIC	0xbb

/*
 * The kernel dispatches on the magic and the number alone. Direction and size
 * are for tools such as strace. The kernel reads the size from the member @size
 * of the structure, so that a request still works when its structure grows.
 */
#define MMAPSHARE_IOC_INFO \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x00, struct mmapshare_info)
#define MMAPSHARE_IOC_FILL \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x01, struct mmapshare_fill_args)
#define MMAPSHARE_IOC_CHECKSUM \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x02, struct mmapshare_checksum_args)
#define MMAPSHARE_IOC_SEAL \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x03, struct mmapshare_seal_args)
#define MMAPSHARE_IOC_READ_ONLY \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x04, struct mmapshare_read_only_args)
#define MMAPSHARE_IOC_REVOKE \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x05, struct mmapshare_revoke_args)
#define MMAPSHARE_IOC_NOTIFY \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x06, struct mmapshare_notify_args)
#define MMAPSHARE_IOC_WAIT \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x07, struct mmapshare_wait_args)

#define MMAPSHARE_IOC_DMABUF \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x0b, struct mmapshare_dmabuf_args)

/* On a ring's region. */
#define MMAPSHARE_IOC_RING_ATTACH \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x08, struct mmapshare_ring_attach_args)

#define MMAPSHARE_IOC_RING_NAME \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x0e, struct mmapshare_ring_name)
#define MMAPSHARE_IOC_RING_REMOVE \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x0f, struct mmapshare_ring_remove_args)

/* On an endpoint, the descriptor that RING_ATTACH returned. */
#define MMAPSHARE_IOC_RING_NOTIFY \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x09, struct mmapshare_ring_notify_args)
#define MMAPSHARE_IOC_RING_WAIT \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x0a, struct mmapshare_ring_wait_args)

/* On /dev/mmapshare only. */
#define MMAPSHARE_IOC_CREATE \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x10, struct mmapshare_create_args)
#define MMAPSHARE_IOC_DESTROY \
	_IOW(MMAPSHARE_IOC_MAGIC, 0x11, struct mmapshare_destroy_args)
#define MMAPSHARE_IOC_QUERY \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x12, struct mmapshare_query)

#endif /* _UAPI_LINUX_MMAPSHARE_H */
