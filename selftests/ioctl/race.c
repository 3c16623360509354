// SPDX-License-Identifier: GPL-2.0
/*
 * Another thread changes the structure while an ioctl runs: the driver reads
 * each field once, and uses the value it has checked.
 */
#include "mmapshare_test.h"
#include <pthread.h>
#include <stddef.h>
#include <time.h>

/* Minimum of calls, and of changes between the two outcomes. */
#define CALLS	3000
#define CHANGES	200
#define PAGE	4096
#define CANARY	0x5a5a5a5aU

union shared {
	volatile uint32_t word[64];
	struct mmapshare_info info;
	struct mmapshare_fill_args fill;
	struct mmapshare_checksum_args sum;
};

FIXTURE(race)
{
	struct device dev;
	uint8_t *map;
	union shared *shared;
	pthread_t thread;
	/* the word that the thread changes, and its two values */
	int index;
	uint32_t first, second;
	bool stop;
};

FIXTURE_SETUP(race)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = (void *)device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	memset(self->map, '.', 16 * PAGE);
	self->shared = calloc(1, sizeof(*self->shared));
	ASSERT_NE(NULL, self->shared);
}

FIXTURE_TEARDOWN(race)
{
	free(self->shared);
	munmap(self->map, self->dev.size);
	close(self->dev.fd);
}

static void *flip_word(void *arg)
{
	FIXTURE_DATA(race) *self = arg;

	run_on(1);
	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		self->shared->word[self->index] = self->second;
		self->shared->word[self->index] = self->first;
	}
	return NULL;
}

struct outcomes {
	int calls, good, refused, changes;
	int last;
	time_t start;
};

/* Count a call that returned @error; @refusal is the only errno expected. */
static void count_outcome(struct outcomes *t, int error, int refusal)
{
	if (!t->calls++)
		t->start = time(NULL);
	t->good += !error;
	t->refused += error == refusal;
	t->changes += error != t->last;
	t->last = error;
}

/*
 * Changes of outcome show that both threads ran concurrently. After 2 s the
 * test continues even if there were fewer than CHANGES.
 */
static bool needs_more_calls(const struct outcomes *t)
{
	return t->calls < CALLS ||
	       (t->changes < CHANGES && time(NULL) - t->start < 2);
}

/* Start the thread: the word at @offset alternates between two values. */
static bool start_flipping(FIXTURE_DATA(race) *self, size_t offset, uint32_t first,
			   uint32_t second)
{
	self->index = offset / 4;
	self->first = first;
	self->second = second;
	self->shared->word[self->index] = first;
	self->stop = false;
	run_on(0);
	return !pthread_create(&self->thread, NULL, flip_word, self);
}

static void stop_flipping(FIXTURE_DATA(race) *self)
{
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	pthread_join(self->thread, NULL);
}

/* FILL until both threads have run concurrently, then stop the other one. */
static void fill_while_flipping(FIXTURE_DATA(race) *self, struct outcomes *t, int refusal)
{
	int error;

	while (needs_more_calls(t)) {
		error = ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, &self->shared->fill) ? errno : 0;
		count_outcome(t, error, refusal);
	}
	stop_flipping(self);
}

/*
 * The size alternates between that of the kernel's structure and a larger one.
 * The larger one includes the word behind the structure, which is not 0, and
 * must get E2BIG. A driver that reads the size twice could check the smaller
 * one, and then clear that word, because it writes a result of the larger size.
 */
TEST_F(race, size)
{
	const struct {
		unsigned int cmd;
		uint32_t size;
	} cases[] = {
		{ MMAPSHARE_IOC_INFO, sizeof(struct mmapshare_info) },
		{ MMAPSHARE_IOC_CHECKSUM, sizeof(struct mmapshare_checksum_args) },
		{ MMAPSHARE_IOC_NOTIFY, sizeof(struct mmapshare_notify_args) },
	};
	int error, cleared = 0;
	struct outcomes t;
	volatile uint32_t *canary;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(self->shared, 0, sizeof(*self->shared));
		canary = &self->shared->word[cases[i].size / 4];
		ASSERT_TRUE(start_flipping(self, 0, cases[i].size, cases[i].size + 4));
		t = (struct outcomes){ };
		while (needs_more_calls(&t)) {
			*canary = CANARY;
			error = 0;
			if (ioctl(self->dev.fd, cases[i].cmd, self->shared))
				error = errno;
			count_outcome(&t, error, E2BIG);
			cleared += *canary != CANARY;
		}
		stop_flipping(self);
		EXPECT_EQ(t.calls, t.good + t.refused);
		EXPECT_EQ(0, cleared);
		TH_LOG("%d good, %d refused", t.good, t.refused);
	}
}

/*
 * One length is inside the region, the other is not. Only the former range may
 * change: the driver uses the length it has checked.
 */
TEST_F(race, length)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	struct outcomes t = { };
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->pattern_len = 1;
	fill->pattern[0] = 'x';
	ASSERT_TRUE(start_flipping(self, offsetof(struct mmapshare_fill_args, length), PAGE,
				   (uint32_t)self->dev.size));
	fill_while_flipping(self, &t, ENXIO);
	EXPECT_EQ(t.calls, t.good + t.refused);
	for (i = 0; i < 16 * PAGE; i++)
		if (self->map[i] != (t.good && i / PAGE == 4 ? 'x' : '.'))
			break;
	EXPECT_EQ((size_t)16 * PAGE, i);
	TH_LOG("%d good, %d refused", t.good, t.refused);
}

/* The whole range gets the same pattern. */
TEST_F(race, pattern)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	const size_t length = 16 * PAGE;
	int call;

	fill->size = sizeof(*fill);
	fill->length = length;
	fill->pattern_len = 4;
	ASSERT_TRUE(start_flipping(self, offsetof(struct mmapshare_fill_args, pattern),
				   0x61626364, 0x31323334));
	for (call = 0; call < CALLS / 20; call++) {
		ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill));
		ASSERT_EQ(0, memcmp(self->map, self->map + 4, length - 4));
	}
	stop_flipping(self);
}

/* One pattern length is valid, the other is not. */
TEST_F(race, pattern_length)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	struct outcomes t = { };
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->length = PAGE;
	memcpy(fill->pattern, "abcdefgh", 8);
	ASSERT_TRUE(start_flipping(self, offsetof(struct mmapshare_fill_args, pattern_len), 8,
				   0x40000000));
	fill_while_flipping(self, &t, EINVAL);
	EXPECT_EQ(t.calls, t.good + t.refused);
	for (i = 0; i < PAGE; i++)
		if (self->map[4 * PAGE + i] != (t.good ? "abcdefgh"[i % 8] : '.'))
			break;
	EXPECT_EQ((size_t)PAGE, i);
	EXPECT_EQ('.', self->map[4 * PAGE - 1]);
	EXPECT_EQ('.', self->map[5 * PAGE]);
}

TEST_HARNESS_MAIN
