// SPDX-License-Identifier: MIT
/* Pass regions to other processes through Unix sockets. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "lib.h"

/*
 * A control buffer. It has space for descriptors that the peer should not have
 * sent: they are received, and closed.
 */
union control {
	struct cmsghdr align;
	char bytes[256];
};

int mmapshare_send(int socket, const struct mmapshare *region)
{
	char byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union control control = { .bytes = "" };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_SPACE(sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&message);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &region->fd, sizeof(int));
	while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/*
 * Store the first descriptor in the message to @first and close the others.
 * Returns how many there were.
 */
static int take_fds(struct msghdr *message, int *first)
{
	int fd, count = 0;
	struct cmsghdr *c;
	size_t i;

	for (c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (i = 0; CMSG_LEN((i + 1) * sizeof(fd)) <= c->cmsg_len; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (count++)
				close(fd);
			else
				*first = fd;
		}
	}
	return count;
}

int mmapshare_receive(int socket, struct mmapshare **region)
{
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	union control control;
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control),
	};
	int fd = -1, count, ret;
	ssize_t n;

	do {
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	count = take_fds(&message, &fd);
	if (count == 1 && n == 1 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
		ret = mmapshare_open_fd(region, fd);
	else
		ret = n || count ? -EBADMSG : -EPIPE;
	if (ret && count)
		close(fd);
	return ret;
}
