# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# Helpers for tests of mmapshare bridge with servers on the loopback; to be sourced.

# shellcheck source=cli_lib.sh
. "$(dirname "$0")/../cli_lib.sh"

NATS_PORT=14222
# shellcheck disable=SC2034	# used by scripts that source this file
NATS=nats://127.0.0.1:$NATS_PORT
REDIS_PORT=14379
# shellcheck disable=SC2034
REDIS=redis://127.0.0.1:$REDIS_PORT
# the rings of a test
ring=bridge.$$.ring target=bridge.$$.target
# processes that run in the background
server='' producer='' export='' import='' checker=''

# shellcheck disable=SC2317	# called when the test ends
cleanup()
{
	# shellcheck disable=SC2086	# some may be empty
	kill -KILL $server $producer $export $import $checker 2>/dev/null
	mmapshare destroy -r $ring $target 2>/dev/null
}

# plan_bridge N PROGRAM: begin a test of N results with the server PROGRAM, or skip it.
plan_bridge()
{
	[ -c "$NODE" ] || skip_all "no $NODE: load the module"
	mmapshare-bridge --version >/dev/null 2>&1 ||
		skip_all "mmapshare-bridge is not installed, or lacks a library"
	command -v "$2" >/dev/null || skip_all "$2 is not installed"
	has_loopback || skip_all "no loopback interface: the kernel has no INET"
	plan "$1"
}

# has_loopback: switch it on.
has_loopback()
{
	python3 -IS -c '
import fcntl, socket, struct
with socket.socket() as s:
    ifr = struct.pack("16sH14x", b"lo", 1)		# IFF_UP
    fcntl.ioctl(s, 0x8914, ifr)				# SIOCSIFFLAGS
' 2>/dev/null
}

# accepts PORT: can one connect to it?
accepts()
{
	python3 -IS -c 'import socket, sys
socket.create_connection(("127.0.0.1", sys.argv[1]), 60)' "$1" 2>/dev/null
}

# start_nats [OPTION...]: set $server to its process
start_nats()
{
	nats-server -a 127.0.0.1 -p $NATS_PORT -sd "$TMP/jetstream" "$@" >>"$TMP/server.log" 2>&1 &
	server=$!
	until_true accepts $NATS_PORT
}

# start_redis [OPTION...]: likewise
start_redis()
{
	mkdir -p "$TMP/redis"
	redis-server --bind 127.0.0.1 --port $REDIS_PORT --dir "$TMP/redis" --save '' "$@" \
		>>"$TMP/server.log" 2>&1 &
	server=$!
	until_true accepts $REDIS_PORT
}

# nats_request SUBJECT TEXT: send it, as any client may, and print the reply
nats_request()
{
	python3 -IS -c '
import socket, sys
subject, text = sys.argv[2:]
with socket.create_connection(("127.0.0.1", sys.argv[1]), 60) as s:
    s.sendall(b"CONNECT {\"verbose\": false}\r\nSUB reply 1\r\n")
    s.sendall(f"PUB {subject} reply {len(text)}\r\n{text}\r\n".encode())
    got = b""
    while b"MSG reply" not in got or got.count(b"\r\n", got.index(b"MSG reply")) < 2:
        got += s.recv(65536)
print(got[got.index(b"MSG reply"):].split(b"\r\n")[1].decode())
' $NATS_PORT "$1" "$2"
}

# redis_command WORD...: print the reply as the server encodes it
redis_command()
{
	python3 -IS -c '
import socket, sys
words = [w.encode() for w in sys.argv[2:]]
with socket.create_connection(("127.0.0.1", sys.argv[1]), 60) as s:
    s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
    print(s.recv(65536).decode(errors="replace").replace("\r\n", " "))
' $REDIS_PORT "$@"
}

# start_export OPTION...: of $ring, in the background, with messages in $TMP/export.err;
# set $export to its process
start_export()
{
	mmapshare bridge export "$ring" "$@" 2>"$TMP/export.err" &
	export=$!
}

# stored N: does a bridge that writes metrics to $TMP/metrics count N records?
stored()
{
	grep -qx "mmapshare_bridge_records_total{.*} $1" "$TMP/metrics" 2>/dev/null
}

# connected: does that bridge have a connection?
connected()
{
	grep -qx 'mmapshare_bridge_connected{.*} 1' "$TMP/metrics" 2>/dev/null
}

# has_ended PID
has_ended()
{
	! kill -0 "$1" 2>/dev/null
}

stop_server()
{
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null
	[ -z "$server" ] || wait "$server" 2>/dev/null
	server=
}

# exported RING URL [OPTION...]: export what is in the ring; print what outcome() does
exported()
{
	outcome mmapshare bridge export -t 0 "$@"
}

