# SPDX-License-Identifier: MIT
"""The ioctls of <linux/mmapshare.h>: request numbers and structures."""
from __future__ import annotations

import fcntl
import operator
import os
import re
import struct
import time
from typing import Any, NamedTuple, Optional, Tuple

# In ioctl numbers the direction has 3 bits on these machines, and 2 elsewhere.
_SIZE_BITS = 13 if os.uname().machine.startswith(("alpha", "mips", "ppc", "sparc")) else 14
_WRITE, _READ = (4, 2) if _SIZE_BITS == 13 else (1, 2)

NAME_SIZE = 64
PATTERN_MAX = 8

RING = 1
RING_OVERWRITE = 2
RING_READERS_HOLD = 16
RING_SET = 32
RING_MEMBERS_MAX = 1024
RING_RETAINS_NOTHING = 1
RING_FEAT_MONOTONIC = 1
RING_FEAT_BOOTTIME = 2
RING_FEAT_CPU = 4
RING_FEAT_TYPE = 8
RING_FEATURES = 15
RING_RESERVE_NONE = 0xffffffff
RING_KERNEL_PRODUCER = 4
RING_CONSUMERS_MAX = 64
RING_MAGIC = 0x676e6972736d6d
RING_VERSION = 1
ATTACH_PRODUCER = 1
ATTACH_CONSUMER = 2
ATTACH_LATEST = 4
WAIT_IGNORE_HUP = 1
DESTROY_REVOKE = 1
QUERY_NEXT = 1
CLOEXEC = 1
ATTACH_CLOEXEC = 8
ATTACH_MAY_LOSE = 16
ATTACH_MUST_NOT_LOSE = 32
ATTACH_OLDEST = 64
ATTACH_SEQ = 128
ATTACH_EXISTING = 256
ATTACH_RESUMED = 512
KEEP_ALL = 2 ** 64 - 1
NAME_HELD, NAME_KEEPS, NAME_MAY_LOSE, NAME_EVICTED, NAME_CORRUPT = 1, 2, 4, 8, 16
ATTACH_MEMBER = 1024

RECORD_CPU_UNKNOWN = 0xffffffff
RECORD_BUSY = 1 << 31
RECORD_DISCARD = 1 << 30
RECORD_FILLER = 1 << 29
RECORD_LENGTH = RECORD_FILLER - 1

STRATEGIES = ("fault", "huge", "vmalloc", "pfn", "reserved")
SEALS = {"seal": 1, "future": 2, "write": 4, "revoke": 8}


class Call:
    """An ioctl and its structure, whose first field is the structure's size.

    fields: format of the other fields, as for the module struct
    """

    def __init__(self, direction: int, number: int, fields: str) -> None:
        self.layout = struct.Struct("=I" + fields)
        self.request = (direction << (16 + _SIZE_BITS) | self.layout.size << 16 |
                        0xbb << 8 | number)

    def pack(self, *fields: Any) -> bytearray:
        return bytearray(self.layout.pack(self.layout.size, *fields))

    def unpack(self, buffer: bytearray) -> Tuple[Any, ...]:
        return self.layout.unpack(buffer)[1:]

    def send(self, fd: int, buffer: bytearray) -> int:
        """Other threads run during the call: fcntl.ioctl() copies a writable
        buffer of up to 1024 bytes, releases the GIL for the system call, and
        copies the result back even if the call fails."""
        return fcntl.ioctl(fd, self.request, buffer)

    def __call__(self, fd: int, *fields: Any) -> Tuple[Any, ...]:
        """Make the call; return its result and the structure's fields."""
        buffer = self.pack(*fields)
        result = self.send(fd, buffer)
        return (result, *self.unpack(buffer))


