// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: a consumer gets the producer's records, intact and in order. */
#include "lib_ring_test.h"
#include <poll.h>

#define RECORDS	200000

/* The ring is small: records of all lengths cross its end at all offsets. */
TEST_F(ring, order_and_content)
{
	uint64_t put = 0, taken = 0;
	size_t max;
	int ret;

	ASSERT_EQ(0, attach_both(self));
	max = mmapshare_ring_record_max(self->p);
	EXPECT_EQ(self->size / 2 - 8, max);
	while (taken < RECORDS) {
		ret = put_record(self->p, put, length_of(put, max));
		if (!ret) {
			put++;
			continue;
		}
		ASSERT_EQ(-EAGAIN, ret);
		while (!mmapshare_ring_next(self->c, &self->record, &self->length)) {
			ASSERT_TRUE(is_record(self->record, self->length, taken,
					      length_of(taken, max)));
			taken++;
		}
		ASSERT_EQ(put, taken);
		ASSERT_EQ(0, mmapshare_ring_release(self->c));
	}
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
}

TEST_F(ring, lengths)
{
	size_t max, length;
	void *record;

	ASSERT_EQ(0, attach_both(self));
	max = mmapshare_ring_record_max(self->p);
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_reserve(self->p, max + 1, &record));
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_reserve(self->p, SIZE_MAX, &record));
	for (length = 0; length <= max; length++) {
		ASSERT_EQ(0, put_record(self->p, length, length));
		ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
		ASSERT_TRUE(is_record(self->record, self->length, length, length));
		ASSERT_EQ(0, mmapshare_ring_release(self->c));
	}
}

/* Reserved records are visible to consumers after the commit, not before. */
TEST_F(ring, commit_several)
{
	void *record;
	int i;

	ASSERT_EQ(0, attach_both(self));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 20, &record));
		make_bytes(record, 20, 0, i);
		EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record,
						       &self->length));
	}
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->p, 0, 0));
	EXPECT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(0, mmapshare_ring_commit(self->p));
	for (i = 0; i < 10; i++) {
		ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
		EXPECT_TRUE(is_record(self->record, self->length, i, 20));
		EXPECT_EQ(0, mmapshare_ring_check(self->c));
	}
	EXPECT_EQ(-EBUSY, mmapshare_ring_wait(self->c, 0, 0));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, 0));
}

TEST_F(ring, trim)
{
	void *record;

	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, 0));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 1000, &record));
	make_bytes(record, 1000, 0, 0);
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, 1001));
	EXPECT_EQ(0, mmapshare_ring_trim(self->p, 17));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, 18));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 5, &record));
	make_bytes(record, 5, 0, 1);
	EXPECT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, 0));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 0, 17));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, 5));
}

TEST_F(ring, discard)
{
	void *record;

	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_record(self->p, 0, 8));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 100, &record));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 200, &record));
	memset(record, 0xff, 200);
	EXPECT_EQ(0, mmapshare_ring_discard(self->p));
	EXPECT_EQ(0, mmapshare_ring_discard(self->p));
	EXPECT_EQ(0, mmapshare_ring_commit(self->p));
	ASSERT_EQ(0, put_record(self->p, 1, 8));
	ASSERT_EQ(0, put_record(self->p, 2, 8));
	EXPECT_EQ(3, (int)mmapshare_ring_seq(self->p));
	EXPECT_EQ(3, take_all(self->c, 0, 8));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
}

/*
 * Make the library treat the producer as the kernel: replace the first page of
 * the ring in the consumer's mapping by a changed copy. @record is the first
 * record of the ring.
 */
static bool pretend_kernel_producer(const FIXTURE_DATA(ring) *self, const void *record)
{
	const size_t front = (1 + CONSUMERS + 1) * self->dev.page;
	char *base = (char *)record - sizeof(struct mmapshare_record) - front;
	struct mmapshare_ring ring = *(struct mmapshare_ring *)base;

	ring.flags |= MMAPSHARE_RING_KERNEL_PRODUCER;
	if (mmap(base, self->dev.page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != base)
		return false;
	memcpy(base, &ring, sizeof(ring));
	return true;
}

/* Records marked DISCARD and BUSY, as by multi-producer rings of the kernel. */
TEST_F(ring, marked)
{
	struct pollfd p = { .events = POLLIN };
	struct mmapshare_record *header;
	void *record;

	ASSERT_EQ(0, attach_both(self));
	p.fd = mmapshare_ring_fd(self->c);
	ASSERT_EQ(0, put_record(self->p, 0, 16));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_TRUE(pretend_kernel_producer(self, self->record));
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 16, &record));
	header = (struct mmapshare_record *)record - 1;
	header->length |= MMAPSHARE_RECORD_DISCARD;
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	/* the discarded record was skipped, and does not count as available */
	EXPECT_EQ(0, poll(&p, 1, 0));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait(self->c, 0, MS));

	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 16, &record));
	make_bytes(record, 16, 0, 1);
	header = (struct mmapshare_record *)record - 1;
	header->length |= MMAPSHARE_RECORD_BUSY;
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	ASSERT_EQ(0, put_record(self->p, 2, 16));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	__atomic_store_n(&header->length, 16, __ATOMIC_RELEASE);
	EXPECT_EQ(0, mmapshare_ring_wait(self->c, 0, MS));
	EXPECT_EQ(2, take_all(self->c, 1, 16));
}

