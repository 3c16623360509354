# SPDX-License-Identifier: MIT
"""Rings: records from one producer to its consumers.

The numbers of steps in comments are those of "The protocol" in
Documentation/ring.rst. Python has no atomics and no fences. What stands for them:

- A word of a ring is loaded and stored as one item of a memoryview, which is a
  memcpy() of 8 or 4 bytes of constant size: one instruction on the machines in
  _WHOLE_WORDS. On others rings are refused.
- Nothing is reordered by a compiler: each such access is in a function of the
  interpreter's own, called by way of a pointer.
- On the machines in _TOTAL_ORDER the processor keeps the order of loads, of stores,
  and of a load and a store behind it, which is all that acquire and release ask
  for. On others _order() makes a full fence, by a system call.
- A store and a load behind it, which are everywhere the ones that need a full fence,
  always have RING_NOTIFY between them: it is one, and wakes who has to be woken.
"""
from __future__ import annotations

import contextlib
import errno
import mmap
import os
import struct
import weakref
from typing import Any, Iterable, Iterator, Optional, TypeVar

from . import _abi
from ._region import Name, new_region, open_node

_MACHINE = os.uname().machine
_WHOLE_WORDS = (struct.calcsize("P") == 8 and
                _MACHINE in ("x86_64", "aarch64", "ppc64le", "s390x"))
_TOTAL_ORDER = _MACHINE in ("x86_64", "s390x")

_MASK = (1 << 64) - 1
_HEADER = 8
# How often to run after a producer that overwrites all the time.
_TRIES = 1000

# struct mmapshare_ring, as words of 64 bits, and of 32 bits
_MAGIC, _FEATURES, _DATA_SIZE, _DATA_OFFSET = 0, 3, 4, 5
_PRODUCER_OFFSET, _CURSOR_OFFSET, _CURSOR_STRIDE, _RECORD_MAX = 7, 8, 9, 10
_CONSUMERS, _RETAINED_POS = 16, 17
_VERSION32, _FLAGS32 = 2, 4
# struct mmapshare_ring_producer
_POS, _OLDEST_POS, _SEQ, _DROPPED, _OVERWRITTEN = 0, 1, 2, 8, 9
# struct mmapshare_ring_cursor; its position is the first, too
_CURSOR_SEQ, _LOST = 1, 2
# of both
_WAKE_BYTES32 = 6


def _reached(position: int, at: int) -> bool:
    """Is it there, or beyond? Neither is more than 2^63 away."""
    return (position - at) & _MASK < 1 << 63


def _step(length: int) -> int:
    """Bytes from a record's header to the next."""
    return _HEADER + ((length & _abi.RECORD_LENGTH) + 7 & ~7)


def _extend_seq(low: int, near: int) -> int:
    """64 bits of a seq that is about near."""
    distance = (low - near) & 0xffffffff
    return (near + distance - (distance >> 31 << 32)) & _MASK


def _error(code: int) -> OSError:
    return OSError(code, os.strerror(code))


_PartType = TypeVar("_PartType", bound="_Part")


