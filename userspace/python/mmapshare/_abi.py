# SPDX-License-Identifier: MIT
"""The calls of <linux/mmapshare.h>: numbers, structures, nothing else."""
from __future__ import annotations

import fcntl
import os
import struct
import time
from typing import Any, NamedTuple, Optional, Tuple

# The fields of a request's number: these machines have 3 bits for the direction.
_SIZE_BITS = 13 if os.uname().machine.startswith(("alpha", "mips", "ppc", "sparc")) else 14
_WRITE, _READ = (4, 2) if _SIZE_BITS == 13 else (1, 2)

NAME_SIZE = 64
PATTERN_MAX = 8

RING = 1
RING_OVERWRITE = 2
RING_MAGIC = 0x676e6972736d6d
RING_VERSION = 1
ATTACH_PRODUCER = 1
ATTACH_CONSUMER = 2
ATTACH_LATEST = 4
WAIT_IGNORE_HUP = 1
DESTROY_REVOKE = 1
CLOEXEC = 1
ATTACH_CLOEXEC = 8

RECORD_BUSY = 1 << 31
RECORD_DISCARD = 1 << 30
RECORD_LENGTH = RECORD_DISCARD - 1

STRATEGIES = ("fault", "huge", "vmalloc", "pfn")


class Call:
    """One ioctl, and its structure, which begins with its own size."""

    def __init__(self, direction: int, number: int, fields: str) -> None:
        self.layout = struct.Struct("=I" + fields)
        self.request = (direction << (16 + _SIZE_BITS) | self.layout.size << 16 |
                        0xbb << 8 | number)

    def pack(self, *fields: Any) -> bytearray:
        return bytearray(self.layout.pack(self.layout.size, *fields))

    def unpack(self, buffer: bytearray) -> Tuple[Any, ...]:
        return self.layout.unpack(buffer)[1:]

    def send(self, fd: int, buffer: bytearray) -> int:
        """Others may run meanwhile: of so short a buffer, and one that can be
        stored to, fcntl makes a copy, releases the GIL, and copies it back,
        whether or not the call fails."""
        return fcntl.ioctl(fd, self.request, buffer)

    def __call__(self, fd: int, *fields: Any) -> Tuple[Any, ...]:
        """What the call returns, then what is in the structure by then."""
        buffer = self.pack(*fields)
        result = self.send(fd, buffer)
        return (result, *self.unpack(buffer))


INFO = Call(_READ | _WRITE, 0x00, "IIIQQIIQQQQII64sII")
FILL = Call(_WRITE, 0x01, "IQQ8sII")
CHECKSUM = Call(_READ | _WRITE, 0x02, "IQQII")
READ_ONLY = Call(_WRITE, 0x04, "I")
NOTIFY = Call(_READ | _WRITE, 0x06, "IQ")
WAIT = Call(_READ | _WRITE, 0x07, "IQq")
RING_ATTACH = Call(_READ | _WRITE, 0x08, "IQQQII")
RING_NOTIFY = Call(_WRITE, 0x09, "I")
RING_WAIT = Call(_WRITE, 0x0a, "Iq")
CREATE = Call(_READ | _WRITE, 0x10, "IQII64sII")
DESTROY = Call(_WRITE, 0x11, "I64s")


class Info(NamedTuple):
    """What the kernel says of a region; see struct mmapshare_info."""

    abi_version: int
    strategy: str
    size: int
    features: int
    page_size: int
    huge_page_size: int
    huge_bytes: int
    maps: int
    files: int
    doorbell_offset: int
    seals: int
    id: int
    name: Optional[str]
    ring: int


def info(fd: int) -> Info:
    _, _, version, strategy, *rest, name, ring, _ = INFO(fd, *[0] * 13, b"", 0, 0)
    return Info._make([version, STRATEGIES[strategy], *rest,
                       name.rstrip(b"\0").decode() or None, ring])


def name_field(name: Optional[str]) -> bytes:
    """What is too long is no name, and not a shorter one."""
    field = os.fsencode(name) if name is not None else b""
    if name is not None and not 0 < len(field) < NAME_SIZE:
        raise ValueError(f"a name has 1 to {NAME_SIZE - 1} characters")
    return field


class Deadline:
    """A time-out that does not begin anew when a signal comes between."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._at = None if timeout is None else time.monotonic() + timeout

    def nanoseconds(self) -> int:
        """What is left, as the kernel wants it."""
        if self._at is None:
            return -1
        left = round((self._at - time.monotonic()) * 1e9)
        return min(max(0, left), (1 << 63) - 1)
