// SPDX-License-Identifier: GPL-2.0
/* Invalid control ioctls return the documented errno and create no region. */
#include "region_test.h"

/* The number of named regions. */
static int count_regions(int control)
{
	struct mmapshare_query query = {
		.size = sizeof(query),
		.flags = MMAPSHARE_QUERY_NEXT,
	};
	int n = 0;

	while (!ioctl(control, MMAPSHARE_IOC_QUERY, &query)) {
		n++;
		query.id++;
	}
	return n;
}

#define EXPECT_REFUSED(error, ...)						\
	do {									\
		const int before = count_regions(self->dev.fd);			\
		EXPECT_EQ(-(error), region_create_as(self->dev.fd, __VA_ARGS__)); \
		EXPECT_EQ(before, count_regions(self->dev.fd));			\
	} while (0)

TEST_F(region, bad_names)
{
	static const char * const bad[] = {
		".", "..", "a/b", "/", "a b", "a!", "\n", "a\x80", "\xc3\xa4",
		"*", "a\\b", "~",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		EXPECT_REFUSED(EINVAL, bad[i], REGION_SIZE, 0, 0600);
}

TEST_F(region, unterminated_name)
{
	char name[MMAPSHARE_NAME_SIZE + 1] = { };

	memset(name, 'n', MMAPSHARE_NAME_SIZE);
	EXPECT_REFUSED(EINVAL, name, REGION_SIZE, 0, 0600);
}

TEST_F(region, nonzero_bytes_after_name)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = REGION_SIZE,
		.mode = 0600,
		.name = "a\0b",
	};

	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create));
	EXPECT_EQ(EINVAL, errno);
	create.name[0] = '\0';
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(region, bad_sizes)
{
	EXPECT_REFUSED(EINVAL, self->name, 0, 0, 0600);
	EXPECT_REFUSED(ERANGE, self->name, ~0ULL, 0, 0600);
	EXPECT_REFUSED(ERANGE, self->name, 1ULL << 63, 0, 0600);
	EXPECT_REFUSED(ERANGE, self->name, 1ULL << 43, 0, 0600);
	EXPECT_REFUSED(ERANGE, self->name, 1ULL << 40, 0, 0600);
	/* rounded up to 1 TiB */
	EXPECT_REFUSED(ERANGE, self->name, (1ULL << 40) - self->dev.page + 1, 0, 0600);
	EXPECT_REFUSED(ENOSPC, self->name, (1ULL << 40) - self->dev.page, 0, 0600);
}

TEST_F(region, bad_strategies)
{
	EXPECT_REFUSED(EINVAL, self->name, REGION_SIZE, MMAPSHARE_STRATEGY_RESERVED + 1,
		       0600);
	EXPECT_REFUSED(EINVAL, self->name, REGION_SIZE, ~0U, 0600);
}

TEST_F(region, bad_modes)
{
	EXPECT_REFUSED(EINVAL, self->name, REGION_SIZE, 0, 01000);
	EXPECT_REFUSED(EINVAL, self->name, REGION_SIZE, 0, ~0U);
	/* an anonymous region has no node for the mode */
	EXPECT_REFUSED(EINVAL, NULL, REGION_SIZE, 0, 0600);
}

TEST_F(region, bad_flags)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.flags = MMAPSHARE_CREATE_CLOEXEC << 1,
		.region_size = REGION_SIZE,
	};
	struct mmapshare_destroy_args destroy = {
		.size = sizeof(destroy),
		.flags = MMAPSHARE_DESTROY_REVOKE << 1,
		.name = "x",
	};
	struct mmapshare_query query = {
		.size = sizeof(query),
		.flags = MMAPSHARE_QUERY_NEXT << 1,
		.name = "x",
	};

	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, &create));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_DESTROY, &destroy));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_QUERY, &query));
	EXPECT_EQ(EINVAL, errno);
	query.flags = 0;
	query.ring = 1;
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_QUERY, &query));
	EXPECT_EQ(EINVAL, errno);
}

TEST_F(region, existing_names)
{
	int fd = region_create(self->dev.fd, self->name);

	ASSERT_LE(0, fd);
	EXPECT_REFUSED(EEXIST, self->name, REGION_SIZE, 0, 0600);
	close(fd);
	EXPECT_REFUSED(EEXIST, self->name, REGION_SIZE, 0, 0600);
}

TEST_F(region, unknown_names)
{
	struct mmapshare_query query;

	EXPECT_EQ(ENOENT, region_destroy(self->dev.fd, self->name));
	EXPECT_EQ(ENOENT, region_query(self->dev.fd, self->name, &query));
	EXPECT_EQ(EINVAL, region_destroy(self->dev.fd, "a b"));
	EXPECT_EQ(EINVAL, region_query(self->dev.fd, "", &query));
}

TEST_F(region, control_needs_write_access)
{
	int reader = open(DEVICE, O_RDONLY | O_CLOEXEC);
	int fd = region_create(self->dev.fd, self->name);
	struct mmapshare_query query;

	ASSERT_LE(0, reader);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-EBADF, region_create(reader, NULL));
	EXPECT_EQ(EBADF, region_destroy(reader, self->name));
	EXPECT_EQ(0, region_query(reader, self->name, &query));
	close(reader);
	close(fd);
}

TEST_F(region, control_by_default_region_only)
{
	int fd = region_create(self->dev.fd, self->name);
	struct mmapshare_query query;

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTTY, region_create(fd, NULL));
	EXPECT_EQ(ENOTTY, region_destroy(fd, self->name));
	EXPECT_EQ(ENOTTY, region_query(fd, self->name, &query));
	close(fd);
}

TEST_F(region, bad_pointers)
{
	struct mmapshare_create_args create = {
		.size = sizeof(create),
		.region_size = REGION_SIZE,
		.mode = 0600,
	};
	void *page = mmap(NULL, self->dev.page, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const int before = count_regions(self->dev.fd);

	ASSERT_NE(MAP_FAILED, page);
	strcpy(create.name, self->name);
	memcpy(page, &create, sizeof(create));
	ASSERT_EQ(0, mprotect(page, self->dev.page, PROT_READ));
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, page));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_CREATE, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_DESTROY, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->dev.fd, MMAPSHARE_IOC_QUERY, NULL));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(before, count_regions(self->dev.fd));
	munmap(page, self->dev.page);
}

TEST_F(region, descriptor_table_full)
{
	int fds[1024], n = 0;

	while (n < 1024) {
		fds[n] = dup(self->dev.fd);
		if (fds[n] < 0)
			break;
		n++;
	}
	if (n == 1024)
		SKIP(goto out, "more than 1024 descriptors allowed");
	EXPECT_EQ(-EMFILE, region_create(self->dev.fd, self->name));
	EXPECT_EQ(-1, access(region_node(self->name), F_OK));
out:
	while (n--)
		close(fds[n]);
}

TEST_HARNESS_MAIN
