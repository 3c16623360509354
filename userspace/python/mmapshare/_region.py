# SPDX-License-Identifier: MIT
"""Regions: memory that programs and the kernel share."""
from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import weakref
from typing import Any, List, NoReturn, Optional, Union

from . import _abi

DEVICE = "/dev/mmapshare"

_ACCESS = {
    "r": mmap.ACCESS_READ,
    "r+": mmap.ACCESS_WRITE,
    "c": mmap.ACCESS_COPY,
}

# What open() says of a region that was destroyed, or is just being.
_GONE = (errno.ENOENT, errno.ENXIO, errno.ENODEV)
# Who sees that so often has a /dev without the node.
_TRIES = 1000

Name = Union[str, "os.PathLike[str]", None]


def path(name: Name = None) -> str:
    """The node of a region: by its name, or by a path, which has a '/'."""
    if name is None:
        return DEVICE
    name = os.fspath(name)
    return name if "/" in name else f"{DEVICE}-{name}"


def _close_all(fds: List[int]) -> None:
    while fds:
        os.close(fds.pop())


class Region(mmap.mmap):
    """The whole of a region, mapped: a mmap.mmap, and what regions can do.

    Made by open(), create() and anonymous(), or of a descriptor that came from
    elsewhere, which it then owns. The descriptor is closed with the mapping.
    """

    _fd: int
    _fds: List[int]
    _size: int
    _seen: int
    _closer: Any

    def __new__(cls, fd: int, mode: str = "r+") -> "Region":
        if mode not in _ACCESS:
            raise ValueError(f"mode must be 'r', 'r+' or 'c', not {mode!r}")
        size = region_size(fd)
        new: Any = super().__new__
        self: Region = new(cls, fd, size, access=_ACCESS[mode])
        self._fd = fd
        self._fds = [fd]
        self._size = size
        self._closer = weakref.finalize(self, _close_all, self._fds)
        self._closer.atexit = False
        self._seen = 0
        # only what comes from now on is news
        with contextlib.suppress(BrokenPipeError):
            self.wait(0)
        return self

    def close(self) -> None:
        """Unmap it, and close the descriptor."""
        super().close()
        self._closer()

    # mmap's own does not call close()
    def __exit__(self, *exc: object) -> None:
        self.close()

    def fileno(self) -> int:
        """For select, selectors and asyncio: it is readable when somebody has
        notified; then call wait(0)."""
        if not self._closer.alive:
            raise ValueError("the region is closed")
        return self._fd

    def size(self) -> int:
        """Bytes in the region. mmap's own asks fstat(), which says 0."""
        self.fileno()
        return self._size

    def resize(self, newsize: int) -> NoReturn:
        """A region never changes its size."""
        raise io.UnsupportedOperation(
            "a region never changes its size: create another one")

    def info(self) -> _abi.Info:
        """What the kernel says of the region at this moment."""
        return _abi.info(self.fileno())

    @property
    def name(self) -> Optional[str]:
        """As it was created; None for /dev/mmapshare, and without a name."""
        return self.info().name

    def notify(self) -> int:
        """Tell all who wait that there is something new.

        What was stored before is seen by who is told. Returns how often that
        was done in all."""
        return int(_abi.NOTIFY(self.fileno(), 0, 0)[2])

    def wait(self, timeout: Optional[float] = None, *, ignore_hup: bool = False) -> int:
        """Wait until somebody has notified, and say how often that was since
        the last time, or since this was opened; 0 if the time is over.

        Other threads run meanwhile. BrokenPipeError if nothing is new and all
        others who had the region open are gone; who is to stay, for others to
        come, has it open once more from then on, and so is never alone."""
        if ignore_hup and len(self._fds) == 1:
            self._fds.append(int(_abi.READ_ONLY(self.fileno(), _abi.CLOEXEC)[0]))
        deadline = _abi.Deadline(timeout)
        while True:
            buffer = _abi.WAIT.pack(0, self._seen, deadline.nanoseconds())
            try:
                _abi.WAIT.send(self.fileno(), buffer)
            except InterruptedError:
                # its handler has run by now
                continue
            except TimeoutError:
                pass
            finally:
                count: int = _abi.WAIT.unpack(buffer)[1]
                new = (count - self._seen) % (1 << 64)
                self._seen = count
            return new

    def fill(self, pattern: bytes = b"\0", offset: int = 0,
             length: Optional[int] = None) -> None:
        """Let the kernel store 1 to 8 bytes again and again."""
        if len(pattern) > _abi.PATTERN_MAX:
            raise ValueError(f"a pattern has 1 to {_abi.PATTERN_MAX} bytes")
        if length is None:
            length = self._size - offset
        _abi.FILL(self.fileno(), 0, offset, length, pattern, len(pattern), 0)

    def checksum(self, offset: int = 0, length: Optional[int] = None) -> int:
        """Let the kernel read bytes: their CRC-32C."""
        if length is None:
            length = self._size - offset
        return int(_abi.CHECKSUM(self.fileno(), 0, offset, length, 0, 0)[4])


