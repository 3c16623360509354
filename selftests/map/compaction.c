// SPDX-License-Identifier: GPL-2.0
/* Compaction changes no byte, and does not split PMD-sized pages. */
#include "map_fixture.h"
#include "region_test.h"

static int compact_memory(void)
{
	const int fd = open("/proc/sys/vm/compact_memory", O_WRONLY | O_CLOEXEC);
	const bool done = fd >= 0 && write(fd, "1", 1) == 1;

	close(fd);
	return done ? 0 : -1;
}

/*
 * Before 6.10 nothing marks a region's pages as unmovable, so that compaction
 * may split folios.
 */
static bool may_split(void)
{
	unsigned int major, minor;
	struct utsname system;

	return !uname(&system) && sscanf(system.release, "%u.%u", &major, &minor) == 2 &&
	       (major < 6 || (major == 6 && minor < 10));
}

TEST_F(map, compaction)
{
	char *again;

	ASSERT_TRUE(device_renew(&self->dev));
	munmap(self->mem, self->dev.size);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	make_bytes(self->mem, self->dev.size, 0, 1);
	if (compact_memory())
		SKIP(return, "needs root, and CONFIG_COMPACTION");
	EXPECT_TRUE(same_bytes(self->mem, self->dev.size, 0, 1));
	again = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, again);
	EXPECT_TRUE(same_bytes(again, self->dev.size, 0, 1));
	if (!may_split())
		EXPECT_EQ((long)self->dev.info.huge_bytes,
			  smaps_bytes(again, "FilePmdMapped:"));
	munmap(again, self->dev.size);
}

TEST_HARNESS_MAIN