/* Put three records, and take the first. */
static void put_three(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
		      struct mmapshare_record *headers[3])
{
	void *record;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 16, &record));
		make_bytes(record, 16, 0, i);
		headers[i] = (struct mmapshare_record *)record - 1;
	}
	ASSERT_EQ(0, mmapshare_ring_commit(self->p));
	/* the consumer reads the producer's position here, and not again */
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
}

/* Marks are checked in each record, not only when the position is reread. */
TEST_F(ring, marked_in_batch)
{
	struct mmapshare_record *headers[3];

	ASSERT_EQ(0, attach_both(self));
	put_three(_metadata, self, headers);
	ASSERT_TRUE(pretend_kernel_producer(self, self->record));
	headers[1]->length = 16 | MMAPSHARE_RECORD_BUSY;
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	headers[1]->length = 16 | MMAPSHARE_RECORD_DISCARD;
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 2, 16));
}

/* A filler behind a record is no record, and has no sequence number. */
TEST_F(ring, filler)
{
	struct mmapshare_record *headers[3], *filler;

	ASSERT_EQ(0, attach_both(self));
	put_three(_metadata, self, headers);
	ASSERT_TRUE(pretend_kernel_producer(self, self->record));
	filler = headers[1] + 2;
	headers[1]->length = 8;
	*filler = (struct mmapshare_record){
		.length = MMAPSHARE_RECORD_DISCARD | MMAPSHARE_RECORD_FILLER,
		.seq = 2,
	};
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, 8));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 2, 16));
	EXPECT_EQ(3, (int)mmapshare_ring_seq(self->c));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
}

TEST_F(ring, corrupt_in_batch)
{
	struct mmapshare_record *headers[3];

	ASSERT_EQ(0, attach_both(self));
	put_three(_metadata, self, headers);
	headers[1]->length = 48;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	headers[1]->length = MMAPSHARE_RECORD_LENGTH;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	headers[1]->length = 16;
	headers[1]->seq++;
	EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	headers[1]->seq--;
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, 16));
}

TEST_F(ring, read_and_write)
{
	char in[300], out[300];

	ASSERT_EQ(0, attach_both(self));
	make_bytes(in, sizeof(in), 0, 0);
	EXPECT_EQ(0, mmapshare_ring_write(self->p, in, 300));
	EXPECT_EQ(0, mmapshare_ring_write(self->p, in, 0));
	EXPECT_EQ(0, mmapshare_ring_write(self->p, in, 1));
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_read(self->c, out, 299));
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_read(self->c, out, 0));
	EXPECT_EQ(300, mmapshare_ring_read(self->c, out, 300));
	EXPECT_EQ(0, memcmp(in, out, 300));
	EXPECT_EQ(0, mmapshare_ring_read(self->c, out, 0));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-EBUSY, mmapshare_ring_read(self->c, out, 300));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(-EAGAIN, mmapshare_ring_read(self->c, out, 300));
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
}

/* Each producer continues where the last one committed. */
TEST_F(ring, successive_producers)
{
	uint64_t n = 0;
	void *record;
	int i;

	ASSERT_EQ(0, attach_both(self));
	for (i = 0; i < 20; i++) {
		long put = put_all(self->p, n, 50);

		ASSERT_LT(0, put);
		EXPECT_EQ(put, take_all(self->c, n, 50));
		n += put;
		/* a record that was not committed does not exist */
		if (i % 2) {
			ASSERT_EQ(0, mmapshare_ring_reserve(self->p, 80, &record));
			memset(record, 0xff, 80);
		}
		mmapshare_ring_close(self->p);
		ASSERT_EQ(0, mmapshare_ring_open(&self->p, self->name, PRODUCER));
	}
	EXPECT_EQ(0, (int)mmapshare_ring_lost(self->c));
}

TEST_F(ring, roles)
{
	struct mmapshare_endpoint *ep = NULL;
	void *record;
	int i;

	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(-EBUSY, attach(self, &ep, PRODUCER));
	EXPECT_EQ(-EINVAL, attach(self, &ep, 0));
	EXPECT_EQ(-EINVAL, attach(self, &ep, PRODUCER | CONSUMER));
	EXPECT_EQ(-EINVAL, attach(self, &ep, PRODUCER | LATEST));
	EXPECT_EQ(NULL, ep);

	EXPECT_EQ(-EBADF, mmapshare_ring_reserve(self->c, 1, &record));
	EXPECT_EQ(-EBADF, mmapshare_ring_commit(self->c));
	EXPECT_EQ(-EBADF, mmapshare_ring_trim(self->c, 1));
	EXPECT_EQ(-EBADF, mmapshare_ring_discard(self->c));
	EXPECT_EQ(-EBADF, mmapshare_ring_write(self->c, "x", 1));
	EXPECT_EQ(-EBADF, mmapshare_ring_drop(self->c, 1));
	EXPECT_EQ(-EBADF, mmapshare_ring_next(self->p, &self->record, &self->length));
	EXPECT_EQ(-EBADF, mmapshare_ring_release(self->p));
	EXPECT_EQ(-EBADF, mmapshare_ring_check(self->p));
	EXPECT_EQ(-EBADF, mmapshare_ring_read(self->p, self, 0));
	EXPECT_EQ(-EINVAL, mmapshare_ring_check(self->c));
	EXPECT_EQ(-EINVAL, mmapshare_ring_wait(self->c, ~0U, 0));

	for (i = 1; i < CONSUMERS; i++)
		ASSERT_EQ(0, attach(self, &ep, CONSUMER));
	EXPECT_EQ(-ENOSPC, attach(self, &ep, CONSUMER));
}

