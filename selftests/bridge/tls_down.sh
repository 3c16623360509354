#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# mmapshare bridge: a server that closes the connection during the TLS handshake, as one that
# is stopped, does not end export.

# shellcheck source=../bridge_lib.sh
. "$(dirname "$0")/../bridge_lib.sh"

# shellcheck disable=SC2317	# called by until_true
connected_twice()
{
	[ "$(grep -c . "$TMP/connections")" -ge 2 ]
}

plan_bridge 2 python3
mmapshare ring create $ring 64K
: >"$TMP/connections"
python3 -IS -c '
import socket, sys
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as listener:
    while True:
        s, _ = listener.accept()
        s.sendall(b"INFO {\"max_payload\": 1048576, \"tls_required\": true}\r\n")
        # nothing comes from accepts()
        try:
            if s.recv(100):
                print("closed", flush=True)
        except ConnectionError:
            pass
        s.close()
' $NATS_PORT >"$TMP/connections" &
server=$!
until_true accepts $NATS_PORT
start_export "tls${NATS#nats}/numbers"
until_true connected_twice
until_line 'trying again$' "$TMP/export.err"
expect "it tries again" 1 "$(grep -c 'TLS: .*; trying again$' "$TMP/export.err")"
kill -TERM $export
wait $export
expect "until a signal ends it" 0 $?
