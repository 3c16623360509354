// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbell: notifies the users of a region that something has changed.
 *
 * Besides the pages of its bytes, each region has a page with a struct
 * mmapshare_doorbell. Programs can map this page; the kernel always has it
 * mapped. It contains two words:
 *
 *	count	notifications so far; programs and the kernel add to it
 *	armed	not 0 while a task may sleep; the kernel writes it, programs
 *		read it
 *
 * Tasks sleep only in MMAPSHARE_IOC_WAIT, or after a ->poll() that requests
 * EPOLLPRI; both are in this file. A notifier in userspace adds 1 to count, and
 * makes a system call only if armed says that a task may be asleep:
 *
 *	sleeper				notifier
 *	-------				--------
 *	add itself to the queue		add 1 to count
 *	armed = 1			full fence
 *	full fence			read armed (a program), or test
 *	read count			whether the queue is empty (kernel);
 *	sleep if it is the		if a task may sleep:
 *	known one			armed = 0, wake the queue
 *
 * A module may notify in any context, for example in a probe inside the code of
 * wait queues. So mms_notify() leaves waking the queue to an irq_work.
 *
 * The fences pair with each other: the sleeper reads the new count, or the
 * notifier sees the sleeper, or both.
 *
 * A notifier that stores 0 to armed does not hide a sleeper from the next
 * notifier. It stores the 0 before it takes the queue's lock to wake the queue;
 * a sleeper stores the 1 after it was added to the queue under that lock. So a
 * sleeper whose 1 is overwritten is in the queue already, and is woken.
 *
 * Programs may store any value to both words at any time. The kernel only
 * compares them; they never decide what it accesses or for how long. A bad
 * value harms other users of the region, as bad bytes in the region do: a
 * program that decreases count or clears armed delays a wake-up until the next
 * notification or the sleeper's timeout.
 */
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include "region.h"

#define MMS_NOTIFY_SIZE_VER0	16
#define MMS_WAIT_SIZE_VER0	24

static_assert(sizeof(struct mmapshare_notify_args) == MMS_NOTIFY_SIZE_VER0);
static_assert(sizeof(struct mmapshare_wait_args) == MMS_WAIT_SIZE_VER0);
static_assert(sizeof(struct mmapshare_doorbell) <= PAGE_SIZE);

static atomic64_t *mms_count(const struct mms_region *r)
{
	return (atomic64_t *)&READ_ONCE(r->doorbell)->count;
}

/* Notifications so far. Untrusted: programs may have stored any value. */
u64 mms_doorbell_count(const struct mms_region *r)
{
	return atomic64_read(mms_count(r));
}

/*
 * Wake all waiters and pollers. Each rechecks its condition, and arms the
 * doorbell again if it still has to wait. All are woken even with
 * EPOLLEXCLUSIVE, because each of them may wait for the region to be revoked.
 *
 * No poll flags are passed to the wake-up: io_uring would trust them and not
 * call ->poll(), which arms the doorbell.
 */
void mms_doorbell_wake_all(struct mms_region *r)
{
	WRITE_ONCE(READ_ONCE(r->doorbell)->armed, 0);
	wake_up_all(&r->waiters);
}

static void mms_doorbell_irq_work(struct irq_work *work)
{
	mms_doorbell_wake_all(container_of(work, struct mms_region, wake_waiters));
}

/* Return: 0 or -ENOMEM. May sleep. */
int mms_doorbell_init(struct mms_region *r)
{
	r->doorbell_page = mms_add_page(r->inode->i_mapping, MMS_DOORBELL_PGOFF);
	if (IS_ERR(r->doorbell_page))
		return PTR_ERR(r->doorbell_page);
	r->doorbell = page_address(r->doorbell_page);
	init_waitqueue_head(&r->waiters);
	init_irq_work(&r->wake_waiters, mms_doorbell_irq_work);
	spin_lock_init(&r->files_lock);
	return 0;
}

/*
 * Add 1 to the count. Return: may a task be asleep? The atomic addition is the
 * full fence before this check. The queue is checked, not armed: no program can
 * hide a sleeper from the kernel.
 */
static bool mms_doorbell_add(struct mms_region *r, u64 *count)
{
	*count = atomic64_inc_return(mms_count(r));
	return wq_has_sleeper(&r->waiters);
}

