#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two programs that know nothing of each other but a name.

    pair.py write NAME poll|doorbell
    pair.py read NAME poll|doorbell

The writer stores a line and then its number; the reader looks for the number, again
and again with a nap between, or is told by the doorbell. That who sees the number
sees the line is certain only with the doorbell: see Documentation/python.rst.
"""
import sys
import time

import mmapshare

LINES = ["the quick brown fox", "jumps over", "the lazy dog"]
# number of the line, number of the one that was read, then the line
NUMBER, READ, LINE = 0, 1, 2


def until(region, byte, value, doorbell):
    """Come back when the byte has that value; how often it was looked at."""
    looks = 1
    while region[byte] != value:
        if doorbell:
            region.wait()
        else:
            time.sleep(0.001)
        looks += 1
    return looks


def tell(region, byte, value, doorbell):
    region[byte] = value
    if doorbell:
        region.notify()


def write(region, doorbell):
    for number, line in enumerate(LINES, 1):
        time.sleep(0.3)
        data = line.encode() + b"\n"
        region[LINE:LINE + len(data)] = data
        tell(region, NUMBER, number, doorbell)
        until(region, READ, number, doorbell)
    print("writer:", len(LINES), "lines were read")


def read(region, doorbell):
    looks = 0
    for number in range(1, len(LINES) + 1):
        looks += until(region, NUMBER, number, doorbell)
        region.seek(LINE)
        print("reader:", region.readline().decode().rstrip())
        tell(region, READ, number, doorbell)
    print("reader: looked", "a few times" if looks < 4 * len(LINES) else "again and again")


def main():
    role, name, way = sys.argv[1:]
    # who comes first makes it
    with mmapshare.create(name, 4096, exist_ok=True) as region:
        (write if role == "write" else read)(region, way == "doorbell")


main()
