// SPDX-License-Identifier: GPL-2.0
/* Regions are listed and described without being opened: QUERY and sysfs. */
#include "region_test.h"
#include <sys/sysmacros.h>

/* The value of a region's sysfs attribute, or "". */
static const char *read_attribute(const char *name, const char *attribute)
{
	static char value[32];
	char path[160];
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/sys/class/mmapshare/mmapshare-%s/%s",
		 name, attribute);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, value, sizeof(value) - 1);
		close(fd);
	}
	value[n > 0 ? n - 1 : 0] = '\0';
	return value;
}

TEST_F(region, query_fields)
{
	int fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
				  MMAPSHARE_STRATEGY_VMALLOC, 0640);
	struct mmapshare_query query;
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(region_node(self->name), &st));
	ASSERT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(REGION_SIZE, query.region_size);
	EXPECT_EQ((uint32_t)MMAPSHARE_STRATEGY_VMALLOC, query.strategy);
	EXPECT_EQ(0640U, query.mode);
	EXPECT_EQ(st.st_mode & 0777, query.mode);
	EXPECT_EQ(st.st_uid, query.uid);
	EXPECT_EQ(st.st_gid, query.gid);
	EXPECT_EQ(minor(st.st_rdev), query.id);
	EXPECT_EQ(1U, query.files);
	EXPECT_EQ(0U, query.maps);
	EXPECT_STREQ(self->name, query.name);
	close(fd);
}

TEST_F(region, info_fields)
{
	int fd = region_create(self->dev.fd, self->name), reader;
	char name[MMAPSHARE_NAME_SIZE] = "";
	struct mmapshare_info info;
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, stat(region_node(self->name), &st));
	reader = open(region_node(self->name), O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, reader);
	strcpy(name, self->name);
	ASSERT_EQ(0, region_destroy(self->dev.fd, self->name));
	ASSERT_EQ(0, device_info(reader, &info));
	EXPECT_EQ(2U, info.files);
	EXPECT_EQ(0U, info.maps);
	EXPECT_EQ(minor(st.st_rdev), info.id);
	EXPECT_EQ(0, memcmp(name, info.name, sizeof(name)));
	close(reader);
	close(fd);

	fd = region_create(self->dev.fd, NULL);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, device_info(fd, &info));
	EXPECT_EQ(1U, info.files);
	EXPECT_EQ(0U, info.id);
	EXPECT_EQ(0, info.name[0]);
	close(fd);
}

TEST_F(region, counters)
{
	int fd = region_create(self->dev.fd, self->name);
	struct mmapshare_query query;
	volatile char *mem;

	ASSERT_LE(0, fd);
	mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	EXPECT_STREQ("0", read_attribute(self->name, "faults"));
	mem[0] = 1;
	EXPECT_STREQ("1", read_attribute(self->name, "faults"));
	EXPECT_STREQ("1", read_attribute(self->name, "maps"));
	EXPECT_STREQ("1", read_attribute(self->name, "files"));
	close(fd);	/* the mapping keeps the file */
	ASSERT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(1U, query.files);
	EXPECT_EQ(1U, query.maps);
	munmap((void *)mem, REGION_SIZE);
	ASSERT_EQ(0, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(0U, query.files);
	EXPECT_EQ(0U, query.maps);
	EXPECT_STREQ("0", read_attribute(self->name, "files"));
	EXPECT_STREQ("0", read_attribute(self->name, "maps"));
}

TEST_F(region, notifications_in_sysfs)
{
	int fd = region_create(self->dev.fd, self->name);
	struct mmapshare_notify_args notify = { .size = sizeof(notify) };

	ASSERT_LE(0, fd);
	EXPECT_STREQ("0", read_attribute(self->name, "notifications"));
	ASSERT_EQ(0, ioctl(fd, MMAPSHARE_IOC_NOTIFY, &notify));
	ASSERT_EQ(0, ioctl(fd, MMAPSHARE_IOC_NOTIFY, &notify));
	EXPECT_STREQ("2", read_attribute(self->name, "notifications"));
	close(fd);
}

TEST_F(region, constants_in_sysfs)
{
	int fd = region_create_as(self->dev.fd, self->name, REGION_SIZE,
				  MMAPSHARE_STRATEGY_PFN, 0600);

	ASSERT_LE(0, fd);
	EXPECT_STREQ("65536", read_attribute(self->name, "size"));
	EXPECT_STREQ("pfn", read_attribute(self->name, "strategy"));
	EXPECT_STREQ("0", read_attribute(self->name, "ring"));
	close(fd);
}

TEST_F(region, kind_of_ring_in_sysfs)
{
	struct mmapshare_create_args create = {
		.region_size = REGION_SIZE,
		.mode = 0600,
		.ring = MMAPSHARE_RING | MMAPSHARE_RING_OVERWRITE,
		.consumers = 1,
	};
	int fd = region_create_by(self->dev.fd, &create, self->name);

	ASSERT_LE(0, fd);
	EXPECT_STREQ("3", read_attribute(self->name, "ring"));
	close(fd);
}

TEST_F(region, listed_while_named)
{
	int fd = region_create(self->dev.fd, self->name), n, round;

	ASSERT_LE(0, fd);
	for (round = 0; round < 2; round++) {
		struct mmapshare_query query = {
			.size = sizeof(query),
			.flags = MMAPSHARE_QUERY_NEXT,
		};

		for (n = 0; !ioctl(self->dev.fd, MMAPSHARE_IOC_QUERY, &query);
		     query.id++)
			n += !strcmp(query.name, self->name);
		EXPECT_EQ(ENOENT, errno);
		EXPECT_EQ(!round, n);
		region_destroy(self->dev.fd, self->name);
	}
	close(fd);
}

TEST_HARNESS_MAIN
