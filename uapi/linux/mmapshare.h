/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The ABI of /dev/mmapshare.
 *
 * Every structure starts with its own size in bytes, set by the caller. A
 * newer structure only ever grows at its end: an older kernel accepts it as
 * long as what it does not know is zero (else E2BIG), a newer kernel treats
 * what an older program did not pass as zero. No structure has holes, and
 * each is laid out alike for 32-bit and 64-bit programs.
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
 * enum mmapshare_strategy - how a region's memory is got and mapped
 * @MMAPSHARE_STRATEGY_FAULT: shmem pages, mapped at the first touch
 * @MMAPSHARE_STRATEGY_HUGE: the same, in PMD-sized pages where possible
 * @MMAPSHARE_STRATEGY_VMALLOC: single pages, remap_vmalloc_range() at mmap()
 * @MMAPSHARE_STRATEGY_PFN: contiguous runs of pages, remap_pfn_range() at mmap()
 */
enum mmapshare_strategy {
	MMAPSHARE_STRATEGY_FAULT	= 0,
	MMAPSHARE_STRATEGY_HUGE		= 1,
	MMAPSHARE_STRATEGY_VMALLOC	= 2,
	MMAPSHARE_STRATEGY_PFN		= 3,
};

/* What a mapping of the region can do: bits of mmapshare_info.features. */

/* MAP_PRIVATE works, a store then goes to a private copy */
#define MMAPSHARE_FEAT_COW	_BITULL(0)
/* the kernel can pin the pages: O_DIRECT, vmsplice, io_uring buffers, ... */
#define MMAPSHARE_FEAT_GUP	_BITULL(1)
/* MADV_DONTNEED works, the next touch finds the region's bytes again */
#define MMAPSHARE_FEAT_DONTNEED	_BITULL(2)
/* process-shared futexes, and so mutexes, condition variables, semaphores */
#define MMAPSHARE_FEAT_FUTEX	_BITULL(3)
/* a core dump contains the mapping when /proc/PID/coredump_filter asks */
#define MMAPSHARE_FEAT_DUMP	_BITULL(4)
/* PMD-sized pages are tried first */
#define MMAPSHARE_FEAT_HUGE	_BITULL(5)

/* Bytes of a region's name, with the terminating 0 */
#define MMAPSHARE_NAME_SIZE	64

/**
 * struct mmapshare_info - facts about a region
 * @size: in: sizeof(struct mmapshare_info)
 * @flags: in: must be 0
 * @abi_version: out: MMAPSHARE_ABI_VERSION of the module
 * @strategy: out: enum mmapshare_strategy
 * @region_size: out: bytes, a multiple of @page_size, never changes
 * @features: out: MMAPSHARE_FEAT_*
 * @page_size: out: bytes; what offsets of mmap() are multiples of
 * @huge_page_size: out: bytes of one PMD-sized page, 0 where there are none
 * @huge_bytes: out: how much of the region is in PMD-sized pages
 * @maps: out: mappings (VMAs) of the region at this moment
 * @files: out: open files of the region at this moment; the first version of
 *	the structure ended before this
 * @doorbell_offset: out: where mmap() finds the doorbell page, a struct
 *	mmapshare_doorbell; 0 if nowhere
 * @seals: out: seals of the region, 0 for none
 * @id: out: the minor number of the region's own node; 0 for the region behind
 *	/dev/mmapshare and for one without a name
 * @name: out: as it was created, even if that was destroyed since; all 0 where
 *	@id is 0
 * @ring: out: MMAPSHARE_RING_*, 0 for a plain region
 * @reserved: out: 0
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
	__u32 reserved;
};

#define MMAPSHARE_PATTERN_MAX	8

/**
 * struct mmapshare_fill_args - let the kernel store a repeated pattern
 * @size: in: sizeof(struct mmapshare_fill_args)
 * @flags: in: must be 0
 * @offset: in: first byte of the range
 * @length: in: bytes; the range must lie inside the region
 * @pattern: in: the bytes to repeat from @offset on, unused ones 0
 * @pattern_len: in: how many of them, 1 to MMAPSHARE_PATTERN_MAX
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
 * struct mmapshare_checksum_args - let the kernel read a range
 * @size: in: sizeof(struct mmapshare_checksum_args)
 * @flags: in: must be 0
 * @offset: in: first byte of the range
 * @length: in: bytes; the range must lie inside the region
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

/* no further seals */
#define MMAPSHARE_SEAL_SEAL		_BITUL(0)
/* no further writable maps, no write(), no fill; maps that are there stay */
#define MMAPSHARE_SEAL_FUTURE_WRITE	_BITUL(1)
/* nobody stores any more */
#define MMAPSHARE_SEAL_WRITE		_BITUL(2)

