// SPDX-License-Identifier: GPL-2.0
/*
 * For tests: publishes records to a ring, or rings a doorbell, from contexts in
 * which a driver may have to do that: threads, interrupts, NMI, and probes in
 * the scheduler and in locks. Built with CONFIG_MMAPSHARE_DELAY=m.
 *
 *	run	names of contexts, separated by commas: each makes "records"
 *		attempts from now on. "all" starts each context that the kernel
 *		supports, except contention_begin, which may never occur. "none"
 *		stops all contexts
 *	round	publishes two records at once, see set_round()
 *	running	how many contexts have not made all their attempts
 *	counts	a line for each context: its name, and how many attempts
 *		succeeded and failed with EAGAIN, EBUSY, EMSGSIZE, ENODEV, and
 *		another error
 *
 * This module takes no lock while it publishes: a lock that a test reports is
 * the driver's.
 */
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kstrtox.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/tracepoint.h>
#include <linux/mmapshare.h>
#include <mmapshare_ring.h>
#include "compat.h"
#include "contexts.h"

#ifdef CONFIG_X86_LOCAL_APIC
#include <asm/apic.h>
#include <asm/nmi.h>
#endif

static bool doorbell;
module_param(doorbell, bool, 0444);
MODULE_PARM_DESC(doorbell, "Ring the doorbell of a region, instead of publishing to a ring");

static unsigned long size = 65536;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "Size of the ring in bytes (default 64 KiB)");

static bool overwrite;
module_param(overwrite, bool, 0444);
MODULE_PARM_DESC(overwrite, "If the ring is full, overwrite old records (default: refuse new)");

static bool multi = true;
module_param(multi, bool, 0444);
MODULE_PARM_DESC(multi, "Contexts publish concurrently (default), or one at a time");

static bool set;
module_param(set, bool, 0444);
MODULE_PARM_DESC(set, "Publish to a ring set: to the ring of the CPU");

static unsigned int length = sizeof(struct contexts_record) + 8;
module_param(length, uint, 0444);
MODULE_PARM_DESC(length, "Bytes of a record, 16 to 256 (default 24)");

static int records = 1000;
module_param(records, int, 0644);
MODULE_PARM_DESC(records, "How many records each context attempts to publish (default 1000)");

static unsigned int interval = 50;
module_param(interval, uint, 0644);
MODULE_PARM_DESC(interval, "Microseconds between two interrupts of a kind (default 50)");

static char *function = "autoremove_wake_function";
module_param(function, charp, 0644);
MODULE_PARM_DESC(function, "Where the kprobe is (default autoremove_wake_function)");

static const int errors[] = { EAGAIN, EBUSY, EMSGSIZE, ENODEV };

/**
 * struct context - a context that publishes
 * @name: its name in the parameters "run" and "counts"
 * @start: make it publish, by calls of publish(). Returns 0 or an errno
 * @stop: undo @start; when it returns, publish() is not running
 * @trigger: for contexts with a thread, which calls it repeatedly: publish, or
 *	provoke the interrupt that does
 * @nests: publish() may interrupt itself, and run on several processors
 * @active: @start has returned 0, and @stop was not called
 * @left: attempts still to be made
 * @written: successful attempts
 * @refused: failed attempts by error; the last counts errors not in errors[]
 * @task: the thread that calls @trigger
 * @tracepoint: the tracepoint that the probe is registered with
 */
struct context {
	const char *name;
	int (*start)(struct context *c);
	void (*stop)(struct context *c);
	void (*trigger)(struct context *c);
	bool nests;
	bool active;
	atomic_t left;
	atomic_t written;
	atomic_t refused[ARRAY_SIZE(errors) + 1];
	struct task_struct *task;
	struct tracepoint *tracepoint;
};

/*
 * State of one context on one processor. @seq has an entry for each nesting
 * level.
 */
struct streams {
	int depth;
	u64 seq[CONTEXT_LEVELS];
};

static DEFINE_PER_CPU(struct streams[CONTEXTS], streams);
static struct context contexts[CONTEXTS];
static struct mmapshare_source *source;
static struct mmapshare_set *sources;
static struct mmapshare_region *region;

