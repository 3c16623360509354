#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Demonstrate /dev/mmapshare in eight steps, and check the result of each. Needs
# root, the loaded module, and the example programs, in this script's directory or
# in PATH. The last step unloads the module. "make demo" runs this in a virtual
# machine. Environment variables:
#
#	MMAPSHARE_KO		path of the module: reload it with a larger region
#	MMAPSHARE_COLOR=1	use colors

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

# show FILE: print the output of a program, indented
show()
{
	sed 's/^/    /' "$1"
}

# run NAME ARGUMENT...: print a command, run it, print its output, and leave the
# output in $tmp/NAME; return its status
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

# check TITLE COMMAND...: if the command fails, the demonstration ends
check()
{
	title=$1
	shift
	if "$@"; then
		printf '  %sok%s  %s\n' "$good" "$plain" "$title"
	else
		printf '  %sFAILED%s  %s\n' "$bad" "$plain" "$title"
		exit 1
	fi
}

output_has()
{
	grep -qF -- "$2" "$tmp/$1"
}

# A zeroed region is an empty channel for talk, and an empty log for logger.
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

# Start a logger and kill it after it has written a random number of records.
kill_logger()
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

# The logger may be killed between storing a record and acknowledging it: then
# one record more is found than was acknowledged.
found_all_acked()
{
	[ "$found" -eq "$acked" ] || [ "$found" -eq $((acked + 1)) ]
}

if [ ! -c /dev/mmapshare ]; then
	say "no /dev/mmapshare: load the module first"
	exit 1
fi
if ! "$bin/info" | grep -q '^features.* futex'; then
	say "steps 4 and 8 need futexes: load the module with strategy=fault or strategy=huge"
	exit 1
fi

step "A device that is memory"
say "mmapshare is a device that contains memory. When the module is loaded it" \
	"creates one region: kernel memory, cleared, that every program with access to" \
	"the device node can map with mmap(2)."
if [ -n "${MMAPSHARE_KO:-}" ]; then
	strategy=$(cat /sys/module/mmapshare/parameters/strategy)
	rmmod mmapshare
	run insmod "$MMAPSHARE_KO" size=16M strategy="$strategy"
fi
log_lines=$(dmesg | wc -l)
run ls -l /dev/mmapshare
run info
check "the device reports its size and features" output_has info "ABI         version 1"
records=$(awk '$1 == "size" { print int($2 / 512) }' "$tmp/info")
say "" "Run the first program of the README twice. It prints the text in the region" \
	"and then stores its own. Between the runs no process has the region open or" \
	"mapped, but the region still exists: the second run finds the text of the first."
clear_region
run hello
run hello
check "the second run found the text of the first" \
	output_has hello 'found: "hello from pid '

step "The kernel stores, a program reads in place"
say "The program maps the region and then asks the kernel to fill 1 MiB with a" \
	"text. It sees the new bytes in its mapping at once: the kernel stored to the" \
	"same memory, and nothing was copied to the program."
run fill -l 1048576 kernel!
check "the program saw every byte" output_has fill "1048576 bytes read in place"

step "A program stores, the kernel reads"
say "The program stores 1 MiB of random bytes to its mapping with memcpy(). The" \
	"kernel computes their checksum from its own mapping of the region, and the" \
	"program from a copy it kept. There is no write(2) and no flush."
run checksum -l 1048576
check "both computed the same CRC-32C" [ $? = 0 ]

step "Two processes exchange messages"
say "A client sends multiplications to a server. The two processes are not related;" \
	"they share only the device. Messages pass through the mapping by loads and" \
	"stores. A futex in the same memory lets a process sleep while it waits, so" \
	"that system calls are made only to sleep and to wake the peer."
clear_region
start_server
run talk ask "6 * 7" "111111 * 11111" "-1 * 1"
check "the answers are right" output_has talk 'answers "42"'
run talk squares 2000
check "2000 more answers are right" output_has talk "2000 correct answers"
check "the server exited when asked to" stop_server
show "$tmp/server"

step "A log survives the death of its writer"
say "A logger appends records of 512 bytes to the region. Each has a CRC and a" \
	"sequence number, which is stored last. The logger prints the number of each" \
	"record that it has stored, and is killed with SIGKILL at a random moment." \
	"Another process then checks the log in the region, and the next logger" \
	"continues it."
clear_region
found=0
for logger in first second third; do
	# on a fast machine the next logger might fill the log
	[ "$found" -lt $((records / 2)) ] || break
	kill_logger
	say "  The $logger logger, pid $pid, acknowledged record $acked and was killed." \
		"  In the region: $(cat "$tmp/recover")."
	check "SIGKILL ended the logger" [ "$killed" = 137 ]
	check "no record is torn" [ "$recovered" = 0 ]
	check "every acknowledged record is there" found_all_acked
done

step "What it costs"
say "Compare the mapping with other ways to store records and to read 1 MiB."
run timing
check "loads and stores in the mapping are cheaper than system calls" [ $? = 0 ]
say "  Each value is the median of 15 rounds. Ratios are to the first line of a table."
if grep -q 'model name.*QEMU' /proc/cpuinfo; then
	say "  This machine is emulated: system calls and copies by the kernel cost more" \
		"  than on hardware. Trust only the order, and the ratio to malloc()ed memory."
elif grep -q '^flags.* hypervisor' /proc/cpuinfo; then
	say "  This is a virtual machine: on hardware, times differ but ratios are similar."
fi

step "What it refuses"
say "A wrong call fails at once with an error. It never leads to SIGBUS later."
run refused
check "every error is the documented one" [ $? = 0 ]

step "It can be removed"
say "rmmod fails while a process has the region mapped, even after the process has" \
	"closed the file. Once the process has exited, nothing is left behind."
clear_region
start_server
"$bin/talk" ask "1 * 1" >/dev/null
if run rmmod mmapshare; then
	check "rmmod was refused" false
fi
check "rmmod was refused" [ -c /dev/mmapshare ]
check "the process that had mapped the region exited" stop_server
run rmmod mmapshare
check "the module was unloaded" [ ! -e /sys/module/mmapshare ]
check "the device node was removed" [ ! -e /dev/mmapshare ]
dmesg | tail -n +$((log_lines + 1)) >"$tmp/dmesg"
if grep -E 'mmapshare|WARNING|BUG|Oops|Call Trace' "$tmp/dmesg"; then
	check "the kernel log has no warnings" false
fi
check "the kernel log has no warnings" true

printf '\n%sAll %d steps succeeded.%s\n' "$good" "$step" "$plain"