/**
 * struct mmapshare_seal_args - take away the right to store, for good
 * @size: in: sizeof(struct mmapshare_seal_args)
 * @flags: in: must be 0
 * @seals: in: MMAPSHARE_SEAL_* to add, 0 to ask; out: all there are
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
 * struct mmapshare_read_only_args - get a descriptor that is for reading only
 * @size: in: sizeof(struct mmapshare_read_only_args)
 * @flags: in: MMAPSHARE_READ_ONLY_*
 */
struct mmapshare_read_only_args {
	__u32 size;
	__u32 flags;
};

/**
 * struct mmapshare_revoke_args - take a region away from all who use it
 * @size: in: sizeof(struct mmapshare_revoke_args)
 * @flags: in: must be 0
 */
struct mmapshare_revoke_args {
	__u32 size;
	__u32 flags;
};

/* mmapshare_create_args.flags: close the descriptor on exec */
#define MMAPSHARE_CREATE_CLOEXEC	_BITUL(0)

/**
 * struct mmapshare_create_args - make a region
 * @size: in: sizeof(struct mmapshare_create_args)
 * @flags: in: MMAPSHARE_CREATE_*
 * @region_size: in: bytes wanted, not 0; out: rounded up to whole pages. For a
 *	ring: bytes of records, rounded up to a power of two of pages
 * @strategy: in: enum mmapshare_strategy
 * @mode: in: permissions of the node, 0 to 0777, less the umask's; 0 without
 *	a name
 * @name: in: the node is /dev/mmapshare-NAME: letters, digits, '.', '_' and
 *	'-', neither "." nor ".."; all 0 for an anonymous region. The first version
 *	of the structure ended here
 * @ring: in: 0 for a plain region; or MMAPSHARE_RING, and with it maybe
 *	MMAPSHARE_RING_OVERWRITE
 * @consumers: in: for a ring how many may be attached at once, 1 to
 *	MMAPSHARE_RING_CONSUMERS_MAX; else 0
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
};

/* mmapshare_destroy_args.flags: take the region away from all who use it, too */
#define MMAPSHARE_DESTROY_REVOKE	_BITUL(0)

/**
 * struct mmapshare_destroy_args - take away a region's name and node
 * @size: in: sizeof(struct mmapshare_destroy_args)
 * @flags: in: MMAPSHARE_DESTROY_*
 * @name: in: the name, unused bytes 0
 */
struct mmapshare_destroy_args {
	__u32 size;
	__u32 flags;
	char name[MMAPSHARE_NAME_SIZE];
};

/* mmapshare_query.flags: of all with a name, the first from @id on */
#define MMAPSHARE_QUERY_NEXT		_BITUL(0)

/**
 * struct mmapshare_query - facts about a named region, without opening it
 * @size: in: sizeof(struct mmapshare_query)
 * @flags: in: MMAPSHARE_QUERY_NEXT to go by @id, else it goes by @name
 * @region_size: out: bytes
 * @strategy: out: enum mmapshare_strategy
 * @mode: out: permissions the node was made with
 * @uid: out: creator, in the caller's user namespace
 * @gid: out: the creator's group
 * @id: in, with NEXT: least number wanted; out: number of the region
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

/* What a ring is: mmapshare_create_args.ring, and where rings are described. */

/* it is a ring, and no plain region */
#define MMAPSHARE_RING			_BITUL(0)
/* a full ring forgets its oldest records, and does not refuse new ones */
#define MMAPSHARE_RING_OVERWRITE	_BITUL(1)
/* out: the kernel is its producer, programs can be consumers only */
#define MMAPSHARE_RING_KERNEL_PRODUCER	_BITUL(2)
/* out: the kernel is its consumer, a program can be the producer only */
#define MMAPSHARE_RING_KERNEL_CONSUMER	_BITUL(3)

#define MMAPSHARE_RING_CONSUMERS_MAX	64
/* Bytes of records at most */
#define MMAPSHARE_RING_SIZE_MAX		_BITULL(34)

#define MMAPSHARE_RING_MAGIC		0x676e6972736d6dULL	/* "mmsring" */
#define MMAPSHARE_RING_VERSION		1

/*
 * A ring in memory, and at the same offsets in mmap(); Documentation/ring.rst
 * has the protocol. A position is the number of bytes there ever were before
 * it, 64 bits wide, a multiple of 8, and never goes back. Its place is
 * data_offset + (position & (data_size - 1)).
 *
 * Comments say who stores what, and what pairs with what:
 *
 *	(A)	store-release by who hands on, load-acquire by who takes
 *	(F)	own store, full fence, load of the other's word, on both sides
 *	(O)	the producer: store tail, store-store fence (release), reuse the
 *		bytes; a consumer: use them, load-load fence (acquire), load tail
 */

