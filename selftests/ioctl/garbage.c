// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls on structures of random bytes succeed or fail with the documented
 * errno, and change nothing but what Documentation/abi.rst says.
 */
#include "ioctl_calls.h"

#define ROUNDS	10000
#define MAX_PAGE	65536

union any {
	uint32_t size;
	struct mmapshare_info info;
	struct mmapshare_fill_args fill;
	struct mmapshare_checksum_args sum;
	struct mmapshare_seal_args seal;
	struct mmapshare_read_only_args ro;
	struct mmapshare_notify_args notify;
	struct mmapshare_wait_args wait;
	uint8_t bytes[MAX_PAGE];
};

FIXTURE(garbage)
{
	struct device dev;
	int peer_fd;		/* open until the end, so that WAIT never gets EPIPE */
	union any any;
	uint8_t *map;
	uint8_t *want;		/* expected content of the region */
	uint64_t count;		/* expected count of the doorbell */
	uint64_t seed;
};

FIXTURE_SETUP(garbage)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->peer_fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->peer_fd);
	self->map = (void *)device_map(&self->dev, PROT_READ | PROT_WRITE,
				       MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	ASSERT_GE(sizeof(self->any), self->dev.page);
	self->want = malloc(self->dev.size);
	ASSERT_NE(NULL, self->want);
	memcpy(self->want, self->map, self->dev.size);
	self->seed = 20240607;
	memset(&self->any, 0, sizeof(self->any));
	self->any.size = sizeof(self->any.notify);
	ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_NOTIFY, &self->any));
	self->count = self->any.notify.count;
}

FIXTURE_TEARDOWN(garbage)
{
	free(self->want);
	munmap(self->map, self->dev.size);
	close(self->peer_fd);
	close(self->dev.fd);
}

static uint64_t random_below(FIXTURE_DATA(garbage) *self, uint64_t limit)
{
	return next_random(&self->seed, limit);
}

/*
 * Returns a random number: mostly a small one, often one near a limit, and
 * sometimes any 64-bit number.
 */
static uint64_t random_number(FIXTURE_DATA(garbage) *self)
{
	const uint64_t size = self->dev.size, page = self->dev.page;
	const uint64_t limits[] = {
		0, page, size, size - page, 1ULL << 32, 1ULL << 63, -size,
		-page,
	};

	switch (random_below(self, 8)) {
	case 0:
		return limits[random_below(self, ARRAY_SIZE(limits))] + random_below(self, 3) - 1;
	case 1:
		return random_below(self, 1ULL << 44) << random_below(self, 21);
	default:
		return random_below(self, 5000);
	}
}

static void make_args(FIXTURE_DATA(garbage) *self, const struct call *call)
{
	const unsigned int cmd = call->cmd;
	union any *any = &self->any;
	uint32_t i;

	memset(any, 0, self->dev.page);
	any->size = random_below(self, 8) ? call->size :
		    random_below(self, 2) ? random_number(self) :
		    call->first_size - 4 + random_below(self, call->size + 8 - call->first_size);
	/* never add a seal: all other tests use this region */
	if (cmd == MMAPSHARE_IOC_SEAL) {
		any->seal.flags = !random_below(self, 4);
		any->seal.seals = random_below(self, 2) ? 0 : 16 << random_below(self, 28);
		any->seal.reserved = random_below(self, 4) ? 0 : random_number(self);
		if (!random_below(self, 4))
			any->bytes[sizeof(any->seal) + random_below(self, 60)] = 1;
		return;
	}
	if (cmd == MMAPSHARE_IOC_READ_ONLY || cmd == MMAPSHARE_IOC_REVOKE) {
		any->ro.flags = random_below(self, 2) ? random_below(self, 2) : random_number(self);
		if (!random_below(self, 4))
			any->bytes[sizeof(any->ro) + random_below(self, 60)] = 1;
		return;
	}
	if (cmd == MMAPSHARE_IOC_NOTIFY) {
		any->notify.flags = random_below(self, 2);
		any->notify.count = random_number(self);
	} else {
		any->fill.offset = random_below(self, 2) ? random_below(self, self->dev.size) :
						   random_number(self);
		any->fill.length = random_below(self, 8) ? random_below(self, 5000) :
							   random_number(self);
	}
	if (cmd == MMAPSHARE_IOC_WAIT && random_below(self, 2))
		any->wait.count = self->count;
	if (cmd == MMAPSHARE_IOC_FILL) {
		any->fill.pattern_len = 1 + random_below(self, 8);
		for (i = 0; i < any->fill.pattern_len; i++)
			any->fill.pattern[i] = random_below(self, 256);
	}
	if (!random_below(self, 3))	/* flip a bit */
		any->bytes[random_below(self, 80)] ^= 1 << random_below(self, 8);
	/* wait for no longer than 100 us */
	if (cmd == MMAPSHARE_IOC_WAIT && any->wait.count == self->count &&
	    (any->wait.timeout < 0 || any->wait.timeout > 100000))
		any->wait.count++;
}

