// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a reader of a lossless ring stores a position inside a record.
 * The producer's oldest position stays at the beginning of a record, so that
 * the next consumer gets no record that the producer has not written.
 */
#include "lib_ring_test.h"
#include "ring_protocol.h"

#define LENGTH	40
#define STEP	(8 + LENGTH)
#define RELEASED	30	/* records */

/* Fill the ring, while @reader, whose position is 0, is attached. */
static long fill(FIXTURE_DATA(ring) *self, struct endpoint *reader)
{
	if (attach(self, &self->p, PRODUCER) ||
	    endpoint_attach(reader, mmapshare_fd(self->region), CONSUMER))
		return -1;
	return put_all(self->p, 0, LENGTH);
}

/* The next consumer gets @n records, the first of them with number @first. */
static void check_next_consumer(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
				long first, long n)
{
	ASSERT_EQ(0, attach(self, &self->c, CONSUMER));
	EXPECT_EQ(n, take_all(self->c, first, LENGTH));
}

/* The ring does not stay full: as many records fit as before. */
static void check_next_records(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
			       long n)
{
	EXPECT_EQ(n, put_all(self->p, RELEASED + n, LENGTH));
	EXPECT_EQ(n, take_all(self->c, RELEASED + n, LENGTH));
}

TEST_F(ring, cursor)
{
	struct endpoint reader;
	long n = fill(self, &reader);
	int offset;

	ASSERT_LT(RELEASED, n);
	for (offset = 8; offset < STEP - 8; offset += 8) {
		reader.c->pos = offset;
		EXPECT_EQ(0, put_all(self->p, n, LENGTH));
		EXPECT_EQ(STEP, (int)reader.p->oldest_pos) TH_LOG("%d", offset);
	}
	reader.c->pos = RELEASED * STEP + 16;
	EXPECT_EQ(RELEASED, put_all(self->p, n, LENGTH));
	EXPECT_EQ((RELEASED + 1) * STEP, (int)reader.p->oldest_pos);
	endpoint_detach(&reader);
	check_next_consumer(_metadata, self, RELEASED + 1, n - 1);
	check_next_records(_metadata, self, n);
}

/* The reader detaches: records are retained from its position on. */
TEST_F(ring, retained_pos)
{
	struct endpoint reader;
	long n = fill(self, &reader);

	ASSERT_LT(RELEASED, n);
	reader.c->pos = RELEASED * STEP + 16;
	endpoint_detach(&reader);
	EXPECT_EQ(RELEASED, put_all(self->p, n, LENGTH));
	check_next_consumer(_metadata, self, RELEASED + 1, n - 1);
	check_next_records(_metadata, self, n);
}

/* A consumer attaches while the position is invalid. */
TEST_F(ring, attach_meanwhile)
{
	struct endpoint reader;
	long n = fill(self, &reader);

	ASSERT_LT(RELEASED, n);
	reader.c->pos = RELEASED * STEP + 16;
	EXPECT_EQ(RELEASED, put_all(self->p, n, LENGTH));
	check_next_consumer(_metadata, self, RELEASED + 1, n - 1);
	endpoint_detach(&reader);
	check_next_records(_metadata, self, n);
}

/*
 * The producer has reclaimed RELEASED records, and the position is inside the
 * last of them when the next producer attaches. Returns how many records the
 * ring has, or -1.
 */
static long replace_producer(FIXTURE_DATA(ring) *self, struct endpoint *reader, bool detach)
{
	long n = fill(self, reader);

	reader->c->pos = RELEASED * STEP;
	if (put_all(self->p, n, LENGTH) != RELEASED)
		return -1;
	reader->c->pos -= 8;
	if (detach)
		endpoint_detach(reader);
	mmapshare_ring_close(self->p);
	self->p = NULL;
	return attach(self, &self->p, PRODUCER) ? -1 : n;
}

TEST_F(ring, next_producer)
{
	struct endpoint reader;
	long n = replace_producer(self, &reader, false);

	ASSERT_LT(RELEASED, n);
	EXPECT_EQ(RELEASED * STEP, (int)reader.p->oldest_pos);
	check_next_consumer(_metadata, self, RELEASED, n);
	/* the position holds back the producer, but oldest_pos stays */
	EXPECT_EQ(0, put_all(self->p, RELEASED + n, LENGTH));
	EXPECT_EQ(RELEASED * STEP, (int)reader.p->oldest_pos);
	endpoint_detach(&reader);
	check_next_records(_metadata, self, n);
}

/* As next_producer, but the retained position is inside the record. */
TEST_F(ring, next_producer_retained_pos)
{
	struct endpoint reader;
	long n = replace_producer(self, &reader, true);

	ASSERT_LT(RELEASED, n);
	check_next_consumer(_metadata, self, RELEASED, n);
	check_next_records(_metadata, self, n);
}

/*
 * The kernel computes the same free space as the producer: if a wait returned 0
 * without free space, the producer would loop indefinitely.
 */
TEST_F(ring, wait)
{
	const long big = self->size / 2 - 8;
	struct endpoint reader;
	int wait = -1;
	long pos, n;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&reader, mmapshare_fd(self->region), CONSUMER));
	ASSERT_EQ(0, put_record(self->p, 0, big));
	n = 1 + put_all(self->p, 1, LENGTH);
	ASSERT_LT(RELEASED, n);
	for (pos = 0; wait && pos <= (long)self->size / 2; pos += 8) {
		reader.c->pos = pos;
		ASSERT_EQ(-EAGAIN, put_record(self->p, n, big / 2)) TH_LOG("%ld", pos);
		reader.c->pos = pos + 8;
		wait = mmapshare_ring_wait(self->p, 0, 0);
		EXPECT_TRUE(!wait || wait == -ETIMEDOUT);
		if (!wait)
			EXPECT_EQ(0, put_record(self->p, n, big / 2)) TH_LOG("%ld", pos);
	}
	EXPECT_EQ(0, wait);
	EXPECT_LT(pos, (long)self->size / 2);
	endpoint_detach(&reader);
}

/* A length that the previous producer stored leads past its position. */
TEST_F(ring, previous_producer)
{
	struct endpoint raw, reader;

	ASSERT_EQ(0, endpoint_attach(&raw, mmapshare_fd(self->region), PRODUCER));
	endpoint_record(&raw, 0)->length = MMAPSHARE_RECORD_LENGTH;
	raw.p->pos = self->size;
	endpoint_detach(&raw);
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	ASSERT_EQ(0, endpoint_attach(&reader, mmapshare_fd(self->region), CONSUMER));
	reader.c->pos = self->size / 2;
	EXPECT_EQ(-EBADMSG, put_record(self->p, 0, LENGTH));
	EXPECT_EQ(0, mmapshare_ring_wait(self->p, 0, 20 * SECOND));
	EXPECT_EQ(-EBADMSG, put_record(self->p, 0, LENGTH));
	/* once all records are released, the bad length has no effect */
	reader.c->pos = self->size;
	EXPECT_LT(RELEASED, put_all(self->p, 0, LENGTH));
	endpoint_detach(&reader);
}

TEST_HARNESS_MAIN
