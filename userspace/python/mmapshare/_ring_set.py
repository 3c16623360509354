# SPDX-License-Identifier: MIT
"""Ring sets: the records of several rings, in the order of their time stamps.

The order is that of the library: see Documentation/ring-set.rst.
"""
from __future__ import annotations

import contextlib
import errno
import heapq
import os
import time
import weakref
from typing import Iterator, NamedTuple, Optional, Tuple, Union

from . import _abi
from ._errors import explained, make
from ._region import Name, region_info
from ._ring import (Consumer, RecordInfo, Ring, consumer_flags, open_to_read, owned_ring)


class _Head(NamedTuple):
    """The next record of a ring. Heads are compared by time, then by age.

    due: time, or that of the look which found it if that is earlier: a program can
          have stored a time in the future
    """

    time: int
    turn: int
    due: int
    member: int
    record: bytes
    info: Optional[RecordInfo]


class ConsumerSet:
    """A consumer of all rings of a set. Iteration waits for records, and ends when
    there was a producer, there is none, and all records are taken:

        with mmapshare.consumer_set("events", window=0.001) as events:
            for record in events:
                print(events.member, events.info, record)

    A record is a copy, as bytes. Records of a ring come in their order. Those of
    different rings come in the order of time, as far as they were published when
    the rings were looked at; with a window also those that were published later.

    members: the Consumer of each ring, which is there to read its "lost" and
          "dropped", and must not be closed
    member: the ring of the last record
    info: a RecordInfo of the last record, or None, as for Consumer
    """

    def __init__(self, fd: int, *, latest: bool = False, ignore_hup: bool = False,
                 may_lose: Optional[bool] = None, window: float = 0) -> None:
        """Attach to all rings.

        fd: a descriptor of the ring set, open for reading; the caller keeps it
        window: hold back records that are younger than this many seconds. If no
              record takes longer until it is published, all come in the order of
              time. Needs a clock
        latest, ignore_hup, may_lose: as for Consumer
        """
        name = region_info(fd).name
        self._ignore_hup = ignore_hup
        self._heads: list[_Head] = []
        self._failed: set[int] = set()
        self._turn = 0
        self._window = round(window * 1e9)
        self._now = 0
        self.member: Optional[int] = None
        self.info: Optional[RecordInfo] = None
        self.members: Tuple[Consumer, ...] = ()
        with explained(name, "consumer"):
            attached = _abi.attach(fd, consumer_flags(latest, may_lose), 0)
        self._finalizer = weakref.finalize(self, os.close, attached.fd)
        self._finalizer.atexit = False
        try:
            if not attached.members:
                raise make(errno.EOPNOTSUPP, name)
            self.members = tuple(
                Consumer(fd, ignore_hup=ignore_hup, may_lose=may_lose,
                         _attached=attached.of_member(i)) for i in range(attached.members))
            self._choose_clock()
        except BaseException:
            self.close()
            raise

    def _choose_clock(self) -> None:
        features = self.members[0]._features
        self._clock = (time.CLOCK_BOOTTIME if features & _abi.RING_FEAT_BOOTTIME else
                       time.CLOCK_MONOTONIC)
        has_clock = features & (_abi.RING_FEAT_BOOTTIME | _abi.RING_FEAT_MONOTONIC)
        if self._window < 0 or (self._window and not has_clock):
            raise ValueError("a window must not be negative, and needs a ring set that was "
                             "created with a clock")

    def __repr__(self) -> str:
        return f"<mmapshare.ConsumerSet of {len(self.members)} rings>"

    def __enter__(self) -> "ConsumerSet":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Detach from all rings and unmap them."""
        for member in self.members:
            member.close()
        self._finalizer()

    def fileno(self) -> int:
        """The descriptor, for select, selectors and asyncio. It is readable when any
        ring has records, those included that the window holds back."""
        return self.members[0].fileno()

    @property
    def lost(self) -> int:
        """The number of records that were lost in all rings."""
        return sum(member.lost for member in self.members)

    @property
    def may_lose(self) -> bool:
        """Whether records can be overwritten before this consumer takes them."""
        return self.members[0].may_lose

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            record = self.read()
        except BrokenPipeError:
            raise StopIteration from None
        assert record is not None
        return record

    def _push(self, index: int) -> None:
        """Take the next record of a ring, of those that were published at the last
        look, as its head."""
        consumer = self.members[index]
        record = consumer._take_published()
        if record is None:
            return
        info = consumer.info
        stamp = info.time if info is not None and info.time is not None else 0
        heapq.heappush(self._heads, _Head(stamp, self._turn, min(stamp, self._now), index,
                                          bytes(record), info))
        self._turn += 1

    def _look(self) -> None:
        """Load the positions of all producers, after the time. The ring of a producer
        that has stored corrupt state is not read any more."""
        self._now = time.clock_gettime_ns(self._clock)
        present = {head.member for head in self._heads} | self._failed
        for index, consumer in enumerate(self.members):
            if index in present:
                continue
            try:
                consumer._look()
                self._push(index)
            except OSError as error:
                if error.errno != errno.EBADMSG:
                    raise
                self._failed.add(index)
                consumer._give_up()
                self.member = index
                raise

    def _held(self) -> int:
        """For how many nanoseconds the first head is held back."""
        if not self._window or not self._heads:
            return 0
        return max(0, self._heads[0].due - max(0, self._now - self._window))

    def take(self) -> Optional[bytes]:
        """The next record; None if there is none yet, or all are held back.
        CorruptError, once, for each ring whose state is corrupt: member says which.
        The others can be read afterwards."""
        if not self._heads or self._held():
            self._look()
        if not self._heads or self._held():
            return None
        head = heapq.heappop(self._heads)
        self.member, self.info = head.member, head.info
        with contextlib.suppress(OSError):
            # the next look reports what is corrupt
            self._push(head.member)
        return head.record

    def read(self, timeout: Optional[float] = None) -> Optional[bytes]:
        """Wait for the next record; None after the timeout. BrokenPipeError if all
        records are taken, and there was a producer and is none."""
        deadline = _abi.Deadline(timeout)
        while True:
            record = self.take()
            if record is not None or not self._wait(deadline):
                return record

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait for a record. Return False after the timeout. BrokenPipeError as in
        read()."""
        # as in Consumer.wait()
        if timeout == 0:
            with contextlib.suppress(BrokenPipeError):
                self._wait_in_kernel(_abi.Deadline(0))
        return self._wait(_abi.Deadline(timeout))

    def _wait_in_kernel(self, deadline: _abi.Deadline) -> bool:
        try:
            return self.members[0]._wait_in_kernel(deadline)
        except OSError as error:
            if error.errno == errno.ENODEV:
                for member in self.members:
                    member._mark_revoked()
            raise

    def _wait(self, deadline: _abi.Deadline) -> bool:
        for index, consumer in enumerate(self.members):
            if index not in self._failed:
                consumer.release()
        left, held = deadline.nanoseconds(), self._held()
        if held:
            expires = 0 <= left < held
            time.sleep((left if expires else held) / 1e9)
            return not expires
        return bool(self._heads) or self._wait_in_kernel(deadline)


def consumer_set(ring: Union[Ring, Name], *, latest: bool = False, ignore_hup: bool = False,
                 may_lose: Optional[bool] = None, window: float = 0) -> ConsumerSet:
    """Attach a consumer to all rings of a set, which is a Ring or a name. For the
    arguments see ConsumerSet."""
    if isinstance(ring, Ring):
        return ConsumerSet(ring.fileno(), latest=latest, ignore_hup=ignore_hup,
                           may_lose=may_lose, window=window)
    with owned_ring(open_to_read(ring, bool(may_lose))) as opened:
        return consumer_set(opened, latest=latest, ignore_hup=ignore_hup,
                            may_lose=may_lose, window=window)
