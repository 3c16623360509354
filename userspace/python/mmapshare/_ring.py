# SPDX-License-Identifier: MIT
"""Rings: records from one producer to its consumers.

Step numbers in comments refer to "The protocol" in Documentation/ring.rst.
Python has neither atomics nor fences. This module relies on the following:

- Whole words. A word of a ring is loaded and stored as one item of a
  memoryview, which is a memcpy() of 8 or 4 bytes of constant size: one
  instruction on the machines in _WHOLE_WORD_MACHINES. Elsewhere attaching
  fails with EOPNOTSUPP.
- Compiler order. Each access is a call of an interpreter function through a
  pointer, so no compiler reorders accesses.
- Acquire and release. On the machines in _TSO_MACHINES the processor keeps
  the order of loads, of stores, and of a load and a later store, which is all
  that acquire and release require. Elsewhere _acq_rel_fence() makes a system
  call that is a full fence.
- Full fences. A store followed by a load needs one on every machine. There the
  code always calls RING_NOTIFY, which is a full fence and also wakes the
  peers that can continue.

The mmap module cannot map the mirror of the records at a chosen address. A
record that crosses the end of the ring is therefore copied; there is at most
one in each pass through the ring.
"""
from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import socket as sockets
import struct
import time
import weakref
from typing import Any, Iterable, Iterator, NamedTuple, Optional, TypeVar, Union

from . import _abi
from ._errors import explained, make
from ._region import Name, new_region, open_node, receive_fd, region_info

_MACHINE = os.uname().machine
_WHOLE_WORD_MACHINES = ("x86_64", "aarch64", "ppc64le", "s390x")
_TSO_MACHINES = ("x86_64", "s390x")
_HAS_WHOLE_WORDS = struct.calcsize("P") == 8 and _MACHINE in _WHOLE_WORD_MACHINES
_IS_TSO = _MACHINE in _TSO_MACHINES

_MASK = (1 << 64) - 1
_HEADER = 8
# struct mmapshare_record_info
_INFO = struct.Struct("=QIHH")
_STARTS = {"oldest": _abi.ATTACH_OLDEST, "latest": _abi.ATTACH_LATEST}
_CLOCKS = {"monotonic": _abi.RING_FEAT_MONOTONIC, "boottime": _abi.RING_FEAT_BOOTTIME}
# A producer reclaims the space of at least this many records at a time, if
# they are released.
_RECLAIM_BATCH = 64
# Consumer.take() returns None after being overrun this many times in a row.
_MAX_ATTEMPTS = 1000

# Indexes of fields in 64-bit words; for names that end in 32, in 32-bit words.
# struct mmapshare_ring
_MAGIC, _FEATURES = 0, 3
_PRODUCER_OFFSET, _CURSOR_OFFSET, _CURSOR_STRIDE, _RECORD_MAX = 7, 8, 9, 10
_EVICT_NS, _CONSUMERS, _RETAINED_POS, _MAY_LOSE, _CONSUMERS_GEN = 12, 16, 17, 19, 21
_UNHELD, _TYPES = 22, 23
_VERSION32, _FLAGS32, _CONSUMERS_MAX32 = 2, 4, 5
# struct mmapshare_ring_producer
_POS, _OLDEST_POS, _SEQ, _DROPPED, _OVERWRITTEN = 0, 1, 2, 8, 9
# struct mmapshare_ring_cursor; pos is at _POS, too
_CURSOR_SEQ, _LOST = 1, 2
# struct mmapshare_ring_producer and struct mmapshare_ring_cursor
_WAKE_BYTES32 = 6


def _is_at_or_past(pos: int, limit: int) -> bool:
    """Compare positions or sequence numbers modulo 2^64. They never differ by
    2^63 or more."""
    return (pos - limit) & _MASK < 1 << 63


def _record_stride(length: int) -> int:
    """Bytes from a record's header to the next header."""
    return _HEADER + ((length & _abi.RECORD_LENGTH) + 7 & ~7)


def _extend_seq(low: int, near: int) -> int:
    """Extend the lower 32 bits of a sequence number to 64 bits: return the
    value closest to near."""
    distance = (low - near) & 0xffffffff
    return (near + distance - (distance >> 31 << 32)) & _MASK


class RecordInfo(NamedTuple):
    """What a record has besides its bytes. A member is None if the ring was
    created without it. A program that is the producer can have stored any
    values; a producer in the kernel states the truth.

    time: nanoseconds of the ring's clock when the record was reserved
    cpu: the number of the CPU on which it was reserved; None also if unknown
    type: what the producer has set, 0 to 65535
    """

    time: Optional[int]
    cpu: Optional[int]
    type: Optional[int]


def _current_cpu() -> int:
    try:
        cpu = int(ctypes.CDLL(None).sched_getcpu())
    except (AttributeError, OSError):
        return _abi.RECORD_CPU_UNKNOWN
    return cpu if cpu >= 0 else _abi.RECORD_CPU_UNKNOWN


class CursorName(NamedTuple):
    """The name of a cursor, by which a consumer goes on where the last one was.

    name: the name
    uid: the user that has created it
    attached: whether it has a consumer
    keeps: whether the producer waits for it
    may_lose: whether its consumers may lose records of a lossless ring
    evicted: whether the producer no longer waits for it, because it has waited long
          enough
    corrupt: whether its position is impossible: a consumer must pass start
    seq: sequence number of its next record
    lost: records that it has lost
    unheld: seconds since it had a consumer
    """

    name: str
    uid: int
    attached: bool
    keeps: bool
    may_lose: bool
    evicted: bool
    corrupt: bool
    seq: int
    lost: int
    unheld: float


