// SPDX-License-Identifier: GPL-2.0
/*
 * A ring in reserved memory of which any byte may be wrong: it is refused, or its
 * records can be read up to an end, without an access outside of it.
 */
#include "reserved_test.h"

#define ROUNDS		300UL
/* Loads of records before the reader gives up: a ring of 1 MiB has fewer */
#define RECORDS_MAX	1000000UL

FIXTURE(corrupt)
{
	int control;
	char *good;
	uint64_t size;
	uint64_t seed;
};

static uint64_t next_random(FIXTURE_DATA(corrupt) *self)
{
	self->seed = self->seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return self->seed >> 20;
}

/* Have a kernel producer leave a ring there, and keep a copy of its bytes. */
FIXTURE_SETUP(corrupt)
{
	int fd;

	helper_unload("mmapshare_survive");
	LOAD_WITH_RANGE();
	ASSERT_EQ(0, leave_ring(RANGE));
	self->control = open(DEVICE, O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->control, 0);
	fd = reserved_create(self->control, RANGE, 0, 0);
	ASSERT_GE(fd, 0);
	self->size = lseek(fd, 0, SEEK_END);
	self->good = malloc(self->size);
	ASSERT_EQ((ssize_t)self->size, pread(fd, self->good, self->size, 0));
	close(fd);
	ASSERT_EQ(0, region_destroy(self->control, RANGE));
	self->seed = 1;
}

FIXTURE_TEARDOWN(corrupt)
{
	free(self->good);
	close(self->control);
}

/* Where to store a wrong word: the constants, the positions, or anywhere. */
static uint64_t next_place(FIXTURE_DATA(corrupt) *self)
{
	const struct mmapshare_ring *head = (const void *)self->good;

	switch (next_random(self) % 3) {
	case 0:
		return next_random(self) % (sizeof(*head) / 8) * 8;
	case 1:
		return head->producer_offset + next_random(self) % 4 * 8;
	default:
		return next_random(self) % (self->size / 8) * 8;
	}
}

/* Store the good bytes, and then some wrong ones. */
static void damage(FIXTURE_DATA(corrupt) *self, struct __test_metadata *_metadata)
{
	int fd = reserved_create(self->control, RANGE, 0, 0);
	unsigned int n = 1 + next_random(self) % 3;

	ASSERT_GE(fd, 0);
	ASSERT_EQ((ssize_t)self->size, pwrite(fd, self->good, self->size, 0));
	while (n--) {
		const uint64_t place = next_place(self);
		uint64_t word;

		/* one bit, a small number, or a large one */
		memcpy(&word, self->good + place, 8);
		if (next_random(self) & 1)
			word ^= 1ULL << next_random(self) % 64;
		else
			word = next_random(self) >> next_random(self) % 44;
		ASSERT_EQ(8, pwrite(fd, &word, 8, place));
	}
	close(fd);
	ASSERT_EQ(0, region_destroy(self->control, RANGE));
}

/* Returns the number of records that read() gets from the ring. */
static unsigned long read_all(FIXTURE_DATA(corrupt) *self, struct __test_metadata *_metadata,
			      int region)
{
	struct mmapshare_ring_attach_args attach = {
		.size = sizeof(attach),
		.flags = MMAPSHARE_RING_ATTACH_CONSUMER | MMAPSHARE_RING_ATTACH_OLDEST,
	};
	static char buffer[1 << 20];
	unsigned long records = 0;
	ssize_t n;
	int ep = ioctl(region, MMAPSHARE_IOC_RING_ATTACH, &attach);

	ASSERT_GE(ep, 0);
	while ((n = read(ep, buffer, sizeof(buffer))) > 0)
		ASSERT_GT(RECORDS_MAX, ++records);
	EXPECT_EQ(0, n);
	close(ep);
	return records;
}

TEST_F(corrupt, any_byte)
{
	unsigned long rounds, refused = 0, records = 0;

	for (rounds = 0; rounds < ROUNDS; rounds++) {
		int fd;

		damage(self, _metadata);
		fd = reserved_create(self->control, RANGE, 0, MMAPSHARE_RING);
		if (fd < 0) {
			ASSERT_EQ(-ENODATA, fd);
			refused++;
			continue;
		}
		records += read_all(self, _metadata, fd);
		close(fd);
		ASSERT_EQ(0, region_destroy(self->control, RANGE));
	}
	TH_LOG("%lu of %lu rings refused, %lu reads", refused, ROUNDS, records);
	/* both happen, or the test tests nothing */
	EXPECT_LT(0UL, refused);
	EXPECT_LT(0UL, records);
}

TEST_HARNESS_MAIN
