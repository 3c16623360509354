#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What /dev/mmapshare does, in eight steps, each of which checks its result.
# Needs root, the module loaded, and the examples built, which are looked for
# beside this script, then in PATH; unloads the module at the end. "make demo"
# does all that in a virtual machine. Variables:
#
#	MMAPSHARE_KO		the module, to load it anew with a larger region
#	MMAPSHARE_COLOR=1	the output is a terminal

set -u

bin=$(dirname "$0")
[ -x "$bin/hello" ] || bin=$(dirname "$(command -v recover)")
tmp=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null; rm -rf "$tmp"' EXIT

bold='' good='' bad='' plain=''
if [ "${MMAPSHARE_COLOR:-}" = 1 ]; then
	bold=$(printf '\033[1m') good=$(printf '\033[32m')
	bad=$(printf '\033[1;31m') plain=$(printf '\033[0m')
fi

step=0
step()
{
	step=$((step + 1))
	printf '\n%s%d. %s%s\n\n' "$bold" "$step" "$*" "$plain"
}

say()
{
	printf '%s\n' "$@"
}

# show FILE: the output of a program
show()
{
	sed 's/^/    /' "$1"
}

# run NAME ARGUMENT...: show the command and what it prints, which stays in
# $tmp/NAME; returns its status
run()
{
	name=$1
	shift
	printf '  %s$ %s' "$bold" "$name"
	for word; do
		case $word in
		*[!a-zA-Z0-9/.=-]*)	printf ' "%s"' "$word" ;;
		*)			printf ' %s' "$word" ;;
		esac
	done
	printf '%s\n' "$plain"
	case $name in
	ls | insmod | rmmod)	"$name" "$@" >"$tmp/$name" 2>&1 ;;
	*)			"$bin/$name" "$@" >"$tmp/$name" 2>&1 ;;
	esac
	status=$?
	show "$tmp/$name"
	return $status
}

# check WHAT COMMAND...: the command must succeed, or the demo ends here
check()
{
	what=$1
	shift
	if "$@"; then
		printf '  %sok%s  %s\n' "$good" "$plain" "$what"
	else
		printf '  %sFAILED%s  %s\n' "$bad" "$plain" "$what"
		exit 1
	fi
}

output_has()
{
	grep -qF -- "$2" "$tmp/$1"
}

# A zeroed region is an empty channel and an empty log.
clear_region()
{
	"$bin/fill" >/dev/null
}

start_server()
{
	"$bin/talk" answer >"$tmp/server" 2>&1 &
	server=$!
}

stop_server()
{
	"$bin/talk" ask bye >/dev/null
	wait "$server"
	status=$?
	server=
	return $status
}

# Another logger lives until it has written a random number of records more.
kill_a_logger()
{
	random=$(od -An -N2 -tu2 /dev/urandom)
	"$bin/logger" >"$tmp/acks" 2>&1 &
	pid=$!
	"$bin/recover" --kill $pid --records $((found + 20 + random % 100)) \
		>"$tmp/recover" 2>&1
	recovered=$?
	wait $pid 2>/dev/null
	killed=$?
	acked=$(tail -n 1 "$tmp/acks")
	found=$(sed -n 's/ records intact.*//p' "$tmp/recover")
}

# The last one may have been stored, but not yet acknowledged.
all_acked()
{
	[ "$found" -eq "$acked" ] || [ "$found" -eq $((acked + 1)) ]
}

if [ ! -c /dev/mmapshare ]; then
	say "no /dev/mmapshare: load the module first"
	exit 1
fi
if ! "$bin/info" | grep -q '^features.* futex'; then
	say "steps 4 and 8 need futexes: load the module with strategy=fault or huge"
	exit 1
fi

step "A device that is memory"
say "The module makes one region: bytes in the kernel, zeroed, that any program with" \
	"access to the node can map."
if [ -n "${MMAPSHARE_KO:-}" ]; then
	strategy=$(cat /sys/module/mmapshare/parameters/strategy)
	rmmod mmapshare
	run insmod "$MMAPSHARE_KO" size=16M strategy="$strategy"
