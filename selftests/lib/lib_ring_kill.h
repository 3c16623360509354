/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rings whose participants are killed at any point, and others go on in their
 * place. Each record has its number, and all its bytes follow from that; what a
 * producer had done when it was killed is in memory that outlives it.
 */
#ifndef LIB_RING_KILL_H
#define LIB_RING_KILL_H

#include "lib_ring_test.h"
#include <stdarg.h>

#define RECORD_MIN	8
#define RECORD_MAX	(RECORD_MIN + 500)
#define BATCH_MAX	4
#define LIMIT		(60 * SECOND)

/*
 * What the producer says of itself: that it is about to commit all records before
 * @begun, and has committed those before @done; and what was wrong, who ever saw it.
 */
struct diary {
	uint64_t begun, done;
	char failure[160];
};

static inline void *shared_memory(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

/* For the parent to print; returns what a child is to end with. */
__attribute__((format(printf, 2, 3)))
static inline int fail(struct diary *diary, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(diary->failure, sizeof(diary->failure), format, arguments);
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

static inline bool is_whole(const void *record, size_t length, uint64_t seq)
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

/* Up to @many records, of which the first is @seq; how many there is room for. */
static inline int reserve_records(struct mmapshare_endpoint *p, uint64_t seq, int many)
{
	void *room;
	int i, ret;

	for (i = 0; i < many; i++) {
		ret = mmapshare_ring_reserve(p, record_length(seq + i), &room);
		if (ret)
			return ret == -EAGAIN && i ? i : ret;
		fill_record(room, record_length(seq + i), seq + i);
	}
	return i;
}

/*
 * Go on where the last producer was, up to @total records in all. What that had
 * begun to commit is there as a whole or not at all.
 */
static inline int produce(FIXTURE_DATA(ring) *self, struct diary *diary, uint64_t total,
			  unsigned int *seed)
{
	struct mmapshare_endpoint *p;
	uint64_t seq;
	int ret;

	ret = attach(self, &p, PRODUCER);
	if (ret)
		return fail(diary, "producer: attach: %d", ret);
	seq = mmapshare_ring_seq(p);
	if (seq != diary->done && seq != diary->begun)
		return fail(diary, "producer: begins with %llu, %llu were committed, %llu begun",
			    (unsigned long long)seq, (unsigned long long)diary->done,
			    (unsigned long long)diary->begun);
	__atomic_store_n(&diary->done, seq, __ATOMIC_SEQ_CST);
	while (seq < total) {
		uint64_t many = 1 + rand_r(seed) / 7 % BATCH_MAX;

		if (many > total - seq)
			many = total - seq;
		ret = reserve_records(p, seq, many);
		if (ret > 0) {
			seq += ret;
			__atomic_store_n(&diary->begun, seq, __ATOMIC_SEQ_CST);
			ret = mmapshare_ring_commit(p);
			__atomic_store_n(&diary->done, seq, __ATOMIC_SEQ_CST);
		} else if (ret == -EAGAIN) {
			ret = mmapshare_ring_wait(p, MMAPSHARE_RING_WAIT_IGNORE_HUP, LIMIT);
		}
		if (ret)
			return fail(diary, "producer: %d at %llu", ret,
				    (unsigned long long)seq);
		if (!(rand_r(seed) / 7 % 65536))
			sleep_ns(MS);
	}
	mmapshare_ring_close(p);
	return 0;
}

#endif /* LIB_RING_KILL_H */
