// SPDX-License-Identifier: GPL-2.0
/*
 * Deliberate bugs, one of each kind that a debug kernel must report. Only
 * selftests/vm/planted links this into the module, and triggers a bug by
 *
 *	echo NAME >/sys/module/mmapshare/parameters/plant
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>
#include "region.h"

/* Results are stored here, so that the compiler does not drop the accesses. */
static unsigned long planted_sink;

static int planted_sleep(void)
{
	static DEFINE_SPINLOCK(lock);
	void *p;

	spin_lock(&lock);
	p = kmalloc(64, GFP_KERNEL);
	spin_unlock(&lock);
	kfree(p);
	return 0;
}

/* On PREEMPT_RT, and only there, a spinlock_t sleeps. */
static int planted_nesting(void)
{
	static DEFINE_RAW_SPINLOCK(raw);
	static DEFINE_SPINLOCK(lock);

	raw_spin_lock(&raw);
	spin_lock(&lock);
	spin_unlock(&lock);
	raw_spin_unlock(&raw);
	return 0;
}

static int planted_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	preempt_disable();
	spin_lock(&lock);
	spin_unlock(&lock);
	preempt_enable();
	return 0;
}

static int planted_rcu(void)
{
	static void __rcu *pointer;

	planted_sink += (unsigned long)rcu_dereference(pointer);
	return 0;
}

static int planted_inversion(void)
{
	static DEFINE_MUTEX(a);
	static DEFINE_MUTEX(b);

	mutex_lock(&a);
	mutex_lock(&b);
	mutex_unlock(&b);
	mutex_unlock(&a);

	mutex_lock(&b);
	mutex_lock(&a);
	mutex_unlock(&a);
	mutex_unlock(&b);
	return 0;
}

static void planted_expire(struct timer_list *timer)
{
}

static int planted_object(void)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, planted_expire, 0);
	mod_timer(timer, jiffies + 1000 * HZ);
	kfree(timer);
	return 0;
}

static int planted_shift(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	planted_sink += 1 << bits;
	return 0;
}

static int planted_slab(void)
{
	struct mms_region *r = mms_default_region;

	planted_sink += (unsigned long)r->mem.pages[r->mem.nr_pages];
	return 0;
}

static int planted_vmalloc(void)
{
	size_t size = 100;
	char *p = vmalloc(size);

	if (!p)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(size);
	planted_sink += p[size];
	vfree(p);
	return 0;
}

static int planted_free(void)
{
	struct mms_region *r;

	r = mms_region_create(PAGE_SIZE, mms_default_region->strategy);
	if (IS_ERR(r))
		return PTR_ERR(r);
	mms_region_put(r);
	planted_sink += r->mem.nr_pages;
	return 0;
}

/*
 * Leak several objects: a stale pointer on a stack may hide one of them. No regions:
 * the core's list of inodes still refers to these.
 */
static int planted_leak(void)
{
	int i;

	for (i = 0; i < 10; i++)
		if (!kmalloc(sizeof(struct mms_region), GFP_KERNEL))
			return -ENOMEM;
	return 0;
}

static unsigned long planted_counter;

static int planted_racer(void *done)
{
	int i;

	for (i = 0; i < 100000; i++) {
		planted_counter++;
		cond_resched();
	}
	complete(done);
	return 0;
}

static int planted_race(void)
{
	struct completion done[2];
	struct task_struct *task;
	int i, started = 0, ret = 0;

	for (i = 0; i < 2; i++) {
		init_completion(&done[i]);
		task = kthread_run(planted_racer, &done[i], "planted%d", i);
		if (IS_ERR(task)) {
			ret = PTR_ERR(task);
			break;
		}
		started++;
	}
	for (i = 0; i < started; i++)
		wait_for_completion(&done[i]);
	return ret;
}

static const struct {
	const char *name;
	int (*plant)(void);
} planted[] = {
	{ "sleep", planted_sleep },
	{ "nesting", planted_nesting },
	{ "atomic", planted_atomic },
	{ "rcu", planted_rcu },
	{ "inversion", planted_inversion },
	{ "object", planted_object },
	{ "shift", planted_shift },
	{ "slab", planted_slab },
	{ "vmalloc", planted_vmalloc },
	{ "free", planted_free },
	{ "leak", planted_leak },
	{ "race", planted_race },
};

static int planted_set(const char *name, const struct kernel_param *kp)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(planted); i++)
		if (sysfs_streq(name, planted[i].name))
			return planted[i].plant();
	return -EINVAL;
}

static const struct kernel_param_ops planted_ops = {
	.set = planted_set,
};

module_param_cb(plant, &planted_ops, NULL, 0200);
