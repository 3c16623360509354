#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server and its clients share a region that they find by its name, like the
"tagname" of Python's mmap on Windows.

    named.py server NAME        reverse each request; exit after "bye"
    named.py client NAME WORDS  send requests and print the answers

Only one client may run at a time.
"""
import struct
import sys

import mmapshare

# sequence numbers of request and answer, length of the text that follows
HEADER = struct.Struct("=III")


def store(region, request_seq, answer_seq, text):
    data = text.encode()
    region[HEADER.size:HEADER.size + len(data)] = data
    HEADER.pack_into(region, 0, request_seq, answer_seq, len(data))
    region.notify()


def load(region):
    request_seq, answer_seq, length = HEADER.unpack_from(region)
    return request_seq, answer_seq, region[HEADER.size:HEADER.size + length].decode()


def serve(region):
    request = ""
    while request != "bye":
        region.wait(ignore_hup=True)
        request_seq, answer_seq, text = load(region)
        # wait() also returns for the server's own notifications
        if request_seq != answer_seq:
            request = text
            store(region, request_seq, request_seq, request[::-1])


def ask(region, text):
    seq = load(region)[0] + 1
    store(region, seq, seq - 1, text)
    while load(region)[1] != seq:
        region.wait()
    return load(region)[2]


def main():
    role, name, *words = sys.argv[1:]
    if role == "server":
        with mmapshare.create(name, 4096) as region:
            serve(region)
        mmapshare.destroy(name)
        print("server: done")
    else:
        with mmapshare.open(name) as region:
            for word in words:
                print("client:", word, "->", ask(region, word))


main()
