#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1 MiB of zeros: set a byte, and some a page further on by a mapping that begins
there, and look at the device with od."""
import mmap
import os
import subprocess

import mmapshare

MIB = 1 << 20


def od():
    """Lines that are all alike are one '*'."""
    print(subprocess.run(["od", "-A", "d", "-t", "x1", "-N", str(MIB), mmapshare.path()],
                         check=True, stdout=subprocess.PIPE, text=True).stdout, end="")


def map_at(fd, offset):
    return mmap.mmap(fd, mmap.PAGESIZE, offset=offset)


with mmapshare.open() as m:
    m.fill(b"\0", 0, MIB)
    m[0] = 0x61
od()

fd = os.open(mmapshare.path(), os.O_RDWR)
with map_at(fd, 64 * 1024) as part:
    part[0:4] = b"page"
od()

# Python asks for a multiple of its own constant, the kernel for one of its pages.
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
