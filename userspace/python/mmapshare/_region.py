# SPDX-License-Identifier: MIT
"""Regions: create, open, list and map them, and use their doorbell and seals."""
from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import socket as sockets
import struct
import weakref
from typing import Any, Iterator, List, NamedTuple, NoReturn, Optional, Tuple, Union

from . import _abi
from ._errors import explained, make

DEVICE = "/dev/mmapshare"

_ACCESS = {
    "r": mmap.ACCESS_READ,
    "r+": mmap.ACCESS_WRITE,
    "c": mmap.ACCESS_COPY,
}

# The errors of open() for a region that was destroyed or is being destroyed.
_DESTROYED = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
# create(exist_ok=True) fails after this many attempts: the region exists, but
# probably this /dev has no node for it, as in a container.
_MAX_ATTEMPTS = 1000

Name = Union[str, "os.PathLike[str]", None]

_INT = struct.Struct("i")


def path(name: Name = None) -> str:
    """The path of a region's node. A name that contains '/' already is a path;
    None is /dev/mmapshare."""
    if name is None:
        return DEVICE
    name = os.fspath(name)
    return name if "/" in name else f"{DEVICE}-{name}"


def _close_all(fds: List[int]) -> None:
    while fds:
        os.close(fds.pop())


class Region(mmap.mmap):
    """A mapping of a whole region: an mmap.mmap with additional methods.

    open(), create() and anonymous() return one. Region(fd, mode) makes one from
    a descriptor that was received from another process, for example, and owns
    that descriptor from then on. close() closes the mapping and the descriptor.

    mmap.mmap(fd, 0) of a region's descriptor fails with EINVAL: Python replaces
    the length 0 by the file's size only for regular files. Region(fd) asks the
    driver for the size; mmap.mmap(fd, size) works, too.
    """

    _fd: int
    _name: Optional[str]
    _mode: str
    _fds: List[int]
    _size: int
    _last_count: int
    _finalizer: Any

    def __new__(cls, fd: int, mode: str = "r+") -> "Region":
        if mode not in _ACCESS:
            raise ValueError(f"mode must be 'r', 'r+' or 'c', not {mode!r}")
        info = region_info(fd)
        size = info.size
        new: Any = super().__new__
        self: Region = new(cls, fd, size, access=_ACCESS[mode])
        self._fd = fd
        self._name = info.name
        self._mode = mode
        self._fds = [fd]
        self._size = size
        self._finalizer = weakref.finalize(self, _close_all, self._fds)
        self._finalizer.atexit = False
        self._last_count = 0
        # wait() does not report notifications from before this point
        with contextlib.suppress(BrokenPipeError):
            self.wait(0)
        return self

    def __repr__(self) -> str:
        name = "anonymous or default" if self._name is None else repr(self._name)
        state = ("closed" if not self._finalizer.alive else
                 f"{self._size} bytes, mode {self._mode!r}")
        return f"<mmapshare.Region {name}, {state}>"

    def close(self) -> None:
        """Unmap the region and close the descriptor. BufferError while another
        object, such as a NumPy array, refers to the mapping."""
        super().close()
        self._finalizer()

    # mmap.mmap's __exit__() does not call the close() above
    def __exit__(self, *exc: object) -> None:
        self.close()

    def fileno(self) -> int:
        """The descriptor. It is always readable and writable, as a file is. When
        wait(0) would return at once or raise, select.poll() and select.epoll()
        report POLLPRI, and select.select() an exceptional condition."""
        if not self._finalizer.alive:
            raise ValueError("the region is closed" if self._name is None else
                             f"the region {self._name!r} is closed")
        return self._fd

    def size(self) -> int:
        """The region's size in bytes. mmap.mmap.size() would return 0: it calls
        fstat(), which reports no size for a character device."""
        self.fileno()
        return self._size

    def resize(self, newsize: int) -> NoReturn:
        """Always raises io.UnsupportedOperation: a region's size is fixed."""
        raise io.UnsupportedOperation(
            "the size of a region is fixed; create another region instead")

    def info(self) -> _abi.Info:
        """Facts about the region, as they are now."""
        with explained(self._name):
            return _abi.info(self.fileno())

    @property
    def name(self) -> Optional[str]:
        """The name given to create(), even if it was destroyed since; None for
        /dev/mmapshare and for an anonymous region."""
        return self._name

    @property
    def seals(self) -> Tuple[str, ...]:
        """The seals of the region: see seal()."""
        return self._seal(0)

    def seal(self, *seals: str) -> Tuple[str, ...]:
        """Add seals, permanently and for all processes. Return all seals.

        "write" forbids all writes; AccessError, BusyError as long as there is a
        writable mapping, also this one: map with mode "r" to add it. "future"
        forbids writes, except through the writable mappings that exist; "revoke"
        forbids to revoke the region; "seal" forbids further seals."""
        unknown = set(seals) - set(_abi.SEALS)
        if unknown:
            raise ValueError(f"a seal must be one of {', '.join(_abi.SEALS)}, "
                             f"not {unknown.pop()!r}")
        return self._seal(sum(_abi.SEALS[seal] for seal in set(seals)))

    def _seal(self, add: int) -> Tuple[str, ...]:
        with explained(self._name, "seal"):
            seals = _abi.SEAL(self.fileno(), 0, add, 0)[2]
        return tuple(name for name, bit in _abi.SEALS.items() if seals & bit)

    def read_only(self) -> "Region":
        """The same region with a descriptor and a mapping that remain read-only, to
        be passed to processes that must not write."""
        with explained(self._name):
            fd = int(_abi.READ_ONLY(self.fileno(), _abi.CLOEXEC)[0])
        return owned(fd, "r")

    def notify(self) -> int:
        """Wake every waiter. Return the number of notifications so far.

        A waiter that returns from wait() sees everything this process stored to
        the region before the call."""
        with explained(self._name):
            return int(_abi.NOTIFY(self.fileno(), 0, 0)[2])

    def wait(self, timeout: Optional[float] = None, *, ignore_hup: bool = False) -> int:
        """Wait for a notification. Return the number of notifications since the
        last wait(), or since the region was opened; 0 after the timeout.

        timeout: in seconds; None waits indefinitely
        ignore_hup: keep waiting when no other process has the region open. The
              first such call opens the region a second time, until close():
              this second open file counts as a peer, so waits do not end

        BrokenPipeError if there was no notification, other processes had the
        region open, and all of them have closed it or died. Other Python
        threads run during the wait."""
        if ignore_hup and len(self._fds) == 1:
            self._fds.append(int(_abi.READ_ONLY(self.fileno(), _abi.CLOEXEC)[0]))
        deadline = _abi.Deadline(timeout)
        while True:
            buffer = _abi.WAIT.pack(0, self._last_count, deadline.nanoseconds())
            try:
                with explained(self._name):
                    _abi.WAIT.send(self.fileno(), buffer)
            except InterruptedError:
                # the signal's handler has run and did not raise
                continue
            except TimeoutError:
                pass
            finally:
                count: int = _abi.WAIT.unpack(buffer)[1]
                new = (count - self._last_count) % (1 << 64)
                self._last_count = count
            return new

    def fill(self, pattern: bytes = b"\0", offset: int = 0,
             length: Optional[int] = None) -> None:
        """Have the kernel store a pattern of 1 to 8 bytes repeatedly.

        length: bytes to store; None fills up to the end of the region"""
        if len(pattern) > _abi.PATTERN_MAX:
            raise ValueError(f"a pattern must have 1 to {_abi.PATTERN_MAX} bytes, "
                             f"not {len(pattern)}")
        if length is None:
            length = self._size - offset
        with explained(self._name, "fill"):
            _abi.FILL(self.fileno(), 0, offset, length, pattern, len(pattern), 0)

    def checksum(self, offset: int = 0, length: Optional[int] = None) -> int:
        """Have the kernel compute the CRC-32C (Castagnoli) of a range.

        length: bytes to read; None reads up to the end of the region"""
        if length is None:
            length = self._size - offset
        with explained(self._name):
            return int(_abi.CHECKSUM(self.fileno(), 0, offset, length, 0, 0)[4])


