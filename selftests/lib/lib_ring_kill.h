/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Helpers for tests that kill endpoints at any point and start new ones in
 * their place. All bytes of a record follow from its sequence number. The
 * progress of a producer is in shared memory, which outlives the process.
 */
#ifndef LIB_RING_KILL_H
#define LIB_RING_KILL_H

#include "lib_ring_test.h"
#include <stdarg.h>

#define RECORD_MIN	8
#define RECORD_MAX	(RECORD_MIN + 500)
#define BATCH_MAX	4
#define LIMIT		(60 * SECOND)

/**
 * struct progress - shared by the parent and all endpoints
 * @begun: the producer commits, or has committed, all records before this one
 * @committed: the producer has committed all records before this one
 * @failure: what an endpoint found to be wrong
 */
struct progress {
	uint64_t begun;
	uint64_t committed;
	char failure[160];
};

static inline void *map_shared_memory(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* Set the message that the parent prints. Returns the child's exit status. */
__attribute__((format(printf, 2, 3)))
static inline int fail(struct progress *progress, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(progress->failure, sizeof(progress->failure), format, arguments);
	va_end(arguments);
	return 1;
}

static inline size_t record_length(uint64_t seq)
{
	return RECORD_MIN + length_of(seq, RECORD_MAX - RECORD_MIN);
}

static inline uint64_t record_word(uint64_t seq, size_t i)
{
	return seq + i * 0x9e3779b97f4a7c15ULL;
}

static inline void fill_record(void *record, size_t length, uint64_t seq)
{
	uint64_t *words = record;
	size_t i;

	for (i = 0; i < length / 8; i++)
		words[i] = record_word(seq, i);
	memset(words + i, seq, length % 8);
}

static inline bool is_intact(const void *record, size_t length, uint64_t seq)
{
	const uint64_t *words = record;
	const unsigned char *bytes;
	size_t i;

	if (length != record_length(seq))
		return false;
	for (i = 0; i < length / 8; i++)
		if (words[i] != record_word(seq, i))
			return false;
	for (bytes = (const void *)(words + i), i = 0; i < length % 8; i++)
		if (bytes[i] != (unsigned char)seq)
			return false;
	return true;
}

/* Reserve up to @count records. Returns their number, or minus errno. */
static inline int reserve_records(struct mmapshare_endpoint *p, uint64_t seq, int count)
{
	void *record;
	int i, ret;

	for (i = 0; i < count; i++) {
		ret = mmapshare_ring_reserve(p, record_length(seq + i), &record);
		if (ret)
			return ret == -EAGAIN && i ? i : ret;
		fill_record(record, record_length(seq + i), seq + i);
	}
	return i;
}

/*
 * Continue behind the last producer, until the ring has had @total records. If
 * that producer was killed, all records of its last commit exist, or none.
 */
static inline int produce(FIXTURE_DATA(ring) *self, struct progress *progress, uint64_t total,
			  unsigned int *seed)
{
	struct mmapshare_endpoint *p;
	uint64_t seq;
	int ret;

	ret = attach(self, &p, PRODUCER);
	if (ret)
		return fail(progress, "producer: attach: %d", ret);
	seq = mmapshare_ring_seq(p);
	if (seq != progress->committed && seq != progress->begun)
		return fail(progress, "producer: seq is %llu, %llu committed, %llu begun",
			    (unsigned long long)seq, (unsigned long long)progress->committed,
			    (unsigned long long)progress->begun);
	__atomic_store_n(&progress->committed, seq, __ATOMIC_SEQ_CST);
	while (seq < total) {
		uint64_t count = 1 + rand_r(seed) / 7 % BATCH_MAX;

		if (count > total - seq)
			count = total - seq;
		ret = reserve_records(p, seq, count);
		if (ret > 0) {
			seq += ret;
			__atomic_store_n(&progress->begun, seq, __ATOMIC_SEQ_CST);
			ret = mmapshare_ring_commit(p);
			__atomic_store_n(&progress->committed, seq, __ATOMIC_SEQ_CST);
		} else if (ret == -EAGAIN) {
			ret = mmapshare_ring_wait(p, MMAPSHARE_RING_WAIT_IGNORE_HUP, LIMIT);
		}
		if (ret)
			return fail(progress, "producer: error %d at seq %llu", ret,
				    (unsigned long long)seq);
		if (!(rand_r(seed) / 7 % 65536))
			sleep_ns(MS);
	}
	mmapshare_ring_close(p);
	return 0;
}

#endif /* LIB_RING_KILL_H */
