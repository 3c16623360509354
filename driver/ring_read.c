// SPDX-License-Identifier: GPL-2.0
/*
 * read() from a consumer endpoint, for programs that do not map the ring: it
 * returns whole records with their headers, and releases them.
 *
 * The kernel does what a program does that maps the ring, with the same words:
 * the consumer's position is the one in its cursor, which the program may have
 * mapped. Neither it nor what the producer stores is trusted: each word is read
 * once and checked, and records are copied with a length that was checked.
 */
#include <asm/barrier.h>
#include <linux/align.h>
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <linux/uio.h>
#include "compat.h"
#include "file.h"
#include "ring.h"

/* Discarded records and overruns after which a call checks for signals. */
#define MMS_READ_TRIES		64

/**
 * struct mms_read - the record that a read() is about to copy
 * @c: the consumer
 * @pos: where the record begins
 * @next: the sequence number that is expected there
 * @seq: its sequence number
 * @header: its header
 * @nowait: fail with -EAGAIN instead of waiting for a lock
 */
struct mms_read {
	struct mms_endpoint *c;
	u64 pos;
	u64 next;
	u64 seq;
	struct mmapshare_record header;
	bool nowait;
};

static int mms_read_begin(const struct mms_read *read)
{
	struct mms_region *r = read->c->region;
	int ret = read->nowait ? mms_access_try_begin(r, false) : mms_access_begin(r, false);

	if (ret)
		return ret;
	if (READ_ONCE(r->ring->memory_failed))
		ret = -EIO;
	else if (READ_ONCE(read->c->corrupt))
		ret = -EBADMSG;
	if (ret)
		mms_access_end(r);
	return ret;
}

/* May the bytes that the caller has loaded be those of a later record? */
static bool mms_read_overtaken(const struct mms_read *read)
{
	/*
	 * Between the record and may_lose of the consumer; pairs with the release in
	 * mms_ring_publish_cleared(), after which the producer reuses the record.
	 */
	smp_rmb();
	return !mms_consumer_holds_back(read->c) &&
	       !mms_ring_is_intact(read->c->ring, read->pos);
}

/* Continue at @pos, where the record number @seq begins; @lost were not there. */
static void mms_read_move(const struct mms_endpoint *c, u64 pos, u64 seq, u64 lost)
{
	const struct mms_ring *ring = c->ring;
	struct mmapshare_ring_cursor *cursor = mms_cursor(ring, c->cursor);

	if (lost)
		WRITE_ONCE(cursor->lost, READ_ONCE(cursor->lost) + lost);
	WRITE_ONCE(cursor->seq, seq);
	/*
	 * After copying the record; pairs with the acquire in
	 * mms_ring_min_pos_of(), mms_source_min_pos(), or a program.
	 */
	smp_store_release(&cursor->pos, pos);
	/*
	 * Between cursor->pos and producer_wake_pos; pairs with smp_mb() in
	 * mms_endpoint_arm().
	 */
	smp_mb();
	if (mms_wake_pos_reached(READ_ONCE(ring->producer_wake_pos), pos))
		mms_ring_wake_peers(c);
}

/* Release the record, and all before it. */
static void mms_read_release(const struct mms_read *read)
{
	mms_read_move(read->c, read->pos + mms_record_step(read->header.length),
		      read->seq + mms_record_seqs(read->header.length),
		      read->seq - read->next);
}

/*
 * After an overrun: continue at the oldest record, or where the next one will
 * begin: the header there has a sequence number, too. The cursor moves even if no
 * record can be read there, or mms_endpoint_wait() would go on reporting the
 * overrun. Return: 0, also if that was overwritten meanwhile, and the caller tries
 * again; -EBADMSG.
 */
static int mms_read_skip_overwritten(const struct mms_read *read)
{
	const struct mms_ring *ring = read->c->ring;
	/*
	 * Before the producer's position, which was published before oldest_pos
	 * moved there; pairs with the release in mms_source_overwrite(),
	 * mms_source_reclaim(), or a program.
	 */
	const u64 oldest = smp_load_acquire(&ring->p->oldest_pos);
	const u64 head = mms_producer_pos(ring);
	const u64 seq = mms_extend_seq(READ_ONCE(mms_record(ring, oldest)->seq),
				       READ_ONCE(ring->p->seq));

	if (!mms_ring_is_intact(ring, oldest))
		return 0;
	if (!mms_pos_ok(oldest, head, ring->size) || !mms_pos_reached(oldest, read->pos) ||
	    !mms_pos_reached(seq, read->next))
		return -EBADMSG;
	mms_read_move(read->c, oldest, seq, seq - read->next);
	return 0;
}

