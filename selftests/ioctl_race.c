// SPDX-License-Identifier: GPL-2.0
/*
 * Another thread changes the structure while the ioctl runs: whatever mixture
 * the driver sees, it sees once, and does as it says.
 */
#include "mmapshare_test.h"
#include <pthread.h>
#include <stddef.h>

#define CALLS	3000
#define PAGE	4096
#define CANARY	0x5a5a5a5aU

union shared {
	volatile uint32_t word[64];
	struct mmapshare_info info;
	struct mmapshare_fill fill;
	struct mmapshare_checksum sum;
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

	while (!__atomic_load_n(&self->end, __ATOMIC_RELAXED)) {
		self->shared->word[self->index] = self->other;
		self->shared->word[self->index] = self->one;
	}
	return NULL;
}

/* So often, and until both have happened; but not for ever. */
static bool go_on(int call, int good, int refused)
{
	return call < CALLS || ((!good || !refused) && call < 100 * CALLS);
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
		{ MMAPSHARE_IOC_CHECKSUM, sizeof(struct mmapshare_checksum) },
	};
	int call, error, good, refused, cleared = 0;
	volatile uint32_t *canary;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(both); i++) {
		memset(self->shared, 0, sizeof(*self->shared));
		canary = &self->shared->word[both[i].size / 4];
		ASSERT_TRUE(begin(self, 0, both[i].size, both[i].size + 4));
		good = 0;
		refused = 0;
		for (call = 0; go_on(call, good, refused); call++) {
			*canary = CANARY;
			error = ioctl(self->dev.fd, both[i].cmd, self->shared) ?
				errno : 0;
			good += !error;
			refused += error == E2BIG;
			cleared += *canary != CANARY;
		}
		end(self);
		EXPECT_EQ(call, good + refused);
		EXPECT_EQ(0, cleared);
		TH_LOG("%d good, %d refused", good, refused);
	}
}

/*
 * One length is inside the region, the other not. Nothing but the one range
 * may change: what was checked is what is done.
 */
TEST_F(race, length)
{
	struct mmapshare_fill *fill = &self->shared->fill;
	int call, error = 0, good = 0, refused = 0;
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->pattern_len = 1;
	fill->pattern[0] = 'x';
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill, length), PAGE,
			  (uint32_t)self->dev.size));
	for (call = 0; go_on(call, good, refused); call++) {
		error = ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill) ?
			errno : 0;
		good += !error;
		refused += error == ENXIO;
	}
	end(self);
	EXPECT_EQ(call, good + refused);
	for (i = 0; i < 16 * PAGE; i++)
		ASSERT_EQ(good && i / PAGE == 4 ? 'x' : '.', self->map[i]);
	TH_LOG("%d good, %d refused", good, refused);
}

/* Whatever the pattern was, it is the same all along. */
TEST_F(race, pattern)
{
	struct mmapshare_fill *fill = &self->shared->fill;
	const size_t length = 16 * PAGE;
	int call;

	fill->size = sizeof(*fill);
	fill->length = length;
	fill->pattern_len = 4;
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill, pattern),
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
	struct mmapshare_fill *fill = &self->shared->fill;
	int call, error, good = 0, refused = 0;
	size_t i;

	fill->size = sizeof(*fill);
	fill->offset = 4 * PAGE;
	fill->length = PAGE;
	memcpy(fill->pattern, "abcdefgh", 8);
	ASSERT_TRUE(begin(self, offsetof(struct mmapshare_fill, pattern_len), 8,
			  0x40000000));
	for (call = 0; go_on(call, good, refused); call++) {
		error = ioctl(self->dev.fd, MMAPSHARE_IOC_FILL, fill) ?
			errno : 0;
		good += !error;
		refused += error == EINVAL;
	}
	end(self);
	EXPECT_EQ(call, good + refused);
	for (i = 0; good && i < PAGE; i++)
		ASSERT_EQ("abcdefgh"[i % 8], self->map[4 * PAGE + i]);
	ASSERT_EQ('.', self->map[4 * PAGE - 1]);
	ASSERT_EQ('.', self->map[5 * PAGE]);
}

TEST_HARNESS_MAIN
