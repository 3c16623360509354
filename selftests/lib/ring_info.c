// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: rings whose records have a time, a CPU and a type. A consumer
 * trusts none of them, and attaches to no ring with a feature that it does not know.
 */
#define _GNU_SOURCE
#include "lib_ring_test.h"
#include <mmapshare_inline.h>
#include <sched.h>

#define MONOTONIC	MMAPSHARE_RING_FEAT_MONOTONIC
#define BOOTTIME	MMAPSHARE_RING_FEAT_BOOTTIME
#define CPU		MMAPSHARE_RING_FEAT_CPU
#define TYPE		MMAPSHARE_RING_FEAT_TYPE
#define INFO_BYTES	sizeof(struct mmapshare_record_info)

/* The linker replaces the library's calls of mmap() by these functions. */
void *__real_mmap(void *address, size_t size, int prot, int flags, int fd, long offset);
void *__real_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset);
void *__wrap_mmap(void *address, size_t size, int prot, int flags, int fd, long offset);
void *__wrap_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset);

/* If not 0, the first page of a ring that is mapped is a copy with these features. */
static uint64_t forged_features;

static void *forge(void *address)
{
	struct mmapshare_ring ring;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	memcpy(&ring, address, sizeof(ring));
	ring.features = forged_features;
	address = __real_mmap(address, getpagesize(), PROT_READ | PROT_WRITE, flags, -1, 0);
	memcpy(address, &ring, sizeof(ring));
	return address;
}

static bool is_ring(int prot, int fd, int64_t offset)
{
	return forged_features && fd >= 0 && !offset && prot == PROT_READ;
}

void *__wrap_mmap(void *address, size_t size, int prot, int flags, int fd, long offset)
{
	void *map = __real_mmap(address, size, prot, flags, fd, offset);

	return is_ring(prot, fd, offset) && map != MAP_FAILED ? forge(map) : map;
}

void *__wrap_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset)
{
	void *map = __real_mmap64(address, size, prot, flags, fd, offset);

	return is_ring(prot, fd, offset) && map != MAP_FAILED ? forge(map) : map;
}

/* Replace the ring of the fixture, and attach to it. */
static int make_info_ring(FIXTURE_DATA(ring) *self, uint64_t features, unsigned int flags)
{
	const struct mmapshare_create_args args = {
		.size = sizeof(args),
		.region_size = self->dev.page,
		.ring = flags,
		.consumers = CONSUMERS,
		.mode = 0600,
		.features = features,
	};
	int ret;

	mmapshare_destroy(self->name, 0);
	mmapshare_close(self->region);
	self->region = NULL;
	ret = mmapshare_ring_create_with(&self->region, self->name, &args);
	return ret ? ret : attach_both(self);
}

static uint64_t nanoseconds(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static int put_typed(struct mmapshare_endpoint *p, uint64_t seq, size_t length, uint16_t type)
{
	void *record;
	int ret = mmapshare_ring_reserve(p, length, &record);

	if (ret)
		return ret;
	make_bytes(record, length, 0, seq);
	ret = mmapshare_ring_set_type(p, type);
	return ret ? ret : mmapshare_ring_commit(p);
}

TEST_F(ring, all)
{
	struct mmapshare_record_info info;
	uint64_t before, n;
	cpu_set_t set;

	ASSERT_EQ(0, make_info_ring(self, MONOTONIC | CPU | TYPE, 0));
	EXPECT_EQ(MONOTONIC | CPU | TYPE, mmapshare_ring_features(self->p));
	EXPECT_EQ(MONOTONIC | CPU | TYPE, mmapshare_ring_features(self->c));
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(set), &set));
	EXPECT_EQ(-EINVAL, mmapshare_ring_record_info(self->c, &info));
	before = nanoseconds(CLOCK_MONOTONIC);
	/* records cross the end of the ring at all offsets */
	for (n = 0; n < 2000; n++) {
		ASSERT_EQ(0, put_typed(self->p, n, n % 100, n));
		ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
		ASSERT_TRUE(is_record(self->record, self->length, n, n % 100));
		ASSERT_EQ(0, mmapshare_ring_record_info(self->c, &info));
		ASSERT_LE(before, info.time);
		before = info.time;
		ASSERT_EQ(sched_getcpu(), (int)info.cpu);
		ASSERT_EQ(n, info.type);
		ASSERT_EQ(0, mmapshare_ring_release(self->c));
		ASSERT_EQ(-EINVAL, mmapshare_ring_record_info(self->c, &info));
	}
	EXPECT_LE(before, nanoseconds(CLOCK_MONOTONIC));
}

