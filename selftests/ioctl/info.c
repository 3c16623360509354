// SPDX-License-Identifier: GPL-2.0
/* MMAPSHARE_IOC_INFO returns correct values, whatever the open mode. */
#include "mmapshare_test.h"
#include <stdio.h>

FIXTURE(info)
{
	struct device dev;
	struct mmapshare_info info;
};

FIXTURE_SETUP(info)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	/* fields that the kernel does not write would keep 0xff */
	memset(&self->info, 0xff, sizeof(self->info));
	self->info.size = sizeof(self->info);
	self->info.flags = 0;
	ASSERT_EQ(0, ioctl(self->dev.fd, MMAPSHARE_IOC_INFO, &self->info));
}

FIXTURE_TEARDOWN(info)
{
	close(self->dev.fd);
}

/* Read a number from a file; 0 if there is none. */
static unsigned long long read_number(const char *path)
{
	unsigned long long n = 0;
	FILE *f = fopen(path, "r");

	if (f) {
		if (fscanf(f, "%llu", &n) != 1)
			n = 0;
		fclose(f);
	}
	return n;
}

TEST_F(info, version)
{
	EXPECT_EQ(sizeof(self->info), self->info.size);
	EXPECT_EQ(0U, self->info.flags);
	EXPECT_EQ(1U, self->info.abi_version);
	EXPECT_EQ(1, MMAPSHARE_ABI_VERSION);
}

TEST_F(info, size)
{
	uint64_t size = read_number("/sys/module/mmapshare/parameters/size");

	EXPECT_EQ(size, self->info.region_size);
	EXPECT_EQ((off_t)size, lseek(self->dev.fd, 0, SEEK_END));
	EXPECT_EQ(sysconf(_SC_PAGESIZE), (long)self->info.page_size);
	EXPECT_EQ(0U, self->info.region_size % self->info.page_size);
}

TEST_F(info, huge_pages)
{
	const char *path = "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size";

	EXPECT_GE(self->info.region_size, self->info.huge_bytes);
	EXPECT_EQ(!self->info.huge_bytes, !self->info.huge_page_size);
	if (self->info.huge_bytes) {
		EXPECT_EQ(read_number(path), self->info.huge_page_size);
		EXPECT_EQ(0U, self->info.huge_bytes % read_number(path));
	}
	if (!has_feature(&self->dev, MMAPSHARE_FEAT_HUGE))
		EXPECT_EQ(0U, self->info.huge_bytes);
}

TEST_F(info, maps)
{
	char *map;

	EXPECT_EQ(0U, self->info.maps);
	map = device_map(&self->dev, PROT_READ, MAP_SHARED);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, device_info(self->dev.fd, &self->info));
	EXPECT_EQ(1U, self->info.maps);
	munmap(map, self->dev.size);
	EXPECT_EQ(0, device_info(self->dev.fd, &self->info));
	EXPECT_EQ(0U, self->info.maps);
}

TEST_F(info, files)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC), copy;

	EXPECT_EQ(1U, self->info.files);
	ASSERT_LE(0, fd);
	copy = dup(fd);
	EXPECT_EQ(0, device_info(self->dev.fd, &self->info));
	EXPECT_EQ(2U, self->info.files);
	close(copy);
	close(fd);
	EXPECT_EQ(0, device_info(self->dev.fd, &self->info));
	EXPECT_EQ(1U, self->info.files);
}

/* The default region has id 0 and no name. */
TEST_F(info, id_and_name)
{
	static const char none[MMAPSHARE_NAME_SIZE];

	EXPECT_EQ(0U, self->info.id);
	EXPECT_EQ(0, memcmp(none, self->info.name, sizeof(none)));
}

TEST_F(info, any_open_mode)
{
	const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR, 3 };
	size_t i;
	int fd;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		fd = open(DEVICE, modes[i]);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, device_info(fd, &self->info));
		EXPECT_EQ(self->dev.size, self->info.region_size);
		close(fd);
	}
}

TEST_HARNESS_MAIN