/**
 * struct mmapshare_ring - the first page; only the kernel stores to it
 * @magic: MMAPSHARE_RING_MAGIC
 * @version: MMAPSHARE_RING_VERSION: another one is another layout
 * @length: bytes of this structure that the kernel knows
 * @flags: MMAPSHARE_RING_*
 * @consumers_max: how many cursors there are
 * @features: what else a program has to know to take part; 0
 * @data_size: bytes of records, a power of two
 * @data_offset: where they are; they follow once more at @data_offset +
 *	@data_size, so that what crosses the end is in one piece
 * @map_size: bytes of everything, with both
 * @producer_offset: where struct mmapshare_ring_producer is, in a page of its
 *	own, right before the records
 * @cursor_offset: where the first struct mmapshare_ring_cursor is
 * @cursor_stride: from one to the next; each is in a page of its own
 * @record_max: bytes of a record at most, without its header; with it no more
 *	than half of @data_size
 * @reserved0: 0
 * @consumers: bit N is set while cursor N is somebody's. Stored by the kernel,
 *	read by the producer of a lossless ring when it looks full (F: @oldest_pos)
 * @retained_pos: a lossless ring keeps records from here on while it has no consumer.
 *	Stored by the kernel before the last bit of @consumers goes (A)
 * @producer_state: MMAPSHARE_RING_PRODUCER_*, stored by the kernel; "gone" is stored
 *	after the last position (A)
 * @reserved1: 0
 * @consumer_wake_pos: 0, or a position with bit 0 set: the producer is to call NOTIFY when
 *	it has come there, or beyond. Stored by the kernel for consumers who are
 *	about to sleep (F: @pos of the producer)
 * @reserved2: 0
 * @producer_wake_pos: the same for consumers, when their position comes there, or beyond,
 *	from before it. Stored by the kernel for a producer who is about to
 *	sleep (F: @pos of the cursor)
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
	__u64 reserved0[5];
	/* a cache line of its own for each of the following */
	__u64 consumers;
	__u64 retained_pos;
	__u32 producer_state;
	__u32 reserved1[11];
	__u64 consumer_wake_pos;
	__u64 reserved2[7];
	__u64 producer_wake_pos;
	__u64 reserved3[7];
};

/* mmapshare_ring.producer_state */
#define MMAPSHARE_RING_PRODUCER_NONE	0	/* there was none yet */
#define MMAPSHARE_RING_PRODUCER_ATTACHED	1	/* one is attached */
#define MMAPSHARE_RING_PRODUCER_DETACHED	2	/* and is no longer */

/**
 * struct mmapshare_ring_producer - only the producer stores to it
 * @pos: where the next record will begin: everything before it is there.
 *	Read by consumers (A), and by the kernel before one sleeps (F: @consumer_wake_pos)
 * @oldest_pos: where the oldest record begins: those before it are gone. Stored
 *	before bytes are used again, read by consumers of an overwrite ring
 *	after they have used a record (O), and by the kernel when one attaches
 *	(F: @consumers)
 * @seq: about how many there ever were: to make 64 bits of a record's
 *	number. Stored before @pos, ordered by nothing
 * @wake_bytes: how much room there has to be before the producer is woken, with
 *	the header of what is to come; at most half of data_size counts. Read by
 *	the kernel when the producer waits, or polls
 * @reserved0: 0
 * @dropped: records that did not fit, and that it did not wait for
 * @overwritten: records that were overwritten, whether or not read before
 * @reserved1: 0
 *
 * @dropped and @overwritten are for whoever wants to see them.
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
 * struct mmapshare_ring_cursor - only its consumer stores to it, once attached
 * @pos: the first record that it still needs. The kernel stores the first
 *	one when it attaches; read by the producer of a lossless ring when that
 *	looks full (A), and by the kernel before the producer sleeps (F: @producer_wake_pos)
 * @seq: 64 bits of the number of the record at @pos, likewise. Read by
 *	nobody but for show
 * @lost: records it has missed; for show
 * @wake_bytes: how much has to be there before it is woken, with headers; at
 *	most half of data_size counts, 0 means anything. Read by the kernel when
 *	it waits, or polls
 * @reserved: 0
 */
struct mmapshare_ring_cursor {
	__u64 pos;
	__u64 seq;
	__u64 lost;
	__u32 wake_bytes;
	__u32 reserved[9];
};

/**
 * struct mmapshare_record - what is before each record's bytes
 * @length: bytes, and MMAPSHARE_RECORD_*. The next header is behind them, at
 *	the next multiple of 8. Stored before the producer's @pos, or with
 *	BUSY then, which is taken away when the record is complete (A)
 * @seq: records before this one since the ring was made, the lower 32 bits.
 *	That at the producer's @pos is there already, without a record
 */
