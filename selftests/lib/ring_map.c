// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: how an endpoint is mapped. If an mmap() fails, nothing of the
 * mapping is left, and the endpoint is detached.
 */
#include "lib_ring_test.h"

/* The linker replaces the library's calls of mmap() by these functions. */
void *__real_mmap(void *address, size_t size, int prot, int flags, int fd, long offset);
void *__real_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset);
void *__wrap_mmap(void *address, size_t size, int prot, int flags, int fd, long offset);
void *__wrap_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset);

static int calls;		/* of mmap() so far */
static int failing_call = -1;	/* the one that fails */

static bool must_fail(void)
{
	errno = ENOMEM;
	return calls++ == failing_call;
}

void *__wrap_mmap(void *address, size_t size, int prot, int flags, int fd, long offset)
{
	return must_fail() ? MAP_FAILED : __real_mmap(address, size, prot, flags, fd, offset);
}

void *__wrap_mmap64(void *address, size_t size, int prot, int flags, int fd, int64_t offset)
{
	return must_fail() ? MAP_FAILED : __real_mmap64(address, size, prot, flags, fd, offset);
}

/* Bytes of the address space that are in use or reserved. */
static unsigned long address_space(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end, bytes = 0;
	char line[512];

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			bytes += end - start;
	fclose(f);
	return bytes;
}

static int attach_with_failure(FIXTURE_DATA(ring) *self, struct mmapshare_endpoint **ep,
			       unsigned int role, int call)
{
	int ret;

	calls = 0;
	failing_call = call;
	ret = attach(self, ep, role);
	failing_call = -1;
	return ret;
}

/* The reservation of addresses, the ring, the mirror, and the own range. */
#define CALLS	4

static void fail_each_call(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self,
			   unsigned int role)
{
	struct mmapshare_endpoint *ep = NULL;
	unsigned long before;
	int call;

	/* first let malloc() and fopen() allocate the memory that they keep */
	EXPECT_EQ(-ENOMEM, attach_with_failure(self, &ep, role, 0));
	address_space();
	before = address_space();
	for (call = 0; call < CALLS; call++) {
		EXPECT_EQ(-ENOMEM, attach_with_failure(self, &ep, role, call));
		EXPECT_EQ(before, address_space()) TH_LOG("call %d", call);
	}
	/* all failed calls have detached: the endpoint can attach */
	ASSERT_EQ(0, attach_with_failure(self, &ep, role, CALLS));
	EXPECT_EQ(CALLS, calls);
	mmapshare_ring_close(ep);
	EXPECT_EQ(before, address_space());
}

TEST_F(ring, producer_fails)
{
	fail_each_call(_metadata, self, PRODUCER);
}

TEST_F(ring, consumer_fails)
{
	fail_each_call(_metadata, self, CONSUMER);
}

TEST_HARNESS_MAIN
