#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Map the device at several offsets. Clear 1 MiB, store a byte, then store 4
bytes through a mapping that starts at 64 KiB, and show the device with od.
Offsets that are not multiples of the page size are refused."""
import mmap
import os
import subprocess

import mmapshare

MIB = 1 << 20


def od():
    """Show the device; od prints repeated lines as one '*'."""
    print(subprocess.run(["od", "-A", "d", "-t", "x1", "-N", str(MIB), mmapshare.path()],
                         check=True, stdout=subprocess.PIPE, text=True).stdout, end="")


def map_at(fd, offset):
    return mmap.mmap(fd, mmap.PAGESIZE, offset=offset)


with mmapshare.open() as m:
    m.fill(b"\0", 0, MIB)
    m[0] = 0x61
od()

fd = os.open(mmapshare.path(), os.O_RDWR)
with map_at(fd, 64 * 1024) as m:
    m[0:4] = b"page"
od()

# Python requires multiples of ALLOCATIONGRANULARITY, the kernel of its page size.
print("ALLOCATIONGRANULARITY is the page size:",
      mmap.ALLOCATIONGRANULARITY == os.sysconf("SC_PAGESIZE"))
for offset in 2 * mmap.PAGESIZE, 100, mmap.PAGESIZE + 1:
    name = {100: "100", 2 * mmap.PAGESIZE: "two pages"}.get(offset, "a page and 1")
    try:
        map_at(fd, offset).close()
        print(f"offset {name}: mapped")
    except (OSError, ValueError) as error:
        print(f"offset {name}: {error}")
os.close(fd)
