// SPDX-License-Identifier: GPL-2.0
/*
 * libmmapshare: a handle of mmapshare_read_only() allows reads, but no writes.
 */
#include "lib_test.h"

static struct mmapshare *const untouched = (void *)1;

/* Returns 0, or the number of the failed check. */
static int check_reads(const struct mmapshare *reader, char expected)
{
	char byte = 0, *p;

	if (mmapshare_size(reader) != REGION_SIZE)
		return 1;
	if (mmapshare_read(reader, 5, &byte, 1) != 1 || byte != expected)
		return 2;
	if (mmapshare_map(reader, MMAPSHARE_READ, 5, 1, (void **)&p) || *p != expected)
		return 3;
	mmapshare_unmap(p, 1);
	if (mmapshare_map(reader, MMAPSHARE_COPY, 5, 1, (void **)&p) || *p != expected)
		return 4;
	*p = 'c';
	mmapshare_unmap(p, 1);
	return mmapshare_read(reader, 5, &byte, 1) == 1 && byte == expected ? 0 : 5;
}

/* Returns 0, or the number of the failed check. */
static int check_no_writes(struct mmapshare *reader)
{
	struct mmapshare *writer;
	char path[64];
	int ret;
	char *p;

	if (mmapshare_write(reader, 5, "x", 1) != -EBADF)
		return 11;
	if (mmapshare_fill(reader, 5, 1, "x", 1) != -EBADF)
		return 12;
	if (mmapshare_map(reader, MMAPSHARE_WRITE, 5, 1, (void **)&p) != -EACCES)
		return 13;
	if (mmapshare_notify(reader) != -EBADF)
		return 14;
	if (mmapshare_seal(reader, MMAPSHARE_SEAL_WRITE, NULL) != -EBADF)
		return 15;
	if (mmapshare_map(reader, MMAPSHARE_READ, 0, 1, (void **)&p))
		return 16;
	if (mprotect(p, 1, PROT_READ | PROT_WRITE) != -1 || errno != EACCES)
		return 17;
	mmapshare_unmap(p, 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", mmapshare_fd(reader));
	ret = mmapshare_open(&writer, path, MMAPSHARE_WRITE);
	return ret == -ENXIO || ret == -EACCES ? 0 : 18;
}

TEST_F(lib, access)
{
	struct mmapshare *reader, *again;

	ASSERT_EQ(0, mmapshare_read_only(&reader, self->region));
	EXPECT_NE(mmapshare_fd(self->region), mmapshare_fd(reader));
	EXPECT_EQ(FD_CLOEXEC, fcntl(mmapshare_fd(reader), F_GETFD));
	ASSERT_EQ(1, mmapshare_write(self->region, 5, "w", 1));
	EXPECT_EQ(0, check_reads(reader, 'w'));
	EXPECT_EQ(0, check_no_writes(reader));
	/* a read-only handle of a read-only handle */
	ASSERT_EQ(0, mmapshare_read_only(&again, reader));
	EXPECT_EQ(0, check_no_writes(again));
	mmapshare_close(reader);
	EXPECT_EQ(0, check_reads(again, 'w'));
	mmapshare_close(again);
	/* the original handle is still writable */
	EXPECT_EQ(1, mmapshare_write(self->region, 5, "x", 1));
}

/* The handle counts as an open file of its own for the doorbell. */
TEST_F(lib, doorbell)
{
	struct mmapshare *reader;
	uint64_t count = 0;

	ASSERT_EQ(0, mmapshare_read_only(&reader, self->region));
	EXPECT_EQ(-ETIMEDOUT, mmapshare_wait(reader, &count, 0));
	ASSERT_EQ(0, mmapshare_notify(self->region));
	EXPECT_EQ(0, mmapshare_wait(reader, &count, -1));
	EXPECT_EQ(1U, count);
	mmapshare_close(self->region);
	self->region = NULL;
	EXPECT_EQ(-EPIPE, mmapshare_wait(reader, &count, -1));
	mmapshare_close(reader);
}

static int receive_and_check(void *arg)
{
	struct mmapshare *reader;
	int ret;

	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return 255;
	if (mmapshare_receive(*(int *)arg, &reader))
		return 254;
	ret = check_reads(reader, 's');
	return ret ? ret : check_no_writes(reader);
}

TEST_F(lib, sent_to_other_user)
{
	struct mmapshare *reader;
	int sockets[2];

	ASSERT_EQ(1, mmapshare_write(self->region, 5, "s", 1));
	ASSERT_EQ(0, mmapshare_read_only(&reader, self->region));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, mmapshare_send(sockets[0], reader));
	mmapshare_close(reader);
	EXPECT_EQ(0, run_child(receive_and_check, &sockets[1]));
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(lib, of_write_only_handle)
{
	struct mmapshare *writer, *reader = untouched;
	int fd = open(DEVICE, O_WRONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, mmapshare_open_fd(&writer, fd));
	EXPECT_EQ(-EBADF, mmapshare_read_only(&reader, writer));
	EXPECT_EQ(untouched, reader);
	mmapshare_close(writer);
}

TEST_HARNESS_MAIN
