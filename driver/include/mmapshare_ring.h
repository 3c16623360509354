/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel interface of mmapshare, for other modules: memory that programs can
 * map (regions), rings to programs (sources) and from programs (sinks).
 * Documentation/kernel-api.rst is a guide; the functions are described where
 * they are defined. <linux/mmapshare.h> is what programs use.
 *
 * The symbols are in a namespace: a module that uses them needs
 * MMAPSHARE_IMPORT(); next to its MODULE_LICENSE().
 */
#ifndef MMAPSHARE_RING_H
#define MMAPSHARE_RING_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/uidgid.h>

/* For all kernels: MODULE_IMPORT_NS() takes a string only since 6.13. */
#define MMAPSHARE_IMPORT()	MODULE_INFO(import_ns, "MMAPSHARE")

struct file;
struct mmapshare_region;
struct mmapshare_set;
struct mmapshare_sink;
struct mmapshare_source;

/*
 * A full ring overwrites its oldest records; without this flag new records are
 * dropped.
 */
#define MMAPSHARE_OVERWRITE		BIT(0)
/* Several tasks and interrupts may produce concurrently. */
#define MMAPSHARE_MULTI_PRODUCER	BIT(1)
/*
 * For a ring without MMAPSHARE_OVERWRITE: each consumer holds back the
 * producer. Without this flag a consumer does so only if it attached through a
 * file that is open for writing, as the owner of the ring, or with
 * CAP_SYS_RESOURCE; other consumers may lose records.
 */
#define MMAPSHARE_READERS_HOLD		BIT(2)

/*
 * Flags of mmapshare_commit_flags(). Publish, and leave it to a later call to wake
 * consumers that sleep
 */
#define MMAPSHARE_NO_WAKEUP		BIT(0)
/* Wake each consumer that sleeps, even if it waits for more bytes of records */
#define MMAPSHARE_FORCE_WAKEUP		BIT(1)

/**
 * struct mmapshare_params - properties of a region, a source or a sink
 * @name: the node is /dev/mmapshare-NAME. NULL for no node: programs then need
 *	a descriptor, from mmapshare_source_file() for example
 * @mode: permissions of the node, 0 to 0777. Consumers need read permission,
 *	producers write permission
 * @uid: owner of the region and of its node
 * @gid: group of the node
 * @size: bytes, rounded up to whole pages. For a source or a sink: bytes of
 *	records, rounded up to a power of two
 * @consumers: for a source: maximum number of consumers at a time, 1 to 64. For
 *	a sink 0 or 1, for a region 0
 * @consumers_per_uid: for a source: how many consumers a user other than @uid may
 *	attach; 0 for half of those not reserved, rounded up. Else 0
 * @consumers_reserved: for a source: how many of @consumers are left for @uid and
 *	for CAP_SYS_RESOURCE; 0 for 1 if there are two or more, else none;
 *	MMAPSHARE_RING_RESERVE_NONE of <linux/mmapshare.h> for none. Else 0
 * @evict_ns: for a source without MMAPSHARE_OVERWRITE: for how many nanoseconds
 *	a consumer may cause records to be dropped, or mmapshare_source_wait()
 *	to wait: after that the consumer no longer holds back the producer, and
 *	may lose records. 0 for no limit. Else 0
 * @features: for a source: MMAPSHARE_RING_FEAT_* of <linux/mmapshare.h>: time, CPU
 *	and type that each record has besides its bytes. Else 0
 * @members: for a set of sources: how many rings it has, at most
 *	MMAPSHARE_RING_MEMBERS_MAX of <linux/mmapshare.h>; 0 for one for each
 *	possible CPU, the memory of which is on the node of that CPU. All other
 *	properties are those of each ring. Else 0
 * @flags: for a source: MMAPSHARE_OVERWRITE or MMAPSHARE_READERS_HOLD,
 *	MMAPSHARE_MULTI_PRODUCER; else 0
 * @reserved: for a region or a source: name of the reserved memory to use, as in
 *	the parameters of mmapshare.ko. It keeps what an earlier region has left
 *	there. @size may be 0 for as much as fits. NULL to allocate memory
 */
struct mmapshare_params {
	const char *name;
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	u64 size;
	unsigned int consumers;
	unsigned int consumers_per_uid;
	unsigned int consumers_reserved;
	u64 evict_ns;
	u64 features;
	unsigned int members;
	unsigned int flags;
	const char *reserved;
};

struct mmapshare_region *mmapshare_region_create(const struct mmapshare_params *params);
void mmapshare_region_put(struct mmapshare_region *region);
void *mmapshare_region_address(const struct mmapshare_region *region);
u64 mmapshare_region_size(const struct mmapshare_region *region);
u64 mmapshare_region_notify(struct mmapshare_region *region);
struct file *mmapshare_region_file(struct mmapshare_region *region);

/**
 * typedef mmapshare_wanted_t - the first consumer attached, or the last one detached
 * @context: as given to mmapshare_source_watch()
 * @wanted: true if at least one consumer is attached
 */
typedef void (*mmapshare_wanted_t)(void *context, bool wanted);

struct mmapshare_source *mmapshare_source_create(const struct mmapshare_params *params);
void mmapshare_source_put(struct mmapshare_source *source);
struct file *mmapshare_source_file(struct mmapshare_source *source);
bool mmapshare_source_wanted(const struct mmapshare_source *source);
bool mmapshare_source_wanted_type(const struct mmapshare_source *source, u16 type);
int mmapshare_source_watch(struct mmapshare_source *source, mmapshare_wanted_t callback,
			   void *context);
void *mmapshare_reserve(struct mmapshare_source *source, u32 length);
void mmapshare_set_type(struct mmapshare_source *source, void *record, u16 type);
int mmapshare_trim(struct mmapshare_source *source, void *record, u32 length);
void mmapshare_commit(struct mmapshare_source *source, void *record);
void mmapshare_commit_flags(struct mmapshare_source *source, void *record,
			    unsigned int flags);
void mmapshare_source_notify(struct mmapshare_source *source, unsigned int flags);
void mmapshare_discard(struct mmapshare_source *source, void *record);
int mmapshare_write(struct mmapshare_source *source, const void *data, u32 length);
int mmapshare_source_wait(struct mmapshare_source *source, u32 length, s64 timeout);

struct mmapshare_set *mmapshare_set_create(const struct mmapshare_params *params);
void mmapshare_set_put(struct mmapshare_set *set);
struct file *mmapshare_set_file(struct mmapshare_set *set);
unsigned int mmapshare_set_members(const struct mmapshare_set *set);
struct mmapshare_source *mmapshare_set_member(const struct mmapshare_set *set, unsigned int i);
struct mmapshare_source *mmapshare_set_this_cpu(const struct mmapshare_set *set);

/**
 * typedef mmapshare_consume_t - take one record of a sink
 * @context: as given to mmapshare_sink_create()
 * @record: a copy of the record, valid until the callback returns
 * @length: its length in bytes
 */
typedef void (*mmapshare_consume_t)(void *context, const void *record, u32 length);

struct mmapshare_sink *mmapshare_sink_create(const struct mmapshare_params *params,
					     u32 max, mmapshare_consume_t consume,
					     void *context);
void mmapshare_sink_put(struct mmapshare_sink *sink);
struct file *mmapshare_sink_file(struct mmapshare_sink *sink);
int mmapshare_sink_read(struct mmapshare_sink *sink, void *record, u32 max);

#endif /* MMAPSHARE_RING_H */
