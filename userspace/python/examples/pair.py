#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two programs that share nothing but the name of a region.

    pair.py write NAME poll|doorbell
    pair.py read NAME poll|doorbell

The writer stores a line and then its sequence number. The reader either polls
the number every millisecond or waits for the doorbell. Only the doorbell
guarantees that a reader which sees the number also sees the line: see
Documentation/python.rst.
"""
import sys
import time

import mmapshare

LINES = ["the quick brown fox", "jumps over", "the lazy dog"]
# offsets: sequence number of the line, that of the last line read, the line
SEQ, READ_SEQ, LINE = 0, 1, 2


def wait_for_value(region, offset, value, doorbell):
    """Wait until a byte has the value. Return how often it was checked."""
    checks = 1
    while region[offset] != value:
        if doorbell:
            region.wait()
        else:
            time.sleep(0.001)
        checks += 1
    return checks


def store_value(region, offset, value, doorbell):
    region[offset] = value
    if doorbell:
        region.notify()


def write(region, doorbell):
    for seq, line in enumerate(LINES, 1):
        time.sleep(0.3)
        data = line.encode() + b"\n"
        region[LINE:LINE + len(data)] = data
        store_value(region, SEQ, seq, doorbell)
        wait_for_value(region, READ_SEQ, seq, doorbell)
    print("writer:", len(LINES), "lines were read")


def read(region, doorbell):
    checks = 0
    for seq in range(1, len(LINES) + 1):
        checks += wait_for_value(region, SEQ, seq, doorbell)
        region.seek(LINE)
        print("reader:", region.readline().decode().rstrip())
        store_value(region, READ_SEQ, seq, doorbell)
    print("reader: checked", "a few times" if checks < 4 * len(LINES) else "many times")


def main():
    role, name, method = sys.argv[1:]
    # the program that starts first creates the region
    with mmapshare.create(name, 4096, exist_ok=True) as region:
        (write if role == "write" else read)(region, method == "doorbell")


main()