/**
 * mms_doorbell_memory_failed - stop using the doorbell's page
 * @r: its region
 *
 * The kernel continues with a private doorbell, which programs cannot map: only
 * the kernel adds to its count, in NOTIFY and in mms_notify(). The count begins
 * with a value that notifications alone do not reach, so that each wait in
 * progress ends.
 *
 * Context: process context.
 */
void mms_doorbell_memory_failed(struct mms_region *r)
{
	r->spare_doorbell.count = BIT_ULL(62);
	/*
	 * orders the store of count before that of the pointer; pairs with the
	 * address dependency of readers, which load the pointer with
	 * READ_ONCE()
	 */
	smp_store_release(&r->doorbell, &r->spare_doorbell);
	mms_doorbell_wake_all(r);
}

/**
 * mms_notify - ring a region's doorbell
 * @r: the region; the caller holds a reference, and calls irq_work_sync() for
 *	@r->wake_waiters before it releases that reference
 *
 * A task that reads the new count also sees what the caller stored before.
 *
 * Context: any.
 * Return: the count including this notification.
 */
u64 mms_notify(struct mms_region *r)
{
	u64 count;

	if (mms_doorbell_add(r, &count))
		irq_work_queue(&r->wake_waiters);
	return count;
}

/* Count @f as an open file of its region, if @f->is_peer. */
void mms_doorbell_attach(struct mms_file *f)
{
	struct mms_region *r = f->region;

	if (!f->is_peer)
		return;
	atomic64_set(&f->seen, mms_doorbell_count(r));
	spin_lock(&r->files_lock);
	f->had_peers = atomic_long_fetch_inc(&r->files) > 0;
	f->open_nr = ++r->opens;
	spin_unlock(&r->files_lock);
}

/* Undo mms_doorbell_attach(). If one file is left, its waiters get -EPIPE. */
void mms_doorbell_detach(struct mms_file *f)
{
	struct mms_region *r = f->region;
	long left;

	if (!f->is_peer)
		return;
	spin_lock(&r->files_lock);
	left = atomic_long_dec_return(&r->files);
	spin_unlock(&r->files_lock);
	if (left == 1)
		mms_doorbell_wake_all(r);
}

/*
 * Is @f the only open file of the region, although another one was open when @f
 * was opened, or later?
 */
static bool mms_doorbell_is_hung_up(const struct mms_file *f)
{
	struct mms_region *r = f->region;
	bool ret;

	spin_lock(&r->files_lock);
	ret = atomic_long_read(&r->files) == 1 && (f->had_peers || r->opens > f->open_nr);
	spin_unlock(&r->files_lock);
	return ret;
}

/*
 * Must a caller that has read the count @known wait? Return: 0 if the count has
 * changed; -EPIPE if all peers have closed the region; -ENODEV if it was
 * revoked; -EAGAIN if the caller must wait. A peer notifies before it closes
 * its file, so the open files are checked before count is read: the last
 * notification is not missed.
 */
static int mms_doorbell_check(const struct mms_file *f, u64 known, u64 *count)
{
	bool hung_up = mms_doorbell_is_hung_up(f);

	if (mms_revoked(f->region))
		return -ENODEV;
	*count = mms_doorbell_count(f->region);
	if (*count != known)
		return 0;
	return hung_up ? -EPIPE : -EAGAIN;
}

/*
 * Set armed. The caller is in the queue, and rechecks count after this and
 * before it sleeps.
 */
static void mms_doorbell_arm(struct mms_region *r)
{
	WRITE_ONCE(READ_ONCE(r->doorbell)->armed, 1);
	/*
	 * Orders the store of armed before the load of count. Pairs with the
	 * full fence of notifiers between adding to count and checking for
	 * sleepers: atomic64_inc_return() in mms_doorbell_add(), and a fence in
	 * userspace.
	 */
	smp_mb();
}

/*
 * Arm the doorbell only if the caller has to wait: while it is armed, a
 * notification costs a system call.
 */
static bool mms_wait_is_over(const struct mms_file *f, u64 known, u64 *count, int *ret)
{
	*ret = mms_doorbell_check(f, known, count);
	if (*ret == -EAGAIN) {
		mms_doorbell_arm(f->region);
		*ret = mms_doorbell_check(f, known, count);
	}
	return *ret != -EAGAIN;
}

