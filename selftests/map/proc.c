// SPDX-License-Identifier: GPL-2.0
/* /proc/PID/maps, map_files and smaps describe a mapping correctly. */
#include "map_fixture.h"
#include "region_test.h"
#include <sys/stat.h>
#include <sys/sysmacros.h>

TEST_F(map, maps)
{
	const size_t page = self->dev.page;
	char *mem = mmap(NULL, 3 * page, PROT_READ, MAP_SHARED, self->dev.fd,
			 5 * page);
	unsigned long start, end, offset, inode;
	char line[512], perms[5], path[256];
	unsigned int major, minor;
	struct stat st;
	FILE *maps;
	bool found = false;

	ASSERT_NE(MAP_FAILED, mem);
	ASSERT_EQ(0, fstat(self->dev.fd, &st));
	maps = fopen("/proc/self/maps", "r");
	ASSERT_NE(NULL, maps);
	while (!found && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu %255s", &start,
			   &end, perms, &offset, &major, &minor, &inode,
			   path) == 8)
			found = start == (unsigned long)mem;
	}
	fclose(maps);
	ASSERT_TRUE(found);
	EXPECT_EQ((unsigned long)mem + 3 * page, end);
	EXPECT_STREQ("r--s", perms);
	EXPECT_EQ(5 * page, offset);
	EXPECT_EQ(st.st_ino, inode);
	EXPECT_EQ(st.st_dev, makedev(major, minor));
	EXPECT_STREQ(DEVICE, path);
}

TEST_F(map, map_files)
{
	char link[64], path[256];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)self->mem,
		 (unsigned long)self->mem + self->dev.size);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0 && geteuid())
		SKIP(return, "only root may read map_files");
	ASSERT_LT(0, n);
	path[n] = '\0';
	EXPECT_STREQ(DEVICE, path);
}

/* Mapped pages count as resident, unless page frame numbers are mapped. */
TEST_F(map, smaps_sizes)
{
	const long size = self->dev.size, page = self->dev.page;
	const bool pages = has_feature(&self->dev, MMAPSHARE_FEAT_GUP);
	const bool lazy = maps_at_touch(&self->dev);
	long huge;

	ASSERT_TRUE(device_renew(&self->dev));
	munmap(self->mem, size);
	self->mem = device_map(&self->dev, PROT_READ | PROT_WRITE, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, self->mem);
	EXPECT_EQ(size, smaps_bytes(self->mem, "Size:"));
	EXPECT_EQ(pages && !lazy ? size : 0, smaps_bytes(self->mem, "Rss:"));
	memset(self->mem, 1, size);
	EXPECT_EQ(pages ? size : 0, smaps_bytes(self->mem, "Rss:"));
	EXPECT_EQ(pages ? size : 0, smaps_bytes(self->mem, "Private_Dirty:"));
	EXPECT_EQ(0, smaps_bytes(self->mem, "Anonymous:"));
	EXPECT_EQ(0, smaps_bytes(self->mem, "Swap:"));
	EXPECT_EQ(0, smaps_bytes(self->mem, "Locked:"));
	huge = smaps_bytes(self->mem, "FilePmdMapped:");
	EXPECT_EQ((long)self->dev.info.huge_bytes, huge);
	if (!pages)
		return;
	ASSERT_EQ(0, madvise(self->mem, page, MADV_DONTNEED));
	EXPECT_EQ(huge ? size - (long)self->dev.info.huge_page_size :
			 size - page, smaps_bytes(self->mem, "Rss:"));
}

TEST_F(map, smaps_flags)
{
	const bool pages = has_feature(&self->dev, MMAPSHARE_FEAT_GUP);
	const bool dump = has_feature(&self->dev, MMAPSHARE_FEAT_DUMP);
	struct device dev;
	char *mem;

	EXPECT_TRUE(smaps_flag(self->mem, "rd"));
	EXPECT_TRUE(smaps_flag(self->mem, "wr"));
	EXPECT_FALSE(smaps_flag(self->mem, "ex"));
	EXPECT_TRUE(smaps_flag(self->mem, "mr"));
	EXPECT_TRUE(smaps_flag(self->mem, "mw"));
	EXPECT_TRUE(smaps_flag(self->mem, "sh"));
	EXPECT_TRUE(smaps_flag(self->mem, "ms"));
	EXPECT_FALSE(smaps_flag(self->mem, "lo"));
	/* VM_DONTEXPAND: growth would bypass the checks of mmap() */
	EXPECT_TRUE(smaps_flag(self->mem, "de"));
	EXPECT_EQ(exec_allowed(), smaps_flag(self->mem, "me"));
	EXPECT_EQ(!dump, smaps_flag(self->mem, "dd"));
	EXPECT_EQ(!pages, smaps_flag(self->mem, "pf"));
	EXPECT_EQ(!pages, smaps_flag(self->mem, "io"));
	EXPECT_EQ(pages && !self->dev.info.huge_bytes,
		  smaps_flag(self->mem, "mm"));
	/* a file open for reading only: no VM_SHARED, no VM_MAYWRITE */
	ASSERT_TRUE(device_open(&dev, O_RDONLY));
	mem = device_map(&dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_TRUE(smaps_flag(mem, "ms"));
	EXPECT_FALSE(smaps_flag(mem, "sh"));
	EXPECT_FALSE(smaps_flag(mem, "mw"));
}

TEST_HARNESS_MAIN