/*
 * Does the sequence number follow? A kernel producer has numbers for records that
 * it drops, too, which are lost.
 */
static bool mms_read_seq_ok(struct mms_read *read)
{
	read->seq = mms_extend_seq(read->header.seq, read->next);
	return read->seq == read->next ||
	       (read->c->ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER &&
		mms_pos_reached(read->seq, read->next));
}

/*
 * Load and check the header at the consumer's position. Return: 0; 1 if the record
 * was overwritten; -EAGAIN if there is none, or it is BUSY; -EBADMSG if the shared
 * state is corrupt.
 */
static int mms_read_peek(struct mms_read *read)
{
	const struct mms_ring *ring = read->c->ring;
	const struct mmapshare_ring_cursor *cursor = mms_cursor(ring, read->c->cursor);
	const struct mmapshare_record *record;
	u64 head, available;
	u32 length;

	read->pos = READ_ONCE(cursor->pos);
	read->next = READ_ONCE(cursor->seq);
	head = mms_producer_pos(ring);
	if (!IS_ALIGNED(read->pos, MMS_RECORD_ALIGN) || !mms_pos_reached(head, read->pos))
		return -EBADMSG;
	available = head - read->pos;
	if (available > ring->size)
		return mms_consumer_holds_back(read->c) ? -EBADMSG : 1;
	if (!available)
		return -EAGAIN;
	record = mms_record(ring, read->pos);
	/* pairs with the release in mms_complete_multi(), which clears BUSY */
	length = smp_load_acquire(&record->length);
	read->header.length = length;
	read->header.seq = READ_ONCE(record->seq);
	if (mms_read_overtaken(read))
		return 1;
	if (length & MMAPSHARE_RECORD_BUSY)
		return ring->flags & MMAPSHARE_RING_KERNEL_PRODUCER ? -EAGAIN : -EBADMSG;
	if (mms_record_step(length) > available ||
	    (length & MMAPSHARE_RECORD_LENGTH) > mms_record_max(ring->size) ||
	    !mms_read_seq_ok(read))
		return -EBADMSG;
	return 0;
}

/*
 * Find the next record that has contents. Called between mms_read_begin() and
 * mms_access_end(). Return: 0; 1 to be called again; -EAGAIN; -EBADMSG.
 */
static int mms_read_find(struct mms_read *read)
{
	unsigned int tries;
	int ret;

	for (tries = 0; tries < MMS_READ_TRIES; tries++) {
		ret = mms_read_peek(read);
		if (ret > 0) {
			ret = mms_read_skip_overwritten(read);
			if (ret)
				return ret;
			continue;
		}
		if (ret || !(read->header.length &
			     (MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_FILLER)))
			return ret;
		mms_read_release(read);
	}
	return 1;
}

/*
 * Copy @n bytes from @p as far as the pages of @to are mapped: page faults are
 * disabled, because revoking waits for the section, and userspace can make a page
 * fault last indefinitely.
 */
static int mms_read_copy(const void *p, size_t n, struct iov_iter *to)
{
	size_t done;

	pagefault_disable();
	done = mms_racy(copy_to_iter(p, n, to));
	pagefault_enable();
	if (done == n)
		return 0;
	iov_iter_revert(to, done);
	return -EFAULT;
}

/*
 * Copy the contents of the record and what fills them up to a multiple of 8, in
 * pieces, between which the region can be revoked and the task killed. Called
 * between mms_read_begin() and mms_access_end(), and returns so if it returns 0.
 */
static int mms_read_contents(const struct mms_read *read, struct iov_iter *to)
{
	const void *p = mms_record(read->c->ring, read->pos) + 1;
	size_t left = mms_record_step(read->header.length) - sizeof(read->header);
	size_t done = 0;
	int ret = 0;

	for (;;) {
		const size_t n = min_t(size_t, left - done, SZ_1M);

		ret = mms_read_copy(p + done, n, to);
		if (!ret)
			done += n;
		if (!ret && done == left)
			return 0;
		mms_access_end(read->c->region);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
		ret = ret ?: mms_read_begin(read);
		if (ret)
			break;
	}
	iov_iter_revert(to, done);
	return ret;
}

/*
 * Copy the next record, and release it. The caller holds @read->c->read_lock.
 * Return: bytes copied; 0 to be called again; -EAGAIN if there is none now;
 * -EMSGSIZE if @to is too small; -EFAULT if a page of @to is not mapped, and the
 * caller must fault in the bytes of @read->header.length; -EIO; -EBADMSG; -ENODEV;
 * -EINTR. Nothing is released then but discarded records.
 */
