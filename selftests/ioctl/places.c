// SPDX-License-Identifier: GPL-2.0
/*
 * ioctls on structures at random addresses: across the end of readable or
 * writable memory, unaligned, in a mapping of the region itself, in the
 * kernel's half of the address space. They succeed or fail with the documented
 * errno, and change nothing but what Documentation/abi.rst says.
 */
#include "ioctl_calls.h"
#include <limits.h>

#define ROUNDS	4000
#define PAGE	4096

/*
 * The structure is in one of four pages, or crosses from one to the next. The
 * first and the last page are inaccessible, the second is writable, and the
 * third is one of:
 */
enum third { UNMAPPED, NO_ACCESS, READ_ONLY, WRITABLE, REGION, THIRDS };

union any {
	uint32_t size;
	struct mmapshare_info info;
	struct mmapshare_fill_args fill;
	struct mmapshare_checksum_args sum;
	struct mmapshare_seal_args seal;
	struct mmapshare_notify_args notify;
	struct mmapshare_wait_args wait;
	uint8_t bytes[PAGE];
};

FIXTURE(places)
{
	struct device dev;
	int peer_fd;		/* open until the end, so that WAIT never gets EPIPE */
	uint8_t *map;		/* the region */
	uint8_t *want;		/* its expected content */
	int memory;		/* memfd with the second and the third page */
	uint8_t *pages;
	uint8_t *second;
	enum third third;
	uint64_t count;		/* expected count of the doorbell */
	uint64_t seed;
};

FIXTURE_SETUP(places)
{
	struct mmapshare_notify_args notify = { .size = sizeof(notify) };
	const int prot = PROT_READ | PROT_WRITE;

	DEVICE_OPEN(&self->dev, O_RDWR);
	self->peer_fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, self->peer_fd);
	self->map = (void *)device_map(&self->dev, prot, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, (void *)self->map);
	self->want = malloc(self->dev.size);
	ASSERT_NE(NULL, self->want);
	memcpy(self->want, self->map, self->dev.size);
	self->memory = memfd_create("places", MFD_CLOEXEC);
	ASSERT_EQ(0, ftruncate(self->memory, 2 * PAGE));
	self->pages = mmap(NULL, 4 * PAGE, PROT_NONE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->pages);
	ASSERT_EQ(self->pages + PAGE,
		  mmap(self->pages + PAGE, PAGE, prot, MAP_SHARED | MAP_FIXED,
		       self->memory, 0));
	self->second = self->pages + PAGE;
	self->seed = 20260101;
	ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_NOTIFY, &notify));
	self->count = notify.count;
}

FIXTURE_TEARDOWN(places)
{
	munmap(self->pages, 4 * PAGE);
	munmap(self->map, self->dev.size);
	free(self->want);
	close(self->memory);
	close(self->peer_fd);
	close(self->dev.fd);
}

static uint64_t random_below(FIXTURE_DATA(places) *self, uint64_t limit)
{
	return next_random(&self->seed, limit);
}

/* Offset of the page of the region that REGION maps: the last one. */
static size_t last_page(FIXTURE_DATA(places) *self)
{
	return self->dev.size - PAGE;
}

static bool change_third(FIXTURE_DATA(places) *self)
{
	static const int prots[] = {
		[READ_ONLY] = PROT_READ,
		[WRITABLE] = PROT_READ | PROT_WRITE,
		[REGION] = PROT_READ | PROT_WRITE,
	};
	uint8_t *at = self->pages + 2 * PAGE;

	self->third = random_below(self, THIRDS);
	if (self->third == UNMAPPED)
		return !munmap(at, PAGE);
	if (self->third == NO_ACCESS)
		return mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_FIXED |
			    MAP_ANONYMOUS, -1, 0) == at;
	if (self->third == REGION)
		return mmap(at, PAGE, prots[REGION], MAP_SHARED | MAP_FIXED,
			    self->dev.fd, last_page(self)) == at;
	return mmap(at, PAGE, prots[self->third], MAP_SHARED | MAP_FIXED,
		    self->memory, PAGE) == at;
}

/* How many of @n bytes are accessible, counted from offset @at of the pages. */
static size_t count_accessible(FIXTURE_DATA(places) *self, size_t at, size_t n,
			       bool store)
{
	const bool third = self->third == WRITABLE || self->third == REGION ||
			   (self->third == READ_ONLY && !store);
	const size_t end = third ? 3 * PAGE : 2 * PAGE;

	if (at < PAGE || at >= end)
		return 0;
	return at + n <= end ? n : end - at;
}

