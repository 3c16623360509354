// SPDX-License-Identifier: GPL-2.0
/* Each tracepoint fires once per operation, with the right values. */
#include "trace_test.h"

FIXTURE(trace)
{
	struct device dev;
	char *map;
	struct tracer tracer;
};

FIXTURE_SETUP(trace)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	self->map = MAP_FAILED;
	TRACE_SKIP();
	ASSERT_TRUE(trace_begin(&self->tracer));
}

FIXTURE_TEARDOWN(trace)
{
	if (self->map != MAP_FAILED)
		munmap(self->map, 8 * self->dev.page);
	close(self->dev.fd);
	trace_end(&self->tracer);
}

static bool try_map(FIXTURE_DATA(trace) *self, int prot, uint64_t page)
{
	self->map = mmap(NULL, 8 * self->dev.page, prot, MAP_SHARED,
			 self->dev.fd, page * self->dev.page);
	return self->map != MAP_FAILED;
}

TEST_F(trace, read)
{
	char buf[10];

	EXPECT_EQ(10, pread(self->dev.fd, buf, 10, 5));
	EXPECT_EVENT("read", "region=0 offset=5 ret=10");
	EXPECT_EQ(3, pread(self->dev.fd, buf, 10, self->dev.size - 3));
	EXPECT_EVENT("read", "region=0 offset=%zu ret=3", self->dev.size - 3);
	EXPECT_EQ(0, pread(self->dev.fd, buf, 10, self->dev.size + 7));
	EXPECT_EVENT("read", "region=0 offset=%zu ret=0", self->dev.size + 7);
	EXPECT_EQ(0, trace_take(&self->tracer, "write"));
}

TEST_F(trace, write)
{
	char buf[10] = {};

	EXPECT_EQ(10, pwrite(self->dev.fd, buf, 10, 5));
	EXPECT_EVENT("write", "region=0 offset=5 ret=10");
	EXPECT_EQ(-1, pwrite(self->dev.fd, buf, 10, self->dev.size + 7));
	EXPECT_EVENT("write", "region=0 offset=%zu ret=%d",
		     self->dev.size + 7, -ENOSPC);
	EXPECT_EQ(0, trace_take(&self->tracer, "read"));
}

TEST_F(trace, map)
{
	unsigned long addr, length, offset, flags;
	int ret, n;

	ASSERT_TRUE(try_map(self, PROT_READ, 2));
	EXPECT_EQ(1, trace_take(&self->tracer, "map"));
	n = sscanf(self->tracer.text,
		   "region=0 addr=%lx length=%lu offset=%lu flags=%lx ret=%d",
		   &addr, &length, &offset, &flags, &ret);
	ASSERT_EQ(5, n);
	EXPECT_EQ((unsigned long)self->map, addr);
	EXPECT_EQ(8 * self->dev.page, length);
	EXPECT_EQ(2 * self->dev.page, offset);
	/* VM_READ, not VM_WRITE: see <linux/mm.h> */
	EXPECT_EQ(1U, flags & 3);
	EXPECT_EQ(0, ret);
}

TEST_F(trace, map_refused)
{
	char *ret;

	EXPECT_FALSE(try_map(self, PROT_READ, self->dev.size / self->dev.page));
	EXPECT_EQ(1, trace_take(&self->tracer, "map"));
	ret = strstr(self->tracer.text, " ret=");
	ASSERT_NE(NULL, ret);
	EXPECT_EQ(-ENXIO, atoi(ret + strlen(" ret=")));

	EXPECT_FALSE(try_map(self, PROT_READ, self->dev.size / self->dev.page));
	EXPECT_EQ(0, trace_take(&self->tracer, "unmap"));
}

TEST_F(trace, unmap)
{
	const size_t page = self->dev.page;

	ASSERT_TRUE(try_map(self, PROT_READ, 2));
	/* one event, for exactly the unmapped range */
	EXPECT_EQ(0, munmap(self->map + 3 * page, page));
	EXPECT_EVENT("unmap", "region=0 addr=%p length=%zu offset=%zu",
		     self->map + 3 * page, page, 5 * page);
	EXPECT_EQ(0, munmap(self->map, 3 * page));
	EXPECT_EVENT("unmap", "region=0 addr=%p length=%zu offset=%zu",
		     self->map, 3 * page, 2 * page);
}

TEST_F(trace, fault)
{
	bool faults = has_feature(&self->dev, MMAPSHARE_FEAT_DONTNEED);
	char *at;

	ASSERT_TRUE(try_map(self, PROT_READ | PROT_WRITE, 1));
	at = self->map + 4 * self->dev.page;
	EXPECT_EQ(faults ? 0 : -1, madvise(self->map, 8 * self->dev.page,
					   MADV_DONTNEED));
	*(volatile char *)at = 1;
	if (!faults) {
		EXPECT_EQ(0, trace_take(&self->tracer, "fault"));
		return;
	}
	/* VM_FAULT_NOPAGE: the driver mapped the page and those around it */
	EXPECT_EVENT("fault", "region=0 addr=%p offset=%zu write=1 ret=0x100",
		     at, 5 * self->dev.page);
	*(volatile char *)at = 2;
	EXPECT_EQ(0, trace_take(&self->tracer, "fault"));
}

TEST_HARNESS_MAIN
