// SPDX-License-Identifier: GPL-2.0
/*
 * Events of the whole machine: each system call with its arguments and its result,
 * and each switch of tasks, in a ring set with one ring for each CPU. An example of
 * a tracer that uses mmapshare.
 *
 * The probes run where the tracepoints are: in tasks, with preemption enabled or
 * disabled, and in the scheduler, under the lock of a run queue. mmapshare_reserve()
 * and mmapshare_commit() can be called there. A probe may interrupt another one on
 * its CPU, or be moved to another CPU: MMAPSHARE_MULTI_PRODUCER allows that.
 */
#include <linux/build_bug.h>
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/tracepoint.h>
#include <asm/syscall.h>
#include <linux/mmapshare.h>
#include <mmapshare_ring.h>
#include "events.h"

static unsigned long size = 1 << 20;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "Size of the ring of each CPU in bytes (default 1 MiB)");

static unsigned int types = BIT(EVENT_TYPES) - 1;
module_param(types, uint, 0644);
MODULE_PARM_DESC(types, "Events to record: sum of 1 sys_enter, 2 sys_exit, 4 sched_switch");

static struct mmapshare_set *events;

/* Events that were to be recorded, whether or not a ring had space */
static DEFINE_PER_CPU(unsigned long, seen);

static int seen_get(char *buffer, const struct kernel_param *kp)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(seen, cpu));
	return sysfs_emit(buffer, "%lu\n", sum);
}

static const struct kernel_param_ops seen_ops = { .get = seen_get };
module_param_cb(seen, &seen_ops, NULL, 0444);
MODULE_PARM_DESC(seen, "Number of events so far; a reader got or lost each of them");

/* Return: where to store an event; NULL if it is not wanted, or the ring is full. */
static void *event_reserve(struct mmapshare_source **source, enum event_type type, u32 length)
{
	void *event;

	if (!(READ_ONCE(types) & BIT(type)))
		return NULL;
	*source = mmapshare_set_this_cpu(events);
	if (!mmapshare_source_wanted(*source))
		return NULL;
	this_cpu_inc(seen);
	event = mmapshare_reserve(*source, length);
	if (IS_ERR(event))
		return NULL;
	mmapshare_set_type(*source, event, type);
	return event;
}

static void probe_sys_enter(void *data, struct pt_regs *regs, long id)
{
	struct mmapshare_source *source;
	struct event_sys_enter *event;
	unsigned long args[6];
	unsigned int i;

	event = event_reserve(&source, EVENT_SYS_ENTER, sizeof(*event));
	if (!event)
		return;
	event->pid = task_tgid_nr(current);
	event->tid = task_pid_nr(current);
	event->arch = syscall_get_arch(current);
	event->nr = id;
	syscall_get_arguments(current, regs, args);
	for (i = 0; i < ARRAY_SIZE(args); i++)
		event->args[i] = args[i];
	mmapshare_commit(source, event);
}

static void probe_sys_exit(void *data, struct pt_regs *regs, long result)
{
	struct mmapshare_source *source;
	struct event_sys_exit *event;

	event = event_reserve(&source, EVENT_SYS_EXIT, sizeof(*event));
	if (!event)
		return;
	event->pid = task_tgid_nr(current);
	event->tid = task_pid_nr(current);
	event->arch = syscall_get_arch(current);
	event->nr = syscall_get_nr(current, regs);
	event->result = result;
	mmapshare_commit(source, event);
}

static void probe_sched_switch(void *data, bool preempt, struct task_struct *prev,
			       struct task_struct *next, unsigned int prev_state)
{
	struct event_sched_switch *event;
	struct mmapshare_source *source;

	BUILD_BUG_ON(sizeof(event->prev_comm) != sizeof(prev->comm));
	event = event_reserve(&source, EVENT_SCHED_SWITCH, sizeof(*event));
	if (!event)
		return;
	event->prev_tid = task_pid_nr(prev);
	event->next_tid = task_pid_nr(next);
	event->prev_state = prev_state;
	event->preempt = preempt;
	memcpy(event->prev_comm, prev->comm, sizeof(event->prev_comm));
	memcpy(event->next_comm, next->comm, sizeof(event->next_comm));
	mmapshare_commit(source, event);
}

static struct {
	const char *name;
	void *probe;
	struct tracepoint *tp;
} tracepoints[EVENT_TYPES] = {
	[EVENT_SYS_ENTER] = { "sys_enter", probe_sys_enter },
	[EVENT_SYS_EXIT] = { "sys_exit", probe_sys_exit },
	[EVENT_SCHED_SWITCH] = { "sched_switch", probe_sched_switch },
};

/* The tracepoints are not exported, so that they are found by name. */
static void match_tracepoint(struct tracepoint *tp, void *data)
{
	unsigned int i;

	for (i = 0; i < EVENT_TYPES; i++)
		if (!strcmp(tp->name, tracepoints[i].name))
			tracepoints[i].tp = tp;
}

/* Unregister the first @n probes. When this returns, none of them is running. */
static void events_stop(unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(tracepoints[n].tp, tracepoints[n].probe, NULL);
	tracepoint_synchronize_unregister();
}

static int __init events_init(void)
{
	const struct mmapshare_params params = {
		.name = "events",
		.mode = 0600,		/* arguments may be secrets of any user */
		.size = size,
		.consumers = 4,
		.features = MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_CPU |
			    MMAPSHARE_RING_FEAT_TYPE,
		.flags = MMAPSHARE_MULTI_PRODUCER,	/* a full ring drops new events */
	};
	unsigned int i;
	int ret = 0;

	for_each_kernel_tracepoint(match_tracepoint, NULL);
	events = mmapshare_set_create(&params);
	if (IS_ERR(events))
		return PTR_ERR(events);
	for (i = 0; !ret && i < EVENT_TYPES; i++)
		ret = tracepoints[i].tp ? tracepoint_probe_register(tracepoints[i].tp,
						tracepoints[i].probe, NULL) : -EOPNOTSUPP;
	if (ret) {
		pr_err("mmapshare_events: cannot register with the tracepoint %s: error %d\n",
		       tracepoints[i - 1].name, ret);
		events_stop(i - 1);
		mmapshare_set_put(events);
	}
	return ret;
}

static void __exit events_exit(void)
{
	events_stop(EVENT_TYPES);
	mmapshare_set_put(events);
}

module_init(events_init);
module_exit(events_exit);

MODULE_DESCRIPTION("mmapshare: system calls and task switches in a ring set");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
