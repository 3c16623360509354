#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The first program in Python's own documentation of mmap, on the device: read a
line, replace a part of it in place, read it again. Nothing is needed but mmap."""
import mmap
import os

with open("/dev/mmapshare", "r+b") as f:
    # a mapping of length 0 is for files whose length fstat() knows
    size = f.seek(0, os.SEEK_END)
    f.seek(0)
    f.write(b"Hello Python!\n")
    f.flush()

    mm = mmap.mmap(f.fileno(), size)
    print("readline:", mm.readline())
    print("slice:   ", mm[:5])
    # it looks from where reading has got to, if not told where
    where = mm.find(b"Python", 0)
    print("find:    ", where)
    mm[where:where + 6] = b" world"
    mm.flush()
    mm.seek(0)
    print("readline:", mm.readline())
    mm.close()

    # what was stored is in the device, not only in this mapping
    f.seek(0)
    print("read:    ", f.read(14))

    with mmap.mmap(f.fileno(), size) as mm:
        print("with:    ", mm[:14])
    print("closed:  ", mm.closed)
