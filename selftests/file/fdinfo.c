// SPDX-License-Identifier: GPL-2.0
/* fdinfo shows size, strategy, mappings and notifications of the region. */
#include "mmapshare_test.h"
#include <stdio.h>

FIXTURE(fdinfo)
{
	struct device dev;
	char value[64];
};

FIXTURE_SETUP(fdinfo)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
}

FIXTURE_TEARDOWN(fdinfo)
{
	close(self->dev.fd);
}

/* Returns the value of "mmapshare-@key:", "" if there is no such line. */
static const char *fdinfo(FIXTURE_DATA(fdinfo) *self, const char *key)
{
	char line[128], want[64];
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", self->dev.fd);
	snprintf(want, sizeof(want), "mmapshare-%s:\t%%63[^\n]", key);
	self->value[0] = '\0';
	f = fopen(line, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, want, self->value) == 1)
			break;
	if (f)
		fclose(f);
	return self->value;
}

/*
 * Returns the number of mappings, or -1 if MMAPSHARE_IOC_INFO reports another
 * number.
 */
static long maps(FIXTURE_DATA(fdinfo) *self)
{
	struct mmapshare_info info;
	long n = strtol(fdinfo(self, "maps"), NULL, 10);

	if (device_info(self->dev.fd, &info) || (long)info.maps != n)
		return -1;
	return n;
}

TEST_F(fdinfo, size)
{
	EXPECT_EQ(self->dev.size, strtoull(fdinfo(self, "size"), NULL, 10));
	EXPECT_EQ(self->dev.info.region_size,
		  strtoull(fdinfo(self, "size"), NULL, 10));
}

TEST_F(fdinfo, strategy)
{
	const char *path = "/sys/module/mmapshare/parameters/strategy";
	char want[64] = "";
	FILE *f = fopen(path, "r");

	ASSERT_NE(NULL, f);
	ASSERT_EQ(1, fscanf(f, "%63s", want));
	fclose(f);
	EXPECT_STREQ(want, fdinfo(self, "strategy"));
}

/*
 * The number includes the VMAs of all processes; a VMA that is split counts
 * twice.
 */
TEST_F(fdinfo, maps)
{
	size_t page = self->dev.page;
	char *a, *b;

	EXPECT_EQ(0, maps(self));
	a = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, self->dev.fd, 0);
	ASSERT_NE(MAP_FAILED, a);
	EXPECT_EQ(1, maps(self));
	b = mmap(NULL, page, PROT_READ, MAP_SHARED, self->dev.fd, 8 * page);
	ASSERT_NE(MAP_FAILED, b);
	EXPECT_EQ(2, maps(self));

	EXPECT_EQ(0, munmap(b, page));
	EXPECT_EQ(1, maps(self));

	EXPECT_EQ(0, munmap(a + page, page));
	EXPECT_EQ(2, maps(self));
	EXPECT_EQ(0, munmap(a, 3 * page));
	EXPECT_EQ(0, maps(self));
}

static int forked_maps(void *arg)
{
	return maps(arg);
}

TEST_F(fdinfo, maps_of_a_child)
{
	char *a = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->dev.fd, 0);

	ASSERT_NE(MAP_FAILED, a);
	EXPECT_EQ(-2, run_child(forked_maps, self));
	EXPECT_EQ(1, maps(self));
	munmap(a, 4096);
}

TEST_F(fdinfo, notifications)
{
	struct mmapshare_notify_args notify = { .size = sizeof(notify) };
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_NOTIFY, &notify));
		EXPECT_EQ((uint64_t)notify.count,
			  strtoull(fdinfo(self, "notifications"), NULL, 10));
	}
}

/* A refused mapping does not count. */
TEST_F(fdinfo, maps_refused)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				   self->dev.fd, self->dev.size));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_EXEC,
				   MAP_SHARED, self->dev.fd, 0));
	EXPECT_EQ(0, maps(self));
}

TEST_HARNESS_MAIN
