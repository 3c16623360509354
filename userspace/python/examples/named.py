#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A server and its clients, by a name, as with the "tagname" of mmap elsewhere.

    named.py server NAME        answers until it is told "bye"
    named.py client NAME WORDS  has them turned around

One client at a time; a region of a page, in which a question has a number.
"""
import struct
import sys

import mmapshare

# number of the question, number of the answer, length of the text behind it
HEAD = struct.Struct("=III")


def put(region, question, answer, text):
    data = text.encode()
    region[HEAD.size:HEAD.size + len(data)] = data
    HEAD.pack_into(region, 0, question, answer, len(data))
    region.notify()


def get(region):
    question, answer, length = HEAD.unpack_from(region)
    return question, answer, region[HEAD.size:HEAD.size + length].decode()


def serve(region):
    asked = ""
    while asked != "bye":
        region.wait(ignore_hup=True)
        question, answer, text = get(region)
        # its own answer is news, too
        if question != answer:
            asked = text
            put(region, question, question, asked[::-1])


def ask(region, text):
    number = get(region)[0] + 1
    put(region, number, number - 1, text)
    while get(region)[1] != number:
        region.wait()
    return get(region)[2]


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
