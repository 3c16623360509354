// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous regions: reachable only through descriptors and mappings, including
 * inherited and passed ones.
 */
#include "region_test.h"

TEST_F(region, size_and_initial_zeroes)
{
	int fd = region_create(self->dev.fd, NULL);
	struct stat st;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fstat(fd, &st));
	EXPECT_EQ(REGION_SIZE, (size_t)st.st_size);
	EXPECT_EQ(0, kernel_checksum(fd, 0, 0));
	EXPECT_EQ(REGION_SIZE, (size_t)lseek(fd, 0, SEEK_END));
	close(fd);
}

TEST_F(region, shown_in_proc)
{
	int fd = region_create(self->dev.fd, NULL), n;
	char path[64], text[4096] = { };

	ASSERT_LE(0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ASSERT_LT(0, readlink(path, text, sizeof(text) - 1));
	EXPECT_EQ(0, strncmp(text, "mmapshare:[", 11)) TH_LOG("%s", text);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	n = open(path, O_RDONLY | O_CLOEXEC);
	memset(text, 0, sizeof(text));
	ASSERT_LT(0, read(n, text, sizeof(text) - 1));
	EXPECT_NE(NULL, strstr(text, "mmapshare-size:\t65536\n"));
	EXPECT_EQ(NULL, strstr(text, "mmapshare-name:"));
	close(n);
	close(fd);
}

static int store_in_child(void *arg)
{
	int fd = *(int *)arg;

	return pwrite(fd, "child", 5, 0) != 5;
}

TEST_F(region, inherited_by_fork)
{
	int fd = region_create(self->dev.fd, NULL);
	char *mem;

	ASSERT_LE(0, fd);
	mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, mem);
	EXPECT_EQ(0, run_child(store_in_child, &fd));
	EXPECT_EQ(0, memcmp(mem, "child", 5));
	munmap(mem, REGION_SIZE);
	close(fd);
}

static int create_and_send(void *arg)
{
	int *ends = arg, control = open(DEVICE, O_RDWR | O_CLOEXEC);
	int fd = region_create(control, NULL);

	if (fd < 0 || pwrite(fd, "sent", 4, 0) != 4)
		return 1;
	return pass_fd(ends[1], &fd, true) ? 2 : 0;
}

/* The sender has exited: the socket's queue holds the only reference. */
TEST_F(region, passed_by_socket)
{
	char text[4] = { };
	int ends[2], fd;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	ASSERT_EQ(0, run_child(create_and_send, ends));
	ASSERT_EQ(0, pass_fd(ends[0], &fd, false));
	EXPECT_EQ(4, pread(fd, text, 4, 0));
	EXPECT_EQ(0, memcmp(text, "sent", 4));
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(region, mapping_keeps_it_alive)
{
	int fd = region_create(self->dev.fd, NULL);
	volatile char *mem;

	ASSERT_LE(0, fd);
	mem = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)mem);
	close(fd);
	mem[REGION_SIZE - 1] = 'x';
	EXPECT_EQ('x', mem[REGION_SIZE - 1]);
	EXPECT_EQ(0, mem[0]);
	munmap((void *)mem, REGION_SIZE);
}

TEST_HARNESS_MAIN
