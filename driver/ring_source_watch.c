// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel as producer of a ring: telling a driver that consumers attach and
 * detach, so that its hardware runs only while a program reads.
 *
 * Attaching, detaching and revoking only schedule a work item, so that no program
 * waits for the driver. The work compares what the last call of the callback has
 * said with what holds now. Changes that cancel each other out before it runs are
 * not reported, and it runs at most once per MMS_WATCH_INTERVAL, however often
 * programs attach and detach.
 */
#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/container_of.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include "compat.h"
#include "kernel.h"
#include "ring.h"
#include "ring_source.h"

/* Jiffies between the end of one run of the work and the next */
#define MMS_WATCH_INTERVAL	max(HZ / 100, 1)

/**
 * mmapshare_source_wanted - is any consumer attached?
 * @source: the ring
 *
 * A hint, for callers that need not make records that no consumer takes: it may
 * be outdated when this returns, and nothing is ordered by it.
 *
 * Context: any, including NMI.
 * Return: true if at least one consumer is attached, also if it may lose records, or a
 * cursor keeps records for its name.
 */
bool mmapshare_source_wanted(const struct mmapshare_source *source)
{
	return READ_ONCE(source->ring->types);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wanted, MMS_NS);

/**
 * mmapshare_source_wanted_type - does any consumer want records of this type?
 * @source: the ring, created with MMAPSHARE_RING_FEAT_TYPE
 * @type: the type
 *
 * As mmapshare_source_wanted(), for records of one type: at the price of a load, a
 * caller saves the work for a record that no consumer wants. Consumers tell the types
 * modulo 64, and one that does not tell wants all.
 *
 * Context: any, including NMI.
 * Return: true if at least one of the consumers that mmapshare_source_wanted() counts
 * wants records whose type is @type modulo 64.
 */
bool mmapshare_source_wanted_type(const struct mmapshare_source *source, u16 type)
{
	return READ_ONCE(source->ring->types) & BIT_ULL(type % 64);
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_wanted_type, MMS_NS);

/* struct mms_endpoint, @consumers_changed */
static void mms_watch_schedule(struct mms_endpoint *ep)
{
	struct mmapshare_source *source = container_of(ep, struct mmapshare_source, ep);
	const unsigned long next = READ_ONCE(source->watch.next), now = jiffies;

	lockdep_assert_held(&source->ring->lock);
	schedule_delayed_work(&source->watch.work, time_before(now, next) ? next - now : 0);
}

/*
 * A change after mmapshare_source_wanted() schedules the work again. One before is
 * seen: schedule_delayed_work() orders what its caller has stored before what the
 * work loads, even if the work was pending already.
 */
static void mms_watch_work(struct work_struct *work)
{
	struct mms_watch *watch = container_of(to_delayed_work(work), struct mms_watch, work);
	struct mmapshare_source *source = container_of(watch, struct mmapshare_source, watch);
	const bool wanted = mmapshare_source_wanted(source);

	if (wanted != watch->reported) {
		watch->reported = wanted;
		watch->callback(watch->context, wanted);
	}
	WRITE_ONCE(watch->next, jiffies + MMS_WATCH_INTERVAL);
}

/**
 * mmapshare_source_watch - have a function called when consumers attach and detach
 * @source: the ring
 * @callback: called with true if at least one consumer is attached, and with false
 *	if none is left; may sleep
 * @context: passed to @callback
 *
 * The first call says true, and each further one the opposite of the call before.
 * There is one call at a time. Consumers that are attached already count, and so
 * do those that may lose records; a consumer whose state is corrupt does not, nor
 * does any once the ring was revoked or the memory of one of its pages failed.
 *
 * Calls are made some time after the change, from a workqueue: records that a
 * consumer misses until then are not waited for. Programs that attach and detach
 * repeatedly cause at most 100 calls per second, as changes in between are left
 * out. They do not wait for @callback.
 *
 * mmapshare_source_put() waits until @callback has returned. If the last call said
 * true, it makes another one that says false, while the source can still be used.
 * There is none after that. @callback must not call mmapshare_source_put(), nor
 * wait for a task that does.
 *
 * Context: process context, may sleep. Not concurrently with itself or
 * mmapshare_source_put().
 * Return: 0; -EBUSY if the source is watched already.
 */
int mmapshare_source_watch(struct mmapshare_source *source, mmapshare_wanted_t callback,
			   void *context)
{
	struct mms_watch *watch = &source->watch;
	unsigned long flags;

	if (watch->callback)
		return -EBUSY;
	INIT_DELAYED_WORK(&watch->work, mms_watch_work);
	watch->callback = callback;
	watch->context = context;
	watch->next = jiffies;
	spin_lock_irqsave(&source->ring->lock, flags);
	source->ep.consumers_changed = mms_watch_schedule;
	mms_watch_schedule(&source->ep);
	spin_unlock_irqrestore(&source->ring->lock, flags);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(mmapshare_source_watch, MMS_NS);

/**
 * mms_source_unwatch - undo mmapshare_source_watch(), if it was called
 * @source: the ring, still attached
 *
 * Context: process context, may sleep.
 */
void mms_source_unwatch(struct mmapshare_source *source)
{
	struct mms_watch *watch = &source->watch;
	unsigned long flags;

	if (!watch->callback)
		return;
	spin_lock_irqsave(&source->ring->lock, flags);
	source->ep.consumers_changed = NULL;
	spin_unlock_irqrestore(&source->ring->lock, flags);
	cancel_delayed_work_sync(&watch->work);
	if (watch->reported)
		watch->callback(watch->context, false);
}
