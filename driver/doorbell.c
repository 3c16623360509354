// SPDX-License-Identifier: GPL-2.0
/*
 * The doorbell: tell whoever shares a region that there is something to see.
 *
 * Each region has one page beside its own, a struct mmapshare_doorbell, which
 * programs can map and the kernel always has mapped. Two words are in it:
 *
 *	count	notifications so far; programs and the kernel add to it
 *	armed	not 0 while somebody may sleep; the kernel stores it, and
 *		programs read it
 *
 * Somebody sleeps only here, in WAIT, or comes by here in ->poll() before he
 * does. Whoever notifies does so by a system call if armed says that somebody
 * may have to be woken, else by an addition:
 *
 *	who sleeps			who notifies
 *	----------			------------
 *	get into the queue		add 1 to count
 *	store 1 to armed		full fence
 *	full fence			read armed (a program), or look whether
 *	read count			the queue is empty (the kernel);
 *	sleep if it is still		then, if need be:
 *	the one that is known		store 0 to armed, wake the queue
 *
 * The fences pair with each other: either the sleeper reads the new count, or
 * the notifier sees that somebody sleeps, or both.
 *
 * The 0 cannot hide a sleeper either. It is stored before the queue is locked
 * to be woken, the 1 after the sleeper was put into the queue under the same
 * lock: the sleeper whose 1 it replaces is in the queue, and is woken.
 *
 * Programs may store whatever they like to both words. For the kernel they are
 * numbers to be compared, and never decide what it touches, or for how long.
 * The harm is among the programs, as with the bytes of the region: one that
 * takes back what another has added, or clears armed, delays a wake-up until
 * the next notification, or the sleeper's time-out.
 */
#include <linux/atomic.h>
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
	return (atomic64_t *)&r->doorbell->count;
}

/* Notifications so far, or what some program has made of it. */
u64 mms_doorbell_count(const struct mms_region *r)
{
	return atomic64_read(mms_count(r));
}

/* -ENOMEM, or 0. May sleep. */
int mms_doorbell_init(struct mms_region *r)
{
	r->doorbell_page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!r->doorbell_page)
		return -ENOMEM;
	r->doorbell = page_address(r->doorbell_page);
	init_waitqueue_head(&r->waiters);
	spin_lock_init(&r->files_lock);
	return 0;
}

void mms_doorbell_exit(struct mms_region *r)
{
	put_page(r->doorbell_page);
}

/*
 * Have everybody who waits, or polls, look again, and arm if need be. Really
 * everybody: for those whom EPOLLEXCLUSIVE would leave asleep armed would say
 * that nobody sleeps. And without telling why: io_uring would take our word
 * for it and not come by ->poll().
 */
void mms_doorbell_wake_all(struct mms_region *r)
{
	WRITE_ONCE(r->doorbell->armed, 0);
	wake_up_all(&r->waiters);
}

/**
 * mms_notify - ring a region's doorbell
 * @r: the region; the caller has a reference
 *
 * What the caller stored to the region before is seen by who sees the new
 * count.
 *
 * Context: any, hard interrupts included.
 * Return: the count with this notification.
 */
u64 mms_notify(struct mms_region *r)
{
	u64 count = atomic64_inc_return(mms_count(r));

	/* has the full fence; programs cannot make it miss anybody */
	if (wq_has_sleeper(&r->waiters))
		mms_doorbell_wake_all(r);
	return count;
}

/* A file is about to be open on its region. */
void mms_doorbell_attach(struct mms_file *f)
{
	struct mms_region *r = f->region;

	atomic64_set(&f->seen, mms_doorbell_count(r));
	spin_lock(&r->files_lock);
	f->had_peers = atomic_long_fetch_inc(&r->files) > 0;
	f->open_nr = ++r->opens;
	spin_unlock(&r->files_lock);
}

/* It is no longer, for whatever reason; the last but one of them is told. */
void mms_doorbell_detach(struct mms_file *f)
{
	struct mms_region *r = f->region;
	long left;

	spin_lock(&r->files_lock);
	left = atomic_long_dec_return(&r->files);
	spin_unlock(&r->files_lock);
	if (left == 1)
		mms_doorbell_wake_all(r);
}

/* Is the file the only one, and was not always so? */
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
 * Is a wait over for who knows the count up to @known? 0 if there is another,
 * an errno if there will be none, or -EAGAIN. Whoever has left did all he did
 * before he left, and so the count is read after looking who is there.
 */
static int mms_doorbell_check(const struct mms_file *f, u64 known, u64 *count)
{
	bool deserted = mms_doorbell_is_hung_up(f);

	if (mms_revoked(f->region))
		return -ENODEV;
	*count = mms_doorbell_count(f->region);
	if (*count != known)
		return 0;
	return deserted ? -EPIPE : -EAGAIN;
}

/* Somebody is in the queue, and now looks for the last time before he sleeps. */
static void mms_doorbell_arm(struct mms_region *r)
{
	WRITE_ONCE(r->doorbell->armed, 1);
	/* before the count is read; pairs with what follows adding to it */
	smp_mb();
}

/* Who finds something does not sleep, and is not to cost a system call. */
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

/* As mms_doorbell_check(), but in the end -ETIMEDOUT, or -EINTR for a signal. */
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

__poll_t mms_doorbell_poll(struct file *file, struct poll_table_struct *wait)
{
	struct mms_file *f = file->private_data;
	__poll_t mask = file->f_mode & FMODE_WRITE ? EPOLLOUT | EPOLLWRNORM : 0;
	u64 seen = atomic64_read(&f->seen), count;

	poll_wait(file, &f->region->waiters, wait);
	/* in any case: edge-triggered epoll sleeps although there is something */
	mms_doorbell_arm(f->region);
	switch (mms_doorbell_check(f, seen, &count)) {
	case 0:
		return mask | EPOLLIN | EPOLLRDNORM |
		       (mms_doorbell_is_hung_up(f) ? EPOLLHUP : 0);
	case -EPIPE:
		return mask | EPOLLHUP;
	case -ENODEV:
		return EPOLLHUP | EPOLLERR;
	default:
		return mask;
	}
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
	} else {
		notify.count = mms_notify(r);
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