INFO = Call(_READ | _WRITE, 0x00, "IIIQQIIQQQQII64sII")
FILL = Call(_WRITE, 0x01, "IQQ8sII")
CHECKSUM = Call(_READ | _WRITE, 0x02, "IQQII")
SEAL = Call(_READ | _WRITE, 0x03, "III")
READ_ONLY = Call(_WRITE, 0x04, "I")
NOTIFY = Call(_READ | _WRITE, 0x06, "IQ")
WAIT = Call(_READ | _WRITE, 0x07, "IQq")
RING_ATTACH = Call(_READ | _WRITE, 0x08, "IQQQQIIQQIIQQQ64sQ")
RING_NAME = Call(_READ | _WRITE, 0x0e, "IIIIIQQQQQ64s")
RING_REMOVE = Call(_WRITE, 0x0f, "I64s")
RING_NOTIFY = Call(_WRITE, 0x09, "I")
RING_WAIT = Call(_WRITE, 0x0a, "Iq")
CREATE = Call(_READ | _WRITE, 0x10, "IQII64sIIIIQQII")
DESTROY = Call(_WRITE, 0x11, "I64s")
QUERY = Call(_READ | _WRITE, 0x12, "IQIIIIIIQQ64s")


class Attached(NamedTuple):
    """The result of RING_ATTACH: the descriptor, and the members of struct
    mmapshare_ring_attach_args that the kernel has stored."""

    fd: int
    flags: int
    map_size: int
    data_size: int
    own_offset: int
    own_size: int
    cursor: int
    member: int
    map_offset: int
    stride: int
    members: int
    reserved: int
    seq: int
    generation: int
    keep_ns: int
    name: bytes
    types: int

    def of_member(self, member: int) -> "Attached":
        """The same for one ring of a set, if members is not 0."""
        offset = member * self.stride
        return self._replace(own_offset=self.own_offset + offset,
                             map_offset=self.map_offset + offset, member=member, members=0)


class Start(NamedTuple):
    """What the kernel is to know besides flags when a consumer attaches."""

    flags: int = 0
    seq: int = 0
    generation: int = 0
    keep_ns: int = 0
    name: bytes = b""
    types: int = 0


def attach(fd: int, flags: int, member: int, start: Start = Start()) -> Attached:
    return Attached(*RING_ATTACH(fd, flags | start.flags | ATTACH_CLOEXEC, 0, 0, 0, 0, 0, member,
                                 0, 0, 0, 0, start.seq, start.generation, start.keep_ns,
                                 start.name, start.types))


class Info(NamedTuple):
    """Facts about a region; see struct mmapshare_info."""

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
    members: int


def info(fd: int) -> Info:
    _, _, version, strategy, *rest, name, ring, members = INFO(fd, *[0] * 13, b"", 0, 0)
    return Info._make([version, STRATEGIES[strategy], *rest,
                       name.rstrip(b"\0").decode() or None, ring, members])


def name_field(name: Optional[str]) -> bytes:
    """Encode a name. One that does not fit is an error: struct would truncate
    it, and the call would then act on another name."""
    if name is None:
        return b""
    if (not re.fullmatch(r"[A-Za-z0-9._-]{1,%d}" % (NAME_SIZE - 1), name) or
            name in (".", "..")):
        raise ValueError(f"a name must have 1 to {NAME_SIZE - 1} of the characters "
                         f"A-Z a-z 0-9 . _ - and be neither '.' nor '..', not {name!r}")
    return name.encode("ascii")


def number(value: Any, what: str, least: int, most: int) -> int:
    """Check an argument that must be an integer."""
    if isinstance(value, (str, bytes)):
        raise ValueError(f"{what} must be an integer, not {value!r}")
    try:
        checked = operator.index(value)
    except TypeError:
        raise TypeError(f"{what} must be an integer, not {value!r}") from None
    if not least <= checked <= most:
        raise ValueError(f"{what} must be from {least} to {most}, not {checked}")
    return checked


def size_field(size: Any) -> int:
    """Check the size of a region, or of the records of a ring. The kernel knows the
    limit, which is less than 2^63."""
    return number(size, "size (bytes)", 1, (1 << 63) - 1)


class Deadline:
    """A timeout stored as an absolute time, so that a call restarted after a
    signal does not wait longer."""

    def __init__(self, timeout: Optional[float]) -> None:
        self._at = None if timeout is None else time.monotonic() + timeout

    def nanoseconds(self) -> int:
        """The time left, as the ioctls expect it: negative means no timeout."""
        if self._at is None:
            return -1
        left = round((self._at - time.monotonic()) * 1e9)
        return min(max(0, left), (1 << 63) - 1)