def region_info(fd: int) -> _abi.Info:
    """Facts about the region behind a descriptor. Another device fails the
    ioctl, or returns without filling in the structure."""
    with explained(None):
        info = _abi.info(fd)
    if not info.abi_version or not info.size:
        raise make(errno.ENOTTY, None)
    return info


def owned(fd: int, mode: str) -> Region:
    """A Region that owns the descriptor, which is closed on failure, too."""
    try:
        return Region(fd, mode)
    except BaseException:
        os.close(fd)
        raise


def open_node(name: Name, flags: int) -> int:
    """Open a node. O_NONBLOCK applies to open() only: if the path leads to a
    FIFO, for example, open() must not block."""
    with explained(path(name), "control" if name is None else "open"):
        fd = os.open(path(name), flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    os.set_blocking(fd, True)
    return fd


def open(name: Name = None, mode: str = "r+") -> Region:
    """Map an existing region.

    name: the name given to create(), or the path of a node; None opens
          /dev/mmapshare
    mode: "r" maps it for reading, "r+" for reading and writing. "c" makes a
          private mapping: stores go to copies of the pages that no other
          process sees, and read permission is enough
    """
    fd = open_node(name, os.O_RDWR if mode == "r+" else os.O_RDONLY)
    with explained(path(name), "open"):
        return owned(fd, mode)


@contextlib.contextmanager
def control(flags: int) -> Iterator[int]:
    """Open /dev/mmapshare for ioctls that concern other regions."""
    with explained(DEVICE, "control"):
        fd = os.open(DEVICE, flags | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def new_region(name: Optional[str], size: int, strategy: str = "fault",
               mode: int = 0, ring: int = 0, consumers: int = 0,
               consumers_per_uid: int = 0, consumers_reserved: int = 0,
               evict_ns: int = 0, features: int = 0, members: int = 0) -> int:
    """Create a region and return a descriptor of it."""
    if strategy not in _abi.STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(_abi.STRATEGIES)}, "
                         f"not {strategy!r}")
    fields = (_abi.CLOEXEC, _abi.size_field(size), _abi.STRATEGIES.index(strategy),
              _abi.number(mode, "mode", 0, 0o777), _abi.name_field(name), ring, consumers,
              consumers_per_uid, consumers_reserved, evict_ns, features, members, 0)
    with control(os.O_RDWR) as fd, explained(name, "create"):
        return int(_abi.CREATE(fd, *fields)[0])


