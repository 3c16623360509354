// SPDX-License-Identifier: GPL-2.0
/*
 * Another thread changes the structure while the ioctl runs: whatever mixture
 * the driver sees, it sees once, and does as it says.
 */
#include "mmapshare_test.h"
#include <pthread.h>
#include <stddef.h>
#include <time.h>

/* At least so many calls, and so many changes between the two outcomes. */
#define CALLS	3000
#define TURNS	200
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
	/* the word the thread changes, and between what */
	int index;
	uint32_t one, other;
	bool end;
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

static void *flip(void *arg)
{
	FIXTURE_DATA(race) *self = arg;

	run_on(1);
	while (!__atomic_load_n(&self->end, __ATOMIC_RELAXED)) {
		self->shared->word[self->index] = self->other;
		self->shared->word[self->index] = self->one;
	}
	return NULL;
}

struct tally {
	int calls, good, refused, turns;
	int last;
	time_t start;
};

/* One more call gave @error; @refusal is the errno it may give. */
static void count(struct tally *t, int error, int refusal)
{
	if (!t->calls++)
		t->start = time(NULL);
	t->good += !error;
	t->refused += error == refusal;
	t->turns += error != t->last;
	t->last = error;
}

/* That there were turns shows that both threads ran; but not for ever. */
static bool go_on(const struct tally *t)
{
	return t->calls < CALLS ||
	       (t->turns < TURNS && time(NULL) - t->start < 2);
}

/* From here on that word is one or the other. */
static bool begin(FIXTURE_DATA(race) *self, size_t offset, uint32_t one,
		  uint32_t other)
{
	self->index = offset / 4;
	self->one = one;
	self->other = other;
	self->shared->word[self->index] = one;
	self->end = false;
	run_on(0);
	return !pthread_create(&self->thread, NULL, flip, self);
}

static void end(FIXTURE_DATA(race) *self)
{
	__atomic_store_n(&self->end, true, __ATOMIC_RELAXED);
	pthread_join(self->thread, NULL);
}

/*
 * Either the structure is as long as the kernel's, and what is behind it does
 * not matter, or longer, and then it is too big. A size that is read twice
 * would be right first and clear what is behind it later.
 */
TEST_F(race, size)
{
	const struct {
		unsigned int cmd;
		uint32_t size;
	} both[] = {
		{ MMAPSHARE_IOC_INFO, sizeof(struct mmapshare_info) },
		{ MMAPSHARE_IOC_CHECKSUM, sizeof(struct mmapshare_checksum_args) },
		{ MMAPSHARE_IOC_NOTIFY, sizeof(struct mmapshare_notify_args) },
	};
	int error, cleared = 0;
	struct tally t;
	volatile uint32_t *canary;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(both); i++) {
		memset(self->shared, 0, sizeof(*self->shared));
		canary = &self->shared->word[both[i].size / 4];
		ASSERT_TRUE(begin(self, 0, both[i].size, both[i].size + 4));
		t = (struct tally){ };
		while (go_on(&t)) {
			*canary = CANARY;
			error = ioctl(self->dev.fd, both[i].cmd, self->shared) ?
				errno : 0;
			count(&t, error, E2BIG);
			cleared += *canary != CANARY;
		}
		end(self);
		EXPECT_EQ(t.calls, t.good + t.refused);
		EXPECT_EQ(0, cleared);
		TH_LOG("%d good, %d refused", t.good, t.refused);
	}
}

/*
 * One length is inside the region, the other not. Nothing but the one range
 * may change: what was checked is what is done.
 */
TEST_F(race, length)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	struct tally t = { };
	int error;
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->pattern_len = 1;
	fill->pattern[0] = 'x';
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill_args, length), PAGE,
			  (uint32_t)self->dev.size));
	while (go_on(&t)) {
		error = ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill) ?
			errno : 0;
		count(&t, error, ENXIO);
	}
	end(self);
	EXPECT_EQ(t.calls, t.good + t.refused);
	for (i = 0; i < 16 * PAGE; i++)
		if (self->map[i] != (t.good && i / PAGE == 4 ? 'x' : '.'))
			break;
	EXPECT_EQ((size_t)16 * PAGE, i);
	TH_LOG("%d good, %d refused", t.good, t.refused);
}

/* Whatever the pattern was, it is the same all along. */
TEST_F(race, pattern)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	const size_t length = 16 * PAGE;
	int call;

	fill->size = sizeof(*fill);
	fill->length = length;
	fill->pattern_len = 4;
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill_args, pattern),
			  0x61626364, 0x31323334));
	for (call = 0; call < CALLS / 20; call++) {
		ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill));
		ASSERT_EQ(0, memcmp(self->map, self->map + 4, length - 4));
	}
	end(self);
}

/* The length of the pattern is right, or is not. */
TEST_F(race, pattern_length)
{
	struct mmapshare_fill_args *fill = &self->shared->fill;
	struct tally t = { };
	int error;
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->length = PAGE;
	memcpy(fill->pattern, "abcdefgh", 8);
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill_args, pattern_len), 8,
			  0x40000000));
	while (go_on(&t)) {
		error = ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill) ?
			errno : 0;
		count(&t, error, EINVAL);
	}
	end(self);
	EXPECT_EQ(t.calls, t.good + t.refused);
	for (i = 0; i < PAGE; i++)
		if (self->map[4 * PAGE + i] != (t.good ? "abcdefgh"[i % 8] : '.'))
			break;
	EXPECT_EQ((size_t)PAGE, i);
	EXPECT_EQ('.', self->map[4 * PAGE - 1]);
	EXPECT_EQ('.', self->map[5 * PAGE]);
}

TEST_HARNESS_MAIN
