// SPDX-License-Identifier: GPL-2.0
/*
 * Packets that the network devices of the initial network namespace receive and
 * send, in a ring set with one ring for each CPU: what AF_PACKET's TPACKET_V3 does.
 * An example of a network tap that uses mmapshare.
 *
 * The handler runs in softirqs and in tasks that send, on any CPU, and with PREEMPT_RT
 * in threads that can be preempted: MMAPSHARE_MULTI_PRODUCER allows that.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_vlan.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/skbuff.h>
#include <linux/sysfs.h>
#include <net/net_namespace.h>
#include <linux/mmapshare.h>
#include <mmapshare_ring.h>
#include "packets.h"

static unsigned long size = 4 << 20;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "Size of the ring of each CPU in bytes (default 4 MiB)");

static unsigned int snap = 65536;
module_param(snap, uint, 0444);
MODULE_PARM_DESC(snap, "Maximum number of bytes to record of a packet (default 65536)");

static struct mmapshare_set *packets;

/* Packets that were to be recorded, whether or not a ring had space */
static DEFINE_PER_CPU(unsigned long, seen);

static int seen_get(char *buffer, const struct kernel_param *kp)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(seen, cpu));
	return sysfs_emit(buffer, "%lu\n", sum);
}

static const struct kernel_param_ops seen_ops = { .get = seen_get };
module_param_cb(seen, &seen_ops, NULL, 0444);
MODULE_PARM_DESC(seen, "Number of packets so far; a reader got or lost each of them");

/* Copies as a tap must: the packet belongs to the network stack. */
static void packet_publish(const struct sk_buff *skb, const struct net_device *dev)
{
	struct mmapshare_source *source = mmapshare_set_this_cpu(packets);
	/* of a packet that was received, the header was taken off */
	const int header = dev_has_header(dev) ? skb->data - skb_mac_header(skb) : 0;
	const u32 length = skb->len + header, captured = min(length, snap);
	struct packet *packet;

	if (!mmapshare_source_wanted(source))
		return;
	this_cpu_inc(seen);
	packet = mmapshare_reserve(source, struct_size(packet, data, captured));
	if (IS_ERR(packet))
		return;
	packet->length = length;
	packet->captured = captured;
	packet->ifindex = dev->ifindex;
	packet->link = dev->type;
	packet->protocol = ntohs(skb->protocol);
	packet->vlan_proto = skb_vlan_tag_present(skb) ? ntohs(skb->vlan_proto) : 0;
	packet->vlan_tci = packet->vlan_proto ? skb_vlan_tag_get(skb) : 0;
	/* fails if the payload is in memory of a device: record no byte of it */
	if (skb_copy_bits(skb, -header, packet->data, captured)) {
		packet->captured = 0;
		mmapshare_trim(source, packet, sizeof(*packet));
	}
	mmapshare_set_type(source, packet, skb->pkt_type);
	mmapshare_commit(source, packet);
}

static int packet_handle(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
			 struct net_device *orig_dev)
{
	/* before 6.17 the packets of all namespaces come here */
	if (skb->pkt_type != PACKET_LOOPBACK && net_eq(dev_net(dev), &init_net))
		packet_publish(skb, dev);
	consume_skb(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type handler = {
	.type = cpu_to_be16(ETH_P_ALL),
	.func = packet_handle,
	.af_packet_net = &init_net,
};

static int __init packets_init(void)
{
	struct mmapshare_params params = {
		.name = "packets",
		.mode = 0600,		/* packets of any user */
		.consumers = 4,
		.features = MMAPSHARE_RING_FEAT_MONOTONIC | MMAPSHARE_RING_FEAT_CPU |
			    MMAPSHARE_RING_FEAT_TYPE,
		.flags = MMAPSHARE_MULTI_PRODUCER,	/* a full ring drops new packets */
	};

	params.size = max(size, PAGE_SIZE);
	/* a longer record could never be in the ring, and is not counted as dropped */
	snap = min_t(u64, snap, params.size / 2 - sizeof(struct packet) - 24);
	packets = mmapshare_set_create(&params);
	if (IS_ERR(packets))
		return PTR_ERR(packets);
	dev_add_pack(&handler);
	return 0;
}

static void __exit packets_exit(void)
{
	dev_remove_pack(&handler);	/* packet_handle() does not run any more */
	mmapshare_set_put(packets);
}

module_init(packets_init);
module_exit(packets_exit);

MODULE_DESCRIPTION("mmapshare: a network tap into a ring set");
MODULE_AUTHOR("The mmapshare authors");
MODULE_LICENSE("GPL");
MMAPSHARE_IMPORT();