fi
log_lines=$(dmesg | wc -l)
run ls -l /dev/mmapshare
run info
check "the device says what it is" output_has info "ABI         version 1"
records=$(awk '$1 == "size" { print int($2 / 512) }' "$tmp/info")
say "" "The ten lines of C from the README, run twice. The region is there when no" \
	"process is: the second finds what the first left."
clear_region
run hello
run hello
check "the second found the greeting of the first" \
	output_has hello 'found: "hello from pid '

step "The kernel stores, the program reads in place"
say "The program maps the region, then asks the kernel to fill it. It sees the new" \
	"bytes through the mapping it already had: nothing was copied to it."
run fill -l 1048576 kernel!
check "every byte was there" output_has fill "1048576 bytes read in place"

step "The program stores, the kernel reads"
say "Random bytes go into the mapping with memcpy(). The kernel checksums them at" \
	"its own address; the program checksums the copy it kept. No write(2), no flush."
run checksum -l 1048576
check "both have the same CRC-32C" [ $? = 0 ]

step "Two processes talk"
say "One process multiplies what the other asks. Neither started the other; all they" \
	"have in common is the device. Messages are stores; futexes in the mapping let" \
	"a side sleep, so the kernel is called only when one has to wait."
clear_region
start_server
run talk ask "6 * 7" "111111 * 11111" "-1 * 1"
check "the answers are right" output_has talk 'answers "42"'
run talk squares 2000
check "2000 more answers are right" output_has talk "2000 right answers"
check "the answering process ended when told to" stop_server
show "$tmp/server"

step "A logger is killed, the log is not"
say "A logger appends 512-byte records to the region. Each has a CRC, and a sequence" \
	"number which is stored last. It acknowledges every record on its output. At a" \
	"random moment it gets SIGKILL. Another process then reads the region. The next" \
	"logger goes on where the last one was stopped."
clear_region
found=0
for logger in first second third; do
	# a machine so fast that the next might fill the log
	[ "$found" -lt $((records / 2)) ] || break
	kill_a_logger
	say "  the $logger, pid $pid, acknowledged record $acked and was killed;" \
		"  in the region: $(cat "$tmp/recover")"
	check "it was SIGKILL that ended it" [ "$killed" = 137 ]
	check "nothing is torn" [ "$recovered" = 0 ]
	check "every acknowledged record is there" all_acked
done

step "What it costs"
run timing
check "the mapping is the cheapest way in and out" [ $? = 0 ]
say "  Ratios are to the first line of each table, of medians of 15 interleaved rounds."
if grep -q 'model name.*QEMU' /proc/cpuinfo; then
	say "  This machine is emulated. System calls and the kernel's copies are dearer here" \
		"  than on hardware: trust the order, and the ratio of mapping to malloc()."
elif grep -q '^flags.* hypervisor' /proc/cpuinfo; then
	say "  This is a virtual machine: expect other times, but similar ratios, outside."
fi

step "What it refuses"
say "Wrong uses get an errno at once, never a SIGBUS later."
run refused
check "each got what the documentation says" [ $? = 0 ]

step "And it leaves nothing behind"
say "While somebody has the region mapped, even with the file closed, the module stays."
clear_region
start_server
"$bin/talk" ask "1 * 1" >/dev/null
if run rmmod mmapshare; then
	check "rmmod was refused" false
fi
check "rmmod was refused" [ -c /dev/mmapshare ]
check "the process that had it mapped has ended" stop_server
run rmmod mmapshare
check "now the module could be removed" [ ! -e /sys/module/mmapshare ]
check "the device is gone" [ ! -e /dev/mmapshare ]
dmesg | tail -n +$((log_lines + 1)) >"$tmp/dmesg"
if grep -E 'mmapshare|WARNING|BUG|Oops|Call Trace' "$tmp/dmesg"; then
	check "the kernel had nothing to complain about" false
fi
check "the kernel had nothing to complain about" true

printf '\n%sAll %d steps went as they should.%s\n' "$good" "$step" "$plain"