struct mmapshare_record {
	__u32 length;
	__u32 seq;
};

/* not complete yet, nor can it be passed by */
#define MMAPSHARE_RECORD_BUSY		_BITUL(31)
/* has no meaning, and is to be passed by */
#define MMAPSHARE_RECORD_DISCARD	_BITUL(30)
#define MMAPSHARE_RECORD_LENGTH		(MMAPSHARE_RECORD_DISCARD - 1)

/* mmapshare_ring_attach_args.flags; one of the first two */
#define MMAPSHARE_RING_ATTACH_PRODUCER	_BITUL(0)
#define MMAPSHARE_RING_ATTACH_CONSUMER	_BITUL(1)
/* a consumer that wants but records from now on, not those that are there */
#define MMAPSHARE_RING_ATTACH_LATEST	_BITUL(2)
/* close the descriptor on exec */
#define MMAPSHARE_RING_ATTACH_CLOEXEC	_BITUL(3)

/**
 * struct mmapshare_ring_attach_args - get a descriptor that has a part in a ring
 * @size: in: sizeof(struct mmapshare_ring_attach_args)
 * @flags: in: MMAPSHARE_RING_ATTACH_*
 * @map_size: out: what to map at offset 0, shared, for reading
 * @own_offset: out: what to map over that, shared, for reading and writing: a
 *	consumer's cursor, or the producer's page and both sights of the records
 * @own_size: out: bytes of it
 * @cursor: out: a consumer's cursor is that many strides behind the first one
 * @reserved: in: must be 0
 */
struct mmapshare_ring_attach_args {
	__u32 size;
	__u32 flags;
	__u64 map_size;
	__u64 own_offset;
	__u64 own_size;
	__u32 cursor;
	__u32 reserved;
};

/**
 * struct mmapshare_ring_notify_args - wake who sleeps and can go on
 * @size: in: sizeof(struct mmapshare_ring_notify_args)
 * @flags: in: must be 0
 *
 * A call that succeeds is a full fence between what the caller has loaded and
 * stored before it, and what it will.
 */
struct mmapshare_ring_notify_args {
	__u32 size;
	__u32 flags;
};

/* mmapshare_ring_wait_args.flags: go on waiting when the other side is gone */
#define MMAPSHARE_RING_WAIT_IGNORE_HUP	_BITUL(0)

/**
 * struct mmapshare_ring_wait_args - wait for records, or for room
 * @size: in: sizeof(struct mmapshare_ring_wait_args)
 * @flags: in: MMAPSHARE_RING_WAIT_*
 * @timeout: in: nanoseconds from now; 0 not to wait, negative to wait for ever
 */
struct mmapshare_ring_wait_args {
	__u32 size;
	__u32 flags;
	__s64 timeout;
};

/* mmapshare_notify_args.flags: the caller has added to the doorbell's count himself */
#define MMAPSHARE_NOTIFY_COUNTED	_BITUL(0)

/**
 * struct mmapshare_notify_args - ring the region's doorbell
 * @size: in: sizeof(struct mmapshare_notify_args)
 * @flags: in: MMAPSHARE_NOTIFY_*
 * @count: out: notifications so far, with this one
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
 * @count: in: notifications the caller knows of; out: notifications so far
 * @timeout: in: nanoseconds from now; 0 not to wait, negative to wait for ever
 */
struct mmapshare_wait_args {
	__u32 size;
	__u32 flags;
	__u64 count;
	__s64 timeout;
};

/**
 * struct mmapshare_doorbell - what is in the doorbell page
 * @count: notifications so far. Whoever notifies adds 1, atomically; programs
 *	and the kernel do
 * @pad: keeps @count and @armed in cache lines of their own
 * @armed: not 0 while somebody may wait in the kernel. Only the kernel stores
 *	it; a program reads it after it has added to @count, with a full fence
 *	between, and if it is not 0 calls NOTIFY with MMAPSHARE_NOTIFY_COUNTED.
 *	When the region was revoked, each mapping of the page is a copy that is
 *	not shared, and in which it is not 0: NOTIFY then says ENODEV
 * @reserved: 0
 *
 * A program that waits only reads @count here: it sleeps by WAIT or poll(),
 * and these store @armed and have the fence that pairs with the other's.
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
 * are there for tools such as strace; the size that counts is the member @size of
 * the structure, so that a request keeps working when its structure grows.
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

/* On a ring's region. */
#define MMAPSHARE_IOC_RING_ATTACH \
	_IOWR(MMAPSHARE_IOC_MAGIC, 0x08, struct mmapshare_ring_attach_args)

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
