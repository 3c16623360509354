#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: what cannot succeed is an error with its reason: credentials,
# certificates, a record that is too long, and messages that no bridge has made.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

url=nats://127.0.0.1:$NATS_PORT/numbers
where="127.0.0.1:$NATS_PORT, stream 'numbers'"

# refused TITLE TEXT OPTION...: expect that export fails, and says TEXT
refused()
{
	title=$1 text=$2
	shift 2
	expect "$title" "1 0 1" "$(exported $ring "$@")$(said "mmapshare bridge export: $text")"
}

# publish TEXT: as any client may
publish()
{
	python3 -IS -c '
import socket, sys
with socket.create_connection(("127.0.0.1", sys.argv[1]), 60) as s:
    text = sys.argv[2]
    s.sendall(b"CONNECT {\"verbose\": false}\r\n")
    s.sendall(f"PUB numbers {len(text)}\r\n{text}\r\nPING\r\n".encode())
    while b"PONG" not in s.recv(65536):
        pass
' $NATS_PORT "$1"
}

command -v openssl >/dev/null || skip_all "needs openssl"
plan_bridge 14 nats-server
# a guest has no openssl.cnf
printf '[req]\ndistinguished_name = name\n[name]\n' >"$TMP/openssl.cnf"
openssl req -x509 -config "$TMP/openssl.cnf" -newkey rsa:2048 -nodes -days 30 \
	-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$TMP/key" -out "$TMP/cert" 2>/dev/null
cat >"$TMP/users" <<END
authorization { users = [
	{ user: all, password: right }
	{ user: none, password: right, permissions: { publish: "nothing" } }
] }
END
echo all:right >"$TMP/all"
echo all:wrong >"$TMP/wrong"
echo none:right >"$TMP/none"
mmapshare ring create $ring 64K
seq 10 | mmapshare ring put $ring

start_nats -js -c "$TMP/users"
refused "no credentials" "$where: cannot connect: " $url
refused "wrong password" "$where: cannot connect: " -p "$TMP/wrong" $url
refused "no permission" "$where: JetStream: Permissions Violation" -p "$TMP/none" $url
refused "no such file" "'$TMP/nothing': No such file" -p "$TMP/nothing" $url
expect "right credentials" "3 0 0" "$(exported $ring -p "$TMP/all" $url)"
stop_server

start_nats -js --tls --tlscert "$TMP/cert" --tlskey "$TMP/key"
refused "a certificate that is not trusted" "$where: TLS: " tls${url#nats}
expect "one that is" "3 0 0" "$(exported $ring -a "$TMP/cert" tls${url#nats})"
stop_server

echo 'max_payload: 4096' >"$TMP/small"
start_nats -js -c "$TMP/small"
seq 10 | mmapshare ring put $ring
head -c 5000 /dev/zero | tr '\0' x | mmapshare ring put $ring
seq 10 | mmapshare ring put $ring
refused "a record that is too long" "'$ring': record 20 needs a message of " $url
expect "skip it" "3 0 1" "$(exported $ring -s $url)"
expect "say so" "" "$(said "mmapshare bridge export: $where: 1 records lost ")"
mmapshare ring create $target 64K
expect "import the others" "3 0 1" "$(imported $url $target)"
expect "all of them" 30 "$(mmapshare ring read $target | grep -c .)"
publish corrupt
expect "import a message of another program" "1 0 1" "$(imported $url $target)"
expect "is an error" "" "$(said "mmapshare bridge import: $where: message ")"