/* For a ring with one producer: bit 0 is set while a context publishes. */
static unsigned long busy;

static int send(const struct contexts_record *record)
{
	struct mmapshare_source *s = sources ? mmapshare_set_this_cpu(sources) : source;
	void *place;

	if (doorbell) {
		mmapshare_region_notify(region);
		return 0;
	}
	if (record->seq & 1)
		return mmapshare_write(s, record, length);
	place = mmapshare_reserve(s, record->seq & 2 ? length + 100 : length);
	if (IS_ERR_OR_NULL(place))
		return place ? PTR_ERR(place) : -EAGAIN;
	memcpy(place, record, length);
	mmapshare_trim(s, place, length);
	mmapshare_commit_flags(s, place, record->seq % 32 == 6 ? MMAPSHARE_FORCE_WAKEUP : 0);
	return 0;
}

static void count(struct context *c, int ret)
{
	size_t i;

	if (!ret) {
		atomic_inc(&c->written);
		return;
	}
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (ret == -errors[i])
			break;
	atomic_inc(&c->refused[i]);
}

static void fill(struct contexts_record *record, const struct context *c, u32 stream, u64 seq)
{
	u8 *bytes = (u8 *)(record + 1);
	unsigned int i;

	record->context = c - contexts;
	record->stream = stream;
	record->seq = seq;
	for (i = 0; i < length - sizeof(*record); i++)
		bytes[i] = seq + i;
}

static void attempt(struct context *c, u32 stream, u64 *seq)
{
	union {
		struct contexts_record record;
		u8 bytes[CONTEXTS_LENGTH_MAX];
	} u;

	if (atomic_dec_if_positive(&c->left) < 0)
		return;
	fill(&u.record, c, stream, (*seq)++);
	count(c, send(&u.record));
}

/*
 * Attempt to publish a record, unless the context has made all its attempts, a
 * probe is nested too deep, or the ring has one producer and another context
 * publishes.
 */
static void publish(struct context *c)
{
	const unsigned int cpu = c->nests ? smp_processor_id() : 0;
	struct streams *s = &per_cpu(streams, cpu)[c - contexts];
	const int level = READ_ONCE(s->depth);

	if (atomic_read(&c->left) <= 0 || level >= CONTEXT_LEVELS)
		return;
	WRITE_ONCE(s->depth, level + 1);
	barrier();	/* a nested call must see the new depth */
	if (multi || !test_and_set_bit_lock(0, &busy)) {
		attempt(c, cpu * CONTEXT_LEVELS + level, &s->seq[level]);
		if (!multi)
			clear_bit_unlock(0, &busy);
	}
	barrier();
	WRITE_ONCE(s->depth, level);
}

/* Contexts with a thread, which publishes itself or provokes an interrupt */

