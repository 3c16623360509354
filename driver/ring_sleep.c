// SPDX-License-Identifier: GPL-2.0
/*
 * Rings: tasks that sleep until an endpoint is ready, or one of the endpoints of a
 * consumer of a ring set. ring_wait.c describes how an endpoint is armed and woken.
 *
 * All endpoints of a set are armed, each under the lock of its ring, and share one
 * queue: whichever is woken wakes the task. Those that remain armed then cause a
 * needless wake-up at most.
 */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/types.h>
#include <linux/wait.h>
#include "ring.h"

/*
 * struct mms_tally - how many endpoints of a set returned which result
 * @ready: 0
 * @waiting: -EAGAIN, and the ring has a producer
 * @idle: -EAGAIN, and the ring has no producer, so had none yet
 * @ended: -EPIPE
 */
struct mms_tally {
	unsigned int ready;
	unsigned int waiting;
	unsigned int idle;
	unsigned int ended;
};

/*
 * The producer may attach or detach concurrently. Detaching wakes the endpoint,
 * which the caller has armed before, so that this is called again.
 */
static void mms_tally_add(struct mms_tally *tally, const struct mms_endpoint *ep, int ret)
{
	tally->ready += !ret;
	tally->ended += ret == -EPIPE;
	if (ret != -EAGAIN)
		return;
	/* a stale value is corrected by the wake-up, see above */
	if (data_race(ep->ring->producer))
		tally->waiting++;
	else
		tally->idle++;
}

/*
 * The result for the set. The corrupt state of one ring, -EBADMSG, must not keep the
 * consumer from the others: it counts if nothing else does.
 */
static int mms_tally_result(const struct mms_tally *tally)
{
	if (tally->ready)
		return 0;
	if (tally->waiting)
		return -EAGAIN;
	if (tally->ended)
		return -EPIPE;
	return tally->idle ? -EAGAIN : -EBADMSG;
}

enum mms_how {
	MMS_CHECK,
	MMS_ARM,
	MMS_ARM_ALWAYS,
};

static int mms_apply(struct mms_endpoint *ep, enum mms_how how)
{
	return how == MMS_CHECK ? mms_endpoint_check(ep) :
				  mms_endpoint_arm(ep, how == MMS_ARM_ALWAYS);
}

/* If @how is MMS_ARM_ALWAYS, all are armed; else up to the first that is ready. */
static int mms_apply_all(struct mms_endpoint *ep, enum mms_how how)
{
	struct mms_tally tally = { };
	unsigned int i;

	if (ep->members == 1)
		return mms_apply(ep, how);
	for (i = 0; i < ep->members; i++) {
		const int ret = mms_apply(&ep[i], how);

		/* the region as a whole */
		if (ret == -ENODEV || ret == -EIO)
			return ret;
		if (!ret && how != MMS_ARM_ALWAYS)
			return 0;
		mms_tally_add(&tally, &ep[i], ret);
	}
	return mms_tally_result(&tally);
}

/**
 * mms_set_check - is the endpoint ready, or one of those of a set?
 * @ep: the endpoint, or the first one of a consumer of a set, attached
 *
 * Context: process context.
 * Return: as mms_endpoint_check(). For a set 0 if any endpoint is ready; -EPIPE if
 * at least one ring had a producer, and none has; -EBADMSG if all are corrupt.
 */
int mms_set_check(struct mms_endpoint *ep)
{
	return mms_apply_all(ep, MMS_CHECK);
}

/**
 * mms_set_arm - check, and have the endpoint, or those of a set, woken
 * @ep: the endpoint, or the first one of a consumer of a set, attached
 *
 * As mms_endpoint_arm() with @always, for poll().
 *
 * Context: process context.
 * Return: as mms_set_check().
 */
int mms_set_arm(struct mms_endpoint *ep)
{
	return mms_apply_all(ep, MMS_ARM_ALWAYS);
}

static bool mms_is_notified(const struct mms_endpoint *ep)
{
	unsigned int i;

	for (i = 0; i < ep->members; i++)
		if (READ_ONCE(ep[i].notified))
			return true;
	return false;
}

static bool mms_wait_is_over(int ret, bool ignore_hup)
{
	return ret != -EAGAIN && !(ignore_hup && ret == -EPIPE);
}

static int mms_endpoint_sleep(struct mms_endpoint *ep, bool ignore_hup, ktime_t *end)
{
	bool expired = false;
	DEFINE_WAIT(wait);
	int ret;

	for (;;) {
		prepare_to_wait(ep->waiters, &wait, TASK_INTERRUPTIBLE);
		ret = mms_apply_all(ep, MMS_ARM);
		if (mms_wait_is_over(ret, ignore_hup))
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		ret = -ETIMEDOUT;
		if (expired)
			break;
		expired = !mms_schedule(end);
		/*
		 * A wake-up has removed the task from the queue. Check before
		 * the loop adds it again, which is seldom needed.
		 */
		ret = mms_is_notified(ep) ? 0 : mms_set_check(ep);
		if (mms_wait_is_over(ret, ignore_hup))
			break;
	}
	finish_wait(ep->waiters, &wait);
	return ret;
}

/**
 * mms_endpoint_wait - sleep until the endpoint, or one of a set, is ready
 * @ep: the endpoint, or the first one of a consumer of a set, attached
 * @ignore_hup: if all peers have detached, wait for another one to attach
 * @timeout: nanoseconds; 0 returns immediately, negative means no timeout
 *
 * Context: process context; may sleep unless @timeout is 0.
 * Return: as mms_set_check(), but -ETIMEDOUT instead of -EAGAIN, and
 * instead of -EPIPE if @ignore_hup; -EINTR for a signal.
 */
int mms_endpoint_wait(struct mms_endpoint *ep, bool ignore_hup, s64 timeout)
{
	ktime_t end;
	int ret;

	if (timeout < 0)
		return mms_endpoint_sleep(ep, ignore_hup, NULL);
	if (timeout) {
		end = mms_deadline(timeout);
		return mms_endpoint_sleep(ep, ignore_hup, &end);
	}
	ret = mms_set_check(ep);
	return mms_wait_is_over(ret, ignore_hup) ? ret : -ETIMEDOUT;
}
