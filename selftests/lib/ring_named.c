// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: consumers that attach by the name of a cursor, or at a record. */
#include "lib_ring_test.h"

#define LENGTH	40

/* Attach a consumer. Returns 0 or a negative errno. */
static int attach_at(FIXTURE_DATA(ring) *self, unsigned int flags, const char *name, uint64_t seq)
{
	struct mmapshare_ring_attach_args args = {
		.size = sizeof(args),
		.flags = CONSUMER | flags,
		.seq = seq,
	};

	strcpy(args.name, name);
	return mmapshare_ring_attach_with(&self->c, self->region, &args);
}

static void detach(FIXTURE_DATA(ring) *self)
{
	mmapshare_ring_close(self->c);
	self->c = NULL;
}

TEST_F(ring, resumed)
{
	struct mmapshare_ring_attach_args args = {
		.size = sizeof(args),
		.flags = CONSUMER,
		.name = "logger",
	};
	uint64_t generation;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	ASSERT_EQ(0, attach_at(self, 0, "logger", 0));
	EXPECT_EQ(0, mmapshare_ring_resumed(self->c));
	EXPECT_EQ(-EBADF, mmapshare_ring_resumed(self->p));
	generation = mmapshare_ring_generation(self->c);
	EXPECT_NE(0ULL, generation);
	EXPECT_EQ(generation, mmapshare_ring_generation(self->p));
	EXPECT_LT(5, put_all(self->p, 0, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	detach(self);
	/* what was taken and not released comes again */
	ASSERT_EQ(0, mmapshare_ring_open_with(&self->c, self->name, &args));
	EXPECT_EQ(1, mmapshare_ring_resumed(self->c));
	EXPECT_EQ(1ULL, mmapshare_ring_seq(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, LENGTH));
	EXPECT_EQ(0ULL, mmapshare_ring_lost(self->c));
	detach(self);
	args.flags |= MMAPSHARE_RING_ATTACH_RESUMED;
	args.generation = generation;
	ASSERT_EQ(0, mmapshare_ring_attach_with(&self->c, self->region, &args));
	detach(self);
	args.generation++;
	EXPECT_EQ(-ESTALE, mmapshare_ring_attach_with(&self->c, self->region, &args));
}

TEST_F(ring, start)
{
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_LT(5, put_all(self->p, 0, LENGTH));
	ASSERT_EQ(0, attach_at(self, MMAPSHARE_RING_ATTACH_SEQ, "", 3));
	EXPECT_EQ(3ULL, mmapshare_ring_seq(self->c));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 3, LENGTH));
	detach(self);
	ASSERT_EQ(0, attach_at(self, MMAPSHARE_RING_ATTACH_OLDEST, "", 0));
	EXPECT_EQ(0ULL, mmapshare_ring_seq(self->c));
	detach(self);
	EXPECT_EQ(-ERANGE, attach_at(self, MMAPSHARE_RING_ATTACH_SEQ, "", 1000000));
}

/* Losses while there was no consumer, and those after that. */
TEST_F(ring, lost)
{
	uint64_t i, lost;

	ASSERT_EQ(0, make_ring(self, self->size, OVERWRITE));
	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	ASSERT_EQ(0, attach_at(self, 0, "logger", 0));
	detach(self);
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, attach_at(self, 0, "logger", 0));
	EXPECT_EQ(1, mmapshare_ring_resumed(self->c));
	lost = mmapshare_ring_lost(self->c);
	EXPECT_LT(800ULL, lost);
	EXPECT_EQ(lost, mmapshare_ring_seq(self->c));
	for (; i < 2000; i++)
		ASSERT_EQ(0, put_record(self->p, i, LENGTH));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(mmapshare_ring_seq(self->c) - 1, mmapshare_ring_lost(self->c));
	lost = mmapshare_ring_lost(self->c);
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	detach(self);
	ASSERT_EQ(0, attach_at(self, 0, "logger", 0));
	EXPECT_EQ(lost, mmapshare_ring_lost(self->c));
}

TEST_F(ring, names)
{
	struct mmapshare_ring_name info;

	ASSERT_EQ(0, attach(self, &self->p, PRODUCER));
	EXPECT_EQ(-ENOENT, mmapshare_ring_next_name(self->region, 0, &info));
	ASSERT_EQ(0, attach_at(self, 0, "logger", 0));
	EXPECT_EQ(0, mmapshare_ring_wait_consumers(self->p, 1, 0));
	ASSERT_EQ(0, mmapshare_ring_next_name(self->region, 0, &info));
	EXPECT_STREQ("logger", info.name);
	EXPECT_TRUE(!!(info.state & MMAPSHARE_RING_NAME_HELD));
	EXPECT_EQ(-ENOENT, mmapshare_ring_next_name(self->region, info.cursor + 1, &info));
	EXPECT_EQ(-EBUSY, mmapshare_ring_remove_name(self->region, "logger"));
	detach(self);
	ASSERT_EQ(0, mmapshare_ring_find_name(self->region, "logger", &info));
	EXPECT_FALSE(!!(info.state & MMAPSHARE_RING_NAME_HELD));
	/* a name is no consumer that is attached */
	EXPECT_EQ(-ETIMEDOUT, mmapshare_ring_wait_consumers(self->p, 1, 0));
	EXPECT_EQ(-EINVAL, mmapshare_ring_find_name(self->region, "", &info));
	EXPECT_EQ(-EINVAL, mmapshare_ring_remove_name(self->region, "a/b"));
	EXPECT_EQ(0, mmapshare_ring_remove_name(self->region, "logger"));
	EXPECT_EQ(-ENOENT, mmapshare_ring_remove_name(self->region, "logger"));
	EXPECT_EQ(-ENOENT, mmapshare_ring_find_name(self->region, "logger", &info));
	EXPECT_EQ(-ENOENT, attach_at(self, MMAPSHARE_RING_ATTACH_EXISTING, "logger", 0));
}

TEST_F(ring, size_of_arguments)
{
	struct mmapshare_ring_attach_args args = { .flags = CONSUMER };

	args.size = 40;
	EXPECT_EQ(-EINVAL, mmapshare_ring_attach_with(&self->c, self->region, &args));
	args.size = sizeof(args) + 8;
	EXPECT_EQ(-E2BIG, mmapshare_ring_attach_with(&self->c, self->region, &args));
	args.size = 48;
	EXPECT_EQ(0, mmapshare_ring_attach_with(&self->c, self->region, &args));
}

TEST_HARNESS_MAIN