def _start(start: Union[None, int, str], cursor: Optional[str], keep: Optional[float],
           existing: bool, generation: int, types: Optional[Iterable[int]]) -> _abi.Start:
    flags = seq = mask = 0
    for record_type in types or ():
        mask |= 1 << _abi.number(record_type, "a type", 0, 0xffff) % 64
    if isinstance(start, int):
        flags, seq = _abi.ATTACH_SEQ, _abi.number(start, "start", 0, _MASK)
    elif start is not None:
        if start not in _STARTS:
            raise ValueError(f"start must be a sequence number, or one of "
                             f"{', '.join(_STARTS)}, not {start!r}")
        flags = _STARTS[start]
    if cursor is None:
        if keep or existing:
            raise ValueError("keep and existing require cursor")
        return _abi.Start(flags, seq, generation, types=mask)
    keep_ns = _abi.KEEP_ALL if keep is None else round(keep * 1e9)
    return _abi.Start(flags | (_abi.ATTACH_EXISTING if existing else 0), seq, generation,
                      keep_ns, _abi.name_field(cursor), mask)


_EndpointType = TypeVar("_EndpointType", bound="_Endpoint")


class _Endpoint:
    """The common part of Producer and Consumer. It has no lock: only one thread
    at a time may use an endpoint."""

    def __init__(self, fd: int, flags: int, member: Optional[int] = None,
                 attached: Optional[_abi.Attached] = None,
                 start: _abi.Start = _abi.Start()) -> None:
        """member: of a ring set, the ring to attach to
        attached: of a consumer of a set, its endpoint in one ring
        """
        owner = attached is None
        flags |= 0 if member is None else _abi.ATTACH_MEMBER
        self._name = region_info(fd).name
        if not _HAS_WHOLE_WORDS:
            raise self._error(errno.EOPNOTSUPP)
        self._views: list[memoryview] = []
        self._maps: list[mmap.mmap] = []
        self._record_view: Optional[memoryview] = None
        self._revoked = False
        role = "producer" if flags & _abi.ATTACH_PRODUCER else "consumer"
        # a name of all rings would be created before members says that this is a set
        if start.name and member is None and region_info(fd).members:
            raise self._error(errno.EOPNOTSUPP)
        if attached is None:
            with explained(self._name, role):
                attached = _abi.attach(fd, flags, member or 0, start)
        self._fd: int = attached.fd
        # those of a set share a descriptor, which the set closes
        self._finalizer = (weakref.finalize(self, os.close, self._fd) if owner else
                           weakref.finalize(self, int))
        # a random number: together with it a sequence number identifies a record
        self.generation: int = attached.generation
        self.resumed = bool(attached.flags & _abi.ATTACH_RESUMED)
        self._finalizer.atexit = False
        try:
            if attached.members:
                raise self._error(errno.EOPNOTSUPP)
            self._map(attached)
        except BaseException:
            self.close()
            raise

    def _error(self, code: int) -> OSError:
        return make(code, self._name)

    def __repr__(self) -> str:
        kind = type(self).__name__
        name = "an anonymous ring" if self._name is None else repr(self._name)
        return f"<mmapshare.{kind} of {name}{'' if self._finalizer.alive else ', closed'}>"

    @property
    def name(self) -> Optional[str]:
        """The name of the ring; None if it is anonymous."""
        return self._name

    @property
    def dropped(self) -> int:
        """The number of records that the ring's producers have dropped for lack of
        space, since the ring was created."""
        self._check_usable()
        return self._producer64[_DROPPED]

    def _map(self, attached: _abi.Attached) -> None:
        flags, map_size, data_size = attached.flags, attached.map_size, attached.data_size
        whole = self._view_mapping(mmap.mmap(self._fd, map_size, mmap.MAP_SHARED,
                                             mmap.PROT_READ, offset=attached.map_offset))
        self._own = self._view_mapping(mmap.mmap(self._fd, attached.own_size, mmap.MAP_SHARED,
                                                 mmap.PROT_READ | mmap.PROT_WRITE,
                                                 offset=attached.own_offset))
        self._ring64 = self._new_view(whole, "Q")
        words32 = self._new_view(whole, "I")
        if (self._ring64[_MAGIC] != _abi.RING_MAGIC or
                self._ring64[_FEATURES] & ~_abi.RING_FEATURES or
                words32[_VERSION32] != _abi.RING_VERSION):
            raise self._error(errno.EPROTONOSUPPORT)
        self._features = self._ring64[_FEATURES]
        # these bytes are in front of those of a record, and count in its length
        self._info_bytes = _INFO.size if self._features else 0
        self._overwrite = bool(words32[_FLAGS32] & _abi.RING_OVERWRITE)
        self._held = not self._overwrite and not flags & _abi.ATTACH_MAY_LOSE
        self._overwrite |= bool(flags & _abi.ATTACH_CONSUMER and
                                (not self._held or self._ring64[_EVICT_NS]))
        self._kernel_producer = bool(words32[_FLAGS32] & _abi.RING_KERNEL_PRODUCER)
        self._size = data_size
        self.record_max = self._ring64[_RECORD_MAX]
        self._consumers_max = words32[_CONSUMERS_MAX32]
        self._own64 = self._new_view(self._own, "Q")
        self._own32 = self._new_view(self._own, "I")
        self._own32[_WAKE_BYTES32] = 0
        offset = self._ring64[_PRODUCER_OFFSET]
        self._producer64 = self._new_view(whole[offset:offset + 128], "Q")
        self._data = self._new_view(whole[map_size - data_size:], "B")
        self._headers = self._new_view(self._data, "I")

    def _view_mapping(self, mapping: mmap.mmap) -> memoryview:
        self._maps.append(mapping)
        return self._new_view(memoryview(mapping), "B")

    def _new_view(self, view: memoryview, item_format: str) -> memoryview:
        """Record each view: close() has to release it before it unmaps."""
        cast: Any = view.cast
        view = cast(item_format)
        self._views.append(view)
        return view

    def __enter__(self: _EndpointType) -> _EndpointType:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Detach from the ring and unmap it. BufferError while another object,
        such as a NumPy array, refers to a record; close() can be called again
        after that object is deleted."""
        self._release_record()
        while self._views:
            self._views[-1].release()
            self._views.pop()
        while self._maps:
            self._maps[-1].close()
            self._maps.pop()
        self._finalizer()

    def fileno(self) -> int:
        """The descriptor, for select, selectors and asyncio. When wait(0) would
        return True, a consumer's is readable and a producer's is writable."""
        if not self._finalizer.alive:
            raise ValueError("the endpoint is closed" if self._name is None else
                             f"the endpoint of {self._name!r} is closed")
        return self._fd

    def _release_record(self) -> None:
        """Release the view of the last record. BufferError is ignored here: an
        object that still refers to the view, such as an array, makes close()
        fail instead."""
        if self._record_view is not None:
            with contextlib.suppress(BufferError):
                self._record_view.release()
            self._record_view = None

    def _check_usable(self) -> None:
        """Raise an error if the endpoint is closed, or if the ring was revoked
        according to an earlier call: an access to the mapping raises SIGBUS."""
        self.fileno()
        if self._revoked:
            raise self._error(errno.ENODEV)

    def _call(self, call: _abi.Call, *fields: int) -> None:
        try:
            call(self.fileno(), *fields)
        except (InterruptedError, TimeoutError):
            raise
        except OSError as error:
            self._revoked |= error.errno == errno.ENODEV
            raise self._error(error.errno or 0) from None

    def _notify(self) -> None:
        """A full fence. Also wakes peers whose wake threshold is reached."""
        self._call(_abi.RING_NOTIFY, 0)

    def _acq_rel_fence(self) -> None:
        """An acquire and release fence: free on _TSO_MACHINES."""
        if not _IS_TSO:
            self._notify()

    def _wait(self, deadline: _abi.Deadline, ignore_hup: bool = False) -> None:
        while True:
            try:
                self._call(_abi.RING_WAIT, _abi.WAIT_IGNORE_HUP if ignore_hup else 0,
                           deadline.nanoseconds())
                return
            except InterruptedError:
                # the signal's handler has run and did not raise
                continue

    def _header_index(self, pos: int) -> int:
        """Index in _headers of the header at a position. The mask keeps every
        position, even a corrupt one, inside the ring."""
        return (pos & (self._size - _HEADER)) // 4

    def _start(self, pos: int) -> int:
        """Index in _data of the bytes behind the header at a position."""
        return (pos + _HEADER) & (self._size - _HEADER)


def consumer_flags(latest: bool, may_lose: Optional[bool]) -> int:
    """The flags of RING_ATTACH for a consumer."""
    return (_abi.ATTACH_CONSUMER | (_abi.ATTACH_LATEST if latest else 0) |
            {None: 0, False: _abi.ATTACH_MUST_NOT_LOSE, True: _abi.ATTACH_MAY_LOSE}[may_lose])


class Consumer(_Endpoint):
    """A consumer endpoint of a ring. Iteration waits for records and ends when
    the producer has detached and all its records are taken:

        with mmapshare.consumer("samples") as samples:
            for record in samples:
                print(bytes(record))

    A record is a read-only memoryview. In a lossless ring it refers to the
    ring's memory and is valid until the next record is requested; the producer
    may then overwrite the bytes, which an array made of the record would show.
    If the consumer may lose records, as in an overwrite ring, it is a consistent
    copy, as is in any ring a record that crosses the end of the memory.

    info: a RecordInfo of the last record, if the ring was created with a time, a
          CPU or a type; else None
    lost: records that were overwritten before this consumer took them, or that
          a kernel producer dropped
    may_lose: whether records can be overwritten before this consumer takes them
    resumed: whether it goes on where the last consumer with its cursor's name was
    generation: a random number that tells the ring from an earlier one of its name
    """

    def __init__(self, fd: int, *, latest: bool = False, ignore_hup: bool = False,
                 may_lose: Optional[bool] = None, member: Optional[int] = None,
                 start: Union[None, int, str] = None, cursor: Optional[str] = None,
                 keep: Optional[float] = 0, existing: bool = False, generation: int = 0,
                 types: Optional[Iterable[int]] = None,
                 _attached: Optional[_abi.Attached] = None) -> None:
        """Attach as a consumer.

        fd: a descriptor of the ring, open for reading; the caller keeps it
        latest: start with the next record published, not with the oldest one
        ignore_hup: when the producer has detached, wait for the next one
        may_lose: if True, do not hold back the producer of a lossless ring, and
              leave the records there for other consumers; lost counts those
              missed. This is the default for a consumer without the right to
              hold back the producer; False makes that PermissionError
        member: of a ring set, the ring to attach to, without a cursor's name
        start: "oldest" for all that the ring has, "latest", or the sequence number
              of the first record. If that is gone, errno is ENODATA; if it is not
              there yet, ERANGE
        cursor: a name that keeps the position when this consumer is closed or dies:
              the next one with that name goes on behind the records that were
              released. BusyError if it has a consumer
        keep: for how many seconds the producer of a lossless ring waits for a new
              name without a consumer; None for no limit
        existing: NotFoundError if the name does not exist
        generation: if not 0, errno is ESTALE if it is not that of the ring
        types: the types of records that are of use, modulo 64; all by default. The
              producer then knows which ones it need not make. A hint: records of
              other types come, too
        """
        self._ignore_hup = ignore_hup
        self._attached = False
        self._has_cursor_name = cursor is not None
        if latest and start is not None:
            raise ValueError("latest and start exclude each other")
        super().__init__(fd, consumer_flags(False, may_lose), member, _attached,
                         _start("latest" if latest else start, cursor, keep, existing,
                                generation, types))
        self.may_lose = self._overwrite
        # the kernel stored the first position and sequence number at ATTACH
        self._pos = self._published_pos = self._producer_pos = self._own64[_POS]
        self._next_seq = self._own64[_CURSOR_SEQ]
        self.lost = self._own64[_LOST]
        self.info: Optional[RecordInfo] = None
        self._attached = True

    def __iter__(self) -> Iterator[memoryview]:
        return self

    def __next__(self) -> memoryview:
        while True:
            record = self.take()
            if record is not None:
                return record
            try:
                self.wait()
            except BrokenPipeError:
                raise StopIteration from None

    def take(self) -> Optional[memoryview]:
        """The next record, or None if there is none yet."""
        self._check_usable()
        self._release_record()
        # release space before the ring is full, but not for each record
        if (self._pos - self._published_pos) & _MASK > self._size // 4:
            self._publish_pos()
        for _ in range(_MAX_ATTEMPTS):
            word = self._load_header()
            if word is None:
                break
            if word < 0 or not self._take_record(word):
                self._go_to_oldest()
            elif self._record_view is not None:
                return self._record_view
        return None

    def read(self, timeout: Optional[float] = None) -> Optional[bytes]:
        """Wait for the next record and return a copy of it; None after the
        timeout. BrokenPipeError if all records are taken and the producer has
        detached."""
        deadline = _abi.Deadline(timeout)
        while True:
            record = self.take()
            if record is not None:
                return bytes(record)
            if not self._wait_for_more(deadline):
                return None

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait for a record. Return False after the timeout. BrokenPipeError as
        in read()."""
        self._check_usable()
        # After a revocation select() reports the descriptor as ready. Let the
        # kernel report ENODEV before the mapping is accessed, which raises
        # SIGBUS.
        if timeout == 0:
            with contextlib.suppress(TimeoutError, BrokenPipeError):
                self._wait(_abi.Deadline(0), self._ignore_hup)
        return self._wait_for_more(_abi.Deadline(timeout))

    def _look(self) -> None:
        """For a set: load the producer's position, for _take_published()."""
        self._check_usable()
        if self._pos == self._producer_pos:
            self._load_producer_pos()

    def _take_published(self) -> Optional[memoryview]:
        """As take(), but only a record before the position that was loaded last."""
        return None if self._pos == self._producer_pos else self.take()

    def _mark_revoked(self) -> None:
        """Of a set: a call for another of its rings has found it revoked."""
        self._revoked = True

    def _give_up(self) -> None:
        """Of a set: store an impossible position, so that the kernel and the producer
        do not count this consumer any more."""
        self._release_record()
        self._attached = False
        self._own64[_POS] = 1

    def _wait_for_more(self, deadline: _abi.Deadline) -> bool:
        self.release()
        return self._has_record() or self._wait_in_kernel(deadline)

    def _wait_in_kernel(self, deadline: _abi.Deadline) -> bool:
        """Wait until the kernel finds records. Return False after the timeout."""
        try:
            self._wait(deadline, self._ignore_hup)
        except TimeoutError:
            return False
        return True

    def release(self) -> None:
        """Give the space of all records taken so far back to the producer. This
        also happens before each wait, in close(), and when more than a quarter
        of the ring is taken. A consumer with a cursor that has a name does not do so
        in close(): the next one gets what was taken and not released."""
        self._check_usable()
        self._release_record()
        self._publish_pos()

    def close(self) -> None:
        self._release_record()
        if self._attached and not self._revoked and not self._has_cursor_name:
            self._attached = False
            with contextlib.suppress(OSError):
                self._publish_pos()
        super().close()

    def _is_intact(self, pos: int) -> bool:
        """Step 8: is the record at a position not overwritten so far?"""
        if not self._overwrite:
            return True
        # acquire: the record is loaded before oldest_pos; pairs with the
        # release in Producer._overwrite_oldest(), and with the full fence in
        # Producer._refresh_oldest_pos()
        self._acq_rel_fence()
        return _is_at_or_past(pos, self._producer64[_OLDEST_POS])

    def _load_producer_pos(self) -> None:
        """Load the producer's position. It is untrusted."""
        pos = self._producer64[_POS]
        # acquire: pairs with the release in Producer._publish()
        self._acq_rel_fence()
        if (pos % _HEADER or not _is_at_or_past(pos, self._producer_pos) or
                (not self._overwrite and (pos - self._pos) & _MASK > self._size)):
            raise self._error(errno.EBADMSG)
        self._producer_pos = pos

    def _has_record(self) -> bool:
        """Is there a complete record?"""
        if self._pos == self._producer_pos:
            self._load_producer_pos()
        if self._pos == self._producer_pos:
            return False
        return not self._is_busy(self._headers[self._header_index(self._pos)])

    def _is_busy(self, word: int) -> bool:
        """Is a record with this length and flags not complete yet? Only kernel
        producers publish such records."""
        return bool(word & _abi.RECORD_BUSY) and self._kernel_producer

    def _load_header(self) -> Optional[int]:
        """Step 7: the length and flags of the next record; None if there is no
        complete one; -1 if it was overwritten."""
        if self._pos == self._producer_pos:
            self._load_producer_pos()
        if self._pos == self._producer_pos:
            return None if self._is_intact(self._pos) else -1
        index = self._header_index(self._pos)
        word = self._headers[index]
        # acquire: pairs with the release that clears BUSY, in the kernel's
        # mms_complete_multi()
        self._acq_rel_fence()
        seq = _extend_seq(self._headers[index + 1], self._next_seq)
        if not self._is_intact(self._pos):
            return -1
        if self._is_busy(word):
            return None
        if (word & _abi.RECORD_BUSY or
                _record_stride(word) > (self._producer_pos - self._pos) & _MASK or
                not self._is_valid_length(word) or not self._accept_seq(seq)):
            raise self._error(errno.EBADMSG)
        return word

    def _is_valid_length(self, word: int) -> bool:
        """A record has space for its info; a discarded one, and a filler, need
        not have."""
        length = word & _abi.RECORD_LENGTH
        return (length <= self.record_max + self._info_bytes and
                (length >= self._info_bytes or
                 bool(word & (_abi.RECORD_DISCARD | _abi.RECORD_FILLER))))

    def _load_info(self, start: int) -> Optional[RecordInfo]:
        if not self._features:
            return None
        copy = bytes(self._data[start:start + _INFO.size])
        copy += bytes(self._data[:_INFO.size - len(copy)])
        stamp, cpu, record_type, _ = _INFO.unpack(copy)
        has_cpu = self._features & _abi.RING_FEAT_CPU and cpu != _abi.RECORD_CPU_UNKNOWN
        return RecordInfo(stamp if self._features & sum(_CLOCKS.values()) else None,
                          cpu if has_cpu else None,
                          record_type if self._features & _abi.RING_FEAT_TYPE else None)

    def _accept_seq(self, seq: int) -> bool:
        """Does the record with this sequence number follow? A kernel producer
        gives numbers to records that it drops, too, which count as lost."""
        if seq == self._next_seq:
            return True
        if not (self._kernel_producer and _is_at_or_past(seq, self._next_seq)):
            return False
        self.lost += (seq - self._next_seq) & _MASK
        self._next_seq = seq
        return True

    def _take_record(self, word: int) -> bool:
        """Move past the next record, and make a view of it unless it is
        discarded or a filler. Return False if it was overwritten in the meantime."""
        if not word & (_abi.RECORD_DISCARD | _abi.RECORD_FILLER):
            start = self._start(self._pos)
            info = self._load_info(start)
            start = (start + self._info_bytes) & (self._size - _HEADER)
            length = (word & _abi.RECORD_LENGTH) - self._info_bytes
            view = self._data[start:start + length]
            if self._overwrite or len(view) < length:
                with view, self._data[:length - len(view)] as rest:
                    copy = memoryview(bytes(view) + bytes(rest))
                if not self._is_intact(self._pos):
                    return False
                view = copy
            self._record_view = view
            self.info = info
        self._pos = (self._pos + _record_stride(word)) & _MASK
        if not word & _abi.RECORD_FILLER:
            self._next_seq = (self._next_seq + 1) & _MASK
        return True

    def _go_to_oldest(self) -> None:
        """After an overrun, continue at the oldest record. The distance of the
        sequence numbers is the number of records lost. The header at the oldest
        position has a sequence number even if no record follows. If that record
        is overwritten, too, nothing changes, and the caller calls this again."""
        oldest = self._producer64[_OLDEST_POS]
        # acquire: the header is loaded after oldest_pos
        self._acq_rel_fence()
        seq = _extend_seq(self._headers[self._header_index(oldest) + 1],
                          self._producer64[_SEQ])
        self._load_producer_pos()
        if not self._is_intact(oldest):
            return
        if (oldest % _HEADER or not _is_at_or_past(oldest, self._pos) or
                not _is_at_or_past(self._producer_pos, oldest) or
                not _is_at_or_past(seq, self._next_seq)):
            raise self._error(errno.EBADMSG)
        self.lost += (seq - self._next_seq) & _MASK
        self._pos = oldest
        self._next_seq = seq

    def _publish_pos(self) -> None:
        """Step 9: store this consumer's position."""
        if self._pos == self._published_pos:
            return
        self._published_pos = self._pos
        self._own64[_CURSOR_SEQ] = self._next_seq
        self._own64[_LOST] = self.lost
        # release: the records are loaded before the position is stored; pairs
        # with the acquire in Producer._min_consumer_pos()
        self._acq_rel_fence()
        self._own64[_POS] = self._pos
        # no producer waits for a consumer that may lose records
        if self._held:
            self._notify()