class _Part:
    """What a producer and a consumer have in common. One thread at a time."""

    def __init__(self, fd: int, flags: int) -> None:
        if not _WHOLE_WORDS:
            raise _error(errno.EOPNOTSUPP)
        self._views: list[memoryview] = []
        self._maps: list[mmap.mmap] = []
        self._view: Optional[memoryview] = None
        self._revoked = False
        self._fd: int
        self._fd, *at = _abi.RING_ATTACH(fd, flags | _abi.ATTACH_CLOEXEC, 0, 0, 0, 0, 0)
        self._closer = weakref.finalize(self, os.close, self._fd)
        self._closer.atexit = False
        try:
            self._map(*at[1:6])
        except BaseException:
            self.close()
            raise

    def _map(self, map_size: int, own_offset: int, own_size: int, cursor: int,
             _reserved: int) -> None:
        everything = self._words(mmap.mmap(self._fd, map_size, mmap.MAP_SHARED,
                                           mmap.PROT_READ))
        self._own = self._words(mmap.mmap(self._fd, own_size, mmap.MAP_SHARED,
                                          mmap.PROT_READ | mmap.PROT_WRITE,
                                          offset=own_offset))
        self._ring = self._cast(everything, "Q")
        facts = self._cast(everything, "I")
        if (self._ring[_MAGIC] != _abi.RING_MAGIC or self._ring[_FEATURES] or
                facts[_VERSION32] != _abi.RING_VERSION):
            raise _error(errno.EPROTONOSUPPORT)
        self._overwrite = bool(facts[_FLAGS32] & _abi.RING_OVERWRITE)
        self._size = self._ring[_DATA_SIZE]
        self.record_max = self._ring[_RECORD_MAX]
        self._words64 = self._cast(self._own, "Q")
        self._words32 = self._cast(self._own, "I")
        self._words32[_WAKE_BYTES32] = 0
        offset = self._ring[_PRODUCER_OFFSET]
        self._producer = self._cast(everything[offset:offset + 128], "Q")
        offset = self._ring[_DATA_OFFSET]
        self._data = self._cast(everything[offset:offset + 2 * self._size], "B")
        self._headers = self._cast(self._data, "I")

    def _words(self, memory: mmap.mmap) -> memoryview:
        self._maps.append(memory)
        return self._cast(memoryview(memory), "B")

    def _cast(self, view: memoryview, kind: str) -> memoryview:
        cast: Any = view.cast
        view = cast(kind)
        self._views.append(view)
        return view

    def __enter__(self: _PartType) -> _PartType:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the ring. BufferError if something still looks at a record, such
        as an array made of it; when that is gone it can be called again."""
        self._forget()
        while self._views:
            self._views[-1].release()
            self._views.pop()
        while self._maps:
            self._maps[-1].close()
            self._maps.pop()
        self._closer()

    def fileno(self) -> int:
        """For select, selectors and asyncio: it is readable, for a producer
        writable, when wait(0) would say so."""
        if not self._closer.alive:
            raise ValueError("it has left the ring")
        return self._fd

    def _forget(self) -> None:
        """The caller is done with the record he had. What he has made of it, such
        as an array, would keep it."""
        if self._view is not None:
            with contextlib.suppress(BufferError):
                self._view.release()
            self._view = None

    def _check(self) -> None:
        """Who was told of a revocation does not touch the ring any more, and so
        is not killed."""
        self.fileno()
        if self._revoked:
            raise _error(errno.ENODEV)

    def _call(self, call: _abi.Call, *fields: int) -> None:
        try:
            call(self.fileno(), *fields)
        except OSError as error:
            self._revoked |= error.errno == errno.ENODEV
            raise

    def _notify(self) -> None:
        """A full fence, and wakes who waits on the other side and can go on."""
        self._call(_abi.RING_NOTIFY, 0)

    def _order(self) -> None:
        """Between what acquire and release keep in order."""
        if not _TOTAL_ORDER:
            self._notify()

    def _wait(self, deadline: _abi.Deadline, ignore_hup: bool = False) -> None:
        while True:
            try:
                self._call(_abi.RING_WAIT, _abi.WAIT_IGNORE_HUP if ignore_hup else 0,
                           deadline.nanoseconds())
                return
            except InterruptedError:
                # its handler has run by now
                continue

    def _header(self, position: int) -> int:
        """Where in the view of 32-bit words; any position leads into the ring."""
        return (position & (self._size - _HEADER)) // 4


class Consumer(_Part):
    """Takes records out of a ring; iterating waits for them, until there is no
    producer any more:

        with mmapshare.consumer("samples") as records:
            for record in records:
                print(bytes(record))

    A record is a memoryview that cannot be stored to. In a lossless ring it is the
    ring's own memory, until the next one is asked for, and an array made of it
    shows other bytes later. Where records are overwritten it is a copy of one that
    was whole.
    """

    def __init__(self, fd: int, *, latest: bool = False, ignore_hup: bool = False) -> None:
        """fd: of the ring, open for reading; it stays the caller's
        latest: begin with what comes from now on, not with what is there
        ignore_hup: go on when the producer is gone, and wait for the next
        """
        self._ignore_hup = ignore_hup
        self._began = False
        super().__init__(fd, _abi.ATTACH_CONSUMER | (_abi.ATTACH_LATEST if latest else 0))
        # the kernel has stored where to begin
        self._pos = self._shared = self._seen = self._words64[_POS]
        self._next_seq = self._words64[_CURSOR_SEQ]
        self.lost = 0
        self._began = True

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
        self._check()
        self._forget()
        if (self._pos - self._shared) & _MASK > self._size // 4:
            self._share()
        for _ in range(_TRIES):
            length = self._look()
            if length is None:
                break
            if length < 0 or not self._get(length):
                self._catch_up()
            elif self._view is not None:
                return self._view
        return None

    def read(self, timeout: Optional[float] = None) -> Optional[bytes]:
        """A copy of the next record; None if the time is over. BrokenPipeError
        if there are no more, and no producer."""
        deadline = _abi.Deadline(timeout)
        while True:
            record = self.take()
            if record is not None:
                return bytes(record)
            if not self._wait_for_more(deadline):
                return None

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait until there are records; False if the time is over.
        BrokenPipeError as in read()."""
        self._check()
        # select() may have told of a revocation: touch nothing before
        if timeout == 0:
            with contextlib.suppress(TimeoutError, BrokenPipeError):
                self._wait(_abi.Deadline(0), self._ignore_hup)
        return self._wait_for_more(_abi.Deadline(timeout))

    def _wait_for_more(self, deadline: _abi.Deadline) -> bool:
        self.release()
        if self._any():
            return True
        try:
            self._wait(deadline, self._ignore_hup)
        except TimeoutError:
            return False
        return True

    def release(self) -> None:
        """Say that all records up to now can go. A consumer does so by itself
        before it waits, when it leaves, and from time to time."""
        self._check()
        self._forget()
        self._share()

    def close(self) -> None:
        self._forget()
        if self._began and not self._revoked:
            self._began = False
            with contextlib.suppress(OSError):
                self._share()
        super().close()

    def _intact(self, position: int) -> bool:
        """Step 8: was the record there not touched up to now?"""
        if not self._overwrite:
            return True
        self._order()
        return _reached(position, self._producer[_OLDEST_POS])

    def _more(self) -> None:
        """See how far the producer is. What cannot be is not believed."""
        seen = self._producer[_POS]
        self._order()
        if (seen % _HEADER or not _reached(seen, self._seen) or
                (not self._overwrite and (seen - self._pos) & _MASK > self._size)):
            raise _error(errno.EBADMSG)
        self._seen = seen

    def _any(self) -> bool:
        """Is there a record, complete?"""
        if self._pos == self._seen:
            self._more()
        if self._pos == self._seen:
            return False
        return not self._headers[self._header(self._pos)] & _abi.RECORD_BUSY

    def _look(self) -> Optional[int]:
        """Step 7: the word with the length of the next record; None if there is
        none; negative if it was overwritten."""
        if self._pos == self._seen:
            self._more()
        if self._pos == self._seen:
            return None if self._intact(self._pos) else -1
        at = self._header(self._pos)
        word = self._headers[at]
        # pairs with who takes BUSY away
        self._order()
        seq = _extend_seq(self._headers[at + 1], self._next_seq)
        if not self._intact(self._pos):
            return -1
        if word & _abi.RECORD_BUSY:
            return None
        if (_step(word) > (self._seen - self._pos) & _MASK or
                word & _abi.RECORD_LENGTH > self.record_max or
                seq != self._next_seq):
            raise _error(errno.EBADMSG)
        return word

    def _get(self, word: int) -> bool:
        """Go behind it, with a view of it if it has a meaning; False if it was
        overwritten meanwhile."""
        if not word & _abi.RECORD_DISCARD:
            at = (self._pos & (self._size - _HEADER)) + _HEADER
            view = self._data[at:at + (word & _abi.RECORD_LENGTH)]
            if self._overwrite:
                copy = memoryview(bytes(view))
                view.release()
                if not self._intact(self._pos):
                    return False
                view = copy
            self._view = view
        self._pos = (self._pos + _step(word)) & _MASK
        self._next_seq = (self._next_seq + 1) & _MASK
        return True

    def _catch_up(self) -> None:
        """It was overtaken, and goes on at the oldest record, if that is not gone
        by then, too. Its seq says how many were missed; it is there also
        when there is no record any more."""
        oldest = self._producer[_OLDEST_POS]
        self._order()
        seq = _extend_seq(self._headers[self._header(oldest) + 1], self._producer[_SEQ])
        self._more()
        if not self._intact(oldest):
            return
        if (oldest % _HEADER or not _reached(oldest, self._pos) or
                not _reached(self._seen, oldest) or not _reached(seq, self._next_seq)):
            raise _error(errno.EBADMSG)
        self.lost += (seq - self._next_seq) & _MASK
        self._pos = oldest
        self._next_seq = seq

    def _share(self) -> None:
        """Step 9."""
        if self._pos == self._shared:
            return
        self._shared = self._pos
        self._words64[_CURSOR_SEQ] = self._next_seq
        self._words64[_LOST] = self.lost
        # after loads of the records
        self._order()
        self._words64[_POS] = self._pos
        # who overwrites never waits for room
        if not self._overwrite:
            self._notify()


