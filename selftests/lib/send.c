// SPDX-License-Identifier: GPL-2.0
/* libmmapshare: send and receive regions; other messages are refused. */
#include "lib_test.h"
#include <dirent.h>
#include <sys/socket.h>
#include <sys/uio.h>

static struct mmapshare *const untouched = (void *)1;

static int count_open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* Send @bytes bytes and the first @count of @fds. Returns 0 or minus errno. */
static int send_fds(int socket, size_t bytes, const int *fds, size_t count)
{
	char data[2] = "", control[CMSG_SPACE(100 * sizeof(int))] = "";
	struct iovec iov = { data, bytes };
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = count ? control : NULL,
		.msg_controllen = count ? CMSG_SPACE(count * sizeof(int)) : 0,
	};

	if (count) {
		struct cmsghdr *c = CMSG_FIRSTHDR(&message);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(socket, &message, 0) < 0 ? -errno : 0;
}

/* Receive a region and write to it. Returns 0, or the failed check. */
static int receive_and_write(void *arg)
{
	struct mmapshare *region;
	int *sockets = arg;
	char *p;

	close(sockets[0]);
	if (mmapshare_receive(sockets[1], &region))
		return 1;
	if (fcntl(mmapshare_fd(region), F_GETFD) != FD_CLOEXEC)
		return 2;
	if (mmapshare_map(region, MMAPSHARE_WRITE, 7, 1, (void **)&p))
		return 3;
	*p = 'x';
	return 0;
}

TEST_F(lib, to_another_process)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	int sockets[2];
	char byte;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++) {
		ASSERT_EQ(0, socketpair(AF_UNIX, types[i], 0, sockets));
		ASSERT_EQ(0, mmapshare_fill(self->region, 0, 100, "", 1));
		ASSERT_EQ(0, mmapshare_send(sockets[0], self->region));
		EXPECT_EQ(0, run_child(receive_and_write, sockets));
		ASSERT_EQ(1, mmapshare_read(self->region, 7, &byte, 1));
		EXPECT_EQ('x', byte);
		close(sockets[0]);
		close(sockets[1]);
	}
}

TEST_F(lib, several_messages)
{
	struct mmapshare *region;
	int i, sockets[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	for (i = 0; i < 3; i++)
		ASSERT_EQ(0, mmapshare_send(sockets[0], self->region));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, mmapshare_receive(sockets[1], &region));
		EXPECT_EQ(REGION_SIZE, mmapshare_size(region));
		mmapshare_close(region);
	}
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(lib, with_credentials)
{
	struct mmapshare *region;
	int sockets[2], on = 1;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
	ASSERT_EQ(0, setsockopt(sockets[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	ASSERT_EQ(0, mmapshare_send(sockets[0], self->region));
	ASSERT_EQ(0, mmapshare_receive(sockets[1], &region));
	mmapshare_close(region);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(lib, invalid_messages)
{
	struct mmapshare *region = untouched;
	int i, before, sockets[2], fds[100];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	for (i = 0; i < 100; i++)
		fds[i] = mmapshare_fd(self->region);
	before = count_open_files();

	ASSERT_EQ(0, send_fds(sockets[0], 1, sockets, 1));
	EXPECT_EQ(-ENOTTY, mmapshare_receive(sockets[1], &region));
	ASSERT_EQ(0, send_fds(sockets[0], 1, NULL, 0));
	EXPECT_EQ(-EBADMSG, mmapshare_receive(sockets[1], &region));
	ASSERT_EQ(0, send_fds(sockets[0], 2, fds, 1));
	EXPECT_EQ(-EBADMSG, mmapshare_receive(sockets[1], &region));
	ASSERT_EQ(0, send_fds(sockets[0], 1, fds, 2));
	EXPECT_EQ(-EBADMSG, mmapshare_receive(sockets[1], &region));
	ASSERT_EQ(0, send_fds(sockets[0], 1, fds, 100));
	EXPECT_EQ(-EBADMSG, mmapshare_receive(sockets[1], &region));
	EXPECT_EQ(before, count_open_files());
	EXPECT_EQ(untouched, region);

	close(sockets[0]);
	EXPECT_EQ(-EPIPE, mmapshare_receive(sockets[1], &region));
	EXPECT_EQ(-EPIPE, mmapshare_send(sockets[1], self->region));
	EXPECT_EQ(-EBADF, mmapshare_receive(-1, &region));
	EXPECT_EQ(-EBADF, mmapshare_send(-1, self->region));
	close(sockets[1]);
}

TEST_HARNESS_MAIN