class Producer(_Endpoint):
    """The producer endpoint of a ring.

        with mmapshare.producer("samples") as samples:
            samples.write(b"one record")
            with samples.record(100) as view:
                source.readinto(view)

    When a lossless ring has no space for a record, these calls wait. They raise
    TimeoutError when the timeout in seconds expires, and BrokenPipeError when
    the ring is full and all its consumers have detached.
    """

    def __init__(self, fd: int, *, member: Optional[int] = None) -> None:
        """Attach as the producer.

        fd: a descriptor of the ring, open for writing; the caller keeps it
        member: of a ring set, the ring to attach to; by default the first one
              that has no producer
        """
        super().__init__(fd, _abi.ATTACH_PRODUCER, member)
        # continue where the previous producer stopped: the page is the same
        self._pos = self._published_pos = self._own64[_POS]
        self._oldest_pos = self._own64[_OLDEST_POS]
        # Bytes before this position may be stored to. A lossless ring looks
        # full until the consumers' positions are known: they may be before
        # _oldest_pos.
        self._limit = (self._oldest_pos if self._overwrite else
                       (self._pos - self._size) & _MASK)
        self._data = self._new_view(self._own[-self._size:], "B")
        self._wrapped: Optional[bytearray] = None
        self._headers = self._new_view(self._data, "I")
        self._next_seq = _extend_seq(self._headers[self._header_index(self._pos) + 1],
                                     self._own64[_SEQ])

    def wanted(self, record_type: int = 0) -> bool:
        """Does any consumer want records of this type? A hint: see "types" of
        Consumer."""
        self._check_usable()
        return bool(self._ring64[_TYPES] >> record_type % 64 & 1)

    def write(self, data: Any, timeout: Optional[float] = None, *,
              record_type: int = 0) -> None:
        """Write one record: the bytes of any object that has the buffer
        protocol, such as bytes or an array.

        record_type: 0 to 65535, if the ring was created with types=True
        """
        self._append(data, _abi.Deadline(timeout), record_type)
        self._publish()

    def writelines(self, records: Iterable[Any], timeout: Optional[float] = None, *,
                   record_type: int = 0) -> None:
        """Write many records and publish them together: at the end, and when
        the ring has no space for more. That is one system call for all of them;
        write() makes one for each record."""
        deadline = _abi.Deadline(timeout)
        try:
            for data in records:
                self._append(data, deadline, record_type)
        finally:
            self._publish()

    @contextlib.contextmanager
    def record(self, length: int, timeout: Optional[float] = None, *,
               record_type: int = 0) -> Iterator[memoryview]:
        """Reserve a record and yield a view of it, in a "with" statement. The
        record is published at the end of the block, unless the block raises an
        exception. The reserved bytes are not cleared."""
        self._record_view = self._reserve(length, _abi.Deadline(timeout), record_type)
        try:
            yield self._record_view
        except BaseException:
            self._release_record()
            raise
        self._release_record()
        self._complete_record(length)
        self._publish()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait for space for the last record that did not fit, or, if none was
        refused, for any record. Return False after the timeout. BrokenPipeError
        as in write()."""
        self._check_usable()
        try:
            self._wait(_abi.Deadline(timeout))
        except TimeoutError:
            return False
        return True

    def wait_consumers(self, count: int = 1, timeout: Optional[float] = None) -> bool:
        """Wait until consumers have attached: for a producer that must not write
        before they are there. Return False after the timeout. The kernel does not
        report this event: this polls, up to a hundred times a second.

        count: how many, those that may lose records included"""
        self._check_usable()
        count = _abi.number(count, "count", 0, self._consumers_max)
        deadline = _abi.Deadline(timeout)
        while True:
            # raises RevokedError; a revocation after this call still makes the
            # next access raise SIGBUS
            self._notify()
            attached = ((self._ring64[_CONSUMERS] | self._ring64[_MAY_LOSE]) &
                        ~self._ring64[_UNHELD])
            if bin(attached).count("1") >= count:
                return True
            if not deadline.nanoseconds():
                return False
            time.sleep(0.01)

    def drop(self, records: int = 1) -> None:
        """Add to the ring's statistics of dropped records: those that the
        caller gave up because the ring had no space."""
        self._check_usable()
        self._own64[_DROPPED] = (self._own64[_DROPPED] + records) & _MASK

    def _append(self, data: Any, deadline: _abi.Deadline, record_type: int) -> None:
        with memoryview(data) as view, view.cast("B") as source:
            length = len(source)
            with self._reserve(length, deadline, record_type) as record:
                record[:] = source
        self._complete_record(length)

    def _stamp(self, buffer: Any, start: int, record_type: int) -> None:
        """Store what a record has in front of its bytes."""
        stamp = cpu = 0
        if self._features & _abi.RING_FEAT_MONOTONIC:
            stamp = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        elif self._features & _abi.RING_FEAT_BOOTTIME:
            stamp = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
        if self._features & _abi.RING_FEAT_CPU:
            cpu = _current_cpu()
        _INFO.pack_into(buffer, start, stamp, cpu, record_type, 0)

    def _reserve(self, length: int, deadline: _abi.Deadline, record_type: int) -> memoryview:
        """Steps 2 to 4."""
        self._check_usable()
        record_type = _abi.number(record_type, "record_type", 0, 0xffff)
        if record_type and not self._features & _abi.RING_FEAT_TYPE:
            raise ValueError("the ring was created without types")
        if self._record_view is not None:
            raise self._error(errno.EBUSY)
        if length > self.record_max:
            raise self._error(errno.EMSGSIZE)
        length += self._info_bytes
        stride = _record_stride(length)
        while not self._make_space(stride):
            if self._pos != self._published_pos:
                self._publish()
                continue
            # the wake threshold: less space is of no use
            self._own32[_WAKE_BYTES32] = stride
            self._wait(deadline)
        start = self._start(self._pos)
        # a record that crosses the end is copied when it is complete
        self._wrapped = bytearray(length) if start + length > self._size else None
        if self._wrapped is not None:
            start = 0
        if self._features:
            self._stamp(self._data if self._wrapped is None else self._wrapped, start,
                        record_type)
        return (self._data[start + self._info_bytes:start + length]
                if self._wrapped is None else memoryview(self._wrapped)[self._info_bytes:])

    def _complete_record(self, length: int) -> None:
        length += self._info_bytes
        if self._wrapped is not None:
            start = self._start(self._pos)
            before_end = self._size - start
            self._data[start:] = self._wrapped[:before_end]
            self._data[:length - before_end] = self._wrapped[before_end:]
            self._wrapped = None
        index = self._header_index(self._pos)
        self._headers[index] = length
        self._headers[index + 1] = self._next_seq & 0xffffffff
        self._pos = (self._pos + _record_stride(length)) & _MASK
        self._next_seq = (self._next_seq + 1) & _MASK

    def _publish(self) -> None:
        """Steps 5 and 6: publish all complete records and wake consumers."""
        if self._pos == self._published_pos:
            return
        self._headers[self._header_index(self._pos) + 1] = self._next_seq & 0xffffffff
        self._own64[_SEQ] = self._next_seq
        self._published_pos = self._pos
        # release: the records are stored before the position; pairs with the
        # acquire in Consumer._load_producer_pos()
        self._acq_rel_fence()
        self._own64[_POS] = self._pos
        self._notify()

    def _has_space(self, stride: int) -> bool:
        """Is there space for the record and for the header behind it, which
        holds the next sequence number?"""
        return (self._pos - self._limit) & _MASK <= self._size - stride - _HEADER

    def _make_space(self, stride: int) -> bool:
        if self._has_space(stride):
            return True
        if self._overwrite:
            return self._overwrite_oldest(stride)
        self._refresh_limit(stride)
        return self._has_space(stride)

    def _min_consumer_pos(self) -> int:
        """The lowest position from which a consumer needs records. If a
        position is corrupt, return _limit, as if the ring were full: the caller
        then calls RING_WAIT, where the kernel treats the corrupt consumer as
        detached. Also if a consumer detaches meanwhile, as another one may have
        its cursor."""
        gen = self._ring64[_CONSUMERS_GEN]
        # acquire: pairs with the kernel's store-release of the generation,
        # which follows its store to consumers
        self._acq_rel_fence()
        consumers = self._ring64[_CONSUMERS]
        # acquire: pairs with the kernel's store-release of consumers, which
        # follows its stores of a new cursor's position and of retained_pos
        self._acq_rel_fence()
        if not consumers:
            positions = [self._ring64[_RETAINED_POS]]
            if positions[0] == _abi.RING_RETAINS_NOTHING:
                return self._published_pos
        else:
            first, stride = self._ring64[_CURSOR_OFFSET] // 8, self._ring64[_CURSOR_STRIDE] // 8
            positions = [self._ring64[first + n * stride]
                         for n in range(64) if consumers >> n & 1]
        # acquire: bytes before these positions are overwritten after this;
        # pairs with the release in Consumer._publish_pos()
        self._acq_rel_fence()
        published_bytes = (self._published_pos - self._limit) & _MASK
        min_bytes = published_bytes
        for pos in positions:
            ahead = (pos - self._limit) & _MASK
            if pos % _HEADER or ahead > published_bytes:
                return self._limit
            min_bytes = min(min_bytes, ahead)
        if self._ring64[_CONSUMERS_GEN] != gen:
            return self._limit
        return (self._limit + min_bytes) & _MASK

    def _skip_record(self, pos: int) -> int:
        """The position behind a record. A previous producer may have stored the
        length. It is untrusted, but must not lead past the last position."""
        length = self._headers[self._header_index(pos)]
        pos = (pos + _record_stride(length)) & _MASK
        if length & _abi.RECORD_BUSY or not _is_at_or_past(self._published_pos, pos):
            raise self._error(errno.EBADMSG)
        return pos

    def _find_oldest_pos(self, stride: int, min_pos: int) -> int:
        """A new oldest_pos: as far as there is space, but not past the first
        record at or behind min_pos. It moves by whole records, so that the next
        consumer begins at one, even if a consumer has stored a position inside
        of a record."""
        if min_pos == self._published_pos:
            return min_pos
        pos = self._oldest_pos
        records = 0
        while not _is_at_or_past(pos, min_pos):
            if (records >= _RECLAIM_BATCH and
                    (self._pos - pos) & _MASK <= self._size - stride - _HEADER):
                break
            pos = self._skip_record(pos)
            records += 1
        return pos

    def _refresh_limit(self, stride: int) -> None:
        """Step 4: advance oldest_pos. _notify() is the full fence between the
        store of oldest_pos and the recheck of consumers; it pairs with the
        fence of ATTACH, in the kernel's mms_ring_activate(). A consumer that
        attaches in between either starts at the new oldest_pos, or is found by
        the recheck and keeps the bytes. _limit may be inside a record: so all
        bytes are free that the kernel, which walks no records, counts as free
        when the producer waits."""
        min_pos = self._min_consumer_pos()
        oldest = self._find_oldest_pos(stride, min_pos)
        if oldest != self._oldest_pos:
            self._oldest_pos = self._own64[_OLDEST_POS] = oldest
            self._notify()
            min_pos = self._min_consumer_pos()
        self._limit = oldest if _is_at_or_past(min_pos, oldest) else min_pos

    def _overwrite_oldest(self, stride: int) -> bool:
        """Step 3: give up the oldest records until there is space. Return False
        if that would take records that are not published yet."""
        oldest, overwritten = self._oldest_pos, 0
        while (self._pos - oldest) & _MASK > self._size - stride - _HEADER:
            if oldest == self._published_pos:
                return False
            oldest = self._skip_record(oldest)
            overwritten += 1
        self._limit = self._oldest_pos = self._own64[_OLDEST_POS] = oldest
        self._own64[_OVERWRITTEN] = (self._own64[_OVERWRITTEN] + overwritten) & _MASK
        # release: oldest_pos is stored before new bytes are stored where these
        # records were; pairs with the acquire in Consumer._is_intact()
        self._acq_rel_fence()
        return True


class Ring:
    """An open ring, to attach endpoints to; a context manager."""

    def __init__(self, fd: int) -> None:
        """fd: a descriptor of the ring; the object owns it"""
        info = region_info(fd)
        if not info.ring & _abi.RING:
            raise make(errno.ENOTTY, info.name)
        self._name = info.name
        self._fd = fd
        self._finalizer = weakref.finalize(self, os.close, fd)
        self._finalizer.atexit = False

    def __repr__(self) -> str:
        name = "anonymous" if self._name is None else repr(self._name)
        return f"<mmapshare.Ring {name}{'' if self._finalizer.alive else ', closed'}>"

    def __enter__(self) -> "Ring":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the descriptor. Endpoints stay attached."""
        self._finalizer()

    def fileno(self) -> int:
        if not self._finalizer.alive:
            raise ValueError("the ring is closed" if self._name is None else
                             f"the ring {self._name!r} is closed")
        return self._fd

    def info(self) -> _abi.Info:
        """Facts about the ring's region, as they are now."""
        with explained(self._name):
            return _abi.info(self.fileno())

    @property
    def name(self) -> Optional[str]:
        """The name given to create_ring(); None for an anonymous ring."""
        return self._name

    def producer(self, *, member: Optional[int] = None) -> Producer:
        """Attach as the producer. BusyError if the ring has one. For the argument
        see Producer."""
        return Producer(self.fileno(), member=member)

    def consumer(self, *, latest: bool = False, ignore_hup: bool = False,
                 may_lose: Optional[bool] = None, member: Optional[int] = None,
                 start: Union[None, int, str] = None, cursor: Optional[str] = None,
                 keep: Optional[float] = 0, existing: bool = False,
                 generation: int = 0, types: Optional[Iterable[int]] = None) -> Consumer:
        """Attach a consumer. Each consumer gets all records. LimitError if the
        ring's "consumers" are already attached (errno ENOSPC), or if this user has
        its share of them (EDQUOT). For the arguments see Consumer."""
        return Consumer(self.fileno(), latest=latest, ignore_hup=ignore_hup,
                        may_lose=may_lose, member=member, start=start,
                        cursor=cursor, keep=keep, existing=existing, generation=generation,
                        types=types)

    def cursors(self) -> list[CursorName]:
        """The names of cursors. The ring must be open for reading."""
        names: list[CursorName] = []
        cursor = 0
        while True:
            try:
                with explained(self._name, "cursor"):
                    _, _, cursor, uid, state, _, _, seq, lost, _, unheld_ns, name = \
                        _abi.RING_NAME(self.fileno(), _abi.QUERY_NEXT, cursor, 0, 0, 0, 0,
                                       0, 0, 0, 0, b"")
            except FileNotFoundError:
                return names
            names.append(CursorName(
                name.rstrip(b"\0").decode(), uid, bool(state & _abi.NAME_HELD),
                bool(state & _abi.NAME_KEEPS), bool(state & _abi.NAME_MAY_LOSE),
                bool(state & _abi.NAME_EVICTED), bool(state & _abi.NAME_CORRUPT),
                seq, lost, unheld_ns / 1e9))
            cursor += 1

    def remove_cursor(self, name: str) -> None:
        """Remove the name of a cursor, for which the producer then no longer waits.
        NotFoundError if there is none, BusyError if it has a consumer."""
        with explained(self._name, "cursor"):
            _abi.RING_REMOVE(self.fileno(), 0, _abi.name_field(name))