/* The info of a record that was copied. */
TEST_F(ring, read)
{
	struct mmapshare_record_info info;
	char buffer[100];

	ASSERT_EQ(0, make_info_ring(self, TYPE, MMAPSHARE_RING_OVERWRITE));
	ASSERT_EQ(0, put_typed(self->p, 0, 100, 7));
	ASSERT_EQ(0, put_typed(self->p, 1, 100, 8));
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_read(self->c, buffer, 99));
	EXPECT_EQ(-EINVAL, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(100, mmapshare_ring_read(self->c, buffer, 100));
	EXPECT_TRUE(same_bytes(buffer, 100, 0, 0));
	ASSERT_EQ(0, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(7, info.type);
	EXPECT_EQ(0ULL, info.time);
	EXPECT_EQ(0U, info.cpu);
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(8, info.type);
	ASSERT_EQ(0, mmapshare_ring_release(self->c));
	EXPECT_EQ(-EINVAL, mmapshare_ring_record_info(self->c, &info));
}

TEST_F(ring, boottime)
{
	const uint64_t before = nanoseconds(CLOCK_BOOTTIME);
	struct mmapshare_record_info info;

	ASSERT_EQ(0, make_info_ring(self, BOOTTIME, 0));
	ASSERT_EQ(0, put_record(self->p, 0, 8));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_record_info(self->c, &info));
	EXPECT_LE(before, info.time);
	EXPECT_GE(nanoseconds(CLOCK_BOOTTIME), info.time);
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_ring_set_type(self->p, 1));
}

/* A record that was overwritten has no info. */
TEST_F(ring, overwritten)
{
	struct mmapshare_record_info info;
	int n;

	ASSERT_EQ(0, make_info_ring(self, TYPE, MMAPSHARE_RING_OVERWRITE));
	ASSERT_EQ(0, put_typed(self->p, 0, 100, 1));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	for (n = 0; n < 100; n++)
		ASSERT_EQ(0, put_typed(self->p, n, 100, 2));
	EXPECT_EQ(-ESTALE, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(-ESTALE, mmapshare_ring_record_info(self->c, &info));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	ASSERT_EQ(0, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(2, info.type);
}

TEST_F(ring, lengths)
{
	void *record;
	size_t max;

	ASSERT_EQ(0, make_info_ring(self, TYPE, 0));
	max = mmapshare_ring_record_max(self->p);
	EXPECT_EQ(self->dev.page / 2 - sizeof(struct mmapshare_record) - INFO_BYTES, max);
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_reserve(self->p, max + 1, &record));
	EXPECT_EQ(-EMSGSIZE, mmapshare_ring_reserve(self->p, SIZE_MAX, &record));
	EXPECT_EQ(-EINVAL, mmapshare_ring_set_type(self->p, 1));
	ASSERT_EQ(0, mmapshare_ring_reserve(self->p, max, &record));
	EXPECT_EQ(0, mmapshare_ring_set_type(self->p, 9));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, max + 1));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, SIZE_MAX));
	make_bytes(record, max, 0, 0);
	EXPECT_EQ(0, mmapshare_ring_trim(self->p, 20));
	EXPECT_EQ(-EINVAL, mmapshare_ring_trim(self->p, 21));
	EXPECT_EQ(0, mmapshare_ring_commit(self->p));
	EXPECT_EQ(-EINVAL, mmapshare_ring_set_type(self->p, 1));
	ASSERT_EQ(0, put_record(self->p, 1, max));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 0, 20));
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_TRUE(is_record(self->record, self->length, 1, max));
}