static bool has_range(unsigned int cmd)
{
	return cmd == MMAPSHARE_IOC_FILL || cmd == MMAPSHARE_IOC_CHECKSUM;
}

static bool writes_back(unsigned int cmd)
{
	return cmd != MMAPSHARE_IOC_FILL && cmd != MMAPSHARE_IOC_READ_ONLY &&
	       cmd != MMAPSHARE_IOC_REVOKE;
}

/*
 * Make a structure, mostly a valid one. Returns its offset in the pages, mostly
 * near the end of one.
 */
static size_t make_args(FIXTURE_DATA(places) *self, const struct call *call,
			union any *any)
{
	const unsigned int cmd = call->cmd;
	static const uint32_t sizes[] = { 0, 4, 31, 55, 56, 57, 64, 100, 2000, 4096, 4097 };
	const size_t edges[] = { PAGE, 2 * PAGE, 3 * PAGE };

	memset(any, 0, sizeof(*any));
	any->size = random_below(self, 3) ? call->size : random_below(self, 2) ?
		    call->size + random_below(self, 9) :
		    sizes[random_below(self, ARRAY_SIZE(sizes))];
	if (cmd == MMAPSHARE_IOC_WAIT) {
		any->wait.count = random_below(self, 2) ? self->count :
							  random_below(self, 1ULL << 40);
		any->wait.timeout = random_below(self, 2) * random_below(self, 20000);
	}
	if (has_range(cmd)) {
		any->fill.offset = random_below(self, self->dev.size);
		any->fill.length = random_below(self, 600);
	}
	if (cmd == MMAPSHARE_IOC_FILL) {
		any->fill.pattern_len = 1;
		any->fill.pattern[0] = random_below(self, 256);
		if (!random_below(self, 4))	/* may overwrite the structure itself */
			any->fill.offset = last_page(self);
	}
	if (!random_below(self, 8))		/* after all known members */
		any->bytes[call->size + random_below(self, 60)] = 1;
	if (!random_below(self, 4))
		return random_below(self, 4 * PAGE - 4);
	return edges[random_below(self, 3)] - 150 + random_below(self, 170);
}

/*
 * Store a structure at @at, as far as it is in the second and the third page.
 */
static void put_struct(FIXTURE_DATA(places) *self, size_t at, const union any *any)
{
	const size_t length = any->size < PAGE ? any->size + 64 : PAGE;
	const size_t n = length < PAGE ? length : PAGE;
	uint8_t third[PAGE];
	size_t i;

	memset(third, 0, PAGE);
	for (i = 0; i < n && at + i < 3 * PAGE; i++) {
		if (at + i >= 2 * PAGE)
			third[at + i - 2 * PAGE] = any->bytes[i];
		else if (at + i >= PAGE)
			self->second[at + i - PAGE] = any->bytes[i];
	}
	if (self->third == REGION) {
		memcpy(self->map + last_page(self), third, PAGE);
		memcpy(self->want + last_page(self), third, PAGE);
	} else if (pwrite(self->memory, third, PAGE, PAGE) != PAGE) {
		abort();
	}
}

/* The errno that Documentation/abi.rst requires, or 0; checks in its order. */
static int expected_errno(FIXTURE_DATA(places) *self, const struct call *call,
			  size_t at, const union any *any)
{
	const unsigned int cmd = call->cmd;
	const uint32_t ksize = call->size, usize = any->size;
	size_t readable = count_accessible(self, at, usize, false);
	uint32_t i;

	if (count_accessible(self, at, 4, false) < 4)
		return EFAULT;
	if (usize < call->first_size)
		return EINVAL;
	if (usize > PAGE)
		return E2BIG;
	for (i = ksize; i < readable && i < usize; i++)
		if (any->bytes[i])
			return E2BIG;
	if (readable < usize)
		return EFAULT;
	/* REVOKE refuses the default region */
	if (cmd == MMAPSHARE_IOC_REVOKE)
		return EINVAL;
	if (has_range(cmd) &&
	    any->fill.offset + any->fill.length > self->dev.size)
		return ENXIO;
	/* NOTIFY rings the doorbell before it writes the structure */
	self->count += cmd == MMAPSHARE_IOC_NOTIFY;
	if (writes_back(cmd) &&
	    count_accessible(self, at, usize, true) < usize)
		return EFAULT;
	return cmd == MMAPSHARE_IOC_WAIT && any->wait.count == self->count ?
	       ETIMEDOUT : 0;
}

