#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run every method of Python's mmap objects on the device, shown like an
interactive session. Then show what mmap alone cannot do on a character device,
and what the package mmapshare does instead."""
import mmap
import os

import mmapshare

SESSION = """
m[:] = bytes(len(m))
m.write(b"one two one\\n")
m.tell()
_ = m.seek(0)
m.read(3), m.read_byte(), m.readline()
m.read(4)
_ = m.seek(-4, os.SEEK_END)
m.tell() == len(m) - 4, m.write(b"tail"), m[-4:]
m.find(b"one"), m.rfind(b"one")
_ = m.seek(0)
m.find(b"one"), m.find(b"one", 1), m.find(b"one", 1, 10), m.find(b"three")
m.rfind(b"one"), m.rfind(b"one", 0, 10)
m.move(4, 0, 3), m[:12]
m.write_byte(ord("O")), m[0], m[:3]
m[0:11:2], m[10:3:-1]
m[1:6:2] = b"..."
m[:12]
m[0] = 256
m[0] = ord("o")
m.flush(), m.flush(0, mmap.PAGESIZE)
m.madvise(mmap.MADV_WILLNEED)
m.seek(len(m) + 1)
_ = m.seek(len(m) - 1)
m.write(b"too much")
len(m) == size
"""

UNSUPPORTED = """
mmap.mmap(fd, 0)
mmap.mmap(fd, size + mmap.PAGESIZE)
m.size()
m.resize(2 * size)
"""

PACKAGE = """
len(m) == size, m.size() == size
m.resize(2 * size)
"""


def session(lines, names):
    """Run each line and print its value or its exception."""
    for line in lines.strip().splitlines():
        print(">>>", line)
        try:
            value = eval(line, names)
        except SyntaxError:
            try:
                exec(line, names)
            except Exception as error:
                print(f"{type(error).__name__}: {error}")
        except Exception as error:
            print(f"{type(error).__name__}: {error}")
        else:
            if value is not None:
                print(repr(value))


fd = os.open(mmapshare.DEVICE, os.O_RDWR)
size = os.lseek(fd, 0, os.SEEK_END)
with mmap.mmap(fd, size) as m:
    session(SESSION, globals())
    print("what mmap cannot do on a character device:")
    session(UNSUPPORTED, globals())
session("m.closed\nm[0]", globals())
os.close(fd)
print("mmapshare.open():")
with mmapshare.open() as m:
    session(PACKAGE, globals())
