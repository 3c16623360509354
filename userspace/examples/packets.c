// SPDX-License-Identifier: MIT
/*
 * Write the packets that driver/examples/mmapshare_packets.c records to standard
 * output, in the order of time and in the format of pcap, until the module is unloaded
 * or the program gets SIGINT or SIGTERM:
 *
 *	packets | tcpdump -n -r -
 *
 * Then print how many there were, and how many were lost because a ring was full.
 */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if_arp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <mmapshare.h>
#include "../../driver/examples/packets.h"

#define BATCH		64
/* The kernel wakes this program for so many bytes, or after so many nanoseconds. */
#define WAKE_BYTES	65536
#define WAIT_NS		10000000
/* The kernel records a packet within this time, so that all come in their order. */
#define WINDOW_NS	1000000
#define NSEC_PER_SEC	1000000000ULL
#define MAC_ADDRESSES	12	/* a VLAN tag is behind them */

/* The header of a pcap file with nanoseconds, and that of a packet in it */
struct pcap_file {
	uint32_t magic;
	uint16_t major;
	uint16_t minor;
	uint32_t zero[2];
	uint32_t snap;
	uint32_t link;
};

struct pcap_packet {
	uint32_t seconds;
	uint32_t nanoseconds;
	uint32_t captured;
	uint32_t length;
};

static volatile sig_atomic_t stopped;
static uint64_t written, skipped;

static void stop(int sig)
{
	(void)sig;
	stopped = 1;
}

static void check(int ret, const char *what)
{
	if (ret < 0)
		errx(1, "%s: %s", what, strerror(-ret));
}

static void put(const void *bytes, size_t length)
{
	if (fwrite(bytes, 1, length, stdout) != length)
		err(1, "standard output");
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static void put_header(void)
{
	const struct pcap_file header = {
		.magic = 0xa1b23c4d, .major = 2, .minor = 4, .snap = 262144, .link = 1,
	};

	put(&header, sizeof(header));
}

/* @time: when the packet was recorded, nanoseconds of CLOCK_REALTIME */
static void put_packet(const struct packet *p, uint64_t time)
{
	const bool tagged = p->vlan_proto && p->captured >= MAC_ADDRESSES;
	const uint16_t tag[2] = { htons(p->vlan_proto), htons(p->vlan_tci) };
	const struct pcap_packet header = {
		.seconds = time / NSEC_PER_SEC,
		.nanoseconds = time % NSEC_PER_SEC,
		.captured = p->captured + (tagged ? sizeof(tag) : 0),
		.length = p->length + (tagged ? sizeof(tag) : 0),
	};
	const size_t before = tagged ? MAC_ADDRESSES : 0;

	/* the file has one kind of link */
	if (p->link != ARPHRD_ETHER && p->link != ARPHRD_LOOPBACK) {
		skipped++;
		return;
	}
	put(&header, sizeof(header));
	put(p->data, before);
	put(tag, tagged ? sizeof(tag) : 0);
	put(p->data + before, p->captured - before);
	written++;
}

static void wait_for_packets(struct mmapshare_set *set)
{
	int ret;

	fflush(stdout);
	check(mmapshare_set_release(set), "release");
	ret = mmapshare_set_wait(set, 0, WAIT_NS);
	if (ret == -EPIPE)
		stopped = 1;
	else if (ret != -ETIMEDOUT && ret != -EINTR)
		check(ret, "wait");
}

int main(void)
{
	const uint64_t offset = read_clock(CLOCK_REALTIME) - read_clock(CLOCK_MONOTONIC);
	const struct sigaction action = { .sa_handler = stop };
	struct mmapshare_record_info info;
	struct mmapshare_set *set;
	const void *record;
	uint64_t taken = 0;
	size_t length;
	int ret;

	check(mmapshare_set_open(&set, "packets", 0), "packets");
	check(mmapshare_set_window(set, WINDOW_NS), "window");
	mmapshare_set_wake_bytes(set, WAKE_BYTES);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	put_header();
	while (!stopped) {
		ret = mmapshare_set_next(set, &record, &length, NULL);
		if (ret == -EAGAIN) {
			wait_for_packets(set);
			continue;
		}
		check(ret, "next");
		check(mmapshare_set_record_info(set, &info), "time of a record");
		put_packet(record, info.time + offset);
		if (++taken % BATCH == 0)
			check(mmapshare_set_release(set), "release");
	}
	fflush(stdout);
	fprintf(stderr, "%" PRIu64 " packets, %" PRIu64 " of another link, %" PRIu64 " lost\n",
		written, skipped, mmapshare_set_lost(set));
	mmapshare_set_close(set);
	return 0;
}
