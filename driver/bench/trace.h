/* SPDX-License-Identifier: GPL-2.0 */
/* A writable tracepoint: a BPF program stores the result in the event. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM mms_bench

#if !defined(MMAPSHARE_BENCH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define MMAPSHARE_BENCH_TRACE_H

#include <linux/tracepoint.h>
#include "bench.h"

DECLARE_EVENT_CLASS(mms_bench,
	TP_PROTO(struct bench_event *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(s64, result)
	),
	TP_fast_assign(
		__entry->result = event->result;
	),
	TP_printk("result=%lld", __entry->result)
);

/* DEFINE_EVENT_WRITABLE is only defined while define_trace.h includes bpf_probe.h */
#ifdef DEFINE_EVENT_WRITABLE
#define MMS_BENCH_EVENT(class, name, proto, args, size)			\
	DEFINE_EVENT_WRITABLE(class, name, PARAMS(proto), PARAMS(args), size)
#else
#define MMS_BENCH_EVENT(class, name, proto, args, size)			\
	DEFINE_EVENT(class, name, PARAMS(proto), PARAMS(args))
#endif

MMS_BENCH_EVENT(mms_bench, mms_bench_record,
	TP_PROTO(struct bench_event *event),
	TP_ARGS(event),
	sizeof(struct bench_event)
);

#undef MMS_BENCH_EVENT

#endif /* MMAPSHARE_BENCH_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