def create(name: str, size: int, *, strategy: str = "fault", mode: int = 0o600,
           exist_ok: bool = False) -> Region:
    """Create a region with the node /dev/mmapshare-NAME and map it.

    size: in bytes, rounded up to whole pages; fixed from then on
    strategy: "fault", "huge", "vmalloc" or "pfn": how the memory is allocated
          and mapped
    mode: permissions of the node; the umask is applied
    exist_ok: if the region exists, open it; its size may differ. When several
          processes do this at the same time, one of them creates the region and
          the rest open it

    The region exists until destroy(), even when no process uses it, or until
    the module is unloaded.
    """
    for _ in range(_MAX_ATTEMPTS if exist_ok else 1):
        try:
            return owned(new_region(name, size, strategy, mode), "r+")
        except FileExistsError:
            if not exist_ok:
                raise
        # retry if another process destroys the region before this opens it
        try:
            return open(name)
        except OSError as error:
            if error.errno not in _DESTROYED:
                raise
    raise make(errno.ENOENT, path(name), "open")


def anonymous(size: int, *, strategy: str = "fault") -> Region:
    """Create a region without a name and map it. Other processes get access by
    fork(), or by receiving its descriptor. The region is freed with its last
    descriptor and mapping."""
    return owned(new_region(None, size, strategy), "r+")


def destroy(name: str, *, revoke: bool = False) -> None:
    """Remove a region's name and node.

    Processes that have the region open or mapped keep it.

    revoke: take it away from them, too: their calls fail with ENODEV, and
          touching a mapping of it kills the process with SIGBUS
    """
    field = _abi.name_field(name)
    with control(os.O_RDWR) as fd, explained(name, "destroy"):
        _abi.DESTROY(fd, _abi.DESTROY_REVOKE if revoke else 0, field)


class Entry(NamedTuple):
    """A named region, as regions() lists it; see struct mmapshare_query."""

    name: str
    path: str
    size: int
    strategy: str
    mode: int
    uid: int
    gid: int
    id: int
    ring: int
    files: int
    maps: int


def regions() -> List[Entry]:
    """All named regions, sorted by name. They need not be open, nor may the caller
    be permitted to open them; it must be permitted to read /dev/mmapshare."""
    found: List[Entry] = []
    least_id = 0
    with control(os.O_RDONLY) as fd:
        while True:
            try:
                _, _, size, strategy, mode, uid, gid, number, ring, files, maps, name = \
                    _abi.QUERY(fd, _abi.QUERY_NEXT, 0, 0, 0, 0, 0, least_id, 0, 0, 0, b"")
            except FileNotFoundError:
                return sorted(found)
            text = name.rstrip(b"\0").decode()
            found.append(Entry(text, path(text), size, _abi.STRATEGIES[strategy], mode, uid,
                               gid, number, ring, files, maps))
            least_id = number + 1


def send(socket: sockets.socket, region: Any) -> None:
    """Send a region, or a Ring, through a Unix socket. It remains open. The
    receiver, which may be a C program, gets the same access."""
    sockets.send_fds(socket, [b"\0"], [region.fileno()])


def receive_fd(socket: sockets.socket) -> int:
    """Receive the descriptor that send() has sent; the caller owns it. EOFError if
    the peer has closed the socket."""
    # not recv_fds(), which ignores flags in some versions of Python
    data, control, flags, _ = socket.recvmsg(1, 256, sockets.MSG_CMSG_CLOEXEC)
    fds: List[int] = []
    for level, kind, content in control:
        if (level, kind) == (sockets.SOL_SOCKET, sockets.SCM_RIGHTS):
            whole = len(content) - len(content) % _INT.size
            fds.extend(fd for fd, in _INT.iter_unpack(content[:whole]))
    if len(data) == 1 and len(fds) == 1 and not flags & sockets.MSG_CTRUNC:
        return fds[0]
    _close_all(fds)
    if not data and not fds:
        raise EOFError("the peer has closed the socket")
    raise make(errno.EBADMSG, None, "receive")


def receive(socket: sockets.socket, mode: str = "r+") -> Region:
    """Receive a region through a Unix socket, and map it. EOFError if the peer has
    closed the socket.

    mode: as for open(); "r" for one that the peer has open for reading only
    """
    return owned(receive_fd(socket), mode)