def region_size(fd: int) -> int:
    """Other devices do not know the call, or not its answer."""
    info = _abi.info(fd)
    if not info.abi_version or not info.size:
        raise OSError(errno.ENOTTY, "not a region")
    return info.size


def owned(fd: int, mode: str) -> Region:
    """A region that owns the descriptor, which is closed if there is none."""
    try:
        return Region(fd, mode)
    except BaseException:
        os.close(fd)
        raise


def open_node(name: Name, flags: int) -> int:
    """Whatever the path leads to must not make this wait."""
    fd = os.open(path(name), flags | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    os.set_blocking(fd, True)
    return fd


def open(name: Name = None, mode: str = "r+") -> Region:
    """Map all of a region that is there.

    name: as it was created, or the path of a node; None for /dev/mmapshare
    mode: "r" to read, "r+" to read and write, "c" to write to a copy that
          nobody else sees, and that read permission is enough for
    """
    fd = open_node(name, os.O_RDWR if mode == "r+" else os.O_RDONLY)
    return owned(fd, mode)


def control(call: _abi.Call, *fields: Any) -> int:
    """What /dev/mmapshare is asked for besides its own region."""
    fd = os.open(DEVICE, os.O_RDWR | os.O_CLOEXEC)
    try:
        return int(call(fd, *fields)[0])
    finally:
        os.close(fd)


def new_region(name: Optional[str], size: int, strategy: str = "fault",
               mode: int = 0, ring: int = 0, consumers: int = 0) -> int:
    """A descriptor of it."""
    if strategy not in _abi.STRATEGIES:
        raise ValueError(f"strategy must be one of {', '.join(_abi.STRATEGIES)}")
    return control(_abi.CREATE, _abi.CLOEXEC, size, _abi.STRATEGIES.index(strategy),
                   mode, _abi.name_field(name), ring, consumers)


def create(name: str, size: int, *, strategy: str = "fault", mode: int = 0o600,
           exist_ok: bool = False) -> Region:
    """Make a region with a name, /dev/mmapshare-NAME, and map it.

    size: bytes, rounded up to whole pages; it never changes
    mode: permissions of the node, less the umask's
    exist_ok: open the one that is there, if there is one; it can have another
          size. Of all who do so at the same time one makes it, so that it does
          not matter who comes first

    It stays when its creator has gone, until destroy().
    """
    for _ in range(_TRIES if exist_ok else 1):
        try:
            return owned(new_region(name, size, strategy, mode), "r+")
        except FileExistsError:
            if not exist_ok:
                raise
        # it may be destroyed between the two
        try:
            return open(name)
        except OSError as error:
            if error.errno not in _GONE:
                raise
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path(name))


def anonymous(size: int, *, strategy: str = "fault") -> Region:
    """Make a region without a name: for this process, its children, and whom
    its descriptor is sent to. It is gone with the last of them."""
    return owned(new_region(None, size, strategy), "r+")


def destroy(name: str, *, revoke: bool = False) -> None:
    """Take away a region's name and node. Who has it mapped keeps it, unless it
    is revoked: then who touches it is killed by SIGBUS."""
    control(_abi.DESTROY, _abi.DESTROY_REVOKE if revoke else 0, _abi.name_field(name))
