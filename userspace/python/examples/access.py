#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Map the device with ACCESS_READ, ACCESS_WRITE and ACCESS_COPY, through a
descriptor that is open for reading and writing and through one that is open for
reading only. Show for each whether a load and a store work, and whether the
store changes the device."""
import mmap
import os

DEVICE = "/dev/mmapshare"
SIZE = mmap.PAGESIZE


def read_device():
    """The first bytes of the device, by read(2)."""
    with open(DEVICE, "rb", buffering=0) as f:
        return f.read(3)


def try_access(access, flags):
    """Map the device, load from it and store to it; describe the result."""
    fd = os.open(DEVICE, flags)
    try:
        with mmap.mmap(fd, SIZE, access=access) as mm:
            loaded = bytes(mm[:3])
            try:
                mm[:3] = b"NEW"
            except TypeError as error:
                return f"reads {loaded}; {error}"
            return f"reads {loaded}, stores, reads {mm[:3]}"
    except OSError as error:
        return error.strerror
    finally:
        os.close(fd)


for mode, flags in ("r+", os.O_RDWR), ("r", os.O_RDONLY):
    for name in "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY":
        with open(DEVICE, "r+b", buffering=0) as f:
            f.write(b"old")
        result = try_access(getattr(mmap, name), flags)
        print(f"{name:12} {mode:2} {result}; device: {read_device()}")