/* The errno that Documentation/abi.rst requires, or 0. */
static int expected_errno(FIXTURE_DATA(garbage) *self, const struct call *call)
{
	const unsigned int cmd = call->cmd;
	const union any *any = &self->any;
	const struct mmapshare_fill_args *fill = &any->fill;
	const uint64_t size = self->dev.size, page = self->dev.page;
	uint32_t i;

	if (any->size < call->first_size)
		return EINVAL;
	for (i = call->size; i < any->size && i < page; i++)
		if (any->bytes[i])
			return E2BIG;
	if (any->size > page)
		return E2BIG;
	if (cmd == MMAPSHARE_IOC_READ_ONLY)
		return any->ro.flags & ~MMAPSHARE_READ_ONLY_CLOEXEC ? EINVAL : 0;
	/* REVOKE refuses the default region */
	if (any->info.flags & (cmd == MMAPSHARE_IOC_NOTIFY ? ~1U : ~0U) ||
	    cmd == MMAPSHARE_IOC_REVOKE)
		return EINVAL;
	if (cmd == MMAPSHARE_IOC_NOTIFY)
		return 0;
	if (cmd == MMAPSHARE_IOC_WAIT)
		return any->wait.count == self->count ? ETIMEDOUT : 0;
	if (cmd == MMAPSHARE_IOC_INFO)
		return 0;
	if (cmd == MMAPSHARE_IOC_SEAL)
		return any->seal.reserved || any->seal.seals ? EINVAL : 0;
	if (cmd == MMAPSHARE_IOC_CHECKSUM && any->sum.reserved)
		return EINVAL;
	if (cmd == MMAPSHARE_IOC_FILL) {
		if (fill->reserved || !fill->pattern_len ||
		    fill->pattern_len > 8)
			return EINVAL;
		for (i = fill->pattern_len; i < 8; i++)
			if (fill->pattern[i])
				return EINVAL;
	}
	/* offset and length are at the same place in both structures */
	if (fill->offset > size || fill->length > size ||
	    fill->offset + fill->length > size)
		return ENXIO;
	return 0;
}

TEST_F(garbage, ioctls)
{
	struct mmapshare_fill_args *fill = &self->any.fill;
	int round, ret, fd, good = 0;
	const struct call *call;
	unsigned int cmd;
	uint64_t i;

	for (round = 0; round < ROUNDS; round++) {
		call = random_call(&self->seed);
		cmd = call->cmd;
		make_args(self, call);
		ret = expected_errno(self, call);
		if (!ret && cmd == MMAPSHARE_IOC_FILL)
			for (i = 0; i < fill->length; i++)
				self->want[fill->offset + i] =
					fill->pattern[i % fill->pattern_len];
		if (!ret && cmd == MMAPSHARE_IOC_NOTIFY)
			self->count += !self->any.notify.flags;
		good += !ret;
		fd = ioctl(self->dev.fd, cmd, &self->any);
		ASSERT_EQ(ret, fd < 0 ? errno : 0);
		if (fd > 0)
			close(fd);
		/* count is at the same place in both structures */
		if ((!ret && cmd == MMAPSHARE_IOC_NOTIFY) ||
		    ((!ret || ret == ETIMEDOUT) && cmd == MMAPSHARE_IOC_WAIT))
			ASSERT_EQ(self->count, self->any.wait.count);
	}
	/* both success and failure are frequent */
	EXPECT_LT(ROUNDS / 10, good);
	EXPECT_GT(ROUNDS * 9 / 10, good);
	EXPECT_EQ(0, memcmp(self->want, self->map, self->dev.size));
}

TEST_HARNESS_MAIN