# imported URL RING [OPTION...]: import what is in the stream
imported()
{
	outcome mmapshare bridge import -t 0 "$@"
}

# same_records RING FILE: print what distinguishes the records in the ring, which it
# takes, from the lines of FILE
same_records()
{
	mmapshare ring read "$1" >"$TMP/records"
	cmp "$TMP/records" "$2" 2>&1
}

# pass_records URL: records from one ring to the other, in 8 results
pass_records()
{
	mmapshare ring create -i type "$ring" 1M
	mmapshare ring create -i type "$target" 1M
	seq 1000 >"$TMP/numbers"
	mmapshare ring put "$ring" <"$TMP/numbers"
	expect "export" "3 0 0" "$(exported "$ring" "$1")"
	expect "what is stored is released" "" "$(mmapshare ring read "$ring")"
	expect "import" "3 0 0" "$(imported "$1" "$target")"
	expect "all records, in order" "" "$(same_records "$target" "$TMP/numbers")"
	expect "nothing is exported again" "3 0 0" "$(exported "$ring" "$1")"
	expect "nor imported" "3 0 0" "$(imported "$1" "$target")"
	expect "no more records" "" "$(mmapshare ring read "$target")"
	seq 1001 1010 | mmapshare ring put -T 7 "$ring"
	exported "$ring" "$1" >/dev/null
	imported "$1" "$target" >/dev/null
	expect "further records, with types" "$(seq -f '7 %g' 1001 1010)" \
		"$(mmapshare ring read -i "$target")"
}

# committed RING: how many records it ever had
committed()
{
	mmapshare ring stat "$1" | sed -n 's/^seq  *//p'
}

# start WHAT: start that process of kill_all() again
start()
{
	case $1 in
	producer)
		# it goes on behind the last record that was committed
		seq $(($(committed "$ring") + 1)) "$records" 2>/dev/null |
			mmapshare ring put "$ring" 2>/dev/null &
		producer=$! ;;
	export)	mmapshare bridge export "$ring" "$url" 2>>"$TMP/bridge.log" &
		export=$! ;;
	import)	mmapshare bridge import -s "$TMP/state" "$url" "$target" 2>>"$TMP/bridge.log" &
		import=$! ;;
	server)	$start_server ;;
	esac
}

# stop NAME PID: kill it; add its name and exit status to $ended if it had ended before
stop()
{
	kill -KILL "$2" 2>/dev/null
	wait "$2" 2>/dev/null
	set -- "$1" $?
	[ "$2" = 137 ] || [ "$1:$2" = producer:0 ] || ended="$ended $1:$2"
}

produced()
{
	[ "$(committed "$ring")" -ge "$records" ]
}

# check_records: print how many numbered records arrive before the record "end", or
# the first one that is wrong
check_records()
{
	mmapshare ring read -f "$target" 2>/dev/null | awk '
		$1 == "end" { print NR - 1; exit }
		$1 != NR { print "record " NR " is " $1; exit }'
}

# kill_all PROGRAM URL COMMAND...: a test of 4 results with the server PROGRAM, which
# COMMAND starts. Pass $MMAPSHARE_RECORDS numbers from one ring to the other, while
# producer, bridges and server are killed $MMAPSHARE_KILLS times each or more, at no
# special moment.
kill_all()
{
	plan_bridge 4 "$1"
	url=$2 records=${MMAPSHARE_RECORDS:-20000}
	shift 2
	start_server=$*
	$start_server
	mmapshare ring create "$ring" 256K
	mmapshare ring create "$target" 64K
	for what in export import producer; do
		start $what
	done
	check_records >"$TMP/checked" &
	checker=$!
	round=0 ended=
	while [ $round -lt "${MMAPSHARE_KILLS:-4}" ] || ! produced; do
		for what in server export import producer; do
			sleep "0.$((round * 7 % 10))$((round % 7))"
			case $what in
			server)	stop_server ;;
			export)	stop export "$export" ;;
			import)	stop import "$import" ;;
			producer) stop producer "$producer" ;;
			esac
			start $what
		done
		round=$((round + 1))
	done
	stop producer "$producer"
	n=$(committed "$ring")
	# more than one, because awk may wait until its buffer is full
	yes end | head -n 10000 | mmapshare ring put "$ring"
	wait $checker
	expect "all records, in order, and once" "$n" "$(cat "$TMP/checked")"
	expect "none has ended" "" "$ended"
	kill -TERM "$export" "$import"
	wait "$export"
	expect "export ends by a signal" 0 $?
	wait "$import"
	expect "import ends by a signal" 0 $?
	echo "# $n records, $round kills of each"
}