class Producer(_Part):
    """Puts records into a ring.

        with mmapshare.producer("samples") as samples:
            samples.write(b"one record")
            with samples.record(100) as view:
                source.readinto(view)

    In a lossless ring it waits for room.
    """

    def __init__(self, fd: int) -> None:
        """fd: of the ring, open for writing; it stays the caller's"""
        super().__init__(fd, _abi.ATTACH_PRODUCER)
        # where the last producer was, whose page this is now
        self._pos = self._shared = self._words64[_POS]
        self._oldest_pos = self._words64[_OLDEST_POS]
        offset = self._ring[_DATA_OFFSET] - self._ring[_PRODUCER_OFFSET]
        self._data = self._cast(self._own[offset:], "B")
        self._headers = self._cast(self._data, "I")
        self._next_seq = _extend_seq(self._headers[self._header(self._pos) + 1],
                                    self._words64[_SEQ])

    def write(self, data: Any, timeout: Optional[float] = None) -> None:
        """Put a record, any object with bytes in it; TimeoutError if there is no
        room in time, BrokenPipeError if there is none and no consumer any more."""
        self._put(data, _abi.Deadline(timeout))
        self._publish()

    def writelines(self, records: Iterable[Any], timeout: Optional[float] = None) -> None:
        """Put many, and tell of them only when there is no room for more, and in
        the end: one system call for all, where write() makes one for each."""
        deadline = _abi.Deadline(timeout)
        try:
            for data in records:
                self._put(data, deadline)
        finally:
            self._publish()

    @contextlib.contextmanager
    def record(self, length: int, timeout: Optional[float] = None) -> Iterator[memoryview]:
        """A record to be stored to where it is, and is published in the end of
        "with", unless that ends by an exception. Before it has any bytes."""
        self._view = self._reserve(length, _abi.Deadline(timeout))
        try:
            yield self._view
        except BaseException:
            self._forget()
            raise
        self._forget()
        self._finish(length)
        self._publish()

    def wait(self, timeout: Optional[float] = None) -> bool:
        """Wait until there is room for what did not fit the last time, or for
        anything; False if the time is over. BrokenPipeError as in write()."""
        self._check()
        try:
            self._wait(_abi.Deadline(timeout))
        except TimeoutError:
            return False
        return True

    def drop(self, records: int = 1) -> None:
        """Count records that were not put, for whoever wants to know."""
        self._check()
        self._words64[_DROPPED] = (self._words64[_DROPPED] + records) & _MASK

    def _put(self, data: Any, deadline: _abi.Deadline) -> None:
        with memoryview(data) as view, view.cast("B") as source:
            length = len(source)
            with self._reserve(length, deadline) as record:
                record[:] = source
        self._finish(length)

    def _reserve(self, length: int, deadline: _abi.Deadline) -> memoryview:
        """Steps 2 to 4."""
        self._check()
        if self._view is not None:
            raise _error(errno.EBUSY)
        if length > self.record_max:
            raise _error(errno.EMSGSIZE)
        step = _step(length)
        while not self._make_space(step):
            if self._pos != self._shared:
                self._publish()
                continue
            # what has to be there before it is worth to wake us
            self._words32[_WAKE_BYTES32] = step
            self._wait(deadline)
        at = (self._pos & (self._size - _HEADER)) + _HEADER
        return self._data[at:at + length]

    def _finish(self, length: int) -> None:
        at = self._header(self._pos)
        self._headers[at] = length
        self._headers[at + 1] = self._next_seq & 0xffffffff
        self._pos = (self._pos + _step(length)) & _MASK
        self._next_seq = (self._next_seq + 1) & _MASK

    def _publish(self) -> None:
        """Steps 5 and 6."""
        if self._pos == self._shared:
            return
        self._headers[self._header(self._pos) + 1] = self._next_seq & 0xffffffff
        self._words64[_SEQ] = self._next_seq
        self._shared = self._pos
        # after the records
        self._order()
        self._words64[_POS] = self._pos
        self._notify()

    def _fits(self, step: int) -> bool:
        """With the seq of the one behind it."""
        return (self._pos - self._oldest_pos) & _MASK <= self._size - step - _HEADER

    def _make_space(self, step: int) -> bool:
        if self._fits(step):
            return True
        if self._overwrite:
            return self._forget_oldest(step)
        self._refresh_oldest_pos()
        return self._fits(step)

    def _min_consumer_pos(self) -> int:
        """From where on somebody needs the records. Where a position cannot be,
        it is as if nothing was taken: the kernel, who is asked because of that,
        decides."""
        consumers = self._ring[_CONSUMERS]
        # pairs with the kernel, who stores a position before
        self._order()
        if not consumers:
            positions = [self._ring[_RETAINED_POS]]
        else:
            first, stride = self._ring[_CURSOR_OFFSET] // 8, self._ring[_CURSOR_STRIDE] // 8
            positions = [self._ring[first + n * stride]
                         for n in range(64) if consumers >> n & 1]
        # they have used what is before
        self._order()
        room = (self._shared - self._oldest_pos) & _MASK
        least = room
        for position in positions:
            ahead = (position - self._oldest_pos) & _MASK
            if position % _HEADER or ahead > room:
                return self._oldest_pos
            least = min(least, ahead)
        return (self._oldest_pos + least) & _MASK

    def _refresh_oldest_pos(self) -> None:
        """Step 4: who attaches between the two looks sees the new oldest, or is
        seen."""
        oldest = self._min_consumer_pos()
        self._words64[_OLDEST_POS] = oldest
        self._notify()
        again = self._min_consumer_pos()
        self._oldest_pos = oldest if _reached(again, oldest) else again
        if self._oldest_pos != oldest:
            self._words64[_OLDEST_POS] = self._oldest_pos

    def _forget_oldest(self, step: int) -> bool:
        """Step 3. False if what is in the way is not published yet."""
        oldest, gone = self._oldest_pos, 0
        while (self._pos - oldest) & _MASK > self._size - step - _HEADER:
            length = self._headers[self._header(oldest)]
            if oldest == self._shared:
                return False
            oldest = (oldest + _step(length)) & _MASK
            if length & _abi.RECORD_BUSY or not _reached(self._shared, oldest):
                raise _error(errno.EBADMSG)
            gone += 1
        self._oldest_pos = self._words64[_OLDEST_POS] = oldest
        self._words64[_OVERWRITTEN] = (self._words64[_OVERWRITTEN] + gone) & _MASK
        # before a byte is stored where they were
        self._order()
        return True