def create_ring(name: Optional[str], size: int, *, overwrite: bool = False,
                consumers: int = 8, mode: int = 0o600, consumers_per_uid: int = 0,
                consumers_reserved: Optional[int] = None,
                readers_hold: bool = False, evict: float = 0,
                clock: Optional[str] = None, cpu: bool = False,
                types: bool = False, members: Optional[int] = None) -> Ring:
    """Create a ring.

    name: the node is /dev/mmapshare-NAME; None makes an anonymous ring
    size: bytes of records, rounded up to a power of two of pages
    overwrite: when the ring is full, the producer overwrites the oldest
          records. By default the ring is lossless: the producer waits
    consumers: how many consumers may be attached at the same time, 1 to 64
    mode: permissions of the node; the umask is applied
    consumers_per_uid: how many of them a user other than the owner may attach;
          by default half of those not reserved, rounded up
    consumers_reserved: how many of them are left to the owner; by default one
          if there are two or more
    readers_hold: the producer of a lossless ring waits for each consumer, and
          not only for those that may write the ring or belong to its owner
    evict: how many seconds the producer of a lossless ring waits for a consumer,
          which then may lose records; 0 for no limit
    clock: each record has a time of the clock "monotonic" or "boottime"
    cpu: each record has the number of the CPU on which it was made
    types: each record has a type, which the producer chooses
    members: make a ring set with that many rings, each with all properties above;
          0 for one for each possible CPU
    """
    if clock is not None and clock not in _CLOCKS:
        raise ValueError(f"clock must be one of {', '.join(_CLOCKS)}, not {clock!r}")
    features = (_CLOCKS.get(clock or "", 0) | (_abi.RING_FEAT_CPU if cpu else 0) |
                (_abi.RING_FEAT_TYPE if types else 0))
    consumers = _abi.number(consumers, "consumers", 1, _abi.RING_CONSUMERS_MAX)
    consumers_per_uid = _abi.number(consumers_per_uid, "consumers_per_uid", 0, consumers)
    if overwrite and (readers_hold or evict):
        raise ValueError("overwrite excludes readers_hold and evict")
    if consumers_reserved is None:
        consumers_reserved = 0
    elif not _abi.number(consumers_reserved, "consumers_reserved", 0, consumers):
        consumers_reserved = _abi.RING_RESERVE_NONE
    flags = (_abi.RING | (_abi.RING_OVERWRITE if overwrite else 0) |
             (_abi.RING_READERS_HOLD if readers_hold else 0) |
             (0 if members is None else _abi.RING_SET))
    members = _abi.number(members or 0, "members", 0, _abi.RING_MEMBERS_MAX)
    return owned_ring(new_region(name, size, mode=mode if name is not None else 0,
                                  ring=flags, consumers=consumers,
                                  consumers_per_uid=consumers_per_uid,
                                  consumers_reserved=consumers_reserved,
                                  evict_ns=round(evict * 1e9), features=features,
                                  members=members))


