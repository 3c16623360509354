/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoints, in /sys/kernel/tracing/events/mmapshare. "region" is the
 * minor number of the region's node, 0 for the default region and for one
 * without a name; offsets, lengths and positions are in bytes.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mmapshare

#if !defined(MMAPSHARE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MMAPSHARE_TRACE_H

#include <linux/mm.h>
#include <linux/tracepoint.h>
#include "region.h"
#include "ring.h"

/* mmap() of a region; ret is 0 or a negative errno */
TRACE_EVENT(mmapshare_map,
	TP_PROTO(const struct mms_region *r, const struct mms_mapping *m, int ret),
	TP_ARGS(r, m, ret),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(unsigned long, addr)
		__field(unsigned long, length)
		__field(u64, offset)
		__field(unsigned long, flags)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->region = r->id;
		__entry->addr = m->start;
		__entry->length = m->end - m->start;
		__entry->offset = (u64)m->pgoff << PAGE_SHIFT;
		__entry->flags = m->flags;
		__entry->ret = ret;
	),
	TP_printk("region=%u addr=%#lx length=%lu offset=%llu flags=%#lx ret=%d",
		  __entry->region, __entry->addr, __entry->length,
		  __entry->offset, __entry->flags, __entry->ret)
);

/* a VMA was removed: a whole mapping, or a piece after a split */
TRACE_EVENT(mmapshare_unmap,
	TP_PROTO(const struct mms_region *r, const struct vm_area_struct *vma),
	TP_ARGS(r, vma),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(unsigned long, addr)
		__field(unsigned long, length)
		__field(u64, offset)
	),
	TP_fast_assign(
		__entry->region = r->id;
		__entry->addr = vma->vm_start;
		__entry->length = vma->vm_end - vma->vm_start;
		__entry->offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	),
	TP_printk("region=%u addr=%#lx length=%lu offset=%llu",
		  __entry->region, __entry->addr, __entry->length,
		  __entry->offset)
);

/* a call of the fault handler; ret is VM_FAULT_* */
TRACE_EVENT(mmapshare_fault,
	TP_PROTO(const struct mms_region *r, const struct vm_fault *vmf,
		 vm_fault_t ret),
	TP_ARGS(r, vmf, ret),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(unsigned long, addr)
		__field(u64, offset)
		__field(bool, write)
		__field(unsigned int, ret)
	),
	TP_fast_assign(
		__entry->region = r->id;
		__entry->addr = vmf->address;
		__entry->offset = (u64)vmf->pgoff << PAGE_SHIFT;
		__entry->write = vmf->flags & FAULT_FLAG_WRITE;
		__entry->ret = (__force unsigned int)ret;
	),
	TP_printk("region=%u addr=%#lx offset=%llu write=%d ret=%#x",
		  __entry->region, __entry->addr, __entry->offset,
		  __entry->write, __entry->ret)
);

DECLARE_EVENT_CLASS(mmapshare_io,
	TP_PROTO(const struct mms_region *r, loff_t offset, ssize_t ret),
	TP_ARGS(r, offset, ret),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(loff_t, offset)
		__field(ssize_t, ret)
	),
	TP_fast_assign(
		__entry->region = r->id;
		__entry->offset = offset;
		__entry->ret = ret;
	),
	TP_printk("region=%u offset=%lld ret=%zd",
		  __entry->region, __entry->offset, __entry->ret)
);

/* read() and write(); ret is the number of bytes copied, or a negative errno */
DEFINE_EVENT(mmapshare_io, mmapshare_read,
	TP_PROTO(const struct mms_region *r, loff_t offset, ssize_t ret),
	TP_ARGS(r, offset, ret));

DEFINE_EVENT(mmapshare_io, mmapshare_write,
	TP_PROTO(const struct mms_region *r, loff_t offset, ssize_t ret),
	TP_ARGS(r, offset, ret));

DECLARE_EVENT_CLASS(mmapshare_ring,
	TP_PROTO(const struct mms_endpoint *ep, int ret),
	TP_ARGS(ep, ret),
	TP_STRUCT__entry(
		__field(u32, region)
		__field(bool, producer)
		__field(unsigned int, cursor)
		__field(u64, pos)
		__field(int, ret)
	),
	TP_fast_assign(
		__entry->region = ep->region->id;
		__entry->producer = ep->producer;
		__entry->cursor = ep->cursor;
		__entry->pos = mms_endpoint_pos(ep);
		__entry->ret = ret;
	),
	TP_printk("region=%u %s=%u position=%llu ret=%d", __entry->region,
		  __entry->producer ? "producer" : "consumer", __entry->cursor,
		  __entry->pos, __entry->ret)
);

/* an endpoint attaches; ret is 0 or a negative errno */
DEFINE_EVENT(mmapshare_ring, mmapshare_ring_attach,
	TP_PROTO(const struct mms_endpoint *ep, int ret),
	TP_ARGS(ep, ret));

/* an endpoint detaches; ret is -EBADMSG if its state was corrupt, else 0 */
DEFINE_EVENT(mmapshare_ring, mmapshare_ring_detach,
	TP_PROTO(const struct mms_endpoint *ep, int ret),
	TP_ARGS(ep, ret));

/* a wait has ended, possibly without sleeping; ret is 0 or a negative errno */
DEFINE_EVENT(mmapshare_ring, mmapshare_ring_wait,
	TP_PROTO(const struct mms_endpoint *ep, int ret),
	TP_ARGS(ep, ret));

/* the endpoint is about to wake its peers; ret is 0 */
DEFINE_EVENT(mmapshare_ring, mmapshare_ring_notify,
	TP_PROTO(const struct mms_endpoint *ep, int ret),
	TP_ARGS(ep, ret));

#endif /* MMAPSHARE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