/* Check what a successful call has done to the region and to the structure. */
static bool check_done(FIXTURE_DATA(places) *self, const struct call *call,
		       size_t at, union any *any)
{
	const unsigned int cmd = call->cmd;
	const union any *got = (void *)(self->pages + at);
	union any copy;
	uint32_t i;

	memset(&copy, 0, sizeof(copy));
	memcpy(&copy, got, any->size);
	if (cmd == MMAPSHARE_IOC_FILL) {
		memset(self->want + any->fill.offset, any->fill.pattern[0],
		       any->fill.length);
		return !memcmp(self->want + any->fill.offset,
			       self->map + any->fill.offset, any->fill.length);
	}
	if (!writes_back(cmd))
		return true;
	if (cmd == MMAPSHARE_IOC_CHECKSUM)
		any->sum.crc32c = user_crc32c(self->want + any->sum.offset,
					      any->sum.length);
	else if (cmd == MMAPSHARE_IOC_INFO)
		any->info = copy.info;
	else if (cmd != MMAPSHARE_IOC_SEAL)	/* count is at the same place in both */
		any->wait.count = self->count;
	any->size = copy.size;
	if (self->third == REGION)
		memcpy(self->want + last_page(self),
		       self->map + last_page(self), PAGE);
	for (i = call->size; i < any->size; i++)
		if (copy.bytes[i])
			return false;
	return !memcmp(&copy, any, call->size) &&
	       (cmd != MMAPSHARE_IOC_INFO ||
		copy.info.region_size == self->dev.size);
}

TEST_F(places, ioctls)
{
	int round, want, seen, fd, good = 0, faults = 0;
	const struct call *call;
	union any any;
	size_t at;

	for (round = 0; round < ROUNDS; round++) {
		if (round % 8 == 0)
			ASSERT_TRUE(change_third(self));
		call = random_call(&self->seed);
		at = make_args(self, call, &any);
		put_struct(self, at, &any);
		want = expected_errno(self, call, at, &any);
		fd = ioctl(self->dev.fd, call->cmd, self->pages + at);
		seen = fd < 0 ? errno : 0;
		if (fd > 0)
			close(fd);
		ASSERT_EQ(want, seen)
			TH_LOG("round %d: ioctl %#x at %zu, size %u, third page %d",
			       round, call->cmd, at, any.size, self->third);
		if (!seen) {
			ASSERT_TRUE(check_done(self, call, at, &any))
				TH_LOG("round %d: ioctl %#x at %zu, size %u",
				       round, call->cmd, at, any.size);
		} else if (self->third == REGION) {
			/* part of the structure may have been written */
			memcpy(self->want + last_page(self),
			       self->map + last_page(self), PAGE);
		}
		good += !seen;
		faults += seen == EFAULT;
	}
	/* both success and EFAULT are frequent */
	EXPECT_LT(ROUNDS / 10, good);
	EXPECT_LT(ROUNDS / 10, faults);
	EXPECT_EQ(0, memcmp(self->want, self->map, self->dev.size));
	TH_LOG("%d calls, %d good, %d faults", ROUNDS, good, faults);
}

TEST_F(places, kernel_addresses)
{
	/* chosen for x86-64, invalid elsewhere, too */
	const uint64_t addresses[] = {
		0, 1, 4095, 0x00007ffffffff000ULL, 0x0000800000000000ULL,
		0x8000000000000000ULL, 0xffff800000000000ULL,
		0xffff888000000000ULL, 0xffffc90000000000ULL,
		0xffffffff80000000ULL, 0xffffffffff600000ULL,
		0xfffffffffffff000ULL, 0xfffffffffffffffcULL,
		0xffffffffffffffffULL, -4096UL, -4UL, -1UL,
	};
	const struct call *call;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		if (addresses[i] > ULONG_MAX)
			continue;
		for (call = calls; call < calls + ARRAY_SIZE(calls); call++) {
			EXPECT_EQ(-1, ioctl(self->dev.fd, call->cmd,
					    (unsigned long)addresses[i]));
			EXPECT_EQ(EFAULT, errno)
				TH_LOG("%#llx", (unsigned long long)addresses[i]);
		}
	}
	EXPECT_EQ(0, memcmp(self->want, self->map, self->dev.size));
}

TEST_HARNESS_MAIN
