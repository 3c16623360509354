#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many threads, and another process, look at one region, and nothing is copied: the
physical pages are the same ones. Only root is told their numbers."""
import ctypes
import mmap
import os
import struct
import threading
import zlib

import mmapshare

THREADS = 8
PAGES = 64


def page_numbers(region):
    """The physical page behind each page of the mapping, by /proc/self/pagemap."""
    # touch them all, or nothing may be behind them yet
    sum(region[::mmap.PAGESIZE])
    first = ctypes.c_char.from_buffer(region)
    address = ctypes.addressof(first)
    # no mapping can be closed that something points to
    del first
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        pagemap.seek(address // mmap.PAGESIZE * 8)
        entries = struct.unpack(f"={PAGES}Q", pagemap.read(PAGES * 8))
    # bit 63: it is there; bits 0 to 54: its number
    return [entry & (1 << 55) - 1 if entry >> 63 else None for entry in entries]


def sums(region):
    """Each thread has the whole of it summed up, by a function that lets others run."""
    found = [0] * THREADS

    def look(n):
        with memoryview(region) as view:
            found[n] = zlib.crc32(view)
    threads = [threading.Thread(target=look, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


with mmapshare.anonymous(PAGES * mmap.PAGESIZE) as region, mmapshare.anonymous(1 << 16) as answer:
    region[:] = os.urandom(len(region))
    expected = zlib.crc32(region[:])
    print(THREADS, "threads see the same bytes:", sums(region) == [expected] * THREADS)

    mine = page_numbers(region)
    # not a copy of this process's mapping, but one of its own
    if os.fork() == 0:
        with mmapshare.Region(os.dup(region.fileno())) as other:
            numbers = page_numbers(other)
            answer.write(struct.pack(f"={PAGES + 1}Q", *numbers, zlib.crc32(other[:])))
        os._exit(0)
    status = os.wait()[1]
    *theirs, crc = struct.unpack_from(f"={PAGES + 1}Q", answer)
    print("another process has ended well:", status == 0)
    print("and sees the same bytes:", crc == expected)
    print("pages that are there:", sum(1 for number in mine if number), "of", PAGES)
    print("the same physical pages:", mine == theirs)
    print("all different:", len(set(mine)) == PAGES)
    copy = mmap.mmap(-1, len(region))
    copy[:] = region[:]
    print("of a copy:", len(set(mine) & set(page_numbers(copy))), "the same")