static int mms_doorbell_sleep(const struct mms_file *f, u64 known, ktime_t *end, u64 *count)
{
	bool late = false;
	DEFINE_WAIT(wait);
	int ret;

	for (;;) {
		prepare_to_wait(&f->region->waiters, &wait, TASK_INTERRUPTIBLE);
		if (mms_wait_is_over(f, known, count, &ret))
			break;
		ret = -EINTR;
		if (signal_pending(current))
			break;
		ret = -ETIMEDOUT;
		if (late)
			break;
		late = !mms_schedule(end);
	}
	finish_wait(&f->region->waiters, &wait);
	return ret;
}

/*
 * Return: as mms_doorbell_check(), with -ETIMEDOUT or -EINTR instead of
 * -EAGAIN.
 */
static int mms_doorbell_wait(const struct mms_file *f, u64 known, s64 timeout, u64 *count)
{
	int ret = mms_doorbell_check(f, known, count);
	ktime_t end;

	if (ret != -EAGAIN)
		return ret;
	if (timeout < 0)
		return mms_doorbell_sleep(f, known, NULL, count);
	if (!timeout)
		return -ETIMEDOUT;
	end = mms_deadline(timeout);
	return mms_doorbell_sleep(f, known, &end, count);
}

/*
 * A region is always readable and writable, as a regular file is: read() and
 * write() never wait. EPOLLPRI means that MMAPSHARE_IOC_WAIT would not sleep.
 *
 * Only callers that request EPOLLPRI arm the doorbell, and only they get
 * EPOLLHUP when all peers have closed the region: the core reports this bit
 * even if it was not requested, and other programs take it for the end of the
 * file.
 */
__poll_t mms_doorbell_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mms_file *f = file->private_data;
	bool asked = poll_requested_events(wait) & EPOLLPRI;
	u64 seen = atomic64_read(&f->seen), count;
	int ret;

	poll_wait(file, &f->region->waiters, wait);
	/*
	 * arm even if there is an unseen notification: edge-triggered epoll
	 * reports that once, and sleeps nevertheless
	 */
	if (asked)
		mms_doorbell_arm(f->region);
	ret = mms_doorbell_check(f, seen, &count);
	if (ret == -ENODEV)
		return EPOLLPRI | EPOLLHUP | EPOLLERR;
	if (!asked || ret == -EAGAIN)
		return DEFAULT_POLLMASK;
	if (ret == -EPIPE || mms_doorbell_is_hung_up(f))
		return DEFAULT_POLLMASK | EPOLLPRI | EPOLLHUP;
	return DEFAULT_POLLMASK | EPOLLPRI;
}

long mms_ioctl_notify(struct file *file, void __user *arg)
{
	struct mms_region *r = mms_region_of(file);
	struct mmapshare_notify_args notify;
	u32 usize;
	int ret;

	ret = mms_copy_in(&notify, sizeof(notify), MMS_NOTIFY_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (notify.flags & ~MMAPSHARE_NOTIFY_COUNTED)
		return -EINVAL;
	notify.size = usize;
	if (notify.flags & MMAPSHARE_NOTIFY_COUNTED) {
		mms_doorbell_wake_all(r);
		notify.count = mms_doorbell_count(r);
	} else if (mms_doorbell_add(r, &notify.count)) {
		mms_doorbell_wake_all(r);
	}
	return mms_copy_out(arg, &notify, sizeof(notify), usize);
}

long mms_ioctl_wait(struct file *file, void __user *arg)
{
	struct mms_file *f = file->private_data;
	struct mmapshare_wait_args wait;
	u32 usize;
	u64 count;
	int ret;

	ret = mms_copy_in(&wait, sizeof(wait), MMS_WAIT_SIZE_VER0, arg, &usize);
	if (ret)
		return ret;
	if (wait.flags)
		return -EINVAL;
	ret = mms_doorbell_wait(f, wait.count, wait.timeout, &count);
	if (ret && ret != -EPIPE && ret != -ETIMEDOUT)
		return ret;
	wait.size = usize;
	wait.count = count;
	if (mms_copy_out(arg, &wait, sizeof(wait), usize))
		return -EFAULT;
	atomic64_set(&f->seen, count);
	return ret;
}