/* The producer stores lengths that leave no space for the info, or too much. */
TEST_F(ring, corrupt)
{
	static const uint32_t bad[] = { 0, 8, INFO_BYTES - 1 };
	struct mmapshare_record *header;
	size_t i;

	ASSERT_EQ(0, make_info_ring(self, TYPE, 0));
	ASSERT_EQ(0, put_record(self->p, 0, 8));
	header = mms_record(self->p, 0);
	EXPECT_EQ(8 + INFO_BYTES, header->length);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		header->length = bad[i];
		EXPECT_EQ(-EBADMSG, mmapshare_ring_next(self->c, &self->record, &self->length));
	}
	/* but a discarded one needs none */
	header->length = MMAPSHARE_RECORD_DISCARD | 24;
	EXPECT_EQ(-EAGAIN, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(0, mmapshare_ring_release(self->c));
}

/* A producer knows which types the consumers want. */
TEST_F(ring, wanted)
{
	const struct mmapshare_ring_attach_args at = {
		.size = sizeof(at), .flags = CONSUMER, .types = 1 << 3,
	};

	ASSERT_EQ(0, make_info_ring(self, TYPE, 0));
	EXPECT_EQ(1, mmapshare_ring_wanted(self->p, 5));
	EXPECT_EQ(-EBADF, mmapshare_ring_wanted(self->c, 5));
	mmapshare_ring_close(self->c);
	self->c = NULL;
	EXPECT_EQ(0, mmapshare_ring_wanted(self->p, 5));
	ASSERT_EQ(0, mmapshare_ring_attach_with(&self->c, self->region, &at));
	EXPECT_EQ(0, mmapshare_ring_wanted(self->p, 5));
	EXPECT_EQ(1, mmapshare_ring_wanted(self->p, 3));
	EXPECT_EQ(1, mmapshare_ring_wanted(self->p, 3 + 1024));
	EXPECT_EQ(0, mmapshare_ring_wanted(self->p, UINT16_MAX));
}

TEST_F(ring, without)
{
	struct mmapshare_record_info info;

	ASSERT_EQ(0, attach_both(self));
	EXPECT_EQ(0ULL, mmapshare_ring_features(self->c));
	ASSERT_EQ(0, put_record(self->p, 0, 8));
	EXPECT_EQ(16ULL, self->p->pos);
	ASSERT_EQ(0, mmapshare_ring_next(self->c, &self->record, &self->length));
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_ring_record_info(self->c, &info));
	EXPECT_EQ(-EOPNOTSUPP, mmapshare_ring_set_type(self->p, 1));
	EXPECT_EQ(-EBADF, mmapshare_ring_record_info(self->p, &info));
	EXPECT_EQ(-EBADF, mmapshare_ring_set_type(self->c, 1));
}

TEST_F(ring, refused)
{
	struct mmapshare *region = NULL;
	struct mmapshare_create_args args = {
		.size = sizeof(args),
		.region_size = self->dev.page,
		.consumers = CONSUMERS,
	};

	args.features = MONOTONIC | BOOTTIME;
	EXPECT_EQ(-EINVAL, mmapshare_ring_create_with(&region, NULL, &args));
	args.features = TYPE << 1;
	EXPECT_EQ(-EINVAL, mmapshare_ring_create_with(&region, NULL, &args));
	args.features = 1ULL << 63;
	EXPECT_EQ(-EINVAL, mmapshare_ring_create_with(&region, NULL, &args));
	EXPECT_EQ(NULL, region);
}

TEST_F(ring, unknown_feature)
{
	uint64_t unknown;

	for (unknown = TYPE << 1; unknown; unknown <<= 1) {
		forged_features = TYPE | unknown;
		ASSERT_EQ(-EPROTONOSUPPORT, attach(self, &self->c, CONSUMER));
		ASSERT_EQ(-EPROTONOSUPPORT, attach(self, &self->p, PRODUCER));
	}
	forged_features = TYPE;
	EXPECT_EQ(0, attach(self, &self->c, CONSUMER));
	forged_features = 0;
	/* the failed attempts have released their cursors, and the producer's place */
	EXPECT_EQ(0, attach(self, &self->p, PRODUCER));
}

TEST_HARNESS_MAIN
