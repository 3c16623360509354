#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first example of Python's mmap documentation, on the device: read a line,
replace a part of it in place, read it again. It uses only the standard module
mmap, not the package mmapshare."""
import mmap
import os

with open("/dev/mmapshare", "r+b") as f:
    # the length is needed: for length 0 mmap asks fstat(), which reports 0
    # bytes for a character device
    size = f.seek(0, os.SEEK_END)
    f.seek(0)
    f.write(b"Hello Python!\n")
    f.flush()

    mm = mmap.mmap(f.fileno(), size)
    print("readline:", mm.readline())
    print("slice:   ", mm[:5])
    # without the 0, find() starts at the current position, behind the line
    index = mm.find(b"Python", 0)
    print("find:    ", index)
    mm[index:index + 6] = b" world"
    mm.flush()
    mm.seek(0)
    print("readline:", mm.readline())
    mm.close()

    # read(2) returns what was stored in the mapping
    f.seek(0)
    print("read:    ", f.read(14))

    with mmap.mmap(f.fileno(), size) as mm:
        print("with:    ", mm[:14])
    print("closed:  ", mm.closed)
