/* SPDX-License-Identifier: MIT */
/* Internal declarations of set*.c. */
#ifndef MMAPSHARE_LIB_SET_H
#define MMAPSHARE_LIB_SET_H

#include <time.h>
#include "ring.h"

/*
 * struct mms_head - the next record of a ring, if it is known
 * @time: its time stamp; 0 without a clock
 * @due: it is taken when it is older than the window. @time, or the time of the look
 *	that found it if @time is later: a program can have stored one in the future
 * @turn: smaller than that of heads which were found later; decides between equal
 *	times
 * @pos: where it begins
 * @member: index of the ring
 */
struct mms_head {
	uint64_t time;
	uint64_t due;
	uint64_t turn;
	uint64_t pos;
	unsigned int member;
};

/*
 * struct mms_member - a ring of the set
 * @ep: the consumer's endpoint in it, with the descriptor of the set
 * @end: the producer's position at the last look
 * @has_head: the heap has a head of it
 * @taken: records of it are taken and not released
 * @failed: its producer has stored corrupt state: it is not read any more
 */
struct mms_member {
	struct mmapshare_endpoint *ep;
	uint64_t end;
	bool has_head;
	bool taken;
	bool failed;
};

/*
 * struct mmapshare_set - a consumer of all rings of a set
 * @fd: the descriptor
 * @nr: number of rings
 * @members: the rings
 * @heap: the heads, a binary heap: the one with the least time is the first
 * @nr_heads: number of heads
 * @turn: of the next head
 * @has_clock: records have a time, of @clock
 * @clock: a clock
 * @window: set by mmapshare_set_window()
 * @limit: records with a later time are held back, if @window is not 0. Of the last
 *	look
 * @now: the time of the last look, if @window is not 0
 * @current: the member that the last record is of
 * @current_pos: where that record begins
 * @record: that record; NULL if it is released
 * @seq: its sequence number
 * @stale: it was overwritten, and counts as lost
 *
 * One thread at a time uses a set.
 */
struct mmapshare_set {
	int fd;
	unsigned int nr;
	struct mms_member *members;
	struct mms_head *heap;
	unsigned int nr_heads;
	uint64_t turn;
	bool has_clock;
	clockid_t clock;
	uint64_t window;
	uint64_t limit;
	uint64_t now;
	unsigned int current;
	uint64_t current_pos;
	const void *record;
	uint64_t seq;
	bool stale;
};

/*
 * set_merge.c. mms_set_held() returns for how many nanoseconds the first head is still
 * held back; 0 if it is not, or if there is none. mms_set_drop_heads() leaves it to the
 * next look to find all heads again.
 */
MMS_HIDDEN uint64_t mms_set_held(const struct mmapshare_set *set);
MMS_HIDDEN void mms_set_drop_heads(struct mmapshare_set *set);

/*
 * set.c. mms_set_notify() wakes the producers that wait for space. If @ret is -ENODEV,
 * mms_set_disable() makes all functions of all rings fail. It returns @ret.
 */
MMS_HIDDEN int mms_set_notify(struct mmapshare_set *set);
MMS_HIDDEN int mms_set_disable(struct mmapshare_set *set, int ret);

#endif /* MMAPSHARE_LIB_SET_H */
