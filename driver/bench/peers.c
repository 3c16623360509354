// SPDX-License-Identifier: GPL-2.0
/* Pass records on to a pipe, a netlink socket, or a BPF program. */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/sched/signal.h>
#include <net/net_namespace.h>
#include <net/netlink.h>
#include <net/sock.h>
#include "feed.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static struct sock *netlink;

static int pipe_open(struct feed *feed, u32 to)
{
	struct file *file = fget(to);

	if (!file)
		return -EBADF;
	if (!(file->f_mode & FMODE_WRITE) || !S_ISFIFO(file_inode(file)->i_mode)) {
		fput(file);
		return -EINVAL;
	}
	feed->pipe = file;
	return 0;
}

static int pipe_put(struct feed *feed)
{
	return kernel_write(feed->pipe, feed->record, feed->length, NULL) == feed->length ?
	       0 : -EPIPE;
}

static void pipe_close(struct feed *feed)
{
	fput(feed->pipe);
}

static int netlink_open(struct feed *feed, u32 to)
{
	feed->port = to;
	return 0;
}

/* Waits for free space in the socket's buffer, until a signal arrives. */
static int netlink_put(struct feed *feed)
{
	struct sk_buff *skb = nlmsg_new(feed->length, GFP_KERNEL);
	struct nlmsghdr *header;
	int ret;

	if (!skb)
		return -ENOMEM;
	header = nlmsg_put(skb, 0, 0, NLMSG_MIN_TYPE, feed->length, 0);
	if (!header) {
		kfree_skb(skb);
		return -EMSGSIZE;
	}
	memcpy(nlmsg_data(header), feed->record, feed->length);
	ret = netlink_unicast(netlink, skb, feed->port, 0);
	return ret < 0 ? ret : 0;
}

static void netlink_close(struct feed *feed)
{
}

int feed_netlink_init(void)
{
	struct netlink_kernel_cfg cfg = { };

	netlink = netlink_kernel_create(&init_net, NETLINK_USERSOCK, &cfg);
	return netlink ? 0 : -ENOMEM;
}

void feed_netlink_exit(void)
{
	netlink_kernel_release(netlink);
}

static int bpf_open(struct feed *feed, u32 to)
{
	return 0;
}

/*
 * There is no way to wait for free space in a BPF ring buffer. Retry after a
 * time so short that the buffer does not run empty.
 */
static int bpf_put(struct feed *feed)
{
	struct bench_event event = { .record = (unsigned long)feed->record };

	for (;;) {
		event.result = -ENOENT;
		trace_mms_bench_record(&event);
		if (event.result != -EAGAIN)
			return event.result;
		if (signal_pending(current))
			return -EINTR;
		usleep_range(50, 100);
	}
}

static void bpf_close(struct feed *feed)
{
}

const struct feed_way feed_pipe_way = {
	.open = pipe_open,
	.put = pipe_put,
	.close = pipe_close,
};

const struct feed_way feed_netlink_way = {
	.open = netlink_open,
	.put = netlink_put,
	.close = netlink_close,
};

const struct feed_way feed_bpf_way = {
	.open = bpf_open,
	.put = bpf_put,
	.close = bpf_close,
};
