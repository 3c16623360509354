#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# The example frames: readers see the pages that the driver fills; one that is stuck
# keeps its frame and stops nobody; what a reader has borrowed ends when it dies.

# shellcheck source=port_lib.sh
. "$(dirname "$0")/port_lib.sh"

readers=''

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	exec 3>&-
	# shellcheck disable=SC2086
	[ -z "$readers" ] || kill -KILL $readers 2>/dev/null
	wait 2>/dev/null
	rmmod mmapshare_frames 2>/dev/null
}

# frames COUNT: read frames, and print the result
frames()
{
	timeout 300 "$EXAMPLES/frames" "$1" 2>"$TMP/missed"
}

# keep NAME: start a reader that keeps a frame until descriptor 3 is closed; set $reader
keep()
{
	mkfifo "$TMP/$1"
	"$EXAMPLES/frames" -k <"$TMP/$1" >"$TMP/$1.out" 2>&1 &
	reader=$!
	readers="$readers $reader"
	exec 3>"$TMP/$1"
	until_line keeping "$TMP/$1.out"
}

# borrow NUMBER BUFFER RESERVED: print the errno of FRAMES_IOC_BORROW
borrow()
{
	python3 -IS -c '
import errno, fcntl, os, struct, sys
fd = os.open("/dev/mms-frames", os.O_RDONLY)
try:
    write = 2 if os.uname().machine.startswith("ppc") else 1
    fcntl.ioctl(fd, write << 30 | 0x106601, struct.pack("QII", *map(int, sys.argv[1:])))
    print(0)
except OSError as e:
    print(errno.errorcode[e.errno])' "$@"
}

# not_made: print how many frames were missed because no buffer was free
not_made()
{
	grep -o "[0-9]* not made$" "$TMP/missed" | cut -d ' ' -f 1
}

plan_port frames 11

expect "load" 0 "$(status insmod "$(port_path frames)" bytes=8388608 interval=20)"
same "each byte, in the page that the driver filled" frames 10 <<'END'
10 frames read, 0 wrong
10 begin in the page that the driver filled, 0 do not
END
expect "no frame was without a buffer" 0 "$(not_made)"

keep stuck
stuck=$reader
kill -STOP "$stuck"
same "another reader, while one is stuck" frames 20 <<'END'
20 frames read, 0 wrong
20 begin in the page that the driver filled, 0 do not
END
expect "the stuck reader costs one buffer, and no frame" 0 "$(not_made)"
expect "the module is in use" 1 "$(status rmmod mmapshare_frames)"
kill -CONT "$stuck"
exec 3>&-
wait "$stuck"
expect "the stuck reader has kept its frame" "the frame is the same" \
	"$(tail -n 1 "$TMP/stuck.out")"

# readers that die give their frames back: there are 8 buffers
for i in 1 2 3 4 5 6 7 8 9 10; do
	keep dying$i
	kill -KILL "$reader"
	wait "$reader" 2>/dev/null
	exec 3>&-
done
same "after ten readers were killed" frames 5 <<'END'
5 frames read, 0 wrong
5 begin in the page that the driver filled, 0 do not
END
expect "they keep no buffer" 0 "$(not_made)"
expect "invalid loans" "EINVAL EINVAL EINVAL ESTALE" \
	"$(borrow 0 0 0) $(borrow 1 8 0) $(borrow 1 0 1) $(borrow 99999999 0 0)"
expect "unload" 0 "$(status rmmod mmapshare_frames)"
