// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer of a ring set: one source per ring. A caller picks that of
 * the current CPU, and uses it as any other: what it publishes touches no memory
 * that another CPU writes, unless it is moved to another CPU in between.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/fcntl.h>
#include <linux/minmax.h>
#include <linux/numa.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include <linux/types.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "ring_source.h"

/**
 * struct mmapshare_set - a ring set whose producer is the kernel
 * @region: its region, with a reference
 * @nesting: of all sources
 * @members: number of rings
 * @sources: that of each ring
 *
 * Constant once mmapshare_set_create() has returned.
 */
struct mmapshare_set {
	struct mms_region *region;
	int __percpu *nesting;
	unsigned int members;
	struct mmapshare_source *sources[];
};

/* The node of source @i, whose fields the CPU with that number writes. */
static int mms_source_node(const struct mmapshare_set *set, unsigned int i)
{
	const unsigned int cpus = min_t(unsigned int, nr_cpu_ids, MMAPSHARE_RING_MEMBERS_MAX);

	return set->members == cpus && cpu_possible(i) ? cpu_to_mem(i) : NUMA_NO_NODE;
}

static int mms_set_add_sources(struct mmapshare_set *set)
{
	unsigned int i;

	for (i = 0; i < set->members; i++) {
		set->sources[i] = kzalloc_node(sizeof(*set->sources[i]), GFP_KERNEL,
					       mms_source_node(set, i));
		if (!set->sources[i])
			return -ENOMEM;
		mms_source_init(set->sources[i], set->region, &set->region->ring[i],
				set->nesting);
	}
	return 0;
}

/**
 * mmapshare_set_create - create a ring set whose producer is the kernel
 * @params: properties of each ring, and @members
 *
 * If @params->name is set, programs can open the set by the time this returns.
 *
 * With MMAPSHARE_MULTI_PRODUCER any context may publish to any ring. Without it,
 * the caller serializes all calls for each ring: it disables preemption from
 * mmapshare_set_this_cpu() on, until the record is committed, and publishes in one
 * kind of context.
 *
 * Context: process context, may sleep.
 * Return: the set, to be released with mmapshare_set_put(); or an ERR_PTR(), as
 * mmapshare_source_create(); -ERANGE also if the set needs 1 TiB or more.
 */
struct mmapshare_set *mmapshare_set_create(const struct mmapshare_params *params)
{
	struct mms_region *r = mms_source_create_region(params, MMAPSHARE_RING_SET);
	struct mmapshare_set *set;
	int ret = -ENOMEM;

	if (IS_ERR(r))
		return ERR_CAST(r);
	set = kvzalloc(struct_size(set, sources, r->members), GFP_KERNEL);
	if (!set) {
		mms_region_put(r);
		return ERR_PTR(ret);
	}
	set->region = r;
	set->members = r->members;
	if (params->flags & MMAPSHARE_MULTI_PRODUCER) {
		set->nesting = alloc_percpu(int);
		if (!set->nesting)
			goto put;
	}
	ret = mms_set_add_sources(set) ?: mms_kernel_add_name(r, params);
	if (!ret)
		return set;
put:
	mmapshare_set_put(set);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_create, MMS_NS);

/**
 * mmapshare_set_put - detach the producer from all rings and release the set
 * @set: from mmapshare_set_create(). The caller makes sure that no other call with
 *	it, or with one of its sources, is in progress or follows
 *
 * As mmapshare_source_put(), for all rings.
 *
 * Context: process context, may sleep.
 */
void mmapshare_set_put(struct mmapshare_set *set)
{
	unsigned int i;

	for (i = 0; i < set->members && set->sources[i]; i++)
		mms_source_detach(set->sources[i]);
	mms_name_drop(set->region);
	mms_region_put(set->region);
	for (i = 0; i < set->members; i++)
		kfree(set->sources[i]);
	free_percpu(set->nesting);
	kvfree(set);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_put, MMS_NS);

/**
 * mmapshare_set_file - open a file through which programs can attach
 * @set: the ring set
 *
 * As mmapshare_source_file().
 *
 * Context: process context, may sleep.
 * Return: the file; or an ERR_PTR(): -ENOMEM, -ENFILE.
 */
struct file *mmapshare_set_file(struct mmapshare_set *set)
{
	return mms_kernel_open_file(set->region, O_RDONLY);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_file, MMS_NS);

/**
 * mmapshare_set_members - how many rings has the set?
 * @set: the ring set
 *
 * Context: any, including NMI.
 * Return: the number, constant.
 */
unsigned int mmapshare_set_members(const struct mmapshare_set *set)
{
	return set->members;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_members, MMS_NS);

/**
 * mmapshare_set_member - one ring of the set
 * @set: the ring set
 * @i: its index, less than mmapshare_set_members()
 *
 * Context: any, including NMI.
 * Return: the source, for all functions of sources but mmapshare_source_put(). It is
 * valid until mmapshare_set_put().
 */
struct mmapshare_source *mmapshare_set_member(const struct mmapshare_set *set, unsigned int i)
{
	return set->sources[i];
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_member, MMS_NS);

/**
 * mmapshare_set_this_cpu - the ring of the current CPU
 * @set: the ring set
 *
 * If the set has fewer rings than the machine has CPUs, some CPUs share one.
 *
 * A record is reserved and committed with the same source. With
 * MMAPSHARE_MULTI_PRODUCER the caller may be moved to another CPU meanwhile: it
 * then shares the ring, and its lock, with the first CPU for that record.
 *
 * Context: any, including NMI.
 * Return: the source, as mmapshare_set_member().
 */
struct mmapshare_source *mmapshare_set_this_cpu(const struct mmapshare_set *set)
{
	const unsigned int cpu = raw_smp_processor_id();

	return set->sources[cpu < set->members ? cpu : cpu % set->members];
}
EXPORT_SYMBOL_NS_GPL(mmapshare_set_this_cpu, MMS_NS);

#if IS_ENABLED(CONFIG_MMAPSHARE_KUNIT_TEST)
#include "tests/ring_set_test.c"
#endif
