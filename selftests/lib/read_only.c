// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: what is handed out for reading only can be read, and no more. */
#include "lib_test.h"

static struct mmapshare *const untouched = (void *)1;

/* 0, or what is wrong. */
static int reads(const struct mmapshare *reader, char wanted)
{
	char byte = 0, *p;

	if (mmapshare_size(reader) != REGION_SIZE)
		return 1;
	if (mmapshare_read(reader, 5, &byte, 1) != 1 || byte != wanted)
		return 2;
	if (mmapshare_map(reader, MMAPSHARE_READ, 5, 1, (void **)&p) || *p != wanted)
		return 3;
	mmapshare_unmap(p, 1);
	if (mmapshare_map(reader, MMAPSHARE_COPY, 5, 1, (void **)&p) || *p != wanted)
		return 4;
	*p = 'c';
	mmapshare_unmap(p, 1);
	return mmapshare_read(reader, 5, &byte, 1) == 1 && byte == wanted ? 0 : 5;
}

static int does_not_store(struct mmapshare *reader)
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

TEST_F(lib, reads_and_no_more)
{
	struct mmapshare *reader, *again;

	ASSERT_EQ(0, mmapshare_read_only(&reader, self->region));
	EXPECT_NE(mmapshare_fd(self->region), mmapshare_fd(reader));
	EXPECT_EQ(FD_CLOEXEC, fcntl(mmapshare_fd(reader), F_GETFD));
	ASSERT_EQ(1, mmapshare_write(self->region, 5, "w", 1));
	EXPECT_EQ(0, reads(reader, 'w'));
	EXPECT_EQ(0, does_not_store(reader));
	/* and nor does what is made of it */
	ASSERT_EQ(0, mmapshare_read_only(&again, reader));
	EXPECT_EQ(0, does_not_store(again));
	mmapshare_close(reader);
	EXPECT_EQ(0, reads(again, 'w'));
	mmapshare_close(again);
	/* the one that it was made of does what it did */
	EXPECT_EQ(1, mmapshare_write(self->region, 5, "x", 1));
}

/* It is a participant of its own. */
TEST_F(lib, waits)
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

static int look_at_what_comes(void *arg)
{
	struct mmapshare *reader;
	int ret;

	if (!geteuid() && (setgid(65534) || setuid(65534)))
		return 255;
	if (mmapshare_receive(*(int *)arg, &reader))
		return 254;
	ret = reads(reader, 's');
	return ret ? ret : does_not_store(reader);
}

TEST_F(lib, sent_to_others)
{
	struct mmapshare *reader;
	int sockets[2];

	ASSERT_EQ(1, mmapshare_write(self->region, 5, "s", 1));
	ASSERT_EQ(0, mmapshare_read_only(&reader, self->region));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, mmapshare_send(sockets[0], reader));
	mmapshare_close(reader);
	EXPECT_EQ(0, run_child(look_at_what_comes, &sockets[1]));
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(lib, of_what_may_not_be_read)
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