def owned_ring(fd: int) -> Ring:
    """A Ring that owns the descriptor, which is closed on failure, too."""
    try:
        return Ring(fd)
    except BaseException:
        os.close(fd)
        raise


def open_ring(name: Name) -> Ring:
    """Open an existing ring for reading and writing, to attach endpoints to it or
    to send it to another process. producer() and consumer() open and attach."""
    return owned_ring(open_node(name, os.O_RDWR))


def receive_ring(socket: sockets.socket) -> Ring:
    """Receive a ring that send() has sent. EOFError if the peer has closed the
    socket."""
    return owned_ring(receive_fd(socket))


def producer(name: Name) -> Producer:
    """Attach to an existing ring as the producer. Needs write permission."""
    with owned_ring(open_node(name, os.O_WRONLY)) as ring:
        return ring.producer()


def open_to_read(name: Name, may_lose: bool) -> int:
    """Open a ring for a consumer; for writing, too, if that is permitted: then
    the producer waits for it."""
    if not may_lose:
        with contextlib.suppress(OSError):
            return open_node(name, os.O_RDWR)
    return open_node(name, os.O_RDONLY)


def consumer(name: Name, *, latest: bool = False, ignore_hup: bool = False,
             may_lose: Optional[bool] = None, start: Union[None, int, str] = None,
             cursor: Optional[str] = None, keep: Optional[float] = 0,
             existing: bool = False, generation: int = 0,
             types: Optional[Iterable[int]] = None) -> Consumer:
    """Attach to an existing ring as a consumer. Needs read permission. For the
    arguments see Consumer."""
    with owned_ring(open_to_read(name, bool(may_lose))) as ring:
        return ring.consumer(latest=latest, ignore_hup=ignore_hup, may_lose=may_lose,
                             start=start, cursor=cursor, keep=keep, existing=existing,
                             generation=generation, types=types)
