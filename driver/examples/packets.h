/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the example mmapshare_packets: packets in the ring set
 * /dev/mmapshare-packets, one ring for each possible CPU. struct
 * mmapshare_record_info has the time, the CPU, and as type the direction: PACKET_HOST,
 * PACKET_OUTGOING, and others of <linux/if_packet.h>.
 */
#ifndef MMAPSHARE_PACKETS_H
#define MMAPSHARE_PACKETS_H

#include <linux/types.h>

/**
 * struct packet - a packet of a network device
 * @length: its bytes, with the header of the link layer
 * @captured: how many of them are in @data
 * @ifindex: the device
 * @link: type of the device, ARPHRD_*
 * @protocol: ETH_P_*
 * @vlan_proto: ETH_P_8021Q or ETH_P_8021AD if the device has taken a VLAN tag off, or
 *	will add it; else 0
 * @vlan_tci: that tag
 * @data: from the header of the link layer on
 */
struct packet {
	__u32 length;
	__u32 captured;
	__u32 ifindex;
	__u16 link;
	__u16 protocol;
	__u16 vlan_proto;
	__u16 vlan_tci;
	__u8 data[];
};

#endif /* MMAPSHARE_PACKETS_H */