TEST_F(ring, open)
{
	struct mmapshare *other, *plain;
	struct mmapshare_endpoint *ep;

	EXPECT_EQ(-ENOENT, mmapshare_ring_open(&ep, "no-such-ring", CONSUMER));
	EXPECT_EQ(-ENOTTY, mmapshare_ring_open(&ep, NULL, CONSUMER));
	EXPECT_EQ(-ENOTTY, mmapshare_ring_open(&ep, "/dev/null", CONSUMER));
	EXPECT_EQ(0, mmapshare_ring_open(&self->c, region_node(self->name), CONSUMER));

	ASSERT_EQ(0, mmapshare_open(&other, self->name, MMAPSHARE_READ));
	EXPECT_EQ(-EBADF, mmapshare_ring_attach(&ep, other, PRODUCER));
	EXPECT_EQ(0, mmapshare_ring_attach(&ep, other, CONSUMER));
	mmapshare_close(other);
	mmapshare_ring_close(ep);

	EXPECT_EQ(-EEXIST, mmapshare_ring_create(&other, self->name, 1, 0, 1, 0600));
	EXPECT_EQ(0, mmapshare_ring_create_or_open(&other, self->name, 1, 0, 1, 0600));
	EXPECT_EQ(mmapshare_size(self->region), mmapshare_size(other));
	mmapshare_close(other);
	EXPECT_EQ(-EINVAL, mmapshare_ring_create(&other, NULL, 1, 0, 0, 0));
	EXPECT_EQ(-EINVAL, mmapshare_ring_create(&other, NULL, 1, 0, 65, 0));
	EXPECT_EQ(-EINVAL, mmapshare_ring_create(&other, NULL, 1, 64, 1, 0));
	EXPECT_EQ(-EINVAL, mmapshare_ring_create(&other, NULL, 0, 0, 1, 0));

	ASSERT_EQ(0, mmapshare_create(&plain, NULL, 1, 0, 0));
	EXPECT_EQ(-ENOTTY, mmapshare_ring_attach(&ep, plain, CONSUMER));
	mmapshare_close(plain);
}

TEST_F(ring, stat)
{
	struct mmapshare_ring_cursor cursors[64];
	struct mmapshare_ring_producer producer;
	struct mmapshare_ring ring;
	struct mmapshare *plain;
	int i;

	ASSERT_EQ(0, make_ring(self, self->dev.page, OVERWRITE));
	ASSERT_EQ(0, attach_both(self));
	ASSERT_EQ(0, put_record(self->p, 0, 3));
	ASSERT_EQ(0, put_record(self->p, 1, 3));
	EXPECT_EQ(0, mmapshare_ring_drop(self->p, 5));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &producer, cursors, 64));
	EXPECT_EQ(self->size, ring.data_size);
	EXPECT_EQ((int)(MMAPSHARE_RING | OVERWRITE), (int)ring.flags);
	EXPECT_EQ(CONSUMERS, (int)ring.consumers_max);
	EXPECT_EQ(1, (int)ring.consumers);
	EXPECT_EQ(MMAPSHARE_RING_PRODUCER_ATTACHED, (int)ring.producer_state);
	EXPECT_EQ(32, (int)producer.pos);
	EXPECT_EQ(2, (int)producer.seq);
	EXPECT_EQ(5, (int)producer.dropped);
	EXPECT_EQ(0, (int)producer.overwritten);
	EXPECT_EQ(16, (int)cursors[0].pos);
	EXPECT_EQ(1, (int)cursors[0].seq);

	/* an overwriting ring is never full */
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, put_record(self->p, i, self->size / 4 - 8));
	ASSERT_EQ(0, mmapshare_ring_stat(self->region, &ring, &producer, NULL, 0));
	EXPECT_EQ(1002, (int)producer.seq);
	EXPECT_EQ(999, (int)producer.overwritten);

	ASSERT_EQ(0, mmapshare_create(&plain, NULL, 1, 0, 0));
	EXPECT_EQ(-ENOTTY, mmapshare_ring_stat(plain, &ring, &producer, NULL, 0));
	mmapshare_close(plain);
}

TEST_HARNESS_MAIN
