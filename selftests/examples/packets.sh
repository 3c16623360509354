#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The example packets: the same packets as an AF_PACKET socket sees, byte for byte;
# exact losses; rmmod while packets come.

# shellcheck source=port_lib.sh
. "$(dirname "$0")/port_lib.sh"

reader='' load=''

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	# shellcheck disable=SC2086
	kill -KILL $reader $load 2>/dev/null
	wait 2>/dev/null
	rmmod mmapshare_packets 2>/dev/null
}

# start_reader: wait until it has attached
start_reader()
{
	"$EXAMPLES/packets" >"$TMP/pcap" 2>"$TMP/summary" &
	reader=$!
	until_true attached packets
}

stop_reader()
{
	kill -TERM "$reader"
	wait "$reader"
	reader=''
}

# send_packets N: send datagrams on the loopback device, and print what an AF_PACKET
# socket has received, a packet a line
send_packets()
{
	python3 -IS -c '
import socket, sys
n = int(sys.argv[1])
tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
tap.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)		# SO_RCVBUFFORCE
tap.bind(("lo", 0))
tap.settimeout(60)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(n):
    udp.sendto(b"mmapshare %d " % i * (1 + i % 90), ("127.0.0.1", 9))
seen = 0
while seen < 2 * n:		# sent, and received
    packet = tap.recv(65536)
    if b"mmapshare " in packet and packet[23] == 17:
        seen += 1
        print(packet.hex())' "$1"
}

# Print the packets of a pcap file as send_packets() does.
show_pcap()
{
	python3 -IS -c '
import struct, sys
data = open(sys.argv[1], "rb").read()
at = 24
while at < len(data):
    captured, length = struct.unpack_from("=II", data, at + 8)
    packet = data[at + 16:at + 16 + captured]
    at += 16 + captured
    if b"mmapshare " in packet and packet[23] == 17:
        assert captured == length
        print(packet.hex())' "$TMP/pcap"
}

# Has the reader written at least $1 packets?
has_packets()
{
	[ "$(show_pcap 2>/dev/null | wc -l)" -ge "$1" ]
}

send_all_the_time()
{
	python3 -IS -c '
import os, socket
os.fork()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while os.getppid() != 1:
    try:
        udp.sendto(b"x" * 1000, ("127.0.0.1", 9))
    except OSError:
        pass' &
	load=$!
}

stop_sending()
{
	pkill -KILL -P "$load"
	kill -KILL "$load"
	wait "$load" 2>/dev/null
	load=''
}

# Print what remains if the reader has got or lost each packet that the driver has seen.
balance()
{
	sed 's/ packets, / /; s/ of another link, / /; s/ lost//' "$TMP/summary" |
		awk -v seen="$seen" '{ print seen - $1 - $2 - $3 }'
}

python3 -IS -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)' 2>/dev/null ||
	skip_all "the kernel has no AF_PACKET"
plan_port packets 6
# bring the loopback device up: SIOCSIFFLAGS, IFF_UP | IFF_LOOPBACK | IFF_RUNNING
python3 -IS -c '
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sH14x", b"lo", 0x49))
fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", b"lo", 2, 0, bytes([127, 0, 0, 1])))'

expect "load" 0 "$(status insmod "$(port_path packets)")"
start_reader
send_packets 200 >"$TMP/socket"
until_true has_packets 400
show_pcap >"$TMP/ring"
stop_reader
expect "as many as the socket has seen" 400 "$(wc -l <"$TMP/ring")"
expect "byte for byte, and in the same order" "" "$(cmp "$TMP/socket" "$TMP/ring" 2>&1)"
rmmod mmapshare_packets

# a reader that is stopped while the rings are filled
insmod "$(port_path packets)" size=65536
start_reader
kill -STOP "$reader"
send_all_the_time
until_true dropped packets
stop_sending
kill -CONT "$reader"
until_true settled packets
# a reader learns of the last losses in a ring from the record that follows
on_each_cpu "
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))"
until_true settled packets
stop_reader
expect "losses are exact" 0 "$(balance)"

send_all_the_time
failed=''
for i in 1 2 3 4 5; do
	start_reader
	rmmod mmapshare_packets || failed="$failed rmmod $i"
	wait "$reader" || failed="$failed reader $i"
	reader=''
	insmod "$(port_path packets)" size=65536
done
stop_sending
expect "rmmod while packets come; the reader finds the end" "" "$failed"
expect "unload" 0 "$(status rmmod mmapshare_packets)"
