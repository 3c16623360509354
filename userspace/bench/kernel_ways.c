// SPDX-License-Identifier: MIT
/*
 * Receive records from the kernel: from a ring, by read(2), from a pipe, or
 * from a netlink socket.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <mmapshare_inline.h>
#include "bench.h"
#include "kernel.h"

#define SPINS		200
#define BATCH		16
/*
 * A sleeping consumer is woken when this number of bytes is available, or after
 * this number of nanoseconds.
 */
#define WAKE_BYTES	(BENCH_SIZE / 16)
#define WAIT_TIMEOUT	1000000
#define PIPE_READ	65536
#define MESSAGES	64
#define MESSAGE_MAX	(NLMSG_HDRLEN + BENCH_LENGTH_MAX)

static struct mmapshare_endpoint *attach(int fd, uint32_t wake_bytes)
{
	struct mmapshare_endpoint *ep;
	struct mmapshare *region;

	check("mmapshare_open_fd", !mmapshare_open_fd(&region, fd));
	check("attach", !mmapshare_ring_attach(&ep, region, MMAPSHARE_RING_ATTACH_CONSUMER));
	mmapshare_close(region);
	mmapshare_ring_set_spins(ep, SPINS);
	mmapshare_ring_set_wake_bytes(ep, wake_bytes);
	return ep;
}

/* Release @batch records at a time. */
static void drain_ring(struct feed *feed, unsigned int batch, uint32_t wake_bytes)
{
	struct mmapshare_endpoint *ep = attach(feed->ring, wake_bytes);
	unsigned int held = 0;
	const void *record;
	size_t length;
	int ret;

	while (!is_done(feed)) {
		ret = mmapshare_ring_next(ep, &record, &length);
		if (!ret) {
			check("length of a record", length == feed->length);
			count_record(feed, record);
		}
		if (ret || ++held == batch) {
			check("release", !mmapshare_ring_release(ep));
			held = 0;
		}
		if (ret) {
			check("next", ret == -EAGAIN);
			ret = mmapshare_ring_wait(ep, 0, WAIT_TIMEOUT);
			check("wait", !ret || ret == -ETIMEDOUT);
		}
	}
	mmapshare_ring_close(ep);
}

static void ring_drain(struct feed *feed)
{
	drain_ring(feed, 1, WAKE_BYTES);
}

static void ring_drain_eagerly(struct feed *feed)
{
	drain_ring(feed, 1, 0);
}

static void ring_drain_by_16(struct feed *feed)
{
	drain_ring(feed, BATCH, WAKE_BYTES);
}

static void read_drain(struct feed *feed)
{
	char record[BENCH_LENGTH_MAX] __attribute__((aligned(8)));

	while (!is_done(feed)) {
		check("read", read(feed->device, record, sizeof(record)) ==
			      (ssize_t)feed->length);
		count_record(feed, record);
	}
}

static uint32_t pipe_begin(struct feed *feed)
{
	int *fd = calloc(2, sizeof(*fd));

	check("memory", fd);
	check("pipe", !pipe2(fd, O_CLOEXEC));
	check("F_SETPIPE_SZ", fcntl(fd[1], F_SETPIPE_SZ, BENCH_SIZE) >= 0);
	feed->own = fd;
	return fd[1];
}

/*
 * Reads at most @size bytes at a time; an incomplete record is kept for the
 * next read.
 */
static void drain_pipe(struct feed *feed, size_t size)
{
	char buffer[PIPE_READ + BENCH_LENGTH_MAX] __attribute__((aligned(8)));
	const int *fd = feed->own;
	size_t filled = 0, i;
	ssize_t n;

	while (!is_done(feed)) {
		n = read(fd[0], buffer + filled, size - filled);
		check("read", n > 0);
		filled += n;
		for (i = 0; i + feed->length <= filled; i += feed->length)
			count_record(feed, buffer + i);
		memmove(buffer, buffer + i, filled - i);
		filled -= i;
	}
}

static void pipe_drain(struct feed *feed)
{
	drain_pipe(feed, feed->length);
}

static void pipe_drain_64k(struct feed *feed)
{
	drain_pipe(feed, PIPE_READ);
}

static void pipe_end(struct feed *feed)
{
	int *fd = feed->own;

	close(fd[0]);
	close(fd[1]);
	free(fd);
}

static uint32_t netlink_begin(struct feed *feed)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t length = sizeof(addr);
	const int size = BENCH_SIZE, yes = 1;
	int *fd = malloc(sizeof(*fd));

	check("memory", fd);
	*fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	check("netlink", *fd >= 0 && !bind(*fd, (struct sockaddr *)&addr, sizeof(addr)) &&
	      !getsockname(*fd, (struct sockaddr *)&addr, &length));
	check("SO_RCVBUFFORCE", !setsockopt(*fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
					    sizeof(size)));
	check("NETLINK_NO_ENOBUFS", !setsockopt(*fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &yes,
						sizeof(yes)));
	feed->own = fd;
	return addr.nl_pid;
}

/* Receives as many messages with one call as are queued, up to MESSAGES. */
static void netlink_drain(struct feed *feed)
{
	static char buffers[MESSAGES][MESSAGE_MAX] __attribute__((aligned(8)));
	struct mmsghdr messages[MESSAGES] = { 0 };
	struct iovec iov[MESSAGES];
	const int *fd = feed->own;
	int i, n;

	for (i = 0; i < MESSAGES; i++) {
		iov[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	while (!is_done(feed)) {
		n = recvmmsg(*fd, messages, MESSAGES, MSG_WAITFORONE, NULL);
		check("recvmmsg", n > 0);
		for (i = 0; i < n; i++) {
			check("message", messages[i].msg_len == NLMSG_LENGTH(feed->length));
			count_record(feed, buffers[i] + NLMSG_HDRLEN);
		}
	}
}

static void netlink_end(struct feed *feed)
{
	int *fd = feed->own;

	close(*fd);
	free(fd);
}

const struct kernel_way kernel_ring = {
	.name = "ring",
	.way = BENCH_RING,
	.drain = ring_drain,
};

const struct kernel_way kernel_ring_by_16 = {
	.name = "ring-by-16",
	.way = BENCH_RING,
	.drain = ring_drain_by_16,
};

const struct kernel_way kernel_ring_eager = {
	.name = "ring-eager",
	.way = BENCH_RING,
	.drain = ring_drain_eagerly,
};

const struct kernel_way kernel_read = {
	.name = "read",
	.way = BENCH_QUEUE,
	.drain = read_drain,
};

const struct kernel_way kernel_pipe = {
	.name = "pipe",
	.way = BENCH_PIPE,
	.begin = pipe_begin,
	.drain = pipe_drain,
	.end = pipe_end,
};

const struct kernel_way kernel_pipe_64k = {
	.name = "pipe-64k",
	.way = BENCH_PIPE,
	.begin = pipe_begin,
	.drain = pipe_drain_64k,
	.end = pipe_end,
};

const struct kernel_way kernel_netlink = {
	.name = "netlink",
	.way = BENCH_NETLINK,
	.begin = netlink_begin,
	.drain = netlink_drain,
	.end = netlink_end,
};