static ssize_t mms_read_one(struct mms_read *read, struct iov_iter *to)
{
	struct mms_region *r = read->c->region;
	size_t step;
	bool stale;
	int ret;

	ret = mms_read_begin(read);
	if (ret)
		return ret;
	ret = mms_read_find(read);
	step = mms_record_step(read->header.length);
	if (!ret && iov_iter_count(to) < step)
		ret = -EMSGSIZE;
	if (!ret)
		ret = mms_read_copy(&read->header, sizeof(read->header), to);
	if (ret) {
		mms_access_end(r);
		return min(ret, 0);
	}
	ret = mms_read_contents(read, to);
	if (ret) {
		iov_iter_revert(to, sizeof(read->header));
		return ret;
	}
	stale = mms_read_overtaken(read);
	if (!stale)
		mms_read_release(read);
	mms_access_end(r);
	if (!stale)
		return step;
	iov_iter_revert(to, step);
	return 0;
}

/*
 * Copy records until @to is full, a signal is pending, or there are no more. Adds
 * their bytes to @done. A producer that goes on discarding does not keep the caller
 * longer than a ring full of discarded records does. Return: 0 if a record was copied
 * last; -ERESTARTSYS if a signal is pending; else as mms_read_one().
 */
static int mms_read_some(struct mms_read *read, struct iov_iter *to, ssize_t *done)
{
	struct mms_endpoint *c = read->c;
	u64 again = c->ring->size / (MMS_RECORD_ALIGN * MMS_READ_TRIES);
	ssize_t ret;

	if (read->nowait ? !mutex_trylock(&c->read_lock) : mutex_lock_interruptible(&c->read_lock))
		return read->nowait ? -EAGAIN : -ERESTARTSYS;
	do {
		ret = mms_read_one(read, to);
		if (ret > 0)
			*done += ret;
		cond_resched();
	} while ((ret > 0 || (!ret && again--)) && iov_iter_count(to) && !signal_pending(current));
	mutex_unlock(&c->read_lock);
	if (!ret)
		return signal_pending(current) ? -ERESTARTSYS : -EAGAIN;
	return min_t(ssize_t, ret, 0);
}

/*
 * Fault in the pages of @to for the record that was found. Return: 0; -EFAULT;
 * -ERESTARTSYS.
 */
static int mms_read_fault_in(const struct mms_read *read, const struct iov_iter *to)
{
	if (fault_in_iov_iter_writeable(to, mms_record_step(read->header.length)))
		return -EFAULT;
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/*
 * Wait until there is a record. Return: 0; 1 at the end of the stream; -EAGAIN
 * if the caller must not wait; -ERESTARTSYS; those of mms_endpoint_check().
 */
static int mms_read_wait(const struct mms_read *read)
{
	int ret;

	if (read->nowait)
		ret = mms_endpoint_check(read->c) ?: -EAGAIN;
	else
		ret = mms_endpoint_wait(read->c, false, -1);
	if (ret == -EPIPE)
		return 1;
	if (ret == -EINTR || (!ret && signal_pending(current)))
		return -ERESTARTSYS;
	return ret;
}

/**
 * mms_endpoint_read_iter - the operation read_iter of an endpoint
 * @iocb: the open endpoint
 * @to: where to copy records to
 *
 * Context: process context, may sleep.
 * Return: bytes of whole records with their headers; 0 when the producer has
 * detached and all records were read; -EAGAIN; -EBADF for a producer; -EBADMSG;
 * -EOPNOTSUPP for a consumer of all rings of a set;
 * -EFAULT; -EIO; -EMSGSIZE if the next record does not fit; -ENODEV.
 */
ssize_t mms_endpoint_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	const struct mms_file *f = iocb->ki_filp->private_data;
	struct mms_read read = {
		.c = f->ep,
		.nowait = iocb->ki_flags & IOCB_NOWAIT || iocb->ki_filp->f_flags & O_NONBLOCK,
	};
	ssize_t done = 0;
	int ret;

	if (read.c->producer)
		return -EBADF;
	if (read.c->members > 1)
		return -EOPNOTSUPP;
	if (!iov_iter_count(to))
		return 0;
	do {
		ret = mms_read_some(&read, to, &done);
		if (ret == -EFAULT)
			ret = mms_read_fault_in(&read, to);
		else if (ret == -EAGAIN && !done)
			ret = mms_read_wait(&read);
		else
			break;
	} while (!ret);
	if (done)
		return done;
	return ret > 0 ? 0 : ret;
}
