#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A parent and its child process share an anonymous region."""
import os

import mmapshare

with mmapshare.anonymous(1000) as m:
    m.write(b"Hello world!")
    pid = os.fork()
    if pid == 0:
        m.seek(0)
        print("the child reads:", m.read(12), flush=True)
        m[:5] = b"HELLO"
        m.close()
        os._exit(0)
    os.waitpid(pid, 0)
    print("the parent reads:", m[:12])
    print("the region's name:", m.name)