class Ring:
    """A ring that is open, to take part in it; a context manager."""

    def __init__(self, fd: int) -> None:
        """fd: which it then owns"""
        self._fd = fd
        self._closer = weakref.finalize(self, os.close, fd)
        self._closer.atexit = False

    def __enter__(self) -> "Ring":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Those who take part stay."""
        self._closer()

    def fileno(self) -> int:
        if not self._closer.alive:
            raise ValueError("the ring is closed")
        return self._fd

    def info(self) -> _abi.Info:
        """What the kernel says of it at this moment."""
        return _abi.info(self.fileno())

    def producer(self) -> Producer:
        """There can be one."""
        return Producer(self.fileno())

    def consumer(self, *, latest: bool = False, ignore_hup: bool = False) -> Consumer:
        """Each gets all records; see Consumer."""
        return Consumer(self.fileno(), latest=latest, ignore_hup=ignore_hup)


def create_ring(name: Optional[str], size: int, *, overwrite: bool = False,
                consumers: int = 1, mode: int = 0o600) -> Ring:
    """Make a ring.

    name: its node is /dev/mmapshare-NAME; None for an anonymous one
    size: bytes of records, rounded up to a power of two of pages
    overwrite: a full ring forgets its oldest records, and has nobody wait
    consumers: how many there may be at once, 1 to 64
    mode: permissions of the node, less the umask's
    """
    flags = _abi.RING | (_abi.RING_OVERWRITE if overwrite else 0)
    return Ring(new_region(name, size, mode=mode if name is not None else 0,
                           ring=flags, consumers=consumers))


def producer(name: Name) -> Producer:
    """Be the producer of a ring that is there."""
    # who may write and not read can be one
    with Ring(open_node(name, os.O_WRONLY)) as ring:
        return ring.producer()


def consumer(name: Name, *, latest: bool = False, ignore_hup: bool = False) -> Consumer:
    """Be a consumer of a ring that is there; see Consumer."""
    with Ring(open_node(name, os.O_RDONLY)) as ring:
        return ring.consumer(latest=latest, ignore_hup=ignore_hup)
