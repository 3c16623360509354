// SPDX-License-Identifier: GPL-2.0
/*
 * A task that holds the lock of /dev over a page fault delays only the creation
 * of regions: existing ones can be opened and queried, and a task that destroys
 * one can be killed.
 */
#include "stuck_page.h"

FIXTURE(directory) {
	struct device dev;
	char present[32], doomed[32], created[32];
	pid_t reader, creator;
};

/* The core fills the buffer with the lock of the directory held. */
static int read_directory(void *arg)
{
	const int fd = open("/dev", O_RDONLY | O_DIRECTORY);

	return syscall(SYS_getdents64, fd, stuck_page(), 4096) < 0;
}

static int create(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;

	return region_create(self->dev.fd, self->created) < 0;
}

static int open_node(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;
	char path[64];

	snprintf(path, sizeof(path), DEVICE "-%s", self->present);
	return open(path, O_RDWR) < 0;
}

static int query(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;
	struct mmapshare_query facts;

	return region_query(self->dev.fd, self->present, &facts);
}

static int query_doomed(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;
	struct mmapshare_query facts;

	return region_query(self->dev.fd, self->doomed, &facts);
}

static int query_created(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;
	struct mmapshare_query facts;

	return region_query(self->dev.fd, self->created, &facts);
}

static int destroy(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;

	return region_destroy(self->dev.fd, self->doomed);
}

FIXTURE_SETUP(directory)
{
	DEVICE_OPEN(&self->dev, O_RDWR);
	if (!stuck_page())
		SKIP(return, "no userfaultfd");
	snprintf(self->present, sizeof(self->present), "present.%d", getpid());
	snprintf(self->doomed, sizeof(self->doomed), "doomed.%d", getpid());
	snprintf(self->created, sizeof(self->created), "created.%d", getpid());
	ASSERT_LE(0, region_create(self->dev.fd, self->present));
	ASSERT_LE(0, region_create(self->dev.fd, self->doomed));
	self->reader = start_task(read_directory, self);
	ASSERT_TRUE(is_stuck(self->reader));
	self->creator = start_task(create, self);
	ASSERT_TRUE(is_stuck(self->creator));
}

FIXTURE_TEARDOWN(directory)
{
	kill(self->reader, SIGKILL);
	waitpid(self->reader, NULL, 0);
	waitpid(self->creator, NULL, 0);
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->created));
	EXPECT_EQ(0, region_destroy(self->dev.fd, self->present));
	region_destroy(self->dev.fd, self->doomed);
	close(self->dev.fd);
}

TEST_F(directory, open)
{
	EXPECT_EQ(0, run_patiently(open_node, self));
}

TEST_F(directory, query)
{
	EXPECT_EQ(0, run_patiently(query, self));
	EXPECT_EQ(ENOENT, run_patiently(query_created, self));
}

/* The name is removed at once, the node when the directory's lock is free. */
TEST_F(directory, destroy)
{
	const pid_t pid = start_task(destroy, self);

	ASSERT_TRUE(is_stuck(pid));
	EXPECT_EQ(ENOENT, run_patiently(query_doomed, self));
	EXPECT_TRUE(can_be_killed(pid));
}

static int destroy_revoke(void *arg)
{
	FIXTURE_DATA(directory) *self = arg;

	return region_destroy_revoke(self->dev.fd, self->doomed);
}

/* The region is revoked at once, although its node is not removed yet. */
TEST_F(directory, destroy_revoke)
{
	const int fd = open(region_node(self->doomed), O_RDWR);
	char *mem = mmap(NULL, REGION_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	pid_t pid;

	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, mem[0]);
	pid = start_task(destroy_revoke, self);
	ASSERT_TRUE(is_stuck(pid));
	EXPECT_EQ(SIGBUS, run_child(load_byte, mem));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	munmap(mem, REGION_SIZE);
	close(fd);
}

TEST_HARNESS_MAIN
