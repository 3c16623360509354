#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Several threads and a child process read one region without copying it: their
mappings consist of the same physical pages. Needs root: /proc/self/pagemap
shows page frame numbers only with CAP_SYS_ADMIN."""
import ctypes
import mmap
import os
import struct
import threading
import zlib

import mmapshare

THREADS = 8
PAGES = 64


def page_frames(region):
    """The page frame number of each page of the mapping, by
    /proc/self/pagemap."""
    # read every page: a page that was never accessed may not be mapped yet
    sum(region[::mmap.PAGESIZE])
    first = ctypes.c_char.from_buffer(region)
    address = ctypes.addressof(first)
    # close() raises BufferError while an object refers to the mapping
    del first
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        pagemap.seek(address // mmap.PAGESIZE * 8)
        entries = struct.unpack(f"={PAGES}Q", pagemap.read(PAGES * 8))
    # bit 63: page present; bits 0 to 54: page frame number
    return [entry & (1 << 55) - 1 if entry >> 63 else None for entry in entries]


def checksums(region):
    """Compute the CRC of the region in each thread. crc32() releases the GIL,
    so that the threads run at the same time."""
    results = [0] * THREADS

    def compute(n):
        with memoryview(region) as view:
            results[n] = zlib.crc32(view)
    threads = [threading.Thread(target=compute, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


with mmapshare.anonymous(PAGES * mmap.PAGESIZE) as region, mmapshare.anonymous(1 << 16) as answer:
    region[:] = os.urandom(len(region))
    expected = zlib.crc32(region[:])
    print(THREADS, "threads see the same bytes:", checksums(region) == [expected] * THREADS)

    frames = page_frames(region)
    # the child makes a mapping of its own; it does not use the inherited one
    if os.fork() == 0:
        with mmapshare.Region(os.dup(region.fileno())) as other:
            answer.write(struct.pack(f"={PAGES + 1}Q", *page_frames(other),
                                     zlib.crc32(other[:])))
        os._exit(0)
    status = os.wait()[1]
    *child_frames, crc = struct.unpack_from(f"={PAGES + 1}Q", answer)
    print("the child succeeded:", status == 0)
    print("the child sees the same bytes:", crc == expected)
    print("pages present:", sum(1 for frame in frames if frame), "of", PAGES)
    print("the child maps the same physical pages:", frames == child_frames)
    print("no physical page is mapped twice:", len(set(frames)) == PAGES)
    copy = mmap.mmap(-1, len(region))
    copy[:] = region[:]
    print("physical pages shared with a copy:", len(set(frames) & set(page_frames(copy))))
