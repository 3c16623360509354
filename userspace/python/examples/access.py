#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ACCESS_READ, ACCESS_WRITE and ACCESS_COPY: what may be done with each, by a file
that is open for reading and writing, and by one that is open for reading."""
import mmap
import os

DEVICE = "/dev/mmapshare"
SIZE = mmap.PAGESIZE


def device():
    """What is really there, by read()."""
    with open(DEVICE, "rb", buffering=0) as f:
        return f.read(3)


def attempt(access, flags):
    """Map it, store to it, and say what came of each."""
    fd = os.open(DEVICE, flags)
    try:
        with mmap.mmap(fd, SIZE, access=access) as mm:
            seen = bytes(mm[:3])
            try:
                mm[:3] = b"NEW"
            except TypeError as error:
                return f"reads {seen}; {error}"
            return f"reads {seen}, stores, reads {mm[:3]}"
    except OSError as error:
        return error.strerror
    finally:
        os.close(fd)


for mode, flags in ("r+", os.O_RDWR), ("r", os.O_RDONLY):
    for name in "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY":
        with open(DEVICE, "r+b", buffering=0) as f:
            f.write(b"old")
        result = attempt(getattr(mmap, name), flags)
        print(f"{name:12} {mode:2} {result}; device: {device()}")
