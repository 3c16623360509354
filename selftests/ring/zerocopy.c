// SPDX-License-Identifier: GPL-2.0
/*
 * Records go to a socket straight out of the ring, and come from a file straight
 * into it: the kernel pins the pages of the mapping, and copies no byte in between
 * for the program. A consumer releases the records when the kernel says that it has
 * done with them.
 */
#include "ring_test.h"
#include "uring_test.h"
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define RECORDS		24
#define LENGTH		1000U
#define STEP		(8 + LENGTH)	/* a record with its header */

/* In a network namespace of its own, which has a loopback device that is down. */
static bool make_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd;

	if (unshare(CLONE_NEWNET))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		return false;
	close(fd);
	return true;
}

/* Connect two sockets by TCP, which can send without a copy. */
static bool connect_pair(int pair[2])
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(to);
	int listener, one = 1;
	bool ok;

	if (!make_network())
		return false;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pair[1] = -1;
	ok = !bind(listener, (struct sockaddr *)&to, sizeof(to)) && !listen(listener, 1) &&
	     !getsockname(listener, (struct sockaddr *)&to, &size) &&
	     !connect(pair[0], (struct sockaddr *)&to, sizeof(to)) &&
	     !setsockopt(pair[0], SOL_SOCKET, SO_ZEROCOPY, &one, sizeof(one));
	if (ok)
		pair[1] = accept(listener, NULL, NULL);
	close(listener);
	return pair[1] >= 0;
}

#define CONNECT(pair)							\
	do {								\
		if (!connect_pair(pair))				\
			SKIP(return, "needs root, and TCP in a network namespace: %s", \
			     strerror(errno));				\
	} while (0)

static bool read_all(int fd, char *buf, size_t size)
{
	ssize_t n;

	for (; size; buf += n, size -= n) {
		n = read(fd, buf, size);
		if (n <= 0)
			return false;
	}
	return true;
}

/* Are these the records from @seq on? */
static bool are_records(const char *bytes, uint64_t seq)
{
	int i;

	for (i = 0; i < RECORDS; i++, bytes += STEP) {
		const struct mmapshare_record *record = (const void *)bytes;

		if (record->length != LENGTH || record->seq != (uint32_t)(seq + i) ||
		    !same_bytes(record + 1, LENGTH, 0, seq + i))
			return false;
	}
	return true;
}

/* Fill half of the ring in advance, so that the records go round its end. */
static void put_records(struct __test_metadata *_metadata, FIXTURE_DATA(ring) *self)
{
	unsigned int i;

	for (i = 0; i < 50; i++)
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
	self->c.seq = 50;
	ring_release(&self->c, self->p.pos);
	for (i = 0; i < RECORDS; i++)
		ASSERT_TRUE(ring_put(&self->p, LENGTH));
}

/* Wait until the kernel has done with one MSG_ZEROCOPY call. */
static bool wait_for_zerocopy(int fd)
{
	struct pollfd poll_error = { .fd = fd };
	char control[128];
	struct msghdr msg = { .msg_control = control, .msg_controllen = sizeof(control) };
	struct sock_extended_err *error;

	if (poll(&poll_error, 1, 60 * 1000) != 1 || recvmsg(fd, &msg, MSG_ERRQUEUE) < 0)
		return false;
	error = (void *)CMSG_DATA(CMSG_FIRSTHDR(&msg));
	return error->ee_origin == SO_EE_ORIGIN_ZEROCOPY && !error->ee_errno;
}

TEST_F(ring, send)
{
	char bytes[RECORDS * STEP];
	int pair[2];

	CONNECT(pair);
	RING_ATTACH_BOTH(self);
	put_records(_metadata, self);
	/* one range: the mirror continues behind the end */
	ASSERT_EQ((ssize_t)sizeof(bytes), send(pair[0], endpoint_record(&self->c, self->c.pos),
					       sizeof(bytes), MSG_ZEROCOPY));
	ASSERT_TRUE(read_all(pair[1], bytes, sizeof(bytes)));
	ASSERT_TRUE(wait_for_zerocopy(pair[0]));
	self->c.seq += RECORDS;
	ring_release(&self->c, self->c.pos + sizeof(bytes));
	EXPECT_TRUE(are_records(bytes, 50));
	EXPECT_EQ(-1, ring_take(&self->c, self->buf, sizeof(self->buf)));
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
	close(pair[0]);
	close(pair[1]);
}

TEST_F(ring, io_uring_send)
{
	char bytes[RECORDS * STEP];
	struct io_uring uring;
	unsigned int flags;
	int pair[2], ret;

	CONNECT(pair);
	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	put_records(_metadata, self);
	io_uring_prep_send_zc(io_uring_get_sqe(&uring), pair[0],
			      endpoint_record(&self->c, self->c.pos), sizeof(bytes), 0, 0);
	io_uring_submit(&uring);
	ret = wait_for_completion(&uring, &flags, 60 * SECOND);
	if (ret == -EINVAL)
		SKIP(return, "no IORING_OP_SEND_ZC in this kernel");
	ASSERT_EQ((int)sizeof(bytes), ret);
	ASSERT_NE(0U, flags & IORING_CQE_F_MORE);
	ASSERT_TRUE(read_all(pair[1], bytes, sizeof(bytes)));
	/* the second completion: the kernel has done with the pages */
	ASSERT_LE(0, wait_for_completion(&uring, &flags, 60 * SECOND));
	ASSERT_NE(0U, flags & IORING_CQE_F_NOTIF);
	self->c.seq += RECORDS;
	ring_release(&self->c, self->c.pos + sizeof(bytes));
	EXPECT_TRUE(are_records(bytes, 50));
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
	io_uring_queue_exit(&uring);
	close(pair[0]);
	close(pair[1]);
}

/* A producer registers the records as a buffer, once, and reads files into them. */
TEST_F(ring, io_uring_registered)
{
	int file = memfd_create("records", MFD_CLOEXEC), i, ret;
	struct io_uring uring;
	struct iovec iov;
	char *record;

	ASSERT_LE(0, file);
	make_bytes(self->buf, LENGTH, 0, 0);
	ASSERT_EQ((ssize_t)LENGTH, write(file, self->buf, LENGTH));
	URING_SETUP(&uring);
	RING_ATTACH_BOTH(self);
	iov.iov_base = self->p.data;
	iov.iov_len = self->p.at.data_size;
	ret = io_uring_register_buffers(&uring, &iov, 1);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no buffers in mappings of a file on this kernel");
	ASSERT_EQ(0, ret);
	for (i = 0; i < 3; i++) {
		record = ring_reserve(&self->p, LENGTH);
		ASSERT_NE(NULL, record);
		io_uring_prep_read_fixed(io_uring_get_sqe(&uring), file, record, LENGTH, 0, 0);
		io_uring_submit(&uring);
		ASSERT_EQ((int)LENGTH, wait_for_completion(&uring, NULL, 60 * SECOND));
		ring_publish(&self->p);
		ASSERT_EQ((int)LENGTH, ring_take(&self->c, self->buf, sizeof(self->buf)));
		EXPECT_TRUE(same_bytes(self->buf, LENGTH, 0, 0));
	}
	endpoint_detach(&self->c);
	endpoint_detach(&self->p);
	io_uring_queue_exit(&uring);
	close(file);
}

TEST_HARNESS_MAIN