static int run_thread(void *data)
{
	struct context *c = data;
	unsigned int n;

	for (n = 1; atomic_read(&c->left) > 0 && !kthread_should_stop(); n++) {
		c->trigger(c);
		/* pause, so that consumers run out of records and sleep */
		if (n % 8)
			cond_resched();
		else
			usleep_range(interval, 2 * interval + 1);
	}
	set_current_state(TASK_IDLE);
	while (!kthread_should_stop()) {
		schedule();
		set_current_state(TASK_IDLE);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

static int create_thread(struct context *c)
{
	c->task = kthread_run(run_thread, c, "contexts/%s", c->name);
	return PTR_ERR_OR_ZERO(c->task);
}

static void end_thread(struct context *c)
{
	kthread_stop(c->task);
}

/* Interrupts */

static enum hrtimer_restart expire(struct hrtimer *timer, struct context *c)
{
	publish(c);
	hrtimer_forward_now(timer, ns_to_ktime(max(interval, 1U) * NSEC_PER_USEC));
	return atomic_read(&c->left) > 0 ? HRTIMER_RESTART : HRTIMER_NORESTART;
}

static enum hrtimer_restart expire_soft(struct hrtimer *timer)
{
	return expire(timer, &contexts[CONTEXT_SOFTIRQ]);
}

static enum hrtimer_restart expire_hard(struct hrtimer *timer)
{
	return expire(timer, &contexts[CONTEXT_HARDIRQ]);
}

static struct hrtimer soft_timer, hard_timer;

static int start_soft(struct context *c)
{
	mms_hrtimer_setup(&soft_timer, expire_soft, CLOCK_MONOTONIC, HRTIMER_MODE_REL_SOFT);
	hrtimer_start(&soft_timer, 0, HRTIMER_MODE_REL_SOFT);
	return 0;
}

static void stop_soft(struct context *c)
{
	hrtimer_cancel(&soft_timer);
}

static int start_hard(struct context *c)
{
	mms_hrtimer_setup(&hard_timer, expire_hard, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	hrtimer_start(&hard_timer, 0, HRTIMER_MODE_REL_HARD);
	return 0;
}

static void stop_hard(struct context *c)
{
	hrtimer_cancel(&hard_timer);
}

static void run_work(struct irq_work *work)
{
	publish(&contexts[CONTEXT_IRQ_WORK]);
}

static struct irq_work work = IRQ_WORK_INIT_HARD(run_work);

static void trigger_work(struct context *c)
{
	irq_work_queue(&work);
	irq_work_sync(&work);
}

#ifdef CONFIG_X86_LOCAL_APIC

/*
 * Set from before trigger_nmi() sends an NMI to the processor until it is
 * handled.
 */
static DEFINE_PER_CPU(bool, nmi_sent);

static int handle_nmi(unsigned int type, struct pt_regs *regs)
{
	if (!this_cpu_xchg(nmi_sent, false))
		return NMI_DONE;
	publish(&contexts[CONTEXT_NMI]);
	return NMI_HANDLED;
}

/*
 * Send an NMI to each processor in turn, because any of them may be publishing.
 * Wait for the handler: of two pending NMIs, the processor may take only one.
 */
static void trigger_nmi(struct context *c)
{
	static unsigned int cpu;

	cpus_read_lock();
	cpu = cpumask_next(cpu, cpu_online_mask);
	if (cpu >= nr_cpu_ids)
		cpu = cpumask_first(cpu_online_mask);
	WRITE_ONCE(per_cpu(nmi_sent, cpu), true);
	apic->send_IPI(cpu, NMI_VECTOR);
	while (READ_ONCE(per_cpu(nmi_sent, cpu)))
		cpu_relax();
	cpus_read_unlock();
}

static int start_nmi(struct context *c)
{
	int ret;

	if (!boot_cpu_has(X86_FEATURE_APIC))
		return -EOPNOTSUPP;
	ret = register_nmi_handler(NMI_LOCAL, handle_nmi, 0, "mmapshare_contexts");
	if (ret)
		return ret;
	ret = create_thread(c);
	if (ret)
		unregister_nmi_handler(NMI_LOCAL, "mmapshare_contexts");
	return ret;
}

static void stop_nmi_thread(struct context *c)
{
	end_thread(c);
	unregister_nmi_handler(NMI_LOCAL, "mmapshare_contexts");
}

#else

static void trigger_nmi(struct context *c)
{
}

static int start_nmi(struct context *c)
{
	return -EOPNOTSUPP;
}

static void stop_nmi_thread(struct context *c)
{
}

#endif

/* Probes */

static void probe(struct context *c)
{
	/*
	 * publish() must stay on one CPU; only kernels before 7.0 call a probe
	 * with preemption disabled
	 */
	preempt_disable_notrace();
	publish(c);
	preempt_enable_notrace();
}

static void match(struct tracepoint *tp, void *data)
{
	struct context *c = data;

	if (!strcmp(tp->name, c->name))
		c->tracepoint = tp;
}

/*
 * probe() has only the first of the parameters that the tracepoint passes. CFI
 * would refuse a call through a pointer of another type.
 */
static int start_tracepoint(struct context *c)
{
	if (IS_ENABLED(CONFIG_CFI) || IS_ENABLED(CONFIG_CFI_CLANG))
		return -EOPNOTSUPP;
	c->tracepoint = NULL;
	for_each_kernel_tracepoint(match, c);
	if (!c->tracepoint)
		return -EOPNOTSUPP;
	return tracepoint_probe_register(c->tracepoint, (void *)probe, c);
}

static void stop_tracepoint(struct context *c)
{
	tracepoint_probe_unregister(c->tracepoint, (void *)probe, c);
	tracepoint_synchronize_unregister();
}

#ifdef CONFIG_KPROBES

static int hit_kprobe(struct kprobe *p, struct pt_regs *regs)
{
	publish(&contexts[CONTEXT_KPROBE]);
	return 0;
}

static struct kprobe kprobe;

static int start_kprobe(struct context *c)
{
	kprobe = (struct kprobe){ .symbol_name = function, .pre_handler = hit_kprobe };
	return register_kprobe(&kprobe);
}

static void stop_kprobe(struct context *c)
{
	unregister_kprobe(&kprobe);
}

#else

static int start_kprobe(struct context *c)
{
	return -EOPNOTSUPP;
}

static void stop_kprobe(struct context *c)
{
}

#endif

#define TRACEPOINT(tp) \
	{ .name = tp, .start = start_tracepoint, .stop = stop_tracepoint, .nests = true }

static struct context contexts[CONTEXTS] = {
	[CONTEXT_KTHREAD] = { .name = "kthread", .start = create_thread, .stop = end_thread,
			      .trigger = publish },
	[CONTEXT_SOFTIRQ] = { .name = "softirq", .start = start_soft, .stop = stop_soft },
	[CONTEXT_HARDIRQ] = { .name = "hardirq", .start = start_hard, .stop = stop_hard },
	[CONTEXT_IRQ_WORK] = { .name = "irq_work", .start = create_thread, .stop = end_thread,
			       .trigger = trigger_work },
	[CONTEXT_NMI] = { .name = "nmi", .start = start_nmi, .stop = stop_nmi_thread,
			  .trigger = trigger_nmi, .nests = true },
	[CONTEXT_SCHED_WAKING] = TRACEPOINT("sched_waking"),
	[CONTEXT_SCHED_SWITCH] = TRACEPOINT("sched_switch"),
	[CONTEXT_LOCK_ACQUIRE] = TRACEPOINT("lock_acquire"),
	[CONTEXT_CONTENTION_BEGIN] = TRACEPOINT("contention_begin"),
	[CONTEXT_KPROBE] = { .name = "kprobe", .start = start_kprobe, .stop = stop_kprobe,
			     .nests = true },
};

/* Parameters; the core serializes their callbacks. */

static void stop_all(void)
{
	struct context *c;

	for (c = contexts; c < contexts + CONTEXTS; c++) {
		atomic_set(&c->left, 0);
		if (c->active)
			c->stop(c);
		c->active = false;
	}
}

static void reset(struct context *c)
{
	size_t i;

	atomic_set(&c->written, 0);
	for (i = 0; i < ARRAY_SIZE(c->refused); i++)
		atomic_set(&c->refused[i], 0);
}

static int start(struct context *c)
{
	int ret;

	if (c->active)
		return -EBUSY;
	atomic_set(&c->left, records);
	ret = c->start(c);
	c->active = !ret;
	return ret;
}

static int start_all(void)
{
	struct context *c;
	int ret = 0;

	for (c = contexts; c < contexts + CONTEXTS && !ret; c++) {
		if (c - contexts == CONTEXT_CONTENTION_BEGIN)
			continue;
		ret = start(c);
		if (ret == -EOPNOTSUPP)
			ret = 0;
	}
	return ret;
}

static int start_named(const char *name)
{
	struct context *c;

	if (sysfs_streq(name, "all"))
		return start_all();
	for (c = contexts; c < contexts + CONTEXTS; c++)
		if (sysfs_streq(name, c->name))
			return start(c);
	return -EINVAL;
}

static int set_run(const char *names, const struct kernel_param *kp)
{
	char text[160], *rest = text, *name;
	struct context *c;
	int ret = 0;

	if (!source && !sources && !region)
		return -EINVAL;
	if (strscpy(text, names, sizeof(text)) < 0)
		return -E2BIG;
	stop_all();
	if (sysfs_streq(text, "none"))
		return 0;
	for (c = contexts; c < contexts + CONTEXTS; c++)
		reset(c);
	while (!ret && (name = strsep(&rest, ",")))
		ret = start_named(name);
	if (ret)
		stop_all();
	return ret;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);
MODULE_PARM_DESC(run, "Contexts that publish from now on");

/*
 * Reserve two records, and commit them with @text iterations in between: in
 * reverse order if that number is odd.
 */
static int set_round(const char *text, const struct kernel_param *kp)
{
	struct context *c = &contexts[CONTEXT_KTHREAD];
	static u64 seq;
	void *records[2];
	unsigned int n, i;
	int ret;

	if (!source || !multi)
		return -EINVAL;
	ret = kstrtouint(text, 0, &n);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(records); i++) {
		records[i] = mmapshare_reserve(source, length);
		if (IS_ERR(records[i])) {
			if (i)
				mmapshare_discard(source, records[0]);
			return PTR_ERR(records[i]);
		}
		fill(records[i], c, 0, seq++);
	}
	mmapshare_commit(source, records[n % 2]);
	for (i = 0; i < n; i++)
		cpu_relax();
	mmapshare_commit(source, records[!(n % 2)]);
	atomic_add(ARRAY_SIZE(records), &c->written);
	return 0;
}

static const struct kernel_param_ops round_ops = { .set = set_round };
module_param_cb(round, &round_ops, NULL, 0200);
MODULE_PARM_DESC(round, "Publish two records, with this number of iterations between their commits");

static int sum(const struct context *c)
{
	int n = atomic_read(&c->written);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(c->refused); i++)
		n += atomic_read(&c->refused[i]);
	return n;
}

static int get_running(char *buffer, const struct kernel_param *kp)
{
	const struct context *c;
	int n = 0;

	for (c = contexts; c < contexts + CONTEXTS; c++)
		n += c->active && sum(c) < records;
	return sysfs_emit(buffer, "%d\n", n);
}

static const struct kernel_param_ops running_ops = { .get = get_running };
module_param_cb(running, &running_ops, NULL, 0444);
MODULE_PARM_DESC(running, "How many contexts have not made all their attempts");

static int get_counts(char *buffer, const struct kernel_param *kp)
{
	const struct context *c;
	int n = 0;
	size_t i;

	for (c = contexts; c < contexts + CONTEXTS; c++) {
		n += sysfs_emit_at(buffer, n, "%s %d", c->name, atomic_read(&c->written));
		for (i = 0; i < ARRAY_SIZE(c->refused); i++)
			n += sysfs_emit_at(buffer, n, " %d", atomic_read(&c->refused[i]));
		n += sysfs_emit_at(buffer, n, "\n");
	}
	return n;
}

static const struct kernel_param_ops counts_ops = { .get = get_counts };
module_param_cb(counts, &counts_ops, NULL, 0444);
MODULE_PARM_DESC(counts, "Attempts of each context that succeeded, and that failed, by error");

static int __init contexts_init(void)
{
	struct mmapshare_params params = { .name = "contexts", .mode = 0644, .size = size };

	if (length < sizeof(struct contexts_record) || length > CONTEXTS_LENGTH_MAX)
		return -EINVAL;
	if (doorbell) {
		region = mmapshare_region_create(&params);
		return PTR_ERR_OR_ZERO(region);
	}
	params.consumers = 8;
	params.flags = (overwrite ? MMAPSHARE_OVERWRITE : 0) |
		       (multi ? MMAPSHARE_MULTI_PRODUCER : 0);
	if (set) {
		params.features = MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_CPU;
		sources = mmapshare_set_create(&params);
		return PTR_ERR_OR_ZERO(sources);
	}
	source = mmapshare_source_create(&params);
	return PTR_ERR_OR_ZERO(source);
}

static void __exit contexts_exit(void)
{
	stop_all();
	if (doorbell)
		mmapshare_region_put(region);
	else if (set)
		mmapshare_set_put(sources);
	else
		mmapshare_source_put(source);
}

module_init(contexts_init);
module_exit(contexts_exit);

MODULE_DESCRIPTION("Publishes from any context, for tests of mmapshare");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
